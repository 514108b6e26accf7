import type { Context } from "./context";
import { IamDocumentError } from "./errors";

/** One piece of a pattern: literal text, `*`, `?`, or a policy variable. */
export type PatternPart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "any" }
  | { readonly kind: "one" }
  | { readonly kind: "variable"; readonly key: string; readonly fallback?: string };

/** Whether a text of the request matches, given the request's context. */
export type Matcher = (value: string, context: Context) => boolean;

/** Characters that IAM accepts in a text of a document. @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (read 2026-11-23) */
const POLICY_CHARACTERS = /^[\u0020-\u00FF]*$/;

/** `key` or `key, 'default'` between the braces of a variable. A key names its service before a colon. */
const VARIABLE = /^([A-Za-z][A-Za-z0-9-]*:[^,']+?)\s*(?:,\s*'([^']*)')?$/;

const ANY = -1;
const ONE = -2;

/**
 * Takes a text of a policy apart. `${*}`, `${?}` and `${$}` are literal characters; any other `${…}` is a variable.
 *
 * A `${…}` without a service prefix is refused with `IamDocumentError`: it is a reference of Terraform that nobody
 * resolved, and as a variable it would silently match nothing.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html (read 2026-11-23)
 */
export function parsePattern(source: string, path: string, options: { readonly wildcards: boolean }): PatternPart[] {
  if (!POLICY_CHARACTERS.test(source)) throw new IamDocumentError(path, "holds characters outside U+0020 to U+00FF");
  const parts: PatternPart[] = [];
  let text = "";
  const flush = (): void => {
    if (text !== "") parts.push({ kind: "text", text });
    text = "";
  };
  for (let at = 0; at < source.length; at += 1) {
    const character = source.charAt(at);
    if (character === "$" && source.charAt(at + 1) === "{") {
      const end = source.indexOf("}", at);
      if (end === -1) throw new IamDocumentError(path, `\`${source}\` opens a variable and does not close it`);
      const inner = source.slice(at + 2, end);
      at = end;
      if (inner === "*" || inner === "?" || inner === "$") {
        text += inner;
        continue;
      }
      flush();
      parts.push(variableOf(inner, path));
    } else if (options.wildcards && character === "*") {
      flush();
      parts.push({ kind: "any" });
    } else if (options.wildcards && character === "?") {
      flush();
      parts.push({ kind: "one" });
    } else {
      text += character;
    }
  }
  flush();
  return parts;
}

function variableOf(inner: string, path: string): PatternPart {
  const match = VARIABLE.exec(inner);
  const key = match?.[1];
  if (key === undefined) {
    throw new IamDocumentError(path, `\`\${${inner}}\` is not a policy variable; resolve references before evaluating`);
  }
  const fallback = match?.[2];
  return { kind: "variable", key: key.toLowerCase(), ...(fallback === undefined ? {} : { fallback }) };
}

/** Whether a pattern is the same for every request. */
function isStatic(parts: readonly PatternPart[]): boolean {
  return parts.every((part) => part.kind !== "variable");
}

/** The text that a pattern without wildcards and variables stands for, or `undefined` for any other pattern. */
export function literalOf(parts: readonly PatternPart[]): string | undefined {
  let text = "";
  for (const part of parts) {
    if (part.kind !== "text") return undefined;
    text += part.text;
  }
  return text;
}

/**
 * Compiles a pattern. A variable that the request does not set, or sets to several values, makes the pattern match
 * nothing. The value of a variable is literal: its `*` and `?` match themselves.
 */
export function compilePattern(
  parts: readonly PatternPart[],
  options: { readonly ignoreCase?: boolean } = {},
): Matcher {
  const fold =
    options.ignoreCase === true ? (text: string): string => text.toLowerCase() : (text: string): string => text;
  const literal = literalOf(parts);
  if (literal !== undefined) {
    const expected = fold(literal);
    return (value) => fold(value) === expected;
  }
  const [first, second] = parts;
  if (parts.length === 1 && first?.kind === "any") return () => true;
  if (parts.length === 2 && first?.kind === "text" && second?.kind === "any") {
    const prefix = fold(first.text);
    return (value) => fold(value).startsWith(prefix);
  }
  if (isStatic(parts)) {
    const codes = codesOf(parts, undefined, fold);
    return codes === undefined ? () => false : (value) => matchesCodes(codes, fold(value));
  }
  if (parts.every((part) => part.kind === "text" || part.kind === "variable")) {
    return (value, context) => {
      const expected = expand(parts, context);
      return expected !== undefined && fold(value) === fold(expected);
    };
  }
  return (value, context) => {
    const codes = codesOf(parts, context, fold);
    return codes !== undefined && matchesCodes(codes, fold(value));
  };
}

/** The single value that a variable stands for in this request, or `undefined`. */
function valueOf(part: PatternPart & { readonly kind: "variable" }, context: Context | undefined): string | undefined {
  const value = context?.get(part.key);
  return typeof value === "string" ? value : value === undefined ? part.fallback : undefined;
}

function expand(parts: readonly PatternPart[], context: Context): string | undefined {
  let text = "";
  for (const part of parts) {
    if (part.kind === "text") text += part.text;
    else if (part.kind === "variable") {
      const value = valueOf(part, context);
      if (value === undefined) return undefined;
      text += value;
    }
  }
  return text;
}

function codesOf(
  parts: readonly PatternPart[],
  context: Context | undefined,
  fold: (text: string) => string,
): number[] | undefined {
  const codes: number[] = [];
  for (const part of parts) {
    if (part.kind === "any") codes.push(ANY);
    else if (part.kind === "one") codes.push(ONE);
    else {
      const text = part.kind === "text" ? part.text : valueOf(part, context);
      if (text === undefined) return undefined;
      const folded = fold(text);
      for (let at = 0; at < folded.length; at += 1) codes.push(folded.charCodeAt(at));
    }
  }
  return codes;
}

/** Glob match in linear space: on a mismatch, the last `*` takes one character more. */
function matchesCodes(codes: readonly number[], value: string): boolean {
  let pattern = 0;
  let at = 0;
  let star = -1;
  let resume = 0;
  while (at < value.length) {
    const code = codes[pattern];
    if (code === ANY) {
      star = pattern;
      resume = at;
      pattern += 1;
    } else if (code === ONE || code === value.charCodeAt(at)) {
      pattern += 1;
      at += 1;
    } else if (star !== -1) {
      pattern = star + 1;
      resume += 1;
      at = resume;
    } else {
      return false;
    }
  }
  while (codes[pattern] === ANY) pattern += 1;
  return pattern === codes.length;
}
