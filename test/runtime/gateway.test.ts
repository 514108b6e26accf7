import { RETRYABLE_ERRORS } from "../../src/core";
import type { SessionCredentials } from "../../src/runtime/ports";
import { APPROVER, joiner, POLICY, World, type ProxyEvent } from "./world";

const FIELD = "work_email";
const VALUE = "new.hire@example.com";

interface Payload {
  readonly grantId: string;
  readonly field: string;
  readonly value: string;
  readonly url: string;
  readonly credentials: SessionCredentials;
}

interface Answer {
  readonly status: number;
  readonly refused?: string;
  readonly outcome?: string;
}

/** Opens a grant for a safe field and lets `connector` use its session as it likes. */
async function withSession(
  world: World,
  connector: (payload: Payload) => Promise<void>,
  field = FIELD,
  value = VALUE,
): Promise<void> {
  const { digest } = await world.prepare(field, value);
  // The broker survives whatever its connector throws; a failed expectation must not be lost there.
  let failure: unknown;
  world.connectorCode = async (payload) => {
    try {
      await connector(payload as unknown as Payload);
    } catch (error) {
      failure = error;
    }
    return { version: 1, status: 200 };
  };
  await world.broker({ version: 1, requestId: "r-1", index: 0, field, digest, attempt: 1 });
  if (failure !== undefined) throw failure as Error;
  expect(world.invocations).toHaveLength(1);
}

/** One request with a session, its event changed as a test likes. */
async function send(
  world: World,
  payload: Payload,
  change?: (event: ProxyEvent) => unknown,
  value: unknown = payload.value,
): Promise<Answer> {
  const { status, body } = await world.request(
    "PATCH",
    payload.url,
    JSON.stringify({ value }),
    payload.credentials,
    change,
  );
  return { status, ...(JSON.parse(body) as object) };
}

/** A refusal by this code that used nothing: the same session's honest request passes afterwards. */
async function expectRefusedAndUnused(
  code: string,
  change: (event: ProxyEvent) => unknown,
  value?: unknown,
  { world = new World(), honest }: { world?: World; honest?: (event: ProxyEvent) => unknown } = {},
): Promise<void> {
  await withSession(world, async (payload) => {
    const refused = await send(world, payload, change, value);
    expect(refused).toMatchObject({ refused: code });
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect(world.hris.writes).toEqual([]);
    expect(await send(world, payload, honest)).toMatchObject({ status: 200, outcome: "applied" });
  });
}

const context = (change: Partial<ProxyEvent["requestContext"]>) => (event: ProxyEvent) => ({
  ...event,
  requestContext: { ...event.requestContext, ...change },
});

const identity = (change: Partial<ProxyEvent["requestContext"]["identity"]>) => (event: ProxyEvent) =>
  context({ identity: { ...event.requestContext.identity, ...change } })(event);

