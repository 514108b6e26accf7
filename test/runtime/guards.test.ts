import { ENV, OUTCOMES } from "../../src/core";
import { closeUnused, mayHaveChanged } from "../../src/runtime/grants";
import { parseConfig } from "../../src/runtime/handlers/broker";
import type { GrantItem } from "../../src/runtime/ledger";
import type { SessionCredentials } from "../../src/runtime/ports";
import { APPROVER, CONNECTOR_ROLE_ARN, joiner, POLICY, World } from "./world";

/**
 * Guards that another guard stands behind, and races that only show when something happens between two calls. Each test here breaks
 * when its one guard is taken out: they were found by taking guards out.
 */
const FIELD = "work_email";
const VALUE = "new.hire@example.com";
const PLACE = { version: 1, requestId: "r-1", index: 0, field: FIELD };

interface Payload {
  readonly grantId: string;
  readonly url: string;
  readonly value: string;
  readonly credentials: SessionCredentials;
}

/** A grant that is open, and its session, with the broker out of the way. */
async function openGrant(world: World, requestId = "r-1", detail: object = {}): Promise<Payload> {
  await world.take(joiner([{ field: FIELD, value: VALUE }], { requestId, ...detail }));
  const place = { ...PLACE, requestId };
  const { digest } = await world.inspect({ ...place, phase: "first" });
  let payload: unknown;
  world.connectorCode = (given) => {
    payload = given;
    world.probes.broker.isDead = true;
    return Promise.resolve(undefined);
  };
  await world.broker({ ...place, digest, attempt: 1 });
  world.probes.broker.revive();
  world.connectorCode = undefined;
  return payload as Payload;
}

async function send(world: World, { url, value, credentials }: Payload): Promise<object> {
  const { body } = await world.request("PATCH", url, JSON.stringify({ value }), credentials);
  return JSON.parse(body) as object;
}

const openItem = (world: World, grantId: string): GrantItem =>
  world.ledger(`grant#${grantId}`, "open") as unknown as GrantItem;
const intentOf = (grantId: string) => ({
  pk: `intent#${grantId}`,
  sk: "intent",
  grantId,
  settledBy: "2027-01-01T00:00:00.000Z",
});

/** Does something right before the n-th call from now of a process. */
function beforeCall(world: World, name: "broker" | "sweeper" | "gateway", call: number, act: () => void): void {
  const probe = world.probes[name];
  const run = probe.run.bind(probe);
  let calls = 0;
  probe.run = (effect) => {
    calls += 1;
    if (calls === call) act();
    return run(effect);
  };
}

