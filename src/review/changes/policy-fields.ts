import { parseDuration } from "../../core";
import {
  isStricter,
  strictness,
  valueTest,
  type Approval,
  type Field,
  type Policy,
  type Reconcile,
} from "../../policy";
import { changeOf, directed, listed, type Change, type Effect, type Noted } from "./change";
import { own, type Reviewer } from "./people";
import type { PolicyPair } from "./policy-read";

/** What changes for each field by itself. */
export function fieldChanges(pair: PolicyPair): Change[] {
  const names = [...new Set([...Object.keys(pair.before.fields), ...Object.keys(pair.after.fields)])].sort();
  return names.flatMap((name) => {
    const before = own(pair.before.fields, name);
    const after = own(pair.after.fields, name);
    if (before === undefined) return after === undefined ? [] : [added(pair, name, after)];
    if (after === undefined) return [removed(pair, name, before)];
    return both(pair, name, before, after);
  });
}

function added(pair: PolicyPair, name: string, field: Field): Change {
  const isWritable = field.class !== "never";
  return changeOf({
    code: "FieldAdded",
    effect: isWritable ? "widens" : "neutral",
    message: `field \`${name}\` is new, of class ${field.class}${isWritable ? `: ${howWritten(pair.after, field)}` : ", as everything is that is not listed"}`,
    who: [...pair.people.owner(field.owner), ...pair.people.identity()],
    places: pair.placesOf("field", name),
    policyPath: `fields.${name}`,
  });
}

function removed({ placesOf }: PolicyPair, name: string, field: Field): Change {
  return changeOf({
    code: "FieldRemoved",
    effect: field.class === "never" ? "neutral" : "narrows",
    message: `field \`${name}\` is gone, and so is denied: it was ${field.class}`,
    places: placesOf("field", name),
    policyPath: "fields",
  });
}

/** A field of both policies, seen from one side after the other. */
interface FieldPair {
  readonly pair: PolicyPair;
  readonly name: string;
  readonly before: Field;
  readonly after: Field;
  readonly owners: readonly Reviewer[];
  readonly note: (noted: Noted, member: string) => Change;
}

function both(pair: PolicyPair, name: string, before: Field, after: Field): Change[] {
  const owners = pair.people.owner(before.owner, after.owner);
  const note = (noted: Noted, member: string): Change =>
    changeOf({
      who: owners,
      places: pair.placesOf("field", name),
      policyPath: `fields.${name}.${member}`,
      ...noted,
      message: `field \`${name}\`${noted.message}`,
    });
  const fields: FieldPair = { pair, name, before, after, owners, note };
  const always = [...classChange(fields), ...ownerChange(fields), ...wording(fields)];
  // Of what is never written before and after, nothing else is asked.
  if (before.class === "never" && after.class === "never") return [...always, ...idle(fields)];
  if (before.class === "never" || after.class === "never") return always;
  return [
    ...always,
    ...targetChanges(fields),
    ...checkChange(fields),
    ...valueChange(fields),
    ...writeOnceChange(fields),
    ...eventChanges(fields),
    ...approvalChanges(fields),
    ...reconciliationChange(fields),
  ];
}

function classChange({ pair, before, after, note }: FieldPair): Change[] {
  if (before.class === after.class) return [];
  const looser = isStricter(before.class, after.class);
  const how = after.class === "never" ? "it is not written any more" : `it is ${howWritten(pair.after, after)}`;
  return [
    note(
      { code: "FieldClassChanged", effect: directed(looser), message: `: ${before.class} → ${after.class}; ${how}` },
      "class",
    ),
  ];
}

/** As in "written after approval by 1 of `hr-ops-approvers`, after `joiner.provisioned`". */
function howWritten(policy: Policy, field: Field): string {
  const approval = effectiveApproval(policy, field);
  const by =
    field.class === "safe"
      ? "written without an approval"
      : approval === undefined
        ? "written after an approval that nobody can give"
        : `written after approval by ${approval.groups.map(({ group, count }) => `${String(count)} of \`${group}\``).join(" and ")}`;
  return `${by}, after ${field.events.length === 0 ? "no event" : listed(field.events)}`;
}

function ownerChange({ before, after, note }: FieldPair): Change[] {
  if (before.owner === after.owner) return [];
  const message = ` belongs to \`${after.owner}\`, not to \`${before.owner}\` any more`;
  return [note({ code: "FieldOwnerChanged", effect: "look", message }, "owner")];
}

function wording({ before, after, note }: FieldPair): Change[] {
  if (before.description === after.description) return [];
  return [note({ code: "FieldReworded", effect: "neutral", message: " is described otherwise" }, "description")];
}

