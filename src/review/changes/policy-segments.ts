import { parseDate } from "../../core";
import {
  decide,
  isStricter,
  type Attribute,
  type AttributeValue,
  type Policy,
  type PolicyException,
  type Segment,
  type VerdictKind,
} from "../../policy";
import { changeOf, directed, listed, type Change, type Effect, type Noted } from "./change";
import { own } from "./people";
import type { PolicyPair } from "./policy-read";

/** Populations tried before the rest is left out. Segments of one policy seldom ask for more than three attributes. */
const MAX_POPULATIONS = 20_000;

/** What changes for populations: segments, where their attributes come from, and exceptions. */
export function segmentChanges(pair: PolicyPair): Change[] {
  return [...populationChanges(pair), ...attributeChanges(pair), ...exceptionChanges(pair)];
}

type Segments = Readonly<Record<string, Segment>>;
type Worker = Readonly<Record<string, AttributeValue>>;

/** A field of each kind, and all that the segments of both sides treat like it. */
interface Alike {
  readonly name: string;
  readonly fields: readonly string[];
}

/**
 * Segments are compared by what they do, not one by one: every field under every combination of attributes that they tell apart is decided
 * by the segments of both sides, with the fields' own classes of the head.
 */
function populationChanges(pair: PolicyPair): Change[] {
  const { before, after, people } = pair;
  const names = segmentsThatDiffer(before.segments, after.segments);
  if (names.length === 0) return [];
  const places = names.flatMap((name) => pair.placesOf("segment", name));
  const what = names.map((name) => describe(name, own(before.segments, name), own(after.segments, name))).join("; ");
  const kinds = kindsOfFields(after, before.segments);
  const populations = populationsOf([before.segments, after.segments]);
  const note = (noted: Pick<Noted, "effect" | "message"> & Partial<Noted>): Change =>
    changeOf({ code: "SegmentChanged", places, policyPath: "segments", ...noted });
  if (populations === undefined) {
    const who = [...people.ownersOf(Object.keys(after.fields)), ...people.identity()];
    const message = `${what}: there are more populations than can be tried`;
    return [note({ effect: "look", message, who })];
  }
  const groups = new Map<
    string,
    { from: VerdictKind; to: VerdictKind; fields: Set<string>; worker: Worker; count: number }
  >();
  const [old, now] = [before.segments, after.segments].map((segments) => barePolicy(after, segments, kinds));
  if (old === undefined || now === undefined) return [];
  for (const worker of populations) {
    const [was, is] = [verdicts(old, worker), verdicts(now, worker)];
    for (const { name, fields } of kinds) {
      const [from, to] = [was.get(name), is.get(name)];
      if (from === undefined || to === undefined || from === to) continue;
      const key = `${from} ${to}`;
      const group = groups.get(key) ?? { from, to, fields: new Set<string>(), worker, count: 0 };
      for (const field of fields) group.fields.add(field);
      groups.set(key, { ...group, count: group.count + 1 });
    }
  }
  if (groups.size === 0) return [note({ effect: "neutral", message: `${what}: it comes to the same` })];
  return [...groups.values()].map(({ from, to, fields, worker }) => {
    const looser = ORDER.indexOf(to) < ORDER.indexOf(from);
    const concerned = [...fields].sort();
    const message = `${what}: for workers with ${inWords(worker)}, ${listed(concerned)} ${concerned.length === 1 ? "is" : "are"} ${WORDS[to]}, not ${WORDS[from]} any more`;
    return note({ effect: directed(looser), message, who: [...people.ownersOf(concerned), ...people.identity()] });
  });
}

/** From the loosest to the strictest. */
const ORDER: readonly VerdictKind[] = ["write", "approve", "notify", "deny"];

const WORDS: Readonly<Record<VerdictKind, string>> = {
  write: "written at once",
  approve: "written after approval",
  notify: "only notified",
  deny: "denied",
};

function segmentsThatDiffer(before: Segments, after: Segments): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.filter((name) => printed(own(before, name)) !== printed(own(after, name)));
}

function printed(segment: Segment | undefined): string {
  if (segment === undefined) return "";
  const entries = (record: Readonly<Record<string, unknown>>): unknown[] =>
    Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([segment.mode ?? "", entries(segment.when), entries(segment.fields)]);
}

function describe(name: string, before: Segment | undefined, after: Segment | undefined): string {
  if (before === undefined) return `segment \`${name}\` is new`;
  return after === undefined ? `segment \`${name}\` is gone` : `segment \`${name}\` changed`;
}

