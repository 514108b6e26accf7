import { ServiceUnavailable } from "../../src/runtime/errors";
import { APPROVER, joiner, World } from "./world";

const FIELD = "work_email";
const VALUE = "new.hire@example.com";
const MINUTE = 60_000;

/** A write whose effect nobody saw. */
async function openWrite(effect = "none"): Promise<World> {
  const world = new World();
  world.hris.nextWrite = { written: { kind: "unknown", detail: "time-out" }, effect };
  // The read-back sees nothing either.
  world.hris.onRead = () => (world.hris.writes.length > 0 ? { kind: "unavailable", detail: "503" } : undefined);
  expect(await world.write(FIELD, VALUE)).toMatchObject({ outcome: "unknown" });
  world.hris.onRead = undefined;
  return world;
}

async function afterSettling(world: World): Promise<void> {
  world.now += 3 * MINUTE;
  await world.sweeper();
}

describe("an open write is settled by reads alone", () => {
  test.each([
    ["the new value", "as-asked", "applied", "Observed"],
    ["the old value", "none", "not-applied", "NotObserved"],
    ["another value", "other@example.com", "conflict", "ObservedOther"],
  ])("%s", async (_name, effect, outcome, reason) => {
    const world = await openWrite(effect);
    const writes = world.hris.writes.length;
    await afterSettling(world);
    expect(world.outcome()).toBe(outcome);
    expect(world.reason()).toBe(reason);
    expect(world.hris.writes).toHaveLength(writes);
    expect(world.events.map(({ detail }) => detail["outcome"])).toEqual(["unknown", outcome]);
    expect(world.itemsOf("control", "pointer#")[0]).not.toHaveProperty("grantId");
    expect(world.itemsOf("control", "pointer#")[0]).not.toHaveProperty("queue");
  });

  test("the old value proves nothing before gateway and HRIS have had their time", async () => {
    const world = await openWrite();
    const intent = world.itemsOf("ledger", "intent#")[0]!;
    world.now = Date.parse(intent["settledBy"] as string) - 1;
    await world.sweeper();
    expect(world.outcome()).toBeUndefined();
    world.now += 1;
    await world.sweeper();
    expect(world.outcome()).toBe("not-applied");
  });

  test("settling waits longer for an HRIS that settles slowly", async () => {
    const world = new World();
    world.hris.settleSeconds = 120;
    world.hris.nextWrite = { written: { kind: "accepted" }, effect: "none" };
    await world.write(FIELD, VALUE);
    const intent = world.itemsOf("ledger", "intent#")[0]!;
    expect(
      Date.parse(intent["settledBy"] as string) - Date.parse(intent["intendedAt"] as string),
    ).toBeGreaterThanOrEqual(25_000 + 120_000 + 60_000);
  });

  test.each([
    { kind: "unavailable", detail: "503" },
    { kind: "forbidden", detail: "absent" },
  ] as const)("a record that is $kind is left, and does not stand before others", async (read) => {
    const world = await openWrite();
    world.hris.nextReads.push(read);
    await afterSettling(world);
    expect(world.outcome()).toBeUndefined();
    const pointer = world.itemsOf("control", "pointer#")[0]!;
    expect(Date.parse(pointer["dueAt"] as string)).toBe(world.now + 15 * MINUTE);
    world.now += 15 * MINUTE;
    await world.sweeper();
    expect(world.outcome()).toBe("not-applied");
  });

  test("a worker who is gone leaves a conflict", async () => {
    const world = await openWrite();
    world.hris.nextReads.push({ kind: "no-such-worker", detail: "404" });
    await afterSettling(world);
    expect(world.outcome()).toBe("conflict");
  });

  test("the old value with the new one on record for a day to come is pending, and is looked at again when that day has begun", async () => {
    const world = await openWrite();
    const begunBy = "2026-11-04T12:00:00.000Z";
    world.hris.scheduled = { kind: "scheduled", begunBy };
    await afterSettling(world);
    expect([world.outcome(), world.reason()]).toEqual(["pending-in-hris", "ScheduledInHris"]);
    expect(world.itemsOf("control", "look#")[0]).toMatchObject({ dueAt: "2026-11-04T12:10:00.000Z" });
    expect(world.itemsOf("control", "pointer#")[0]).not.toHaveProperty("grantId");
    world.hris.set("workEmail", VALUE);
    world.now = Date.parse(begunBy) + 11 * MINUTE;
    expect(await world.sweeper()).toMatchObject({ looked: 1 });
    expect(world.events.map(({ detail }) => detail["outcome"])).toEqual(["unknown", "pending-in-hris", "applied"]);
  });

  test.each([
    { kind: "unavailable", detail: "503" },
    { kind: "forbidden", detail: "the credential does not see the rows" },
  ] as const)("the old value is left while what is on record for days to come is $kind", async (scheduled) => {
    const world = await openWrite();
    world.hris.scheduled = scheduled;
    await afterSettling(world);
    expect(world.outcome()).toBeUndefined();
    world.hris.scheduled = { kind: "none" };
    world.now += 15 * MINUTE;
    await world.sweeper();
    expect(world.outcome()).toBe("not-applied");
  });

  test("two sweepers at once record one outcome", async () => {
    const world = await openWrite("as-asked");
    world.now += 3 * MINUTE;
    await Promise.all([world.sweeper(), world.sweeper()]);
    expect(world.outcome()).toBe("applied");
    expect(world.itemsOf("control", "pointer#")[0]).not.toHaveProperty("grantId");
    expect(new Set(world.events.slice(1).map(({ detail }) => detail["outcome"]))).toEqual(new Set(["applied"]));
  });

  test("an item that fails does not stop the others", async () => {
    const world = await openWrite();
    world.seed("control", [
      {
        pk: "pointer#broken",
        grantId: "g-broken",
        requestId: "r-9",
        index: 0,
        queue: "settle",
        dueAt: "2020-01-01T00:00:00.000Z",
      },
      { pk: "look#broken", grantId: "g-broken", queue: "second-look", dueAt: "2020-01-01T00:00:00.000Z" },
    ]);
    world.now += 3 * MINUTE;
    expect(await world.sweeper()).toMatchObject({ settled: 1, left: 2 });
  });
});

