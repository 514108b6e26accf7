import type { Scalar } from "../policy/model";
import type { CompareRule } from "./rest-options";

/** Country calling code that a number without one is read with, without `+`. */
export interface CompareOptions {
  readonly phoneCountryCode?: string;
}

/** The rule that a field's name suggests: HR systems call these kinds of fields alike. */
export function ruleOfName(field: string): CompareRule {
  if (/e-?mail$/i.test(field)) return "email";
  if (/phone$/i.test(field)) return "phone";
  if (/(?:^d|D|_d)ate$/.test(field)) return "date";
  return "exact";
}

/**
 * Whether two values mean the same. No value and an empty text are one and the same everywhere: HR systems answer either for
 * a field that holds nothing. Numbers and booleans equal the text that JSON writes for them.
 */
export function sameUnder(
  rule: CompareRule,
  a: Scalar | null,
  b: Scalar | null,
  options: CompareOptions = {},
): boolean {
  const left = a === null ? "" : String(a);
  const right = b === null ? "" : String(b);
  if (left === right) return true;
  switch (rule) {
    case "exact":
      return false;
    case "email":
      return left.trim().toLowerCase() === right.trim().toLowerCase();
    case "phone": {
      const one = phoneReadings(left, options.phoneCountryCode);
      return phoneReadings(right, options.phoneCountryCode).some((reading) => one.includes(reading));
    }
    case "date": {
      const one = dayOf(left);
      return one !== undefined && one === dayOf(right);
    }
  }
}

/**
 * The numbers that a text can mean, as digits from the country code on with their extension; none for a text that is no phone
 * number. A number written without its country has one only where the connection names it: a guess could make two people's
 * numbers one.
 */
function phoneReadings(text: string, countryCode: string | undefined): readonly string[] {
  const match = /^\s*(\+|00)?([\d\s().\-/\u00a0]+?)\s*(?:(?:ext\.?|x|#|;ext=)\s*(\d{1,8}))?\s*$/i.exec(text);
  const written = match?.[2] ?? "";
  const digits = written.replace(/\D/g, "");
  if (match === null || digits === "") return [];
  const extension = match[3] === undefined ? "" : `x${match[3]}`;
  // `+44 (0)20 …` shows the trunk prefix that is not dialled from abroad.
  if (match[1] !== undefined) return [`${written.replace(/\(0\)/, "").replace(/\D/g, "")}${extension}`];
  const readings =
    countryCode === undefined
      ? [digits]
      : [digits, `${countryCode}${digits}`, `${countryCode}${digits.replace(/^0/, "")}`];
  return readings.map((reading) => `${reading}${extension}`);
}

/** The day of `YYYY-MM-DD`, alone or before a time. */
function dayOf(text: string): string | undefined {
  return /^(\d{4}-\d{2}-\d{2})(?:$|[T ])/.exec(text.trim())?.[1];
}
