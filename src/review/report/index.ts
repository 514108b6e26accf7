import { componentDefinition } from "../oscal";
import { renderHtml } from "./html";
import { renderReportMarkdown } from "./markdown";
import { reportContent, type ReportInput } from "./report";

export type { ReportInput } from "./report";

/** A file of a report. */
export interface ReportFile {
  readonly name: string;
  readonly text: string;
}

/** The files of a report on one stack. Pure: the same stack and time, the same bytes. */
export function reportFiles(input: ReportInput): ReportFile[] {
  const content = reportContent(input);
  return [
    { name: "report.html", text: renderHtml(content) },
    { name: "report.md", text: renderReportMarkdown(content) },
    { name: "oscal-component-definition.json", text: componentDefinition(input) },
  ];
}
