import { ALLOW_ALL, type Caller } from "../asking";
import type { PolicyDocument } from "../../iam";
import { isUnread, type StackDocument, type UnreadDocument } from "../documents";
import { strangeAccount } from "../holdings";
import type { Principal } from "../principals";
import { readSessionTemplate } from "../session-layers";
import type { Resource } from "../stack";
import type { System } from "../system";
import { changeOf, type Change, type Effect, type Noted } from "./change";
import type { ReviewCode } from "./codes";
import {
  compareDecisions,
  ENDPOINT_MODES,
  OWN_MODES,
  resourceModes,
  type Decided,
  type Decisions,
  type Mode,
  type Side,
} from "./decisions";
import { differencesOf } from "./differences";
import type { People } from "./people";
import type { Requests } from "./requests";

/** Two systems whose permissions are compared. */
export interface PermissionPair {
  readonly before: System;
  readonly after: System;
  readonly people: People;
  readonly requests: Requests;
}

/** What changes for every principal: what it may, what limits it, and who may be it. */
export function principalChanges(pair: PermissionPair): Change[] {
  const { before, after } = pair;
  const pairs = pairPrincipals(before.principals, after.principals);
  return [
    ...pairs.flatMap(({ old, now }): Change[] => {
      if (now === undefined) return old === undefined ? [] : principalGone(pair, old);
      if (old === undefined) return principalNew(pair, now);
      return [
        ...identityChanges(pair, old, now),
        ...boundaryChanges(pair, old, now),
        ...trustChanges(pair, old, now),
        ...unreadChanges(pair, old, now),
      ];
    }),
    ...sessionChanges(pair),
    ...homelessChanges(pair),
  ];
}

interface PrincipalPair {
  readonly old: Principal | undefined;
  readonly now: Principal | undefined;
}

/** The same principal is the one of the same tag, else of the same address, else of the same ARN. */
function pairPrincipals(before: readonly Principal[], after: readonly Principal[]): PrincipalPair[] {
  const rest = new Set(before);
  const keys: readonly ((principal: Principal) => string | undefined)[] = [
    ({ tag, kind }) => (tag === undefined ? undefined : `${kind} ${tag}`),
    ({ address, kind }) => `${kind} ${address}`,
    ({ arn }) => arn,
  ];
  const found = new Map<Principal, Principal>();
  for (const key of keys) {
    for (const now of after) {
      const wanted = key(now);
      if (wanted === undefined || found.has(now)) continue;
      const old = [...rest].find((each) => key(each) === wanted);
      if (old === undefined) continue;
      found.set(now, old);
      rest.delete(old);
    }
  }
  return [...after.map((now) => ({ old: found.get(now), now })), ...[...rest].map((old) => ({ old, now: undefined }))];
}

function callerOf({ label, arn, tags }: Principal): Caller {
  return { label, arn, tags };
}

function sideOf({ reader }: System, documents: readonly StackDocument[], principal?: Principal): Side {
  return {
    documents: documents.map(({ document }) => document),
    reader,
    callerOf: (caller) => (principal === undefined ? caller : callerOf(principal)),
  };
}

/** Addresses and arguments of documents, as places in the head. */
function placesOf(
  documents: readonly (StackDocument | UnreadDocument)[],
  side: "base" | "head" = "head",
): Change["places"] {
  return documents.map(({ resource, attribute }) => ({ address: resource, attribute, side }));
}

/** How a layer is spoken of. */
interface Words {
  /** What it is about, where nothing certain can be said. */
  readonly subject: string;
  readonly gains: ReviewCode;
  readonly loses: ReviewCode;
  /** As in "connector may now" and "connector may no longer". */
  readonly may: string;
  readonly mayNot: string;
  /** As in "connector is no longer denied". */
  readonly undenied: string;
  readonly denied: string;
}

/** Requests shown by name before the rest is counted. */
const SHOWN = 8;

