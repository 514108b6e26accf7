import { allWaiting, PAYROLL, SECOND, waiting } from "./waiting";
import { APPROVER, joiner, WORKER, World } from "./world";

const READ = "GET /approvals/{requestId}/{index}";
const REQUEST = "GET /approvals/{requestId}";
const DECIDE = "POST /approvals/{requestId}/{index}";
const SEVERAL = "POST /approvals/{requestId}";

const TWO = [
  { field: "manager", value: "WD-500" },
  { field: "cost_center", value: "CC-2" },
];
const BOTH = { ...APPROVER, groups: ["hr-ops-approvers", "payroll-approvers"] };
const several = (digests: readonly string[], more: object = {}) => ({
  decision: "approve",
  changes: digests.map((digest, index) => ({ index, digest })),
  ...more,
});

describe("a request, whole", () => {
  test("shows every change that the caller may read, in order", async () => {
    const { world } = await allWaiting(TWO);
    const shown = await world.api(REQUEST, APPROVER);
    expect(shown).toMatchObject({ statusCode: 200, headers: { "cache-control": "no-store" } });
    expect(shown.json).toMatchObject({
      requestId: "r-1",
      changes: [
        { index: 0, field: "manager", to: "WD-500", mayDecide: true, consequence: "written" },
        { index: 1, field: "cost_center", to: "CC-2", mayDecide: true },
      ],
    });
    expect((await world.api(REQUEST, PAYROLL)).json).toMatchObject({ changes: [{ index: 1 }] });
  });

  test("is each change as it is shown alone", async () => {
    const { world } = await allWaiting(TWO);
    const { json } = await world.api(REQUEST, APPROVER);
    for (const index of ["0", "1"]) {
      expect((await world.api(READ, APPROVER, { index })).json).toEqual(
        (json["changes"] as readonly object[])[Number(index)],
      );
    }
  });

  test("is refused to who may read none of its changes, and says nothing of values", async () => {
    const { world } = await allWaiting(TWO);
    const refused = await world.api(REQUEST, { ...APPROVER, groups: ["iam-approvers"] });
    expect(refused).toMatchObject({ statusCode: 403, json: { code: "NotAnApprover" } });
    expect(refused.body).not.toMatch(/WD-500|CC-2/);
  });

  test.each(["r-2", "../r-1"])("is not found where it is not there: %s", async (requestId) => {
    const { world } = await allWaiting(TWO);
    expect(await world.api(REQUEST, APPROVER, { requestId })).toMatchObject({
      statusCode: 404,
      json: { code: "NoSuchChange" },
    });
  });

  test("of a dry run says that nothing will be written, and that nobody decides", async () => {
    const world = new World();
    await world.take(joiner([{ field: "manager", value: "WD-500" }], { dryRun: true }));
    await world.inspect({ version: 1, requestId: "r-1", index: 0, field: "manager", phase: "first" });
    expect((await world.api(REQUEST, APPROVER)).json).toMatchObject({
      changes: [{ consequence: "planned", mayDecide: false, mayNotBecause: { code: "NotWaiting" } }],
    });
  });
});

describe("whether the reader may decide is said beforehand", () => {
  const view = async (world: World, person: object) => {
    const { json } = await world.api(READ, person);
    return { may: json["mayDecide"], because: (json["mayNotBecause"] as { code: string } | undefined)?.code };
  };

  test.each<[string, object, string | undefined, object]>([
    ["an approver", APPROVER, undefined, {}],
    ["a token without a worker id", { ...APPROVER, workerId: undefined }, "WorkerIdMissing", {}],
    ["the worker", { ...APPROVER, workerId: WORKER }, "ApproverIsWorker", {}],
    ["who asked", APPROVER, "SelfApproval", { initiator: { kind: "automation", id: APPROVER.subject } }],
    [
      "anybody, where the event does not say who asked",
      APPROVER,
      "InitiatorUnidentified",
      { initiator: { kind: "human", id: "portal", intent: "x" } },
    ],
  ])("%s", async (_name, person, because, detail) => {
    const { world, digest } = await waiting("manager", "WD-500", detail);
    expect(await view(world, person)).toEqual({ may: because === undefined, because });
    // And a decision says the same.
    const decided = await world.decideAs(person, "approve", digest);
    expect(decided.json["code"]).toBe(because);
  });

  test("the owner who is not asked may read and not decide", async () => {
    const { world } = await waiting("work_email", "new.hire@example.com", {
      worker: { id: WORKER, attributes: { worker_type: "employee", legal_entity: "acme-de" } },
      initiator: { kind: "agent", id: "bot", intent: "hire" },
    });
    expect((await world.api(READ, APPROVER)).statusCode).toBe(403);
    const { world: other } = await waiting("cost_center", "CC-2");
    expect(await view(other, PAYROLL)).toEqual({ may: true, because: undefined });
  });

  test("after one's own decision, another's, the wait's end and its expiry", async () => {
    const { world, digest } = await waiting("cost_center", "CC-2");
    await world.decideAs(APPROVER, "approve", digest);
    expect(await view(world, APPROVER)).toEqual({ may: false, because: "AlreadyDecided" });
    expect(await view(world, { ...PAYROLL, workerId: "wd-77" })).toEqual({ may: false, because: "SamePerson" });
    expect(await view(world, PAYROLL)).toEqual({ may: true, because: undefined });
    world.now += 86_400_001;
    expect(await view(world, PAYROLL)).toEqual({ may: false, because: "ApprovalExpired" });

    const done = await waiting();
    await done.world.decideAs(APPROVER, "approve", done.digest);
    expect(await view(done.world, SECOND)).toEqual({ may: false, because: "NotWaiting" });
    await done.world.announce({ ...done.place, failure: { Error: "States.TaskFailed" } });
    expect(await view(done.world, SECOND)).toEqual({ may: false, because: "ChangeEnded" });
  });
});

