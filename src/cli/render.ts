import { plain } from "../core";

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
  return [line(header), line(header.map(() => "---")), ...rows.map((row) => line(row.map(cell)))].join("");
}

/** Marks of Markdown and HTML are escaped; a bar ends a cell even inside of code. */
function cell(text: string): string {
  return escapeMarkdown(text, (code) => code.replaceAll("|", "\\|"));
}

/** Text that means nothing to Markdown or HTML, but for what stands in single backticks, which stays code. */
export function escapeMarkdown(text: string, insideCode: (code: string) => string = (code) => code): string {
  return plain(text)
    .split(/(`[^`]*`)/)
    .map((part, index) => (index % 2 === 1 ? insideCode(part) : part.replace(/[\\|<>[\]*_~#!]/g, "\\$&")))
    .join("");
}

/** One JSON document. */
export function renderJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
