import fc from "fast-check";

import { parsePolicy, type Policy, type PolicyInput, type WriteBackRequest } from "../../src/policy";

/**
 * Valid policies and requests over a few names, so that they meet often: most of the interest is in how segments, exceptions,
 * initiators and events overlap.
 */
const FIELDS = ["alpha", "beta", "gamma", "delta"] as const;
const EVENTS = ["joiner.provisioned", "mover.moved"] as const;
const PUBLISHERS = ["auto.one", "agent.one", "human.one"] as const;
const SEGMENTS = ["seg-a", "seg-b", "seg-c"] as const;
const ATTRIBUTES = ["worker_type", "legal_entity"] as const;
const VALUES = ["x", "y", 7, true] as const;

export const NOW = Date.parse("2026-11-23T12:00:00Z");

type FieldInput = PolicyInput["fields"][string];
type SegmentInput = NonNullable<PolicyInput["segments"]>[string];
type ExceptionInput = NonNullable<PolicyInput["exceptions"]>[number];

const some = <Value>(values: readonly Value[], minLength = 1) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength, maxLength: values.length });

const approval = { groups: [{ group: "iam-approvers", count: 1 }], expires: "PT4H" };

const valueRules = fc.constantFrom<Partial<FieldInput>>(
  {},
  {},
  {},
  {},
  { format: "email" },
  { pattern: "[a-z]+" },
  { enum: ["x", 7] },
  { maxLength: 4 },
  { type: "number" },
);

const field: fc.Arbitrary<FieldInput> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<FieldInput>({ class: "never", owner: "payroll", sourceOfTruth: "hris" }) },
  {
    weight: 4,
    arbitrary: fc
      .record({
        events: some(EVENTS),
        owner: fc.constantFrom("identity", "payroll"),
        rules: valueRules,
        own: fc.boolean(),
      })
      .map(({ events, owner, rules, own }): FieldInput => ({
        class: "safe",
        owner,
        sourceOfTruth: "directory",
        events,
        ...rules,
        ...(own ? { approval } : {}),
      })),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({ events: some(EVENTS), owner: fc.constantFrom("identity", "payroll"), rules: valueRules })
      .map(({ events, owner, rules }): FieldInput => ({
        class: "conditional",
        owner,
        sourceOfTruth: "directory",
        events,
        check: "none",
        approval,
        ...rules,
      })),
  },
);

