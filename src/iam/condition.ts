import { parseDate, parseInstant } from "../core";
import { compileArn, readArn } from "./arn";
import type { Context } from "./context";
import { IamDocumentError, IamRequestError } from "./errors";
import { isInRange, parseAddressRange } from "./ip-address";
import { compilePattern, literalOf, parsePattern, type Matcher } from "./pattern";

/** Whether a condition holds for a request. */
export type ConditionTest = (context: Context) => boolean;

/** Makes one matcher of all values of a key: it holds where the request's value matches any of them. */
type CompileValues = (values: readonly string[], path: string) => Matcher;

interface Operator {
  /** The operator's opposite holds for a missing key. */
  readonly negated: boolean;
  readonly compile: CompileValues;
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)$/;
/** Fewer digits could be a year or a day of ISO 8601, and whether AWS takes them so is not published. */
const EPOCH = /^\d{9,12}(?:\.\d{1,3})?$/;

/**
 * The operators of IAM that this library judges; any other is refused. `Null` is a case of its own below.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html (read 2026-11-23)
 */
const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ...pair("StringEquals", "StringNotEquals", texts({ wildcards: false, ignoreCase: false })),
  ...pair("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", texts({ wildcards: false, ignoreCase: true })),
  ...pair("StringLike", "StringNotLike", texts({ wildcards: true, ignoreCase: false })),
  ...pair("ArnEquals", "ArnNotEquals", arns),
  ...pair("ArnLike", "ArnNotLike", arns),
  ...pair("IpAddress", "NotIpAddress", addresses),
  ...pair(
    "NumericEquals",
    "NumericNotEquals",
    ordered(parseNumber, "a number", (actual, value) => actual === value),
  ),
  ["NumericLessThan", only(ordered(parseNumber, "a number", (actual, value) => actual < value))],
  ["NumericLessThanEquals", only(ordered(parseNumber, "a number", (actual, value) => actual <= value))],
  ["NumericGreaterThan", only(ordered(parseNumber, "a number", (actual, value) => actual > value))],
  ["NumericGreaterThanEquals", only(ordered(parseNumber, "a number", (actual, value) => actual >= value))],
  ...pair(
    "DateEquals",
    "DateNotEquals",
    ordered(parseTime, "an instant", (actual, value) => actual === value),
  ),
  ["DateLessThan", only(ordered(parseTime, "an instant", (actual, value) => actual < value))],
  ["DateLessThanEquals", only(ordered(parseTime, "an instant", (actual, value) => actual <= value))],
  ["DateGreaterThan", only(ordered(parseTime, "an instant", (actual, value) => actual > value))],
  ["DateGreaterThanEquals", only(ordered(parseTime, "an instant", (actual, value) => actual >= value))],
  ["Bool", only(booleans)],
]);

/**
 * Compiles a `Condition` element: all operators and all keys must hold.
 *
 * A single-valued operator over a key that the request gives several values throws `IamRequestError` when it is judged:
 * AWS documents no meaning for it, and either guess could hide a permission.
 */
export function compileCondition(condition: unknown, path: string): ConditionTest[] {
  return entriesOf(condition, path).flatMap(([operator, keys]) => {
    const at = `${path}.${operator}`;
    return entriesOf(keys, at).map(([key, values]) => compileTest(operator, key, textsOf(values, `${at}.${key}`), at));
  });
}

function compileTest(name: string, key: string, values: readonly string[], path: string): ConditionTest {
  const at = `${path}.${key}`;
  if (!key.includes(":")) throw new IamDocumentError(at, `\`${key}\` is not a condition key`);
  const lowerKey = key.toLowerCase();
  if (name === "Null") return compileNull(lowerKey, values, at);

  const [, qualifier, base = "", ifExists] = /^(ForAllValues:|ForAnyValue:)?(.*?)(IfExists)?$/.exec(name) ?? [];
  const operator = OPERATORS.get(base);
  if (operator === undefined) throw new IamDocumentError(path, `unknown condition operator \`${name}\``);
  const matchesAny = operator.compile(values, at);
  const { negated } = operator;
  const holds = (value: string, context: Context): boolean => matchesAny(value, context) !== negated;

  if (qualifier === "ForAllValues:") {
    return (context) => listOf(context, lowerKey).every((value) => holds(value, context));
  }
  if (qualifier === "ForAnyValue:") {
    // IfExists does not change ForAnyValue: without a value there is none that matches.
    return (context) => listOf(context, lowerKey).some((value) => holds(value, context));
  }
  const whenMissing = ifExists !== undefined || negated;
  return (context) => {
    const value = context.get(lowerKey);
    if (value === undefined) return whenMissing;
    if (typeof value !== "string") {
      throw new IamRequestError(`\`${key}\` has several values; \`${name}\` needs ForAllValues: or ForAnyValue:`);
    }
    return holds(value, context);
  };
}