describe("the gateway", () => {
  test("refuses a path of no grant or no field, also where parameters and path agree", async () => {
    const world = new World();
    const payload = await openGrant(world);
    for (const [grantId, field] of [
      ["g-*", FIELD],
      [payload.grantId, "Work-Email"],
    ] as const) {
      const { body } = await world.request(
        "PATCH",
        payload.url,
        JSON.stringify({ value: VALUE }),
        payload.credentials,
        (event) => ({
          ...event,
          pathParameters: { grantId, field },
          requestContext: {
            ...event.requestContext,
            path: `/live/grants/${grantId}/fields/${field}`,
            identity: {
              ...event.requestContext.identity,
              userArn: `arn:aws:sts::111122223333:assumed-role/demo-connector/${grantId}`,
            },
          },
        }),
      );
      expect(JSON.parse(body)).toEqual({ refused: "WrongPath" });
    }
  });

  test("refuses an ended grant before it reads the HRIS", async () => {
    const world = new World();
    const payload = await openGrant(world);
    world.seed("ledger", [{ pk: `grant-end#${payload.grantId}`, sk: "end" }]);
    const { reads } = world.hris;
    expect(await send(world, payload)).toMatchObject({ refused: "GrantEnded" });
    expect(world.hris.reads).toBe(reads);
  });

  test.each<readonly [string, (grant: GrantItem) => string[]]>([
    ["request", () => ["request#r-1", "request"]],
    ["decision", () => ["decision#r-1", "decision#0"]],
    ["inspection", (grant: GrantItem) => ["inspection#r-1#0", `inspection#${grant.digest}`]],
  ])("refuses a grant whose %s is not on record", async (_name, key) => {
    const world = new World();
    const payload = await openGrant(world);
    world.tables.ledger.delete(JSON.stringify(key(openItem(world, payload.grantId))));
    expect(await send(world, payload)).toMatchObject({ refused: "UnknownGrant" });
  });

  test("refuses a class that is stricter than the one that was inspected", async () => {
    const world = new World();
    const payload = await openGrant(world);
    const decision = world.ledger("decision#r-1", "decision#0")!;
    world.seed("ledger", [
      { ...decision, verdict: "approve", reason: "ApprovalRequired", effectiveClass: "conditional" },
    ]);
    expect(await send(world, payload)).toMatchObject({ refused: "ClassRefused" });
  });

  test("does not call a service that fails a lease that is held", async () => {
    const world = new World();
    const payload = await openGrant(world);
    const probe = world.probes.gateway;
    // Grant, manifest, items, request, decision, inspection, MAC; then the lease.
    probe.fault = { call: probe.calls + 8, moment: "before", how: "fails" };
    expect(await send(world, payload)).toMatchObject({ refused: "ServiceUnavailable" });
    probe.revive();
    expect(await send(world, payload)).toMatchObject({ outcome: "applied" });
  });

  test("does not end a grant as noop that was used meanwhile", async () => {
    const world = new World();
    const payload = await openGrant(world);
    world.hris.onRead = () => {
      world.seed("ledger", [intentOf(payload.grantId)]);
      return { kind: "value", value: VALUE };
    };
    expect(await send(world, payload)).toMatchObject({ refused: "GrantUsed" });
    expect(world.ledger(`grant-end#${payload.grantId}`, "end")).toBeUndefined();
    expect(world.outcome()).toBeUndefined();
  });

  test("trips the breaker once, also for two writes that meet the limit together", async () => {
    const world = new World();
    world.hris.set("workEmail", null, "WD-2");
    world.hris.set("employment_type", "employee", "WD-2");
    world.hris.set("legal_entity", "acme-uk", "WD-2");
    world.directory.set("work_email", VALUE, "WD-2");
    const first = await openGrant(world);
    const second = await openGrant(world, "r-2", {
      worker: { id: "WD-2", attributes: { worker_type: "employee", legal_entity: "acme-uk" } },
    });
    world.seed("control", [{ pk: "breaker-count#hour#2026-11-02T09", count: 200 }]);
    const answers = await Promise.all([send(world, first), send(world, second)]);
    expect(answers).toEqual([{ refused: "BreakerTripped" }, { refused: "BreakerTripped" }]);
    expect(world.lines.filter(({ event }) => event === "breaker-tripped")).toHaveLength(1);
  });

  test("records the outcome although the lease has become another's, and leaves that alone", async () => {
    const world = new World();
    const payload = await openGrant(world);
    const lease = {
      pk: `lease#${openItem(world, payload.grantId).workerRef}`,
      holder: "g-other",
      expiresAt: "2027-01-01T00:00:00.000Z",
    };
    world.hris.onRead = () => {
      if (world.hris.writes.length > 0) world.seed("control", [lease]);
      return undefined;
    };
    expect(await send(world, payload)).toMatchObject({ outcome: "applied" });
    expect(world.outcome()).toBe("applied");
    expect(world.control(lease.pk)).toEqual(lease);
  });
});

describe("the broker", () => {
  test("opens no grant beyond the last attempt", async () => {
    const world = new World();
    const { digest } = await world.prepare(FIELD, VALUE);
    expect(await world.broker({ ...PLACE, digest, attempt: 7 })).toMatchObject({
      status: "ended",
      outcome: "not-applied",
      reason: "AttemptsExhausted",
    });
    expect(world.itemsOf("ledger", "grant#")).toEqual([]);
  });

  test.each([
    [{ verdict: "deny", reason: "NeverField", effectiveClass: "never" }, "denied", "NeverField"],
    [{ verdict: "notify", reason: "SegmentNotifyOnly" }, "notified", "SegmentNotifyOnly"],
    [{ verdict: "approve", reason: "ApprovalRequired", effectiveClass: "conditional" }, "conflict", "ClassMoved"],
  ])("opens no grant for a change that stands as %j", async (stricter, outcome, reason) => {
    const world = new World();
    const { digest } = await world.prepare(FIELD, VALUE);
    world.seed("ledger", [{ ...world.ledger("decision#r-1", "decision#0")!, ...stricter }]);
    expect(await world.broker({ ...PLACE, digest, attempt: 1 })).toMatchObject({ status: "ended", outcome, reason });
    expect(world.itemsOf("ledger", "grant#")).toEqual([]);
  });

  test("fails to start without its region", () => {
    const env = {
      [ENV.manifestHash]: "0".repeat(64),
      [ENV.connectorRoleArn]: CONNECTOR_ROLE_ARN,
      [ENV.connectorFunctionName]: "demo-connector",
      [ENV.gatewayUrl]: "https://a1b2c3.execute-api.eu-west-1.amazonaws.com/live",
      [ENV.sessionPolicyTemplate]: "{}",
    };
    expect(() => parseConfig(env)).toThrow("AWS_REGION");
    expect(parseConfig({ ...env, AWS_REGION: "eu-west-1" }).region).toBe("eu-west-1");
    expect(() => parseConfig({ ...env, AWS_REGION: "eu-west-1", [ENV.manifestHash]: "latest" })).toThrow();
    const at = (url: string) => () => parseConfig({ ...env, AWS_REGION: "eu-west-1", [ENV.gatewayUrl]: url });
    for (const url of ["http://127.0.0.1:4566/live", "http://localhost:8080/live"]) expect(at(url)).not.toThrow();
    for (const url of [
      "https://x.example.com/live/",
      "http://x.example.com/live",
      "http://127.0.0.1.example.com/live",
      "ftp://localhost/live",
      "live",
    ])
      expect(at(url)).toThrow();
  });
});

