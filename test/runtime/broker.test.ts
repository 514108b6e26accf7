import * as fc from "fast-check";

import { formatInstant, MAX_ATTEMPTS } from "../../src/core";
import { AccessDenied } from "../../src/runtime/errors";
import type { WriteOutput } from "../../src/runtime/payloads";
import { after, APPROVER, joiner, START, World } from "./world";

const FIELD = "work_email";
const VALUE = "new.hire@example.com";

/** A world at the point where the workflow calls the broker. */
async function ready(field = FIELD, value = VALUE) {
  const world = new World();
  const { digest } = await world.prepare(field, value);
  const broker = (attempt = 1): Promise<WriteOutput> =>
    world.broker({ version: 1, requestId: "r-1", index: 0, field, digest, attempt });
  return { world, broker, digest };
}

const grantsOf = (world: World) => world.itemsOf("ledger", "grant#");

describe("the session", () => {
  test("is for one grant and one field until one second, and no other place sees its credentials", async () => {
    const { world, broker } = await ready();
    await broker();
    const [[accessKeyId, session]] = [...world.sessions] as [
      [string, { sessionName: string; policy: string; tags: object }],
    ];
    const grantId = grantsOf(world)[0]!["grantId"] as string;
    expect(session.sessionName).toBe(grantId);
    expect(session.tags).toEqual({ grantId, field: FIELD });
    expect(JSON.parse(session.policy)).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "InvokeOneFieldOnce",
          Effect: "Allow",
          Action: "execute-api:Invoke",
          Resource: `arn:aws:execute-api:eu-west-1:111122223333:a1b2c3/live/PATCH/grants/${grantId}/fields/${FIELD}`,
          Condition: { DateLessThan: { "aws:CurrentTime": "2026-11-02T09:20:00Z" } },
        },
      ],
    });
    expect(world.invocations).toEqual([
      {
        version: 1,
        grantId,
        field: FIELD,
        value: VALUE,
        url: `https://a1b2c3.execute-api.eu-west-1.amazonaws.com/live/grants/${grantId}/fields/${FIELD}`,
        region: "eu-west-1",
        credentials: { accessKeyId, secretAccessKey: "secret-of-session", sessionToken: "token-of-session" },
        expiresAt: "2026-11-02T09:20:00Z",
      },
    ]);
    const kept = JSON.stringify([[...world.tables.ledger], [...world.tables.control], world.lines, world.events]);
    expect(kept).not.toContain("secret-of-session");
    expect(kept).not.toContain("token-of-session");
  });

  test("is not used twice when STS refuses: the grant ends and the next attempt has a new one", async () => {
    const { world, broker } = await ready();
    world.assumeFails = new AccessDenied("refused");
    expect(await broker()).toMatchObject({ status: "retry", reason: "SessionRefused", retryAfterSeconds: after(30) });
    expect(world.invocations).toEqual([]);
    world.assumeFails = undefined;
    expect(await broker(2)).toMatchObject({ status: "ended", outcome: "applied" });
    expect(grantsOf(world)).toHaveLength(2);
  });
});