describe("a denial", () => {
  test.each([undefined, "", "   \n"])("without a reason is refused, and nothing is recorded: %j", async (reason) => {
    const { world, digest } = await waiting();
    const body = { decision: "deny", digest, reason };
    expect(await world.api(DECIDE, APPROVER, { body })).toMatchObject({
      statusCode: 400,
      json: { code: "ReasonMissing" },
    });
    const many = several([digest], { decision: "deny", reason });
    expect((await world.api(SEVERAL, APPROVER, { body: many })).json).toMatchObject({ code: "ReasonMissing" });
    expect(world.itemsOf("ledger", "approval#")).toEqual([]);
    expect(world.tokens).toEqual([]);
  });
});

describe("several changes at once", () => {
  test("are decided each by itself, in the order asked", async () => {
    const { world, digests } = await allWaiting(TWO);
    const decided = await world.api(SEVERAL, BOTH, { body: several([...digests], { reason: "seen both" }) });
    expect(decided).toMatchObject({ statusCode: 200 });
    expect(decided.json).toEqual({
      results: [
        { index: 0, complete: true },
        { index: 1, complete: false },
      ],
    });
    expect(world.tokens.map(({ token }) => token)).toEqual(["token-1"]);
    for (const index of [0, 1]) {
      expect(world.itemsOf("ledger", `approval#r-1#${String(index)}`)).toMatchObject([
        { decision: "approve", digest: digests[index], reason: "seen both" },
      ]);
    }
  });

  test("are denied together for one reason", async () => {
    const { world, digests } = await allWaiting(TWO);
    const body = several(digests, { decision: "deny", reason: "wrong person" });
    expect((await world.api(SEVERAL, BOTH, { body })).json).toEqual({
      results: [
        { index: 0, complete: true },
        { index: 1, complete: true },
      ],
    });
  });

  test("one that is refused keeps none of the others back, and says why", async () => {
    const { world, digests } = await allWaiting(TWO);
    const body = several(["f".repeat(64), digests[1]!]);
    expect((await world.api(SEVERAL, BOTH, { body })).json).toMatchObject({
      results: [
        { index: 0, problem: { code: "DigestMismatch", title: expect.any(String) as string } },
        { index: 1, complete: false },
      ],
    });
    expect((await world.api(SEVERAL, PAYROLL, { body: several(digests) })).json).toMatchObject({
      results: [{ problem: { code: "NotAnApprover" } }, { complete: true }],
    });
  });

  test("again are answered the same", async () => {
    const { world, digests } = await allWaiting(TWO);
    const body = several(digests);
    const first = await world.api(SEVERAL, BOTH, { body });
    expect((await world.api(SEVERAL, BOTH, { body })).json).toEqual(first.json);
    expect(world.itemsOf("ledger", "approval#")).toHaveLength(2);
  });

  test("that cannot be read now say so one by one", async () => {
    const { world, digests } = await allWaiting(TWO);
    world.probes.approvals.fault = { call: world.probes.approvals.calls + 4, moment: "before", how: "fails" };
    const { json } = await world.api(SEVERAL, BOTH, { body: several(digests) });
    expect(json).toMatchObject({ results: [{ problem: { code: expect.any(String) as string } }, { complete: false }] });
    expect(world.lines).toContainEqual(expect.objectContaining({ level: "error", event: "approvals-refused" }));
  });

  test.each([
    ["none", { decision: "approve", changes: [] }],
    ["one twice", { decision: "approve", changes: [0, 0].map((index) => ({ index, digest: "a".repeat(64) })) }],
    ["one beyond all places", { decision: "approve", changes: [{ index: 1_000, digest: "a".repeat(64) }] }],
    ["more than a request can hold", several(Array.from({ length: 101 }, () => "a".repeat(64)))],
    ["a digest for all", { decision: "approve", digest: "a".repeat(64), changes: [{ index: 0 }] }],
  ])("are refused where they are %s", async (_name, body) => {
    const { world } = await allWaiting(TWO);
    expect(await world.api(SEVERAL, BOTH, { body })).toMatchObject({
      statusCode: 400,
      json: { code: "MalformedBody" },
    });
  });

  test("as many as a request can hold fit into one body", async () => {
    const { world } = await allWaiting(TWO);
    const body = several(
      Array.from({ length: 100 }, () => "a".repeat(64)),
      { reason: "x".repeat(1_024) },
    );
    expect((await world.api(SEVERAL, BOTH, { body })).statusCode).toBe(200);
  });
});

