import { createHash } from "node:crypto";

import type { Block, Content, ExplainedStatement, Inline, Item, Section, Text } from "./content";
import { drawGraph } from "./draw";
import { element, lines, Markup, together, type Child } from "./markup";
import { REPORT_STYLE } from "./style";

/**
 * The report as one HTML file that loads nothing and runs nothing: its one style is named by its hash in a Content-Security-Policy that
 * allows nothing else.
 */
export function renderHtml(content: Content): string {
  const styleHash = createHash("sha256").update(REPORT_STYLE).digest("base64");
  const head = element(
    "head",
    {},
    element("meta", { charset: "utf-8" }),
    element("meta", {
      "http-equiv": "Content-Security-Policy",
      content: `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'`,
    }),
    element("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
    element("meta", { name: "color-scheme", content: "light dark" }),
    element("meta", { name: "referrer", content: "no-referrer" }),
    element("title", {}, content.title),
    // Its text is a constant, whose hash the policy names.
    element("style", {}, new Markup(REPORT_STYLE)),
  );
  const body = element(
    "body",
    {},
    element("a", { href: "#content", class: "skip" }, "To the content"),
    element("header", {}, element("h1", {}, content.title), contents(content.sections)),
    element("main", { id: "content" }, ...content.sections.map(sectionOf)),
  );
  return `<!doctype html>\n${element("html", { lang: "en" }, head, body).html}\n`;
}

function contents(sections: readonly Section[]): Markup {
  return element(
    "nav",
    { "aria-label": "Contents" },
    element("ol", {}, ...sections.map(({ id, title }) => element("li", {}, element("a", { href: `#${id}` }, title)))),
  );
}

function sectionOf({ id, title, blocks }: Section): Markup {
  return element(
    "section",
    { id, "aria-labelledby": `${id}-title` },
    element("h2", { id: `${id}-title` }, title),
    ...blocks.map(blockOf),
  );
}

function blockOf(block: Block): Markup {
  switch (block.kind) {
    case "paragraph":
      return element("p", {}, inlines(block.text));
    case "heading":
      return element("h3", { id: block.id }, inlines(block.text));
    case "list":
      return listOf(block.items);
    case "facts":
      return element(
        "dl",
        {},
        ...block.rows.map(([name, value]) =>
          element("div", {}, element("dt", {}, name), element("dd", {}, inlines(value))),
        ),
      );
    case "table":
      return tableOf(block);
    case "document":
      return element(
        "article",
        { class: "document" },
        element("h4", {}, inlines(block.title)),
        ...(block.opening === "" ? [] : [element("pre", { class: "frame" }, lines(block.opening))]),
        ...block.statements.map(statementOf),
        ...(block.closing === "" ? [] : [element("pre", { class: "frame" }, lines(block.closing))]),
      );
    case "drawing":
      // Wide drawings are scrolled on narrow pages, with a keyboard too.
      return element(
        "figure",
        {},
        element(
          "div",
          { class: "drawing", tabindex: 0, role: "group", "aria-label": block.drawing.title },
          drawGraph(block.drawing, block.id),
        ),
        element("figcaption", {}, block.drawing.description),
      );
  }
}

function statementOf({ says, points, json }: ExplainedStatement): Markup {
  return element(
    "div",
    { class: "statement" },
    element(
      "div",
      { class: "says" },
      element("p", {}, inlines(says)),
      ...(points.length === 0 ? [] : [listOf(points.map((text) => ({ text })))]),
    ),
    element("pre", {}, lines(json)),
  );
}

function listOf(items: readonly Item[]): Markup {
  return element(
    "ul",
    {},
    ...items.map(({ text, items: inner = [] }) =>
      element("li", {}, inlines(text), inner.length === 0 ? [] : listOf(inner)),
    ),
  );
}

/** Roles are written out: on a narrow page the cells stand below each other, which would take them away. */
function tableOf({ caption, head, rows }: Extract<Block, { readonly kind: "table" }>): Markup {
  const headCells = head.map((name) =>
    name === "" ? element("td", {}) : element("th", { scope: "col", role: "columnheader" }, name),
  );
  const row = (cells: readonly Text[]): Markup =>
    element(
      "tr",
      { role: "row" },
      ...cells.map((cell, index) =>
        index === 0
          ? element("th", { scope: "row", role: "rowheader" }, inlines(cell))
          : element("td", { role: "cell", "data-label": head[index] }, inlines(cell)),
      ),
    );
  return element(
    "table",
    { role: "table" },
    element("caption", {}, caption),
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...headCells)),
    element("tbody", { role: "rowgroup" }, ...rows.map(row)),
  );
}

/** Up to so many characters a code is one word, which a narrow column does not break: it fits a phone. */
const SHORT = 24;

function inlines(text: Text): Child {
  return together(...text.map(inline));
}

function inline(part: Inline): Child {
  if (typeof part === "string") return part;
  if ("code" in part) return element("code", part.code.length > SHORT ? {} : { class: "short" }, part.code);
  if ("strong" in part) return element("strong", {}, part.strong);
  if ("badge" in part) return element("span", { class: `badge ${part.tone}` }, part.badge);
  return element("a", { href: `#${part.to}` }, part.link);
}