describe("one attempt, one grant", () => {
  test("a task that comes again reports what the first came to", async () => {
    const { world, broker } = await ready();
    const first = await broker();
    expect(first).toMatchObject({ status: "ended", outcome: "applied", retryAfterSeconds: 0 });
    expect(await broker()).toEqual(first);
    expect(grantsOf(world)).toHaveLength(1);
    expect(world.hris.writes).toHaveLength(1);
  });

  test("a task that comes again while the first is not settled opens nothing", async () => {
    const { world, broker } = await ready();
    world.hris.nextWrite = { written: { kind: "unknown", detail: "time-out" }, effect: "none" };
    expect(await broker()).toMatchObject({ status: "unsettled", outcome: "unknown" });
    expect(await broker()).toMatchObject({ status: "unsettled", outcome: "unknown" });
    expect(await broker(2)).toMatchObject({ status: "retry", reason: "WorkerFieldBusy" });
    expect(grantsOf(world)).toHaveLength(1);
    expect(world.hris.writes).toHaveLength(1);
  });

  test("two brokers at once open one grant", async () => {
    const { world, broker } = await ready();
    const answers = await Promise.all([broker(), broker()]);
    expect(grantsOf(world)).toHaveLength(1);
    expect(world.hris.writes).toHaveLength(1);
    expect(answers.some(({ outcome }) => outcome === "applied")).toBe(true);
  });

  test("however two brokers and their gateways interleave, the field is written once and the outcome is true", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.constantFrom([1, 1], [1, 2], [2, 1]), async (scheduler, attempts) => {
        const { world, broker } = await ready();
        for (const name of ["broker", "gateway"] as const) {
          const probe = world.probes[name];
          const run = probe.run.bind(probe);
          probe.run = async (effect) => {
            await scheduler.schedule(Promise.resolve(), name);
            return run(effect);
          };
        }
        const [first = 1, second = 1] = attempts;
        const both = Promise.all([broker(first), broker(second)]);
        await scheduler.waitFor(both);
        expect(world.hris.writes).toHaveLength(1);
        expect(Math.max(...world.writesByGrant.values())).toBe(1);
        expect(world.outcome()).toBe("applied");
        expect(world.itemsOf("control", "pointer#")[0]).not.toHaveProperty("grantId");
      }),
      { numRuns: 150 },
    );
  });

  test.each([
    ["under the HRIS's name, by a policy that called the field otherwise", "workemail", "g-other", "retry"],
    ["under the policy's name, by a version of before", "work_email", "g-other", "retry"],
    ["no more, under the policy's name", "work_email", undefined, "ended"],
    ["under the name of another field", "desk", "g-other", "ended"],
  ])("a field that is held %s: %s by %s", async (_name, name, grantId, status) => {
    const { world, broker } = await ready();
    const { workerRef } = world
      .itemsOf("ledger", "inspection#")
      .find(({ sk }) => String(sk).startsWith("inspection#")) as {
      workerRef?: string;
    };
    const held = grantId === undefined ? { lastGrantId: "g-before" } : { grantId };
    world.seed("control", [{ pk: `pointer#${workerRef ?? ""}#${name}`, ...held }]);
    expect(await broker()).toMatchObject(status === "retry" ? { status, reason: "WorkerFieldBusy" } : { status });
    expect(grantsOf(world)).toHaveLength(status === "retry" ? 0 : 1);
  });

  /** Makes a grant one that a version of before opened, with its pointer by the policy's name. */
  function asBefore(world: World): void {
    const { pointer, ...grant } = grantsOf(world)[0]!;
    const held = world.control(pointer as string)!;
    world.tables.control.delete(JSON.stringify([pointer, ""]));
    world.seed("ledger", [grant]);
    world.seed("control", [{ ...held, pk: `pointer#${grant["workerRef"] as string}#${FIELD}` }]);
  }

  test("a grant that a version of before opened is used, settled and looked at under its own pointer", async () => {
    const { world, broker } = await ready();
    world.connectorCode = async (payload, managed) => {
      asBefore(world);
      return managed(payload);
    };
    expect(await broker()).toMatchObject({ status: "ended", outcome: "applied" });
    const pointers = () => world.itemsOf("control", "pointer#");
    expect(pointers()).toEqual([
      { pk: expect.stringMatching(/#work_email$/) as string, lastGrantId: grantsOf(world)[0]!["grantId"] },
    ]);
    world.now += 20 * 60_000;
    await world.sweeper();
    expect(world.ledger("second-look#r-1#0", "second-look")).toMatchObject({ reason: "StillThere" });
  });

  test("a grant that a version of before left open is settled", async () => {
    const { world, broker } = await ready();
    world.hris.nextWrite = { written: { kind: "unknown", detail: "time-out" }, effect: "none" };
    await broker();
    asBefore(world);
    world.now += 20 * 60_000;
    await world.sweeper();
    expect(world.outcome()).toBe("not-applied");
    expect(world.itemsOf("control", "pointer#")[0]).not.toHaveProperty("grantId");
  });

  test("another change of the same worker and field waits for the first", async () => {
    const { world, broker } = await ready();
    world.hris.nextWrite = { written: { kind: "unknown", detail: "time-out" }, effect: "none" };
    await broker();
    await world.take(joiner([{ field: FIELD, value: VALUE }], { requestId: "r-2" }));
    const place = { version: 1, requestId: "r-2", index: 0, field: FIELD };
    const { digest } = await world.inspect({ ...place, phase: "first" });
    const busy = await world.broker({ ...place, digest, attempt: 1 });
    expect(busy).toMatchObject({ status: "retry", reason: "WorkerFieldBusy", retryAfterSeconds: after(60) });
    expect(await world.broker({ ...place, digest, attempt: 3 })).toMatchObject({ retryAfterSeconds: after(240) });
    world.now += 20 * 60_000;
    await world.sweeper();
    expect(await world.broker({ ...place, digest, attempt: 4 })).toMatchObject({ status: "ended", outcome: "applied" });
  });
});

