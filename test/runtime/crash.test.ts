import type { Fault } from "./probe";
import { APPROVER, joiner, World } from "./world";

const VALUE = "new.hire@example.com";

/** A way of one change that is brought to its end, whatever breaks on it. */
interface Scenario {
  readonly name: string;
  readonly field: string;
  readonly hrisField: string;
  readonly value: string;
  readonly arrange?: (world: World) => void;
}

const SCENARIOS: readonly Scenario[] = [
  { name: "a safe write", field: "work_email", hrisField: "workEmail", value: VALUE },
  { name: "an approved write", field: "manager", hrisField: "manager", value: "WD-500" },
  {
    name: "a throttled write",
    field: "work_email",
    hrisField: "workEmail",
    value: VALUE,
    arrange: (world) => {
      world.hris.nextWrite = { written: { kind: "throttled", detail: "429", retryAfterSeconds: 30 } };
    },
  },
  {
    name: "a write of unknown effect",
    field: "work_email",
    hrisField: "workEmail",
    value: VALUE,
    arrange: (world) => {
      world.hris.nextWrite = { written: { kind: "unknown", detail: "time-out" }, effect: "none" };
    },
  },
  {
    name: "a worker who is found inactive at last",
    field: "work_email",
    hrisField: "workEmail",
    value: VALUE,
    arrange: (world) => {
      let reads = 0;
      world.hris.onRead = (field) => {
        if (field !== "workEmail") return undefined;
        reads += 1;
        return reads > 1 ? { kind: "value", value: null, active: false } : undefined;
      };
    },
  },
  {
    name: "a rejected write",
    field: "work_email",
    hrisField: "workEmail",
    value: VALUE,
    arrange: (world) => {
      world.hris.nextWrite = { written: { kind: "rejected", detail: "400" } };
    },
  },
];

/** Runs a change to the end of its workflow. A dead process is started anew for the next invocation. */
async function runToEnd(world: World, { field, value }: Scenario): Promise<void> {
  await world.take(joiner([{ field, value }]));
  await world.runChange(field, {
    onApproval: async ({ digest }) => {
      await world.decideAs(APPROVER, "approve", digest);
    },
  });
}

/** Lets time pass and the sweeper run, until nothing is open. */
async function sweepOut(world: World): Promise<void> {
  for (let run = 0; run < 4; run += 1) {
    world.now += 20 * 60_000;
    await world.sweeper();
  }
}

/** What must hold after every crash. */
function expectTrueEnd(world: World, { hrisField, value }: Scenario, at: string): void {
  const shown = { at, outcome: world.outcome(), reason: world.reason(), value: world.hris.valueOf(hrisField) };
  for (const [grantId, writes] of world.writesByGrant)
    expect({ ...shown, grantId, writes: Math.min(writes, 2) }).toEqual({
      ...shown,
      grantId,
      writes: writes === 0 ? 0 : 1,
    });

  const parts = (grantId: string) =>
    ["grant", "intent", "grant-outcome", "grant-end"].flatMap((kind) =>
      world.itemsOf("ledger", `${kind}#${grantId}`).map((item) => item["sk"]),
    );
  const opened = world.itemsOf("ledger", "grant#").map((item) => item["grantId"] as string);
  for (const grantId of opened) {
    const held = parts(grantId);
    // Settled; used and ended unused at once never.
    expect({ ...shown, grantId, settled: held.includes("outcome") || held.includes("end") }).toEqual({
      ...shown,
      grantId,
      settled: true,
    });
    expect({ ...shown, grantId, both: held.includes("intent") && held.includes("end") }).toEqual({
      ...shown,
      grantId,
      both: false,
    });
  }
  // Every write was intended.
  for (const [grantId, writes] of world.writesByGrant) if (writes > 0) expect(parts(grantId)).toContain("intent");

  for (const pointer of world.itemsOf("control", "pointer#"))
    expect({ ...shown, pointer }).toEqual({
      ...shown,
      pointer: expect.not.objectContaining({ grantId: expect.anything() }) as unknown,
    });

  const isWritten = world.hris.valueOf(hrisField) === value;
  expect({ ...shown, isTrue: isTrueOutcome(world.outcome(), isWritten) }).toEqual({ ...shown, isTrue: true });
  expect({ ...shown, told: world.events.at(-1)?.detail["outcome"] }).toEqual({ ...shown, told: world.outcome() });
}

function isTrueOutcome(outcome: string | undefined, isWritten: boolean): boolean {
  return isWritten
    ? outcome === "applied" || outcome === "noop"
    : ["not-applied", "rejected", "denied", "expired"].includes(outcome ?? "");
}

const FAULTS: readonly Omit<Fault, "call">[] = [
  { moment: "before", how: "dies" },
  { moment: "after", how: "dies" },
  { moment: "before", how: "fails" },
  { moment: "after", how: "fails" },
];

