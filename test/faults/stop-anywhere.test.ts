import { violations } from "./audit";
import { isEffect } from "./invocations";
import type { Site } from "./site";
import { APPROVED, ends, LOST, SAFE, THROTTLED, told, type Story } from "./stories";
import type * as Warm from "./warm";

jest.mock("../../src/policy/items", () =>
  jest.requireActual<typeof Warm>("./warm").warmItems(jest.requireActual("../../src/policy/items")),
);
jest.mock("../../src/policy/normalise", () =>
  jest.requireActual<typeof Warm>("./warm").warmNormalise(jest.requireActual("../../src/policy/normalise")),
);

/**
 * The system is stopped at every point of a change in flight, and no HRIS write begins after it. A write begins with its intent: the gateway's
 * very next call is the HRIS's, so a stop between the two comes after the write has begun.
 */

const STORIES: readonly Story[] = [SAFE, APPROVED, THROTTLED, LOST];

interface Stopped {
  readonly site: Site;
  /** Grants that had been used when the system was stopped. */
  readonly begun: ReadonlySet<string>;
  readonly writes: number;
}

async function stoppedAt(
  story: Story,
  call: number,
  moment: "before" | "after",
  stop: (site: Site) => Promise<void>,
): Promise<Stopped> {
  let begun = new Set<string>();
  let writes = 0;
  const site = await told(story, (fresh) => {
    const meanwhile = async (): Promise<void> => {
      await stop(fresh);
      begun = new Set(fresh.intents.map(({ grantId }) => grantId));
      ({ length: writes } = fresh.writes);
    };
    fresh.invocations.fault = { call, moment, how: { meanwhile } };
  });
  return { site, begun, writes };
}

/** The points at which a story can be stopped: before each call, and after each that had an effect. */
async function pointsOf(story: Story) {
  const { calls } = (await told(story)).invocations;
  return calls.flatMap((call) => [
    {
      call: call.number,
      moment: "before" as const,
      where: `before ${String(call.number)} ${call.process}.${call.method}`,
    },
    ...(isEffect(call)
      ? [
          {
            call: call.number,
            moment: "after" as const,
            where: `after ${String(call.number)} ${call.process}.${call.method}`,
          },
        ]
      : []),
  ]);
}

describe.each(STORIES)("$name", (story) => {
  test("begins no write after the switch was pulled, wherever that was, and ends truly while it is stopped", async () => {
    let midWrite = 0;
    for (const { call, moment, where } of await pointsOf(story)) {
      const { site, begun, writes } = await stoppedAt(story, call, moment, (fresh) => fresh.pullSwitch("S1"));
      expect(site.world.control("switch")).toMatchObject({ state: "stopped", stopId: "S1" });
      const late = site.intents.filter(({ grantId }) => !begun.has(grantId));
      const unbegun = site.writes.slice(writes).filter(({ grantId }) => !begun.has(grantId));
      expect({ where, late, unbegun, found: violations(site) }).toEqual({ where, late: [], unbegun: [], found: [] });
      midWrite += site.writes.length - writes;
      const [end] = ends(site);
      expect({ where, end }).toEqual({ where, end: begun.size > 0 ? expect.any(String) : "not-applied" });
    }
    // Where the intent was on record and the call not made yet: after the transaction, and before the call.
    expect(midWrite).toBe(2 * (story === THROTTLED ? 2 : 1));
  });

  test("is stopped in all layers at each effect, and goes on truly when two operators let it", async () => {
    for (const { call, moment, where } of await pointsOf(story)) {
      if (moment === "before") continue;
      const { site, begun, writes } = await stoppedAt(story, call, moment, (fresh) => fresh.stop("S1"));
      expect(site.world.control("switch")).toMatchObject({ state: "stopped", stopId: "S1" });
      const written = site.writes.length;
      await site.agree("ada", "S1");
      await site.agree("ben", "S1");
      await site.live((step) => story.people?.(site, step));
      const unbegun = site.writes.slice(writes, written).filter(({ grantId }) => !begun.has(grantId));
      expect({ where, unbegun, found: violations(site) }).toEqual({ where, unbegun: [], found: [] });
      expect(site.world.control("switch")).toMatchObject({ state: "running" });
      expect([...site.layers.stopped]).toEqual([]);
    }
  });
});
