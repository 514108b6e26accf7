import { plain } from "../core";
import {
  REVIEW_CODES,
  reviewOutput,
  sarifOf,
  type Change,
  type Effect,
  type FilePlace,
  type Review,
  type Reviewer,
} from "../review";
import { escapeMarkdown, renderJson } from "./render";
import { version } from "./version";

/** How `review` shows its result. */
export const REVIEW_FORMATS = ["text", "markdown", "json", "sarif"] as const;
export type ReviewFormat = (typeof REVIEW_FORMATS)[number];

export interface ReviewView {
  /** What is neutral too, line by line. */
  readonly all: boolean;
  /** Where a change stands in a file, for formats that tell. */
  readonly placesOf: (change: Change) => readonly FilePlace[];
}

/** A review in one of the formats. The same review is the same text, byte by byte. */
export function renderReview(review: Review, format: ReviewFormat, view: ReviewView): string {
  if (format === "json") return renderJson(reviewOutput(review));
  if (format === "sarif") return renderJson(sarifOf(review, view.placesOf, version()));
  return format === "text" ? renderText(review, view) : renderMarkdown(review, view);
}

const ORDER = ["widens", "look", "narrows", "neutral"] as const satisfies readonly Effect[];

const TITLES: Readonly<Record<Effect, string>> = {
  widens: "Widens",
  look: "A human must look",
  narrows: "Narrows",
  neutral: "Neutral",
};

function ofEffect({ changes }: Review, effect: Effect): Change[] {
  return changes.filter((change) => change.effect === effect);
}

function needsSomebody({ effect }: Change): boolean {
  return effect === "widens" || effect === "look";
}

function renderText(review: Review, { all }: ReviewView): string {
  const blocks = ORDER.flatMap((effect) => {
    const those = ofEffect(review, effect);
    if (those.length === 0) return [];
    const title = `${TITLES[effect].toUpperCase()} (${String(those.length)})`;
    if (effect === "neutral" && !all) return [[`${title}: ${summaryOf(those)}; \`--all\` shows them`]];
    return [[title, ...those.flatMap(textLines)]];
  });
  const result = [`Result: ${resultOf(review)}`, ...review.who.map((each) => `  ${reviewerText(each)}`)];
  return [...blocks, result].map((block) => block.map((line) => `${plain(line)}\n`).join("")).join("\n");
}

function textLines(change: Change): string[] {
  const { code, message, details, who } = change;
  return [
    `  ${code}: ${message}`,
    ...details.map((detail) => `      ${detail}`),
    ...(who.length === 0 ? [] : [`      must agree: ${who.map(({ name }) => name).join(", ")}`]),
    ...(needsSomebody(change) ? [`      next: ${REVIEW_CODES[code].mend}`] : []),
  ];
}

/** How many changes have which code. */
function summaryOf(changes: readonly Change[]): string {
  const counts = new Map<string, number>();
  for (const { code } of changes) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [...counts].map(([code, count]) => `${code} ${String(count)}`).join(", ");
}

function resultOf({ verdict, changes }: Review): string {
  if (changes.length === 0) return "nothing changes";
  return verdict === "fine" ? "nothing is wider" : "a human must agree:";
}

function reviewerText({ kind, id, name, contact }: Reviewer): string {
  const called = name === id ? "" : ` (${id})`;
  return `${kind} ${name}${called}${contact === undefined ? "" : `, ${contact}`}`;
}

/** Longest Markdown, in UTF-16 code units: GitHub takes a comment of 65,536 characters, and whatever else a job adds must fit too. */
const MAX_MARKDOWN = 60_000;

/** Longest text of one change. */
const MAX_ITEM = 1_500;

/** A comment: who must agree, and what is wider, first; the rest folded. What does not fit is counted. */
function renderMarkdown(review: Review, { all }: ReviewView): string {
  const { counts, verdict, changes, who } = review;
  const title =
    changes.length === 0 ? "nothing changes" : verdict === "fine" ? "nothing is wider" : "a human must agree";
  const numbers = `${String(counts.widens)} wider, ${String(counts.look)} to look at, ${String(counts.narrows)} narrower, ${String(counts.neutral)} neutral.`;
  const people = who.map(
    ({ kind, id, name, contact }) =>
      `- **${escapeMarkdown(name)}** (${kind}${name === id ? "" : ` ${escapeMarkdown(id)}`}${contact === undefined ? "" : `, ${escapeMarkdown(contact)}`})`,
  );
  const head = [
    `## Write-back review: ${title}`,
    ...(changes.length === 0 ? [] : [numbers]),
    ...(people.length === 0 ? [] : [`**Must agree**\n\n${people.join("\n")}`]),
  ];
  const budget = new Budget(MAX_MARKDOWN - head.join("\n\n").length - RESERVE);
  const open = (["widens", "look"] as const).flatMap((effect) => {
    const those = ofEffect(review, effect);
    return those.length === 0 ? [] : [`### ${TITLES[effect]} (${String(those.length)})\n\n${budget.list(those)}`];
  });
  const folded = (["narrows", "neutral"] as const).flatMap((effect) => {
    const those = ofEffect(review, effect);
    if (those.length === 0) return [];
    const body = effect === "neutral" && !all ? `${escapeMarkdown(summaryOf(those))}.` : budget.list(those);
    return [fold(`${TITLES[effect]} (${String(those.length)})`, body)];
  });
  return `${[...head, ...open, ...folded].join("\n\n")}\n`;
}

/** Room for headings, and for what says that something was left out. */
const RESERVE = 2_000;

function fold(title: string, body: string): string {
  return `<details><summary>${escapeMarkdown(title)}</summary>\n\n${body}\n\n</details>`;
}

/** Characters that are left for items. */
class Budget {
  constructor(private left: number) {}

  list(changes: readonly Change[]): string {
    const items: string[] = [];
    for (const change of changes) {
      const item = markdownItem(change);
      if (item.length > this.left) break;
      this.left -= item.length + 1;
      items.push(item);
    }
    const rest = changes.length - items.length;
    const more = rest === 0 ? [] : [`- ${String(rest)} more; \`hris-writeback review\` shows them all`];
    return [...items, ...more].join("\n");
  }
}

function markdownItem(change: Change): string {
  const { code, message, details, who } = change;
  const lines = details.map((detail) => `    - ${shortened(escapeMarkdown(detail), 400)}`);
  return [
    `- **${code}**: ${shortened(escapeMarkdown(message), MAX_ITEM)}`,
    ...(who.length === 0 ? [] : [`  - must agree: ${escapeMarkdown(who.map(({ name }) => name).join(", "))}`]),
    ...(needsSomebody(change) ? [`  - next: ${escapeMarkdown(REVIEW_CODES[code].mend)}`] : []),
    ...(lines.length === 0
      ? []
      : [`  - <details><summary>what shows it</summary>\n\n${lines.join("\n")}\n\n    </details>`]),
  ].join("\n");
}

/** A text cut to a length, outside of code that it would leave open. */
function shortened(text: string, length: number): string {
  if (text.length <= length) return text;
  const cut = text.slice(0, length);
  return `${cut}${(cut.match(/`/g) ?? []).length % 2 === 1 ? "`" : ""}…`;
}