test("a grant whose outcome is certain to have had no effect leaves the field's last writer as it was", () => {
  const effects = OUTCOMES.filter((outcome) => mayHaveChanged({ outcome }));
  for (const outcome of ["applied", "conflict", "pending-in-hris", "unknown"]) expect(effects).toContain(outcome);
  for (const outcome of ["denied", "forbidden", "noop", "not-applied", "rejected", "duplicate"])
    expect(effects).not.toContain(outcome);
});

describe("ending an unused grant", () => {
  test("fails against a use", async () => {
    const world = new World();
    const { grantId } = await openGrant(world);
    world.seed("ledger", [intentOf(grantId)]);
    expect(await closeUnused(world.store, openItem(world, grantId), "GrantNotUsed", world.now)).toBe(false);
    expect(world.ledger(`grant-end#${grantId}`, "end")).toBeUndefined();
    expect(world.itemsOf("control", "pointer#")[0]).toMatchObject({ grantId });
  });

  test("does not free a field that another grant holds", async () => {
    const world = new World();
    const { grantId } = await openGrant(world);
    const pointer = { ...world.itemsOf("control", "pointer#")[0]!, grantId: "g-other" };
    world.seed("control", [pointer]);
    await closeUnused(world.store, openItem(world, grantId), "GrantNotUsed", world.now);
    expect(world.itemsOf("control", "pointer#")[0]).toEqual(pointer);
  });

  test("fails where the service does, without an answer either way", async () => {
    const world = new World();
    const { grantId } = await openGrant(world);
    const store = world.probes.intake.wrap(world.store, ["write"]);
    world.probes.intake.fault = { call: world.probes.intake.calls + 1, moment: "before", how: "fails" };
    await expect(closeUnused(store, openItem(world, grantId), "GrantNotUsed", world.now)).rejects.toMatchObject({
      name: "ServiceUnavailable",
    });
  });
});

describe("the sweeper", () => {
  test("does not end a grant that is used between its look and its write", async () => {
    const world = new World();
    const { grantId } = await openGrant(world);
    world.now += 20 * 60_000;
    // The queue, the grant; then the write.
    beforeCall(world, "sweeper", 5, () => {
      world.seed("ledger", [intentOf(grantId)]);
    });
    await world.sweeper();
    expect(world.ledger(`grant-end#${grantId}`, "end")).toBeUndefined();
    expect(world.outcome()).toBeUndefined();
    expect(world.itemsOf("control", "pointer#")[0]).toMatchObject({ grantId });
  });

  test("does not postpone the grant that came after the one it could not read", async () => {
    const world = new World();
    world.hris.nextWrite = { written: { kind: "unknown", detail: "" }, effect: "none" };
    await world.write(FIELD, VALUE);
    world.now += 3 * 60_000;
    const pointer = { ...world.itemsOf("control", "pointer#")[0]!, grantId: "g-other" };
    world.hris.onRead = () => {
      world.seed("control", [pointer]);
      return { kind: "unavailable", detail: "503" };
    };
    await world.sweeper();
    expect(world.itemsOf("control", "pointer#")[0]).toEqual(pointer);
  });

  test("spares a wait for approval that was renewed while it looked", async () => {
    const world = new World();
    const { digest } = await world.prepare("manager", "WD-500");
    await world.requestApproval({ ...PLACE, field: "manager", digest, approvalTimeoutSeconds: 60, taskToken: "old" });
    world.now += 61_000;
    const renewed = { ...world.control("task#r-1#0")!, encryptedToken: "renewed", dueAt: "2027-01-01T00:00:00.000Z" };
    // The breaker, the queue; then the write.
    beforeCall(world, "sweeper", 3, () => {
      world.seed("control", [renewed]);
    });
    await world.sweeper();
    expect(world.control("task#r-1#0")).toEqual(renewed);
  });

  test("takes no new item when its time is up, and comes back to it", async () => {
    const world = new World();
    await openGrant(world);
    world.seed("control", [
      { pk: "look#g-x", grantId: "g-x", queue: "second-look", dueAt: "2020-01-01T00:00:00.000Z" },
    ]);
    world.now += 20 * 60_000;
    beforeCall(world, "sweeper", 5, () => {
      world.now += 31_000;
    });
    expect(await world.sweeper()).toMatchObject({ ended: 1, left: 0 });
    expect(await world.sweeper()).toMatchObject({ ended: 0, left: 1 });
  });
});

