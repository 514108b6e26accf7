import { fileDrill } from "../../src/runtime/kill-switch/drill";
import { ledgerKeys } from "../../src/runtime/ledger";
import { World } from "./world";

const STOP = "drill-1";
const look = (world: World, when: string, stopId = STOP) => world.sweeper({ version: 1, step: "look", stopId, when });
const lookOf = (world: World, when: "stopped" | "resumed") => world.ledger(`drill-look#${STOP}`, when);

/** A stop on record, with every layer held. */
function stopped(world: World, kind: "drill" | "stop" = "drill"): void {
  const at = new Date(world.now).toISOString();
  const layers = [{ layer: "switch", isStopped: true, shown: "refused" }];
  world.seed("ledger", [
    { ...ledgerKeys.stop(STOP), stopId: STOP, kind, stoppedAt: at, stoppedBy: "ada", reason: "of the quarter" },
    { ...ledgerKeys.stopStep(STOP, "stop", "held"), stopId: STOP, action: "stop", step: "held", at, layers },
  ]);
}

async function filed(world: World): Promise<unknown> {
  world.now += 60_000;
  const resumedAt = new Date(world.now).toISOString();
  world.seed("ledger", [{ ...ledgerKeys.resumed(STOP), what: "switch", stopId: STOP, agreed: [], resumedAt }]);
  const clock = { now: () => world.now, sleep: () => Promise.resolve() };
  return fileDrill({ store: world.store, clock }, STOP);
}

/** A world in which `desk` was written, and a drill has stopped it. */
async function drilled(): Promise<World> {
  const world = new World();
  await world.write("desk", "2B");
  stopped(world);
  return world;
}

describe("a drill's looks at HR's records", () => {
  test("what was written last shows the same before and after: the drill says so, and keeps no value", async () => {
    const world = await drilled();
    await look(world, "stopped");
    await look(world, "resumed");
    expect(await filed(world)).toMatchObject({ passed: true, records: { unchanged: 1, unread: 0, changed: [] } });
    expect(JSON.stringify([lookOf(world, "stopped"), lookOf(world, "resumed")])).not.toMatch(/2B|1A|WD-/);
    expect(world.hris.writes).toHaveLength(1);
  });

  test("a value of ours that appears meanwhile fails the drill", async () => {
    const world = await drilled();
    world.hris.set("desk", "1A");
    await look(world, "stopped");
    world.hris.set("desk", "2B");
    await look(world, "resumed");
    expect(await filed(world)).toMatchObject({ passed: false, records: { changed: [{ how: "written" }] } });
  });

  test("what HR changes meanwhile is told and fails nothing", async () => {
    const world = await drilled();
    await look(world, "stopped");
    world.hris.set("desk", "7Q");
    await look(world, "resumed");
    expect(await filed(world)).toMatchObject({ passed: true, records: { unchanged: 0, changed: [{ how: "by-hr" }] } });
  });

  test("a write that was on its way may land; a grant that was open may not be used", async () => {
    for (const [isUsed, passed, how] of [
      [true, true, "settled"],
      [false, false, "written"],
    ] as const) {
      const world = new World();
      const { digest } = await world.prepare("desk", "2B");
      world.connectorCode = async (payload, managed) => {
        if (isUsed) {
          world.hris.nextWrite = { written: { kind: "unknown", detail: "timed out" }, effect: "1A" };
          await managed(payload);
        }
        return Promise.reject(new Error("the connector died"));
      };
      await world.broker({ version: 1, requestId: "r-1", index: 0, field: "desk", digest, attempt: 1 });
      if (!isUsed) {
        // The broker ended it; a broker that died would not have.
        const [grant] = world.itemsOf("ledger", "grant#");
        const pointer = [...world.tables.control.values()].find(({ pk }) => String(pk).startsWith("pointer#"));
        const dueAt = new Date(world.now + 900_000).toISOString();
        world.seed("control", [
          { ...pointer, grantId: grant?.["grantId"], requestId: "r-1", index: 0, queue: "settle", dueAt },
        ]);
      }
      stopped(world);
      await look(world, "stopped");
      expect(lookOf(world, "stopped")).toMatchObject({
        records: [{ seen: "from", inFlight: isUsed ? "used" : "open" }],
      });
      world.hris.set("desk", "2B");
      await look(world, "resumed");
      expect(await filed(world)).toMatchObject({ passed, records: { changed: [{ how }] } });
    }
  });

  test("what cannot be read is no proof and no failure", async () => {
    const world = await drilled();
    world.hris.nextReads.push({ kind: "unavailable", detail: "503" });
    await look(world, "stopped");
    await look(world, "resumed");
    expect(await filed(world)).toMatchObject({ passed: true, records: { unchanged: 0, unread: 1, changed: [] } });
  });

  test("neither of the two values, twice, is not called unchanged", async () => {
    const world = await drilled();
    world.hris.set("desk", "7Q");
    await look(world, "stopped");
    await look(world, "resumed");
    expect(await filed(world)).toMatchObject({ records: { unchanged: 0, unread: 1, changed: [] } });
  });

  test("a look is taken once, and the second is at what the first was at", async () => {
    const world = await drilled();
    await look(world, "stopped");
    const first = lookOf(world, "stopped");
    world.now += 1_000;
    await look(world, "stopped");
    expect(lookOf(world, "stopped")).toEqual(first);
    world.tables.control.clear();
    await look(world, "resumed");
    expect(lookOf(world, "resumed")).toMatchObject({ records: [{ seen: "to" }] });
  });

  test("no other stop than a drill reads HR's records, and none that was not looked at before", async () => {
    const world = new World();
    await world.write("desk", "2B");
    stopped(world, "stop");
    const { reads } = world.hris;
    await look(world, "stopped");
    await look(world, "resumed");
    await look(world, "stopped", "unknown");
    expect([world.hris.reads, world.itemsOf("ledger", "drill-look#")]).toEqual([reads, []]);
    const late = await drilled();
    await look(late, "resumed");
    expect(late.itemsOf("ledger", "drill-look#")).toEqual([]);
    expect(await filed(late)).not.toHaveProperty("records");
  });

  test("what the schedule sends is no look", async () => {
    const world = await drilled();
    for (const event of [
      undefined,
      {},
      { version: 1, step: "look" },
      { version: 1, step: "look", stopId: STOP, when: "x" },
    ]) {
      await world.sweeper(event);
    }
    expect(world.itemsOf("ledger", "drill-look#")).toEqual([]);
    expect(world.lines.filter(({ event }) => event === "swept")).toHaveLength(4);
  });
});