describe("a grant that nobody used", () => {
  test("ends after its time, and its session can do nothing any more", async () => {
    const world = new World();
    const { digest } = await world.prepare(FIELD, VALUE);
    let late: (() => Promise<unknown>) | undefined;
    world.connectorCode = (payload, managed) => {
      late = () => managed(payload);
      world.probes.broker.isDead = true;
      return Promise.resolve(undefined);
    };
    await world.broker({ version: 1, requestId: "r-1", index: 0, field: FIELD, digest, attempt: 1 });
    await world.announce({
      version: 1,
      requestId: "r-1",
      index: 0,
      field: FIELD,
      failure: { Error: "States.Timeout" },
    });
    expect(world.outcome()).toBeUndefined();

    world.now += 15 * MINUTE + 30_000;
    expect(await world.sweeper()).toMatchObject({ ended: 0 });
    world.now += MINUTE;
    expect(await world.sweeper()).toMatchObject({ ended: 1 });
    expect(world.outcome()).toBe("not-applied");
    expect(world.reason()).toBe("GrantExpired");
    expect(world.events.at(-1)?.detail).toMatchObject({ outcome: "not-applied", reason: "GrantExpired" });
    world.now -= 10 * MINUTE;
    await late?.();
    expect(world.gatewayAnswers.at(-1)?.body).toContain("GrantEnded");
    expect(world.hris.writes).toEqual([]);
  });
});

