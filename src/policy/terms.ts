import { daysBetween, endOfUtcDay, parseDate } from "../core";
import type { PolicyFindingCode } from "./codes";
import { shown, type Path, type Problem } from "./problem";
import { isMapping, itemsOf, member, textMember, type Mapping } from "./raw";
import { unknownReference, type RawView } from "./view";

/** Longest time that an exception or a delegation may hold. */
const MAX_DAYS = 90;

/** A list of the policy whose entries have an id, signatures, a first day and a last one. */
export interface Terms {
  readonly list: "exceptions" | "delegations";
  /** The key of the first day. */
  readonly first: string;
  /** The key of the last day, through which an entry holds. */
  readonly last: string;
  readonly codes: Readonly<
    Record<"duplicateId" | "endsBeforeStart" | "tooLong" | "expired" | "notYetInForce", PolicyFindingCode>
  >;
}

/** What is wrong with each entry: its id, its days, and what `check` finds besides. */
export function checkTerms(
  view: RawView,
  terms: Terms,
  check: (entry: Mapping, path: Path) => readonly Problem[],
): Problem[] {
  const seen = new Set<string>();
  return itemsOf(member(view.raw, terms.list)).flatMap((entry, index): Problem[] => {
    if (!isMapping(entry)) return [];
    const path = [terms.list, index];
    return [...repeatedId(terms, entry, path, seen), ...check(entry, path), ...checkDays(terms, entry, path)];
  });
}

/** Entries that have ended, or not begun, at a moment. */
export function checkTermTimes({ raw }: RawView, terms: Terms, nowMs: number): Problem[] {
  return itemsOf(member(raw, terms.list)).flatMap((entry, index): Problem[] => {
    const path = [terms.list, index];
    const { first, last } = daysOf(terms, entry);
    if (last.ms !== undefined && endOfUtcDay(last.ms) < nowMs) {
      const message = `it ended with ${shown(last.text)}`;
      return [{ code: terms.codes.expired, path: [...path, terms.last], message }];
    }
    if (first.ms !== undefined && first.ms > nowMs) {
      const message = `it begins on ${shown(first.text)}`;
      return [{ code: terms.codes.notYetInForce, path: [...path, terms.first], message }];
    }
    return [];
  });
}

/** Signatures of an entry by owner, and owners that do not exist among them. */
export function signaturesOf(
  view: RawView,
  entry: Mapping,
  path: Path,
): { readonly signatures: Mapping; readonly at: Path; readonly unknown: Problem[] } | undefined {
  const signatures = member(entry, "approvedBy");
  if (!isMapping(signatures)) return undefined;
  const at = [...path, "approvedBy"];
  const unknown = Object.keys(signatures).flatMap((signer) =>
    unknownReference("UnknownOwner", view.owners, signer, [...at, signer], "owners", "key"),
  );
  return { signatures, at, unknown };
}

function repeatedId({ codes }: Terms, entry: Mapping, path: Path, seen: Set<string>): Problem[] {
  const id = textMember(entry, "id");
  if (id === undefined) return [];
  if (seen.has(id)) {
    return [{ code: codes.duplicateId, path: [...path, "id"], message: `the id ${shown(id)} is given again` }];
  }
  seen.add(id);
  return [];
}

function checkDays(terms: Terms, entry: Mapping, path: Path): Problem[] {
  const { first, last } = daysOf(terms, entry);
  if (first.ms === undefined || last.ms === undefined) return [];
  const days = daysBetween(first.ms, last.ms);
  const at = [...path, terms.last];
  if (days < 0) {
    const message = `found ${shown(last.text)}, before ${shown(first.text)}`;
    return [{ code: terms.codes.endsBeforeStart, path: at, message }];
  }
  if (days <= MAX_DAYS) return [];
  const message = `found ${shown(last.text)}, ${String(days)} days after ${shown(first.text)}, expected at most ${String(MAX_DAYS)}`;
  return [{ code: terms.codes.tooLong, path: at, message }];
}

interface Day {
  readonly text: string | undefined;
  /** Its beginning, in milliseconds since the epoch; absent for what is no day. */
  readonly ms: number | undefined;
}

function daysOf(terms: Terms, entry: unknown): { readonly first: Day; readonly last: Day } {
  const day = (key: string): Day => {
    const text = textMember(entry, key);
    return { text, ms: text === undefined ? undefined : parseDate(text) };
  };
  return { first: day(terms.first), last: day(terms.last) };
}
