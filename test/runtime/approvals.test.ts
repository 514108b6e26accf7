import { groupsOf } from "../../src/runtime/approvals/caller";
import { httpApiEventSchema } from "../../src/runtime/http-api";
import type { ApprovalItem } from "../../src/runtime/ledger";
import type { ConnectorInput } from "../../src/runtime/payloads";
import { tokenClaims } from "../../src/runtime/token-claims";
import { PAYROLL, SECOND, waiting } from "./waiting";
import { APPROVER, WORKER, World } from "./world";

const LIST = "GET /approvals";
const READ = "GET /approvals/{requestId}/{index}";
const DECIDE = "POST /approvals/{requestId}/{index}";

describe("who sees what", () => {
  test("a list shows what waits for the caller's groups, and no value", async () => {
    const { world, digest } = await waiting();
    const listed = await world.api(LIST, APPROVER);
    expect(listed.json).toEqual({
      waiting: [
        {
          requestId: "r-1",
          index: 0,
          field: "manager",
          digest,
          groups: ["hr-ops-approvers"],
          expiresAt: "2026-11-03T09:05:00.000Z",
        },
      ],
    });
    expect((await world.api(LIST, PAYROLL)).json).toEqual({ waiting: [] });
  });

  describe("among the waits of other groups", () => {
    const others = (count: number, groups: readonly string[]) =>
      Array.from({ length: count }, (_, index) => ({
        pk: `task#other-${String(index)}#0`,
        requestId: `other-${String(index)}`,
        index: 0,
        digest: "a".repeat(64),
        field: "manager",
        groups,
        queue: "approval",
        encryptedToken: "x",
        filedAt: "2026-11-02T09:05:00.000Z",
        expiresAt: "2026-11-02T10:00:00.000Z",
        dueAt: "2026-11-02T10:00:00.000Z",
      }));

    test("a list finds the caller's behind many others", async () => {
      const { world } = await waiting();
      world.seed("control", others(1_700, ["payroll-approvers"]));
      const { json } = await world.api(LIST, APPROVER);
      expect(json).toMatchObject({ waiting: [{ requestId: "r-1" }] });
      expect(json).not.toHaveProperty("truncated");
    });

    test("a list says when there were more than it looks through", async () => {
      const { world } = await waiting();
      world.seed("control", others(5_000, ["payroll-approvers"]));
      expect((await world.api(LIST, APPROVER)).json).toEqual({ waiting: [], truncated: true });
    });

    test("a list says when it shows only the first of the caller's", async () => {
      const { world } = await waiting();
      world.seed("control", others(250, ["hr-ops-approvers"]));
      const { json } = await world.api(LIST, APPROVER);
      expect(json["waiting"]).toHaveLength(200);
      expect(json["truncated"]).toBe(true);
    });
  });

  test("an approver sees the exact change, and no cache keeps it", async () => {
    const { world, digest } = await waiting();
    const shown = await world.api(READ, APPROVER);
    expect(shown.statusCode).toBe(200);
    expect(shown.headers).toMatchObject({ "cache-control": "no-store", "content-type": "application/json" });
    expect(shown.json).toMatchObject({
      status: "waiting",
      field: "manager",
      from: "WD-1",
      to: "WD-500",
      digest,
      worker: { id: WORKER },
      owner: "hr-operations",
      checked: "exists-in-source: hris",
      decisions: [],
    });
  });

  test("the owner of a field reads its changes and does not decide where another group is asked", async () => {
    const { world, digest } = await waiting("cost_center", "CC-2");
    const owner = { ...PAYROLL };
    expect((await world.api(READ, owner)).statusCode).toBe(200);
    const { world: other, digest: raised } = await waiting("work_email", "new.hire@example.com", {
      worker: { id: WORKER, attributes: { worker_type: "employee", legal_entity: "acme-de" } },
    });
    expect((await other.api(READ, APPROVER)).statusCode).toBe(403);
    expect((await other.decideAs(APPROVER, "approve", raised)).json).toMatchObject({ code: "NotAnApprover" });
    expect((await world.decideAs(owner, "approve", digest)).json).toMatchObject({ complete: false });
  });

  test("refuses who is in none of the groups, and says nothing of values", async () => {
    const { world, digest } = await waiting();
    for (const response of [await world.api(READ, PAYROLL), await world.decideAs(PAYROLL, "approve", digest)]) {
      expect(response).toMatchObject({ statusCode: 403, json: { code: "NotAnApprover", status: 403 } });
      expect(response.headers["content-type"]).toBe("application/problem+json");
      expect(response.body).not.toContain("WD-500");
    }
  });

  test("refuses a caller without issuer or subject", async () => {
    const { world } = await waiting();
    for (const person of [
      undefined,
      { groups: ["hr-ops-approvers"] },
      { subject: "u-1", groups: ["hr-ops-approvers"] },
    ]) {
      expect(await world.api(LIST, person)).toMatchObject({ statusCode: 401, json: { code: "NotAuthenticated" } });
    }
  });

  test.each([
    ["r-2", "0"],
    ["r-1", "1"],
    ["r-1", "00"],
    ["r-1", "-1"],
    ["../r-1", "0"],
  ])("a change that is not there is not found: %s/%s", async (requestId, index) => {
    const { world } = await waiting();
    expect((await world.api(READ, APPROVER, { requestId, index })).statusCode).toBe(404);
  });

  test("a route that is not there is not found", async () => {
    const { world } = await waiting();
    expect((await world.api("DELETE /approvals", APPROVER)).statusCode).toBe(404);
  });
});

