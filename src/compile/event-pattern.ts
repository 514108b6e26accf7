/** An event pattern that this matcher cannot read; it never guesses. */
export class EventPatternError extends Error {
  override readonly name = "EventPatternError";
}

/**
 * Whether EventBridge would deliver `event` to a rule with `pattern`, for the operators that we read: literals, `prefix`, `suffix`,
 * `wildcard`, `equals-ignore-case`, `anything-but`, `exists` and `$or`. Throws `EventPatternError` for anything else: a pattern half
 * understood would match too much.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html (read 2026-11-25)
 */
export function matchesPattern(pattern: unknown, event: unknown): boolean {
  return compileNode(pattern, "pattern")(event);
}

type Matcher = (value: unknown) => boolean;

/** Every key of a pattern must match, within one element where the event holds a list; the whole pattern is read before any of it is applied. */
function compileNode(pattern: unknown, path: string): Matcher {
  if (!isObject(pattern)) throw new EventPatternError(`\`${path}\` must be an object`);
  const members = Object.entries(pattern).map(([key, node]): Matcher => {
    if (key === "$or") return compileOr(node, `${path}.$or`);
    const matches = Array.isArray(node) ? compileLeaf(node, `${path}.${key}`) : compileNode(node, `${path}.${key}`);
    return (value) => matches(isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined);
  });
  if (members.length === 0) throw new EventPatternError(`\`${path}\` is empty`);
  return (value) => {
    const nodes: readonly unknown[] = Array.isArray(value) && value.length > 0 ? value : [value];
    return nodes.some((node) => members.every((matches) => matches(node)));
  };
}

/** Any of several patterns for the same node. EventBridge takes a list of fewer than two for the name of a field. */
function compileOr(node: unknown, path: string): Matcher {
  if (!Array.isArray(node) || node.length < 2)
    throw new EventPatternError(`\`${path}\` must list two patterns or more`);
  const alternatives = node.map((alternative, position) => compileNode(alternative, `${path}[${position}]`));
  return (value) => alternatives.some((matches) => matches(value));
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
    const [operator, texts] = entry;
    const tests = (Array.isArray(texts) && texts.length > 0 ? texts : [texts]).map((text) =>
      compileTextTest(operator, text, path),
    );
    return anyElement((element) => isScalar(element) && !tests.some((excludes) => excludes(element)));
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
    if (operator === "wildcard") {
      const matches = compileWildcard(operand, path);
      return (value) => typeof value === "string" && matches.test(value);
    }
    if (operator === "equals-ignore-case") {
      return (value) => typeof value === "string" && value.toLowerCase() === operand.toLowerCase();
    }
  }
  throw new EventPatternError(`\`${path}\` uses \`${operator}\` in a way that this matcher does not read`);
}

/** `*` is any text, `\\*` an asterisk, `\\\\` a backslash. EventBridge refuses two wildcards in a row. */
function compileWildcard(operand: string, path: string): RegExp {
  if (/(?<!\\)(?:\\\\)*\*\*/.test(operand) || /(?<!\\)(?:\\\\)*\\(?![\\*])/.test(operand)) {
    throw new EventPatternError(`\`${path}\` holds a wildcard that EventBridge refuses: \`${operand}\``);
  }
  const source = operand.replace(/\\[\\*]|\*|[.+?^${}()|[\]]/g, (part) =>
    part === "*" ? "[^]*" : part.length === 2 ? part : `\\${part}`,
  );
  return new RegExp(`^${source}$`);
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