/** What was decided otherwise as changes: one for all that is gained, one for all that is lost. */
function spoken(pair: PermissionPair, { list, complete }: Decisions, words: Words, noted: Partial<Noted>): Change[] {
  const { people, requests } = pair;
  const changes = (["gains", "loses"] as const).flatMap((direction): Change[] => {
    const told = new Set<string>();
    const those = examples(
      ASKS.flatMap((asks) => list.filter((each) => each.direction === direction && each.asks === asks)).filter(
        (each) => !told.has(nameOf(each)) && told.add(nameOf(each)),
      ),
      requests,
    );
    const [first] = those;
    if (first === undefined) return [];
    const isGain = direction === "gains";
    const lines = those.map((each) => inWords(each, words, requests));
    return [
      changeOf({
        code: isGain ? words.gains : words.loses,
        effect: isGain ? "widens" : "narrows",
        message: `${lines[0] ?? ""}${lines.length > 1 ? ` and ${String(lines.length - 1)} more` : ""}`,
        who: people.technical(),
        details: shortened(lines),
        statements: first.statements,
        request: first.request,
        ...noted,
      }),
    ];
  });
  if (complete) return changes;
  const message = `${words.subject}: whether more is allowed than before, has more cases than can be tried, or a condition without a certain meaning`;
  return [
    ...changes,
    changeOf({ code: "PermissionUndecided", effect: "look", message, who: people.technical(), ...noted }),
  ];
}

/** Requests that a reader must know of, the worst first: of those that one statement decides alike, one. */
function examples(list: readonly Decided[], requests: Requests): Decided[] {
  const found = new Map<string, Decided>();
  const sorted = [...list].sort(
    (a, b) => ASKS.indexOf(a.asks) - ASKS.indexOf(b.asks) || rank(a, requests) - rank(b, requests),
  );
  for (const each of sorted) {
    const { asks, caller, ask, statements } = each;
    const key = JSON.stringify([asks, caller.arn, ask.action, requests.titleOf(ask) ?? "", statements]);
    if (!found.has(key)) found.set(key, each);
  }
  return [...found.values()];
}

/** What is really allowed comes first. */
const ASKS: readonly Decided["asks"][] = ["granted", "allowed", "denied"];

/** What the trust model speaks of comes before what it does not. */
function rank({ ask }: Decided, requests: Requests): number {
  return requests.titleOf(ask) === undefined ? 1 : 0;
}

function inWords(decided: Decided, words: Words, requests: Requests): string {
  const { asks, direction, caller, ask } = decided;
  const isGain = direction === "gains";
  const verb = asks === "denied" ? (isGain ? words.undenied : words.denied) : isGain ? words.may : words.mayNot;
  const outweighed =
    asks === "allowed" ? (isGain ? ", but for a denial beside it" : ", whatever a denial beside it says") : "";
  return `${verb.replace("{who}", caller.label)} ${what(decided, requests)}${titled(requests.titleOf(ask))}${outweighed}`;
}

/** Several lines, the rest counted; nothing where there is one alone, which the message says. */
function shortened(lines: readonly string[]): string[] {
  if (lines.length < 2) return [];
  const rest = lines.length - SHOWN;
  return rest > 0 ? [...lines.slice(0, SHOWN), `and ${String(rest)} more`] : [...lines];
}

function nameOf({ caller, ask }: Decided): string {
  return `${caller.arn} ${ask.action} ${ask.resource}`;
}

function what(
  { caller: { tags = {} }, request: { context }, ask: { action, resource } }: Decided,
  requests: Requests,
): string {
  const spelt = requests.spelt(action);
  const own = new Set(Object.keys(tags).map((tag) => `aws:principaltag/${tag.toLowerCase()}`));
  const keys = Object.entries(context).filter(([key]) => !SELDOM_SAID.has(key) && !own.has(key));
  const given = keys.slice(0, MOST_KEYS).map(([key, value]) => `\`${key}=${[value].flat().join(",")}\``);
  const where = resource === "*" ? `\`${spelt}\`` : `\`${spelt}\` on \`${resource}\``;
  return given.length === 0 ? where : `${where} with ${given.join(" and ")}`;
}

/** Keys of a request shown by name. */
const MOST_KEYS = 3;