describe("the second look", () => {
  const TEN_MINUTES = 10 * MINUTE;

  async function written(): Promise<World> {
    const world = new World();
    await world.write(FIELD, VALUE);
    world.now += TEN_MINUTES;
    return world;
  }

  test("finds the value still there", async () => {
    const world = await written();
    expect(await world.sweeper()).toMatchObject({ looked: 1 });
    expect(world.ledger("second-look#r-1#0", "second-look")).toMatchObject({
      outcome: "applied",
      reason: "StillThere",
    });
    expect(world.itemsOf("control", "look#")).toEqual([]);
    expect(world.events).toHaveLength(1);
  });

  test("is not taken before its time", async () => {
    const world = await written();
    world.now -= 1;
    expect(await world.sweeper()).toMatchObject({ looked: 0 });
  });

  test("is told once more after an outcome that is told later than it", async () => {
    const world = await written();
    world.hris.set("workEmail", null);
    await world.sweeper();
    // An announcement that was put off for long, or comes twice.
    await world.announce({ version: 1, requestId: "r-1", index: 0, field: FIELD });
    const told = world.events.map(({ detail }) => detail["outcome"]);
    expect(told).toEqual(["applied", "reverted-by-hris", "applied", "reverted-by-hris"]);
  });

  test("finds a value that the HRIS took back, and says so loudly", async () => {
    const world = await written();
    world.hris.set("workEmail", null);
    await world.sweeper();
    expect(world.ledger("second-look#r-1#0", "second-look")).toMatchObject({ outcome: "reverted-by-hris" });
    expect(world.outcome()).toBe("applied");
    expect(world.events.at(-1)?.detail).toMatchObject({ outcome: "reverted-by-hris", reason: "Reverted" });
    expect(world.lines.filter(({ event, level }) => event === "write-reverted" && level === "error")).toHaveLength(1);
    expect(world.itemsOf("control", "look#")).toEqual([]);
  });

  test("does not blame the HRIS for a later write of ours", async () => {
    const world = await written();
    world.directory.set("work_email", "renamed@example.com");
    await world.take(joiner([{ field: FIELD, value: "renamed@example.com" }], { requestId: "r-2" }));
    expect(await world.runChange(FIELD, { requestId: "r-2" })).toMatchObject({ outcome: "applied" });
    await world.sweeper();
    expect(world.ledger("second-look#r-1#0", "second-look")).toMatchObject({
      outcome: "applied",
      reason: "Superseded",
    });
    expect(world.events.map(({ detail }) => detail["outcome"])).toEqual(["applied", "applied"]);
  });

  test("waits while another write of the field is open", async () => {
    const world = await written();
    world.directory.set("work_email", "renamed@example.com");
    await world.take(joiner([{ field: FIELD, value: "renamed@example.com" }], { requestId: "r-2" }));
    world.hris.nextWrite = { written: { kind: "unknown", detail: "" }, effect: "none" };
    await world.runChange(FIELD, { requestId: "r-2" });
    world.hris.set("workEmail", "renamed@example.com");
    expect(await world.sweeper()).toMatchObject({ looked: 0, left: 1 });
    expect(world.ledger("second-look#r-1#0", "second-look")).toBeUndefined();
  });

  test("is taken later where the HRIS does not answer, and told as unknown where it does not show", async () => {
    const world = await written();
    world.hris.nextReads.push({ kind: "unavailable", detail: "503" });
    expect(await world.sweeper()).toMatchObject({ looked: 0, left: 1 });
    world.hris.nextReads.push({ kind: "forbidden", detail: "absent" });
    world.now += 15 * MINUTE;
    expect(await world.sweeper()).toMatchObject({ looked: 1 });
    expect(world.ledger("second-look#r-1#0", "second-look")).toMatchObject({
      outcome: "unknown",
      reason: "ReadForbidden",
    });
  });

  test("tells what became of a write that was pending in the HRIS", async () => {
    for (const [value, outcome, reason] of [
      [VALUE, "applied", "Observed"],
      [null, "pending-in-hris", "StillPending"],
      ["other@example.com", "conflict", "ObservedOther"],
    ] as const) {
      const world = new World();
      world.hris.nextWrite = { written: { kind: "pending", detail: "workflow" } };
      expect(await world.write(FIELD, VALUE)).toMatchObject({ outcome: "pending-in-hris" });
      world.hris.set("workEmail", value);
      world.now += TEN_MINUTES;
      await world.sweeper();
      expect(world.ledger("second-look#r-1#0", "second-look")).toMatchObject({ outcome, reason });
    }
  });
});

