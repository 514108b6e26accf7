import type { InspectOutput } from "../../../src/runtime/payloads";
import { policyItems } from "../../../src/policy/items";
import { parsePolicy } from "../../../src/policy/parse";
import { APPROVER, joiner, POLICY, START, World, WORKER } from "../world";
import { Auditor, DAY, HOUR } from "./auditor";

const EMAIL = "new.hire@example.com";

/** A world in which the joiner's email was written a day ago. */
async function written(): Promise<{ world: World; auditor: Auditor }> {
  const world = new World();
  await world.write("work_email", EMAIL);
  expect(world.outcome()).toBe("applied");
  world.now += DAY;
  return { world, auditor: new Auditor(world) };
}

/** Class and reason of what a run shows as open. */
async function found(auditor: Auditor): Promise<string[]> {
  const runId = await auditor.run({ fields: "all" });
  return auditor.seen(runId).map((each) => `${each.class} ${each.reason}`);
}

/** What each run after the first shows once the cause is gone. */
async function closes(auditor: Auditor): Promise<void> {
  auditor.world.now += HOUR;
  const runId = await auditor.run({ fields: "all" });
  expect(auditor.seen(runId)).toEqual([]);
  expect(auditor.seen(runId, "closed")).toHaveLength(1);
  auditor.world.now += HOUR;
  expect(auditor.seen(await auditor.run({ fields: "all" }), "closed")).toEqual([]);
}

const approve =
  (world: World) =>
  async (inspection: InspectOutput): Promise<void> => {
    const answer = await world.decideAs(APPROVER, "approve", inspection.digest);
    expect(answer.statusCode).toBe(200);
  };

/** A manager's change, asked for and seen, before anybody decides. */
async function waiting(): Promise<{ world: World; auditor: Auditor; inspection: InspectOutput }> {
  const world = new World();
  const inspection = await world.prepare("manager", "WD-500");
  expect(inspection.route).toBe("approve");
  await world.requestApproval({
    version: 1,
    requestId: "r-1",
    index: 0,
    field: "manager",
    digest: inspection.digest,
    approvalTimeoutSeconds: inspection.approvalTimeoutSeconds,
    taskToken: "task-token",
  });
  return { world, auditor: new Auditor(world), inspection };
}

/** Another change of the manager, approved and written as request `r-2`. */
async function grantedManager(world: World, value: string): Promise<void> {
  const occurredAt = new Date(world.now).toISOString();
  const change = { field: "manager", value, finalizedAt: occurredAt };
  await world.take(joiner([change], { requestId: "r-2", occurredAt }));
  await world.runChange("manager", {
    requestId: "r-2",
    onApproval: async ({ digest }) => {
      const place = { version: 1, requestId: "r-2", index: 0, field: "manager" };
      await world.requestApproval({ ...place, digest, approvalTimeoutSeconds: 60, taskToken: "t" });
      const body = { decision: "approve", digest };
      await world.api("POST /approvals/{requestId}/{index}", APPROVER, { requestId: "r-2", body });
    },
  });
  expect(world.outcome("r-2")).toBe("applied");
}

