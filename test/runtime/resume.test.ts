import { APPROVER, joiner, OPERATORS_GROUP, World } from "./world";

const SYSTEM = "GET /system";
const RESUME = "POST /system/resume";

const operator = (subject: string, workerId: string) => ({
  issuer: APPROVER.issuer,
  subject,
  workerId,
  groups: [OPERATORS_GROUP],
});
const ADA = operator("u-ada", "WD-1");
const BEN = operator("u-ben", "WD-2");
const STOP = {
  pk: "switch",
  state: "stopped",
  stopId: "01J-STOP",
  stoppedAt: "2026-11-02T09:00:00.000Z",
  reason: "drill",
};
const TRIP = { pk: "breaker", state: "tripped", trippedAt: "2026-11-02T09:01:00.000Z" };
const TRIP_ID = `breaker-${TRIP.trippedAt}`;

function stopped(...items: readonly object[]) {
  const world = new World();
  world.seed("control", items);
  return world;
}

const agree = (world: World, person: object, what = "switch", id = STOP.stopId, more: object = {}) =>
  world.api(RESUME, person, { body: { what, id, reason: "the cause is mended", ...more } });

describe("how the system stands", () => {
  test("is told to operators: running, ok", async () => {
    expect((await stopped().api(SYSTEM, ADA)).json).toEqual({
      switch: { state: "running", agreed: [] },
      breaker: { state: "ok", agreed: [] },
    });
  });

  test("is told to operators: what was stopped, when, why, and who agreed", async () => {
    const world = stopped(STOP, TRIP);
    await agree(world, ADA);
    expect((await world.api(SYSTEM, BEN)).json).toEqual({
      switch: {
        state: "stopped",
        stopId: STOP.stopId,
        stoppedAt: STOP.stoppedAt,
        reason: "drill",
        agreed: [{ issuer: ADA.issuer, subject: "u-ada", at: "2026-11-02T09:05:00.000Z" }],
      },
      breaker: { state: "tripped", id: TRIP_ID, trippedAt: TRIP.trippedAt, agreed: [] },
    });
  });

  test("without its items is stopped and tripped", async () => {
    const world = stopped();
    world.tables.control.clear();
    expect((await world.api(SYSTEM, ADA)).json).toEqual({
      switch: { state: "stopped", agreed: [] },
      breaker: { state: "tripped", agreed: [] },
    });
  });

  test("is told also while an apply of the policy is under way", async () => {
    const world = stopped(STOP);
    world.tables.classification.clear();
    expect((await world.api(SYSTEM, ADA)).statusCode).toBe(200);
    expect((await agree(world, ADA)).statusCode).toBe(200);
  });

  test("is nobody else's business", async () => {
    const world = stopped(STOP);
    expect(await world.api(SYSTEM, APPROVER)).toMatchObject({ statusCode: 403, json: { code: "NotAnOperator" } });
  });
});