describe("the rest of the way", () => {
  test("decide fails when its decisions cannot be kept, rather than passing on no change", async () => {
    const world = new World();
    await world.intake({
      Records: [{ messageId: "m-1", body: JSON.stringify(joiner([{ field: FIELD, value: VALUE }])) }],
    });
    const probe = world.probes.decide;
    // Stored decisions, request, manifest, items; then the write.
    probe.fault = { call: probe.calls + 5, moment: "before", how: "fails" };
    await expect(world.decide({ version: 1, requestId: "r-1" })).rejects.toMatchObject({ name: "ServiceUnavailable" });
    probe.revive();
    expect((await world.decide({ version: 1, requestId: "r-1" })).changes).toHaveLength(1);
  });

  test("inspect fails for a request that was taken and never decided", async () => {
    const world = new World();
    await world.intake({
      Records: [{ messageId: "m-1", body: JSON.stringify(joiner([{ field: FIELD, value: VALUE }])) }],
    });
    await expect(world.inspect({ ...PLACE, phase: "first" })).rejects.toMatchObject({ name: "UnknownReference" });
  });

  test("an attribute that the policy reads from nowhere stays as the event gave it", async () => {
    const world = new World(POLICY.replace("  worker_type: { system: hris, field: employment_type }\n", ""));
    world.hris.set("employment_type", "contingent");
    expect(await world.prepare(FIELD, VALUE)).toMatchObject({ route: "write" });
  });

  test("announce tells what a grant shows, also where the end of the change was never recorded", async () => {
    const world = new World();
    await world.write(FIELD, VALUE);
    world.tables.ledger.delete(JSON.stringify(["outcome#r-1#0", "outcome"]));
    expect(await world.announce({ ...PLACE, failure: { Error: "States.Timeout" } })).toMatchObject({
      outcome: "applied",
    });
  });

  test("announce does not take a throttled attempt for the end of its change", async () => {
    const world = new World();
    const { digest } = await world.prepare(FIELD, VALUE);
    world.hris.nextWrite = { written: { kind: "throttled", detail: "429", retryAfterSeconds: 30 } };
    expect(await world.broker({ ...PLACE, digest, attempt: 1 })).toMatchObject({
      status: "retry",
      reason: "Throttled",
    });
    expect(await world.announce({ ...PLACE, failure: { Error: "ReadUnavailable" } })).toMatchObject({
      reason: "ReadUnavailable",
    });
  });

  test("the approvals API forgets the token that it used, not one that was issued meanwhile", async () => {
    const world = new World();
    const { digest, approvalTimeoutSeconds } = await world.prepare("manager", "WD-500");
    const task = { ...PLACE, field: "manager", digest, approvalTimeoutSeconds };
    await world.requestApproval({ ...task, taskToken: "old" });
    const decrypt = world.keys.decrypt.bind(world.keys);
    world.keys.decrypt = async (...args) => {
      await world.requestApproval({ ...task, taskToken: "new" });
      return decrypt(...args);
    };
    await world.decideAs(APPROVER, "approve", digest);
    expect(world.tokens.map(({ token }) => token)).toEqual(["old"]);
    expect(world.control("task#r-1#0")).toMatchObject({ queue: "approval" });
    expect(world.control("task#r-1#0")).toHaveProperty("encryptedToken");
  });

  test("a worker id that a token gives as a number is a worker id", async () => {
    const world = new World();
    world.hris.set("manager", "WD-1", "10293");
    world.hris.set("employment_type", "employee", "10293");
    world.hris.set("legal_entity", "acme-uk", "10293");
    const worker = { id: "10293", attributes: { worker_type: "employee", legal_entity: "acme-uk" } };
    const { digest, approvalTimeoutSeconds } = await world.prepare("manager", "WD-500", { worker });
    await world.requestApproval({ ...PLACE, field: "manager", digest, approvalTimeoutSeconds, taskToken: "t" });
    const reply = await world.decideAs({ ...APPROVER, workerId: 10293 }, "approve", digest);
    expect(reply.json).toMatchObject({ code: "ApproverIsWorker" });
  });
});