describe("what is in sync is no finding", () => {
  test("a safe and an approved field that HRIS and source still hold", async () => {
    const { world, auditor } = await written();
    await world.take(
      joiner([{ field: "manager", value: "WD-500" }], { requestId: "r-2", occurredAt: "2026-11-03T09:00:00Z" }),
    );
    const inspect = { version: 1, requestId: "r-2", index: 0, field: "manager" };
    await world.runChange("manager", {
      requestId: "r-2",
      onApproval: async ({ digest }) => {
        await world.requestApproval({ ...inspect, digest, approvalTimeoutSeconds: 60, taskToken: "t" });
        const body = { decision: "approve", digest };
        await world.api("POST /approvals/{requestId}/{index}", APPROVER, { requestId: "r-2", body });
      },
    });
    expect(world.outcome("r-2")).toBe("applied");
    world.now += DAY;
    const runId = await auditor.run({ fields: "all" });
    expect(auditor.seen(runId)).toEqual([]);
    expect(auditor.finished(runId)?.fields).toMatchObject({
      work_email: { compared: 1, inSync: 1, unread: 0 },
      manager: { compared: 1, inSync: 1, unread: 0 },
    });
  });

  test.each([
    ["denied by the policy", "base_salary", 9000],
    ["equal already", "desk", "1A"],
    ["not what the directory says", "account_id", "somebody"],
  ])("a change that was %s", async (_why, field, value) => {
    const world = new World();
    await world.write(field, value);
    world.now += 10 * DAY;
    expect(await found(new Auditor(world))).toEqual([]);
  });

  test("what is in flight, even where the HRIS holds it already", async () => {
    const world = new World();
    world.hris.nextWrite = { written: { kind: "unknown", detail: "cut" }, effect: EMAIL };
    world.hris.onRead = (field) =>
      field === "workEmail" && world.hris.writes.length > 0 ? { kind: "unavailable", detail: "down" } : undefined;
    await world.write("work_email", EMAIL);
    expect(world.outcome()).toBeUndefined();
    world.hris.onRead = undefined;
    const auditor = new Auditor(world);
    const runId = await auditor.run();
    expect(auditor.seen(runId)).toEqual([]);
    expect(auditor.finished(runId)?.fields).toEqual({});
  });

  test("a field that a grant is open for is left alone: it is not even read", async () => {
    const { world, auditor } = await written();
    const [[id, pointer]] = [...world.tables.control].filter(([key]) => key.includes("pointer#")) as [[string, object]];
    world.tables.control.set(id, { ...pointer, grantId: "g-01JD5Z8Q4T9V2W3X4Y5Z6A7B8C" });
    world.hris.set("workEmail", "in.between@example.com");
    const { reads } = world.hris;
    expect(await found(auditor)).toEqual([]);
    expect(world.hris.reads).toBe(reads);
  });
});

describe("ledger against HRIS", () => {
  test("ChangedByHr: a third value is HR's, is recorded, needs nobody, and closes when the written value is back", async () => {
    const { world, auditor } = await written();
    world.hris.set("workEmail", "hr.says@example.com");
    expect(await found(auditor)).toEqual(["ChangedByHr HoldsAnotherValue"]);
    expect(auditor.finished("run-1")).toMatchObject({ forHumans: 0, open: { ChangedByHr: 1 } });
    expect(world.lines.filter(({ level }) => level === "error")).toEqual([]);
    expect(world.hris.valueOf("workEmail")).toBe("hr.says@example.com");
    expect(world.hris.writes).toHaveLength(1);
    const again = await auditor.run({ fields: "all" });
    expect(auditor.observed(again)).toMatchObject([{ state: "open", n: 1 }]);
    expect(auditor.finished(again)).toMatchObject({ opened: 0, closed: 0 });
    expect(world.itemsOf("ledger", "finding#")).toHaveLength(1);
    world.hris.set("workEmail", EMAIL);
    await closes(auditor);
  });

  test("ChangedByHr: a worker whom the HRIS does not know any more", async () => {
    const { world, auditor } = await written();
    world.hris.onRead = () => ({ kind: "no-such-worker", detail: "gone" });
    expect(await found(auditor)).toEqual(["ChangedByHr WorkerGone"]);
  });

  test("RevertedByHris: the value from before the write", async () => {
    const { world, auditor } = await written();
    world.hris.set("workEmail", null);
    expect(await found(auditor)).toEqual(["RevertedByHris HoldsTheOldValue"]);
    expect(world.lines.filter(({ event }) => event === "discrepancy-found")).toHaveLength(1);
    world.hris.set("workEmail", EMAIL);
    await closes(auditor);
  });

  test("RevertedByHris: the second look found it, and it still is", async () => {
    const { world, auditor } = await written();
    world.hris.set("workEmail", "rule@example.com");
    await world.sweeper();
    expect(world.events.at(-1)?.detail).toMatchObject({ outcome: "reverted-by-hris" });
    expect(await found(auditor)).toEqual(["RevertedByHris SecondLook"]);
  });

  test("WrittenLate: a used grant of no effect by the ledger, whose value the HRIS holds", async () => {
    const world = new World();
    world.hris.nextWrite = { written: { kind: "unknown", detail: "cut" }, effect: undefined };
    await world.write("work_email", EMAIL);
    world.now += DAY;
    await world.sweeper();
    expect(world.outcome()).toBe("not-applied");
    const auditor = new Auditor(world);
    expect(await found(auditor)).toEqual([]);
    world.hris.set("workEmail", EMAIL);
    expect(await found(auditor)).toEqual(["WrittenLate CommittedLate"]);
  });

  test("what begins while the HRIS is read explains what it shows", async () => {
    const { world, auditor } = await written();
    const [[id, pointer]] = [...world.tables.control].filter(([key]) => key.includes("pointer#")) as [[string, object]];
    world.hris.onRead = () => {
      world.tables.control.set(id, { ...pointer, grantId: "g-01JD5Z8Q4T9V2W3X4Y5Z6A7B8C" });
      return { kind: "value", value: "in.between@example.com" };
    };
    expect(await found(auditor)).toEqual([]);
  });

  test("a field that the policy has no more is still held against the HRIS, by the name it was written under", async () => {
    const { world, auditor } = await written();
    const policy = parsePolicy(POLICY.replace(/^ {2}work_email: .*\n/m, "").replace("work_email: conditional, ", ""));
    world.tables.classification.clear();
    const items = policyItems(policy);
    world.seed("classification", items);
    world.manifestHash = items.find(({ sk }) => sk === "manifest")!.hash;
    world.hris.set("workEmail", "hr.says@example.com");
    const runId = await auditor.run();
    expect(auditor.seen(runId)).toMatchObject([{ class: "ChangedByHr", field: "work_email", owners: ["identity"] }]);
  });

  test("only the last write of a field counts", async () => {
    const { world, auditor } = await written();
    world.directory.set("work_email", "second@example.com");
    await world.take(
      joiner([{ field: "work_email", value: "second@example.com" }], {
        requestId: "r-2",
        occurredAt: "2026-11-03T09:00:00Z",
      }),
    );
    await world.runChange("work_email", { requestId: "r-2" });
    expect(world.outcome("r-2")).toBe("applied");
    world.now += DAY;
    const runId = await auditor.run({ fields: "all" });
    expect(auditor.seen(runId)).toEqual([]);
    expect(auditor.finished(runId)?.fields["work_email"]).toMatchObject({ compared: 1, inSync: 1 });
  });
});

