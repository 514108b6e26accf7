import type { Layers } from "../iam";
import { findAllowed, type Allowed, type Ask, type Caller } from "./asking";
import type { Power } from "./powers";
import type { Principal } from "./principals";
import { concerns, type ResourcePolicy } from "./resource-policies";
import { sorted, type System } from "./system";

/** That somebody has a power, and what gives it. */
export interface Holding extends Allowed {
  readonly power: Power;
  /** Label of the principal, or the ARN of one that is not of the stack. */
  readonly holder: string;
  /** The holder's tag `writeback:principal`. */
  readonly tag?: string;
  /** Whether the holder has policies in the stack, or is only named by a resource's. */
  readonly isInsider: boolean;
  /** `identity`: the holder's own policies; `resource`: a policy of what the power is about. */
  readonly side: "identity" | "resource";
}

/** That there were more cases than could be tried. */
export interface Undecided {
  readonly power: Power;
  readonly holder: string;
  readonly resources: readonly string[];
}

export interface Holdings {
  readonly held: readonly Holding[];
  readonly undecided: readonly Undecided[];
}

/**
 * Who has which power, each side by itself: what a principal's own policies give it, whatever the resource says, and what a resource's
 * policy gives, whatever the identity policies say. Conditions that the caller can meet are met.
 */
export function readHoldings(system: System, powers: readonly Power[]): Holdings {
  const held: Holding[] = [];
  const undecided: Undecided[] = [];
  const { reader } = system;
  const insiders = system.principals.map(insiderOf);
  const outsiders = outsidersOf(system);
  for (const power of powers) {
    const add = (holder: Holder, side: Holding["side"], layers: Layers, resources: readonly string[]): void => {
      const found = firstFound(power.asks, (ask) => findAllowed(reader, holder, ask, layers));
      const { label, tag, isInsider } = holder;
      if (found === "undecided") undecided.push({ power, holder: label, resources });
      else if (found !== undefined)
        held.push({ power, holder: label, ...(tag === undefined ? {} : { tag }), isInsider, side, ...found });
    };
    for (const insider of insiders) add(insider, "identity", insider.layers, insider.resources);
    for (const { document: resource, resourceKind, documents } of policiesConcerned(system, power)) {
      if (resource === undefined) continue;
      const resources = sorted(documents.map((document) => document.resource));
      for (const holder of [...insiders, ...outsiders]) {
        add(holder, "resource", { ...holder.layers, identity: [], resource, resourceKind }, resources);
      }
    }
  }
  return { held, undecided };
}

function firstFound(
  asks: readonly Ask[],
  find: (ask: Ask) => Allowed | "undecided" | undefined,
): Allowed | "undecided" | undefined {
  let undecided = false;
  for (const ask of asks) {
    const found = find(ask);
    if (found === "undecided") undecided = true;
    else if (found !== undefined) return found;
  }
  return undecided ? "undecided" : undefined;
}

interface Holder extends Caller {
  readonly tag?: string;
  readonly isInsider: boolean;
  readonly layers: Layers;
}

function insiderOf(principal: Principal): Holder & { readonly resources: readonly string[] } {
  const { label, tag, arn, tags, identity, boundary } = principal;
  return {
    label,
    ...(tag === undefined ? {} : { tag }),
    arn,
    tags,
    isInsider: true,
    layers: layersOf(principal),
    resources: sorted([...identity, ...(boundary === undefined ? [] : [boundary])].map(({ resource }) => resource)),
  };
}

/** What a principal's own documents say. */
export function layersOf({ identity, boundary }: Principal): Layers {
  return {
    identity: identity.map(({ document }) => document),
    ...(boundary === undefined ? {} : { boundary: boundary.document }),
  };
}

/** The resource policies that a power's requests are held against. */
function policiesConcerned(system: System, power: Power): ResourcePolicy[] {
  const targets = [...new Set(power.asks.map(({ resource }) => resource))];
  return system.policies.filter((policy) => targets.some((resource) => concerns(policy, resource)));
}

const ROLE_OR_USER = /^arn:aws[a-z-]*:iam::\d{12}:(?:role|user)\/.+$/;

/** Principals that resource policies name and that have no policy here, and one of another account. */
function outsidersOf(system: System): Holder[] {
  const { policies, principals, stack } = system;
  const own = new Set(principals.map(({ arn }) => arn));
  const named = policies
    .flatMap(({ documents }) => documents.flatMap(namedPrincipals))
    .filter((arn) => ROLE_OR_USER.test(arn));
  const stranger = `arn:aws:iam::${strangeAccount(stack.accountId)}:role/anybody`;
  return sorted([...named, stranger])
    .filter((arn) => !own.has(arn))
    .map((arn) => ({ label: arn, arn, isInsider: false, layers: { identity: [] } }));
}

/** An account that is not the stack's. */
export function strangeAccount(accountId: string): string {
  return accountId === "999999999999" ? "888888888888" : "999999999999";
}

/** The AWS principals that a document's Allows name. */
export function namedPrincipals({ statements }: ResourcePolicy["documents"][number]): string[] {
  return statements.flatMap(({ statement: { Effect: effect, Principal: principal } }) =>
    effect === "Allow" && typeof principal === "object" ? [principal["AWS"] ?? []].flat(2) : [],
  );
}
