import { approvalDeadlineMs } from "../../src/runtime/approvals-on-record";
import { changeMessage, workerMessage } from "../../src/runtime/exact-change";
import type { InspectOutput } from "../../src/runtime/payloads";
import { APPROVER, joiner, POLICY, START, WORKER, World } from "./world";

const VALUE = "new.hire@example.com";

function inspect(world: World, field: string, phase: "first" | "again" = "first"): Promise<InspectOutput> {
  return world.inspect({ version: 1, requestId: "r-1", index: 0, field, phase });
}

const inspections = (world: World) => world.itemsOf("ledger", "inspection#");

describe("what is read", () => {
  test("nothing for a denied change", async () => {
    for (const [field, value, detail, reason] of [
      ["base_salary", 1, {}, "NeverField"],
      ["nickname", "x", {}, "UnclassifiedField"],
      ["work_email", "no address", {}, "InvalidValue"],
      ["work_email", VALUE, { occurredAt: "2026-10-01T00:00:00Z" }, "OutsideWindow"],
    ] as const) {
      const world = new World();
      expect(await world.prepare(field, value, detail)).toMatchObject({ route: "announce", outcome: "denied", reason });
      expect([world.hris.reads, world.directory.reads]).toEqual([0, 0]);
    }
  });

  test("nothing for a worker whom the event itself shows in a narrower segment", async () => {
    const world = new World();
    const detail = { worker: { id: WORKER, attributes: { worker_type: "contingent", legal_entity: "acme-uk" } } };
    expect(await world.prepare("work_email", VALUE, detail)).toMatchObject({ outcome: "notified" });
    expect(world.hris.reads).toBe(0);
  });

  test("only the attributes of segments that touch the field", async () => {
    const world = new World();
    const read: string[] = [];
    world.hris.onRead = (field) => {
      read.push(field);
      return undefined;
    };
    expect(await world.prepare("desk", "2B")).toMatchObject({ route: "write" });
    expect(read).toEqual(["employment_type", "desk"]);
  });
});

describe("segments by the systems' word", () => {
  test("an attribute that reads stricter than the event narrows", async () => {
    const world = new World();
    world.hris.set("legal_entity", "acme-de");
    expect(await world.prepare("work_email", VALUE)).toMatchObject({ route: "approve", verdict: "approve" });
    const other = new World();
    other.hris.set("legal_entity", "acme-de");
    expect(await other.prepare("manager", "WD-500")).toMatchObject({ outcome: "denied", reason: "SegmentNever" });
  });

  test("an attribute that reads looser than the event does not widen", async () => {
    const world = new World();
    const detail = { worker: { id: WORKER, attributes: { worker_type: "employee", legal_entity: "acme-de" } } };
    expect(await world.prepare("work_email", VALUE, detail)).toMatchObject({ route: "approve" });
  });

  test.each([
    ["forbidden", { kind: "forbidden", detail: "absent" }],
    ["empty", { kind: "value", value: null }],
    ["of nobody", { kind: "no-such-worker", detail: "404" }],
  ] as const)("an attribute that is %s counts as missing, and missing matches", async (_name, read) => {
    const world = new World();
    world.hris.nextReads.push(undefined, read);
    // The second attribute read is the worker's type.
    expect(await world.prepare("work_email", VALUE)).toMatchObject({ outcome: "notified" });
  });

  test("an attribute that cannot be read now is a wait", async () => {
    const world = new World();
    world.hris.nextReads.push({ kind: "unavailable", detail: "503" });
    await expect(world.prepare("work_email", VALUE)).rejects.toMatchObject({ name: "ReadUnavailable" });
  });

  test("an attribute of a system that is not connected counts as missing", async () => {
    const world = new World(POLICY.replace("system: hris, field: employment_type", "system: finance, field: type"));
    expect(await world.prepare("work_email", VALUE)).toMatchObject({ outcome: "notified" });
  });
});

