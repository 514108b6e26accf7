import { reviewPolicy, isCadenceDue, isOverdue } from "../../../src/runtime/reconciliation/policy-review";
import { parsePolicy } from "../../../src/policy/parse";
import { Crash } from "../probe";
import { joiner, POLICY, START, World } from "../world";
import { Auditor, DAY, HOUR } from "./auditor";

/** Workers with a written email each; the first is the world's own. */
async function workers(count: number): Promise<World> {
  const world = new World();
  for (let each = 0; each < count; each += 1) {
    const id = `WD-9${String(each)}`;
    const value = `worker.${String(each)}@example.com`;
    world.hris.set("employment_type", "employee", id);
    world.hris.set("legal_entity", "acme-uk", id);
    world.hris.set("workEmail", null, id);
    world.directory.set("work_email", value, id);
    const requestId = `r-${String(each)}`;
    await world.take(
      joiner([{ field: "work_email", value }], {
        requestId,
        worker: { id, attributes: { worker_type: "employee", legal_entity: "acme-uk" } },
      }),
    );
    await world.runChange("work_email", { requestId });
    expect(world.outcome(requestId)).toBe("applied");
  }
  world.now += DAY;
  return world;
}

/** One discrepancy of each kind that a planted HRIS shows. */
function plant(world: World): void {
  world.hris.set("workEmail", "hr.says@example.com", "WD-90");
  world.hris.set("workEmail", null, "WD-91");
  world.directory.set("work_email", "married@example.com", "WD-92");
  world.seed("ledger", [
    { pk: "outcome#r-99#0", sk: "outcome", outcome: "applied", reason: "ReadBack", endedAt: "2026-11-02T10:00:00Z" },
  ]);
}

const PLANTED = ["ChangedByHr", "RevertedByHris", "SourceChanged", "WrittenWithoutGrant"];

/** All that a run leaves behind of its findings, but for when. */
function trace(auditor: Auditor, runId: string): unknown {
  return {
    findings: auditor.world
      .itemsOf("ledger", "finding#")
      .map(({ pk, sk }) => `${String(pk)} ${String(sk)}`)
      .sort(),
    observed: auditor
      .observed(runId)
      .map(({ findingId, state }) => `${findingId} ${state}`)
      .sort(),
    // Of its own records a run reads those that it made before it got there.
    finished: { ...auditor.finished(runId), pk: "", runId: "", finishedAt: "", records: 0 },
  };
}

