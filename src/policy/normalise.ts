import { canonicalDigest, canonicalJson } from "../core";
import type { Approval, Breaker, Field, InitiatorRule, Policy, Scalar, Segment } from "./model";
import type { PolicyFile } from "./schema";

type FileField = PolicyFile["fields"][string];
type FileSegment = NonNullable<PolicyFile["segments"]>[string];

/** Writes in an hour and in a day after which the breaker trips, unless the policy says otherwise. */
export const DEFAULT_BREAKER: Breaker = { maxWritesPerHour: 200, maxWritesPerDay: 1000 };

/** What holds for agents, and for whatever is unknown, unless the policy says otherwise. */
const STRICT_RULE: InitiatorRule = { minimumClass: "conditional", requireIntent: true };

/**
 * The policy that a file means: defaults filled in, names and set-like lists sorted, repetitions gone. Two files that mean
 * the same yield equal values, and so one digest. Frozen, because `decide` keeps an index of it.
 */
export function normalisePolicy(file: PolicyFile): Policy {
  const delegations = [...(file.delegations ?? [])].sort((a, b) => compare(a.id, b.id));
  return frozen({
    version: 1,
    owners: sorted(file.owners, (owner) => owner),
    systems: sorted(file.systems, (system) => system),
    publishers: sorted(file.publishers, (publisher) => publisher),
    events: sorted(file.events, (event) => ({ source: sortedSet(event.source), window: event.window })),
    attributes: sorted(file.attributes, (attribute) => attribute),
    fields: sorted(file.fields, (field, name) => normaliseField(field, name, file.defaults?.reconcile)),
    segments: sorted(file.segments, normaliseSegment),
    initiators: {
      agent: { ...STRICT_RULE, ...present(file.initiators?.agent ?? {}) },
      ...present({
        automation: file.initiators?.automation && openRule(file.initiators.automation),
        human: file.initiators?.human && openRule(file.initiators.human),
      }),
    },
    breaker: normaliseBreaker(file.breaker),
    exceptions: [...(file.exceptions ?? [])].sort((a, b) => compare(a.id, b.id)).map(signed),
    ...(delegations.length === 0 ? {} : { delegations: delegations.map(signed) }),
  });
}

/** The policy digest: SHA-256 of the canonical JSON of the normalised policy. Comments, order and formatting do not count. */
export function policyDigest(policy: Policy): string {
  return canonicalDigest(policy);
}

function signed<Value extends { readonly approvedBy: Readonly<Record<string, string>> }>(value: Value): Value {
  return { ...value, approvedBy: sorted(value.approvedBy, (person) => person) };
}

function normaliseField(field: FileField, name: string, defaultReconcile: Field["reconcile"]): Field {
  const { events, enum: allowed, approval, check, reconcile, writeOnce, hrisField, sourceField, ...rest } = field;
  const writable = field.class !== "never";
  return present({
    ...rest,
    events: sortedSet(events ?? []),
    hrisField: hrisField ?? name,
    sourceField: sourceField ?? name,
    enum: allowed && sortedSet(allowed),
    writeOnce: writeOnce ?? false,
    check: check ?? (field.class === "safe" ? "equals-source" : undefined),
    approval: approval && normaliseApproval(approval),
    reconcile: reconcile ?? (writable ? defaultReconcile : undefined),
  });
}

function normaliseApproval(approval: Approval): Approval {
  return { groups: [...approval.groups].sort((a, b) => compare(a.group, b.group)), expires: approval.expires };
}

function normaliseSegment(segment: FileSegment): Segment {
  const narrowing = Object.entries(segment.fields ?? {}).flatMap(([field, fieldClass]) =>
    fieldClass === "safe" ? [] : [[field, fieldClass] as const],
  );
  return present({
    when: sorted(segment.when, (values) => sortedSet(values)),
    mode: segment.mode,
    fields: sorted(Object.fromEntries(narrowing), (fieldClass) => fieldClass),
  });
}

/** A limit that is not written is the strict one, whatever the other: nothing raises it but a number in the file. */
function normaliseBreaker(breaker: PolicyFile["breaker"]): Breaker {
  return { ...DEFAULT_BREAKER, ...present(breaker ?? {}) };
}

function openRule(rule: {
  readonly minimumClass?: "conditional" | "never";
  readonly requireIntent?: boolean;
}): InitiatorRule {
  return present({ minimumClass: rule.minimumClass, requireIntent: rule.requireIntent ?? false });
}

function sorted<In, Out>(
  record: Readonly<Record<string, In>> | undefined,
  map: (value: In, name: string) => Out,
): Record<string, Out> {
  return Object.fromEntries(
    Object.entries(record ?? {})
      .sort(([a], [b]) => compare(a, b))
      .map(([name, value]) => [name, map(value, name)]),
  );
}

function sortedSet<Value extends Scalar>(values: readonly Value[]): Value[] {
  const byText = new Map(values.map((value) => [canonicalJson(value), value]));
  return [...byText].sort(([a], [b]) => compare(a, b)).map(([, value]) => value);
}

/** The object without members that are `undefined`. */
function present<Value extends object>(value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Value;
}

/** Freezes a value and all it holds. */
export function frozen<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