export const segment: fc.Arbitrary<SegmentInput> = fc
  .record({
    when: fc.dictionary(fc.constantFrom(...ATTRIBUTES), some(VALUES), {
      minKeys: 1,
      maxKeys: 2,
      noNullPrototype: true,
    }),
    mode: fc.boolean(),
    fields: fc.dictionary(fc.constantFrom(...FIELDS), fc.constantFrom("conditional", "never"), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
  })
  .map(({ when, mode, fields }): SegmentInput => ({
    when,
    fields,
    ...(mode || Object.keys(fields).length === 0 ? { mode: "notify" } : {}),
  }));

const rule = fc.record(
  {
    minimumClass: fc.constantFrom(
      "conditional" as const,
      "conditional" as const,
      "conditional" as const,
      "never" as const,
    ),
    requireIntent: fc.boolean(),
  },
  { requiredKeys: [] },
);

const exception = fc.record({
  field: fc.constantFrom(...FIELDS),
  segment: fc.constantFrom(...SEGMENTS),
  allow: fc.constantFrom("safe" as const, "conditional" as const),
  days: fc.constantFrom<readonly [string, string]>(
    ["2026-11-01", "2026-12-31"],
    ["2026-11-02", "2026-12-30"],
    ["2026-10-01", "2026-11-22"],
    ["2026-11-23", "2026-11-23"],
    ["2026-11-24", "2026-12-24"],
  ),
});

/** A valid policy as a person would write it. */
export const policyInput: fc.Arbitrary<PolicyInput> = fc
  .record({
    fields: fc.dictionary(fc.constantFrom(...FIELDS), field, { minKeys: 3, noNullPrototype: true }),
    segments: fc.dictionary(fc.constantFrom(...SEGMENTS), segment, { maxKeys: 2, noNullPrototype: true }),
    sources: fc.tuple(some(PUBLISHERS, 2), some(PUBLISHERS, 2)),
    windows: fc.tuple(fc.constantFrom("PT1H", "PT72H", "P30D"), fc.constantFrom("PT1H", "PT72H")),
    initiators: fc.option(fc.record({ human: rule, automation: rule, agent: rule }, { requiredKeys: [] }), {
      nil: undefined,
    }),
    exceptions: fc.array(exception, { minLength: 2, maxLength: 10 }),
  })
  .map(({ fields, segments, sources, windows, initiators, exceptions }): PolicyInput => {
    const kept = Object.fromEntries(Object.entries(segments).map(([name, each]) => [name, narrowing(each, fields)]));
    return {
      version: 1,
      owners: {
        identity: { name: "Identity", contact: "identity@example.com", approvers: { group: "iam-approvers" } },
        payroll: { name: "Payroll", contact: "payroll@example.com", approvers: { group: "payroll-approvers" } },
      },
      systems: { directory: { kind: "directory" }, hris: { kind: "hris" } },
      publishers: {
        "auto.one": { initiator: "automation" },
        "agent.one": { initiator: "agent" },
        "human.one": { initiator: "human" },
      },
      events: {
        "joiner.provisioned": { source: sources[0], window: windows[0] },
        "mover.moved": { source: sources[1], window: windows[1] },
      },
      defaults: { reconcile: { every: "P1D", log: "ledger" } },
      attributes: {
        worker_type: { system: "hris", field: "employmentType" },
        legal_entity: { system: "hris", field: "entity" },
      },
      fields,
      segments: kept,
      ...(initiators === undefined ? {} : { initiators }),
      exceptions: exceptions.flatMap(({ field: name, segment: of, allow, days }, index) => {
        const made: ExceptionInput = {
          id: `EX-${String(index)}`,
          field: name,
          segment: of,
          allow,
          reason: "a reason",
          approvedOn: days[0],
          approvedBy: { identity: "u-1", payroll: "u-2" },
          expires: days[1],
        };
        return lifts(made, fields, kept) ? [made] : [];
      }),
    };
  });

/** A segment without what the file may not say of these fields. */
function narrowing(of: SegmentInput, fields: PolicyInput["fields"]): SegmentInput {
  const kept = Object.entries(of.fields ?? {}).filter(([name, fieldClass]) => {
    const own = fields[name]?.class;
    return own !== undefined && !(own === "never" && fieldClass === "conditional");
  });
  return { ...of, fields: Object.fromEntries(kept), ...(kept.length === 0 ? { mode: "notify" } : {}) };
}

function lifts(
  { field: name, segment: of, allow }: ExceptionInput,
  fields: PolicyInput["fields"],
  segments: NonNullable<PolicyInput["segments"]>,
): boolean {
  const own = fields[name]?.class;
  const target = segments[of];
  if (own === undefined || own === "never" || target === undefined || (own === "conditional" && allow === "safe"))
    return false;
  const narrowed = target.fields?.[name];
  if (target.mode === "notify") return true;
  return narrowed === "never" || (narrowed === "conditional" && own === "safe" && allow === "safe");
}

/** A valid policy, parsed. */
export const policy: fc.Arbitrary<Policy> = policyInput.map((input) => parsePolicy(input));

const attributes = fc.dictionary(
  fc.constantFrom(...ATTRIBUTES),
  fc.oneof(fc.constantFrom(...VALUES, "z", "z", "z"), fc.constant(null)),
  { maxKeys: 2, noNullPrototype: true },
);

const instant = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("2026-11-23T11:30:00Z", "2026-11-23T12:00:00Z") },
  { weight: 3, arbitrary: fc.constantFrom("2026-11-22T12:00:00Z", "2026-11-10T12:00:00Z", "2026-11-23T12:00:00.001Z") },
);

const change = fc.record({
  field: fc.oneof(
    { weight: 16, arbitrary: fc.constantFrom<string>(...FIELDS) },
    { weight: 1, arbitrary: fc.constantFrom("undeclared", "__proto__", "constructor") },
  ),
  value: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom<unknown>("x", "x", "abc", 7) },
    { weight: 1, arbitrary: fc.constantFrom<unknown>(null, "", " a", NaN, {}, true, "a\u202eb") },
  ),
  finalizedAt: fc.oneof(
    { weight: 6, arbitrary: fc.constant("2026-11-10T09:00:00Z") },
    { weight: 1, arbitrary: fc.constantFrom(undefined, null, "soon", "2026-11-24T00:00:00Z") },
  ),
});

/** A well-formed request over the same names. */
export const request: fc.Arbitrary<WriteBackRequest> = fc.record({
  source: fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom<string>("auto.one", "auto.one", ...PUBLISHERS) },
    { weight: 1, arbitrary: fc.constant("nobody") },
  ),
  event: fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom<string>(...EVENTS) },
    { weight: 1, arbitrary: fc.constant("leaver.left") },
  ),
  requestId: fc.constant("4b1d2c3e-0000-4000-8000-0123456789ab"),
  occurredAt: instant,
  worker: fc.record({ id: fc.constant("WD-10293"), attributes }),
  initiator: fc.record(
    {
      id: fc.constant("someone"),
      kind: fc.constantFrom("human", "automation", "automation", "automation", "agent", "robot"),
      issuer: fc.constantFrom("https://idp.example.com", " "),
      subject: fc.constant("u-7"),
      intent: fc.constantFrom("ticket 7", "ticket 8", "ticket 9", " "),
    },
    { requiredKeys: ["id"] },
  ),
  changes: fc.oneof(
    {
      weight: 6,
      arbitrary: fc.uniqueArray(change, { minLength: 1, maxLength: 5, selector: ({ field: name }) => name }),
    },
    { weight: 1, arbitrary: fc.array(change, { minLength: 2, maxLength: 5 }) },
  ),
  dryRun: fc.boolean(),
});