describe("waits for approval", () => {
  test("are forgotten with their token after their time, and not before", async () => {
    const world = new World();
    await world.take(joiner([{ field: "manager", value: "WD-500" }]));
    await world.runChange("manager", {
      onApproval: () => {
        world.now += 86_400_000;
        return Promise.resolve();
      },
    });
    // The workflow has told how it ended.
    expect(world.events.map(({ detail }) => detail["reason"])).toEqual(["ApprovalExpired"]);
    expect(await world.sweeper()).toMatchObject({ expired: 0, left: 1 });
    world.now += 10 * MINUTE - 1;
    expect(await world.sweeper()).toMatchObject({ expired: 0, left: 0 });
    expect(world.control("task#r-1#0")).toHaveProperty("encryptedToken");
    world.now += 1;
    expect(await world.sweeper()).toMatchObject({ expired: 1 });
    expect(world.events).toHaveLength(1);
    expect(world.control("task#r-1#0")).not.toHaveProperty("encryptedToken");
    expect(world.control("task#r-1#0")).not.toHaveProperty("queue");
    expect((await world.api("GET /approvals", APPROVER)).json).toEqual({ waiting: [] });
  });

  test("are told of some hours before their end, while somebody can still decide", async () => {
    const world = new World();
    const { digest, approvalTimeoutSeconds } = await world.prepare("manager", "WD-500");
    const place = { version: 1, requestId: "r-1", index: 0, field: "manager" };
    await world.requestApproval({ ...place, digest, approvalTimeoutSeconds, taskToken: "t" });
    const told = async (atMs: number): Promise<boolean> => {
      const before = world.lines.length;
      world.now = atMs;
      await world.sweeper();
      return world.lines.slice(before).some(({ event }) => event === "approvals-expiring");
    };
    const endMs = Date.parse(String(world.control("task#r-1#0")!["expiresAt"]));
    expect(await told(endMs - 4 * 60 * MINUTE - 1)).toBe(false);
    expect(await told(endMs - 4 * 60 * MINUTE)).toBe(true);
    expect(await told(endMs - 1)).toBe(true);
    expect(await told(endMs)).toBe(false);
  });

  async function abandoned(): Promise<World> {
    const world = new World();
    const { digest, approvalTimeoutSeconds } = await world.prepare("manager", "WD-500");
    const place = { version: 1, requestId: "r-1", index: 0, field: "manager" };
    // The execution is stopped while it waits.
    await world.requestApproval({ ...place, digest, approvalTimeoutSeconds, taskToken: "t" });
    world.ended.add("r-1");
    return world;
  }
  const EXPIRED = 86_400_000 + 10 * MINUTE;

  test("whose execution was stopped end, and say so once", async () => {
    const world = await abandoned();
    world.now += EXPIRED;
    expect(await world.sweeper()).toMatchObject({ expired: 1 });
    expect([world.outcome(), world.reason()]).toEqual(["expired", "WaitAbandoned"]);
    expect(world.events.map(({ detail }) => detail["outcome"])).toEqual(["expired"]);
    expect(world.control("task#r-1#0")).not.toHaveProperty("encryptedToken");
    world.now += 86_400_000;
    await world.sweeper();
    expect(world.events).toHaveLength(1);
  });

  test("whose execution was stopped after a denial end as denied", async () => {
    const world = await abandoned();
    const [{ digest }] = world.itemsOf("control", "task#") as unknown as [{ digest: string }];
    world.seed("ledger", [
      { pk: "approval#r-1#0", sk: `approval#${digest}#someone`, decision: "deny", digest, decidedAt: "2026-11-02" },
    ]);
    world.now += EXPIRED;
    await world.sweeper();
    expect(world.outcome()).toBe("denied");
    expect(world.events.map(({ detail }) => detail["outcome"])).toEqual(["denied"]);
  });

  test("end however the sweeper dies over them", async () => {
    for (let call = 1; call <= 16; call += 1) {
      for (const moment of ["before", "after"] as const) {
        const world = await abandoned();
        world.now += EXPIRED;
        const probe = world.probes.sweeper;
        probe.fault = { call, moment, how: "dies" };
        await world.sweeper().catch(() => undefined);
        probe.revive();
        world.now += 16 * MINUTE;
        await world.sweeper();
        expect([call, moment, world.outcome()]).toEqual([call, moment, "expired"]);
        expect(world.events.at(-1)?.detail).toMatchObject({ outcome: "expired" });
        expect(world.control("task#r-1#0")).not.toHaveProperty("queue");
      }
    }
  });

  test("do not end a change with a grant in use, which leads to its end", async () => {
    const world = await abandoned();
    world.seed("ledger", [
      { pk: "attempt#r-1#0", sk: "attempt#1", grantId: "g-1" },
      { pk: "grant#g-1", sk: "open", grantId: "g-1", expiresAt: "2027-01-01T00:00:00.000Z" },
    ]);
    world.now += EXPIRED;
    expect(await world.sweeper()).toMatchObject({ expired: 1, left: 1 });
    expect(world.outcome()).toBeUndefined();
    expect(world.itemsOf("control", "open#")).toHaveLength(1);
  });

  test("leave the end to a workflow that runs, whatever the time", async () => {
    const world = await abandoned();
    world.ended.delete("r-1");
    world.now += EXPIRED;
    expect(await world.sweeper()).toMatchObject({ expired: 1 });
    expect(world.outcome()).toBeUndefined();
    expect(world.events).toEqual([]);
  });

  /** Approved in time; the callback was throttled, so that the workflow sees its wait time out. */
  async function approvedWithoutCallback(): Promise<{ world: World; digest: string }> {
    const world = await abandoned();
    world.ended.delete("r-1");
    const [{ digest }] = world.itemsOf("control", "task#") as unknown as [{ digest: string }];
    world.now += 86_400_000 - MINUTE;
    const send = jest.spyOn(world.tokens, "push").mockImplementation(() => {
      throw new ServiceUnavailable("throttled");
    });
    expect((await world.decideAs(APPROVER, "approve", digest)).statusCode).toBe(503);
    send.mockRestore();
    return { world, digest };
  }

  test("of a change that was approved in time, without its callback, leave it to the workflow, which writes it", async () => {
    const { world, digest } = await approvedWithoutCallback();
    const place = { version: 1, requestId: "r-1", index: 0, field: "manager" };
    // The workflow looks again, and the HRIS is down for hours.
    for (let minutes = 0; minutes < 300; minutes += 5) {
      world.now += 5 * MINUTE;
      await world.sweeper();
    }
    expect(world.outcome()).toBeUndefined();
    expect(world.events).toEqual([]);
    expect(await world.inspect({ ...place, phase: "again" })).toMatchObject({ route: "write", digest });
    expect(await world.broker({ ...place, digest, attempt: 1 })).toMatchObject({ outcome: "applied" });
  });

  test("of a change that was approved in time, whose execution has ended, did not expire", async () => {
    const { world } = await approvedWithoutCallback();
    world.now += EXPIRED;
    world.ended.add("r-1");
    await world.sweeper();
    expect([world.outcome(), world.reason()]).toEqual(["not-applied", "WorkflowEnded"]);
  });

  test("that are over before their time, with their execution, are asked of nobody any more", async () => {
    const world = await abandoned();
    world.now += 61 * MINUTE;
    expect(await world.sweeper()).toMatchObject({ settled: 1 });
    expect([world.outcome(), world.reason()]).toEqual(["not-applied", "WorkflowEnded"]);
    expect((await world.api("GET /approvals", APPROVER)).json).toEqual({ waiting: [] });
    expect(world.control("task#r-1#0")).not.toHaveProperty("encryptedToken");
  });
});

