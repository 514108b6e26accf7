import { canonicalJson, type JsonValue } from "../../core";
import { isRecord, Unreadable, type Resource, type Value } from "../stack";

/** One argument that is not what it was. */
export interface Difference {
  /** As in `point_in_time_recovery.enabled`; blocks that stand several times as `rule[1].days`. */
  readonly path: string;
  /** The path without positions. */
  readonly pattern: string;
  readonly from: Value;
  readonly to: Value;
}

/**
 * The arguments in which two resources differ, leaf by leaf. What is absent, null or empty is the same; so are one block and a list of it,
 * and JSON texts that differ in spelling. Of a plan, what nobody wrote and is not known yet is left to the provider.
 * Arguments named in `whole` are one difference each, however deep it lies.
 */
export function differencesOf(before: Resource, after: Resource, whole: readonly string[] = []): Difference[] {
  // Most resources of a change are untouched: that is told at once.
  if (JSON.stringify([before.body, before.raw]) === JSON.stringify([after.body, after.raw])) return [];
  const names = [...new Set([...Object.keys(before.body), ...Object.keys(after.body)])].sort();
  return names.flatMap((name) => {
    const [from, to] = [before.body[name], after.body[name]];
    if (hasUnread(to) && after.written?.has(name) === false) return [];
    if (before.raw !== undefined && after.raw !== undefined && (hasUnread(from) || hasUnread(to))) {
      // What Terraform computes, or leaves as it finds it, is compared as it is written.
      if (printed(before.raw[name]) === printed(after.raw[name]) && isIgnored(from) === isIgnored(to)) return [];
      if (isIgnored(from) && isIgnored(to)) return leaves(name, before.raw[name] as Value, after.raw[name] as Value);
    }
    const those = leaves(name, from, to);
    return those.length > 0 && whole.includes(name) ? [leaf(name, from, to)] : those;
  });
}

/** Arguments that Terraform ignores changes of. */
function isIgnored(value: Value): boolean {
  return value instanceof Unreadable && value.reason.includes("ignore_changes");
}

export function hasUnread(value: Value): boolean {
  if (value instanceof Unreadable) return true;
  if (Array.isArray(value)) return (value as readonly Value[]).some(hasUnread);
  return isRecord(value) && Object.values(value).some((member) => hasUnread(member));
}

function leaves(path: string, from: Value, to: Value): Difference[] {
  const [a, b] = [simplified(from), simplified(to)];
  if (a instanceof Unreadable || b instanceof Unreadable) {
    return a instanceof Unreadable && b instanceof Unreadable && a.reason === b.reason ? [] : [leaf(path, a, b)];
  }
  if (printed(a) === printed(b) || isSameScalar(a, b)) return [];
  if ((isRecord(a) || a === undefined) && (isRecord(b) || b === undefined)) {
    const [left, right] = [(a ?? {}) as Members, (b ?? {}) as Members];
    const names = [...new Set([...Object.keys(left), ...Object.keys(right)])].sort();
    return names.flatMap((name) => leaves(`${path}.${name}`, left[name], right[name]));
  }
  if (
    Array.isArray(a) &&
    Array.isArray(b) &&
    a.length === b.length &&
    [...(a as Value[]), ...(b as Value[])].every(isRecord)
  ) {
    return (a as Value[]).flatMap((member, index) =>
      leaves(`${path}[${String(index)}]`, member, (b as Value[])[index]),
    );
  }
  return [leaf(path, a, b)];
}

/** `30` and `"30"` are one argument to Terraform. */
function isSameScalar(a: Value, b: Value): boolean {
  const text = (value: Value): string | undefined =>
    typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
  return text(a) !== undefined && text(a) === text(b);
}

type Members = Readonly<Record<string, Value>>;

function leaf(path: string, from: Value, to: Value): Difference {
  return { path, pattern: path.replace(/\[\d+\]/g, ""), from, to };
}

/** A value in the one form that all its spellings have. */
function simplified(value: Value): Value {
  if (value === null || value === "") return undefined;
  if (typeof value === "string") return parsedText(value);
  if (Array.isArray(value)) {
    const members = (value as readonly Value[]).map(simplified).filter((member) => member !== undefined);
    if (members.length === 0) return undefined;
    return members.length === 1 && isRecord(members[0]) ? members[0] : members;
  }
  if (!isRecord(value)) return value;
  const members = Object.entries(value).flatMap(([name, member]): [string, Value][] => {
    const simple = simplified(member);
    return simple === undefined ? [] : [[name, simple]];
  });
  return members.length === 0 ? undefined : Object.fromEntries(members);
}

/** JSON texts are told apart by what they say. */
function parsedText(text: string): Value {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return canonicalJson(JSON.parse(text) as JsonValue);
  } catch {
    return text;
  }
}

/** A value as text that is the same for the same value. */
export function printed(value: unknown): string {
  if (value instanceof Unreadable) return `unread: ${value.reason}`;
  if (value === undefined) return "";
  if (hasUnread(value as Value)) return `unread: ${JSON.stringify(value)}`;
  return canonicalJson(value);
}

/** What may be a secret is not shown, wherever it stands; an ARN names one and is none. */
const SECRET = /secret|password|token|private_key|credential/i;

/** A value as people read it, cut to what fits a line. */
export function shownValue(path: string, value: Value): string {
  if (value === undefined || value === null) return "none";
  if (value instanceof Unreadable) return `what is not known (${value.reason})`;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (SECRET.test(path) && !text.startsWith("arn:")) return "a value that is not shown";
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}
