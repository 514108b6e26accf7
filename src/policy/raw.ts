import type { Path } from "./problem";

/**
 * Views of a policy whose shape may be wrong anywhere. Checks read through these, so that one malformed place neither stops
 * nor misleads what is said about another.
 */

/** A plain mapping. */
export type Mapping = Readonly<Record<string, unknown>>;

/** Whether a value is a mapping (an object that is no list). */
export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Entries of a mapping; none for anything else. */
export function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return isMapping(value) ? Object.entries(value) : [];
}

/** Items of a list; none for anything else. */
export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** An own member of a mapping; `undefined` for anything else. */
export function member(value: unknown, key: string): unknown {
  return isMapping(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** An own member that is text; `undefined` for anything else. */
export function textMember(value: unknown, key: string): string | undefined {
  const found = member(value, key);
  return typeof found === "string" ? found : undefined;
}

/** What stands at a path; `undefined` where the path does not exist. */
export function valueAt(value: unknown, path: Path): unknown {
  let found = value;
  for (const step of path) found = typeof step === "number" ? itemsOf(found)[step] : member(found, step);
  return found;
}