describe("the caller of the field gateway", () => {
  const OTHER_GRANT = "g-01JAAAAAAAAAAAAAAAAAAAAAAA";

  test.each<readonly [name: string, code: string, change: (event: ProxyEvent) => unknown]>([
    ["an event that is none", "MalformedRequest", () => ({})],
    ["another stage", "WrongStage", context({ stage: "dev" })],
    ["the console's test invocation", "WrongStage", context({ stage: "test-invoke-stage" })],
    ["another method", "WrongMethod", (event) => ({ ...event, httpMethod: "PUT" })],
    ["another method in the context alone", "WrongMethod", context({ httpMethod: "GET" })],
    [
      "a method override",
      "MethodOverride",
      (event) => ({ ...event, headers: { ...event.headers, "X-HTTP-Method-Override": "DELETE" } }),
    ],
    [
      "a method override among the multi-value headers",
      "MethodOverride",
      (event) => ({ ...event, multiValueHeaders: { "x-http-method-override": ["PUT"] } }),
    ],
    ["another resource", "WrongResource", (event) => ({ ...event, resource: "/grants/{grantId}" })],
    ["another resource in the context alone", "WrongResource", context({ resourcePath: "/{proxy+}" })],
    [
      "a grant that is not one",
      "WrongPath",
      (event) => ({ ...event, pathParameters: { ...event.pathParameters, grantId: "g-*" } }),
    ],
    [
      "a field that is not one",
      "WrongPath",
      (event) => ({ ...event, pathParameters: { ...event.pathParameters, field: "work_email/../base_salary" } }),
    ],
    [
      "parameters that are not the path that IAM judged",
      "WrongPath",
      (event) => ({ ...event, pathParameters: { ...event.pathParameters, field: "account_id" } }),
    ],
    [
      "an encoded path",
      "WrongPath",
      (event) => context({ path: event.requestContext.path.replace("work_email", "work%5Femail") })(event),
    ],
    ["a path without its stage", "WrongPath", (event) => context({ path: event.path })(event)],
    ["a query", "QueryNotAllowed", (event) => ({ ...event, queryStringParameters: { field: "base_salary" } })],
    [
      "a multi-value query",
      "QueryNotAllowed",
      (event) => ({ ...event, multiValueQueryStringParameters: { field: ["base_salary"] } }),
    ],
    ["nobody who signed", "CallerNotConnector", identity({ userArn: null, accessKey: "AKIA" })],
    [
      "another role's session of the same name",
      "CallerNotConnector",
      (event) =>
        identity({
          userArn: (event.requestContext.identity.userArn ?? "").replace(
            "demo-connector/",
            "demo-connector-execution/",
          ),
        })(event),
    ],
    [
      "the same role of another account",
      "CallerNotConnector",
      (event) =>
        identity({
          userArn: (event.requestContext.identity.userArn ?? "").replace("111122223333", "444455556666"),
        })(event),
    ],
    [
      "the session of another grant",
      "GrantNotCallers",
      identity({ userArn: `arn:aws:sts::111122223333:assumed-role/demo-connector/${OTHER_GRANT}` }),
    ],
    ["a session without an access key", "CallerNotConnector", identity({ accessKey: null })],
  ])("refuses %s", async (_name, code, change) => {
    await expectRefusedAndUnused(code, change);
  });

  test.each<readonly [name: string, body: string | null]>([
    ["none", null],
    ["no JSON", "value=1"],
    ["a list", "[1]"],
    ["no value", "{}"],
    ["an object", '{"value":{"$ne":null}}'],
    ["another member", `{"value":"${VALUE}","field":"base_salary"}`],
    ["too much", JSON.stringify({ value: "x".repeat(20_000) })],
  ])("refuses a body with %s", async (_name, body) => {
    await expectRefusedAndUnused("MalformedBody", (event) => ({ ...event, body }));
  });

  const ENDPOINT = "vpce-0a1b2c3d4e5f67890";

  test.each<readonly [name: string, vpceId: string | null | undefined]>([
    ["no endpoint", undefined],
    ["no endpoint, said so", null],
    ["an empty endpoint", ""],
    ["another endpoint", "vpce-0fedcba9876543210"],
    ["an endpoint whose id begins with the right one", `${ENDPOINT}0`],
    ["an endpoint in capitals", ENDPOINT.toUpperCase()],
    ["the word for no endpoint", "none"],
  ])("behind an endpoint, refuses a request through %s", async (_name, vpceId) => {
    const world = new World(POLICY, { vpcEndpointId: ENDPOINT });
    await expectRefusedAndUnused("WrongEndpoint", identity({ vpceId }), undefined, {
      world,
      honest: identity({ vpceId: ENDPOINT }),
    });
  });

  test("behind no endpoint, takes a request whatever it came through", async () => {
    const world = new World();
    await withSession(world, async (payload) => {
      expect(await send(world, payload, identity({ vpceId: ENDPOINT }))).toMatchObject({ outcome: "applied" });
    });
  });

  test("takes a body in base 64", async () => {
    const world = new World();
    await withSession(world, async (payload) => {
      const answer = await send(world, payload, (event) => ({
        ...event,
        body: Buffer.from(event.body ?? "").toString("base64"),
        isBase64Encoded: true,
      }));
      expect(answer.outcome).toBe("applied");
    });
  });
});

