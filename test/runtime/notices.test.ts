import { PAYROLL } from "./waiting";
import { APPROVER, joiner, WORKER, World } from "./world";

const LIST = "GET /notices";
const READ = "GET /notices/{requestId}/{index}";
const ACKNOWLEDGE = "POST /notices/{requestId}/{index}";

const CONTRACTOR = { worker: { id: WORKER, attributes: { worker_type: "contingent", legal_entity: "acme-uk" } } };
const PLACE = { requestId: "r-1", index: 0, field: "manager" };

/** A proposed fact about a contractor: nothing is written, and the field's owner hears of it. */
async function noticed(field = "manager", value = "WD-500") {
  const world = new World();
  world.hris.set("employment_type", "contingent");
  expect((await world.write(field, value, CONTRACTOR)).outcome).toBe("notified");
  return world;
}

describe("a notified fact", () => {
  test("is filed for the field's owner, without its value", async () => {
    const world = await noticed();
    expect(world.control("inbox#r-1#0")).toEqual({
      pk: "inbox#r-1#0",
      ...PLACE,
      owner: "hr-operations",
      noticedAt: "2026-11-02T09:05:00.000Z",
      queue: "inbox",
      dueAt: "2026-11-02T09:05:00.000Z",
    });
  });

  test("is filed also where only the systems say who the worker is", async () => {
    const world = new World();
    world.hris.set("employment_type", "contingent");
    expect((await world.write("manager", "WD-500")).outcome).toBe("notified");
    expect(world.control("inbox#r-1#0")).toMatchObject({ field: "manager", queue: "inbox" });
  });

  test("is filed by the sweeper where the workflow ended without a word", async () => {
    const world = new World();
    world.hris.set("employment_type", "contingent");
    await world.take(joiner([{ field: "manager", value: "WD-500" }], CONTRACTOR));
    world.started.push({ name: "r-1", input: {} });
    world.ended.add("r-1");
    world.now += 2 * 3_600_000;
    await world.sweeper();
    expect(world.outcome()).toBe("notified");
    expect(world.control("inbox#r-1#0")).toMatchObject({ field: "manager", queue: "inbox" });
  });

  test("is filed however often its end is announced, and comes back for nobody who acknowledged it", async () => {
    const world = await noticed();
    await world.api(ACKNOWLEDGE, APPROVER);
    await world.announce({ version: 1, ...PLACE });
    expect((await world.api(LIST, APPROVER)).json).toEqual({ notices: [] });
  });

  test("is filed wherever the announcement was cut off, and there before the event", async () => {
    const clean = await noticed();
    const calls = clean.probes.announce.calls;
    for (let call = 1; call <= calls; call += 1) {
      for (const moment of ["before", "after"] as const) {
        const world = new World();
        world.hris.set("employment_type", "contingent");
        world.probes.announce.fault = { call, moment, how: "dies" };
        await world.take(joiner([{ field: "manager", value: "WD-500" }], CONTRACTOR));
        const inspection = await world.inspect({ version: 1, ...PLACE, phase: "first" });
        const scope = { version: 1, ...PLACE, inspection };
        await world.announce(scope).catch(() => undefined);
        world.probes.announce.revive();
        if (world.events.length > 0) expect(world.control("inbox#r-1#0")).toBeDefined();
        await world.announce(scope);
        expect(world.control("inbox#r-1#0")).toBeDefined();
      }
    }
  });

  test.each([
    ["a change that is denied", "base_salary", 1],
    ["a change that is written", "desk", "2B"],
  ])("is not %s", async (_name, field, value) => {
    const world = new World();
    await world.write(field, value);
    expect(world.itemsOf("control", "inbox#")).toEqual([]);
  });
});