describe("groups as a token gives them", () => {
  test.each<readonly [unknown, string[]]>([
    [
      ["iam-approvers", "hr-ops-approvers"],
      ["iam-approvers", "hr-ops-approvers"],
    ],
    // A name with a space is one name: its members are in no other group.
    [["lunch hr-ops-approvers"], ["lunch hr-ops-approvers"]],
    ["[iam-approvers hr-ops-approvers]", ["[iam-approvers hr-ops-approvers]"]],
    [[], []],
    ["", []],
    ["hr-ops-approvers", ["hr-ops-approvers"]],
    ["not hr-ops-approvers", ["not hr-ops-approvers"]],
    [["iam-approvers", 7, null], ["iam-approvers"]],
    [undefined, []],
    [{ 0: "iam-approvers" }, []],
  ])("%j", (claim, groups) => {
    expect(groupsOf(claim)).toEqual(groups);
  });
});

describe("the token behind the verified claims", () => {
  const names = { groupClaim: "groups", workerIdClaim: "worker_id" };
  const event = (change: object = {}, header?: string) => {
    const claims = {
      iss: "https://login.example.com",
      sub: "hr.partner",
      exp: 1_800_000_000,
      iat: 1_799_999_000,
      jti: "t-1",
      worker_id: "WD-88",
      groups: ["a b", "c"],
    };
    const token = `e30.${Buffer.from(JSON.stringify({ ...claims, ...change })).toString("base64url")}.c2ln`;
    return httpApiEventSchema.parse({
      routeKey: "GET /approvals",
      headers: { authorization: header ?? `Bearer ${token}` },
      requestContext: {
        authorizer: { jwt: { claims: { ...claims, exp: "1800000000", iat: "1799999000", groups: "[a b c]" } } },
      },
    });
  };

  test("is read with its lists as they are", () => {
    expect(tokenClaims(event(), names)?.["groups"]).toEqual(["a b", "c"]);
  });

  test.each([
    { iss: "https://other.example.com" },
    { sub: "somebody.else" },
    { exp: 1 },
    { sub: undefined },
    { iat: 1 },
    { jti: "t-2" },
    { jti: undefined },
    { worker_id: "WD-1" },
    { worker_id: undefined },
    { groups: ["a b", "c", "hr-ops-approvers"] },
    { groups: ["a b"] },
    { groups: "hr-ops-approvers" },
    { groups: undefined },
    { groups: { 0: "a b c" } },
  ])("is refused where it is not the one that was verified: %j", (change) => {
    expect(tokenClaims(event(change), names)).toBeUndefined();
  });

  const honest = () => event().headers?.["authorization"] ?? "";
  test.each([
    "",
    "Bearer ",
    "Bearer a.b",
    "Bearer e30.bm90IGpzb24.c2ln",
    "Bearer e30.W10.c2ln",
    "Bearer a.b.c.d",
    `${honest()}, Bearer a.b.c`,
    `Bearer a.b.c,${honest()}`,
    `Basic ${honest()}`,
    `${honest()}.x`,
    `${honest()} `,
    `${honest()}=`,
    honest().replace("Bearer ", "Bearer  "),
    honest().replace(/[^.]*$/, ""),
  ])("is refused where it is none: %s", (header) => {
    expect(tokenClaims(event({}, header), names)).toBeUndefined();
  });

  test.each(["Bearer ", "bearer ", ""])("is read after %j", (prefix) => {
    expect(tokenClaims(event({}, honest().replace("Bearer ", prefix)), names)).toMatchObject({ sub: "hr.partner" });
  });

  test("fails with 401 for a token whose groups are not those that were verified", async () => {
    const { world, digest } = await waiting();
    const claims = { iss: APPROVER.issuer, sub: APPROVER.subject, worker_id: "WD-77", groups: APPROVER.groups };
    const response = await world.approvals({
      routeKey: DECIDE,
      headers: { authorization: `Bearer e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln` },
      pathParameters: { requestId: "r-1", index: "0" },
      body: JSON.stringify({ decision: "approve", digest }),
      requestContext: { authorizer: { jwt: { claims: { ...claims, groups: "[lunch]" } } } },
    });
    expect(response).toMatchObject({ statusCode: 401 });
    expect(world.tokens).toEqual([]);
    // The authorizer let it through: somebody should look.
    expect(world.lines).toContainEqual(
      expect.objectContaining({ level: "error", event: "approvals-refused", code: "NotAuthenticated" }),
    );
  });

  test("fails with 401 for a request without the header, whatever claims it shows", async () => {
    const { world } = await waiting();
    const response = await world.approvals({
      routeKey: LIST,
      requestContext: {
        authorizer: { jwt: { claims: { iss: APPROVER.issuer, sub: APPROVER.subject, groups: APPROVER.groups } } },
      },
    });
    expect(response.statusCode).toBe(401);
  });
});