/** `Null: true` holds where the request has no value for the key; a list without elements is no value. */
function compileNull(key: string, values: readonly string[], path: string): ConditionTest {
  const [value] = values;
  if (values.length !== 1 || (value !== "true" && value !== "false")) {
    throw new IamDocumentError(path, "expected one of `true` and `false`");
  }
  const absent = value === "true";
  return (context) => (listOf(context, key).length === 0) === absent;
}

function listOf(context: Context, key: string): readonly string[] {
  const value = context.get(key);
  return value === undefined ? [] : typeof value === "string" ? [value] : value;
}

function texts(options: { readonly wildcards: boolean; readonly ignoreCase: boolean }): CompileValues {
  return (values, path) => {
    const patterns = values.map((value) => parsePattern(value, path, options));
    const literals = new Set<string>();
    const matchers: Matcher[] = [];
    for (const parts of patterns) {
      const literal = literalOf(parts);
      if (literal === undefined) matchers.push(compilePattern(parts, options));
      else literals.add(options.ignoreCase ? literal.toLowerCase() : literal);
    }
    return (value, context) =>
      literals.has(options.ignoreCase ? value.toLowerCase() : value) ||
      matchers.some((matcher) => matcher(value, context));
  };
}

function arns(values: readonly string[], path: string): Matcher {
  const matchers = values.map((value) => compileArn(value, path));
  return (value, context) => {
    const target = readArn(value);
    return matchers.some((matcher) => matcher(target, context));
  };
}

function addresses(values: readonly string[], path: string): Matcher {
  const ranges = values.map((value) => {
    const range = parseAddressRange(value);
    if (range === undefined) throw new IamDocumentError(path, `\`${value}\` is not an address or a CIDR range`);
    return range;
  });
  return (value) => ranges.some((range) => isInRange(value, range));
}

function booleans(values: readonly string[], path: string): Matcher {
  const expected = new Set(values.map((value) => value.toLowerCase()));
  for (const value of expected) {
    if (value !== "true" && value !== "false") throw new IamDocumentError(path, `\`${value}\` is not a boolean`);
  }
  return (value) => expected.has(value.toLowerCase());
}

function ordered(
  parse: (text: string) => number | undefined,
  what: string,
  compare: (actual: number, value: number) => boolean,
): CompileValues {
  return (values, path) => {
    const numbers = values.map((value) => {
      const number = parse(value);
      if (number === undefined) throw new IamDocumentError(path, `\`${value}\` is not ${what}`);
      return number;
    });
    return (value) => {
      const actual = parse(value);
      return actual !== undefined && numbers.some((number) => compare(actual, number));
    };
  };
}

function parseNumber(text: string): number | undefined {
  return NUMBER.test(text) ? Number(text) : undefined;
}

/** Milliseconds of an ISO 8601 instant, a UTC day, or seconds since the epoch. */
function parseTime(text: string): number | undefined {
  return EPOCH.test(text) ? Number(text) * 1000 : (parseInstant(text) ?? parseDate(text));
}

function pair(positive: string, negative: string, compile: CompileValues): [string, Operator][] {
  return [
    [positive, { negated: false, compile }],
    [negative, { negated: true, compile }],
  ];
}

function only(compile: CompileValues): Operator {
  return { negated: false, compile };
}

function entriesOf(value: unknown, path: string): [string, unknown][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new IamDocumentError(path, "expected an object");
  }
  const entries = Object.entries(value);
  if (entries.length === 0) throw new IamDocumentError(path, "expected at least one member");
  return entries;
}

/** Values as texts. JSON booleans and numbers are accepted as IAM accepts them; nothing else is. */
function textsOf(value: unknown, path: string): string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw new IamDocumentError(path, "expected at least one value");
  return list.map((member) => {
    if (typeof member === "string") return member;
    if (typeof member === "boolean" || typeof member === "number") return String(member);
    throw new IamDocumentError(path, "expected texts");
  });
}
