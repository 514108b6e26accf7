import { witnessesOf, type ContextInput, type Statement } from "../iam";

/** Condition keys of a request that are settled, in lower case; `undefined` says that the request has no such key. */
export type Settled = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Requests that differ in what conditions ask, so that each condition holds in some and fails in others. */
export interface Contexts {
  readonly list: readonly ContextInput[];
  /** Whether no combination was left out. */
  readonly complete: boolean;
}

/** Combinations tried before the rest is left out. The statements that meet in one request seldom ask for more than three keys. */
const MAX_CONTEXTS = 4_000;

/** Keys that every request has. @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html (read 2026-11-23) */
const ALWAYS_PRESENT: ReadonlySet<string> = new Set([
  "aws:currenttime",
  "aws:epochtime",
  "aws:securetransport",
  "aws:userid",
]);

type Candidate = string | readonly string[] | undefined;

/**
 * All contexts that conditions of these statements can tell apart, given what is settled. What a caller may choose is thereby
 * chosen in every way that matters: a power that none of these contexts gives, no request has.
 */
export function contextsFor(
  statements: readonly Statement[],
  settled: Settled,
  resource?: string,
  limit = MAX_CONTEXTS,
): Contexts {
  const asked = conditionsByKey(statements);
  const variables = resource === undefined ? new Map<string, string[]>() : variableValues(statements, resource);
  for (const key of variables.keys()) if (!asked.has(key)) asked.set(key, []);
  const base: Record<string, string | readonly string[]> = {};
  for (const [key, value] of Object.entries(settled)) if (value !== undefined) base[key] = value;
  let list: ContextInput[] = [base];
  for (const [key, tests] of [...asked].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (Object.hasOwn(settled, key)) continue;
    const candidates = candidatesOf(key, tests, variables.get(key) ?? []);
    if (list.length * candidates.length > limit) return { list, complete: false };
    list = list.flatMap((context) =>
      candidates.map((value) => (value === undefined ? context : { ...context, [key]: value })),
    );
  }
  return { list, complete: !comparesWithVariables(statements) };
}

/** A value that is compared with a variable: which ones meet, is not looked for. */
function comparesWithVariables(statements: readonly Statement[]): boolean {
  return statements.some(({ Condition: condition }) =>
    Object.values(condition ?? {}).some((keys) =>
      Object.values(keys).some((value) => [value].flat().some(hasVariable)),
    ),
  );
}

function hasVariable(text: string): boolean {
  return VARIABLE.test(text);
}

const VARIABLE = /\$\{[^*?$}]/;

/** What variables in the resources of statements must be, so that these speak of a resource. */
function variableValues(statements: readonly Statement[], resource: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { Resource: one, NotResource: not } of statements) {
    for (const pattern of [one ?? [], not ?? []].flat().filter(hasVariable)) {
      const keys: string[] = [];
      const expression = pattern.replace(/\$\{([^}]*)\}|[\s\S]/g, (part, variable: string | undefined) => {
        if (variable === undefined)
          return part === "*" ? "[^]*" : part === "?" ? "[^]" : part.replace(/[.+^()|[\]\\{}$]/, "\\$&");
        if (/^[*?$]$/.test(variable)) return `\\${variable}`;
        keys.push((variable.split(",")[0] ?? variable).trim().toLowerCase());
        return "([^]*)";
      });
      const values = new RegExp(`^${expression}$`).exec(resource)?.slice(1) ?? [];
      keys.forEach((key, index) => {
        const value = values[index];
        found.set(key, [...(found.get(key) ?? []), ...(value === undefined ? [] : [value])]);
      });
    }
  }
  return found;
}

interface Test {
  readonly operator: string;
  readonly isSet: boolean;
  readonly values: readonly string[];
}

function conditionsByKey(statements: readonly Statement[]): Map<string, Test[]> {
  const tests = new Map<string, Test[]>();
  for (const { Condition: condition } of statements) {
    for (const [name, keys] of Object.entries(condition ?? {})) {
      const [, qualifier, operator = ""] = /^(ForAllValues:|ForAnyValue:)?(.*?)(?:IfExists)?$/.exec(name) ?? [];
      for (const [key, value] of Object.entries(keys)) {
        const test = { operator, isSet: qualifier !== undefined, values: [value].flat().map(String) };
        tests.set(key.toLowerCase(), [...(tests.get(key.toLowerCase()) ?? []), test]);
      }
    }
  }
  return tests;
}

function candidatesOf(key: string, tests: readonly Test[], more: readonly string[]): Candidate[] {
  const patterns = tests.flatMap((test) => patternsOf(test));
  const found = witnessesOf(patterns).texts;
  const values = [...new Set([...found, ...tests.flatMap(pointsOf), ...more])].filter((value) => value !== "");
  const absent: Candidate[] = ALWAYS_PRESENT.has(key) ? [] : [undefined];
  if (!tests.some(({ isSet }) => isSet)) return [...absent, ...values];
  return [...absent, ...values.map((value) => [value]), ...(values.length > 1 ? [values] : [])];
}

/** The texts that a test compares with, as patterns: where it knows no wildcards, its stars are stars. */
function patternsOf({ operator, values }: Test): string[] {
  if (/^(?:Numeric|Date|Bool|Null|IpAddress|NotIpAddress)/.test(operator)) return [];
  const isLike = operator.includes("Like") || operator.startsWith("Arn");
  return values
    .filter((value) => !/\$\{[^*?$]/.test(value))
    .map((value) => (isLike ? value : value.replace(/[*?$]/g, "${$&}")));
}

/** Values on either side of what an ordered test, an address or a boolean compares with; a text for those that take any. */
function pointsOf({ operator, values }: Test): string[] {
  if (operator === "Bool") return ["true", "false"];
  if (operator.startsWith("Numeric")) {
    return values.map(Number).flatMap((value) => [value - 1, value, value + 1].map(String));
  }
  if (operator.startsWith("Date")) {
    return values.flatMap((value) => {
      const at = Date.parse(value);
      return Number.isNaN(at) ? [] : [at - 1000, at, at + 1000].map((ms) => new Date(ms).toISOString());
    });
  }
  if (operator.endsWith("IpAddress")) return [...values.map((value) => value.split("/")[0] ?? value), "198.51.100.7"];
  if (operator.startsWith("Arn")) return ["arn:aws:other::000000000000:thing"];
  if (operator.endsWith("IgnoreCase")) return ["another", ...values.map(inOtherCase)];
  return ["another"];
}

/** The same to who looks past case, and to nobody else. */
function inOtherCase(value: string): string {
  const upper = value.toUpperCase();
  return upper === value ? value.toLowerCase() : upper;
}
