import { violations } from "./audit";
import { isEffect, type Fault, type PortCall } from "./invocations";
import { ends, STORIES, told, type Story } from "./stories";
import type * as Warm from "./warm";

jest.mock("../../src/policy/items", () =>
  jest.requireActual<typeof Warm>("./warm").warmItems(jest.requireActual("../../src/policy/items")),
);
jest.mock("../../src/policy/normalise", () =>
  jest.requireActual<typeof Warm>("./warm").warmNormalise(jest.requireActual("../../src/policy/normalise")),
);

/**
 * Every call that any process makes to the world in a story, one after the other by number, is where something goes wrong once; then
 * retries, schedules and people go on as they do. Nothing is sampled.
 */

const MINUTE = 60_000;

/** An error of Lambda's own, which the workflow repeats Write for too. */
const CALLED_AGAIN = "Lambda.SdkClientException";

const FAULTS: readonly (Omit<Fault, "call"> & { readonly name: string; readonly at: "effects" | "all" })[] = [
  { name: "dies before each effect", at: "effects", moment: "before", how: { dies: "Sandbox.Timedout" } },
  { name: "dies after each effect", at: "effects", moment: "after", how: { dies: "Sandbox.Timedout" } },
  {
    name: "is lost before each effect, and called again",
    at: "effects",
    moment: "before",
    how: { dies: CALLED_AGAIN },
  },
  { name: "is lost after each effect, and called again", at: "effects", moment: "after", how: { dies: CALLED_AGAIN } },
  { name: "fails at each call", at: "all", moment: "before", how: "fails" },
  { name: "loses the answer of each effect", at: "effects", moment: "after", how: "fails" },
  {
    name: "meets an outage of ten minutes from each effect on",
    at: "effects",
    moment: "before",
    how: { outageMs: 10 * MINUTE },
  },
];

/** Processes between the opening of a grant and the HRIS: what breaks there may cost the write, and nothing else. */
const WRITERS = ["broker", "connector", "gateway"];

const clean = new Map<Story, readonly PortCall[]>();

/** The calls of a story where nothing goes wrong. */
async function callsOf(story: Story): Promise<readonly PortCall[]> {
  const known = clean.get(story);
  if (known !== undefined) return known;
  const site = await told(story);
  expect([violations(site), ends(site)]).toEqual([[], story.ends]);
  const { calls } = site.invocations;
  clean.set(story, calls);
  return calls;
}

const named = ({ process, method }: PortCall): string => `${process}.${method}`;

describe.each(STORIES)("$name, where a process", (story) => {
  test.each(FAULTS)("$name", async ({ at, moment, how }) => {
    const calls = await callsOf(story);
    const hit = calls.filter((call) => at === "all" || isEffect(call));
    expect(hit.length).toBeGreaterThan(5);
    for (const call of hit) {
      const site = await told(story, ({ invocations }) => {
        invocations.fault = { call: call.number, moment, how };
      });
      // It broke where it was meant to: the way up to there is always the same.
      expect(named(site.invocations.calls[call.number - 1]!)).toBe(named(call));
      const where = `call ${String(call.number)} of ${String(calls.length)}, ${named(call)}`;
      expect({ where, found: violations(site) }).toEqual({ where, found: [] });
      const ended = ends(site);
      const expected = WRITERS.includes(call.process)
        ? story.ends.map((end, place) => (ended[place] === "not-applied" ? "not-applied" : end))
        : story.ends;
      expect({ where, ended }).toEqual({ where, ended: expected });
      if (story.looks === undefined || ended[0] === "not-applied") continue;
      const look = site.world.ledger("second-look#r-1#0", "second-look")?.["outcome"];
      expect({ where, look }).toEqual({ where, look: story.looks });
    }
  });
});