/** Every process at every call of whole stories: test/faults/crash-points.test.ts. */
describe("a crash at any point ends in a true outcome", () => {
  for (const fault of FAULTS) {
    test(`the sweeper ${fault.how} ${fault.moment} each of its calls, over an open write and an expired grant`, async () => {
      const open = SCENARIOS.find(({ name }) => name === "a write of unknown effect")!;
      const prepare = async (): Promise<World> => {
        const world = new World();
        open.arrange?.(world);
        await runToEnd(world, open);
        // A second request whose broker died while its connector did nothing.
        await world.take(joiner([{ field: "desk", value: "2B" }], { requestId: "r-2" }));
        const place = { version: 1, requestId: "r-2", index: 0, field: "desk" };
        const { digest } = await world.inspect({ ...place, phase: "first" });
        world.connectorCode = () => {
          world.probes.broker.isDead = true;
          return Promise.resolve(undefined);
        };
        await world.broker({ ...place, digest, attempt: 1 });
        await world.announce({ ...place, failure: { Error: "Sandbox.Timedout" } });
        world.now += 20 * 60_000;
        return world;
      };
      const clean = await prepare();
      expect(clean.itemsOf("ledger", "grant#")).toHaveLength(2);
      const before = clean.probes.sweeper.calls;
      await clean.sweeper();
      const calls = clean.probes.sweeper.calls - before;
      expect(calls).toBeGreaterThan(12);
      expect([clean.outcome("r-1"), clean.outcome("r-2")]).toEqual(["not-applied", "not-applied"]);

      for (let call = 1; call <= calls; call += 1) {
        const world = await prepare();
        const probe = world.probes.sweeper;
        probe.fault = { ...fault, call: probe.calls + call };
        await world.sweeper().catch(() => undefined);
        probe.revive();
        await sweepOut(world);
        expectTrueEnd(world, open, `call ${String(call)}`);
        expect([call, world.outcome("r-1"), world.outcome("r-2")]).toEqual([call, "not-applied", "not-applied"]);
        const told = world.events
          .filter(({ detail }) => detail["outcome"] === "not-applied")
          .map(({ detail }) => detail["requestId"]);
        expect(new Set(told)).toEqual(new Set(["r-1", "r-2"]));
      }
    });
  }
});

describe("lost answers change nothing", () => {
  test.each(SCENARIOS)("of any write to the tables: $name", async (scenario) => {
    const ends = await Promise.all(
      [false, true].map(async (answersAreLost) => {
        const world = new World();
        world.answersAreLost = answersAreLost;
        scenario.arrange?.(world);
        await runToEnd(world, scenario);
        await sweepOut(world);
        expectTrueEnd(world, scenario, "the end");
        const told = world.events.map(({ detail }) => [detail["outcome"], detail["reason"]]);
        const seen = world.lines.filter(({ level }) => level !== "info").map(({ event, code }) => [event, code]);
        return { told, seen, control: world.tables.control.size, ledger: world.tables.ledger.size };
      }),
    );
    expect(ends[1]).toEqual(ends[0]);
  });
});

/** Runs something once, at the moment when the gateway has called the HRIS and has no answer yet. */
function duringWrite(world: World, meanwhile: () => Promise<void>): void {
  const writeField = world.hris.writeField.bind(world.hris);
  let isFirst = true;
  world.hris.writeField = async (...args) => {
    const first = isFirst;
    isFirst = false;
    if (first) await meanwhile();
    return writeField(...args);
  };
}