/** One way of making a policy stricter, and its name. */
export const tightening: fc.Arbitrary<readonly [string, (before: Policy) => Policy]> = fc.oneof(
  fc
    .constantFrom(...FIELDS)
    .map(
      (name) =>
        [
          "a class stricter",
          (before: Policy) =>
            withField(before, name, (own) => ({ ...own, class: own.class === "safe" ? "conditional" : "never" })),
        ] as const,
    ),
  fc
    .tuple(fc.constantFrom(...FIELDS), fc.constantFrom(...EVENTS))
    .map(
      ([name, event]) =>
        [
          `an event off a field`,
          (before: Policy) =>
            withField(before, name, (own) => ({ ...own, events: own.events.filter((each) => each !== event) })),
        ] as const,
    ),
  segment.map(
    (added) =>
      [
        "a segment more",
        (before: Policy) => ({
          ...before,
          segments: {
            ...before.segments,
            "seg-new": {
              when: added.when,
              fields: strictOnly(added),
              ...(added.mode === undefined ? {} : { mode: added.mode }),
            },
          },
        }),
      ] as const,
  ),
  fc.constantFrom(...EVENTS).map(
    (event) =>
      [
        "a shorter window",
        (before: Policy) => ({
          ...before,
          events: { ...before.events, [event]: { source: before.events[event]?.source ?? [], window: "PT10M" } },
        }),
      ] as const,
  ),
  fc.tuple(fc.constantFrom(...EVENTS), fc.constantFrom(...PUBLISHERS)).map(
    ([event, publisher]) =>
      [
        "a source less",
        (before: Policy) => ({
          ...before,
          events: {
            ...before.events,
            [event]: {
              window: before.events[event]?.window ?? "PT1H",
              source: (before.events[event]?.source ?? []).filter((each) => each !== publisher),
            },
          },
        }),
      ] as const,
  ),
  fc
    .constantFrom(...EVENTS)
    .map(
      (event) => ["an event less", (before: Policy) => ({ ...before, events: without(before.events, event) })] as const,
    ),
  fc
    .constantFrom(...PUBLISHERS)
    .map(
      (publisher) =>
        [
          "a publisher less",
          (before: Policy) => ({ ...before, publishers: without(before.publishers, publisher) }),
        ] as const,
    ),
  fc
    .constantFrom(...FIELDS)
    .map(
      (name) => ["a field less", (before: Policy) => ({ ...before, fields: without(before.fields, name) })] as const,
    ),
  fc.nat(2).map(
    (index) =>
      [
        "an exception less",
        (before: Policy) => ({
          ...before,
          exceptions: before.exceptions.filter((_, position) => position !== index),
        }),
      ] as const,
  ),
  fc.tuple(fc.constantFrom("human" as const, "automation" as const, "agent" as const), fc.boolean()).map(
    ([kind, forbid]) =>
      [
        "a stricter initiator",
        (before: Policy) => {
          const own = before.initiators[kind];
          const minimumClass = forbid || own?.minimumClass === "never" ? ("never" as const) : ("conditional" as const);
          return { ...before, initiators: { ...before.initiators, [kind]: { minimumClass, requireIntent: true } } };
        },
      ] as const,
  ),
  fc
    .constantFrom(...FIELDS)
    .map(
      (name) =>
        ["a shorter value", (before: Policy) => withField(before, name, (own) => ({ ...own, maxLength: 1 }))] as const,
    ),
);

function strictOnly({ fields }: SegmentInput): Record<string, "conditional" | "never"> {
  return Object.fromEntries(
    Object.entries(fields ?? {}).flatMap(([name, each]) => (each === "safe" ? [] : [[name, each] as const])),
  );
}

function withField(
  before: Policy,
  name: string,
  change: (own: Policy["fields"][string]) => Policy["fields"][string],
): Policy {
  const own = before.fields[name];
  return own === undefined ? before : { ...before, fields: { ...before.fields, [name]: change(own) } };
}

function without<Value>(record: Readonly<Record<string, Value>>, name: string): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).filter(([each]) => each !== name));
}
