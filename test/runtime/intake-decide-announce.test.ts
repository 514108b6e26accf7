import { RETRYABLE_ERRORS } from "../../src/core";
import { MAX_CHANGES } from "../../src/policy/request";
import * as errors from "../../src/runtime/errors";
import { joiner, POLICY, World } from "./world";

const VALUE = "new.hire@example.com";
const record = (messageId: string, body: unknown) => ({
  messageId,
  body: typeof body === "string" ? body : JSON.stringify(body),
});

describe("intake", () => {
  test("stores the request before it starts the workflow, and starts it under the request's id", async () => {
    const world = new World();
    world.probes.intake.fault = { call: 2, moment: "before", how: "dies" };
    const event = joiner([{ field: "work_email", value: VALUE }]);
    expect(await world.intake({ Records: [record("m-1", event)] })).toEqual({
      batchItemFailures: [{ itemIdentifier: "m-1" }],
    });
    expect(world.started).toEqual([]);
    expect(world.ledger("request#r-1", "request")).toMatchObject({ receivedAt: "2026-11-02T09:05:00.000Z" });
    world.probes.intake.revive();
    world.now += 60_000;
    expect(await world.intake({ Records: [record("m-1", event)] })).toEqual({ batchItemFailures: [] });
    expect(world.started).toEqual([{ name: "r-1", input: { version: 1, requestId: "r-1" } }]);
    // The first time counts.
    expect(world.ledger("request#r-1", "request")).toMatchObject({ receivedAt: "2026-11-02T09:05:00.000Z" });
  });

  test("takes the same event twice as one request, whatever the order of its members", async () => {
    const world = new World();
    const event = joiner([{ field: "work_email", value: VALUE }]) as { detail: object };
    const turned = { ...event, detail: Object.fromEntries(Object.entries(event.detail).reverse()) };
    await world.take(event);
    expect(await world.intake({ Records: [record("m-2", turned)] })).toEqual({ batchItemFailures: [] });
    expect(world.started).toHaveLength(2);
    expect(world.itemsOf("ledger", "request#").filter((item) => item["sk"] === "request")).toHaveLength(1);
  });

  test.each([
    ["another value", joiner([{ field: "work_email", value: "other@example.com" }])],
    ["another source", joiner([{ field: "work_email", value: VALUE }], {}, "agents.onboarding")],
    ["a dry run", joiner([{ field: "work_email", value: VALUE }], { dryRun: true })],
  ])(
    "refuses the same request id with %s: logged as an error, not started, kept in the dead-letter queue",
    async (_name, other) => {
      const world = new World();
      await world.intake({ Records: [record("m-1", joiner([{ field: "work_email", value: VALUE }]))] });
      expect(await world.intake({ Records: [record("m-2", other)] })).toEqual({
        batchItemFailures: [{ itemIdentifier: "m-2" }],
      });
      expect(world.started).toHaveLength(1);
      expect(world.lines).toContainEqual({
        level: "error",
        event: "event-refused",
        messageId: "m-2",
        code: "RequestIdReused",
      });
    },
  );

  test.each([
    ["no JSON", "{", "MalformedEvent"],
    ["no event", {}, "MalformedEvent"],
    ["an unknown member", joiner([{ field: "work_email", value: VALUE }], { more: 1 }), "MalformedEvent"],
    ["no changes", joiner([]), "MalformedEvent"],
    ["an id that is no key", joiner([{ field: "desk", value: "1" }], { requestId: "../r" }), "MalformedEvent"],
    [
      "a worker id with a joiner",
      joiner([{ field: "desk", value: "1" }], { worker: { id: "WD-1\u200d" } }),
      "MalformedEvent",
    ],
    [
      "a worker id with a control",
      joiner([{ field: "desk", value: "1" }], { worker: { id: "WD\t1" } }),
      "MalformedEvent",
    ],
    ["too much", joiner([{ field: "desk", value: "x".repeat(120_000) }]), "OversizedEvent"],
  ])("refuses %s by a code, and takes the rest of the batch", async (_name, body, code) => {
    const world = new World();
    const good = record("m-2", joiner([{ field: "work_email", value: VALUE }]));
    expect(await world.intake({ Records: [record("m-1", body), good] })).toEqual({
      batchItemFailures: [{ itemIdentifier: "m-1" }],
    });
    expect(world.lines).toContainEqual({ level: "error", event: "event-refused", messageId: "m-1", code });
    expect(world.started).toHaveLength(1);
  });

  test("fails a message whose request was started and never decided, so that it is not lost in silence", async () => {
    const world = new World();
    const event = joiner([{ field: "work_email", value: VALUE }]);
    await world.intake({ Records: [record("m-1", event)] });
    // Its execution has failed; the event is published again.
    expect(await world.intake({ Records: [record("m-2", event)] })).toEqual({
      batchItemFailures: [{ itemIdentifier: "m-2" }],
    });
    expect(world.lines).toContainEqual({
      level: "warn",
      event: "event-not-taken",
      messageId: "m-2",
      code: "NotDecided",
    });
    // An operator has redriven it.
    await world.decide({ version: 1, requestId: "r-1" });
    expect(await world.intake({ Records: [record("m-2", event)] })).toEqual({ batchItemFailures: [] });
  });

  const poison = (value: string): string =>
    JSON.stringify(joiner([{ field: "work_email", value: "POISON" }])).replace('"POISON"', value);
  test.each([
    ["nested deeper than the stack", poison(`${"[".repeat(40_000)}${"]".repeat(40_000)}`)],
    ["with a number beyond range", poison("1e400")],
    ["with a whole number that reading alters", poison("12345678901234567890")],
    ["with a whole number that stands for its neighbours too", poison("9007199254740992")],
    ["with more decimals than a number has", poison("0.1234567890123456789")],
    ["with a number that would be read as nothing", poison("1e-400")],
    ["with a number too small to be kept", poison("1e-131")],
    ["with half a character", poison('"\\ud800"')],
    ["with half a character in a name", poison('{"\\udfff":1}')],
  ])("refuses an event %s as malformed: it can never succeed", async (_name, body) => {
    const world = new World();
    expect(body.length).toBeLessThan(100_000);
    expect((await world.intake({ Records: [record("m-1", body)] })).batchItemFailures).toHaveLength(1);
    expect(world.lines).toEqual([{ level: "error", event: "event-refused", messageId: "m-1", code: "MalformedEvent" }]);
    expect(world.itemsOf("ledger", "request#")).toEqual([]);
  });

  test("a value with whole characters beyond the basic plane, or with a backslash, is no poison", async () => {
    const world = new World();
    await world.take(joiner([{ field: "desk", value: "\u{1f600} \\ud800" }]));
    expect(world.itemsOf("ledger", "request#r-1")).toHaveLength(1);
    expect(world.itemsOf("ledger", "decision#r-1")).toHaveLength(1);
  });

  test.each([
    ["a list forty levels deep", `${"[".repeat(40)}${"]".repeat(40)}`],
    ["an object", '{"a":{"b":1}}'],
    ["nothing", "null"],
  ])("keeps a change that proposes %s without it, for `decide` to deny on record", async (_name, value) => {
    const world = new World();
    const body = poison(value);
    expect(await world.intake({ Records: [record("m-1", body)] })).toEqual({ batchItemFailures: [] });
    const [change] = (world.ledger("request#r-1", "request")?.["request"] as { changes: { value: unknown }[] }).changes;
    expect(change?.value).toBeNull();
    await world.decide({ version: 1, requestId: "r-1" });
    expect(world.ledger("decision#r-1", "decision#0")).toMatchObject({ verdict: "deny", reason: "InvalidValue" });
    // The whole event is what counts as the same.
    expect(await world.intake({ Records: [record("m-2", body)] })).toEqual({ batchItemFailures: [] });
    expect((await world.intake({ Records: [record("m-3", poison("[1]"))] })).batchItemFailures).toHaveLength(1);
    expect(world.lines.at(-1)).toMatchObject({ code: "RequestIdReused" });
  });

  test("keeps an event that comes too late, for `decide` to deny on record", async () => {
    const world = new World();
    await world.take(joiner([{ field: "work_email", value: VALUE }], { occurredAt: "2026-10-01T09:00:00Z" }));
    expect(world.ledger("decision#r-1", "decision#0")).toMatchObject({ verdict: "deny", reason: "OutsideWindow" });
  });
});