describe("HRIS against the source of truth", () => {
  test("SourceChanged: the directory has moved on; a request may be proposed, and nothing is written", async () => {
    const { world, auditor } = await written();
    world.directory.set("work_email", "married@example.com");
    expect(await found(auditor)).toEqual(["SourceChanged SourceHoldsAnotherValue"]);
    expect(auditor.seen("run-1")[0]).toMatchObject({
      field: "work_email",
      events: ["joiner.provisioned"],
      owners: ["identity"],
      requestId: "r-1",
    });
    expect(world.hris.writes).toHaveLength(1);
    expect(world.started).toHaveLength(1);
    world.directory.set("work_email", EMAIL);
    await closes(auditor);
  });

  test("SourceChanged: the record that the value names is not active any more", async () => {
    const { world, auditor, inspection } = await waiting();
    await approve(world)(inspection);
    await world.runChange("manager", { onApproval: () => Promise.resolve() });
    expect(world.outcome()).toBe("applied");
    world.now += DAY;
    world.hris.active.delete("WD-500");
    expect(await found(auditor)).toEqual(["SourceChanged RecordNotActive"]);
  });

  test("a source that holds nothing, as for somebody who left, proposes nothing", async () => {
    const { world, auditor } = await written();
    world.directory.set("work_email", null);
    expect(await found(auditor)).toEqual([]);
  });

  test("a source that still holds what a reversal took back proposes nothing", async () => {
    const { world, auditor } = await written();
    const id = JSON.stringify(["request#r-1", "request"]);
    const item = world.tables.ledger.get(id) as { request: object };
    const reversal = { requestId: "r-0", index: 0, expected: "before@example.com" };
    world.tables.ledger.set(id, { ...item, request: { ...item.request, reversal } });
    world.directory.set("work_email", "taken.back@example.com");
    expect(await found(auditor)).toEqual([]);
  });

  test("where HR changed it, the source is not asked", async () => {
    const { world, auditor } = await written();
    world.hris.set("workEmail", "hr.says@example.com");
    world.directory.set("work_email", "married@example.com");
    expect(await found(auditor)).toEqual(["ChangedByHr HoldsAnotherValue"]);
  });
});