describe("the grant", () => {
  test("refuses another value than the one that was inspected", async () => {
    await expectRefusedAndUnused("ValueMismatch", (event) => event, "someone.else@example.com");
  });

  test("refuses the same value as another type", async () => {
    const world = new World();
    await withSession(
      world,
      async (payload) => {
        expect(await send(world, payload, undefined, 12)).toMatchObject({ refused: "ValueMismatch" });
      },
      "desk",
      "12",
    );
    expect(world.hris.writes).toEqual([]);
  });

  test("refuses a second use", async () => {
    const world = new World();
    await withSession(world, async (payload) => {
      expect(await send(world, payload)).toMatchObject({ outcome: "applied" });
      expect(await send(world, payload)).toMatchObject({ status: 409, refused: "GrantUsed" });
    });
    expect(world.hris.writes).toHaveLength(1);
  });

  test("refuses one of two requests at once", async () => {
    const world = new World();
    await withSession(world, async (payload) => {
      const answers = await Promise.all([send(world, payload), send(world, payload)]);
      expect(answers.filter(({ outcome }) => outcome === "applied")).toHaveLength(1);
    });
    expect(world.hris.writes).toHaveLength(1);
  });

  test("refuses a use of a write that is still open", async () => {
    const world = new World();
    world.hris.nextWrite = { written: { kind: "unknown", detail: "time-out" } };
    await withSession(world, async (payload) => {
      expect(await send(world, payload)).toMatchObject({ status: 202, outcome: "unknown" });
      expect(await send(world, payload)).toMatchObject({ refused: "GrantUsed" });
    });
    expect(world.hris.writes).toHaveLength(1);
  });

  test("refuses after its end", async () => {
    const world = new World();
    let payload: Payload | undefined;
    await withSession(world, (given) => {
      payload = given;
      return Promise.resolve();
    });
    expect(await send(world, payload!)).toMatchObject({ refused: "GrantEnded" });
    expect(world.hris.writes).toEqual([]);
  });

  test("refuses at the second at which it expires", async () => {
    const world = new World();
    await withSession(world, async (payload) => {
      world.now += 900_000 - 1;
      world.hris.nextReads.push({ kind: "unavailable", detail: "503" });
      expect(await send(world, payload)).toMatchObject({ refused: "HrisUnavailable" });
      world.now += 1;
      expect(await send(world, payload)).toMatchObject({ refused: "GrantExpired" });
    });
    expect(world.hris.writes).toEqual([]);
  });

  test("refuses a grant that nobody opened", async () => {
    const world = new World();
    await withSession(world, async (payload) => {
      const grantId = "g-01JAAAAAAAAAAAAAAAAAAAAAAA";
      const accessKeyId = "ASIA-FORGED";
      world.sessions.set(accessKeyId, { sessionName: grantId, policy: "", tags: {} });
      const url = payload.url.replace(payload.grantId, grantId);
      const forged = { ...payload, url, credentials: { ...payload.credentials, accessKeyId } };
      expect(await send(world, forged)).toMatchObject({ refused: "UnknownGrant" });
    });
  });

  test("refuses another field than its own", async () => {
    const world = new World();
    await withSession(world, async (payload) => {
      const url = payload.url.replace(FIELD, "account_id");
      expect(await send(world, { ...payload, url })).toMatchObject({ refused: "FieldNotGranted" });
      expect(await send(world, payload)).toMatchObject({ outcome: "applied" });
    });
  });
});