describe("decide", () => {
  const CHANGES = [
    { field: "work_email", value: VALUE },
    { field: "base_salary", value: 1 },
    { field: "manager", value: "WD-500" },
    { field: "what about Bob?", value: 1 },
  ];

  test("keeps one decision per change and passes on references alone", async () => {
    const world = new World();
    await world.intake({ Records: [record("m-1", joiner(CHANGES))] });
    const output = await world.decide({ version: 1, requestId: "r-1" });
    expect(output).toEqual({
      version: 1,
      requestId: "r-1",
      changes: [
        { index: 0, field: "work_email" },
        { index: 1, field: "base_salary" },
        { index: 2, field: "manager" },
        // Free text of an event travels under no name of its own.
        { index: 3, field: "unclassified" },
      ],
    });
    expect(world.ledger("decision#r-1", "decision#2")).toMatchObject({
      verdict: "approve",
      effectiveClass: "conditional",
      approval: { groups: [{ group: "hr-ops-approvers", count: 1 }] },
    });
    expect(world.ledger("decision#r-1", "decision#3")).toMatchObject({
      field: "what about Bob?",
      reason: "UnclassifiedField",
    });
  });

  test("decides once: a replay returns what is on record", async () => {
    const world = new World();
    await world.intake({ Records: [record("m-1", joiner(CHANGES))] });
    const first = await world.decide({ version: 1, requestId: "r-1" });
    const before = JSON.stringify([...world.tables.ledger]);
    world.now += 400 * 86_400_000;
    expect(await world.decide({ version: 1, requestId: "r-1" })).toEqual(first);
    expect(JSON.stringify([...world.tables.ledger])).toBe(before);
  });

  test("two at once leave one set of decisions, and a hundred changes fit", async () => {
    const world = new World();
    const many = Array.from({ length: 100 }, (_, each) => ({ field: `field_${String(each)}`, value: each }));
    await world.intake({ Records: [record("m-1", joiner(many))] });
    const [a, b] = await Promise.all([
      world.decide({ version: 1, requestId: "r-1" }),
      world.decide({ version: 1, requestId: "r-1" }),
    ]);
    expect(a).toEqual(b);
    expect(a.changes.map(({ index }) => index)).toEqual(many.map((_, index) => index));
  });

  test("files every change with its decision, for the sweeper to look after within about an hour", async () => {
    const world = new World();
    await world.intake({ Records: [record("m-1", joiner(CHANGES))] });
    await world.decide({ version: 1, requestId: "r-1" });
    expect(world.control("open#r-1#3")).toEqual({
      pk: "open#r-1#3",
      requestId: "r-1",
      index: 3,
      field: "unclassified",
      filedAt: "2026-11-02T09:05:00.000Z",
      queue: "open",
      dueAt: "2026-11-02T10:05:00.000Z",
    });
    expect(world.itemsOf("control", "open#")).toHaveLength(CHANGES.length);
  });

  test("wherever it dies over the most changes, a replay decides and files the rest, and nothing is decided unfiled", async () => {
    const many = Array.from({ length: MAX_CHANGES }, (_, each) => ({ field: `field_${String(each)}`, value: each }));
    for (let call = 1; call <= 8; call += 1) {
      for (const moment of ["before", "after"] as const) {
        const world = new World();
        await world.intake({ Records: [record("m-1", joiner(many))] });
        const probe = world.probes.decide;
        probe.fault = { call, moment, how: "dies" };
        await world.decide({ version: 1, requestId: "r-1" }).catch(() => undefined);
        probe.revive();
        const decisions = () => world.itemsOf("ledger", "decision#r-1").length;
        // Intake files the request itself, under its first change, until that is decided.
        const filed = world.itemsOf("control", "open#").map(({ index }) => Number(index));
        expect([call, filed.filter((index) => world.ledger("decision#r-1", `decision#${index}`)).length]).toEqual([
          call,
          decisions(),
        ]);
        expect(filed).toContain(0);
        // Intake takes the first decision for all.
        expect(world.ledger("decision#r-1", "decision#0") === undefined).toBe(decisions() < MAX_CHANGES);
        world.now += 60_000;
        const { changes } = await world.decide({ version: 1, requestId: "r-1" });
        expect(changes.map(({ index }) => index)).toEqual(many.map((_, index) => index));
        expect([decisions(), world.itemsOf("control", "open#").length]).toEqual([MAX_CHANGES, MAX_CHANGES]);
      }
    }
  });

  test("where it fails for good between its transactions, what it decided ends, and the rest waits for a redrive", async () => {
    const many = Array.from({ length: MAX_CHANGES }, (_, each) => ({ field: `field_${String(each)}`, value: each }));
    let world = new World();
    const decided = () => world.itemsOf("ledger", "decision#r-1").length;
    for (let call = 1; call <= 8 && decided() === 0; call += 1) {
      world = new World();
      await world.intake({ Records: [record("m-1", joiner(many))] });
      world.probes.decide.fault = { call, moment: "after", how: "dies" };
      await world.decide({ version: 1, requestId: "r-1" }).catch(() => undefined);
      world.probes.decide.revive();
    }
    expect([decided(), world.ledger("decision#r-1", "decision#0")]).toEqual([MAX_CHANGES / 2, undefined]);
    world.ended.add("r-1");
    world.now += 2 * 3_600_000;
    await world.sweeper();
    expect(world.itemsOf("control", "open#")).toEqual([]);
    const ends = many.map((_, index) => world.outcome("r-1", index) !== undefined);
    expect(ends).toEqual(many.map((_, index) => index >= MAX_CHANGES / 2));
    expect(world.lines.filter(({ event }) => event === "request-not-decided")).toHaveLength(1);
  });

  test("fails while the table holds another policy, and reads the new one once the pin fits", async () => {
    const world = new World();
    await world.intake({ Records: [record("m-1", joiner(CHANGES))] });
    const key = JSON.stringify(["policy", "manifest"]);
    const manifest = world.tables.classification.get(key)!;
    world.tables.classification.set(key, { ...manifest, hash: "0".repeat(64) });
    await expect(world.decide({ version: 1, requestId: "r-1" })).rejects.toMatchObject({ name: "PolicyInTransition" });
    world.tables.classification.set(key, manifest);
    await expect(world.decide({ version: 1, requestId: "r-1" })).resolves.toBeDefined();
  });

  test("fails for a table whose item was changed under the manifest", async () => {
    const world = new World();
    await world.intake({ Records: [record("m-1", joiner(CHANGES))] });
    const key = JSON.stringify(["policy", "field#base_salary"]);
    world.tables.classification.set(key, { ...world.tables.classification.get(key)!, class: "safe" });
    await expect(world.decide({ version: 1, requestId: "r-1" })).rejects.toMatchObject({ name: "PolicyInTransition" });
  });

  test.each([0, 2, "1", undefined])("fails for a payload of version %j", async (version) => {
    const world = new World();
    await world.intake({ Records: [record("m-1", joiner(CHANGES))] });
    await expect(world.decide({ version, requestId: "r-1" })).rejects.toMatchObject({ name: "ZodError" });
  });

  test("fails for a request that nobody took", async () => {
    await expect(new World().decide({ version: 1, requestId: "r-9" })).rejects.toMatchObject({
      name: "UnknownReference",
    });
  });
});

