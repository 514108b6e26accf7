import { sortFindings, type Finding } from "../core";
import { POLICY_CODES, type PolicyFindingCode } from "./codes";

/** Where in the policy: keys and list positions from the root. */
export type Path = readonly (string | number)[];

/** A finding about a policy. */
export type PolicyFinding = Finding<PolicyFindingCode>;

/** A finding before its place in the text is known. */
export interface Problem {
  readonly code: PolicyFindingCode;
  readonly path: Path;
  /** What a reader should look at: the key, or (unless said) the value. */
  readonly at?: "key" | "value";
  readonly message: string;
  /** The next step; the code's own mend where absent. */
  readonly hint?: string;
  /** Whether what stands at `path` could not be read: what else is said of it, or of anything inside, is the same mistake. */
  readonly unread?: boolean;
  /** The path that a misspelt key probably means: that it is missing there is not another mistake. */
  readonly meant?: Path;
  /** A place in the text that no path leads to, as a syntax error's. */
  readonly position?: Position;
}

/** A place in the source text, 1-based. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Finds the place of a path; `undefined` for input that has no text. */
export type Locate = (path: Path, at: "key" | "value") => Position | undefined;

/** Longest piece of user input shown in a message, in UTF-16 code units. */
const MAX_SHOWN = 60;

/** Keys that read well after a dot; others are shown in brackets. */
const PLAIN_KEY = /^[A-Za-z_$][\w$.-]*$/;

/** A path as people write it: `fields.work_email.owner`, `exceptions[0].expires`, `fields["two words"]`. */
export function renderPath(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === "number") return `[${String(step)}]`;
      if (!PLAIN_KEY.test(step)) return `[${escapeUnseen(JSON.stringify(step))}]`;
      return index === 0 ? step : `.${step}`;
    })
    .join("");
}

/** What cannot be seen, or moves what can, as JSON writes it: a path is shown in terminals. */
function escapeUnseen(json: string): string {
  return json.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (char) =>
    Array.from(
      { length: char.length },
      (_, index) => `\\u${char.charCodeAt(index).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}

/** User input in backticks, on one line and cut to a readable length. Lists and mappings are named, not shown. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return `a ${typeof value}`;
  const text = String(value).replace(/[\p{C}\u2028\u2029`]/gu, "?");
  return `\`${text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN).replace(/[\uD800-\uDBFF]$/, "")}…` : text}\``;
}

/** Findings of problems: severity and hint from the code, place from the text; sorted, and one of each. */
export function findingsOf(problems: readonly Problem[], locate: Locate): PolicyFinding[] {
  const findings = withoutConsequences(problems).map((problem): PolicyFinding => {
    const { code, message } = problem;
    const place = problem.position ?? locate(problem.path, problem.at ?? "value");
    return {
      code,
      severity: POLICY_CODES[code].severity,
      path: renderPath(problem.path),
      message,
      hint: problem.hint ?? POLICY_CODES[code].mend,
      ...(place === undefined ? {} : { line: place.line, column: place.column }),
    };
  });
  // One place of the text can be reached by several paths, through aliases: what is wrong there is one mistake.
  const seen = new Set<string>();
  return sortFindings(findings).filter(({ code, message, path, line, column }) => {
    const key = JSON.stringify([code, message, line === undefined ? path : [line, column]]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/**
 * One finding per mistake: a key that a misspelt one probably means is not also missing, and of what could not be read nothing
 * else is said.
 */
function withoutConsequences(problems: readonly Problem[]): readonly Problem[] {
  const meant = new Set(problems.flatMap(({ meant: path }) => (path === undefined ? [] : [JSON.stringify(path)])));
  const unread = new Set(problems.flatMap(({ unread: is, path }) => (is === true ? [JSON.stringify(path)] : [])));
  return problems.filter(({ code, path, unread: is }) => {
    if (is === true) return true;
    if (code.startsWith("Missing") && meant.has(JSON.stringify(path))) return false;
    return unread.size === 0 || !path.some((_, index) => unread.has(JSON.stringify(path.slice(0, index + 1))));
  });
}
