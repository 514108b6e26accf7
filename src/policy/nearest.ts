import { shown } from "./problem";

/** Most names among which a meant one is looked for: a policy with thousands of wrong ones must not take minutes. */
const MAX_CANDIDATES = 1000;

/**
 * The name that was probably meant: the nearest of `known` to `name`, or `undefined` where none is near. Near is within two
 * edits (a third of the length for short names); a swap of two neighbours is one edit. Of two equally near the first by name.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (known.length > MAX_CANDIDATES) return undefined;
  const limit = Math.min(2, Math.ceil(name.length / 3));
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) > limit) continue;
    const distance = editDistance(wanted, candidate.toLowerCase(), limit);
    if (distance < bestDistance || (distance === bestDistance && best !== undefined && candidate < best)) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Most names a hint lists. */
const MAX_LISTED = 12;

/** A hint that says what exists: the nearest name if one is near, and the known ones. */
export function hintOfKnown(name: string, known: readonly string[], what: string): string {
  const near = nearest(name, known);
  const more = known.length > MAX_LISTED ? ` and ${String(known.length - MAX_LISTED)} more` : "";
  const exists =
    known.length === 0 ? `there are no ${what} yet` : `${what}: ${firstByName(known).map(shown).join(", ")}${more}`;
  return near === undefined ? exists : `did you mean ${shown(near)}? ${exists}`;
}

/** The names that a hint lists, sorted, without sorting all. */
function firstByName(names: readonly string[]): readonly string[] {
  const first: string[] = [];
  for (const name of names) {
    const last = first[MAX_LISTED - 1];
    if (last !== undefined && name >= last) continue;
    first.push(name);
    first.sort();
    first.length = Math.min(first.length, MAX_LISTED);
  }
  return first;
}

/** Optimal string alignment distance; some number beyond the limit where it is beyond. */
function editDistance(a: string, b: string, limit: number): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let distance = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        distance = Math.min(distance, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(distance);
    }
    if (Math.min(...row) > limit) return limit + 1;
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