describe("the HRIS's value", () => {
  test("that is equal already is a noop", async () => {
    const world = new World();
    world.hris.set("workEmail", "NEW.HIRE@example.com");
    expect(await world.prepare("work_email", VALUE)).toMatchObject({ route: "announce", outcome: "noop" });
  });

  test("of a write-once field must be empty", async () => {
    for (const [value, route] of [
      ["taken", "announce"],
      ["", "write"],
      [" ", "write"],
      [null, "write"],
    ] as const) {
      const world = new World();
      world.hris.set("account_id", value);
      const result = await world.prepare("account_id", "nhire");
      expect(result.route).toBe(route);
      if (route === "announce") expect(result).toMatchObject({ outcome: "denied", reason: "WriteOnceNotEmpty" });
    }
  });

  test.each([
    [{ kind: "forbidden", detail: "absent" }, "forbidden", "ReadForbidden"],
    [{ kind: "no-such-worker", detail: "404" }, "denied", "NoSuchWorker"],
    [{ kind: "value", value: null, active: false }, "denied", "WorkerInactive"],
  ] as const)("that reads as %j ends the change", async (read, outcome, reason) => {
    const world = new World();
    world.hris.nextReads.push(undefined, undefined, read);
    expect(await world.prepare("work_email", VALUE)).toMatchObject({ route: "announce", outcome, reason });
    expect(inspections(world)).toEqual([]);
  });

  test("that cannot be read now is a wait", async () => {
    const world = new World();
    world.hris.nextReads.push(undefined, undefined, { kind: "unavailable", detail: "503" });
    await expect(world.prepare("work_email", VALUE)).rejects.toMatchObject({ name: "ReadUnavailable" });
  });

  test("is not asked for where its own catalogue says never", async () => {
    const world = new World();
    world.hris.neverFields = ["DESK"];
    expect(await world.prepare("desk", "2B")).toMatchObject({ outcome: "denied", reason: "NeverInHris" });
    expect(world.hris.reads).toBe(0);
  });
});

describe("the check against the source of truth", () => {
  test.each([
    ["another value", { kind: "value", value: "other@example.com" }],
    ["no value", { kind: "value", value: null }],
    ["nobody", { kind: "no-such-worker", detail: "404" }],
    ["nothing to see", { kind: "forbidden", detail: "absent" }],
  ] as const)("fails when it holds %s", async (_name, read) => {
    const world = new World();
    world.directory.nextReads.push(read);
    expect(await world.prepare("work_email", VALUE)).toMatchObject({ outcome: "denied", reason: "SourceCheckFailed" });
  });

  test("waits when it does not answer", async () => {
    const world = new World();
    world.directory.nextReads.push({ kind: "unavailable", detail: "503" });
    await expect(world.prepare("work_email", VALUE)).rejects.toMatchObject({ name: "ReadUnavailable" });
    const other = new World();
    other.hris.findRecord = () => Promise.resolve({ kind: "unavailable", detail: "503" });
    await expect(other.prepare("manager", "WD-500")).rejects.toMatchObject({ name: "ReadUnavailable" });
  });

  test.each(["inactive", "absent"] as const)("fails when the named record is %s", async (kind) => {
    const world = new World();
    world.hris.findRecord = () => Promise.resolve({ kind });
    expect(await world.prepare("manager", "WD-500")).toMatchObject({ outcome: "denied", reason: "SourceCheckFailed" });
  });

  test("fails when the source is not connected, and says so loudly", async () => {
    const world = new World(
      POLICY.replace(
        "sourceOfTruth: directory, events: [joiner.provisioned], format: email",
        "sourceOfTruth: payroll, events: [joiner.provisioned], format: email",
      ).replace("finance: { kind: finance }", "finance: { kind: finance }, payroll: { kind: payroll }"),
    );
    expect(await world.prepare("work_email", VALUE)).toMatchObject({ outcome: "denied", reason: "SourceCheckFailed" });
    expect(world.lines).toContainEqual({ level: "error", event: "source-not-connected", system: "payroll" });
  });
});