describe("the inbox", () => {
  test("lists to each group what its owner must read, and no value", async () => {
    const world = await noticed();
    const listed = await world.api(LIST, APPROVER);
    expect(listed.json).toEqual({ notices: [{ ...PLACE, noticedAt: "2026-11-02T09:05:00.000Z" }] });
    expect((await world.api(LIST, PAYROLL)).json).toEqual({ notices: [] });
  });

  test("shows the fact to the owner of the field alone", async () => {
    const world = await noticed();
    const shown = await world.api(READ, APPROVER);
    expect(shown).toMatchObject({ statusCode: 200, headers: { "cache-control": "no-store" } });
    expect(shown.json).toMatchObject({
      ...PLACE,
      status: "waiting",
      owner: "hr-operations",
      reason: "SegmentNotifyOnly",
      worker: { id: WORKER },
      value: "WD-500",
      event: "joiner.provisioned",
      source: "identity.joiner",
      consequence: "nothing",
      acknowledgements: [],
    });
    const refused = await world.api(READ, PAYROLL);
    expect(refused).toMatchObject({ statusCode: 403, json: { code: "NotTheOwner" } });
    expect(refused.body).not.toContain("WD-500");
  });

  test.each([
    ["r-2", "0"],
    ["r-1", "1"],
    ["r-1", "x"],
  ])("knows no other: %s/%s", async (requestId, index) => {
    const world = await noticed();
    for (const route of [READ, ACKNOWLEDGE]) {
      expect((await world.api(route, APPROVER, { requestId, index })).statusCode).toBe(404);
    }
  });

  test("is emptied by an acknowledgement, which is on record; nothing is written", async () => {
    const world = await noticed();
    expect((await world.api(ACKNOWLEDGE, APPROVER)).json).toEqual({ acknowledged: true });
    expect((await world.api(LIST, APPROVER)).json).toEqual({ notices: [] });
    expect(world.itemsOf("ledger", "acknowledged#")).toEqual([
      {
        pk: "acknowledged#r-1#0",
        sk: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        field: "manager",
        acknowledger: { issuer: APPROVER.issuer, subject: APPROVER.subject },
        workerId: APPROVER.workerId,
        policyDigest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        acknowledgedAt: "2026-11-02T09:05:00.000Z",
      },
    ]);
    expect(world.hris.writes).toEqual([]);
    expect(world.control("inbox#r-1#0")).not.toHaveProperty("queue");
    expect((await world.api(READ, APPROVER)).json).toMatchObject({
      status: "acknowledged",
      acknowledgements: [{ acknowledger: { subject: APPROVER.subject } }],
    });
  });

  test("takes the same acknowledgement again, and keeps the first", async () => {
    const world = await noticed();
    await world.api(ACKNOWLEDGE, APPROVER);
    world.now += 60_000;
    expect((await world.api(ACKNOWLEDGE, APPROVER)).json).toEqual({ acknowledged: true });
    expect(world.itemsOf("ledger", "acknowledged#")).toMatchObject([{ acknowledgedAt: "2026-11-02T09:05:00.000Z" }]);
  });

  test("is finished by the same acknowledgement after a crash anywhere", async () => {
    const clean = await noticed();
    await clean.api(ACKNOWLEDGE, APPROVER);
    for (let call = 1; call <= clean.probes.approvals.calls; call += 1) {
      for (const moment of ["before", "after"] as const) {
        const world = await noticed();
        world.probes.approvals.fault = { call, moment, how: "dies" };
        await world.api(ACKNOWLEDGE, APPROVER);
        world.probes.approvals.revive();
        expect((await world.api(ACKNOWLEDGE, APPROVER)).json).toEqual({ acknowledged: true });
        expect(world.control("inbox#r-1#0")).not.toHaveProperty("queue");
        expect(world.itemsOf("ledger", "acknowledged#")).toHaveLength(1);
      }
    }
  });

  test("is closed to who does not own the field", async () => {
    const world = await noticed();
    expect(await world.api(ACKNOWLEDGE, PAYROLL)).toMatchObject({ statusCode: 403, json: { code: "NotTheOwner" } });
    expect(world.itemsOf("ledger", "acknowledged#")).toEqual([]);
    expect((await world.api(LIST, APPROVER)).json).toMatchObject({ notices: [{ requestId: "r-1" }] });
  });
});
