import { readFields } from "../classification";
import type { Place, Stack } from "../stack";
import { readSystem, type System } from "../system";
import { changeOf, EFFECTS, type Change, type Effect } from "./change";
import { configurationChanges, environmentChanges } from "./configuration";
import type { Renamed } from "./pairing";
import { distinct, People, type Reviewer } from "./people";
import { delegationChanges } from "./policy-delegations";
import { fieldChanges } from "./policy-fields";
import { EMPTY_POLICY, placesIn, problemChanges, readPolicy, type ReadPolicy } from "./policy-read";
import { ruleChanges } from "./policy-rules";
import { segmentChanges } from "./policy-segments";
import { principalChanges } from "./permissions";
import { Requests } from "./requests";
import { resourcePolicyChanges } from "./resource-permissions";
import { resourceChanges } from "./resources";
import { workflowChanges } from "./workflow";

/** Two stacks, and what is known of how the one becomes the other. */
export interface Reviewed {
  /** `undefined` where nothing is deployed yet. */
  readonly base: Stack | undefined;
  readonly head: Stack;
  readonly renamed: readonly Renamed[];
  /** Where the head goes, if that is not where the base is. */
  readonly place?: Place;
  /** Whether the archives of functions hold the same files, by the address of the function; those that could be opened on both sides. */
  readonly bundles?: ReadonlyMap<string, "same" | "other">;
  /** What a plan destroys and makes anew, by address: the arguments to blame. */
  readonly replaced?: ReadonlyMap<string, readonly string[]>;
  /** What a plan says was changed past Terraform: addresses, and the arguments. */
  readonly drift?: readonly { readonly address: string; readonly attributes: readonly string[] }[];
}

/** What a change means for the people concerned. */
export interface Review {
  /** `look`: a human must agree before it is applied. `fine`: nothing is wider, and everything could be read. */
  readonly verdict: "look" | "fine";
  readonly counts: Readonly<Record<Effect, number>>;
  /** Who must agree, each once. */
  readonly who: readonly Reviewer[];
  /** What is wider first; then what nobody can judge, what is narrower, and what is neither. */
  readonly changes: readonly Change[];
}

/** Compares two stacks by what they mean. Pure: the same stacks, the same review. */
export function review(reviewed: Reviewed): Review {
  const { base, head } = reviewed;
  const after = readSystem(head);
  const now = readPolicy(after);
  if (base === undefined) return reviewOf(firstChanges(head, now));
  const before = readSystem(base);
  const old = readPolicy(before);
  const people = new People(old.policy, now.policy);
  const safe = { before: new Set(readFields(before).safe), after: new Set(readFields(after).safe) };
  return reviewOf([
    ...problemChanges(old, now, people),
    ...policyChanges(old, now, people),
    ...permissionChanges(before, after, people),
    ...workflowChanges({ before, after, people, safe }),
    ...environmentChanges(before, after, people),
    ...resourceChanges({ ...reviewed, base, people, elsewhere: itemsOf(old, now) }),
    ...configurationChanges(base, head, reviewed.place ?? head, people),
    ...(reviewed.drift ?? []).map(({ address, attributes }) =>
      changeOf({
        code: "ChangedOutside",
        effect: "look",
        message: `\`${address}\` was changed past Terraform: ${attributes.map((name) => `\`${name}\``).join(", ")}`,
        who: people.technical(),
        places: [{ address, side: "base" }],
      }),
    ),
  ]);
}

function permissionChanges(before: System, after: System, people: People): Change[] {
  const pair = { before, after, people, requests: new Requests(before, after) };
  return [...principalChanges(pair), ...resourcePolicyChanges(pair)];
}

function policyChanges(old: ReadPolicy, now: ReadPolicy, people: People): Change[] {
  if (old.policy === undefined || now.policy === undefined) return [];
  const pair = { before: old.policy, after: now.policy, people, placesOf: placesIn(old, now) };
  return [...fieldChanges(pair), ...ruleChanges(pair), ...segmentChanges(pair), ...delegationChanges(pair)];
}

/** Items of the classification table: the policy's changes tell of them. */
function itemsOf(old: ReadPolicy, now: ReadPolicy): ReadonlySet<string> {
  // Where a policy cannot be read, its items are compared as they stand.
  if (old.policy === undefined || now.policy === undefined) return new Set();
  return new Set([...old.addresses.values(), ...now.addresses.values()]);
}

/** Nothing is there yet: the fields tell their owners, and the rest is for `prove` and `report`. */
function firstChanges(head: Stack, now: ReadPolicy): Change[] {
  const people = new People(undefined, now.policy);
  const old: ReadPolicy = { policy: EMPTY_POLICY, addresses: new Map(), problems: [] };
  const first = changeOf({
    code: "FirstApply",
    effect: "look",
    message: `nothing is deployed yet: ${String(head.all.length)} resources are new`,
    who: people.technical(),
  });
  return [first, ...problemChanges(old, now, people), ...policyChanges(old, now, people)];
}

function reviewOf(found: readonly Change[]): Review {
  const changes = [...new Map(found.map((change) => [JSON.stringify(change), change])).values()].sort(inOrder);
  const counts = Object.fromEntries(
    EFFECTS.map((effect) => [effect, changes.filter((change) => change.effect === effect).length]),
  ) as Record<Effect, number>;
  return {
    verdict: counts.widens + counts.look > 0 ? "look" : "fine",
    counts,
    who: distinct(changes.flatMap(({ who }) => who)),
    changes: changes.map((change) => ({ ...change, who: distinct(change.who) })),
  };
}

function inOrder(a: Change, b: Change): number {
  return (
    EFFECTS.indexOf(a.effect) - EFFECTS.indexOf(b.effect) || compare(a.code, b.code) || compare(a.message, b.message)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
