import { MANIFEST_KEY } from "../../core";
import {
  policyFromItems,
  PolicyItemsError,
  toFieldClass,
  unverifiedPolicy,
  type Field,
  type LifecycleEvent,
  type Policy,
  type PolicyException,
  type PolicyItemKind,
  type Segment,
} from "../../policy";
import { classificationItems, proveClassification, type StackItem } from "../classification";
import type { System } from "../system";
import { changeOf, type Change, type Place } from "./change";
import type { People } from "./people";

/** The policy that a stack's classification table holds. */
export interface ReadPolicy {
  /** `undefined` where it cannot be read. */
  readonly policy: Policy | undefined;
  /** Addresses of items by their key, as `field#manager`. */
  readonly addresses: ReadonlyMap<string, string>;
  /** What is wrong with the table. */
  readonly problems: readonly { readonly code: "PolicyInconsistent" | "PolicyUnread"; readonly message: string }[];
}

/** Reads the policy of a stack, also of a table that was changed by hand: what it says is then compared all the same. */
export function readPolicy(system: System): ReadPolicy {
  const items = classificationItems(system);
  const addresses = new Map(items.map(({ item, resource }) => [String(item["sk"]), resource.address]));
  const { counterexamples, unread } = proveClassification(system);
  const problems = [
    ...counterexamples.map(({ message }) => ({ code: "PolicyInconsistent" as const, message })),
    ...unread.map(({ message }) => ({ code: "PolicyUnread" as const, message })),
  ];
  return { policy: policyOf(items), addresses, problems };
}

function policyOf(items: readonly StackItem[]): Policy | undefined {
  const plain = items.map(({ item }) => item);
  try {
    return policyFromItems(plain);
  } catch (error) {
    if (!(error instanceof PolicyItemsError)) throw error;
  }
  try {
    return plain.some(({ sk }) => sk === MANIFEST_KEY) || plain.length > 0 ? whole(unverifiedPolicy(plain)) : undefined;
  } catch (error) {
    if (error instanceof PolicyItemsError) return undefined;
    throw error;
  }
}

/** Members of the model that an edit by hand left out, as the handlers take them: nothing is allowed by what is missing. */
function whole(policy: Policy): Policy {
  return {
    ...policy,
    fields: mapped(policy.fields, (field: Partial<Field>): Field => ({
      ...field,
      class: toFieldClass(field.class) ?? "never",
      owner: field.owner ?? "",
      sourceOfTruth: field.sourceOfTruth ?? "",
      hrisField: field.hrisField ?? "",
      sourceField: field.sourceField ?? "",
      events: field.events ?? [],
      writeOnce: field.writeOnce ?? false,
    })),
    events: mapped(policy.events, (event: Partial<LifecycleEvent>) => ({
      source: event.source ?? [],
      window: event.window ?? "PT0S",
    })),
    segments: mapped(policy.segments, (segment: Partial<Segment>): Segment => ({
      ...segment,
      when: segment.when ?? {},
      fields: segment.fields ?? {},
    })),
    exceptions: policy.exceptions.map((exception: Partial<PolicyException>) => ({
      ...(exception as PolicyException),
      approvedBy: exception.approvedBy ?? {},
    })),
  };
}

function mapped<Member>(
  record: Readonly<Record<string, Member>>,
  map: (value: Partial<Member>) => Member,
): Record<string, Member> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}

/** Two policies, who is concerned, and where their items stand. */
export interface PolicyPair {
  readonly before: Policy;
  readonly after: Policy;
  readonly people: People;
  readonly placesOf: (kind: PolicyItemKind, name: string) => readonly Place[];
}

/** Nothing is listed, so nothing is written. */
export const EMPTY_POLICY: Policy = {
  version: 1,
  owners: {},
  systems: {},
  publishers: {},
  events: {},
  attributes: {},
  fields: {},
  segments: {},
  initiators: {},
  breaker: { maxWritesPerHour: 0, maxWritesPerDay: 0 },
  exceptions: [],
};

/** Where the item of a name stands: in the head where it is there. */
export function placesIn(before: ReadPolicy, after: ReadPolicy): PolicyPair["placesOf"] {
  return (kind, name) => {
    const key = kind === "breaker" ? kind : `${kind}#${name}`;
    const head = after.addresses.get(key);
    const base = before.addresses.get(key);
    const address = head ?? base;
    return address === undefined ? [] : [{ address, attribute: "item", side: head === undefined ? "base" : "head" }];
  };
}

/** What is wrong with a table of either side: nothing is known for certain of what it will do. */
export function problemChanges(before: ReadPolicy, after: ReadPolicy, people: People): Change[] {
  const known = new Set(before.problems.map(({ message }) => message));
  const isUnread = before.policy === undefined || after.policy === undefined;
  const side = before.policy === undefined ? "base" : "head";
  return [
    ...after.problems
      .filter(({ message }) => !known.has(message))
      .map(({ code, message }) => changeOf({ code, effect: "look", message, who: people.technical() })),
    ...(isUnread
      ? [
          changeOf({
            code: "PolicyUnread",
            effect: "look",
            message: `the classification of the ${side} cannot be read`,
            who: people.technical(),
          }),
        ]
      : []),
  ];
}