describe("a run that is cut", () => {
  test("at any call, before or after its effect, goes on and finds the same, once", async () => {
    const world = await workers(4);
    plant(world);
    const [ledger, control, { now }] = [new Map(world.tables.ledger), new Map(world.tables.control), world];
    const whole = new Auditor(world);
    const runId = await whole.run({}, 3);
    expect(
      whole
        .seen(runId)
        .map((each) => each.class)
        .sort(),
    ).toEqual(PLANTED);
    const expected = trace(whole, runId);
    const calls = whole.probe.calls;
    expect(calls).toBeGreaterThan(100);

    const errors = world.lines.length;
    // Every third call, shifted by the moment: together they hit each kind of call at both moments.
    for (let call = 1; call <= calls; call += 3) {
      for (const moment of ["before", "after"] as const) {
        refill(world, { ledger, control });
        world.now = now;
        const auditor = new Auditor(world);
        auditor.probe.fault = { call: call + (moment === "after" ? 1 : 0), moment, how: "dies" };
        const first = await auditor.run({}, 3).catch((error: unknown) => error);
        if (!(first instanceof Crash)) continue;
        auditor.probe.revive();
        // The state machine's next execution; a run whose end was on record before the crash is over.
        const isOver = world.control("reconciliation")?.["lastRunId"] === "run-1";
        const wasBegun = world.control("reconciliation") !== undefined;
        const last = isOver ? "run-1" : await auditor.run({}, 3);
        expect(last).toBe(wasBegun ? "run-1" : "run-2");
        expect({ call, moment, trace: trace(auditor, last) }).toEqual({ call, moment, trace: expected });
      }
    }
    expect(world.lines.slice(errors).filter(({ event }) => event === "reconciled").length).toBeGreaterThan(50);
    expect(world.hris.writes).toHaveLength(4);
  });

  test("two executions at once count nothing twice and find everything once", async () => {
    const world = await workers(4);
    plant(world);
    const auditor = new Auditor(world);
    const [one, two] = [auditor.handler(2), auditor.handler(3)];
    const begin = { version: 1, step: "begin", input: {} };
    const first = await one({ ...begin, execution: "run-a" });
    const second = await two({ ...begin, execution: "run-b" });
    expect(second).toEqual(first);
    const { runId } = first;
    await Promise.all(
      (first.parts ?? []).flatMap(({ part }) =>
        [one, two].map((handler) => handler({ version: 1, step: "part", runId, part })),
      ),
    );
    await one({ version: 1, step: "sessions", runId });
    await Promise.all([one, two].map((handler) => handler({ version: 1, step: "finish", runId })));
    expect(
      auditor
        .seen(runId)
        .map((each) => each.class)
        .sort(),
    ).toEqual(PLANTED);
    const records = [...world.tables.ledger.values()].filter(
      ({ pk }) => !/^(finding|observed|reconc)/.test(String(pk)),
    );
    const own = auditor.finished(runId)!.records - records.length;
    // Besides these it may have read records that it made itself, each once.
    expect(own).toBeGreaterThanOrEqual(0);
    expect(auditor.finished(runId)?.fields["work_email"]).toMatchObject({ compared: 4, inSync: 1 });
  });

  test("a slow invocation does not take back what a faster one has done, though it dies just then", async () => {
    const world = await workers(4);
    const auditor = new Auditor(world);
    auditor.settings = { ...auditor.settings, parts: 1 };
    const fast = auditor.handler();
    await fast({ version: 1, step: "begin", execution: "run-a", input: {} });
    const part = { version: 1, step: "part", runId: "run-a", part: 0 };
    let pages = 0;
    const slow = auditor.handler(2, {
      onPage: async () => {
        pages += 1;
        if (pages !== 2) return;
        expect(await fast(part)).toMatchObject({ status: "done" });
      },
      afterWrite: (actions) => {
        const isProgress = actions.some(({ kind, table }) => kind === "put" && table === "control");
        if (pages === 2 && isProgress) throw new Crash("it died");
      },
    });
    await slow(part).catch((error: unknown) => error);
    expect(await fast({ version: 1, step: "sessions", runId: "run-a" })).toMatchObject({ status: "done" });
    expect(await fast({ version: 1, step: "finish", runId: "run-a" })).toMatchObject({ status: "done" });
  });

  test("an end that comes again long after changes nothing of the runs since", async () => {
    const world = await workers(1);
    const auditor = new Auditor(world);
    const first = await auditor.run();
    world.now += DAY;
    const second = await auditor.run();
    const before = new Map(world.tables.control);
    await auditor.handler()({ version: 1, step: "finish", runId: first });
    expect(world.tables.control).toEqual(before);
    expect(world.control("reconciled#work_email")).toMatchObject({ runId: second });
  });

  test("is not ended while a part is not read to its end, and its name is not used again", async () => {
    const auditor = new Auditor(await workers(1));
    const handler = auditor.handler();
    const begin = { version: 1, step: "begin", execution: "run-a", input: {} };
    await handler(begin);
    await expect(handler({ version: 1, step: "finish", runId: "run-a" })).rejects.toThrow("part 0");
    await auditor.run();
    await expect(handler(begin)).rejects.toThrow("another needs another name");
  });
});

