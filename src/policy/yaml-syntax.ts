import { isAlias, isNode, isScalar, visit, type Document, type Node, type YAMLError } from "yaml";

import type { Position, Problem } from "./problem";
import { shown } from "./problem";

/** What is wrong with a text as YAML, and whether what it says can be judged all the same. */
export interface SyntaxProblems {
  readonly problems: readonly Problem[];
  readonly isReadable: boolean;
}

/**
 * The parser's errors and warnings as problems: one per mistake, where a person would mend it. Tags, directives and a second
 * document do not keep anyone from reading the rest.
 */
export function syntaxProblems(
  document: Document.Parsed,
  text: string,
  positionOf: (offset: number) => Position,
): SyntaxProblems {
  const all = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0]);
  const isHarmless = ({ code }: YAMLError): boolean =>
    code === "MULTIPLE_DOCS" || code === "TAG_RESOLVE_FAILED" || code === "BAD_DIRECTIVE";
  const harmless = all.filter(isHarmless);
  const wrong = withoutConsequences(
    all.filter((error) => !isHarmless(error)),
    text,
  );
  const quoted = wrong.length === 0 ? [] : startsOf(document, isQuoted);
  const flows = wrong.length === 0 ? new Map<number, number>() : openings(document);
  const tagged = harmless.length === 0 ? [] : startsOf(document, isTagged);
  const problems = [
    ...wrong.map((error) => problemOf(error, positionOf(placeOf(error, quoted, flows)))),
    ...harmless
      // The reader itself reports the tags of nodes, with their path.
      .filter((error) => error.code !== "TAG_RESOLVE_FAILED" || !isTagOfNode(error.pos[0], tagged, text))
      .map((error) => problemOf(error, positionOf(error.pos[0]))),
    ...directiveProblems(document, text, positionOf),
  ];
  return { problems, isReadable: wrong.length === 0 };
}

function problemOf({ code, message }: YAMLError, position: Position): Problem {
  const isUnsupported = ["MULTIPLE_DOCS", "TAG_RESOLVE_FAILED", "BAD_DIRECTIVE"].includes(code) || isTooDeep(message);
  return {
    code: isUnsupported ? "UnsupportedYaml" : "InvalidYaml",
    path: [],
    message: wordsOf(code, message),
    position,
  };
}

/** The parser reports an exhausted stack as an error of the text. */
function isTooDeep(message: string): boolean {
  return message.includes("call stack");
}

function wordsOf(code: string, message: string): string {
  if (isTooDeep(message)) return "the text is nested too deeply";
  if (code === "MULTIPLE_DOCS") return "the text holds several documents, expected one";
  const first = message.split("\n")[0] ?? message;
  const words = first.replace(/[.:]?\s*$/, "").replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "?");
  return `${words.charAt(0).toLowerCase()}${words.slice(1)}`;
}

/**
 * An error with nothing but blanks and comments between it and the one before is that one's consequence; so is whatever else
 * is wrong with the structure of a section that already has such an error, up to the next line that begins without a blank.
 */
function withoutConsequences(errors: readonly YAMLError[], text: string): readonly YAMLError[] {
  if (errors.length < 2) return errors;
  const sections = [...text.matchAll(/^[^\s#]/gm)].map(({ index }) => index);
  let structure: number | undefined;
  return errors.filter((error, index) => {
    const [at] = error.pos;
    const before = errors[index - 1];
    if (before !== undefined && isBlank(text.slice(before.pos[0], at))) return false;
    if (isMissingQuote(error)) return true;
    if (structure !== undefined && countBelow(sections, structure + 1) === countBelow(sections, at + 1)) return false;
    structure = at;
    return true;
  });
}

/** Whether a stretch of text holds blanks and comments only. */
function isBlank(text: string): boolean {
  return text.split("\n").every((line) => /^\s*(?:#|$)/.test(line));
}

function isMissingQuote({ code, message }: YAMLError): boolean {
  return code === "MISSING_CHAR" && message.includes("quote");
}

/** Where an error is mended: what is not closed, where it was opened. */
function placeOf(error: YAMLError, quoted: readonly number[], flows: ReadonlyMap<number, number>): number {
  const [at] = error.pos;
  if (isMissingQuote(error)) return quoted[countBelow(quoted, at + 1) - 1] ?? at;
  return /must .*end with a/.test(error.message) ? (flows.get(at) ?? at) : at;
}

/** Where the nodes of one sort begin, in the text's order. */
function startsOf(document: Document.Parsed, isWanted: (node: Node) => boolean): readonly number[] {
  const starts: number[] = [];
  visit(document, {
    Node: (_, node) => {
      if (isNode(node) && node.range && isWanted(node)) starts.push(node.range[0]);
    },
  });
  return starts.sort((a, b) => a - b);
}

/** Where bracketed lists and mappings begin, by where they end: the innermost of several. */
function openings(document: Document.Parsed): ReadonlyMap<number, number> {
  const starts = new Map<number, number>();
  visit(document, {
    Collection: (_, { flow, range }) => {
      if (flow === true && range) starts.set(range[1], Math.max(starts.get(range[1]) ?? 0, range[0]));
    },
  });
  return starts;
}

function isQuoted(node: Node): boolean {
  return isScalar(node) && (node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE");
}

function isTagged(node: Node): boolean {
  return !isAlias(node) && node.tag !== undefined;
}

/** Furthest that a tag is looked for before its node, in UTF-16 code units. */
const MAX_PROPERTIES = 1024;

/** Whether the tag that stands at an offset is that of the next node with a tag: at most an anchor lies between. */
function isTagOfNode(offset: number, tagged: readonly number[], text: string): boolean {
  const start = tagged[countBelow(tagged, offset)];
  if (start === undefined || start - offset > MAX_PROPERTIES) return false;
  const [, ...between] = text.slice(offset, start).trim().split(/\s+/);
  return between.every((word) => word.startsWith("&"));
}

/** How many of some sorted numbers are below a limit. */
function countBelow(sorted: readonly number[], limit: number): number {
  let low = 0;
  for (let high = sorted.length; low < high;) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? Infinity) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Directives that make the text mean something else than it reads. */
function directiveProblems(
  document: Document.Parsed,
  text: string,
  positionOf: (offset: number) => Position,
): readonly Problem[] {
  const { yaml, tags } = document.directives;
  const isOther = yaml.explicit && yaml.version !== "1.2";
  const hasHandles = Object.keys(tags).length > 1 || tags["!!"] !== "tag:yaml.org,2002:";
  if (!isOther && !hasHandles) return [];
  return [...text.matchAll(/^%(YAML|TAG)\b.*$/gm)].flatMap(({ 0: line, 1: name, index }): Problem[] => {
    if (name === "YAML" && !isOther) return [];
    const message =
      name === "YAML"
        ? `the text asks for YAML ${shown(yaml.version)}, expected YAML 1.2`
        : `found the directive ${shown(line.trim())}, which gives tags another meaning`;
    const hint = `remove the \`%${name ?? ""}\` directive`;
    return [{ code: "UnsupportedYaml", path: [], message, hint, position: positionOf(index) }];
  });
}