describe("what stands in the way", () => {
  test.each([
    ["the switch is stopped", "switch", "stopped", "SwitchStopped"],
    ["the breaker is tripped", "breaker", "tripped", "BreakerTripped"],
  ])("when %s no grant opens and the change ends", async (_name, pk, state, reason) => {
    const { world, broker } = await ready();
    world.seed("control", [{ pk, state }]);
    expect(await broker()).toMatchObject({ status: "ended", outcome: "not-applied", reason });
    expect(grantsOf(world)).toEqual([]);
    expect(world.outcome()).toBe("not-applied");
    expect(world.invocations).toEqual([]);
  });

  test.each([
    ["switch", "SwitchStopped"],
    ["breaker", "BreakerTripped"],
  ])("a missing %s item means no", async (pk, reason) => {
    const { world, broker } = await ready();
    world.tables.control.delete(JSON.stringify([pk, ""]));
    expect(await broker()).toMatchObject({ status: "ended", reason });
  });

  test("a change that has ended opens no grant", async () => {
    const { world, broker } = await ready();
    await world.announce({
      version: 1,
      requestId: "r-1",
      index: 0,
      field: FIELD,
      failure: { Error: "States.Timeout" },
    });
    expect(await broker()).toMatchObject({ status: "ended", outcome: "not-applied", reason: "States.Timeout" });
    expect(grantsOf(world)).toEqual([]);
  });

  test("a change that is ended while the grant opens opens none", async () => {
    const { world, broker } = await ready();
    const probe = world.probes.broker;
    const run = probe.run.bind(probe);
    let calls = 0;
    probe.run = async (effect) => {
      calls += 1;
      // The last read before the transaction.
      if (calls === 7)
        world.seed("ledger", [{ pk: "outcome#r-1#0", sk: "outcome", outcome: "denied", reason: "Tested" }]);
      return run(effect);
    };
    expect(await broker()).toMatchObject({ status: "ended", outcome: "denied", reason: "Tested" });
    expect(grantsOf(world)).toEqual([]);
  });

  test("an apply under way is a wait, not an end", async () => {
    const { world, broker } = await ready();
    const key = JSON.stringify(["policy", "manifest"]);
    const manifest = world.tables.classification.get(key)!;
    world.tables.classification.set(key, { ...manifest, hash: "0".repeat(64) });
    expect(await broker()).toMatchObject({ status: "retry", reason: "PolicyInTransition" });
    expect(grantsOf(world)).toEqual([]);
  });

  test("an exact change of another policy is inspected again", async () => {
    const { world, broker, digest } = await ready();
    const inspection = world.ledger("inspection#r-1#0", `inspection#${digest}`)!;
    world.seed("ledger", [{ ...inspection, policyDigest: "f".repeat(64) }]);
    expect(await broker()).toMatchObject({ status: "retry", reason: "PolicyChanged" });
    expect(grantsOf(world)).toEqual([]);
  });

  test("a digest that nobody inspected ends the change", async () => {
    const { world } = await ready();
    const answer = await world.broker({
      version: 1,
      requestId: "r-1",
      index: 0,
      field: FIELD,
      digest: "f".repeat(64),
      attempt: 1,
    });
    expect(answer).toMatchObject({ status: "ended", outcome: "not-applied" });
    expect(grantsOf(world)).toEqual([]);
  });

  test("a conditional change without its approval opens no grant, even when the workflow sends it", async () => {
    const { world, broker } = await ready("manager", "WD-500");
    expect(await broker()).toMatchObject({ status: "ended", outcome: "denied", reason: "ApprovalMissing" });
    expect(grantsOf(world)).toEqual([]);
  });

  test("an approval of the worker concerned, or of the initiator, is none", async () => {
    for (const [detail, workerId, subject] of [
      [{}, "wd-10293", "u-2077"],
      [
        { initiator: { kind: "human", id: "x", issuer: APPROVER.issuer, subject: APPROVER.subject } },
        "WD-77",
        APPROVER.subject,
      ],
      [{ initiator: { kind: "automation", id: "WD-77" } }, "WD-77", "u-9"],
    ] as const) {
      const world = new World();
      const { digest } = await world.prepare("manager", "WD-500", detail);
      world.seed("ledger", [
        {
          pk: "approval#r-1#0",
          sk: `approval#${digest}#forged`,
          decision: "approve",
          digest,
          approver: { issuer: APPROVER.issuer, subject },
          workerId,
          groups: ["hr-ops-approvers"],
          decidedAt: formatInstant(START),
        },
      ]);
      const answer = await world.broker({
        version: 1,
        requestId: "r-1",
        index: 0,
        field: "manager",
        digest,
        attempt: 1,
      });
      expect(answer).toMatchObject({ status: "ended", reason: "ApprovalMissing" });
    }
  });

  test("an approval after its time is none", async () => {
    const { world, broker, digest } = await ready("manager", "WD-500");
    const approval = {
      pk: "approval#r-1#0",
      sk: `approval#${digest}#late`,
      decision: "approve",
      digest,
      approver: { issuer: APPROVER.issuer, subject: APPROVER.subject },
      workerId: "WD-77",
      groups: ["hr-ops-approvers"],
    };
    world.seed("ledger", [{ ...approval, decidedAt: formatInstant(START + 86_400_001) }]);
    expect(await broker()).toMatchObject({ reason: "ApprovalMissing" });
    const other = await ready("manager", "WD-500");
    other.world.seed("ledger", [
      {
        ...approval,
        sk: `approval#${other.digest}#ok`,
        digest: other.digest,
        decidedAt: formatInstant(START + 86_400_000),
      },
    ]);
    expect(await other.broker()).toMatchObject({ outcome: "applied" });
  });
});