describe("cadence", () => {
  const TWO = POLICY.replace(
    "account_id: { class: safe,",
    "account_id: { reconcile: { every: P7D, log: ledger }, class: safe,",
  );

  test("a field is looked at as often as its own policy says, and all of them when somebody asks", async () => {
    const world = new World(TWO);
    const auditor = new Auditor(world);
    world.directory.set("account_id", "nhire");
    await world.write("work_email", "new.hire@example.com");
    await world.take(joiner([{ field: "account_id", value: "nhire" }], { requestId: "r-2" }));
    await world.runChange("account_id", { requestId: "r-2" });
    const comparedIn = async (input: object = {}): Promise<string[]> =>
      Object.keys(auditor.finished(await auditor.run(input))?.fields ?? {}).sort();
    world.now += HOUR;
    expect(await comparedIn()).toEqual(["account_id", "work_email"]);
    world.now += HOUR;
    expect(await comparedIn()).toEqual([]);
    world.now += DAY - HOUR;
    expect(await comparedIn()).toEqual(["work_email"]);
    expect(await comparedIn({ fields: "all" })).toEqual(["account_id", "work_email"]);
  });

  test("a finding about a field that is not due is carried on, neither closed nor told again", async () => {
    const world = await workers(2);
    const auditor = new Auditor(world);
    world.hris.set("workEmail", null, "WD-90");
    await auditor.run();
    world.hris.set("workEmail", "worker.0@example.com", "WD-90");
    world.now += HOUR;
    const second = await auditor.run();
    expect(auditor.observed(second).map(({ state }) => state)).toContain("carried");
    expect(auditor.finished(second)).toMatchObject({ opened: 0, closed: 0, open: { RevertedByHris: 1 } });
    world.now += DAY;
    const third = await auditor.run();
    expect(auditor.finished(third)).toMatchObject({ closed: 1 });
    expect(auditor.seen(third)).toEqual([]);
    world.now += HOUR;
    expect(auditor.observed(await auditor.run())).toEqual([]);
    world.hris.set("workEmail", null, "WD-90");
    world.now += DAY;
    await auditor.run();
    const events = world
      .itemsOf("ledger", "finding#")
      .filter(({ finding }) => (finding as { class: string }).class === "RevertedByHris");
    expect(events.map(({ sk }) => sk)).toEqual(["opened#000001", "closed#000001", "opened#000002"]);
    expect(world.lines.filter(({ event }) => event === "discrepancy-found")).toHaveLength(2);
  });

  test("an ungranted value in the HRIS is looked for when its field is due, and carried on when it is not", async () => {
    const world = new World();
    await world.take(joiner([{ field: "work_email", value: "new.hire@example.com" }]));
    await world.inspect({ version: 1, requestId: "r-1", index: 0, field: "work_email", phase: "first" });
    await world.store.write([
      { kind: "put", table: "ledger", item: { pk: "outcome#r-1#0", sk: "outcome", outcome: "expired", reason: "x" } },
    ]);
    world.hris.set("workEmail", "new.hire@example.com");
    world.now += 2 * HOUR;
    // A field that was never written has no cadence to wait for: one that was makes this field's.
    world.seed("control", [
      { pk: "reconciled#work_email", startedAt: new Date(world.now).toISOString(), runId: "run-0" },
    ]);
    const auditor = new Auditor(world);
    expect(auditor.seen(await auditor.run())).toEqual([]);
    expect(auditor.seen(await auditor.run({ fields: "all" }))).toMatchObject([{ reason: "HoldsUngrantedValue" }]);
    const notDue = await auditor.run();
    expect(auditor.observed(notDue).map(({ state }) => state)).toEqual(["carried"]);
  });

  test("NotReconciledInTime: runs that did not come are told by the next, and closed by the one after it", async () => {
    const world = await workers(1);
    const auditor = new Auditor(world);
    await auditor.run();
    world.now += 2 * DAY;
    const late = await auditor.run();
    expect(auditor.seen(late)).toMatchObject([{ class: "NotReconciledInTime", subject: "work_email" }]);
    world.now += DAY;
    const inTime = await auditor.run();
    expect(auditor.seen(inTime)).toEqual([]);
    expect(auditor.seen(inTime, "closed")).toHaveLength(1);
  });

  test("a schedule that is a little early skips nothing", () => {
    expect(isCadenceDue("P1D", undefined, START)).toBe(true);
    expect(isCadenceDue("P1D", START, START + DAY - HOUR)).toBe(true);
    expect(isCadenceDue("P1D", START, START + DAY - HOUR - 1)).toBe(false);
    expect(isCadenceDue("PT1H", START, START + HOUR - HOUR / 10 - 1)).toBe(false);
    expect(isOverdue("P1D", START, START + 30 * HOUR)).toBe(false);
    expect(isOverdue("P1D", START, START + 30 * HOUR + 1)).toBe(true);
  });
});