describe("announce", () => {
  const place = { version: 1, requestId: "r-1", index: 0, field: "work_email" };

  async function decided(): Promise<World> {
    const world = new World();
    await world.take(joiner([{ field: "work_email", value: VALUE }]));
    return world;
  }

  test("tells ids, names and codes, and neither the worker nor a value", async () => {
    const world = await decided();
    await world.runChange("work_email");
    expect(Object.keys(world.events[0]!.detail).sort()).toEqual([
      "class",
      "decision",
      "field",
      "grantId",
      "index",
      "outcome",
      "reason",
      "requestId",
      "verdict",
      "version",
    ]);
  });

  test("a failure of the workflow is a change that was not written, by the name of the error alone", async () => {
    for (const [failure, reason] of [
      [{ Error: "ReadUnavailable", Cause: "x" }, "ReadUnavailable"],
      [{ Error: "States.Timeout" }, "States.Timeout"],
      [{ Error: "new.hire@example.com wrote" }, "WorkflowFailed"],
      [{}, "WorkflowFailed"],
    ] as const) {
      const world = await decided();
      expect(await world.announce({ ...place, failure })).toMatchObject({ outcome: "not-applied", reason });
      expect(world.outcome()).toBe("not-applied");
    }
  });

  test("does not believe a write that the ledger does not show", async () => {
    for (const outcome of ["applied", "pending-in-hris", "nonsense"]) {
      const world = await decided();
      const write = { status: "ended", outcome, reason: "ReadBack" };
      expect(await world.announce({ ...place, write })).toMatchObject({ outcome: "not-applied", reason: "NotWritten" });
    }
  });

  test("believes the ledger over a failure", async () => {
    const world = await decided();
    const { digest } = await world.inspect({ ...place, phase: "first" });
    await world.broker({ ...place, digest, attempt: 1 });
    expect(await world.announce({ ...place, failure: { Error: "States.Timeout" } })).toMatchObject({
      outcome: "applied",
    });
  });

  test("a write that may be under way is unknown, and not recorded as an end", async () => {
    const world = await decided();
    const { digest } = await world.inspect({ ...place, phase: "first" });
    world.hris.nextWrite = { written: { kind: "unknown", detail: "" }, effect: "none" };
    await world.broker({ ...place, digest, attempt: 1 });
    expect(await world.announce({ ...place, failure: { Error: "States.Timeout" } })).toMatchObject({
      outcome: "unknown",
    });
    expect(world.outcome()).toBeUndefined();
  });

  test("forgets the change when its event is on the bus, and not before", async () => {
    const world = await decided();
    const failure = { Error: "ReadUnavailable" };
    const push = jest.spyOn(world.events, "push").mockImplementation(() => {
      throw new errors.ServiceUnavailable("not now");
    });
    await expect(world.announce({ ...place, failure })).rejects.toMatchObject({ name: "ServiceUnavailable" });
    expect(world.itemsOf("control", "open#")).toHaveLength(1);
    push.mockRestore();
    await world.announce({ ...place, failure });
    expect(world.itemsOf("control", "open#")).toEqual([]);
  });

  test("does not fail where the change could not be forgotten: the sweeper tells it once more", async () => {
    const world = await decided();
    const probe = world.probes.announce;
    const clean = await decided();
    await clean.announce({ ...place, failure: {} });
    probe.fault = { call: clean.probes.announce.calls, moment: "before", how: "fails" };
    expect(await world.announce({ ...place, failure: {} })).toMatchObject({ outcome: "not-applied" });
    expect(world.lines.at(-2)).toMatchObject({ event: "open-change-kept", code: "ServiceUnavailable" });
    world.ended.add("r-1");
    world.now += 2 * 3_600_000;
    await world.sweeper();
    expect(world.events.map(({ detail }) => detail["outcome"])).toEqual(["not-applied", "not-applied"]);
    expect(world.itemsOf("control", "open#")).toEqual([]);
  });

  test("keeps a change that is announced as unknown, to be settled", async () => {
    const world = await decided();
    const { digest } = await world.inspect({ ...place, phase: "first" });
    world.hris.nextWrite = { written: { kind: "unknown", detail: "" }, effect: "none" };
    await world.broker({ ...place, digest, attempt: 1 });
    await world.announce({ ...place, failure: { Error: "States.Timeout" } });
    expect(world.itemsOf("control", "open#")).toMatchObject([{ queue: "settle" }]);
  });

  test("that comes again after a crash tells the same", async () => {
    const world = await decided();
    const calls = 6;
    for (let call = 1; call <= calls; call += 1) {
      const probe = world.probes.announce;
      probe.fault = { call: probe.calls + call, moment: "after", how: "dies" };
      await world.announce({ ...place, failure: { Error: "ReadUnavailable" } }).catch(() => undefined);
      probe.revive();
    }
    await world.announce({ ...place, failure: { Error: "States.Timeout" } });
    expect(new Set(world.events.map(({ detail }) => detail["reason"]))).toEqual(new Set(["ReadUnavailable"]));
  });
});

