import { joiner } from "../runtime/world";
import { violations } from "./audit";
import type * as Warm from "./warm";
import { isEffect } from "./invocations";
import { ends, told, type Story } from "./stories";
import type { Site } from "./site";

jest.mock("../../src/policy/items", () =>
  jest.requireActual<typeof Warm>("./warm").warmItems(jest.requireActual("../../src/policy/items")),
);
jest.mock("../../src/policy/normalise", () =>
  jest.requireActual<typeof Warm>("./warm").warmNormalise(jest.requireActual("../../src/policy/normalise")),
);

/** The policy of these sites allows three writes an hour. */
const LIMIT = 3;
const FLOOD = 6;

/** Events of so many workers at one moment, their changes in flight side by side. */
function flood(site: Site, from = 1, events = FLOOD): void {
  for (let worker = from; worker < from + events; worker += 1) {
    const id = `WD-${String(20_000 + worker)}`;
    site.world.hris.set("employment_type", "employee", id);
    site.world.hris.set("desk", "1A", id);
    const detail = { requestId: `r-${String(worker)}`, worker: { id, attributes: { worker_type: "employee" } } };
    site.publish(joiner([{ field: "desk", value: "2B" }], { ...detail, occurredAt: "2026-11-02T09:00:00Z" }));
  }
}

const FLOODED: Story = { name: "a flood", ends: [], begin: flood };

const breaker = (site: Site) => site.world.control("breaker");
const tripId = (site: Site): string => `breaker-${String(breaker(site)?.["trippedAt"])}`;
const lines = (site: Site) => site.world.lines.filter(({ event }) => event === "breaker-tripped");
const said = (site: Site) => lines(site).length;
/** Trips of which it is on record that somebody was told, by their ids. */
const onRecord = (site: Site) => site.world.itemsOf("ledger", "system-trip").map(({ sk }) => sk);
const written = (site: Site): number => site.writes.length;

test("a flood stops at the breaker, which says so once and by the ends of what it stopped", async () => {
  const site = await told(FLOODED);
  expect([violations(site), written(site), said(site)]).toEqual([[], LIMIT, 1]);
  expect(breaker(site)).toMatchObject({ state: "tripped" });
  expect([lines(site)[0]?.["stopId"], onRecord(site)]).toEqual([tripId(site), [tripId(site)]]);
  const all = ends(site);
  expect(all.filter((end) => end === "applied")).toHaveLength(LIMIT);
  const stopped = site.world.events.filter(({ detail }) => detail["outcome"] === "not-applied");
  expect(stopped.map(({ detail }) => detail["reason"])).toEqual(Array(FLOOD - LIMIT).fill("BreakerTripped"));
});

test("it stays tripped in the hours after, until two operators agreed to the end of this very trip, on record", async () => {
  const site = await told(FLOODED);
  const id = tripId(site);
  await site.timeline.advance(2 * 3_600_000);
  flood(site, 10, 1);
  await site.live();
  expect([written(site), said(site)]).toEqual([LIMIT, 1]);

  expect((await site.agree("ada", id, "breaker"))?.json).toMatchObject({ agreed: 1, resumed: false });
  expect((await site.agree("ada", id, "breaker"))?.json).toMatchObject({ agreed: 1, resumed: false });
  flood(site, 11, 1);
  await site.live();
  expect([written(site), breaker(site)?.["state"]]).toEqual([LIMIT, "tripped"]);

  expect((await site.agree("ben", "breaker-2026-11-01T00:00:00.000Z", "breaker"))?.json).toMatchObject({
    code: "AnotherStop",
  });
  expect((await site.agree("ben", id, "breaker"))?.json).toMatchObject({ agreed: 2, resumed: true });
  const records = site.world.itemsOf("ledger", "system-resume").map(({ sk }) => String(sk));
  expect(records.filter((sk) => sk.startsWith(`${id}#agree#`))).toHaveLength(2);
  expect(records).toContain(`${id}#resumed`);

  flood(site, 20, FLOOD);
  await site.live();
  // It counts anew, and trips and says so anew.
  expect([violations(site), written(site), said(site)]).toEqual([[], 2 * LIMIT, 2]);
  expect(tripId(site)).not.toBe(id);
});

test.each([
  ["dies", { dies: "Sandbox.Timedout" }],
  ["fails", "fails"],
] as const)(
  "no more is written than it allows, and it is said, wherever in the flood a process %s",
  async (_name, how) => {
    const { calls } = (await told(FLOODED)).invocations;
    const gateway = calls.filter((call) => call.process === "gateway" && isEffect(call));
    expect(gateway.length).toBeGreaterThan(3 * FLOOD);
    let twice = 0;
    for (const call of gateway) {
      for (const moment of ["before", "after"] as const) {
        const site = await told(FLOODED, ({ invocations }) => {
          invocations.fault = { call: call.number, moment, how };
        });
        const where = `${moment} ${String(call.number)} ${call.method}`;
        expect({ where, found: violations(site) }).toEqual({ where, found: [] });
        expect(site.intents.length).toBeLessThanOrEqual(LIMIT);
        expect(breaker(site)).toMatchObject({ state: "tripped" });
        // The one trip, once; twice where what says it broke before it was on record.
        twice += said(site) - 1;
        const found = new Set(lines(site).map(({ stopId }) => stopId));
        expect({ where, found: [...found], onRecord: onRecord(site) }).toEqual({
          where,
          found: [tripId(site)],
          onRecord: [tripId(site)],
        });
      }
    }
    expect(twice).toBe(1);
  },
);