describe("systems that do not answer", () => {
  test("a field that the reader may not see counts as unread, and nobody is waited for", async () => {
    const world = await workers(2);
    const auditor = new Auditor(world);
    world.hris.onRead = () => ({ kind: "forbidden", detail: "not in the answer" });
    const runId = await auditor.run();
    expect(auditor.finished(runId)).toMatchObject({
      incomplete: ["work_email"],
      fields: { work_email: { compared: 0, unread: 2 } },
    });
    expect([auditor.seen(runId), auditor.waits]).toEqual([[], []]);
  });

  test("an invocation whose time is up stops between two records, and the next goes on there", async () => {
    const world = await workers(6);
    const auditor = new Auditor(world);
    auditor.settings = { ...auditor.settings, parts: 1, readsPerSecond: 0.01 };
    const handler = auditor.handler();
    const { runId } = await handler({ version: 1, step: "begin", execution: "run-a", input: {} });
    const part = { version: 1, step: "part", runId, part: 0 };
    const began = world.now;
    expect(await handler(part)).toMatchObject({ status: "more", waitSeconds: 0 });
    // A read in 100 seconds each: no new one after 200.
    expect(world.now - began).toBeLessThanOrEqual(300_000);
    const reads = world.hris.reads;
    for (let turn = 0; turn < 9 && (await handler(part)).status !== "done"; turn += 1) continue;
    await handler({ version: 1, step: "sessions", runId });
    await handler({ version: 1, step: "finish", runId });
    expect(world.hris.reads).toBeGreaterThan(reads);
    expect(auditor.finished(runId)?.fields["work_email"]).toMatchObject({ compared: 6, inSync: 6 });
  });

  test("one record is waited for, then counts as unread: the field is not reconciled, and its findings stay", async () => {
    const world = await workers(3);
    const auditor = new Auditor(world);
    auditor.settings = { ...auditor.settings, parts: 1 };
    world.hris.set("workEmail", null, "WD-90");
    await auditor.run();
    world.hris.set("workEmail", "worker.0@example.com", "WD-90");
    world.now += DAY;
    let asked = 0;
    const readField = world.hris.readField.bind(world.hris);
    world.hris.readField = (worker, field) => {
      if (worker !== "WD-91" || field !== "workEmail") return readField(worker, field);
      asked += 1;
      return Promise.resolve({ kind: "unavailable", detail: "no answer", retryAfterSeconds: 90 });
    };
    const runId = await auditor.run();
    expect([asked, auditor.waits]).toEqual([4, [90, 90, 90]]);
    expect(auditor.finished(runId)).toMatchObject({
      incomplete: ["work_email"],
      fields: { work_email: { compared: 2, unread: 1 } },
    });
    expect(auditor.observed(runId).map(({ state }) => state)).toEqual(["carried"]);
    expect(world.lines.filter(({ event }) => event === "reconciled")).toHaveLength(1);
    world.now += DAY;
    const later = await auditor.run();
    expect(auditor.seen(later)).toContainEqual(
      expect.objectContaining({ class: "NotReconciledInTime", subject: "work_email" }),
    );
  });

  test("an HRIS that is down is not asked for every record, and the ledger is still looked at", async () => {
    const world = await workers(9);
    plant(world);
    const auditor = new Auditor(world);
    auditor.settings = { ...auditor.settings, parts: 1 };
    let asked = 0;
    world.hris.onRead = () => {
      asked += 1;
      return { kind: "unavailable", detail: "down" };
    };
    const runId = await auditor.run();
    expect(auditor.waits).toEqual([60, 120, 240]);
    expect(asked).toBeLessThanOrEqual(8);
    expect(auditor.seen(runId).map((each) => each.class)).toContain("WrittenWithoutGrant");
    expect(auditor.finished(runId)?.fields["work_email"]).toMatchObject({ compared: 0, unread: 9 });
  });

  test("the HRIS is asked no faster than the settings say, whatever is found", async () => {
    const world = await workers(5);
    const auditor = new Auditor(world);
    auditor.settings = { ...auditor.settings, parts: 1, concurrency: 4, readsPerSecond: 2 };
    const at: number[] = [];
    world.hris.onRead = () => {
      at.push(world.now);
      return undefined;
    };
    await auditor.run();
    expect(at).toHaveLength(5);
    // Four parts at once share two reads in a second: each reads every two seconds.
    for (const [index, each] of at.slice(1).entries()) expect(each - at[index]!).toBeGreaterThanOrEqual(2_000);
  });
});