describe("a change whose execution ends without a word", () => {
  const place = { version: 1, requestId: "r-1", index: 0, field: FIELD };
  const HOUR = 60 * MINUTE;

  async function decided(...changes: readonly { field: string; value: unknown }[]): Promise<World> {
    const world = new World();
    await world.take(joiner(changes));
    return world;
  }

  /** Lets hours pass, with the sweeper every hour. */
  async function hours(world: World, count: number): Promise<void> {
    for (let hour = 0; hour < count; hour += 1) {
      world.now += HOUR;
      await world.sweeper();
    }
  }

  test.each([
    ["before it was looked at", FIELD, VALUE, "not-applied", "WorkflowEnded"],
    ["though it was denied", "base_salary", "1", "denied", "NeverField"],
    ["though nobody knows its field", "no_such_field", "1", "denied", "UnclassifiedField"],
  ])("%s ends, and is told once", async (_name, field, value, outcome, reason) => {
    const world = await decided({ field, value });
    world.ended.add("r-1");
    await hours(world, 2);
    expect([world.outcome(), world.reason()]).toEqual([outcome, reason]);
    expect(world.events.map(({ detail }) => [detail["outcome"], detail["reason"]])).toEqual([[outcome, reason]]);
    expect(world.itemsOf("control", "open#")).toEqual([]);
    await hours(world, 24);
    expect(world.events).toHaveLength(1);
  });

  test("while it waited for another attempt ends, and the same event again is taken for done", async () => {
    const world = await decided({ field: FIELD, value: VALUE });
    const { digest } = await world.inspect({ ...place, phase: "first" });
    world.hris.nextWrite = { written: { kind: "throttled", detail: "429", retryAfterSeconds: 30 } };
    expect(await world.broker({ ...place, digest, attempt: 1 })).toMatchObject({ status: "retry" });
    world.ended.add("r-1");
    const body = JSON.stringify(joiner([{ field: FIELD, value: VALUE }]));
    expect(await world.intake({ Records: [{ messageId: "m-2", body }] })).toEqual({ batchItemFailures: [] });
    await hours(world, 2);
    expect([world.outcome(), world.reason()]).toEqual(["not-applied", "WorkflowEnded"]);
    expect(world.events).toHaveLength(1);
  });

  test("while its write was under way ends as the write did", async () => {
    const world = await decided({ field: FIELD, value: VALUE });
    const { digest } = await world.inspect({ ...place, phase: "first" });
    world.hris.nextWrite = { written: { kind: "unknown", detail: "time-out" }, effect: VALUE };
    world.hris.onRead = () => (world.hris.writes.length > 0 ? { kind: "unavailable", detail: "503" } : undefined);
    await world.broker({ ...place, digest, attempt: 1 });
    world.ended.add("r-1");
    world.hris.onRead = undefined;
    await hours(world, 2);
    expect(world.outcome()).toBe("applied");
    expect(world.events.map(({ detail }) => detail["outcome"])).toEqual(["applied"]);
    expect(world.itemsOf("control", "open#")).toEqual([]);
  });

  test("because its event could not be put is told by the sweeper, also while its siblings wait", async () => {
    const world = await decided({ field: "base_salary", value: "1" }, { field: "manager", value: "WD-500" });
    const put = jest.spyOn(world.events, "push").mockImplementation(() => {
      throw new ServiceUnavailable("not now");
    });
    const inspection = await world.inspect({ ...place, field: "base_salary", phase: "first" });
    await expect(world.announce({ ...place, field: "base_salary", inspection })).rejects.toMatchObject({
      name: "ServiceUnavailable",
    });
    put.mockRestore();
    await hours(world, 3);
    expect(world.events.map(({ detail }) => [detail["index"], detail["outcome"]])).toEqual([[0, "denied"]]);
    expect(world.itemsOf("control", "open#").map(({ index }) => index)).toEqual([1]);
  });

  test("ends too where the service does not know the execution any more", async () => {
    const world = await decided({ field: FIELD, value: VALUE });
    world.started.length = 0;
    await hours(world, 2);
    expect(world.outcome()).toBe("not-applied");
  });

  test("is left alone while the execution runs, and looked after less and less often", async () => {
    const world = await decided({ field: "manager", value: "WD-500" });
    const due: number[] = [];
    for (let hour = 0; hour < 50 * 24; hour += 1) {
      world.now += HOUR;
      await world.sweeper();
      due.push((Date.parse(world.itemsOf("control", "open#")[0]!["dueAt"] as string) - world.now) / HOUR);
    }
    expect(world.outcome()).toBeUndefined();
    expect(world.events).toEqual([]);
    expect(Math.max(...due)).toBe(6);
    expect(world.probes.sweeper.calls).toBeLessThan(50 * 24 * 7);
    world.ended.add("r-1");
    await hours(world, 7);
    expect(world.outcome()).toBe("not-applied");
  });

  test("is left for later where nobody can say whether the execution runs", async () => {
    const world = await decided({ field: FIELD, value: VALUE });
    world.ended.add("r-1");
    world.now += HOUR;
    const probe = world.probes.sweeper;
    const clean = probe.calls;
    // Five queues are asked, and the ledger; then the workflow.
    probe.fault = { call: clean + 4, moment: "before", how: "fails" };
    await world.sweeper();
    expect(world.outcome()).toBeUndefined();
    probe.revive();
    await hours(world, 1);
    expect(world.outcome()).toBe("not-applied");
  });

  test("ends, and is told, wherever the sweeper dies over it", async () => {
    for (const how of ["dies", "fails"] as const) {
      for (const moment of ["before", "after"] as const) {
        for (let call = 1; call <= 20; call += 1) {
          const world = await decided({ field: FIELD, value: VALUE });
          world.ended.add("r-1");
          world.now += HOUR;
          const probe = world.probes.sweeper;
          probe.fault = { call, moment, how };
          await world.sweeper().catch(() => undefined);
          probe.revive();
          await hours(world, 2);
          expect([call, moment, how, world.outcome()]).toEqual([call, moment, how, "not-applied"]);
          expect(world.events.at(-1)?.detail).toMatchObject({ outcome: "not-applied" });
          expect(world.itemsOf("control", "open#")).toEqual([]);
        }
      }
    }
  });
});