describe("WrittenWithoutGrant, the alarm that matters", () => {
  test("the HRIS holds a value that was denied", async () => {
    const { world, auditor, inspection } = await waiting();
    await world.decideAs(APPROVER, "deny", inspection.digest);
    await world.runChange("manager", { onApproval: () => Promise.resolve() });
    expect(world.outcome()).toBe("denied");
    world.now += 2 * HOUR;
    expect(await found(auditor)).toEqual([]);
    world.hris.set("manager", "WD-500");
    expect(await found(auditor)).toEqual(["WrittenWithoutGrant HoldsUngrantedValue"]);
    expect(world.lines.filter(({ level, event }) => level === "error" && event === "discrepancy-found")).toHaveLength(
      1,
    );
    world.hris.set("manager", "WD-1");
    await closes(auditor);
  });

  test("not what somebody enters within the hour, nor what came of itself long after", async () => {
    const { world, auditor, inspection } = await waiting();
    await world.decideAs(APPROVER, "deny", inspection.digest);
    await world.runChange("manager", { onApproval: () => Promise.resolve() });
    world.hris.set("manager", "WD-500");
    world.now += HOUR / 2;
    expect(await found(auditor)).toEqual([]);
    world.now += 31 * DAY;
    expect(await found(auditor)).toEqual([]);
  });

  test("not a value that was denied, and that a grant wrote later", async () => {
    const { world, auditor, inspection } = await waiting();
    await world.decideAs(APPROVER, "deny", inspection.digest);
    await world.runChange("manager", { onApproval: () => Promise.resolve() });
    await grantedManager(world, "WD-500");
    world.now += 2 * HOUR;
    expect(await found(auditor)).toEqual([]);
  });

  test("not where HR chose by itself what had been denied before the last write", async () => {
    const { world, auditor, inspection } = await waiting();
    await world.decideAs(APPROVER, "deny", inspection.digest);
    await world.runChange("manager", { onApproval: () => Promise.resolve() });
    world.hris.active.add("WD-501");
    world.now += 60_000;
    await grantedManager(world, "WD-501");
    world.now += 2 * HOUR;
    world.hris.set("manager", "WD-500");
    expect(await found(auditor)).toEqual(["ChangedByHr HoldsAnotherValue"]);
  });

  test("not what a grant was opened for and somebody entered first, but for the value itself an hour later", async () => {
    const world = new World();
    world.connectorCode = async (payload, managed) => {
      world.hris.set("workEmail", EMAIL);
      return managed(payload);
    };
    await world.write("work_email", EMAIL);
    expect(world.outcome()).toBe("noop");
    const auditor = new Auditor(world);
    expect(await found(auditor)).toEqual([]);
    world.now += 2 * HOUR;
    expect(await found(auditor)).toEqual(["WrittenWithoutGrant HoldsUngrantedValue"]);
  });

  test("not a grant's outcome that had no effect", async () => {
    const { world, auditor } = await written();
    const grantId = "g-01JD5Z8Q4T9V2W3X4Y5Z6A7B8C";
    const endedAt = new Date(world.now).toISOString();
    const item = { outcome: "not-applied", reason: "NotObserved", grantId, endedAt };
    world.seed("ledger", [{ pk: `grant-outcome#${grantId}`, sk: "outcome", ...item }]);
    expect(await found(auditor)).toEqual([]);
  });

  test("not a value that was only planned", async () => {
    const world = new World();
    await world.write("desk", "9Z", { dryRun: true });
    expect(world.outcome()).toBe("planned");
    world.hris.set("desk", "9Z");
    world.now += 2 * HOUR;
    expect(await found(new Auditor(world))).toEqual([]);
  });

  test.each(["intent", "grant-outcome"] as const)("%s of a grant that is not on record", async (kind) => {
    const { world, auditor } = await written();
    const grantId = "g-01JD5Z8Q4T9V2W3X4Y5Z6A7B8C";
    const at = new Date(world.now).toISOString();
    world.seed("ledger", [
      kind === "intent"
        ? { pk: `intent#${grantId}`, sk: "intent", grantId, intendedAt: at, settledBy: at, accessKeyId: "ASIA" }
        : {
            pk: `grant-outcome#${grantId}`,
            sk: "outcome",
            outcome: "applied",
            reason: "ReadBack",
            grantId,
            endedAt: at,
          },
    ]);
    expect(await found(auditor)).toEqual([
      kind === "intent" ? "WrittenWithoutGrant IntentWithoutGrant" : "WrittenWithoutGrant EffectWithoutIntent",
    ]);
  });

  test("a change that is said to be applied, and by no grant", async () => {
    const { world, auditor } = await written();
    world.seed("ledger", [
      { pk: "outcome#r-9#0", sk: "outcome", outcome: "applied", reason: "ReadBack", endedAt: "2026-11-02T10:00:00Z" },
    ]);
    expect(await found(auditor)).toEqual(["WrittenWithoutGrant EndWithoutGrant"]);
  });

  test("a grant that was used though nobody had approved, or after its time", async () => {
    const { world, auditor, inspection } = await waiting();
    await approve(world)(inspection);
    await world.runChange("manager", { onApproval: () => Promise.resolve() });
    world.now += DAY;
    expect(await found(auditor)).toEqual([]);
    const approvals = [...world.tables.ledger].filter(([, item]) => String(item["pk"]).startsWith("approval#"));
    for (const [id] of approvals) world.tables.ledger.delete(id);
    expect(await found(auditor)).toEqual(["WrittenWithoutGrant GrantNotApproved"]);
    for (const [id, item] of approvals) world.tables.ledger.set(id, item);
    await closes(auditor);
    const [[id, intent]] = [...world.tables.ledger].filter(([, item]) => item["sk"] === "intent") as [[string, object]];
    world.tables.ledger.set(id, { ...intent, intendedAt: new Date(START + DAY).toISOString() });
    expect(await found(auditor)).toEqual(["WrittenWithoutGrant UsedAfterExpiry"]);
  });

  test("a used grant of no exact change on record", async () => {
    const { world, auditor } = await written();
    for (const [id, item] of world.tables.ledger) {
      if (String(item["pk"]).startsWith("inspection#")) world.tables.ledger.delete(id);
    }
    expect(await found(auditor)).toEqual(["WrittenWithoutGrant GrantOfNoChange"]);
  });
});