describe("the joint review of what does not end by itself", () => {
  const policy = parsePolicy(`${POLICY}exceptions:
  - { id: EX-1, field: manager, segment: merged-entity, allow: conditional, reason: "for the merger", approvedOn: 2026-10-20,
      approvedBy: { identity: u-1, hr-operations: u-2 }, expires: 2026-12-20 }
`);
  const day = (text: string): number => Date.parse(`${text}T12:00:00Z`);

  test("an exception is looked at in its last 14 days, by its field's owner and identity, and not after", () => {
    const ending = (at: string) => reviewPolicy(policy, day(at), 90).filter((each) => each.class === "ExceptionEnds");
    expect(ending("2026-12-05")).toEqual([]);
    expect(ending("2026-12-06")).toMatchObject([
      { field: "manager", owners: ["hr-operations", "identity"], endsAt: "2026-12-20T23:59:59.999Z" },
    ]);
    expect(ending("2026-12-20")).toHaveLength(1);
    expect(ending("2026-12-21")).toEqual([]);
  });

  test("conditional fields and exceptions come up once in a period, with who approves them", () => {
    const start = 231 * 90 * DAY;
    const at = (ms: number) => reviewPolicy(policy, ms, 90).filter((each) => each.class === "JointReview");
    expect(at(start - 1)).toEqual([]);
    const [first, last, next] = [at(start), at(start + 14 * DAY - 1), at(start + 90 * DAY)];
    expect(first.map(({ reason, field, groups }) => [reason, field, groups])).toEqual([
      ["Exception", "manager", undefined],
      ["ConditionalField", "cost_center", ["hr-ops-approvers", "payroll-approvers"]],
      ["ConditionalField", "manager", ["hr-ops-approvers"]],
    ]);
    expect(last).toEqual(first);
    expect(at(start + 14 * DAY)).toEqual([]);
    expect(next.map(({ subject }) => subject)).not.toContain(first[1]?.subject);
  });

  test("it is on record as a finding for them, and nothing is alarmed", async () => {
    const world = new World();
    world.now = 231 * 90 * DAY + HOUR;
    const auditor = new Auditor(world);
    const runId = await auditor.run();
    const reviews = auditor.observed(runId).map(({ finding }) => finding);
    expect(reviews.map(({ class: each, field }) => [each, field]).sort()).toEqual([
      ["JointReview", "cost_center"],
      ["JointReview", "manager"],
    ]);
    expect(auditor.finished(runId)?.forHumans).toBe(2);
    expect(world.lines.map(({ event }) => event)).toEqual(expect.arrayContaining(["review-due", "reconciled"]));
    expect(world.lines.filter(({ level }) => level === "error")).toEqual([]);
  });
});

function refill(world: World, tables: Pick<World["tables"], "ledger" | "control">): void {
  for (const name of ["ledger", "control"] as const) {
    world.tables[name].clear();
    for (const [id, item] of tables[name]) world.tables[name].set(id, item);
  }
}
