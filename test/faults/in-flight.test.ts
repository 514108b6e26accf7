import { RETRYABLE_ERRORS } from "../../src/core";
import { joiner } from "../runtime/world";
import { violations } from "./audit";
import type * as Warm from "./warm";
import { isEffect, type Fault } from "./invocations";
import { POLICY, type Site } from "./site";
import { APPROVED, ends, SAFE, told, type Story } from "./stories";

jest.mock("../../src/policy/items", () =>
  jest.requireActual<typeof Warm>("./warm").warmItems(jest.requireActual("../../src/policy/items")),
);
jest.mock("../../src/policy/normalise", () =>
  jest.requireActual<typeof Warm>("./warm").warmNormalise(jest.requireActual("../../src/policy/normalise")),
);

/** What people who run the system do to it while changes are in flight: deploys, stopped executions, redrives. At every point. */

const changed = (from: string, to: string): string => {
  expect(POLICY).toContain(from);
  return POLICY.replace(from, to);
};
/** Something else of the policy: no change of these fields means anything else by it. */
const NEUTRAL = changed("maxWritesPerDay: 1000", "maxWritesPerDay: 2000");
const TIGHTER = POLICY.replace(
  /work_email: \{.*\}/,
  "work_email: { class: never, owner: identity, sourceOfTruth: directory, hrisField: workEmail }",
).replace(/ {2}manager:\n(?: {4}.*\n)+/, "  manager: { class: never, owner: hr-operations, sourceOfTruth: hris }\n");

/** Tells a story with something done at each point of it, and looks at each end. */
async function everywhere(
  story: Story,
  does: (site: Site) => void | Promise<void>,
  look: (site: Site, end: string | undefined, where: string) => void,
  later: (site: Site, step: number) => void | Promise<void> = () => undefined,
): Promise<void> {
  const { calls } = (await told(story)).invocations;
  for (const call of calls) {
    for (const moment of isEffect(call) ? (["before", "after"] as const) : (["before"] as const)) {
      const how: Fault["how"] = { meanwhile: () => undefined };
      const site = await told(
        {
          ...story,
          people: async (at, step) => {
            await later(at, step);
            await story.people?.(at, step);
          },
        },
        (fresh) => {
          fresh.invocations.fault = { call: call.number, moment, how: { ...how, meanwhile: () => does(fresh) } };
        },
      );
      const where = `${moment} ${String(call.number)} ${call.process}.${call.method}`;
      expect({ where, found: violations(site) }).toEqual({ where, found: [] });
      look(site, ends(site)[0], where);
    }
  }
}

/** Writes that had begun when something was done. */
const BEGUN = "begun";