describe("what is refused of a decision", () => {
  const refusals = (world: World) => world.itemsOf("ledger", "refusal#");
  const alarms = (world: World) =>
    world.lines.filter(({ level, event }) => level === "error" && event === "decision-refused");

  test.each<readonly [string, string, (world: World, digest: string) => Promise<unknown>]>([
    ["a forged digest", "DigestMismatch", (world) => world.decideAs(APPROVER, "approve", "f".repeat(64))],
    ["a foreign group", "NotAnApprover", (world, digest) => world.decideAs(PAYROLL, "approve", digest)],
    [
      "a decision after expiry",
      "ApprovalExpired",
      (world, digest) => {
        world.now += 86_400_001;
        return world.decideAs(APPROVER, "approve", digest);
      },
    ],
    [
      "a second decision by the same person",
      "AlreadyDecided",
      async (world, digest) => {
        await world.decideAs(APPROVER, "approve", digest);
        return world.decideAs(APPROVER, "deny", digest);
      },
    ],
    [
      "a decision on a wait that is over",
      "NotWaiting",
      async (world, digest) => {
        await world.decideAs(APPROVER, "approve", digest);
        return world.decideAs(SECOND, "approve", digest);
      },
    ],
    [
      "a decision on one's own record",
      "ApproverIsWorker",
      (world, digest) => world.decideAs({ ...APPROVER, workerId: WORKER }, "approve", digest),
    ],
  ])("goes on record and into the log as an error: %s", async (_name, code, attempt) => {
    const { world, digest } = await waiting();
    await attempt(world, digest);
    expect(refusals(world)).toEqual([
      expect.objectContaining({ pk: "refusal#r-1#0", code, refusedAt: expect.any(String) as string }),
    ]);
    expect(refusals(world)[0]).toMatchObject({
      caller: { issuer: APPROVER.issuer, subject: expect.any(String) as string },
      digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      policyDigest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    expect(alarms(world)).toEqual([expect.objectContaining({ requestId: "r-1", index: 0, code })]);
  });

  test("is recorded each time, also among several changes", async () => {
    const { world, digests } = await allWaiting(TWO);
    for (let time = 0; time < 2; time += 1) {
      await world.api(SEVERAL, APPROVER, { body: several(["f".repeat(64), digests[1]!]) });
    }
    expect(refusals(world).map(({ pk }) => pk)).toEqual(["refusal#r-1#0", "refusal#r-1#0"]);
  });

  test("is no record where nobody tried to decide: not there, malformed, repeated, or only looked at", async () => {
    const { world, digest } = await waiting();
    await world.api(DECIDE, APPROVER, { requestId: "r-9", body: { decision: "approve", digest } });
    await world.api(DECIDE, APPROVER, { body: { decision: "maybe" } });
    await world.api(READ, PAYROLL);
    await world.decideAs(APPROVER, "approve", digest);
    await world.decideAs(APPROVER, "approve", digest);
    expect(refusals(world)).toEqual([]);
    expect(alarms(world)).toEqual([]);
  });

  test("stays refused where the record of it fails, and the log tells", async () => {
    const { world } = await waiting();
    const probe = world.probes.approvals;
    const run = probe.run.bind(probe);
    const isRefusal = () => alarms(world).length > 0;
    probe.run = (effect) => (isRefusal() ? Promise.reject(new Error("not now")) : run(effect));
    expect(await world.decideAs(APPROVER, "approve", "f".repeat(64))).toMatchObject({
      statusCode: 409,
      json: { code: "DigestMismatch" },
    });
    expect(world.lines).toContainEqual(expect.objectContaining({ level: "error", event: "approvals-refused" }));
  });
});

describe("a body", () => {
  test.each([undefined, "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])(
    "that does not say it is JSON is not read: %s",
    async (type) => {
      const { world, digest } = await waiting();
      const body = { decision: "approve", digest };
      const refused = await world.api(DECIDE, APPROVER, { body, headers: { "content-type": type } });
      expect(refused).toMatchObject({ statusCode: 415, json: { code: "NotJson" } });
      expect(world.itemsOf("ledger", "approval#")).toEqual([]);
    },
  );

  test("may name its character set", async () => {
    const { world, digest } = await waiting();
    const headers = { "content-type": "application/json; charset=utf-8" };
    const decided = await world.api(DECIDE, APPROVER, { body: { decision: "approve", digest }, headers });
    expect(decided.statusCode).toBe(200);
  });
});