describe("no value of a record leaves the ledger", () => {
  test("in logs, events, workflow states or keys, along every way", async () => {
    const text = POLICY.replace("format: email, hrisField", "hrisField");
    const marks = ["MARK-TO", "MARK-FROM", "MARK-OTHER", "WD-10293"];
    for (const arrange of [
      () => undefined,
      (world: World) => (world.hris.nextWrite = { written: { kind: "rejected", detail: "MARK-TO is not allowed" } }),
      (world: World) =>
        (world.hris.nextWrite = { written: { kind: "unknown", detail: "MARK-TO" }, effect: "MARK-OTHER" }),
      (world: World) => {
        world.directory.set("work_email", "MARK-OTHER");
      },
      (world: World) => {
        world.hris.set("workEmail", "MARK-TO");
      },
      (world: World) => world.directory.nextReads.push({ kind: "forbidden", detail: "MARK-OTHER" }),
      (world: World) =>
        (world.connectorCode = () => Promise.reject(new Error("MARK-TO could not be written over MARK-FROM"))),
    ]) {
      const world = new World(text);
      world.hris.set("workEmail", "MARK-FROM");
      world.directory.set("work_email", "MARK-TO");
      arrange(world);
      const states: unknown[] = [];
      for (const name of ["inspect", "broker", "announce", "decide"] as const) {
        const handler = world[name] as (event: unknown) => Promise<unknown>;
        (world as unknown as Record<string, unknown>)[name] = async (event: unknown) => {
          try {
            const reply = await handler(event);
            states.push(event, reply);
            return reply;
          } catch (error) {
            states.push(event, String(error));
            throw error;
          }
        };
      }
      await world.write("work_email", "MARK-TO");
      world.now += 3_600_000;
      await world.sweeper();
      const keys = [...world.tables.ledger.keys(), ...world.tables.control.keys()];
      const control = [...world.tables.control.values()];
      const shown = JSON.stringify([
        world.lines,
        world.events,
        states,
        keys,
        control,
        world.started,
        world.gatewayAnswers,
      ]);
      expect(world.lines.length).toBeGreaterThan(3);
      for (const mark of marks) expect(shown).not.toContain(mark);
    }
  });
});

describe("names of errors", () => {
  test("are those that the workflow retries", () => {
    const names = Object.values(RETRYABLE_ERRORS);
    for (const name of names) expect(new errors[name]("x").name).toBe(name);
  });
});
