import { asList, asObject, asText, isObject, parseReference, type Loose } from "./asl-graph";

/** A value that JSON can hold by itself. */
export type Scalar = string | number | boolean | null;

/** The members that say which change a payload is about. */
export const CHANGE_MEMBERS = ["requestId", "index", "field"] as const;
export type ChangeMember = (typeof CHANGE_MEMBERS)[number];

/** What is known of one value: what it is or is not, and whether it is a member of the change whose way is followed. */
export interface Fact {
  readonly is?: Scalar;
  readonly isNot?: ReadonlySet<Scalar>;
  /** A text that begins so, and of which no more is known. */
  readonly begins?: string;
  readonly own?: ChangeMember;
}

/** What is known at a point, by path without the root: `field`, `inspection.route`. What is missing may be anything. */
export type Facts = ReadonlyMap<string, Fact>;

export const NO_FACTS: Facts = new Map();

/** Members of a path that are kept: a state that nests its input in itself, in a loop, would never come to an end. */
const MAX_MEMBERS = 12;

/** What is known of a member and of what is inside of it: the member itself has the empty path. */
export function factsBelow(facts: Facts, members: readonly string[]): Facts {
  if (members.length === 0) return facts;
  const whole = members.join(".");
  return new Map(
    [...facts].flatMap(([path, fact]): [string, Fact][] =>
      path === whole ? [["", fact]] : path.startsWith(`${whole}.`) ? [[path.slice(whole.length + 1), fact]] : [],
    ),
  );
}

/** The scalars of a payload template: literals, and what it copies of what is known. */
export function factsOfTemplate(template: unknown, input: Facts, context: Facts): Facts {
  const facts = new Map<string, Fact>();
  const put = (path: readonly string[], fact: Fact): void => {
    if (path.length <= MAX_MEMBERS) facts.set(path.join("."), fact);
  };
  const visit = (node: unknown, path: readonly string[]): void => {
    if (isScalar(node)) put(path, { is: node });
    if (!isObject(node)) return;
    for (const [key, value] of Object.entries(node)) {
      if (!key.endsWith(".$")) {
        visit(value, [...path, key]);
        continue;
      }
      const reference = parseReference(asText(value) ?? "");
      if (reference === undefined) continue;
      const source = reference.root === "$$" ? context : input;
      const to = [...path, key.slice(0, -2)];
      for (const [below, fact] of factsBelow(source, reference.members)) {
        put(below === "" ? to : [...to, ...below.split(".")], fact);
      }
    }
  };
  visit(template, []);
  return facts;
}

/** Facts after a result was put where `ResultPath` says: absent replaces the whole, `null` drops the result. */
export function placeResult(input: Facts, resultPath: unknown, result: Facts): Facts {
  if (resultPath === null) return input;
  const reference = parseReference(asText(resultPath) ?? "$");
  if (reference?.root !== "$") return NO_FACTS;
  const target = reference.members.join(".");
  if (target === "") return result;
  const kept = [...input].filter(
    ([path]) => path !== target && !path.startsWith(`${target}.`) && !target.startsWith(`${path}.`),
  );
  const placed = [...result].flatMap(([path, fact]): [string, Fact][] => {
    const whole = path === "" ? target : `${target}.${path}`;
    return whole.split(".").length <= MAX_MEMBERS ? [[whole, fact]] : [];
  });
  return new Map([...kept, ...placed]);
}

/** What a state sees of its input, or hands on of its output: all of it, a member, or nothing (`null`). */
export function factsThroughPath(facts: Facts, path: unknown): Facts {
  if (path === undefined) return facts;
  const reference = parseReference(asText(path) ?? "");
  return reference?.root === "$" ? factsBelow(facts, reference.members) : NO_FACTS;
}

/** Where a choice can go: its rules in order, until one that must be true. Names the edge as it is written. */
export function choiceTargets(state: Loose, input: Facts): { readonly to: string; readonly via: string }[] {
  const targets: { to: string; via: string }[] = [];
  const known = factsThroughPath(input, state["InputPath"]);
  for (const [index, rule] of asList(state["Choices"]).map(asObject).entries()) {
    const truth = truthOf(rule, known);
    const to = asText(rule["Next"]);
    if (truth !== false && to !== undefined) targets.push({ to, via: `Choices[${index}]` });
    if (truth === true) return targets;
  }
  const fallback = asText(state["Default"]);
  return fallback === undefined ? targets : [...targets, { to: fallback, via: "Default" }];
}

/** Kleene's three values: `undefined` may be either. */
type Truth = boolean | undefined;

/** Members of a rule that say nothing about whether it holds. */
const NO_TEST: ReadonlySet<string> = new Set(["Next", "Comment", "Variable", "Assign"]);

function truthOf(test: Loose, facts: Facts): Truth {
  const tests = Object.keys(test).filter((key) => !NO_TEST.has(key));
  const [operator] = tests;
  if (operator === undefined || tests.length !== 1) return undefined;
  const operand = test[operator];
  if (operator === "And" || operator === "Or") {
    const truths = asList(operand).map((part) => truthOf(asObject(part), facts));
    const decisive = operator === "Or";
    if (truths.includes(decisive)) return decisive;
    return truths.length === 0 || truths.includes(undefined) ? undefined : !decisive;
  }
  if (operator === "Not") {
    const truth = truthOf(asObject(operand), facts);
    return truth === undefined ? undefined : !truth;
  }
  const reference = parseReference(asText(test["Variable"]) ?? "");
  const fact = reference?.root === "$" ? facts.get(reference.members.join(".")) : undefined;
  return fact === undefined ? undefined : testFact(fact, operator, operand);
}

/** The tests that a known value decides; every other may be true or false. */
function testFact({ is, isNot, begins }: Fact, operator: string, operand: unknown): Truth {
  if (operator === "IsPresent") return typeof operand === "boolean" ? operand : undefined;
  if (begins !== undefined && operator === "StringMatches" && typeof operand === "string") {
    // Every text that begins so fits, or it cannot be told.
    return /^[^*\\]*\*$/.test(operand) && begins.startsWith(operand.slice(0, -1)) ? true : undefined;
  }
  if (is === undefined) {
    return operator === "StringEquals" && isScalar(operand) && isNot?.has(operand) === true ? false : undefined;
  }
  if (typeof is === "string" && typeof operand === "string") return TEXT_TESTS[operator]?.(is, operand);
  if (typeof is === "boolean" && operator === "BooleanEquals" && typeof operand === "boolean") return is === operand;
  if (typeof is === "number" && operator === "NumericEquals" && typeof operand === "number") return is === operand;
  return undefined;
}

const TEXT_TESTS: Readonly<Partial<Record<string, (value: string, operand: string) => boolean>>> = {
  StringEquals: (value, operand) => value === operand,
  StringMatches: (value, operand) => matchesGlob(operand, value),
};

/** `*` stands for any characters, `\*` for a star and `\\` for a backslash. @see https://states-language.net/spec.html#choice-state (read 2026-11-23) */
function matchesGlob(pattern: string, value: string): boolean {
  const expression = pattern.replace(/\\[*\\]|[\s\S]/g, (part) =>
    part === "*" ? "[\\s\\S]*" : part.slice(-1).replace(/[.*+?^${}()|[\]\\/-]/, "\\$&"),
  );
  return new RegExp(`^${expression}$`).test(value);
}

function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