/** What a field says that is never written. */
function idle({ before, after, note }: FieldPair): Change[] {
  const told = new Set(["class", "owner", "description"]);
  const rest = (field: Field): string =>
    JSON.stringify(sortedKeys(Object.fromEntries(Object.entries(field).filter(([name]) => !told.has(name)))));
  if (rest(before) === rest(after)) return [];
  return [
    note({ code: "FieldReworded", effect: "neutral", message: " says more or less, and is never written" }, "class"),
  ];
}

function sortedKeys(value: object): object {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function targetChanges({ before, after, pair, owners, note }: FieldPair): Change[] {
  const found: Change[] = [];
  if (before.hrisField !== after.hrisField) {
    const message = ` is written to \`${after.hrisField}\`, not to \`${before.hrisField}\` any more`;
    const who = [...owners, ...pair.people.identity()];
    found.push(note({ code: "FieldTargetChanged", effect: "widens", message, who }, "hrisField"));
  }
  if (before.sourceOfTruth !== after.sourceOfTruth) {
    const message = `: source of truth \`${before.sourceOfTruth}\` → \`${after.sourceOfTruth}\``;
    const who = [...owners, ...pair.people.identity()];
    found.push(note({ code: "FieldSourceChanged", effect: "look", message, who }, "sourceOfTruth"));
  }
  if (before.sourceField !== after.sourceField) {
    const message = ` is compared with \`${after.sourceField}\` of its source, not with \`${before.sourceField}\` any more`;
    found.push(note({ code: "FieldSourceChanged", effect: "look", message }, "sourceField"));
  }
  return found;
}

/** From the strictest to none. */
const CHECKS = ["equals-source", "exists-in-source", "none"] as const;

function checkChange({ before, after, note }: FieldPair): Change[] {
  const from = before.check ?? "none";
  const to = after.check ?? "none";
  if (from === to) return [];
  const looser = CHECKS.indexOf(to) > CHECKS.indexOf(from);
  return [note({ code: "FieldCheckChanged", effect: directed(looser), message: `: check ${from} → ${to}` }, "check")];
}

function writeOnceChange({ before, after, note }: FieldPair): Change[] {
  if (before.writeOnce === after.writeOnce) return [];
  const message = after.writeOnce
    ? " is written only into an empty record"
    : " may be overwritten: `writeOnce` is gone";
  return [note({ code: "FieldWriteOnceChanged", effect: directed(!after.writeOnce), message }, "writeOnce")];
}

const VALUE_RULES = ["type", "format", "pattern", "enum", "maxLength"] as const;

/** Which values are well-formed: decided over the values of an `enum` where one holds, else rule by rule. */
function valueChange({ before, after, note }: FieldPair): Change[] {
  const different = VALUE_RULES.filter((rule) => JSON.stringify(before[rule]) !== JSON.stringify(after[rule]));
  const [first] = different;
  if (first === undefined) return [];
  const words = different.map((rule) => {
    const [from, to] = [before[rule], after[rule]].map((value) =>
      value === undefined ? "none" : JSON.stringify(value),
    );
    return `${rule} ${from ?? ""} → ${to ?? ""}`;
  });
  const effects = new Set(effectsOfValues(before, after, different));
  const effect: Effect = effects.has("widens")
    ? "widens"
    : effects.has("look")
      ? "look"
      : effects.has("narrows")
        ? "narrows"
        : "neutral";
  return [note({ code: "FieldValueChanged", effect, message: `: ${words.join(", ")}` }, first)];
}

function effectsOfValues(before: Field, after: Field, different: readonly (typeof VALUE_RULES)[number][]): Effect[] {
  const [wasFine, isFine] = [before, after].map((field) => {
    const problemOf = valueTest(field);
    return (value: unknown) => problemOf(value) === undefined;
  });
  if (wasFine === undefined || isFine === undefined) return ["look"];
  if (after.enum !== undefined) {
    const accepted = after.enum.filter(isFine);
    if (!accepted.every(wasFine)) return ["widens"];
    if (before.enum === undefined) return ["narrows"];
    return before.enum.filter(wasFine).every(isFine) ? ["neutral"] : ["narrows"];
  }
  return different.map((rule): Effect => {
    const [from, to] = [before[rule], after[rule]];
    if (from === undefined) return "narrows";
    if (to === undefined) return "widens";
    if (rule === "maxLength") return directed(Number(to) > Number(from));
    // One expression may match more than another in some places and less in others.
    return rule === "pattern" ? "look" : "widens";
  });
}

function eventChanges({ before, after, pair, owners, note }: FieldPair): Change[] {
  const more = after.events.filter((event) => !before.events.includes(event));
  const less = before.events.filter((event) => !after.events.includes(event));
  const found: Change[] = [];
  if (more.length > 0) {
    const message = ` is also written after ${listed(more)}`;
    const who = [...owners, ...pair.people.identity()];
    found.push(note({ code: "FieldEventsChanged", effect: "widens", message, who }, "events"));
  }
  if (less.length > 0) {
    const message = ` is no longer written after ${listed(less)}`;
    found.push(note({ code: "FieldEventsChanged", effect: "narrows", message }, "events"));
  }
  return found;
}

/** The approval that a change of the field needs where one is needed. */
function effectiveApproval(policy: Policy, field: Field): Approval | undefined {
  if (field.approval !== undefined) return field.approval;
  const group = own(policy.owners, field.owner)?.approvers?.group;
  return group === undefined ? undefined : { groups: [{ group, count: 1 }], expires: "PT24H" };
}

function approvalChanges({ pair, before, after, owners, note }: FieldPair): Change[] {
  const from = effectiveApproval(pair.before, before);
  const to = effectiveApproval(pair.after, after);
  // A class that moved says by itself which approval is needed now.
  if (before.class !== after.class) return [];
  // Where the owner's own group stands in, its change is told once, of the owner.
  if (before.approval === undefined && after.approval === undefined && before.owner === after.owner) return [];
  if (from === undefined || to === undefined) {
    if (from === to) return [];
    const message = to === undefined ? ": nobody can approve it any more" : ": it can be approved now";
    return [note({ code: "ApprovalGroupChanged", effect: directed(from === undefined), message }, "approval")];
  }
  const counts = (approval: Approval): Map<string, number> =>
    new Map(approval.groups.map(({ group, count }) => [group, count]));
  const [old, now] = [counts(from), counts(to)];
  const groups = pair.people.groups([...new Set([...old.keys(), ...now.keys()])]);
  const who = [...owners, ...groups];
  const found: Change[] = [];
  for (const [group, count] of now) {
    const was = old.get(group);
    if (was === undefined || was === count) continue;
    const message = `: ${String(was)} → ${String(count)} of \`${group}\` must agree`;
    found.push(note({ code: "ApprovalQuorumChanged", effect: directed(count < was), message, who }, "approval.groups"));
  }
  const gone = [...old.keys()].filter((group) => !now.has(group));
  const come = [...now.keys()].filter((group) => !old.has(group));
  if (gone.length > 0 || come.length > 0) {
    const people = (approval: Approval): number => approval.groups.reduce((sum, { count }) => sum + count, 0);
    const fewer = come.length === 0 || people(to) < people(from);
    const effect: Effect = gone.length === 0 ? "narrows" : fewer ? "widens" : "look";
    const message =
      gone.length === 0
        ? `: ${listed(come)} must agree too`
        : come.length === 0
          ? `: ${listed(gone)} is not asked any more`
          : `: approved by ${listed(come)}, not by ${listed(gone)} any more`;
    found.push(note({ code: "ApprovalGroupChanged", effect, message, who }, "approval.groups"));
  }
  if (from.expires !== to.expires) {
    const effect = durationEffect(from.expires, to.expires);
    const message = `: an approval may be given for ${to.expires}, not for ${from.expires}`;
    found.push(note({ code: "ApprovalTimeChanged", effect, message, who }, "approval.expires"));
  }
  return found;
}

/** A longer time lets more happen. */
export function durationEffect(from: string, to: string): Effect {
  const [a, b] = [parseDuration(from), parseDuration(to)];
  if (a === undefined || b === undefined) return "look";
  return a === b ? "neutral" : directed(b > a);
}

function reconciliationChange({ before, after, note }: FieldPair): Change[] {
  const words = (each: Reconcile | undefined): string => (each === undefined ? "never" : `every ${each.every}`);
  const [from, to] = [before.reconcile, after.reconcile];
  if (from?.every === to?.every && from?.log === to?.log) return [];
  if (words(from) === words(to)) {
    const message = ` is reconciled into \`${to?.log ?? ""}\`, not into \`${from?.log ?? ""}\` any more`;
    return [note({ code: "ReconciliationChanged", effect: "look", message }, "reconcile.log")];
  }
  const effect: Effect =
    to === undefined ? "widens" : from === undefined ? "narrows" : durationEffect(from.every, to.every);
  const message = ` is reconciled ${words(to)}, not ${words(from)}`;
  return [note({ code: "ReconciliationChanged", effect, message }, "reconcile.every")];
}

/** How strict the loosest class is that a rule lets through; 0 where it says nothing. */
export function minimumOf(rule: { readonly minimumClass?: "conditional" | "never" } | undefined): number {
  return rule?.minimumClass === undefined ? 0 : strictness(rule.minimumClass);
}