describe("the policy at the gateway", () => {
  test("refuses while the classification table holds another policy", async () => {
    const world = new World();
    await withSession(world, async (payload) => {
      const key = JSON.stringify(["policy", "manifest"]);
      const manifest = world.tables.classification.get(key)!;
      world.tables.classification.set(key, { ...manifest, hash: "0".repeat(64) });
      expect(await send(world, payload)).toMatchObject({ status: 503, refused: RETRYABLE_ERRORS.policyInTransition });
      world.tables.classification.set(key, manifest);
      expect(await send(world, payload)).toMatchObject({ outcome: "applied" });
    });
  });

  test("refuses a grant of another policy", async () => {
    const world = new World();
    await withSession(world, async (payload) => {
      const open = world.ledger(`grant#${payload.grantId}`, "open")!;
      world.seed("ledger", [{ ...open, policyDigest: "f".repeat(64) }]);
      expect(await send(world, payload)).toMatchObject({ refused: "PolicyChanged" });
    });
  });

  test("refuses a change that is denied now", async () => {
    const text = POLICY.replace(
      "breaker:",
      `exceptions:
  - { id: EX-1, field: work_email, segment: contractors, allow: safe, reason: "pilot", approvedOn: 2026-11-01,
      approvedBy: { identity: u-1042, hr-operations: u-2077 }, expires: 2026-11-02 }
breaker:`,
    );
    const world = new World(text);
    world.hris.set("employment_type", "contingent");
    await world.take(
      joiner([{ field: FIELD, value: VALUE }], {
        worker: { id: "WD-10293", attributes: { worker_type: "contingent", legal_entity: "acme-uk" } },
      }),
    );
    world.now = Date.parse("2026-11-02T23:59:50Z");
    const { digest, route } = await world.inspect({
      version: 1,
      requestId: "r-1",
      index: 0,
      field: FIELD,
      phase: "first",
    });
    expect(route).toBe("write");
    let refused: Answer | undefined;
    world.connectorCode = async (payload) => {
      // The exception ends with the day.
      world.now = Date.parse("2026-11-03T00:00:01Z");
      refused = await send(world, payload as unknown as Payload);
      return undefined;
    };
    await world.broker({ version: 1, requestId: "r-1", index: 0, field: FIELD, digest, attempt: 1 });
    expect(refused).toMatchObject({ refused: "ClassRefused" });
    expect(world.hris.writes).toEqual([]);
  });

  test("refuses a field that the HRIS's own catalogue never allows", async () => {
    const world = new World();
    await withSession(world, async (payload) => {
      world.hris.neverFields = ["WORK*"];
      expect(await send(world, payload)).toMatchObject({ status: 403, refused: "NeverInHris", outcome: "denied" });
    });
    expect(world.hris.writes).toEqual([]);
    expect([world.outcome(), world.reason()]).toEqual(["denied", "NeverInHris"]);
  });

  test("refuses a conditional change whose approval is not on record", async () => {
    const world = new World();
    await world.take(joiner([{ field: "manager", value: "WD-500" }]));
    let refused: Answer | undefined;
    world.connectorCode = async (payload) => {
      for (const key of [...world.tables.ledger.keys()].filter((each) => each.includes("approval#"))) {
        world.tables.ledger.delete(key);
      }
      refused = await send(world, payload as unknown as Payload);
      return undefined;
    };
    await world.runChange("manager", {
      onApproval: async ({ digest }) => {
        await world.decideAs(APPROVER, "approve", digest);
      },
    });
    expect(refused).toMatchObject({ refused: "ApprovalMissing" });
    expect(world.hris.writes).toEqual([]);
  });

  test("refuses a conditional change that somebody denied after all", async () => {
    const world = new World();
    await world.take(joiner([{ field: "manager", value: "WD-500" }]));
    let refused: Answer | undefined;
    world.connectorCode = async (payload) => {
      const approval = world
        .itemsOf("ledger", "approval#")
        .find((item) => (item["sk"] as string).startsWith("approval#"))!;
      const approver = { issuer: "https://idp.example.com", subject: "u-3" };
      world.seed("ledger", [{ ...approval, sk: `${approval["sk"] as string}x`, decision: "deny", approver }]);
      refused = await send(world, payload as unknown as Payload);
      return undefined;
    };
    await world.runChange("manager", {
      onApproval: async ({ digest }) => {
        await world.decideAs(APPROVER, "approve", digest);
      },
    });
    expect(refused).toMatchObject({ refused: "ApprovalDenied" });
  });
});

