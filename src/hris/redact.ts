import type { Scalar } from "../policy/model";

/** Longest text that we take from another system's explanation, in UTF-16 code units. */
const MAX_DETAIL = 160;

/** How much of an explanation is looked at. */
const MAX_SOURCE = 4096;

/**
 * The words that may leave an adapter in a text of another system. An explanation such as "the email of Ann Example is taken"
 * holds a value of a record that we have no way to recognise; so we keep what we know to be harmless and nothing else.
 */
const HARMLESS = new Set(
  (
    "a access account already an and another api are as at authentication authorized authorization be because been by cannot " +
    "change changed client closed conflict could credential current data date department does duplicate effective email employee " +
    "error exceeded exist exists expired failed field fields for forbidden format found future has have id in inactive incorrect " +
    "internal invalid is it its job key length limit list locked malformed manager many maximum minimum missing must no not of " +
    "on one only option or pay payroll pending permission permissions phone please precondition rate read record request " +
    "requested requests required resource row rows schedule scope server service status table temporarily that the this to " +
    "token too try unable unauthorized unavailable unexpected unique uniqueness unknown unsupported update updated use used " +
    "user value values version was with write you your"
  ).split(" "),
);

/**
 * What another system said, with nothing left of it but harmless words; everything else is an ellipsis. Words that occur in
 * `values` go too, so that not even a harmless word shows what a record holds. Empty where nothing remains.
 */
export function describeRemote(text: string | undefined, values: readonly (Scalar | null)[]): string {
  if (text === undefined) return "";
  const secret = new Set(
    values.flatMap(
      (value) =>
        String(value ?? "")
          .toLowerCase()
          .match(/\p{L}+/gu) ?? [],
    ),
  );
  const kept: string[] = [];
  for (const word of wordsOf(text.slice(0, MAX_SOURCE))) {
    const shown = HARMLESS.has(word) && !secret.has(word) ? word : "…";
    if (shown !== "…" || kept.at(-1) !== "…") kept.push(shown);
  }
  if (kept.every((word) => word === "…")) return "";
  const line = kept.join(" ");
  return line.length <= MAX_DETAIL ? line : `${line.slice(0, MAX_DETAIL - 1)}…`;
}

/** Words of letters; a run with a digit or a mark inside is no word but counts as one unknown. */
function wordsOf(text: string): string[] {
  return (text.toLowerCase().match(/[^\s.,;:!?()[\]{}"'`]+/gu) ?? []).map((word) =>
    word.replace(/^[*_-]+|[*_-]+$/g, ""),
  );
}