describe("a decision", () => {
  test.each(["approve", "deny"] as const)("to %s ends the wait, once, and forgets the token", async (decision) => {
    const { world, digest } = await waiting();
    expect(await world.decideAs(APPROVER, decision, digest)).toMatchObject({
      statusCode: 200,
      json: { complete: true },
    });
    expect(world.tokens.map(({ token }) => token)).toEqual(["token-1"]);
    expect(world.control("task#r-1#0")).not.toHaveProperty("encryptedToken");
    expect(await world.decideAs(APPROVER, decision, digest)).toMatchObject({ statusCode: 200 });
    expect(world.tokens).toHaveLength(1);
    expect((await world.api(LIST, APPROVER)).json).toEqual({ waiting: [] });
  });

  test("is kept with who made it, for which digest, under which policy", async () => {
    const { world, digest } = await waiting();
    await world.api(DECIDE, APPROVER, { body: { decision: "approve", digest, reason: "seen the contract" } });
    const [item] = world
      .itemsOf("ledger", "approval#")
      .filter(({ sk }) => (sk as string).startsWith(`approval#${digest}#`));
    expect(item).toMatchObject({
      decision: "approve",
      digest,
      approver: { issuer: APPROVER.issuer, subject: APPROVER.subject },
      workerId: "WD-77",
      groups: ["hr-ops-approvers"],
      reason: "seen the contract",
      decidedAt: "2026-11-02T09:05:00.000Z",
    });
    expect(item?.["policyDigest"]).toMatch(/^[0-9a-f]{64}$/);
  });

  test("of every group is needed where several are asked, each by another person", async () => {
    const { world, digest } = await waiting("cost_center", "CC-2");
    const both = { ...APPROVER, groups: ["hr-ops-approvers", "payroll-approvers"] };
    expect((await world.decideAs(both, "approve", digest)).json).toMatchObject({ complete: false });
    expect(world.tokens).toEqual([]);
    expect((await world.decideAs(PAYROLL, "approve", digest)).json).toMatchObject({ complete: true });
    expect(world.tokens).toHaveLength(1);
  });

  test("to deny ends the wait whatever others said", async () => {
    const { world, digest } = await waiting("cost_center", "CC-2");
    await world.decideAs(APPROVER, "approve", digest);
    expect((await world.decideAs(PAYROLL, "deny", digest)).json).toMatchObject({ complete: true });
    expect(
      await world.inspect({ version: 1, requestId: "r-1", index: 0, field: "cost_center", phase: "again" }),
    ).toMatchObject({
      route: "announce",
      outcome: "denied",
      reason: "ApprovalDenied",
    });
  });

  test("by one person is one, and stands", async () => {
    const { world, digest } = await waiting("cost_center", "CC-2");
    await world.decideAs(APPROVER, "approve", digest);
    expect(await world.decideAs(APPROVER, "deny", digest)).toMatchObject({
      statusCode: 409,
      json: { code: "AlreadyDecided" },
    });
    expect((await world.decideAs(APPROVER, "approve", digest)).json).toMatchObject({ complete: false });
    expect(world.tokens).toEqual([]);
  });

  test.each(["approve", "deny"] as const)(
    "by one person twice at the same moment, to %s, is one, and both are told so",
    async (decision) => {
      const { world, digest } = await waiting();
      const answers = await Promise.all([
        world.decideAs(APPROVER, decision, digest),
        world.decideAs(APPROVER, decision, digest),
      ]);
      for (const answer of answers)
        expect(answer).toMatchObject({ statusCode: 200, json: { decision, complete: true } });
      expect(
        world.itemsOf("ledger", "approval#r-1#0").filter(({ sk }) => String(sk).startsWith("approval#")),
      ).toHaveLength(1);
      expect(world.control("task#r-1#0")).not.toHaveProperty("encryptedToken");
    },
  );

  test("by one person at the same moment, one way and the other, is the one that came first", async () => {
    const { world, digest } = await waiting();
    const answers = await Promise.all([
      world.decideAs(APPROVER, "approve", digest),
      world.decideAs(APPROVER, "deny", digest),
    ]);
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 409]);
    expect(answers.map(({ json }) => json["code"])).toContain("AlreadyDecided");
  });

  test("is complete, and ends the wait, also where the answer of its record was lost", async () => {
    const { world, digest } = await waiting();
    world.answersAreLost = true;
    expect((await world.decideAs(APPROVER, "approve", digest)).json).toMatchObject({ complete: true });
    expect(world.tokens).toHaveLength(1);
  });

  test("that a crash cut off before the callback is finished by the same decision again", async () => {
    const clean = await waiting();
    const before = clean.world.probes.approvals.calls;
    await clean.world.decideAs(APPROVER, "approve", clean.digest);
    const calls = clean.world.probes.approvals.calls - before;
    expect(calls).toBeGreaterThan(8);
    for (let call = 1; call <= calls; call += 1) {
      for (const moment of ["before", "after"] as const) {
        for (const how of ["dies", "fails"] as const) {
          const { world, digest } = await waiting();
          const probe = world.probes.approvals;
          probe.fault = { call: probe.calls + call, moment, how };
          expect((await world.decideAs(APPROVER, "approve", digest)).statusCode).toBeGreaterThanOrEqual(500);
          probe.revive();
          expect((await world.decideAs(APPROVER, "approve", digest)).json).toMatchObject({ complete: true });
          expect(new Set(world.tokens.map(({ token }) => token))).toEqual(new Set(["token-1"]));
          expect(world.control("task#r-1#0")).not.toHaveProperty("encryptedToken");
        }
      }
    }
  });

  test("refuses another digest than the one that waits", async () => {
    const { world } = await waiting();
    expect(await world.decideAs(APPROVER, "approve", "f".repeat(64))).toMatchObject({
      statusCode: 409,
      json: { code: "DigestMismatch" },
    });
    expect(world.tokens).toEqual([]);
  });

  test.each([
    ["nothing", ""],
    ["no JSON", "approve"],
    ["another decision", { decision: "maybe", digest: "f".repeat(64) }],
    ["no digest", { decision: "approve" }],
    ["another member", { decision: "approve", digest: "f".repeat(64), approver: "u-1" }],
  ])("refuses a body with %s", async (_name, body) => {
    const { world } = await waiting();
    expect(await world.api(DECIDE, APPROVER, { body })).toMatchObject({
      statusCode: 400,
      json: { code: "MalformedBody" },
    });
  });

  test("refuses a body that is too long", async () => {
    const { world, digest } = await waiting();
    const body = { decision: "approve", digest, reason: "x".repeat(20_000) };
    expect((await world.api(DECIDE, APPROVER, { body })).statusCode).toBe(413);
  });

  test("refuses after the wait has expired", async () => {
    const { world, digest } = await waiting();
    world.now += 86_400_000 + 1;
    expect((await world.decideAs(APPROVER, "approve", digest)).json).toMatchObject({ code: "ApprovalExpired" });
    expect(world.tokens).toEqual([]);
  });

  test("after the wait has expired is not asked for in a list", async () => {
    const { world } = await waiting();
    world.now += 86_400_000 + 1;
    expect((await world.api(LIST, APPROVER)).json).toEqual({ waiting: [] });
  });

  test.each<[string, (item: ApprovalItem) => Partial<ApprovalItem>]>([
    ["as it is", () => ({})],
    ["of another digest, filed under this one", () => ({ digest: "0".repeat(64) })],
    ["of the worker concerned", () => ({ workerId: WORKER })],
    ["of who asked for it", () => ({ approver: { issuer: APPROVER.issuer, subject: "joiner-flow" } })],
    ["of a group that is not asked", () => ({ groups: ["payroll-approvers"] })],
    ["after the time", () => ({ decidedAt: "2026-11-03T09:05:00.001Z" })],
  ])("that somebody put on record by hand counts only where it may: %s", async (what, changed) => {
    const { world, place, digest } = await waiting("manager", "WD-500", {
      initiator: { kind: "automation", id: "joiner-flow" },
    });
    await world.decideAs(APPROVER, "approve", digest);
    const [item] = world.itemsOf("ledger", "approval#") as unknown as [ApprovalItem];
    world.seed("ledger", [{ ...item, ...changed(item) }]);
    const { route } = await world.inspect({ ...place, phase: "again" });
    expect(route === "write").toBe(what === "as it is");
  });

  test("refuses after the change has ended", async () => {
    const { world, digest, place } = await waiting();
    await world.announce({ ...place, failure: { Error: "States.TaskFailed" } });
    expect((await world.decideAs(APPROVER, "approve", digest)).json).toMatchObject({ code: "ChangeEnded" });
  });

  test("refuses after somebody else has ended the wait", async () => {
    const { world, digest } = await waiting();
    await world.decideAs(APPROVER, "approve", digest);
    expect((await world.decideAs(SECOND, "approve", digest)).json).toMatchObject({ code: "NotWaiting" });
  });

  test("waits out an apply of the policy", async () => {
    const { world, digest } = await waiting();
    const key = JSON.stringify(["policy", "manifest"]);
    world.tables.classification.set(key, { ...world.tables.classification.get(key)!, hash: "0".repeat(64) });
    const response = await world.decideAs(APPROVER, "approve", digest);
    expect(response).toMatchObject({ statusCode: 503, json: { code: "PolicyInTransition" } });
    expect(response.headers["retry-after"]).toBe("30");
  });
});