describe.each([SAFE, APPROVED])("$name", (story) => {
  /** Applies the table at a point, and the functions a while later: in between, every function meets a policy that is not its own. */
  const deploys = (policy: string) => {
    const half = new WeakSet<Site>();
    return {
      does: (site: Site): void => {
        site.world.applyPolicy(policy);
        half.add(site);
      },
      later: (site: Site, step: number): void => {
        if (!half.has(site) || step % 3 !== 2) return;
        half.delete(site);
        site.deployFunctions();
      },
    };
  };

  test("goes on through a deploy that means nothing for it, wherever that meets it", async () => {
    const { does, later } = deploys(NEUTRAL);
    const seen = new Set<string | undefined>();
    await everywhere(
      story,
      does,
      (site, end) => {
        seen.add(end);
        expect(site.writes.length).toBe(end === "applied" ? 1 : 0);
      },
      later,
    );
    // An approval is of one exact change under one policy: one that was given, or asked for, under another is void.
    expect([...seen].sort()).toEqual(story === SAFE ? ["applied"] : ["applied", "conflict"]);
  });

  test("is not written once its field may never be, wherever the policy meets it", async () => {
    const { does, later } = deploys(TIGHTER);
    const seen = new Set<string | undefined>();
    await everywhere(
      story,
      (site) => {
        does(site);
        site.tasks.set(BEGUN, site.intents.length);
      },
      (site, end, where) => {
        // A write begins with its intent, and none begins after the policy changed.
        const begun = site.tasks.get(BEGUN);
        expect({ where, end, intents: site.intents.length, writes: site.writes.length }).toEqual({
          where,
          end: begun === 1 ? "applied" : "denied",
          intents: begun,
          writes: begun,
        });
        seen.add(end);
      },
      later,
    );
    expect([...seen].sort()).toEqual(["applied", "denied"]);
  });

  test("ends truly where its execution is stopped, wherever that is", async () => {
    await everywhere(
      story,
      (site) => site.engine.execution("r-1")?.stop("an operator"),
      (_site, end, where) => {
        expect({ where, end }).toEqual({ where, end: expect.stringMatching(/^(applied|not-applied|expired)$/) });
      },
    );
  });

  test.each([1, 12])("ends truly where its execution is stopped and redriven after %d steps", async (steps) => {
    await everywhere(
      story,
      (site) => {
        site.engine.execution("r-1")?.stop("an operator");
        site.tasks.set("stopped", 0);
      },
      (site, end, where) => {
        expect({ where, end }).toEqual({ where, end: expect.stringMatching(/^(applied|not-applied|expired)$/) });
        // Nobody is asked about a change that has ended.
        const lines = site.world.lines.map(({ event }) => event);
        const ended = lines.indexOf("open-change-ended");
        const asked = lines.lastIndexOf("approval-requested");
        expect({ where, inVain: ended >= 0 && asked > ended }).toEqual({ where, inVain: false });
      },
      (site, step) => {
        if (site.tasks.get("stopped") === 0 && step > 0) site.tasks.set("stopped", step);
        if (step === Number(site.tasks.get("stopped")) + steps) site.redrive("r-1");
      },
    );
  });
});

test("a request whose Decide failed for good is said to wait when its event comes again, and is decided by a redrive", async () => {
  let isBroken = true;
  const site = await told(SAFE, (fresh) => {
    const { decide } = fresh.world;
    fresh.world.decide = (event) =>
      isBroken ? Promise.reject(Object.assign(new Error("no"), { name: "AccessDenied" })) : decide(event);
  });
  expect(site.engine.execution("r-1")?.status()).toBe("FAILED");
  SAFE.begin(site);
  await site.deliver();
  expect(site.world.lines).toContainEqual(expect.objectContaining({ event: "event-not-taken", code: "NotDecided" }));
  expect(site.world.lines).toContainEqual(
    expect.objectContaining({ event: "request-not-decided", requestId: "r-1", level: "warn" }),
  );
  isBroken = false;
  expect(site.redrive("r-1")).toBe(true);
  await site.live();
  expect([violations(site), ends(site), site.deadLetters]).toEqual([[], ["applied", "applied"], []]);
});

test("a request whose execution is stopped before it could decide ends in every change, on record and told", async () => {
  const begin = (site: Site): void => {
    site.publish(
      joiner([
        { field: "work_email", value: "new.hire@example.com" },
        { field: "desk", value: "4-017" },
      ]),
    );
  };
  const stopped: Story = {
    name: "two changes, while the policy is half applied",
    ends: [],
    begin,
    people: (site, step) => {
      if (step === 2) site.engine.execution("r-1")?.stop("an operator");
    },
  };
  const site = await told(stopped, (fresh) => {
    fresh.world.decide = () =>
      Promise.reject(Object.assign(new Error("not yet"), { name: RETRYABLE_ERRORS.policyInTransition }));
  });
  const ofRequest = () => [site.world.outcome("r-1", 0), site.world.outcome("r-1", 1)];
  expect([violations(site), ofRequest()]).toEqual([[], ["not-applied", "not-applied"]]);
  expect(site.world.events.map(({ detail }) => [detail["index"], detail["outcome"], detail["reason"]])).toEqual([
    [1, "not-applied", "WorkflowEnded"],
    [0, "not-applied", "WorkflowEnded"],
  ]);
  // The same event again is the same request, which has ended.
  begin(site);
  await site.live();
  expect([violations(site), ofRequest(), site.deadLetters]).toEqual([[], ["not-applied", "not-applied"], []]);
});
