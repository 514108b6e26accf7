import { plain } from "../core";
import type { ReconciliationReport, ReportedFinding } from "../runtime/reconciliation/report";
import type { Format } from "./io";
import { escapeMarkdown, renderJson, renderMarkdownTable, renderTextTable } from "./render";

export const RENDER_RECONCILIATION: Readonly<Record<Format, (report: ReconciliationReport) => string>> = {
  text: (report) => {
    const lines = [titleOf(report), "", `${countsOf(report)}.`, ""];
    return [
      `${lines.map(plain).join("\n")}\n`,
      fieldsOf(report, renderTextTable),
      ...sectionsOf(report).map(([title, findings]) => `\n${title}\n\n${tableOf(findings, renderTextTable)}`),
      ...nextOf(report).map((line) => `\n${plain(line)}`),
      nextOf(report).length === 0 ? "" : "\n",
    ].join("");
  },
  markdown: (report) =>
    [
      `# ${escapeMarkdown(titleOf(report))}\n\n${escapeMarkdown(countsOf(report))}.\n\n`,
      fieldsOf(report, renderMarkdownTable),
      ...sectionsOf(report).map(
        ([title, findings]) => `\n## ${escapeMarkdown(title)}\n\n${tableOf(findings, renderMarkdownTable)}`,
      ),
      nextOf(report).length === 0 ? "" : "\n## What to do\n\n",
      ...nextOf(report).map((line) => `- ${escapeMarkdown(line)}\n`),
    ].join(""),
  json: (report) => renderJson({ reconciliation: report }),
};

function titleOf({ runId, finishedAt, forHumans, open }: ReconciliationReport): string {
  if (finishedAt === undefined) return `Reconciliation ${runId} has not finished`;
  if (forHumans > 0) return `Reconciliation ${runId}: ${countOf(forHumans, "finding")} for people to look at`;
  return `Reconciliation ${runId}: ${open.length === 0 ? "in sync" : "nothing for people to do"}`;
}

function countsOf({
  startedAt,
  finishedAt,
  scope,
  records,
  sessions,
  fields,
  incomplete,
}: ReconciliationReport): string {
  const compared = fields.reduce((sum, each) => sum + each.compared, 0);
  const inSync = fields.reduce((sum, each) => sum + each.inSync, 0);
  return [
    `Began ${startedAt}${finishedAt === undefined ? "" : `, ended ${finishedAt}`}, over ${scope === "all" ? "all fields" : "the fields that were due"}`,
    `${countOf(records, "record")} of the ledger and ${countOf(sessions, "session")} of the connector role read`,
    `${compared} last writes compared, ${inSync} in sync`,
    ...(incomplete.length === 0 ? [] : [`not wholly read: ${incomplete.join(", ")}`]),
  ].join("; ");
}

function fieldsOf({ fields }: ReconciliationReport, render: typeof renderTextTable): string {
  if (fields.length === 0) return "";
  return render(
    ["Field", "Compared", "In sync", "Pending", "Not read"],
    fields.map(({ field, compared, inSync, pending, unread }) => [
      field,
      ...[compared, inSync, pending, unread].map(String),
    ]),
  );
}

function sectionsOf({
  open,
  closed,
}: ReconciliationReport): readonly (readonly [string, readonly ReportedFinding[]])[] {
  const of = (title: string, findings: readonly ReportedFinding[]) =>
    findings.length === 0 ? [] : [[title, findings] as const];
  return [
    ...of(
      "For people to look at",
      open.filter(({ weight }) => weight !== "record"),
    ),
    ...of(
      "Recorded",
      open.filter(({ weight }) => weight === "record"),
    ),
    ...of("Closed: the cause is gone", closed),
  ];
}

function tableOf(findings: readonly ReportedFinding[], render: typeof renderTextTable): string {
  return render(
    ["Class", "Reason", "Field", "About", "For", "Since"],
    findings.map((finding) => [
      `${finding.class}${finding.weight === "alarm" ? " (alarm)" : ""}`,
      finding.reason,
      finding.field ?? "",
      aboutOf(finding),
      finding.owners.join(", "),
      `${finding.openedAt}${finding.state === "opened" ? " (new)" : ""}`,
    ]),
  );
}

function aboutOf({ requestId, index, grantId, workerRef, groups, endsAt }: ReportedFinding): string {
  return [
    ...(requestId === undefined ? [] : [`request ${requestId}, change ${String(index ?? 0)}`]),
    ...(grantId === undefined ? [] : [grantId]),
    ...(workerRef === undefined ? [] : [workerRef]),
    ...(groups === undefined || groups.length === 0 ? [] : [`approved by ${groups.join(", ")}`]),
    ...(endsAt === undefined ? [] : [`ends ${endsAt}`]),
  ].join("; ");
}

/** What to do about each class that asks for somebody, once. */
function nextOf({ open }: ReconciliationReport): readonly string[] {
  const asking = open.filter(({ weight }) => weight !== "record");
  return [...new Map(asking.map((finding) => [finding.class, finding])).values()].map(
    ({ class: findingClass, meaning, next }) => `${findingClass}: ${meaning}. ${capital(next)}.`,
  );
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