describe("one person with two accounts", () => {
  const other = { ...PAYROLL, workerId: " wd-77 " };

  test("fills one seat: the second account is refused", async () => {
    const { world, digest } = await waiting("cost_center", "CC-2");
    await world.decideAs(APPROVER, "approve", digest);
    for (const decision of ["approve", "deny"] as const) {
      expect(await world.decideAs(other, decision, digest)).toMatchObject({
        statusCode: 403,
        json: { code: "SamePerson" },
      });
    }
    expect(world.tokens).toEqual([]);
    expect((await world.decideAs(PAYROLL, "approve", digest)).json).toMatchObject({ complete: true });
  });

  test("fills one seat also where both decisions came at once", async () => {
    const { world, digest } = await waiting("cost_center", "CC-2");
    await world.decideAs(APPROVER, "approve", digest);
    const first = world.itemsOf("ledger", "approval#").find(({ sk }) => (sk as string).startsWith("approval#"))!;
    const { issuer, subject, workerId, groups } = other;
    world.seed("ledger", [{ ...first, sk: `approval#${digest}#o`, approver: { issuer, subject }, workerId, groups }]);
    expect((await world.api(LIST, PAYROLL)).json).toMatchObject({ waiting: [{ requestId: "r-1" }] });
    expect(world.tokens).toEqual([]);
  });
});