describe("authority that led to nothing", () => {
  test("GrantWithoutWrite: opened, never used, and the change was not written; until the field is written", async () => {
    const world = new World();
    world.connectorCode = () => Promise.resolve({ status: "no" });
    await world.write("work_email", EMAIL);
    expect(world.outcome()).toBe("not-applied");
    const auditor = new Auditor(world);
    expect(await found(auditor)).toEqual(["GrantWithoutWrite GrantUnused"]);
    expect(auditor.seen("run-1")[0]).toMatchObject({ requestId: "r-1", index: 0, field: "work_email" });
    world.connectorCode = undefined;
    const occurredAt = new Date(world.now).toISOString();
    const finalizedAt = occurredAt;
    await world.take(
      joiner([{ field: "work_email", value: EMAIL, finalizedAt } as never], { requestId: "r-2", occurredAt }),
    );
    await world.runChange("work_email", { requestId: "r-2" });
    expect(world.outcome("r-2")).toBe("applied");
    await closes(auditor);
  });

  test("GrantWithoutWrite: not where another grant of the change was used, whatever came of it", async () => {
    const world = new World();
    world.connectorCode = () => Promise.resolve({ status: "no" });
    await world.write("work_email", EMAIL);
    const [grant] = world.itemsOf("ledger", "grant#g-");
    const grantId = "g-01JD5Z8Q4T9V2W3X4Y5Z6A7B8C";
    const at = new Date(world.now).toISOString();
    const item = { grantId, openedAt: at };
    world.seed("ledger", [
      { pk: "attempt#r-1#0", sk: "attempt#9", ...item },
      { ...grant, pk: `grant#${grantId}`, ...item, expiresAt: at },
      { pk: `intent#${grantId}`, sk: "intent", grantId, intendedAt: at, settledBy: at, accessKeyId: "ASIA" },
      {
        pk: `grant-outcome#${grantId}`,
        sk: "outcome",
        outcome: "rejected",
        reason: "HrisRejected",
        grantId,
        endedAt: at,
      },
    ]);
    expect(await found(new Auditor(world))).toEqual([]);
  });

  test("ApprovalWithoutGrant: people approved, and the change ended otherwise", async () => {
    const { world, auditor, inspection } = await waiting();
    await approve(world)(inspection);
    world.hris.set("manager", "WD-2");
    await world.runChange("manager", { onApproval: () => Promise.resolve() });
    expect(world.outcome()).toBe("expired");
    world.now += HOUR;
    expect(await found(auditor)).toEqual(["ApprovalWithoutGrant ApprovedNotWritten"]);
    world.now += 31 * DAY;
    expect(await found(auditor)).toEqual([]);
  });

  test("ApprovalWithoutGrant: not where the HRIS held it already when it was to be written", async () => {
    const { world, auditor, inspection } = await waiting();
    await approve(world)(inspection);
    world.hris.set("manager", "WD-500");
    await world.runChange("manager");
    expect(world.outcome()).toBe("noop");
    world.now += HOUR / 2;
    expect(await found(auditor)).toEqual([]);
  });

  test("ApprovalWithoutGrant: not while the change may still be written", async () => {
    const { world, auditor, inspection } = await waiting();
    await approve(world)(inspection);
    world.now += HOUR;
    expect(await found(auditor)).toEqual([]);
    world.now += DAY;
    expect(await found(auditor)).toEqual(["ApprovalWithoutGrant ApprovedNotWritten"]);
  });
});

