import { violations } from "./audit";
import type { Fault } from "./invocations";
import { randomOf } from "./load";
import type { Site } from "./site";
import { STORIES, told } from "./stories";

/**
 * Two to five things that go wrong in one story, soon after one another: what one recovery leans on is broken by the next. Drawn by a seed,
 * since the pairs alone are too many to enumerate. `WRITEBACK_FAULT_DRAWS` draws more than the few of a usual run.
 */

const DRAWS = Number(process.env["WRITEBACK_FAULT_DRAWS"] ?? 25);
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Calls between two faults, at most. */
const APART = 12;

const FAULTS: readonly Omit<Fault, "call">[] = [
  { moment: "before", how: { dies: "Sandbox.Timedout" } },
  { moment: "after", how: { dies: "Sandbox.Timedout" } },
  { moment: "before", how: { dies: "Lambda.SdkClientException" } },
  { moment: "after", how: { dies: "Lambda.SdkClientException" } },
  { moment: "before", how: "fails" },
  { moment: "after", how: "fails" },
  { moment: "before", how: { outageMs: 10 * MINUTE } },
  { moment: "before", how: { outageMs: 90 * MINUTE } },
];

function draw(seed: number, calls: number): ReadonlyMap<number, Omit<Fault, "call">> {
  const random = randomOf(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const drawn = new Map<number, Omit<Fault, "call">>();
  let call = below(calls);
  for (let left = 2 + below(4); left > 0; left -= 1) {
    call += 1 + below(APART);
    drawn.set(call, FAULTS[below(FAULTS.length)]!);
  }
  return drawn;
}

/** What may be left of more than one fault, until somebody acts: an event put aside, or one that a stopped system does not take. */
function isKept(found: string, site: Site): boolean {
  if (/^the event of .* was lost$/.test(found)) return site.deadLetters.length > 0 || site.layers.stopped.has("intake");
  return found === "left open: a message waits" && site.layers.stopped.has("intake");
}

test.each(STORIES.map((story) => ({ name: story.name, story })))("$name", async ({ story }) => {
  const calls = (await told(story)).invocations.calls.length;
  let hits = 0;
  for (let seed = 1; seed <= DRAWS; seed += 1) {
    const faults = draw(seed, calls);
    const site = await told(story, ({ invocations }) => {
      invocations.sometimes = ({ number }) => {
        const fault = faults.get(number);
        if (fault !== undefined) hits += 1;
        return fault;
      };
    });
    // Faults end; a wait that nobody answered is forgotten after its end.
    site.invocations.sometimes = undefined;
    await site.timeline.advance(2 * DAY);
    await site.live();
    const found = violations(site).filter((each) => !isKept(each, site));
    expect({ seed, found }).toEqual({ seed, found: [] });
  }
  expect(hits).toBeGreaterThan(DRAWS);
});