describe("a denial", () => {
  const field = "manager";
  const again = { version: 1, requestId: "r-1", index: 0, field };

  test("leaves a mark in the same write, one for all denials of a digest", async () => {
    const { world, digest } = await waiting();
    const seen: (readonly unknown[])[] = [];
    const probe = world.probes.approvals;
    const run = probe.run.bind(probe);
    const count = () => world.itemsOf("ledger", "approval#").map(({ sk }) => (sk as string).split("#")[0]);
    probe.run = async (effect) => {
      const result = await run(effect);
      seen.push(count());
      return result;
    };
    await world.decideAs(APPROVER, "deny", digest);
    for (const kinds of seen) expect(kinds.includes("denied")).toBe(kinds.includes("approval"));
    expect(world.ledger("approval#r-1#0", `denied#${digest}`)).toMatchObject({
      digest,
      deniedAt: "2026-11-02T09:05:00.000Z",
    });
  });

  test("by a second person at the same moment is recorded beside the first", async () => {
    const { world, digest } = await waiting();
    world.seed("ledger", [
      { pk: "approval#r-1#0", sk: `denied#${digest}`, digest, deniedAt: "2026-11-02T09:05:00.000Z" },
    ]);
    expect((await world.decideAs(SECOND, "deny", digest)).json).toMatchObject({ decision: "deny", complete: true });
    expect(await world.decideAs(SECOND, "approve", digest)).toMatchObject({ json: { code: "AlreadyDecided" } });
  });

  test("after the approval was complete stops the change", async () => {
    const { world, digest } = await waiting();
    await world.decideAs(APPROVER, "approve", digest);
    expect(await world.inspect({ ...again, phase: "again" })).toMatchObject({ route: "write" });
    world.now += 86_400_001;
    expect((await world.decideAs(SECOND, "deny", digest)).json).toEqual({
      requestId: "r-1",
      index: 0,
      decision: "deny",
      complete: true,
    });
    expect(await world.broker({ ...again, digest, attempt: 1 })).toMatchObject({
      status: "ended",
      outcome: "denied",
      reason: "ApprovalDenied",
    });
    expect(world.hris.writes).toEqual([]);
  });

  test("between the broker's reads and its opening opens no grant", async () => {
    const { world, digest } = await waiting();
    await world.decideAs(APPROVER, "approve", digest);
    // What its reads did not show, and its transaction meets.
    world.seed("ledger", [{ pk: "approval#r-1#0", sk: `denied#${digest}`, digest }]);
    await world.broker({ ...again, digest, attempt: 1 });
    expect([world.outcome(), world.reason()]).toEqual(["denied", "ApprovalDenied"]);
    expect(world.itemsOf("ledger", "grant#")).toEqual([]);
  });

  test("between the gateway's reads and the intent is what holds", async () => {
    const { world, digest } = await waiting();
    await world.decideAs(APPROVER, "approve", digest);
    let answer: unknown;
    world.hris.onRead = () => {
      // The HRIS is compared after the decisions were read, and right before the transaction.
      void (answer ??= deny());
      return undefined;
    };
    const deny = () => {
      const decided = world.ledger("approval#r-1#0", approvalKey(world, digest))!;
      world.seed("ledger", [
        { ...decided, sk: `approval#${digest}#second`, decision: "deny" },
        { pk: "approval#r-1#0", sk: `denied#${digest}`, digest, deniedAt: decided["decidedAt"] },
      ]);
      return true;
    };
    await world.broker({ ...again, digest, attempt: 1 });
    expect(JSON.parse(world.gatewayAnswers[0]!.body)).toMatchObject({ refused: "ApprovalDenied" });
    expect(world.hris.writes).toEqual([]);
    expect(world.itemsOf("control", "breaker").find(({ state }) => state === "tripped")).toBeUndefined();
  });

  test("after the write began is refused, and says too late where the two met", async () => {
    const { world, digest } = await waiting();
    await world.decideAs(APPROVER, "approve", digest);
    world.seed("ledger", openIntent(digest));
    expect(await world.decideAs(SECOND, "deny", digest)).toMatchObject({
      statusCode: 409,
      json: { code: "NotWaiting" },
    });

    const met = await waiting();
    await met.world.decideAs(APPROVER, "approve", met.digest);
    const probe = met.world.probes.approvals;
    const run = probe.run.bind(probe);
    probe.run = async (effect) => {
      const result = await run(effect);
      if (met.world.ledger("approval#r-1#0", `denied#${met.digest}`)) met.world.seed("ledger", openIntent(met.digest));
      return result;
    };
    const tooLate = { complete: false, tooLate: true };
    expect((await met.world.decideAs(SECOND, "deny", met.digest)).json).toMatchObject(tooLate);
    expect((await met.world.decideAs(SECOND, "deny", met.digest)).json).toMatchObject(tooLate);
  });

  test("is not too late where the HRIS put the write off without an effect", async () => {
    const { world, digest } = await waiting();
    await world.decideAs(APPROVER, "approve", digest);
    const outcome = {
      pk: "grant-outcome#g-1",
      sk: "outcome",
      grantId: "g-1",
      outcome: "not-applied",
      reason: "Throttled",
    };
    world.seed("ledger", [...openIntent(digest), outcome]);
    expect((await world.decideAs(SECOND, "deny", digest)).json).toMatchObject({ complete: true });
  });

  test("fails as every decision where the person may not decide, also after completion", async () => {
    const { world, digest } = await waiting();
    await world.decideAs(APPROVER, "approve", digest);
    expect((await world.decideAs(PAYROLL, "deny", digest)).json).toMatchObject({ code: "NotAnApprover" });
    expect(world.ledger("approval#r-1#0", `denied#${digest}`)).toBeUndefined();
  });

  const approvalKey = (world: World, digest: string): string =>
    world
      .itemsOf("ledger", "approval#r-1#0")
      .map(({ sk }) => sk as string)
      .find((sk) => sk.startsWith(`approval#${digest}#`))!;
  /** A grant in use, as the broker and the gateway leave it. */
  const openIntent = (digest: string) => [
    { pk: "attempt#r-1#0", sk: "attempt#1", grantId: "g-1" },
    { pk: "grant#g-1", sk: "open", grantId: "g-1", digest },
    { pk: "intent#g-1", sk: "intent", grantId: "g-1" },
  ];
});