/** Fields that have the same class and the same narrowings in all segments, by one of them. */
function kindsOfFields(policy: Policy, others: Segments): Alike[] {
  const kinds = new Map<string, string[]>();
  for (const [name, field] of Object.entries(policy.fields)) {
    if (field.class === "never") continue;
    const narrowings = [policy.segments, others].map((segments) =>
      Object.entries(segments).map(([segment, { fields }]) => [segment, own(fields, name) ?? ""]),
    );
    const key = JSON.stringify([field.class, narrowings]);
    kinds.set(key, [...(kinds.get(key) ?? []), name]);
  }
  return [...kinds.values()].map((fields) => ({ name: fields[0] ?? "", fields }));
}

/** Every combination of attribute values that the segments name, of one that they do not, and of none. */
function populationsOf(all: readonly Segments[]): Worker[] | undefined {
  const values = new Map<string, Set<string>>();
  for (const { when } of all.flatMap((segments) => Object.values(segments))) {
    for (const [attribute, accepted] of Object.entries(when)) {
      const known = values.get(attribute) ?? new Set<string>();
      for (const value of accepted) known.add(String(value));
      values.set(attribute, known);
    }
  }
  let workers: Worker[] = [{}];
  for (const [attribute, known] of [...values].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const other = unlike(known);
    if (workers.length * (known.size + 2) > MAX_POPULATIONS) return undefined;
    workers = workers.flatMap((worker) => [
      ...[...known, other].map((value) => ({ ...worker, [attribute]: value })),
      worker,
    ]);
  }
  return workers;
}

function unlike(known: ReadonlySet<string>): string {
  let other = "another";
  while (known.has(other)) other += "-value";
  return other;
}

function inWords(worker: Worker): string {
  const parts = Object.entries(worker).map(([attribute, value]) => `\`${attribute}\` ${String(value)}`);
  return parts.length === 0 ? "no attribute that segments ask for" : parts.join(" and ");
}

const MOMENT = "2026-11-23T10:00:00Z";

/** A policy in which nothing but the segments decides. */
function barePolicy(policy: Policy, segments: Segments, kinds: readonly Alike[]): Policy {
  const approval = { groups: [{ group: "approvers", count: 1 }], expires: "PT1H" };
  const fields = kinds.map(({ name }): [string, Policy["fields"][string]] => {
    const fieldClass = own(policy.fields, name)?.class ?? "never";
    const rules = { sourceOfTruth: "hris", hrisField: name, sourceField: name, writeOnce: false, approval };
    return [name, { class: fieldClass, owner: "identity", events: ["event"], ...rules }];
  });
  return {
    ...policy,
    owners: {},
    publishers: { publisher: { initiator: "automation" } },
    events: { event: { source: ["publisher"], window: "PT1H" } },
    initiators: {},
    exceptions: [],
    segments,
    fields: Object.fromEntries(fields),
  };
}

function verdicts(policy: Policy, attributes: Worker): Map<string, VerdictKind> {
  const changes = Object.keys(policy.fields).map((field) => ({ field, value: "x", finalizedAt: MOMENT }));
  const request = {
    event: "event",
    source: "publisher",
    requestId: "request",
    dryRun: false,
    occurredAt: MOMENT,
    worker: { id: "worker", attributes },
    initiator: { kind: "automation" as const, id: "initiator" },
    changes,
  };
  return new Map(decide(policy, request, MOMENT).map(({ field, verdict }) => [field, verdict]));
}

function attributeChanges({ before, after, people, placesOf }: PolicyPair): Change[] {
  const used = new Set(
    [before, after].flatMap(({ segments }) => Object.values(segments).flatMap(({ when }) => Object.keys(when))),
  );
  const names = [...new Set([...Object.keys(before.attributes), ...Object.keys(after.attributes)])].sort();
  return names.flatMap((name): Change[] => {
    const [from, to] = [own(before.attributes, name), own(after.attributes, name)];
    if (words(from) === words(to)) return [];
    const message = `attribute \`${name}\` is read from ${words(to)}, not from ${words(from)}`;
    return [
      changeOf({
        code: "SegmentSourceChanged",
        effect: used.has(name) ? "look" : "neutral",
        message,
        who: [...people.ownersOf(Object.keys(before.fields)), ...people.identity()],
        places: placesOf("attribute", name),
        policyPath: `attributes.${name}`,
      }),
    ];
  });
}