describe("compare before write", () => {
  test("refuses a value that moved since it was inspected", async () => {
    const world = new World();
    await withSession(world, async (payload) => {
      world.hris.set("workEmail", "by.hr@example.com");
      expect(await send(world, payload)).toMatchObject({ status: 409, refused: "FromMoved" });
    });
    expect(world.hris.valueOf("workEmail")).toBe("by.hr@example.com");
    expect(world.itemsOf("control", "lease#")[0]).not.toHaveProperty("holder");
  });

  test("a value that is there already is an outcome without a call", async () => {
    const world = new World();
    await withSession(world, async (payload) => {
      world.hris.set("workEmail", "New.Hire@example.com");
      expect(await send(world, payload)).toMatchObject({ status: 200, outcome: "noop" });
      expect(await send(world, payload)).toMatchObject({ refused: "GrantUsed" });
    });
    expect(world.hris.writes).toEqual([]);
    expect(world.outcome()).toBe("noop");
    expect(world.itemsOf("control", "pointer#")[0]).not.toHaveProperty("grantId");
  });

  test("refuses a write-once field that is not empty, whatever the exact change says", async () => {
    const world = new World();
    await withSession(
      world,
      async (payload) => {
        // Two spaces count as empty at inspection; the fake HRIS calls them equal to what it holds now.
        world.hris.sameValue = (_field, a, b) => a === b || (a === "taken" && b === null);
        world.hris.set("account_id", "taken");
        expect(await send(world, payload)).toMatchObject({ refused: "WriteOnceNotEmpty", outcome: "denied" });
      },
      "account_id",
      "nhire",
    );
    expect(world.hris.writes).toEqual([]);
  });

  test("refuses while the HRIS does not answer, and gives the lease back", async () => {
    const world = new World();
    await withSession(world, async (payload) => {
      world.hris.nextReads.push({ kind: "unavailable", detail: "503", retryAfterSeconds: 7 });
      expect(await send(world, payload)).toMatchObject({ status: 503, refused: "HrisUnavailable" });
      expect(world.itemsOf("control", "lease#")[0]).not.toHaveProperty("holder");
      expect(await send(world, payload)).toMatchObject({ outcome: "applied" });
    });
  });

  const FINAL = [
    ["forbidden", "ReadForbidden", { kind: "forbidden", detail: "absent" }],
    ["denied", "NoSuchWorker", { kind: "no-such-worker", detail: "404" }],
    ["denied", "WorkerInactive", { kind: "value", value: null, active: false }],
  ] as const;

  test.each(FINAL)("ends the change as %s by %s, its grant unused and its lease free", async (outcome, code, read) => {
    const world = new World();
    await withSession(world, async (payload) => {
      world.hris.nextReads.push(read);
      expect(await send(world, payload)).toMatchObject({ status: 403, refused: code, outcome });
      expect(world.itemsOf("control", "lease#")[0]).not.toHaveProperty("holder");
      expect(world.ledger(`grant-end#${payload.grantId}`, "end")).toMatchObject({ reason: code });
      expect(world.ledger(`intent#${payload.grantId}`, "intent")).toBeUndefined();
      expect(await send(world, payload)).toMatchObject({ refused: "GrantUsed" });
    });
    expect([world.outcome(), world.reason()]).toEqual([outcome, code]);
    expect(world.hris.writes).toEqual([]);
    expect(world.itemsOf("control", "pointer#")[0]).not.toHaveProperty("grantId");
  });

  test.each(FINAL)(
    "ends it as %s by %s with one session, where the reader saw nothing of it",
    async (outcome, reason, read) => {
      const world = new World();
      let inspected = false;
      world.hris.onRead = (field) => {
        if (field !== "workEmail") return undefined;
        const isWriter = inspected;
        inspected = true;
        return isWriter ? read : undefined;
      };
      expect(await world.write(FIELD, VALUE)).toMatchObject({ outcome, reason });
      expect(world.sessions.size).toBe(1);
    },
  );

  test("uses a grant or ends it, never both, where two requests of one session see different things", async () => {
    const world = new World();
    await withSession(world, async (payload) => {
      const answers: Promise<Answer>[] = [];
      const read = world.hris.readField.bind(world.hris);
      let isFirst = true;
      world.hris.readField = async (workerId, field) => {
        if (!isFirst) return read(workerId, field);
        isFirst = false;
        // The first sees nobody. Its lease runs out meanwhile, and the second one writes.
        world.now += 91_000;
        answers.push(send(world, payload));
        await answers[0];
        return { kind: "no-such-worker", detail: "404" };
      };
      expect(await send(world, payload)).toMatchObject({ refused: "GrantUsed" });
      expect(await answers[0]).toMatchObject({ outcome: "applied" });
    });
    expect(world.outcome()).toBe("applied");
  });

  test("refuses to start a call that could outlast its deadline", async () => {
    const world = new World();
    await withSession(world, async (payload) => {
      world.hris.onRead = () => {
        world.now += 5_001;
        world.hris.onRead = undefined;
        return undefined;
      };
      expect(await send(world, payload)).toMatchObject({ status: 503, refused: "TooLate" });
      expect(await send(world, payload)).toMatchObject({ outcome: "applied" });
    });
  });
});