describe("a dry run", () => {
  test("opens no grant, even when the workflow sends it", async () => {
    const world = new World();
    const { digest } = await world.prepare("work_email", "new.hire@example.com", { dryRun: true });
    const place = { version: 1, requestId: "r-1", index: 0, field: "work_email" };
    expect(await world.broker({ ...place, digest, attempt: 1 })).toMatchObject({
      status: "ended",
      outcome: "planned",
      reason: "DryRun",
    });
    expect(world.itemsOf("ledger", "grant#")).toEqual([]);
  });

  test("refuses at the gateway, even with a grant", async () => {
    const world = new World();
    const { digest } = await world.prepare("work_email", "new.hire@example.com");
    const place = { version: 1, requestId: "r-1", index: 0, field: "work_email" };
    const item = world.ledger("request#r-1", "request")!;
    world.connectorCode = async (payload) => {
      const { url, value, credentials } = payload as unknown as ConnectorInput;
      world.seed("ledger", [{ ...item, request: { ...(item["request"] as object), dryRun: true } }]);
      await world.request("PATCH", url, JSON.stringify({ value }), credentials);
      return undefined;
    };
    await world.broker({ ...place, digest, attempt: 1 });
    expect(JSON.parse(world.gatewayAnswers[0]!.body)).toEqual({ refused: "DryRun" });
    expect(world.hris.writes).toEqual([]);
  });
});