function words(attribute: Attribute | undefined): string {
  return attribute === undefined ? "nowhere" : `\`${attribute.field}\` of \`${attribute.system}\``;
}

function exceptionChanges(pair: PolicyPair): Change[] {
  const { before, after } = pair;
  const [old, now] = [before, after].map(({ exceptions }) => new Map(exceptions.map((each) => [each.id, each])));
  if (old === undefined || now === undefined) return [];
  const sameSegment = (from: string, to: string): boolean => from === to || isRenamedSegment(pair, from, to);
  const known = new Set(before.exceptions.map(withoutId));
  return [...new Set([...old.keys(), ...now.keys()])].sort().flatMap((id): Change[] => {
    const [from, to] = [old.get(id), now.get(id)];
    if (to === undefined) return from === undefined ? [] : [exceptionGone(pair, from)];
    if (from === undefined || from.field !== to.field || !sameSegment(from.segment, to.segment)) {
      return [exceptionNew(pair, to, known.has(withoutId(to)))];
    }
    return exceptionChanged(pair, from, to);
  });
}

/** Whether a segment has another name now, and says what it said. */
function isRenamedSegment({ before, after }: PolicyPair, from: string, to: string): boolean {
  if (own(after.segments, from) !== undefined || own(before.segments, to) !== undefined) return false;
  return printed(own(before.segments, from)) === printed(own(after.segments, to));
}

function withoutId(rest: PolicyException): string {
  return JSON.stringify([
    rest.field,
    rest.segment,
    rest.allow,
    rest.approvedOn,
    rest.expires,
    Object.entries(rest.approvedBy).sort(),
  ]);
}

function exceptionNew({ people, placesOf }: PolicyPair, exception: PolicyException, isKnown: boolean): Change {
  const { id, field, segment, allow, expires, approvedBy } = exception;
  const signed = Object.keys(approvedBy).sort();
  return changeOf({
    code: "ExceptionAdded",
    effect: isKnown ? "neutral" : "widens",
    message: isKnown
      ? `exception \`${id}\` had another id`
      : `exception \`${id}\` lets \`${field}\` of segment \`${segment}\` be ${allow} until ${expires}`,
    details: isKnown ? [] : [`reason: ${exception.reason}`, `signed for by ${listed(signed)}`],
    who: [...people.ownersOf([field]), ...people.identity(), ...people.owner(...signed)],
    places: placesOf("exception", id),
    policyPath: "exceptions",
  });
}

function exceptionGone({ after, placesOf }: PolicyPair, exception: PolicyException): Change {
  const isKept = after.exceptions.some((each) => withoutId(each) === withoutId(exception));
  return changeOf({
    code: "ExceptionRemoved",
    effect: isKept ? "neutral" : "narrows",
    message: `exception \`${exception.id}\` is gone`,
    places: placesOf("exception", exception.id),
    policyPath: "exceptions",
  });
}

function exceptionChanged({ people, placesOf }: PolicyPair, from: PolicyException, to: PolicyException): Change[] {
  const who = [...people.ownersOf([to.field]), ...people.identity()];
  const note = (effect: Effect, message: string): Change =>
    changeOf({
      code: "ExceptionChanged",
      effect,
      message: `exception \`${to.id}\` ${message}`,
      who,
      places: placesOf("exception", to.id),
      policyPath: "exceptions",
    });
  const found: Change[] = [];
  const day = (text: string): number => parseDate(text) ?? NaN;
  if (from.allow !== to.allow)
    found.push(note(directed(isStricter(from.allow, to.allow)), `allows ${to.allow}, not ${from.allow}`));
  if (from.expires !== to.expires) {
    // A day that cannot be read is taken for a later one.
    const looser = !(day(to.expires) < day(from.expires));
    found.push(note(directed(looser), `ends on ${to.expires}, not on ${from.expires}`));
  }
  if (from.approvedOn !== to.approvedOn) {
    const looser = !(day(to.approvedOn) > day(from.approvedOn));
    found.push(note(looser ? "widens" : "look", `holds from ${to.approvedOn}, not from ${from.approvedOn}`));
  }
  if (JSON.stringify(Object.entries(from.approvedBy).sort()) !== JSON.stringify(Object.entries(to.approvedBy).sort()))
    found.push(note("look", "bears other signatures"));
  if (from.reason !== to.reason) found.push(note("neutral", "gives another reason"));
  return found;
}
