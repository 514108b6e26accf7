import { PolicyError, sortFindings } from "../core";
import type { Policy } from "../policy/model";
import { checkEventPattern } from "./limits";

/** What an event rule needs of a policy. */
export type EventPolicy = Pick<Policy, "events" | "fields">;

/** The pattern of one rule: this event, from these publishers. */
export interface EventPattern {
  readonly source: readonly string[];
  readonly "detail-type": readonly string[];
}

/**
 * One pattern per lifecycle event that authorises at least one writable field, by the event's name. Publishers and names are
 * matched whole: a pattern has no wildcard. Throws `PolicyError` (`EventPatternTooLong`) where one exceeds EventBridge's limit.
 */
export function compileEventPatterns(policy: EventPolicy): Readonly<Record<string, EventPattern>> {
  const used = new Set(Object.values(policy.fields).flatMap((field) => (field.class === "never" ? [] : field.events)));
  const patterns = Object.entries(policy.events)
    .filter(([name]) => used.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, event]): [string, EventPattern] => [
      name,
      { source: [...event.source].sort(), "detail-type": [name] },
    ]);
  const findings = sortFindings(patterns.flatMap(([name, pattern]) => checkEventPattern(name, pattern)));
  if (findings.length > 0) throw new PolicyError(findings);
  return Object.fromEntries(patterns);
}

/** An event pattern that this matcher cannot read; it never guesses. */
export class EventPatternError extends Error {
  override readonly name = "EventPatternError";
}

/**
 * Whether EventBridge would deliver `event` to a rule with `pattern`, for the operators that we read: literals, `prefix`, `suffix`,
 * `equals-ignore-case`, `anything-but` and `exists`. Throws `EventPatternError` for anything else: a pattern half understood
 * would match too much.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html (read 2026-11-23)
 */
export function matchesPattern(pattern: unknown, event: unknown): boolean {
  return compileNode(pattern, "pattern")(event);
}

type Matcher = (value: unknown) => boolean;

/** Every key of a pattern must match; the whole pattern is read before any of it is applied. */
function compileNode(pattern: unknown, path: string): Matcher {
  if (!isObject(pattern)) throw new EventPatternError(`\`${path}\` must be an object`);
  const members = Object.entries(pattern).map(([key, node]): [string, Matcher] => [
    key,
    Array.isArray(node) ? compileLeaf(node, `${path}.${key}`) : compileNode(node, `${path}.${key}`),
  ]);
  if (members.length === 0) throw new EventPatternError(`\`${path}\` is empty`);
  return (value) => {
    const nodes: readonly unknown[] = Array.isArray(value) ? value : [value];
    return nodes.some((node) =>
      members.every(([key, matches]) => matches(isObject(node) && Object.hasOwn(node, key) ? node[key] : undefined)),
    );
  };
}

/** Any alternative of a leaf may match, against any element where the event holds a list. */
function compileLeaf(alternatives: readonly unknown[], path: string): Matcher {
  if (alternatives.length === 0) throw new EventPatternError(`\`${path}\` has no alternative`);
  const tests = alternatives.map((alternative, position) => compileAlternative(alternative, `${path}[${position}]`));
  return (value) => tests.some((matches) => matches(value));
}

function compileAlternative(alternative: unknown, path: string): Matcher {
  if (isScalar(alternative)) return anyElement((element) => element === alternative);
  if (!isObject(alternative)) throw new EventPatternError(`\`${path}\` is neither a value nor an operator`);
  const entries = Object.entries(alternative);
  const [entry] = entries;
  if (entries.length !== 1 || entry === undefined) throw new EventPatternError(`\`${path}\` must hold one operator`);
  const [operator, operand] = entry;
  if (operator === "exists" && typeof operand === "boolean") {
    return (value) => isPresent(value) === operand;
  }
  if (operator === "anything-but") return compileAnythingBut(operand, path);
  return anyElement(compileTextTest(operator, operand, path));
}

/** The value must be there, and none of the excluded ones. */
function compileAnythingBut(operand: unknown, path: string): Matcher {
  if (isObject(operand)) {
    const entries = Object.entries(operand);
    const [entry] = entries;
    if (entries.length !== 1 || entry === undefined) throw new EventPatternError(`\`${path}\` must hold one operator`);
    const excluded = compileTextTest(entry[0], entry[1], path);
    return anyElement((element) => isScalar(element) && !excluded(element));
  }
  const excluded: unknown[] = Array.isArray(operand) ? operand : [operand];
  if (excluded.length === 0 || !excluded.every((value) => typeof value === "string" || typeof value === "number")) {
    throw new EventPatternError(`\`${path}\` must exclude texts or numbers`);
  }
  return anyElement((element) => isScalar(element) && !excluded.some((value) => value === element));
}

function compileTextTest(operator: string, operand: unknown, path: string): Matcher {
  if (typeof operand === "string" && operand !== "") {
    if (operator === "prefix") return (value) => typeof value === "string" && value.startsWith(operand);
    if (operator === "suffix") return (value) => typeof value === "string" && value.endsWith(operand);
    if (operator === "equals-ignore-case") {
      return (value) => typeof value === "string" && value.toLowerCase() === operand.toLowerCase();
    }
  }
  throw new EventPatternError(`\`${path}\` uses \`${operator}\` in a way that this matcher does not read`);
}

function anyElement(matches: Matcher): Matcher {
  return (value) => (Array.isArray(value) ? value.some(matches) : matches(value));
}

/** `exists` holds for leaves only, as EventBridge defines it. */
function isPresent(value: unknown): boolean {
  return value !== undefined && !isObject(value) && !(Array.isArray(value) && value.length === 0);
}

function isScalar(value: unknown): boolean {
  return value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