describe("OpenPastExpiry", () => {
  test("a grant that neither was used nor ended", async () => {
    const world = new World();
    await world.prepare("work_email", EMAIL);
    const auditor = new Auditor(world);
    const [inspection] = world.itemsOf("ledger", "inspection#");
    const { workerRef, digest, policyDigest } = inspection as Record<string, string>;
    const grantId = "g-01JD5Z8Q4T9V2W3X4Y5Z6A7B8C";
    const openedAt = new Date(world.now).toISOString();
    const expiresAt = new Date(world.now + 15 * 60_000).toISOString();
    const pointer = `pointer#${workerRef ?? ""}#workemail`;
    const place = { requestId: "r-1", index: 0, attempt: 1, field: "work_email", hrisField: "workEmail" };
    world.seed("ledger", [
      { pk: "attempt#r-1#0", sk: "attempt#1", grantId, openedAt },
      {
        pk: `grant#${grantId}`,
        sk: "open",
        grantId,
        ...place,
        pointer,
        workerRef,
        digest,
        policyDigest,
        openedAt,
        expiresAt,
      },
    ]);
    world.seed("control", [{ pk: pointer, grantId, requestId: "r-1", index: 0, queue: "settle", dueAt: expiresAt }]);
    expect(await found(auditor)).toEqual([]);
    world.now += 2 * HOUR;
    expect(await found(auditor)).toEqual(["OpenPastExpiry GrantOpen"]);
    await world.sweeper();
    world.now += HOUR;
    const runId = await auditor.run({ fields: "all" });
    expect(auditor.seen(runId, "closed")).toMatchObject([{ class: "OpenPastExpiry", subject: grantId }]);
  });

  test("a write whose end nobody tells, also where the HRIS holds it and its pointer is lost", async () => {
    const world = new World();
    world.hris.nextWrite = { written: { kind: "unknown", detail: "cut" } };
    await world.write("work_email", EMAIL);
    expect(world.outcome()).toBeUndefined();
    world.now += 2 * HOUR;
    const auditor = new Auditor(world);
    expect(await found(auditor)).toEqual(["OpenPastExpiry WriteOpen"]);
    const [[id, pointer]] = [...world.tables.control].filter(([key]) => key.includes("pointer#")) as [[string, object]];
    world.tables.control.delete(id);
    world.hris.set("workEmail", EMAIL);
    expect(await found(auditor)).toEqual(["OpenPastExpiry WriteOpen"]);
    world.tables.control.set(id, pointer as never);
    await world.sweeper();
    await closes(auditor);
  });

  test("a change that waited for people counts from the end of their time", async () => {
    const { world, auditor } = await waiting();
    world.now += 3.5 * DAY;
    expect(await found(auditor)).toEqual([]);
    world.now += DAY;
    expect(await found(auditor)).toEqual(["OpenPastExpiry ChangeOpen"]);
  });

  test("a change that never came to an end", async () => {
    const world = new World();
    await world.take(joiner([{ field: "work_email", value: EMAIL }]));
    const auditor = new Auditor(world);
    world.now += 2 * DAY;
    expect(await found(auditor)).toEqual([]);
    world.now += 2 * DAY;
    expect(await found(auditor)).toEqual(["OpenPastExpiry ChangeOpen"]);
    world.ended.add("r-1");
    await world.sweeper();
    expect(world.outcome()).toBeDefined();
    await closes(auditor);
  });
});

