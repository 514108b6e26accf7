/** How much a finding weighs: an `error` refuses the policy or the stack, a `warning` is for a person to read. */
export type Severity = "error" | "warning";

/** One thing that is wrong, where it is, and what to do next. */
export interface Finding<Code extends string = string> {
  /** PascalCase, public and stable: tests and documents cite it. */
  readonly code: Code;
  readonly severity: Severity;
  /** Where, as in `fields.work_email.owner` or `exceptions[0].expires`; empty for the whole document. */
  readonly path: string;
  /** Lower-case start, no final period, user input in backticks. */
  readonly message: string;
  /** The next step. */
  readonly hint?: string;
  /** 1-based line in the source text, where one is known. */
  readonly line?: number;
  /** 1-based column in the source text, where one is known. */
  readonly column?: number;
}

/** Findings in the order they are shown: by path, then code, then message. */
export function sortFindings<F extends Finding>(findings: readonly F[]): F[] {
  return [...findings].sort(
    (a, b) => compare(a.path, b.path) || compare(a.code, b.code) || compare(a.message, b.message),
  );
}

/** Whether any finding is an error. */
export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.severity === "error");
}

/**
 * One finding as a line of text, `file:line:column severity Code path: message` with the hint on a second line. What it quotes
 * cannot move the cursor of a terminal.
 */
export function renderFinding(finding: Finding, file?: string): string {
  const at = [file, finding.line, finding.column].filter((part) => part !== undefined).join(":");
  const where = finding.path === "" ? "" : ` ${finding.path}:`;
  const lines = [`${at === "" ? "" : `${at} `}${finding.severity} ${finding.code}${where} ${finding.message}`];
  if (finding.hint !== undefined) lines.push(`    hint: ${finding.hint}`);
  return lines.map(plain).join("\n");
}

/** Text from outside as it may be shown in a terminal: what moves the cursor or hides is written as an escape. */
export function plain(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
