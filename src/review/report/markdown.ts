import { markdownCode, markdownText, plain } from "../../core";
import type { Block, Content, ExplainedStatement, Item, Text } from "./content";

/** The report as Markdown, without its drawings: their ways stand in tables beside them. */
export function renderReportMarkdown({ title, sections }: Content): string {
  const parts = [
    `# ${markdownText(title)}`,
    ...sections.flatMap((section) => [`## ${markdownText(section.title)}`, ...section.blocks.flatMap(blockOf)]),
  ];
  return `${parts.join("\n\n")}\n`;
}

function blockOf(block: Block): string[] {
  switch (block.kind) {
    case "paragraph":
      return [inlines(block.text)];
    case "heading":
      return [`### ${inlines(block.text)}`];
    case "list":
      return [listOf(block.items, "").join("\n")];
    case "facts":
      return [block.rows.map(([name, value]) => `- ${markdownText(name)}: ${inlines(value)}`).join("\n")];
    case "table":
      return [`${markdownText(block.caption)}:`, tableOf(block.head, block.rows)];
    case "document": {
      const { title, opening, closing, statements } = block;
      if (opening === "") return [`#### ${inlines(title)}`];
      return [
        `#### ${inlines(title)}`,
        ...statements.flatMap(statementOf),
        "In full:",
        fenced(whole(opening, statements, closing)),
      ];
    }
    case "drawing":
      return [`Drawn in \`report.html\`: ${markdownText(block.drawing.title)}.`];
  }
}

function statementOf({ says, points }: ExplainedStatement): string[] {
  return [[`- ${inlines(says)}`, ...points.map((point) => `  - ${inlines(point)}`)].join("\n")];
}

/** The document as one JSON text. */
function whole(opening: string, statements: readonly ExplainedStatement[], closing: string): string {
  const inner = statements.map(({ json }) => json.replace(/^/gm, "    ")).join(",\n");
  return `${opening}\n${inner}\n  ${closing}`;
}

/** Text as a block of code, which nothing within it ends. */
function fenced(text: string): string {
  const safe = text.split("\n").map(plain).join("\n");
  const longest = Math.max(2, ...[...safe.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}json\n${safe}\n${fence}`;
}

function listOf(items: readonly Item[], indent: string): string[] {
  return items.flatMap(({ text, items: inner = [] }) => [
    `${indent}- ${inlines(text)}`,
    ...listOf(inner, `${indent}  `),
  ]);
}

function tableOf(head: readonly string[], rows: readonly (readonly Text[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(head.map(markdownText)),
    line(head.map(() => "---")),
    ...rows.map((row) => line(row.map((cell) => inlines(cell, true)))),
  ].join("\n");
}

function inlines(text: Text, inTable = false): string {
  return text
    .map((part, index) => {
      if (typeof part === "string") return markdownText(part);
      if ("strong" in part) return `**${markdownText(part.strong)}**`;
      if ("badge" in part) return `**${markdownText(part.badge)}**`;
      if ("link" in part) return markdownText(part.link);
      // Two codes side by side would be one, or worse.
      const before = text[index - 1];
      const isBeside = typeof before === "object" && "code" in before;
      return `${isBeside ? " " : ""}${markdownCode(part.code, { inTable })}`;
    })
    .join("");
}