describe("SessionWithoutGrant", () => {
  const session = (auditor: Auditor, sessionName: string, openedMs: number): void => {
    auditor.sessions.push({
      eventId: `e-${String(auditor.sessions.length)}`,
      openedAt: new Date(openedMs).toISOString(),
      sessionName,
    });
  };

  test("a session of a grant in its time is none", async () => {
    const { auditor } = await written();
    const runId = await auditor.run();
    expect(auditor.seen(runId)).toEqual([]);
    expect(auditor.finished(runId)?.sessions).toBe(1);
  });

  test.each([
    ["under a name of its own", "somebody", 5_000, "UnknownSession"],
    ["under the name of a grant that nobody opened", "g-01JD5Z8Q4T9V2W3X4Y5Z6A7B8C", 5_000, "UnknownSession"],
    ["after its grant's time", "own", 2 * HOUR, "SessionOutsideGrant"],
  ])("a session %s, which stays until a grant turns up", async (_how, name, afterMs, reason) => {
    const { world, auditor } = await written();
    const grantId = String(world.itemsOf("ledger", "grant#")[0]?.["grantId"]);
    session(auditor, name === "own" ? grantId : name, START + afterMs);
    expect(await found(auditor)).toEqual([`SessionWithoutGrant ${reason}`]);
    expect(JSON.stringify(auditor.observed("run-1"))).not.toContain("somebody");
    world.now += 3 * DAY;
    const later = await auditor.run({ fields: "all" });
    expect(auditor.observed(later).map(({ finding, state }) => [finding.class, state])).toContainEqual([
      "SessionWithoutGrant",
      "carried",
    ]);
  });

  test("grants that were used and no session on record: CloudTrail is not seen", async () => {
    const { auditor } = await written();
    auditor.isTrailBlind = true;
    expect(await found(auditor)).toEqual(["NotReconciledInTime TrailShowsNone"]);
    auditor.isTrailBlind = false;
    await closes(auditor);
  });

  test("a use of just now, whose session CloudTrail may still be about to show, is no finding", async () => {
    const world = new World();
    await world.write("work_email", EMAIL);
    world.now += HOUR;
    const auditor = new Auditor(world);
    auditor.isTrailBlind = true;
    expect(await found(auditor)).toEqual([]);
  });
});

test("no finding, and nothing that is logged, holds a value or a worker's id", async () => {
  const { world, auditor } = await written();
  world.hris.set("workEmail", "hr.says@example.com");
  const from = world.lines.length;
  const runId = await auditor.run({ fields: "all" });
  const shown = JSON.stringify([
    auditor.observed(runId),
    auditor.finished(runId),
    world.itemsOf("ledger", "finding#"),
    world.itemsOf("control", "reconcil"),
    world.lines.slice(from),
  ]);
  expect(shown).toContain("ChangedByHr");
  for (const value of [EMAIL, "hr.says@example.com", WORKER]) expect(shown).not.toContain(value);
});