/** Keys that say nothing to a reader: every request has them, as it has the tags of the principal itself. */
const SELDOM_SAID: ReadonlySet<string> = new Set(["aws:currenttime", "aws:epochtime", "aws:userid"]);

function titled(title: string | undefined): string {
  return title === undefined ? "" : ` (${title})`;
}

/** Principals whose work it is to stop the system: what they lose, the kill switch loses. */
const STOPPERS: ReadonlySet<string> = new Set(["kill-switch", "kill-switch-workflow"]);

function identityChanges(pair: PermissionPair, old: Principal, now: Principal): Change[] {
  const { before, after, people, requests } = pair;
  const decisions = compareDecisions(
    sideOf(before, old.identity, old),
    sideOf(after, now.identity, now),
    [callerOf(now)],
    OWN_MODES,
    requests,
  );
  const isDenials = now.kind === "policy";
  const words: Words = {
    gains: isDenials && isDenyOnly(old) ? "KillSwitchWeakened" : "PermissionGained",
    loses: "PermissionLost",
    subject: now.label,
    may: "{who} may now",
    mayNot: "{who} may no longer",
    undenied: "{who} is no longer denied",
    denied: "{who} is now denied",
  };
  const changes = spoken(pair, decisions, words, { places: placesOf([...now.identity, ...old.identity].slice(0, 1)) });
  if (!STOPPERS.has(now.tag ?? "")) return changes;
  return changes.map((change): Change =>
    change.effect === "narrows"
      ? { ...change, code: "KillSwitchWeakened", effect: "widens", who: people.technical() }
      : change,
  );
}

function isDenyOnly({ identity }: Principal): boolean {
  return identity.every(({ statements }) => statements.every(({ statement }) => statement.Effect === "Deny"));
}

function boundaryChanges(pair: PermissionPair, old: Principal, now: Principal): Change[] {
  const { before, after, people, requests } = pair;
  const had = old.boundary !== undefined || old.unread.some(({ attribute }) => attribute === "permissions_boundary");
  const has = now.boundary !== undefined || now.unread.some(({ attribute }) => attribute === "permissions_boundary");
  const note = (code: ReviewCode, effect: Effect, message: string): Change[] => [
    changeOf({
      code,
      effect,
      message,
      who: people.technical(),
      places: [{ address: now.address, attribute: "permissions_boundary", side: "head" }],
    }),
  ];
  if (had && !has) return note("BoundaryRemoved", "widens", `${now.label} has no boundary any more`);
  if (!had && has) return note("BoundaryAdded", "narrows", `${now.label} has a boundary now`);
  if (old.boundary === undefined || now.boundary === undefined) return [];
  const decisions = compareDecisions(
    sideOf(before, [old.boundary], old),
    sideOf(after, [now.boundary], now),
    [callerOf(now)],
    OWN_MODES,
    requests,
  );
  const words: Words = {
    gains: "BoundaryWidened",
    loses: "BoundaryNarrowed",
    subject: `the boundary of ${now.label}`,
    may: "the boundary of {who} now lets through",
    mayNot: "the boundary of {who} no longer lets through",
    undenied: "the boundary of {who} no longer denies",
    denied: "the boundary of {who} now denies",
  };
  return spoken(pair, decisions, words, { places: placesOf([now.boundary]) });
}

function trustChanges(pair: PermissionPair, old: Principal, now: Principal): Change[] {
  if (old.trust === undefined || now.trust === undefined) return [];
  const { before, after, requests } = pair;
  const trusted = (documents: readonly PolicyDocument[]): PolicyDocument => documents[0] ?? ALLOW_ALL;
  const modes: Mode[] = [
    {
      asks: "granted",
      layersOf: (documents, caller) => ({
        identity: [ALLOW_ALL],
        resource: trusted(documents),
        resourceKind: "trust",
        sameAccount: !caller.arn.startsWith("arn:") || caller.arn.split(":")[4] === after.stack.accountId,
      }),
    },
  ];
  const callers = callersOf(pair, [old.trust, now.trust]);
  const ask = { action: "sts:assumerole", resource: now.arn };
  const decisions = compareDecisions(
    sideOf(before, [old.trust]),
    sideOf(after, [now.trust]),
    callers,
    modes,
    requests,
    ask,
  );
  const words: Words = {
    gains: "TrustWidened",
    loses: "TrustNarrowed",
    subject: `the trust of ${now.label}`,
    may: `the role of ${now.label} can now be assumed by {who}:`,
    mayNot: `the role of ${now.label} can no longer be assumed by {who}:`,
    undenied: "",
    denied: "",
  };
  return spoken(pair, decisions, words, { places: placesOf([now.trust]) });
}