describe("the transaction before the call", () => {
  test("after the switch is stopped no intent commits, and a start uses the same grant", async () => {
    const world = new World();
    await withSession(world, async (payload) => {
      world.seed("control", [{ pk: "switch", state: "stopped" }]);
      expect(await send(world, payload)).toMatchObject({ refused: "SwitchStopped" });
      expect(world.ledger(`intent#${payload.grantId}`, "intent")).toBeUndefined();
      world.seed("control", [{ pk: "switch", state: "running" }]);
      expect(await send(world, payload)).toMatchObject({ outcome: "applied" });
    });
  });

  test("the switch counts at the moment of the intent, not before", async () => {
    const world = new World();
    await withSession(world, async (payload) => {
      world.hris.onRead = () => {
        world.seed("control", [{ pk: "switch", state: "stopped" }]);
        return undefined;
      };
      expect(await send(world, payload)).toMatchObject({ refused: "SwitchStopped" });
    });
    expect(world.hris.writes).toEqual([]);
  });

  test.each([
    ["the field's own item, which an apply writes first,", "field#work_email"],
    ["the manifest, which it writes last,", "manifest"],
  ])("the policy counts at the moment of the intent: %s moved meanwhile", async (_what, sk) => {
    const world = new World();
    await withSession(world, async (payload) => {
      const id = JSON.stringify(["policy", sk]);
      const item = world.tables.classification.get(id)!;
      world.hris.onRead = () => {
        world.seed("classification", [{ ...item, hash: "0".repeat(64) }]);
        return undefined;
      };
      expect(await send(world, payload)).toMatchObject({
        status: 503,
        refused: "PolicyInTransition",
        retryAfterSeconds: 30,
      });
      expect(world.ledger(`intent#${payload.grantId}`, "intent")).toBeUndefined();
      world.hris.onRead = undefined;
      world.seed("classification", [item]);
      expect(await send(world, payload)).toMatchObject({ outcome: "applied" });
    });
    expect(world.hris.writes).toHaveLength(1);
  });

  test.each(["switch", "breaker"])("a missing %s item means no", async (pk) => {
    const world = new World();
    await withSession(world, async (payload) => {
      world.tables.control.delete(JSON.stringify([pk, ""]));
      expect(await send(world, payload)).toMatchObject({
        refused: pk === "switch" ? "SwitchStopped" : "BreakerTripped",
      });
    });
    expect(world.hris.writes).toEqual([]);
  });

  test("a tripped breaker refuses", async () => {
    const world = new World();
    await withSession(world, async (payload) => {
      world.seed("control", [{ pk: "breaker", state: "tripped" }]);
      expect(await send(world, payload)).toMatchObject({ refused: "BreakerTripped" });
    });
    expect(world.hris.writes).toEqual([]);
  });

  test.each([
    ["hour", "hour#2026-11-02T09", 200],
    ["day", "day#2026-11-02", 1_000],
  ])(
    "the last write of the %s passes; the next trips the breaker, once and for all",
    async (_period, period, limit) => {
      const world = new World();
      world.seed("control", [{ pk: `breaker-count#${period}`, count: limit - 1 }]);
      expect((await world.write(FIELD, VALUE)).outcome).toBe("applied");
      await world.take(joiner([{ field: "desk", value: "2B" }], { requestId: "r-2" }));
      const end = await world.runChange("desk", { requestId: "r-2" });
      expect(end).toMatchObject({ outcome: "not-applied", reason: "BreakerTripped" });
      expect(world.gatewayAnswers.at(-1)?.body).toContain("BreakerTripped");
      expect(world.control("breaker")).toMatchObject({ state: "tripped" });
      expect(world.lines.filter(({ event }) => event === "breaker-tripped")).toHaveLength(1);
      expect(world.hris.writes).toHaveLength(1);
      expect(world.control(`breaker-count#${period}`)).toMatchObject({ count: limit });
    },
  );

  test("refuses while another grant holds the worker's lease, and takes a lease that has run out", async () => {
    const world = new World();
    await withSession(world, async (payload) => {
      const { workerRef } = world.ledger(`grant#${payload.grantId}`, "open") as unknown as { workerRef: string };
      const lease = { pk: `lease#${workerRef}`, holder: "g-other" };
      world.seed("control", [{ ...lease, expiresAt: new Date(world.now + 60_000).toISOString() }]);
      expect(await send(world, payload)).toMatchObject({ status: 409, refused: "LeaseHeld" });
      expect(world.control(lease.pk)).toMatchObject({ holder: "g-other" });
      world.seed("control", [{ ...lease, expiresAt: new Date(world.now - 1).toISOString() }]);
      expect(await send(world, payload)).toMatchObject({ outcome: "applied" });
    });
  });

  test("keeps the worker's lease while a parallel request of the same session is refused", async () => {
    const world = new World();
    const leases: unknown[] = [];
    await withSession(world, async (payload) => {
      const second: { goOn?: () => void } = {};
      // The second request has seen an unused grant and is about to take the lease when the first one writes.
      const verifyMac = world.keys.verifyMac.bind(world.keys);
      let requests = 0;
      world.keys.verifyMac = async (...args) => {
        requests += 1;
        const isSecond = requests === 1;
        if (isSecond) {
          await new Promise<void>((resolve) => {
            second.goOn = resolve;
          });
        }
        return verifyMac(...args);
      };
      const refused = send(world, payload);
      while (second.goOn === undefined) await new Promise((resolve) => setImmediate(resolve));
      const writeField = world.hris.writeField.bind(world.hris);
      world.hris.writeField = async (...args) => {
        second.goOn?.();
        expect(await refused).toMatchObject({ status: 409 });
        leases.push(world.itemsOf("control", "lease#")[0]);
        return writeField(...args);
      };
      expect(await send(world, payload)).toMatchObject({ outcome: "applied" });
    });
    expect(world.hris.writes).toHaveLength(1);
    expect(leases).toEqual([expect.objectContaining({ holder: expect.any(String) as unknown })]);
    expect(world.itemsOf("control", "lease#")[0]).not.toHaveProperty("holder");
  });

  test("refuses when the lease was lost while the HRIS was read", async () => {
    const world = new World();
    await withSession(world, async (payload) => {
      const { workerRef } = world.ledger(`grant#${payload.grantId}`, "open") as unknown as { workerRef: string };
      world.hris.onRead = () => {
        world.seed("control", [{ pk: `lease#${workerRef}`, holder: "g-other", expiresAt: "2027-01-01T00:00:00.000Z" }]);
        return undefined;
      };
      expect(await send(world, payload)).toMatchObject({ refused: "LeaseLost" });
      expect(world.control(`lease#${workerRef}`)).toMatchObject({ holder: "g-other" });
    });
    expect(world.hris.writes).toEqual([]);
  });

  test.each([
    ["the grant was ended", "GrantEnded", (grantId: string) => ({ pk: `grant-end#${grantId}`, sk: "end" })],
    ["the grant was used", "GrantUsed", (grantId: string) => ({ pk: `intent#${grantId}`, sk: "intent" })],
    ["the change was ended", "ChangeEnded", () => ({ pk: "outcome#r-1#0", sk: "outcome" })],
  ])("refuses when %s while the HRIS was read", async (_name, code, item) => {
    const world = new World();
    await withSession(world, async (payload) => {
      world.hris.onRead = () => {
        world.seed("ledger", [item(payload.grantId)]);
        return undefined;
      };
      expect(await send(world, payload)).toMatchObject({ refused: code });
    });
    expect(world.hris.writes).toEqual([]);
  });

  test("refuses when another grant has taken over the worker's field", async () => {
    const world = new World();
    await withSession(world, async (payload) => {
      const pointer = world.itemsOf("control", "pointer#")[0]!;
      world.seed("control", [{ ...pointer, grantId: "g-other" }]);
      expect(await send(world, payload)).toMatchObject({ refused: "GrantEnded" });
    });
    expect(world.hris.writes).toEqual([]);
  });
});

