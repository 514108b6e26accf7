import { markdownMessage, plain } from "../core";

/** A table of aligned columns. */
export function renderTextTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows].map((row) => row.map(plain));
  const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}

/** A Markdown table; what a cell holds stays inside it. */
export function renderMarkdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  const cell = (text: string): string => markdownMessage(text, { inTable: true });
  return [line(header), line(header.map(() => "---")), ...rows.map((row) => line(row.map(cell)))].join("");
}

/** Text that means nothing to Markdown or HTML, but for what stands in single backticks, which stays code. */
export function escapeMarkdown(text: string): string {
  return markdownMessage(text);
}

/** One JSON document. */
export function renderJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
