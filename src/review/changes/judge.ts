import { isRecord, Unreadable, type Value } from "../stack";
import { directed, type Effect } from "./change";
import type { ReviewCode } from "./codes";

/** What a difference of one argument comes to. */
export interface Judgement {
  readonly code: ReviewCode;
  readonly effect: Effect;
}

/** Judges an argument by its two values. What it cannot judge is for a person: `undefined`. */
export type Judge = (from: Value, to: Value) => Judgement | undefined;

/** Decides nothing: a size, a wording. */
export const neutral: Judge = () => ({ code: "ArgumentReworded", effect: "neutral" });

function weaker(code: ReviewCode, effect: Effect): Judgement {
  return { code: effect === "narrows" ? "GuardStrengthened" : code, effect };
}

/** Better `true`. `byDefault`: what holds where it is not written. */
export function onIsSafer(code: ReviewCode, byDefault = false): Judge {
  return known((from, to) => {
    const [was, is] = [from, to].map((value) => (value === undefined ? byDefault : value === true || value === "true"));
    return was === is ? { code: "ArgumentReworded", effect: "neutral" } : weaker(code, directed(was === true));
  });
}

/** Better `false`, or not written. */
export function offIsSafer(code: ReviewCode, byDefault = false): Judge {
  const judge = onIsSafer(code, !byDefault);
  const turned = (value: Value): Value => (value === undefined ? undefined : !(value === true || value === "true"));
  return (from, to) =>
    from instanceof Unreadable || to instanceof Unreadable ? undefined : judge(turned(from), turned(to));
}

/** Better larger. `without`: what holds where it is not written, or is zero. */
export function moreIsSafer(code: ReviewCode, without = Infinity): Judge {
  return known((from, to) => {
    const number = (value: Value): number => (value === undefined || Number(value) === 0 ? without : Number(value));
    const [was, is] = [number(from), number(to)];
    if (Number.isNaN(was) || Number.isNaN(is)) return undefined;
    return was === is ? { code: "ArgumentReworded", effect: "neutral" } : weaker(code, directed(is < was));
  });
}

/** Better smaller. `without`: what holds where it is not written. */
export function lessIsSafer(code: ReviewCode, without = Infinity): Judge {
  return known((from, to) => {
    const number = (value: Value): number => (value === undefined ? without : Number(value));
    const [was, is] = [number(from), number(to)];
    if (Number.isNaN(was) || Number.isNaN(is)) return undefined;
    return was === is ? { code: "ArgumentReworded", effect: "neutral" } : weaker(code, directed(is > was));
  });
}

/** Better written: gone is weaker, new is stronger, another one is for a person. */
export function presence(code: ReviewCode): Judge {
  return (from, to) => {
    if (to === undefined) return weaker(code, "widens");
    return from === undefined && !(to instanceof Unreadable) ? weaker(code, "narrows") : { code, effect: "look" };
  };
}

/** Better written, but where it leads is for a person: gone is weaker. */
export function destination(code: ReviewCode): Judge {
  return (_from, to) => (to === undefined ? weaker(code, "widens") : { code, effect: "look" });
}

/** Better one of a list, from the best to the worst; a value that is not listed is for a person. */
export function ranked(code: ReviewCode, bestFirst: readonly Value[]): Judge {
  return known((from, to) => {
    const only = (value: Value): Value => (Array.isArray(value) && value.length === 1 ? (value[0] as Value) : value);
    const [was, is] = [bestFirst.indexOf(only(from)), bestFirst.indexOf(only(to))];
    // Away from the best is weaker, wherever it leads.
    if (is === -1) return was === 0 ? weaker(code, "widens") : { code, effect: "look" };
    if (was === -1) return is === 0 ? weaker(code, "narrows") : { code, effect: "look" };
    return weaker(code, directed(is > was));
  });
}

/** A change that is always for a person, by its own code. */
export function look(code: ReviewCode): Judge {
  return () => ({ code, effect: "look" });
}

/** A set in which more is better: something that is no longer covered is weaker. */
export function coverage(code: ReviewCode): Judge {
  return known((from, to) => {
    const [was, is] = [from, to].map((value) => (value === undefined ? [] : [value].flat<Value[]>()));
    if (was === undefined || is === undefined) return undefined;
    const lost = was.some((old) => !is.some((now) => covers(now, old)));
    const gained = is.some((now) => !was.some((old) => covers(old, now)));
    if (lost) return weaker(code, "widens");
    return gained ? weaker(code, "narrows") : { code: "ArgumentReworded", effect: "neutral" };
  });
}

/** Whether whatever one value is about, the other is about too: longer lists cover shorter ones, but for those that leave out. */
function covers(now: Value, old: Value, leavesOut = false): boolean {
  if (Array.isArray(now) && Array.isArray(old)) {
    const [larger, smaller] = leavesOut ? [old, now] : [now, old];
    return (smaller as Value[]).every((member) => (larger as Value[]).some((each) => covers(each, member)));
  }
  if (isRecord(now) && isRecord(old)) {
    const names = [...new Set([...Object.keys(now), ...Object.keys(old)])].filter((name) => name !== "name");
    return names.every((name) => coversMember(name, now[name], old[name]));
  }
  return JSON.stringify(now) === JSON.stringify(old);
}

/** The members of what a trail records that are no plain lists of what it is about. */
function coversMember(name: string, now: Value, old: Value): boolean {
  // All of these must hold of a call: the fewer, the more calls are recorded.
  if (name === "field_selector") {
    const [fewer, more] = [now, old].map((value) => [value ?? []].flat<Value[]>());
    return (fewer ?? []).every((each) => (more ?? []).some((other) => covers(each, other)));
  }
  if (name === "read_write_type") return now === undefined || now === "All" || now === old;
  if (name.startsWith("include_")) return now === undefined || now === true || now === old;
  return covers(now ?? [], old ?? [], /^(?:not_|exclude_)/.test(name));
}

/** What one of the values cannot be read, is for a person. */
function known(judge: Judge): Judge {
  return (from, to) => (from instanceof Unreadable || to instanceof Unreadable ? undefined : judge(from, to));
}