describe("items that cannot be settled", () => {
  /** More of them than a run takes, each older than what can be settled. */
  const many = (item: (each: number) => object): object[] => Array.from({ length: 60 }, (_, each) => item(each));
  const old = { dueAt: "2020-01-01T00:00:00.000Z" };

  async function runs(world: World): Promise<void> {
    for (let run = 0; run < 4; run += 1) {
      await world.sweeper();
      world.now += MINUTE;
    }
  }

  test("do not starve second looks", async () => {
    const world = new World();
    await world.write(FIELD, VALUE);
    world.now += 10 * MINUTE;
    const look = (each: number) => ({ pk: `look#g-${String(each)}`, grantId: `g-${String(each)}` });
    world.seed(
      "control",
      many((each) => ({ ...look(each), queue: "second-look", ...old })),
    );
    await runs(world);
    expect(world.ledger("second-look#r-1#0", "second-look")).toMatchObject({ outcome: "applied" });
  });

  test("do not starve open writes, not even where they make the run fail", async () => {
    const world = await openWrite("as-asked");
    world.now += 3 * MINUTE;
    const pointer = (each: number) => ({ pk: `pointer#w-${String(each)}#desk`, grantId: `g-${String(each)}` });
    world.seed(
      "control",
      many((each) => ({ ...pointer(each), requestId: "r-9", index: 0, queue: "settle", ...old })),
    );
    // All of one change, whose record cannot even be asked for.
    const place = { requestId: "r-9", index: 0, digest: "d" };
    world.seed("ledger", [
      { pk: "request#r-9", sk: "request", request: { worker: { id: "WD-BROKEN" } } },
      { pk: "inspection#r-9#0", sk: "inspection#d", from: null, to: "x" },
    ]);
    const grant = (each: number, kind = "grant") => ({ pk: `${kind}#g-${String(each)}`, grantId: `g-${String(each)}` });
    world.seed(
      "ledger",
      many((each) => ({ ...grant(each), ...place, sk: "open", hrisField: "workEmail" })),
    );
    world.seed(
      "ledger",
      many((each) => ({ ...grant(each, "intent"), sk: "intent", settledBy: old.dueAt })),
    );
    const readField = world.hris.readField.bind(world.hris);
    world.hris.readField = (workerId, field) =>
      workerId === "WD-BROKEN" ? Promise.reject(new TypeError("broken")) : readField(workerId, field);
    await runs(world);
    expect(world.outcome()).toBe("applied");
  });

  test("do not starve waits for approval", async () => {
    const world = new World();
    await world.take(joiner([{ field: "manager", value: "WD-500" }]));
    await world.runChange("manager", {
      onApproval: () => {
        world.now += 86_400_000 + 11 * MINUTE;
        return Promise.resolve();
      },
    });
    world.seed(
      "control",
      many((each) => ({ pk: `task#r-9#${String(each)}`, requestId: "r-9", index: each, queue: "approval", ...old })),
    );
    await runs(world);
    expect(world.control("task#r-1#0")).not.toHaveProperty("queue");
  });

  test("a second look is given up after a month, on record", async () => {
    const world = new World();
    await world.write(FIELD, VALUE);
    world.hris.onRead = () => ({ kind: "unavailable", detail: "503" });
    world.now += 10 * MINUTE + 30 * 86_400_000 - 1;
    expect(await world.sweeper()).toMatchObject({ looked: 0, left: 1 });
    world.now += 15 * MINUTE;
    expect(await world.sweeper()).toMatchObject({ looked: 1, left: 0 });
    expect(world.ledger("second-look#r-1#0", "second-look")).toMatchObject({
      outcome: "unknown",
      reason: "LookGivenUp",
    });
    expect(world.itemsOf("control", "look#")).toEqual([]);
    expect(world.outcome()).toBe("applied");
  });
});

describe("a write that the sweeper found applied", () => {
  test("gets its second look, as any other", async () => {
    const world = await openWrite("as-asked");
    await afterSettling(world);
    expect(world.outcome()).toBe("applied");
    world.hris.set("workEmail", null);
    world.now += 10 * MINUTE;
    expect(await world.sweeper()).toMatchObject({ looked: 1 });
    expect(world.events.at(-1)?.detail).toMatchObject({ outcome: "reverted-by-hris" });
  });

  test.each(["none", "other@example.com"])("and one that it found otherwise (%s) does not", async (effect) => {
    const world = await openWrite(effect);
    await afterSettling(world);
    expect(world.itemsOf("control", "look#")).toEqual([]);
  });
});

test("a trip of the breaker is its gateway's to tell of for a minute; then the sweeper tells of it, once", async () => {
  const world = new World();
  const said = () => world.lines.filter(({ event }) => event === "breaker-tripped");
  world.seed("control", [{ pk: "breaker", state: "tripped", trippedAt: new Date(world.now).toISOString() }]);
  world.now += MINUTE - 1;
  await world.sweeper();
  expect(said()).toEqual([]);
  world.now += 1;
  await world.sweeper();
  await world.sweeper();
  expect(said()).toHaveLength(1);
});