describe("what a write comes to", () => {
  test.each([
    ["pending", "pending-in-hris", "PendingInHris"],
    ["conflict", "conflict", "HrisConflict"],
    ["duplicate", "duplicate", "HrisDuplicate"],
    ["forbidden", "forbidden", "HrisForbidden"],
    ["rejected", "rejected", "HrisRejected"],
  ] as const)("%s ends as %s", async (kind, outcome, reason) => {
    const world = new World();
    world.hris.nextWrite = { written: { kind, detail: "" } };
    const end = await world.write(FIELD, VALUE);
    expect(end).toMatchObject({ outcome, reason });
    expect(world.outcome()).toBe(outcome);
    expect(world.hris.writes).toHaveLength(1);
  });

  test("accepted and read back as another value is a conflict", async () => {
    const world = new World();
    world.hris.nextWrite = { written: { kind: "accepted" }, effect: "other@example.com" };
    expect(await world.write(FIELD, VALUE)).toMatchObject({ outcome: "conflict", reason: "ReadBackDiffers" });
  });

  test("accepted and read back as the old value is not known, and not recorded", async () => {
    const world = new World();
    world.hris.nextWrite = { written: { kind: "accepted" }, effect: "none" };
    expect(await world.write(FIELD, VALUE)).toMatchObject({ outcome: "unknown", reason: "Unsettled" });
    expect(world.outcome()).toBeUndefined();
    expect(world.hris.writes).toHaveLength(1);
  });

  test("an HRIS that shows a write only later is read again within its settling time", async () => {
    const world = new World();
    world.hris.settleSeconds = 2;
    await withSession(world, async (payload) => {
      let reads = 0;
      world.hris.onRead = () => {
        reads += 1;
        return reads === 2 || reads === 3 ? { kind: "value", value: null } : undefined;
      };
      expect(await send(world, payload)).toMatchObject({ outcome: "applied" });
      expect(reads).toBe(4);
    });
  });

  test("a call of unknown effect that took effect is applied, by a read", async () => {
    const world = new World();
    world.hris.nextWrite = { written: { kind: "unknown", detail: "time-out" }, effect: "as-asked" };
    expect(await world.write(FIELD, VALUE)).toMatchObject({ outcome: "applied" });
    expect(world.hris.writes).toHaveLength(1);
  });

  test("answers within its deadline, whatever the HRIS does", async () => {
    const world = new World();
    world.hris.settleSeconds = 60;
    world.hris.nextWrite = { written: { kind: "accepted" }, effect: "none" };
    await withSession(world, async (payload) => {
      const before = world.now;
      expect(await send(world, payload)).toMatchObject({ outcome: "unknown" });
      expect(world.now - before).toBeLessThanOrEqual(25_000 - 3_000);
    });
  });
});