describe("the exact change", () => {
  test("is recorded once, with a digest over worker, field, from, to, event and policy", async () => {
    const world = new World();
    const first = await world.prepare("work_email", VALUE);
    expect(first).toEqual({
      version: 1,
      route: "write",
      class: "safe",
      verdict: "write",
      reason: "SafeField",
      outcome: "none",
      digest: first.digest,
      approvalTimeoutSeconds: 0,
    });
    expect(await inspect(world, "work_email")).toEqual(first);
    const [item, ...others] = inspections(world);
    expect(others).toEqual([]);
    const exact = {
      worker: WORKER,
      field: "work_email",
      from: null,
      to: VALUE,
      event: "joiner.provisioned",
      policyDigest: item?.["policyDigest"] as string,
    };
    expect(first.digest).toBe(await world.keys.generateMac(changeMessage(exact)));
    expect(item?.["workerRef"]).toBe(`w-${(await world.keys.generateMac(workerMessage(WORKER))).slice(0, 32)}`);
    for (const [member, value] of [
      ["worker", "WD-1"],
      ["field", "desk"],
      ["from", "x"],
      ["to", "x"],
      ["event", "mover"],
      ["policyDigest", "x"],
    ] as const) {
      expect(changeMessage({ ...exact, [member]: value })).not.toBe(changeMessage(exact));
    }
    expect(changeMessage({ ...exact, to: 1 })).not.toBe(changeMessage({ ...exact, to: "1" }));
  });

  test("a looser class than the one on record does not lift its approval", async () => {
    const world = new World();
    world.hris.set("legal_entity", "acme-de");
    expect(await world.prepare("work_email", VALUE)).toMatchObject({ route: "approve" });
    world.hris.set("legal_entity", "acme-uk");
    expect(await inspect(world, "work_email")).toMatchObject({ route: "approve" });
    expect(await inspect(world, "work_email", "again")).toMatchObject({ route: "announce", outcome: "expired" });
  });

  test("a stricter class than the one on record ends the change", async () => {
    const world = new World();
    expect(await world.prepare("work_email", VALUE)).toMatchObject({ route: "write" });
    world.hris.set("legal_entity", "acme-de");
    for (const phase of ["first", "again"] as const) {
      expect(await inspect(world, "work_email", phase)).toMatchObject({ outcome: "conflict", reason: "ClassMoved" });
    }
  });

  test("a safe change that moved between two attempts is recorded anew", async () => {
    const world = new World();
    const { digest } = await world.prepare("work_email", VALUE);
    world.hris.set("workEmail", "old@example.com");
    const again = await inspect(world, "work_email", "again");
    expect(again.route).toBe("write");
    expect(again.digest).not.toBe(digest);
    expect(inspections(world)).toHaveLength(2);
  });

  test("a waiting change that moved is not recorded, so that nobody approves it unseen", async () => {
    const world = new World();
    await world.prepare("manager", "WD-500");
    world.hris.set("manager", "WD-2");
    expect(await inspect(world, "manager", "again")).toMatchObject({ outcome: "conflict", reason: "ChangeMoved" });
    expect(inspections(world)).toHaveLength(1);
  });

  test("the time to approve counts from the first inspection", async () => {
    const world = new World();
    expect(await world.prepare("manager", "WD-500")).toMatchObject({ approvalTimeoutSeconds: 86_400 });
    world.now += 3_600_000;
    expect(await inspect(world, "manager")).toMatchObject({ route: "approve", approvalTimeoutSeconds: 82_800 });
    world.now += 82_800_000;
    expect(await inspect(world, "manager")).toMatchObject({ route: "announce", outcome: "expired" });
    const item = inspections(world)[0] as never;
    expect(approvalDeadlineMs(item, { groups: [], expires: "PT1H" })).toBe(START + 3_600_000);
  });

  test("a change that ended is not inspected again", async () => {
    const world = new World();
    await world.write("work_email", VALUE);
    const { reads } = world.hris;
    expect(await inspect(world, "work_email")).toMatchObject({ route: "announce", outcome: "applied" });
    expect(world.hris.reads).toBe(reads);
  });
});

describe("after the wait", () => {
  test("an approval that nobody gave is expired, one that was given lets the change through", async () => {
    const world = new World();
    const { digest, approvalTimeoutSeconds } = await world.prepare("manager", "WD-500");
    expect(await inspect(world, "manager", "again")).toMatchObject({ outcome: "expired", reason: "ApprovalExpired" });
    const place = { version: 1, requestId: "r-1", index: 0, field: "manager" };
    await world.requestApproval({ ...place, digest, approvalTimeoutSeconds, taskToken: "t" });
    await world.decideAs(APPROVER, "approve", digest);
    expect(await inspect(world, "manager", "again")).toMatchObject({ route: "write", digest });
  });

  test("a change that is denied by a policy of now is denied, approved or not", async () => {
    const world = new World();
    const { digest, approvalTimeoutSeconds } = await world.prepare("manager", "WD-500");
    const place = { version: 1, requestId: "r-1", index: 0, field: "manager" };
    await world.requestApproval({ ...place, digest, approvalTimeoutSeconds, taskToken: "t" });
    await world.decideAs(APPROVER, "approve", digest);
    world.hris.set("legal_entity", "acme-de");
    expect(await inspect(world, "manager", "again")).toMatchObject({ outcome: "denied", reason: "SegmentNever" });
  });

  test("a decision that was stricter than the policy of now stands", async () => {
    const world = new World();
    await world.take(joiner([{ field: "work_email", value: VALUE }]));
    const decision = world.ledger("decision#r-1", "decision#0")!;
    world.seed("ledger", [{ ...decision, verdict: "deny", reason: "NeverField", effectiveClass: "never" }]);
    expect(await inspect(world, "work_email")).toMatchObject({ outcome: "denied", reason: "NeverField" });
  });
});

describe("a wrong reference", () => {
  test("fails for a change that was never decided, and for a field that is not the change's", async () => {
    const world = new World();
    await expect(inspect(world, "work_email")).rejects.toMatchObject({ name: "UnknownReference" });
    await world.take(joiner([{ field: "work_email", value: VALUE }]));
    await expect(inspect(world, "desk")).rejects.toMatchObject({ name: "UnknownReference" });
    await expect(
      world.inspect({ version: 2, requestId: "r-1", index: 0, field: "work_email", phase: "first" }),
    ).rejects.toThrow();
  });
});