/** A promise that is fulfilled from outside. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

const THROTTLES = { written: { kind: "throttled", detail: "429", retryAfterSeconds: 30 } } as const;
const WRITE = { name: "a safe write", field: "work_email", hrisField: "workEmail", value: VALUE };

describe("a change whose workflow ended before the process that had its grant still ends, and is told", () => {
  const place = { version: 1, requestId: "r-1", index: 0, field: WRITE.field };

  async function ready() {
    const world = new World();
    const inspection = await world.prepare(WRITE.field, VALUE);
    const broker = () => world.broker({ ...place, digest: inspection.digest, attempt: 1 });
    /** Lambda's client has lost the first call: the task comes again, and the workflow goes on with what that says. */
    const comesAgain = async (): Promise<void> => {
      const write = await broker();
      expect(write).toMatchObject({ status: "unsettled" });
      expect(await world.announce({ ...place, inspection, write })).toMatchObject({ outcome: "unknown" });
    };
    return { world, broker, comesAgain };
  }

  function expectTold(world: World): void {
    expectTrueEnd(world, WRITE, "the end");
    expect(world.events.map(({ detail }) => detail["outcome"])).toEqual(["unknown", world.outcome()]);
    expect(world.itemsOf("control", "open#")).toEqual([]);
  }

  test("when the first broker's write succeeds after all", async () => {
    const { world, broker, comesAgain } = await ready();
    duringWrite(world, comesAgain);
    expect(await broker()).toMatchObject({ outcome: "applied" });
    await sweepOut(world);
    expect(world.outcome()).toBe("applied");
    expectTold(world);
  });

  test("when the HRIS throttles the first broker's write", async () => {
    const { world, broker, comesAgain } = await ready();
    world.hris.nextWrite = THROTTLES;
    duringWrite(world, comesAgain);
    expect(await broker()).toMatchObject({ status: "retry" });
    await sweepOut(world);
    expect([world.outcome(), world.reason()]).toEqual(["not-applied", "NotWritten"]);
    expectTold(world);
  });

  test("when the first broker ends its grant unused", async () => {
    const { world, broker, comesAgain } = await ready();
    world.connectorCode = async () => {
      await comesAgain();
      return { version: 1, status: 409 };
    };
    expect(await broker()).toMatchObject({ status: "retry", reason: "GrantNotUsed" });
    await sweepOut(world);
    expect(world.outcome()).toBe("not-applied");
    expectTold(world);
  });

  test.each([
    ["succeeds", undefined],
    ["is throttled", THROTTLES],
  ])("when its connector fails while the gateway writes, and the write %s", async (_name, nextWrite) => {
    const world = new World();
    world.hris.nextWrite = nextWrite;
    const [reached, released] = [gate(), gate()];
    duringWrite(world, async () => {
      reached.open();
      await released.opened;
    });
    let gatewayDone: Promise<unknown> | undefined;
    world.connectorCode = async (payload, managed) => {
      gatewayDone = managed(payload);
      await reached.opened;
      throw new Error("ECONNRESET");
    };
    expect(await world.write(WRITE.field, VALUE)).toMatchObject({ outcome: "unknown" });
    released.open();
    await gatewayDone;
    await sweepOut(world);
    expect(world.outcome()).toBe(nextWrite === undefined ? "applied" : "not-applied");
    expectTold(world);
  });

  test("by Announce itself, where the other process finishes before its last look", async () => {
    const world = new World();
    const inspection = await world.prepare(WRITE.field, VALUE);
    const [reached, released] = [gate(), gate()];
    duringWrite(world, async () => {
      reached.open();
      await released.opened;
    });
    const first = world.broker({ ...place, digest: inspection.digest, attempt: 1 });
    await reached.opened;
    const probe = world.probes.announce;
    const run = probe.run.bind(probe);
    probe.run = async (effect) => {
      if (world.itemsOf("control", "open#").length > 0) {
        released.open();
        await first;
      }
      return run(effect);
    };
    const failure = { Error: "States.Timeout" };
    expect(await world.announce({ ...place, failure })).toMatchObject({ outcome: "applied" });
  });

  test("wherever between two calls of Announce the other process finishes", async () => {
    for (let call = 1; call <= 12; call += 1) {
      const world = new World();
      const inspection = await world.prepare(WRITE.field, VALUE);
      const [reached, released] = [gate(), gate()];
      duringWrite(world, async () => {
        reached.open();
        await released.opened;
      });
      const first = world.broker({ ...place, digest: inspection.digest, attempt: 1 });
      await reached.opened;
      const probe = world.probes.announce;
      const run = probe.run.bind(probe);
      let calls = 0;
      probe.run = async (effect) => {
        calls += 1;
        if (calls === call) {
          released.open();
          await first;
        }
        return run(effect);
      };
      await world.announce({ ...place, failure: { Error: "States.Timeout" } });
      released.open();
      await first;
      await sweepOut(world);
      expectTrueEnd(world, WRITE, `call ${String(call)}`);
      expect([call, world.outcome()]).toEqual([call, "applied"]);
    }
  });

  test("and an end of no write is never recorded over a grant that opens meanwhile", async () => {
    for (let call = 1; call <= 8; call += 1) {
      const world = new World();
      const inspection = await world.prepare(WRITE.field, VALUE);
      const [reached, released] = [gate(), gate()];
      duringWrite(world, async () => {
        reached.open();
        await released.opened;
      });
      const probe = world.probes.announce;
      const run = probe.run.bind(probe);
      let calls = 0;
      let zombie: Promise<unknown> | undefined;
      probe.run = async (effect) => {
        calls += 1;
        if (calls === call) {
          // A broker that its workflow gave up opens a grant and is about to write.
          zombie = world.broker({ ...place, digest: inspection.digest, attempt: 1 });
          await Promise.race([reached.opened, zombie]);
        }
        return run(effect);
      };
      await world.announce({ ...place, failure: { Error: "States.Timeout" } });
      released.open();
      await zombie;
      await sweepOut(world);
      expectTrueEnd(world, WRITE, `call ${String(call)} of ${String(calls)}`);
    }
  });
});
