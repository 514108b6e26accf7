import { joiner } from "../runtime/world";
import { violations } from "./audit";
import { isEffect } from "./invocations";
import type { Site } from "./site";
import { APPROVED, ends, told, type Story } from "./stories";
import type * as Warm from "./warm";

jest.mock("../../src/policy/items", () =>
  jest.requireActual<typeof Warm>("./warm").warmItems(jest.requireActual("../../src/policy/items")),
);
jest.mock("../../src/policy/normalise", () =>
  jest.requireActual<typeof Warm>("./warm").warmNormalise(jest.requireActual("../../src/policy/normalise")),
);

/** Something else happens at every point of a change in flight, wholly, before the change goes on: every interleaving of the two at that grain. */

const DESK: Story = {
  name: "a desk",
  ends: ["applied"],
  begin: (site) => {
    site.publish(joiner([{ field: "desk", value: "2B" }]));
  },
};

const again = (handler: Parameters<Site["again"]>[0]) => (site: Site) => site.again(handler);
const another = (field: string, value: string, detail: object) => async (site: Site) => {
  site.publish(joiner([{ field, value }], detail));
  await site.deliver();
  await site.timeline.rest();
};

interface Intruder {
  readonly name: string;
  readonly story?: Story;
  readonly does: (site: Site) => Promise<void>;
  /** How all changes may end, in the order of their requests. */
  readonly ends: readonly (readonly string[])[];
}

const APPLIED = [["applied"]];

const INTRUDERS: readonly Intruder[] = [
  { name: "the same event comes again", does: another("desk", "2B", {}), ends: [["applied"], ["applied"]] },
  {
    name: "the same change is asked for by another request",
    does: another("desk", "2B", { requestId: "r-2" }),
    ends: [
      ["applied", "noop"],
      ["applied", "noop"],
    ],
  },
  {
    name: "another value is asked for",
    does: another("desk", "3C", { requestId: "r-2" }),
    ends: [["applied"], ["applied"]],
  },
  {
    name: "another field of the worker is asked for",
    does: another("work_email", "new.hire@example.com", { requestId: "r-2" }),
    ends: [["applied"], ["applied"]],
  },
  {
    name: "an older event comes late",
    does: another("desk", "3C", { requestId: "r-2", occurredAt: "2026-10-01T09:00:00Z" }),
    ends: [["applied"], ["denied"]],
  },
  { name: "Decide is called again", does: again("decide"), ends: APPLIED },
  { name: "Inspect is called again", does: again("inspect"), ends: APPLIED },
  // The repeated call may find the first one's grant open, and leaves it to the sweeper then.
  { name: "the broker is called again", does: again("broker"), ends: [["applied", "not-applied"]] },
  { name: "the connector sends its request again", does: again("connector"), ends: APPLIED },
  { name: "Announce is called again", does: again("announce"), ends: APPLIED },
  { name: "a sweeper runs", does: (site) => site.wake("sweeper"), ends: APPLIED },
  { name: "a sweeper runs beside an approval", story: APPROVED, does: (site) => site.wake("sweeper"), ends: APPLIED },
  { name: "a notifier runs beside an approval", story: APPROVED, does: (site) => site.wake("notifier"), ends: APPLIED },
  {
    name: "HR edits the field",
    does: (site) => {
      site.edit("desk", "9Z");
      return Promise.resolve();
    },
    ends: [["applied", "conflict"]],
  },
  {
    name: "HR edits a field that people approve",
    story: APPROVED,
    does: (site) => {
      site.edit("manager", "WD-2");
      return Promise.resolve();
    },
    ends: [["applied", "conflict"]],
  },
];

test.each(INTRUDERS)("$name", async ({ story = DESK, does, ends: expected }) => {
  const { calls } = (await told(story)).invocations;
  for (const call of calls) {
    for (const moment of isEffect(call) ? (["before", "after"] as const) : (["before"] as const)) {
      const site = await told(story, (fresh) => {
        fresh.invocations.fault = { call: call.number, moment, how: { meanwhile: () => does(fresh) } };
      });
      const where = `${moment} ${String(call.number)} ${call.process}.${call.method}`;
      const ended = ends(site);
      expect({ where, found: violations(site), dead: site.deadLetters }).toEqual({ where, found: [], dead: [] });
      const isExpected = ended.every((end, place) => expected[place]?.includes(end ?? "") ?? false);
      expect({ where, ended, isExpected }).toEqual({ where, ended, isExpected: true });
    }
  }
});
