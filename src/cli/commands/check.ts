import { hasErrors, plain, renderFinding } from "../../core";
import { checkPolicyText, FIELD_CLASSES, type CheckedPolicy, type Policy, type PolicyFinding } from "../../policy";
import { oneWord, readArguments, readFormat, readTime } from "../arguments";
import { EXIT, nameOfInput, readInput, type Command, type Format } from "../io";
import { renderJson, renderMarkdownTable } from "../render";

/** `check POLICY`: every finding about a policy at once. */
export const check: Command = {
  name: "check",
  summary: "find everything that is wrong with a policy",
  help: `Usage: hris-writeback check POLICY [--at TIME] [--format text|markdown|json]

Reports all findings about the policy file POLICY (- for standard input) at once, each with its place and what to do.

  --at TIME        judge end dates at this time (2026-11-23T09:00:00Z or 2026-11-23); now unless given
  --format FORMAT  text (default), markdown, or json: { "findings": [ { "code", "severity", "path",
                   "message", "hint", "line", "column" } ] }

Exit code 0 where no finding is an error, 2 where one is, 1 where POLICY cannot be read.
`,
  run: async (args, io) => {
    const { words, values, flags } = readArguments(args, { at: "value", format: "value" });
    if (flags.has("help")) {
      io.out(check.help);
      return EXIT.ok;
    }
    const file = oneWord(words, "POLICY, the policy file,");
    const format = readFormat(values["format"]);
    const now = readTime(values["at"]) ?? io.now();
    const checked = checkPolicyText(await readInput(file, io), { now });
    io.out(RENDER[format](checked, nameOfInput(file)));
    return hasErrors(checked.findings) ? EXIT.wrong : EXIT.ok;
  },
};

const RENDER: Readonly<Record<Format, (checked: CheckedPolicy, file: string) => string>> = {
  text: ({ findings, policy }, file) =>
    [...findings.map((finding) => renderFinding(finding, file)), summary(findings, policy, file)]
      .map((line) => `${line}\n`)
      .join(""),
  markdown: ({ findings, policy }, file) => {
    const rows = findings.map((finding) => [
      finding.severity,
      finding.code,
      finding.line === undefined ? "" : `${String(finding.line)}:${String(finding.column ?? 1)}`,
      finding.path,
      finding.message,
      finding.hint ?? "",
    ]);
    const table =
      rows.length === 0
        ? ""
        : `${renderMarkdownTable(["Severity", "Code", "Place", "Path", "Message", "Hint"], rows)}\n`;
    return `${table}${summary(findings, policy, file)}\n`;
  },
  json: ({ findings }) =>
    renderJson({
      findings: findings.map(({ code, severity, path, message, hint, line, column }) => ({
        code,
        severity,
        path,
        message,
        hint: hint ?? null,
        line: line ?? null,
        column: column ?? null,
      })),
    }),
};

function summary(findings: readonly PolicyFinding[], policy: Policy | undefined, file: string): string {
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const warnings = findings.length - errors;
  const found =
    findings.length === 0
      ? "no findings"
      : [count(errors, "error"), count(warnings, "warning")].filter(Boolean).join(", ");
  return policy === undefined ? `${plain(file)}: ${found}` : `${plain(file)}: ${fieldsByClass(policy)}; ${found}`;
}

function fieldsByClass(policy: Policy): string {
  const classes = Object.values(policy.fields).map((field) => field.class);
  const parts = FIELD_CLASSES.map((each) => `${String(classes.filter((other) => other === each).length)} ${each}`);
  return `${count(classes.length, "field") || "no fields"} (${parts.join(", ")})`;
}

function count(number: number, what: string): string {
  return number === 0 ? "" : `${String(number)} ${what}${number === 1 ? "" : "s"}`;
}
