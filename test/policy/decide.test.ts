import fc from "fast-check";

import { decide, parsePolicy, strictest, type Verdict, type VerdictKind } from "../../src/policy";
import type { WriteBackRequest } from "../../src/policy/request";
import { NOW, policy, request, tightening } from "./arbitraries";

const RUNS = { numRuns: 150 };
const ORDER: readonly VerdictKind[] = ["write", "approve", "notify", "deny"];

function rank({ verdict }: Verdict): number {
  return ORDER.indexOf(verdict);
}

describe("decide", () => {
  it("never loosens a verdict when a policy is tightened, and keeps every denial", () => {
    fc.assert(
      fc.property(policy, fc.array(tightening, { minLength: 1, maxLength: 3 }), request, (before, ways, asked) => {
        const after = ways.reduce((each, [, tighten]) => tighten(each), before);
        const loose = decide(before, asked, NOW);
        const tight = decide(after, asked, NOW);
        loose.forEach((verdict, index) => {
          expect(rank(tight[index]!)).toBeGreaterThanOrEqual(rank(verdict));
        });
      }),
      { numRuns: 4000 },
    );
  });

  it("never loosens a verdict for what the event's body says of its initiator", () => {
    fc.assert(
      fc.property(policy, request, (of, asked) => {
        const silent = { ...asked.initiator, kind: undefined };
        const without = decide(of, { ...asked, initiator: silent }, NOW);
        decide(of, asked, NOW).forEach((verdict, index) => {
          expect(rank(verdict)).toBeGreaterThanOrEqual(rank(without[index]!));
        });
      }),
      { numRuns: 500 },
    );
  });

  it("reaches every verdict in these properties, so that they say something", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(policy, request, (of, asked) => {
        for (const { verdict } of decide(of, asked, NOW)) seen.add(verdict);
      }),
      // The rarest, `write`, comes in one run of sixty: a miss in all of these is out of the question.
      { numRuns: 4000 },
    );
    expect([...seen].sort()).toEqual([...ORDER].sort());
  });

  it("lets no reversal be written without an approval, whatever the policy, and asks two of the owner's group", () => {
    fc.assert(
      fc.property(policy, request, (of, asked) => {
        const [change] = asked.changes;
        fc.pre(change !== undefined);
        const back: WriteBackRequest = {
          ...asked,
          source: "hris-writeback.reversal",
          event: "writeback.reversal",
          requestId: "reversal-1",
          changes: [change],
          reversal: { requestId: "r-1", index: 0, grantId: "g-1", expected: "x" },
        };
        const [verdict] = decide(of, back, NOW);
        expect(verdict?.verdict).not.toBe("write");
        if (verdict?.verdict === "approve") {
          const owner = of.owners[verdict.owner ?? ""];
          expect(verdict.approval?.groups).toEqual([{ group: owner?.approvers?.group, count: 2 }]);
          expect(verdict.effectiveClass).toBe("conditional");
        }
        for (const forged of [
          { ...back, requestId: "r-1" },
          { ...back, event: asked.event },
          { ...back, source: asked.source },
          { ...back, reversal: undefined },
          { ...back, changes: [change, { ...change, field: "other" }] },
        ]) {
          expect(decide(of, forged, NOW)[0]?.verdict).toBe("deny");
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("gives one verdict per change, in order, and the same again", () => {
    fc.assert(
      fc.property(policy, request, (of, asked) => {
        const text = JSON.stringify(asked);
        const verdicts = decide(of, asked, NOW);
        expect(verdicts.map(({ index, field }) => [index, field])).toEqual(
          asked.changes.map(({ field }, index) => [index, field]),
        );
        expect(decide(of, asked, NOW)).toEqual(verdicts);
        expect(decide(parsePolicy(structuredClone(inputOf(of))), asked, new Date(NOW).toISOString())).toEqual(verdicts);
        expect(JSON.stringify(asked)).toBe(text);
      }),
      RUNS,
    );
  });

  it("always denies what is not listed", () => {
    fc.assert(
      fc.property(policy, request, fc.string(), (of, asked, name) => {
        fc.pre(!Object.hasOwn(of.fields, name));
        const [verdict] = decide(
          of,
          { ...asked, changes: [{ field: name, value: "x", finalizedAt: asked.occurredAt }] },
          NOW,
        );
        expect(verdict).toEqual({
          index: 0,
          field: name,
          verdict: "deny",
          reason: "UnclassifiedField",
          class: "never",
          effectiveClass: "never",
        });
      }),
      RUNS,
    );
  });

  it("carries an approval exactly where one is asked for, by a group that exists", () => {
    fc.assert(
      fc.property(policy, request, (of, asked) => {
        const groups = Object.values(of.owners).map(({ approvers }) => approvers?.group);
        for (const { verdict, approval } of decide(of, asked, NOW)) {
          expect(approval !== undefined).toBe(verdict === "approve");
          for (const { group } of approval?.groups ?? []) expect(groups).toContain(group);
        }
      }),
      RUNS,
    );
  });

  it("writes at once only what is safe here and now", () => {
    fc.assert(
      fc.property(policy, request, (of, asked) => {
        for (const verdict of decide(of, asked, NOW)) {
          if (verdict.verdict === "write") expect([verdict.class, verdict.effectiveClass]).toEqual(["safe", "safe"]);
        }
      }),
      RUNS,
    );
  });
});

/** The normalised policy is itself a valid file. */
function inputOf(of: unknown): Parameters<typeof parsePolicy>[0] {
  const { fields, ...rest } = structuredClone(of) as { fields: Record<string, { class: string; events?: unknown }> };
  for (const field of Object.values(fields)) if (field.class === "never") delete field.events;
  return { ...rest, fields } as unknown as Parameters<typeof parsePolicy>[0];
}

describe("decide on single points", () => {
  const policyText = `
version: 1
owners:
  identity: { name: Identity, contact: identity@example.com, approvers: { group: iam-approvers } }
systems: { directory: { kind: directory } }
publishers: { joiner: { initiator: automation } }
events: { joined: { source: [joiner], window: PT1H } }
defaults: { reconcile: { every: P1D, log: ledger } }
fields:
  email: { class: safe, owner: identity, sourceOfTruth: directory, events: [joined] }
`;
  const of = parsePolicy(policyText);
  const asked = {
    source: "joiner",
    event: "joined",
    requestId: "r-1",
    occurredAt: "2026-11-23T11:00:00Z",
    worker: { id: "WD-1", attributes: {} },
    initiator: { id: "flow" },
    changes: [{ field: "email", value: "a@example.com", finalizedAt: "2026-11-23T10:59:00Z" }],
    dryRun: false,
  };

  it("judges the window at intake's time, however late the decision is", () => {
    expect(decide(of, { ...asked, receivedAt: "2026-11-23T11:05:00Z" }, "2026-12-23T12:00:00Z")[0]?.reason).toBe(
      "SafeField",
    );
    expect(decide(of, { ...asked, receivedAt: "2026-11-23T12:00:00.001Z" }, "2026-11-23T11:05:00Z")[0]?.reason).toBe(
      "OutsideWindow",
    );
  });

  it("fails closed on a time of intake that cannot be read", () => {
    expect(decide(of, { ...asked, receivedAt: "yesterday" }, "2026-11-23T11:05:00Z")[0]?.reason).toBe("OutsideWindow");
    expect(decide(of, { ...asked, occurredAt: "yesterday" }, "2026-11-23T11:05:00Z")[0]?.reason).toBe("OutsideWindow");
  });

  it("judges whether a value is finalised at intake's time as well", () => {
    const late = {
      ...asked,
      changes: [{ field: "email", value: "a@example.com", finalizedAt: "2026-11-23T11:06:00Z" }],
    };
    expect(decide(of, { ...late, receivedAt: "2026-11-23T11:05:00Z" }, "2026-11-23T11:10:00Z")[0]?.reason).toBe(
      "NotFinalized",
    );
  });

  it("asks one approver of the owner's group within a day where a safe field is raised", () => {
    const [verdict] = decide(
      of,
      { ...asked, initiator: { id: "bot", kind: "agent", intent: "why" } },
      "2026-11-23T11:10:00Z",
    );
    expect(verdict).toMatchObject({
      verdict: "approve",
      class: "safe",
      effectiveClass: "conditional",
      owner: "identity",
      approval: { groups: [{ group: "iam-approvers", count: 1 }], expires: "PT24H" },
    });
  });

  it("denies a raised field that nobody could approve, even of a policy that was never checked", () => {
    const unchecked = { ...of, owners: { identity: { name: "Identity", contact: "identity@example.com" } } };
    const [verdict] = decide(
      unchecked,
      { ...asked, initiator: { id: "bot", kind: "agent", intent: "why" } },
      "2026-11-23T11:10:00Z",
    );
    expect(verdict).toMatchObject({ verdict: "deny", reason: "ApprovalRequired" });
    expect(verdict).not.toHaveProperty("approval");
  });

  it("reads attributes and publishers as own members only", () => {
    const narrowed = {
      ...of,
      segments: { all: { when: { constructor: ["nothing"] }, mode: "notify" as const, fields: {} } },
    };
    expect(decide(narrowed, asked, "2026-11-23T11:10:00Z")[0]?.reason).toBe("SegmentNotifyOnly");
    expect(decide(of, { ...asked, source: "constructor" }, "2026-11-23T11:10:00Z")[0]?.reason).toBe(
      "EventNotAuthorized",
    );
  });

  it("refuses a `now` that is no time", () => {
    expect(() => decide(of, asked, "soon")).toThrow(TypeError);
    expect(() => decide(of, asked, NaN)).toThrow(TypeError);
  });
});

describe("strictest", () => {
  const verdict = (kind: VerdictKind, field: string): Verdict => ({
    index: 0,
    field,
    verdict: kind,
    reason: "SafeField",
    class: "safe",
    effectiveClass: "safe",
  });

  it("is the stricter of two, and the first of two equals", () => {
    ORDER.forEach((loose, low) => {
      ORDER.forEach((strict, high) => {
        const [a, b] = [verdict(loose, "a"), verdict(strict, "b")];
        expect(strictest(a, b)).toBe(high > low ? b : a);
        expect(strictest(b, a)).toBe(low > high ? a : b);
      });
    });
  });
});