describe("nobody approves their own", () => {
  test.each([
    [
      "change, by issuer and subject",
      { kind: "human", id: "x", issuer: APPROVER.issuer, subject: APPROVER.subject },
      "SelfApproval",
    ],
    ["change, by the id that the event gave", { kind: "automation", id: APPROVER.subject }, "SelfApproval"],
    ["change, by their worker id", { kind: "automation", id: " wd-77 " }, "SelfApproval"],
    [
      "change, where the event does not say which person asked",
      { kind: "human", id: "portal", intent: "hire" },
      "InitiatorUnidentified",
    ],
  ])("%s", async (_name, initiator, code) => {
    const { world, digest } = await waiting("manager", "WD-500", { initiator: { intent: "hire", ...initiator } });
    for (const decision of ["approve", "deny"] as const) {
      expect(await world.decideAs(APPROVER, decision, digest)).toMatchObject({ statusCode: 403, json: { code } });
    }
    expect(world.tokens).toEqual([]);
    expect(world.itemsOf("ledger", "approval#").some(({ sk }) => (sk as string).startsWith("approval#"))).toBe(false);
  });

  test("change, also where the publisher is of humans and the body keeps silent", async () => {
    const { world, digest } = await waiting(
      "manager",
      "WD-500",
      { initiator: { id: "portal", intent: "hire" } },
      "portal",
    );
    expect((await world.decideAs(APPROVER, "approve", digest)).json).toMatchObject({ code: "InitiatorUnidentified" });
  });

  test.each([
    ["the issuer by another spelling", { issuer: `${APPROVER.issuer}/`, subject: APPROVER.subject }],
    ["the subject by another spelling", { issuer: APPROVER.issuer, subject: " U-2077 " }],
    ["the subject in full-width letters", { issuer: APPROVER.issuer, subject: "\uff55-2077" }],
    ["their worker id as the subject", { issuer: APPROVER.issuer, subject: "wd-77" }],
    ["their subject as the id", { issuer: APPROVER.issuer, subject: "x", id: "U-2077" }],
  ])("change, also where the event names %s", async (_name, initiator) => {
    const { world, digest } = await waiting("manager", "WD-500", {
      initiator: { kind: "human", id: "x", ...initiator },
    });
    expect((await world.decideAs(APPROVER, "approve", digest)).json).toMatchObject({ code: "SelfApproval" });
    expect(world.tokens).toEqual([]);
  });

  test.each([
    ["claims another kind", { kind: "automation", id: "portal", intent: "hire" }],
    ["names a blank subject", { kind: "human", id: "portal", intent: "hire", issuer: APPROVER.issuer, subject: "  " }],
    ["names a blank issuer", { kind: "automation", id: "portal", intent: "hire", issuer: " ", subject: "u-1" }],
  ])("change, also where the publisher is of humans and the body %s", async (_name, initiator) => {
    const { world, digest } = await waiting("manager", "WD-500", { initiator }, "portal");
    expect((await world.decideAs(APPROVER, "approve", digest)).json).toMatchObject({ code: "InitiatorUnidentified" });
  });

  test.each([undefined, "automation", "agent"])(
    "an initiator of kind %s need not be a person whom the event names",
    async (kind) => {
      const initiator = { ...(kind === undefined ? {} : { kind }), id: "okta-workflows", intent: "hire" };
      const { world, digest } = await waiting("manager", "WD-500", { initiator });
      expect((await world.decideAs(APPROVER, "approve", digest)).json).toMatchObject({ complete: true });
    },
  );

  test.each(["Human", "human ", "\uff48uman", "person", "Automation", " agent", ""])(
    "change, also where the event calls the initiator's kind `%s`, which may be a person's",
    async (kind) => {
      const initiator = { kind, id: "jane.doe@example.com", intent: "hire" };
      const { world, digest } = await waiting("manager", "WD-500", { initiator });
      expect((await world.decideAs(APPROVER, "approve", digest)).json).toMatchObject({ code: "InitiatorUnidentified" });
    },
  );

  test("a blank subject of an automation bars nobody", async () => {
    const { world, digest } = await waiting("manager", "WD-500", {
      initiator: { kind: "automation", id: "okta-workflows", issuer: " ", subject: " " },
    });
    expect((await world.decideAs(APPROVER, "approve", digest)).json).toMatchObject({ complete: true });
  });

  test("record", async () => {
    const { world, digest } = await waiting();
    const self = { ...APPROVER, workerId: "wd-10293" };
    expect((await world.decideAs(self, "approve", digest)).json).toMatchObject({ code: "ApproverIsWorker" });
  });

  test("record, and a token that does not say whose record is theirs decides nothing", async () => {
    const { world, digest } = await waiting();
    const unknown = { ...APPROVER, workerId: undefined };
    expect((await world.decideAs(unknown, "approve", digest)).json).toMatchObject({ code: "WorkerIdMissing" });
    expect((await world.api(READ, unknown)).statusCode).toBe(200);
  });

  test.each([
    "wd\u201110293",
    "WD\u201010293",
    "WD\u221210293",
    "\uff37\uff24\uff0d\uff11\uff10\uff12\uff19\uff13",
    " WD-10293",
  ])("record, whatever their worker id is spelled like: %s", async (workerId) => {
    const { world, digest } = await waiting();
    const self = { ...APPROVER, workerId };
    expect((await world.decideAs(self, "approve", digest)).json).toMatchObject({ code: "ApproverIsWorker" });
  });

  test.each(["WD-10293\u200b", "WD\u00ad-10293", "WD-\u202e10293", "WD-10293\u0000"])(
    "record, and a worker id with characters that cannot be seen is none: %j",
    async (workerId) => {
      const { world, digest } = await waiting();
      const self = { ...APPROVER, workerId };
      expect((await world.decideAs(self, "approve", digest)).json).toMatchObject({ code: "WorkerIdMissing" });
    },
  );

  test("record by a number counts as long as it is one number and no other", async () => {
    for (const [workerId, expected] of [
      [4711, { complete: true }],
      [2 ** 53, { code: "WorkerIdMissing" }],
    ] as const) {
      const { world, digest } = await waiting();
      expect((await world.decideAs({ ...APPROVER, workerId }, "approve", digest)).json).toMatchObject(expected);
    }
  });
});