describe("a resume", () => {
  test.each([
    ["switch", STOP.stopId],
    ["breaker", TRIP_ID],
  ] as const)("of the %s needs two people, and is theirs on record", async (what, id) => {
    const world = stopped(STOP, TRIP);
    const item = () => world.control(what);
    const before = item();
    expect((await agree(world, ADA, what, id)).json).toEqual({ agreed: 1, needed: 2, resumed: false });
    expect(item()).toEqual(before);
    expect((await agree(world, BEN, what, id)).json).toEqual({ agreed: 2, needed: 2, resumed: true });
    expect(item()).toEqual({ pk: what, state: what === "switch" ? "running" : "ok" });
    const kept = world.itemsOf("ledger", "system-resume");
    expect(kept.map(({ sk }) => String(sk).replace(/#agree#[0-9a-f]{64}$/, "#agree#…")).sort()).toEqual([
      `${id}#agree#…`,
      `${id}#agree#…`,
      `${id}#resumed`,
    ]);
    expect(world.ledger("system-resume", `${id}#resumed`)).toMatchObject({
      what,
      stopId: id,
      agreed: expect.arrayContaining([
        { issuer: ADA.issuer, subject: "u-ada" },
        { issuer: BEN.issuer, subject: "u-ben" },
      ]) as unknown,
      resumedAt: "2026-11-02T09:05:00.000Z",
    });
    for (const agreement of kept.filter(({ sk }) => String(sk).includes("#agree#"))) {
      expect(agreement).toMatchObject({ what, reason: "the cause is mended", workerId: expect.any(String) as string });
    }
  });

  test("of the switch leaves the breaker alone, and the other way round", async () => {
    const world = stopped(STOP, TRIP);
    await agree(world, ADA);
    await agree(world, BEN);
    expect(world.control("breaker")).toEqual(TRIP);
    const other = stopped(STOP, TRIP);
    await agree(other, ADA, "breaker", TRIP_ID);
    await agree(other, BEN, "breaker", TRIP_ID);
    expect(other.control("switch")).toEqual(STOP);
    expect(other.undone).toEqual([]);
  });

  test("by one person, however often and from however many accounts, is one", async () => {
    const world = stopped(STOP);
    await agree(world, ADA);
    expect((await agree(world, ADA)).json).toEqual({ agreed: 1, needed: 2, resumed: false });
    const other = { ...operator("u-ada-admin", " wd-1 ") };
    expect(await agree(world, other)).toMatchObject({ statusCode: 403, json: { code: "SamePerson" } });
    expect(world.control("switch")).toEqual(STOP);
  });

  test("by one person's two accounts at the same moment is one", async () => {
    const world = stopped(STOP);
    const answers = await Promise.all([agree(world, ADA), agree(world, operator("u-ada-admin", "wd-1"))]);
    expect(answers.map(({ json }) => json["resumed"])).not.toContain(true);
    expect(world.control("switch")).toEqual(STOP);
  });

  test("by two people at the same moment is done once", async () => {
    const world = stopped(STOP);
    const answers = await Promise.all([agree(world, ADA), agree(world, BEN)]);
    expect(answers.every(({ statusCode }) => statusCode === 200)).toBe(true);
    expect(answers.map(({ json }) => json["resumed"])).toContain(true);
    expect(world.control("switch")).toEqual({ pk: "switch", state: "running" });
    expect(world.lines.filter(({ event }) => event === "system-resumed")).toHaveLength(1);
  });

  test.each([
    ["who is no operator", APPROVER, "NotAnOperator"],
    ["whose token does not say who they are in the HRIS", { ...BEN, workerId: undefined }, "WorkerIdMissing"],
  ])("is refused to %s, and somebody hears of it", async (_name, person, code) => {
    const world = stopped(STOP);
    await agree(world, ADA);
    expect(await agree(world, person)).toMatchObject({ statusCode: 403, json: { code } });
    expect(world.control("switch")).toEqual(STOP);
    expect(world.lines).toContainEqual(expect.objectContaining({ level: "error", event: "resume-refused", code }));
    const { issuer, subject, workerId } = person;
    expect(world.itemsOf("ledger", "refusal#")).toEqual([
      {
        pk: "refusal#system-resume",
        sk: expect.any(String) as string,
        code,
        what: "switch",
        stopId: STOP.stopId,
        caller: { issuer, subject },
        ...(workerId === undefined ? {} : { workerId }),
        refusedAt: "2026-11-02T09:05:00.000Z",
      },
    ]);
  });

  test("that is refused stays refused where the record of it fails, and the log tells", async () => {
    const world = stopped(STOP);
    const probe = world.probes.approvals;
    const run = probe.run.bind(probe);
    probe.run = (effect) => (world.lines.length > 0 ? Promise.reject(new Error("not now")) : run(effect));
    expect(await agree(world, APPROVER)).toMatchObject({ statusCode: 403, json: { code: "NotAnOperator" } });
    expect(world.lines.filter(({ level }) => level === "error").map(({ event }) => event)).toEqual([
      "resume-refused",
      "approvals-refused",
    ]);
  });

  test("to a stop of before is refused, and its agreements count for no other stop", async () => {
    const world = stopped(STOP);
    await agree(world, ADA);
    world.seed("control", [{ ...STOP, stopId: "01J-NEXT" }]);
    expect(await agree(world, BEN)).toMatchObject({ statusCode: 409, json: { code: "AnotherStop" } });
    expect((await agree(world, BEN, "switch", "01J-NEXT")).json).toMatchObject({ agreed: 1, resumed: false });
  });

  test("does not set back a stop that came between the agreement and the end of the one before", async () => {
    const world = stopped(STOP);
    await agree(world, ADA);
    const probe = world.probes.approvals;
    const run = probe.run.bind(probe);
    const next = { ...STOP, stopId: "01J-NEXT" };
    probe.run = async (effect) => {
      // After the second agreement is on record, before the transaction.
      if (world.itemsOf("ledger", "system-resume").length === 2) world.seed("control", [next]);
      return run(effect);
    };
    expect(await agree(world, BEN)).toMatchObject({ statusCode: 409, json: { code: "AnotherStop" } });
    expect(world.control("switch")).toEqual(next);
    expect(world.ledger("system-resume", `${STOP.stopId}#resumed`)).toBeUndefined();
  });

  test("of a stop without an id is refused: an agreement would outlive it", async () => {
    const world = stopped({ pk: "switch", state: "stopped" });
    expect(await agree(world, ADA)).toMatchObject({ statusCode: 409, json: { code: "StopUnnamed" } });
    const gone = stopped();
    gone.tables.control.clear();
    expect(await agree(gone, ADA, "breaker", TRIP_ID)).toMatchObject({ json: { code: "StopUnnamed" } });
  });

  test("of what runs is refused", async () => {
    const world = stopped();
    expect(await agree(world, ADA)).toMatchObject({ statusCode: 409, json: { code: "AnotherStop" } });
    expect(world.itemsOf("ledger", "system-resume")).toEqual([]);
  });

  test.each([
    ["nothing to resume", { what: "everything" }],
    ["no reason", { reason: " " }],
    ["an id that reaches into other records", { id: "x#resumed" }],
    ["another member", { person: "u-1" }],
  ])("is refused for %s", async (_name, more) => {
    const world = stopped(STOP);
    expect((await agree(world, ADA, "switch", STOP.stopId, more)).statusCode).toBe(400);
    expect(world.itemsOf("ledger", "system-resume")).toEqual([]);
  });

  test("starts the kill switch's own undoing, and again after a crash between the two", async () => {
    const clean = stopped(STOP);
    await agree(clean, ADA);
    const before = clean.probes.approvals.calls;
    await agree(clean, BEN);
    const calls = clean.probes.approvals.calls - before;
    expect(clean.undone).toEqual([
      { name: `undo-${STOP.stopId}`, input: { version: 1, action: "undo", stopId: STOP.stopId } },
    ]);
    expect(calls).toBeGreaterThan(5);
    for (let call = 1; call <= calls; call += 1) {
      for (const moment of ["before", "after"] as const) {
        const world = stopped(STOP);
        await agree(world, ADA);
        const probe = world.probes.approvals;
        probe.fault = { call: probe.calls + call, moment, how: "dies" };
        await agree(world, BEN);
        probe.revive();
        expect((await agree(world, BEN)).json).toEqual({ agreed: 2, needed: 2, resumed: true });
        expect(world.control("switch")).toEqual({ pk: "switch", state: "running" });
        expect(new Set(world.undone.map(({ name }) => name))).toEqual(new Set([`undo-${STOP.stopId}`]));
      }
    }
  });

  test("lets writes begin again: a breaker that was agreed to counts anew", async () => {
    const world = new World();
    const limit = 200;
    world.seed("control", [{ pk: "breaker-count#hour#2026-11-02T09", count: limit }]);
    expect((await world.write("work_email", "new.hire@example.com")).outcome).not.toBe("applied");
    const { trippedAt } = world.control("breaker") as { trippedAt?: string };
    world.now = Date.parse("2026-11-02T09:50:00Z");
    const id = `breaker-${trippedAt ?? ""}`;
    await agree(world, ADA, "breaker", id);
    await agree(world, BEN, "breaker", id);
    await world.take(joiner([{ field: "desk", value: "2B" }], { requestId: "r-2" }));
    expect((await world.runChange("desk", { requestId: "r-2" })).outcome).toBe("applied");
  });
});