/** Whoever documents name or may let in: principals of both sides, other roles, another account, services. */
export function callersOf({ before, after }: PermissionPair, documents: readonly StackDocument[]): Caller[] {
  const { accountId, partition } = after.stack;
  const own = new Map<string, Caller>();
  for (const principal of [...after.principals, ...before.principals]) {
    if (principal.kind !== "role" && principal.kind !== "user") continue;
    if (!own.has(principal.arn)) own.set(principal.arn, callerOf(principal));
  }
  const text = JSON.stringify(documents.map(({ document }) => document));
  const named = [...text.matchAll(/arn:aws[a-z-]*:iam::\d{12}:(?:role|user)\/[^"*?$\\]+/g)].map(([arn]) => arn);
  const services = [...text.matchAll(/"([a-z0-9.-]+\.amazonaws\.com(?:\.cn)?)"/g)].flatMap(([, name]) => name ?? []);
  const wild = /\*/.test(text) ? [`arn:${partition}:iam::${accountId}:role/any`] : [];
  const strangers = [
    `arn:${partition}:iam::${accountId}:role/nobody-that-the-stack-knows`,
    `arn:${partition}:iam::${strangeAccount(accountId)}:role/anybody`,
    ...accountsNamed(text).map((account) => `arn:${partition}:iam::${account}:role/anybody`),
  ];
  const others = [...new Set([...named, ...strangers, ...wild, ...services])].sort();
  return [...own.values(), ...others.filter((arn) => !own.has(arn)).map((arn) => ({ label: `\`${arn}\``, arn }))];
}

function accountsNamed(text: string): string[] {
  return [
    ...new Set(
      [...text.matchAll(/"(?:arn:aws[a-z-]*:iam::)?(\d{12})(?::root)?"/g)].flatMap(([, account]) => account ?? []),
    ),
  ];
}

function principalNew(pair: PermissionPair, now: Principal): Change[] {
  const { after, before, people, requests } = pair;
  const { list } = compareDecisions(
    sideOf(before, []),
    sideOf(after, now.identity, now),
    [callerOf(now)],
    OWN_MODES,
    requests,
  );
  const gains = list.filter(({ asks, direction }) => asks === "granted" && direction === "gains");
  const places: Change["places"] = [{ address: now.address, side: "head" }];
  if (now.kind === "policy" && gains.length === 0 && now.unread.length === 0) {
    const message = `${now.label} is new and allows nothing`;
    return [changeOf({ code: "GuardAdded", effect: "neutral", message, places })];
  }
  const lines = examples(gains, requests).map((each) => `${what(each, requests)}${titled(requests.titleOf(each.ask))}`);
  const [first] = lines;
  const more = lines.length - 1;
  const may =
    first === undefined ? "is given nothing here" : `may ${first}${more > 0 ? ` and ${String(more)} more` : ""}`;
  return [
    changeOf({
      code: "PrincipalAdded",
      effect: "widens",
      message: `${now.label} is new and ${may}`,
      details: shortened(lines),
      who: people.technical(),
      places,
      statements: gains[0]?.statements ?? [],
      ...(gains[0] === undefined ? {} : { request: gains[0].request }),
    }),
    ...now.unread.map((document) => unreadChange(pair, document)),
  ];
}

function principalGone({ people }: PermissionPair, old: Principal): Change[] {
  const places: Change["places"] = [{ address: old.address, side: "base" }];
  const isGuard = STOPPERS.has(old.tag ?? "") || (old.kind === "policy" && isDenyOnly(old));
  return [
    isGuard
      ? changeOf({
          code: "KillSwitchWeakened",
          effect: "widens",
          message: `${old.label} is gone`,
          who: people.technical(),
          places,
        })
      : changeOf({ code: "PrincipalRemoved", effect: "narrows", message: `${old.label} is gone`, places }),
  ];
}

/** Documents that cannot be judged, where they are not the same as before. */
function unreadChanges(pair: PermissionPair, old: Principal, now: Principal): Change[] {
  const known = [...old.unread, ...documentsOf(old)];
  return now.unread
    .filter((document) => isOther(pair, document, known))
    .map((document) => unreadChange(pair, document));
}

function documentsOf({ identity, boundary, trust }: Principal): StackDocument[] {
  return [...identity, ...[boundary, trust].filter((document) => document !== undefined)];
}

/** Whether a document is not the same, word for word, as the one that stood in its place. */
export function isOther(
  { before, after }: PermissionPair,
  { resource, attribute }: UnreadDocument,
  known: readonly (StackDocument | UnreadDocument)[],
): boolean {
  const find = ({ stack }: System): Resource | undefined => stack.all.find(({ address }) => address === resource);
  const [from, to] = [find(before), find(after)];
  if (from === undefined || to === undefined) return true;
  const own = attribute.replace(/\[\d+\]/g, "");
  const isAt = (pattern: string): boolean => `${pattern}.`.startsWith(`${own}.`) || `${own}.`.startsWith(`${pattern}.`);
  if (differencesOf(from, to).some(({ pattern }) => isAt(pattern))) return true;
  return !known.some((each) => each.resource === resource);
}

export function unreadChange({ people }: PermissionPair, document: UnreadDocument): Change {
  const { resource, attribute, reason } = document;
  return changeOf({
    code: "DocumentUnread",
    effect: "look",
    message: `\`${attribute}\` of \`${resource}\` cannot be judged: ${reason}`,
    who: people.technical(),
    places: placesOf([document]),
  });
}

/** The template that the broker fills in for each session. */
function sessionChanges(pair: PermissionPair): Change[] {
  const { before, after, people, requests } = pair;
  const [old, now] = [readSessionTemplate(before), readSessionTemplate(after)];
  const note = (code: ReviewCode, effect: Effect, message: string, places: Change["places"]): Change[] => [
    changeOf({ code, effect, message, who: people.technical(), places }),
  ];
  if (old === undefined) {
    if (now === undefined) return [];
    return note("SessionPolicyNarrowed", "narrows", "the broker has a session policy to give now", placesOf([now]));
  }
  if (now === undefined)
    return note(
      "SessionPolicyRemoved",
      "widens",
      "the template of the session policy is gone",
      placesOf([old], "base"),
    );
  if (isUnread(old) || isUnread(now))
    return isUnread(now) && isOther(pair, now, [old]) ? [unreadChange(pair, now)] : [];
  const caller: Caller = {
    label: "a session of the connector",
    arn: after.connectorRole?.arn ?? `arn:aws:iam::${after.stack.accountId}:role/connector`,
  };
  const decisions = compareDecisions(sideOf(before, [old]), sideOf(after, [now]), [caller], OWN_MODES, requests);
  const words: Words = {
    gains: "SessionPolicyWidened",
    loses: "SessionPolicyNarrowed",
    subject: "the session policy",
    may: "the session policy now allows",
    mayNot: "the session policy no longer allows",
    undenied: "the session policy no longer denies",
    denied: "the session policy now denies",
  };
  return spoken(pair, decisions, words, { places: placesOf([now]) });
}

function homelessChanges(pair: PermissionPair): Change[] {
  return pair.after.homeless
    .filter((document) => isOther(pair, document, pair.before.homeless))
    .map((document) => unreadChange(pair, document));
}

export { ENDPOINT_MODES, resourceModes, sideOf, spoken, placesOf };
export type { Words };
