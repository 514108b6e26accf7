import { messageParts } from "../../core";

/**
 * A report as plain data, before it is HTML or Markdown. Whatever comes from the stack stands in a text or a code of an inline, and
 * the two renderers alone turn those into markup: nothing else of a report ever is.
 */
export type Inline =
  | string
  | { readonly code: string }
  | { readonly strong: string }
  /** A word that says how something stands. */
  | { readonly badge: string; readonly tone: Tone }
  | { readonly link: string; readonly to: string };
export type Text = readonly Inline[];

export type Tone = "good" | "bad" | "open" | "plain";

/** An entry of a list, with entries of its own. */
export interface Item {
  readonly text: Text;
  readonly items?: readonly Item[];
}

/** A statement of a policy document beside what it says. */
export interface ExplainedStatement {
  readonly says: Text;
  /** Conditions that must all hold, and what else must be known to read it. */
  readonly points: readonly Text[];
  readonly json: string;
}

/** A graph that is laid out and drawn; its ways stand in a table beside it, too. */
export interface Drawing {
  readonly title: string;
  readonly description: string;
  readonly nodes: readonly DrawnNode[];
  readonly edges: readonly DrawnEdge[];
}

export interface DrawnNode {
  readonly id: string;
  readonly label: string;
  /** A second, smaller line. */
  readonly note?: string;
  readonly shape: "box" | "choice" | "end" | "store" | "start";
  readonly tone?: Tone;
}

export interface DrawnEdge {
  readonly from: string;
  readonly to: string;
  readonly label?: string;
  readonly style?: "plain" | "dashed";
}

export type Block =
  | { readonly kind: "paragraph"; readonly text: Text }
  | { readonly kind: "heading"; readonly text: Text; readonly id?: string }
  | { readonly kind: "list"; readonly items: readonly Item[] }
  | { readonly kind: "facts"; readonly rows: readonly (readonly [name: string, value: Text])[] }
  | {
      readonly kind: "table";
      readonly caption: string;
      readonly head: readonly string[];
      readonly rows: readonly (readonly Text[])[];
    }
  | {
      readonly kind: "document";
      readonly title: Text;
      /** The JSON before the first and after the last statement. */
      readonly opening: string;
      readonly closing: string;
      readonly statements: readonly ExplainedStatement[];
    }
  | { readonly kind: "drawing"; readonly id: string; readonly drawing: Drawing };

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly blocks: readonly Block[];
}

export interface Content {
  readonly title: string;
  readonly sections: readonly Section[];
}

/** Boxes that a drawing may have: with more of them nobody sees anything, and the layout takes long. */
const MOST_NODES = 120;

/** A drawing, or a word on why there is none. */
export function drawingBlock(id: string, drawing: Drawing): Block {
  if (drawing.nodes.length <= MOST_NODES && drawing.edges.length <= 4 * MOST_NODES)
    return { kind: "drawing", id, drawing };
  return paragraph(
    `${drawing.title}: ${drawing.nodes.length} are too many to draw. The table that follows has every one.`,
  );
}

export function code(text: string): Inline {
  return { code: text };
}

/** A message of ours that puts names in single backticks. */
export function said(message: string): Text {
  return messageParts(message);
}

export function paragraph(...text: Text): Block {
  return { kind: "paragraph", text };
}

/** Texts in one line: "a, b and c". */
export function listed(texts: readonly Text[], last: "and" | "or" = "and"): Text {
  return texts.flatMap((text, index) => {
    const before = index === 0 ? [] : [index === texts.length - 1 ? ` ${last} ` : ", "];
    return [...before, ...text];
  });
}

/** The first so many, and how many there are besides. */
export function shortened(texts: readonly Text[], most: number, last: "and" | "or" = "and"): Text {
  if (texts.length <= most + 1) return listed(texts, last);
  return listed([...texts.slice(0, most), [`${texts.length - most} more`]], last);
}

/** A number and its noun, as in "1 field" and "2 fields". */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

/** A first letter as a sentence has it. */
export function capitalised(text: Text): Text {
  const [first, ...rest] = text;
  return typeof first === "string" ? [first.slice(0, 1).toUpperCase() + first.slice(1), ...rest] : text;
}