describe("the connector's word", () => {
  test.each([
    ["lies that it is done", () => Promise.resolve({ version: 1, status: 200 })],
    ["answers nonsense", () => Promise.resolve("ok")],
    ["fails", () => Promise.reject(new Error("boom"))],
  ])("a connector that %s did not use its grant: it ends, and another attempt may follow", async (_name, code) => {
    const { world, broker } = await ready();
    world.connectorCode = code;
    expect(await broker()).toMatchObject({ status: "retry", reason: "GrantNotUsed", outcome: "not-applied" });
    const [grant] = grantsOf(world);
    expect(world.ledger(`grant-end#${grant!["grantId"] as string}`, "end")).toBeDefined();
    expect(world.itemsOf("control", "pointer#")[0]).not.toHaveProperty("grantId");
    world.connectorCode = undefined;
    expect(await broker(2)).toMatchObject({ outcome: "applied" });
  });

  test("a connector that claims a failure after its write is not believed", async () => {
    const { world, broker } = await ready();
    world.connectorCode = async (payload, managed) => {
      await managed(payload);
      throw new Error("boom");
    };
    expect(await broker()).toMatchObject({ status: "ended", outcome: "applied" });
  });

  test("how long it asks to wait counts within bounds", async () => {
    for (const [asked, waits] of [
      [1, 10],
      [77, 77],
      [1e9, 3_600],
    ] as const) {
      const { world, broker } = await ready();
      world.connectorCode = () => Promise.resolve({ version: 1, status: 503, retryAfterSeconds: asked });
      expect(await broker()).toMatchObject({ status: "retry", retryAfterSeconds: after(waits) });
    }
  });

  test("waits grow from attempt to attempt, whatever was asked, so that together they outlast most of an hour", async () => {
    const world = new World();
    world.connectorCode = () => Promise.resolve({ version: 1, status: 503, retryAfterSeconds: 30 });
    const { digest } = await world.prepare(FIELD, VALUE);
    const waits: number[] = [];
    for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt += 1) {
      const write = await world.broker({ version: 1, requestId: "r-1", index: 0, field: FIELD, digest, attempt });
      expect(write.status).toBe("retry");
      waits.push(write.retryAfterSeconds);
    }
    expect(waits).toEqual([after(30), after(40), after(160), after(640), after(2_560)]);
  });

  test.each([
    [21_600, 21_600],
    [1e9, 86_400],
  ])("the HRIS may ask for a wait of a day: of %d seconds it gets %d", async (asked, waits) => {
    const { world, broker } = await ready();
    world.hris.nextWrite = { written: { kind: "throttled", detail: "429", retryAfterSeconds: asked } };
    expect(await broker()).toMatchObject({ status: "retry", reason: "Throttled", retryAfterSeconds: after(waits) });
  });

  test.each([undefined, 30])("waits of one moment are spread, where %s seconds were asked for", async (asked) => {
    const waits = new Set<number>();
    for (let request = 1; request <= 20; request += 1) {
      const world = new World();
      const requestId = `r-${String(request)}`;
      await world.take(joiner([{ field: FIELD, value: VALUE }], { requestId }));
      const place = { version: 1, requestId, index: 0, field: FIELD };
      const { digest } = await world.inspect({ ...place, phase: "first" });
      world.connectorCode = () => Promise.resolve({ version: 1, status: 503, retryAfterSeconds: asked });
      const first = await world.broker({ ...place, digest, attempt: 1 });
      expect(first).toMatchObject({ status: "retry", retryAfterSeconds: after(asked ?? 10) });
      waits.add(first.retryAfterSeconds);
    }
    expect(waits.size).toBeGreaterThan(10);
  });

  test("a connector that never uses its grants ends the change after the last attempt", async () => {
    const world = new World();
    world.connectorCode = () => Promise.resolve(undefined);
    const end = await world.write(FIELD, VALUE);
    expect(end).toMatchObject({ outcome: "not-applied", reason: "AttemptsExhausted" });
    expect(world.invocations).toHaveLength(6);
    expect(world.hris.writes).toEqual([]);
  });

  test("attempts do not run out over a write that is still open", async () => {
    const { world, broker } = await ready();
    world.hris.nextWrite = { written: { kind: "unknown", detail: "time-out" }, effect: "none" };
    await broker();
    expect(await broker(6)).toMatchObject({ status: "unsettled", outcome: "unknown" });
    expect(await broker(7)).toMatchObject({ status: "unsettled", outcome: "unknown" });
    expect(world.outcome()).toBeUndefined();
  });

  test("a stopped switch does not end a change that has a write open", async () => {
    const { world, broker } = await ready();
    world.hris.nextWrite = { written: { kind: "unknown", detail: "time-out" }, effect: "none" };
    await broker();
    world.seed("control", [{ pk: "switch", state: "stopped" }]);
    expect(await broker(2)).toMatchObject({ status: "unsettled" });
    expect(world.outcome()).toBeUndefined();
  });
});