describe("the wait", () => {
  test("keeps its token encrypted, and under this change alone", async () => {
    const { world } = await waiting();
    const task = world.control("task#r-1#0")!;
    expect(JSON.stringify(task)).not.toContain("token-1");
    const token = task["encryptedToken"] as string;
    await expect(world.keys.decrypt(token, { purpose: "task-token", requestId: "r-1", index: "0" })).resolves.toBe(
      "token-1",
    );
    await expect(world.keys.decrypt(token, { purpose: "task-token", requestId: "r-1", index: "1" })).rejects.toThrow();
  });

  test("is not given back to a late invocation with an older token", async () => {
    const { world, place, digest } = await waiting();
    world.now += 1_000;
    await world.requestApproval({ ...place, digest, approvalTimeoutSeconds: 60, taskToken: "token-2" });
    world.now -= 500;
    await world.requestApproval({ ...place, digest, approvalTimeoutSeconds: 60, taskToken: "token-1b" });
    await world.decideAs(APPROVER, "approve", digest);
    expect(world.tokens.map(({ token }) => token)).toEqual(["token-2"]);
  });

  const ENTERED = "2026-11-02T09:05:01.000Z";
  const LATER = "2026-11-02T11:05:01.000+00:00";
  test.each([
    ["another try of the task", [ENTERED, 0], [ENTERED, 1], -200, "second"],
    ["the state entered anew", [ENTERED, 3], [LATER, 0], -200, "second"],
    ["the state entered anew, in another spelling", [LATER, 3], ["2026-11-02T11:05:02Z", 0], -200, "second"],
    ["the same try, delivered twice", [ENTERED, 1], [ENTERED, 1], 200, "second"],
    ["an earlier try, late", [ENTERED, 1], [ENTERED, 0], 1_000, "first"],
    ["an earlier entry, late", [LATER, 0], [ENTERED, 5], 1_000, "first"],
    ["a redrive, which counts tries from the start", [ENTERED, 4], [ENTERED, 0], 6 * 60_000, "second"],
    ["a workflow that says neither, before", undefined, [ENTERED, 0], 0, "second"],
    ["a workflow that says neither, after", [ENTERED, 0], undefined, 0, "second"],
    ["a workflow that says neither, before, by a clock ahead", undefined, [ENTERED, 0], -200, "first"],
  ] as const)("is held by whom the workflow called last: %s", async (_name, first, second, passes, held) => {
    const { world, place, digest } = await waiting();
    const file = (order: readonly [string, number] | undefined, taskToken: string) =>
      world.requestApproval({
        ...place,
        digest,
        approvalTimeoutSeconds: 600,
        taskToken,
        ...(order === undefined ? {} : { enteredAt: order[0], retryCount: order[1] }),
      });
    world.now += 2_000;
    await file(first, "first");
    world.now += passes;
    await file(second, "second");
    await world.decideAs(APPROVER, "approve", digest);
    expect(world.tokens.map(({ token }) => token)).toEqual([held]);
  });

  test.each([
    ["a list", (world: World) => world.api(LIST, APPROVER)],
    ["the same decision", (world: World, digest: string) => world.decideAs(APPROVER, "approve", digest)],
    ["another decision", (world: World, digest: string) => world.decideAs(APPROVER, "deny", digest)],
    ["another person", (world: World, digest: string) => world.decideAs(SECOND, "approve", digest)],
  ])("that was filed again after its approval was complete is ended by %s", async (_name, call) => {
    const { world, place, digest } = await waiting();
    await world.decideAs(APPROVER, "approve", digest);
    await world.requestApproval({ ...place, digest, approvalTimeoutSeconds: 60, taskToken: "token-2" });
    await call(world, digest);
    expect(world.tokens.map(({ token }) => token)).toEqual(["token-1", "token-2"]);
    expect(world.control("task#r-1#0")).not.toHaveProperty("queue");
    expect((await world.api(LIST, APPROVER)).json).toEqual({ waiting: [] });
  });

  test("that is not complete stays in the list, decided on or not", async () => {
    const { world, digest } = await waiting("cost_center", "CC-2");
    await world.decideAs(APPROVER, "approve", digest);
    expect((await world.api(LIST, PAYROLL)).json).toMatchObject({ waiting: [{ requestId: "r-1" }] });
    expect(world.tokens).toEqual([]);
  });

  test("that cannot be ended now stays in the list", async () => {
    const { world, place, digest } = await waiting();
    await world.decideAs(APPROVER, "approve", digest);
    await world.requestApproval({ ...place, digest, approvalTimeoutSeconds: 60, taskToken: "token-2" });
    const probe = world.probes.approvals;
    const run = probe.run.bind(probe);
    let calls = 0;
    // The policy and the list are read; what follows is not.
    probe.run = (effect) => ((calls += 1) <= 2 ? run(effect) : Promise.reject(new Error("not now")));
    expect((await world.api(LIST, APPROVER)).json).toMatchObject({ waiting: [{ requestId: "r-1" }] });
    expect(world.tokens).toHaveLength(1);
  });

  test("takes the newest token of a task that was issued again", async () => {
    const { world, place, digest } = await waiting();
    await world.requestApproval({ ...place, digest, approvalTimeoutSeconds: 60, taskToken: "token-2" });
    await world.decideAs(APPROVER, "approve", digest);
    expect(world.tokens.map(({ token }) => token)).toEqual(["token-2"]);
  });

  test("never outlasts the approval that was asked for first", async () => {
    const { world, place, digest } = await waiting();
    world.now += 3_600_000;
    await world.requestApproval({ ...place, digest, approvalTimeoutSeconds: 86_400, taskToken: "token-2" });
    expect(world.control("task#r-1#0")).toMatchObject({ expiresAt: "2026-11-03T09:05:00.000Z" });
  });

  test("fails for an exact change that needs no approval", async () => {
    const world = new World();
    const { digest } = await world.prepare("work_email", "new.hire@example.com");
    const input = {
      version: 1,
      requestId: "r-1",
      index: 0,
      field: "work_email",
      digest,
      approvalTimeoutSeconds: 60,
      taskToken: "t",
    };
    await expect(world.requestApproval(input)).rejects.toMatchObject({ name: "UnknownReference" });
  });
});
