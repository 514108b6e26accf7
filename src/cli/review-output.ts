import { plain } from "../core";
import { REVIEW_CODES, reviewOutput, type Change, type Effect, type Review, type Reviewer } from "../review";
import type { Format } from "./io";
import { renderJson } from "./render";

export interface ReviewView {
  /** What is neutral too, line by line. */
  readonly all: boolean;
}

/** A review in one of the formats. The same review is the same text, byte by byte. */
export function renderReview(review: Review, format: Format, view: ReviewView): string {
  if (format === "json") return renderJson(reviewOutput(review));
  return renderText(review, view);
}

const TITLES: Readonly<Record<Effect, string>> = {
  widens: "WIDENS",
  look: "A HUMAN MUST LOOK",
  narrows: "NARROWS",
  neutral: "NEUTRAL",
};

function renderText(review: Review, { all }: ReviewView): string {
  const blocks = (["widens", "look", "narrows", "neutral"] as const).flatMap((effect) => {
    const those = review.changes.filter((change) => change.effect === effect);
    if (those.length === 0) return [];
    const title = `${TITLES[effect]} (${String(those.length)})`;
    if (effect === "neutral" && !all) return [[`${title}: ${summaryOf(those)}`]];
    return [[title, ...those.flatMap(textLines)]];
  });
  const result = [resultOf(review), ...review.who.map((each) => `  ${reviewerText(each)}`)];
  return [...blocks, result].map((block) => block.map((line) => `${plain(line)}\n`).join("")).join("\n");
}

function textLines({ code, message, details, who, effect }: Change): string[] {
  const needsSomebody = effect === "widens" || effect === "look";
  return [
    `  ${code}: ${message}`,
    ...details.map((detail) => `      ${detail}`),
    ...(who.length === 0 ? [] : [`      must agree: ${who.map(({ name }) => name).join(", ")}`]),
    ...(needsSomebody ? [`      next: ${REVIEW_CODES[code].mend}`] : []),
  ];
}

function summaryOf(changes: readonly Change[]): string {
  const counts = new Map<string, number>();
  for (const { code } of changes) counts.set(code, (counts.get(code) ?? 0) + 1);
  return `${[...counts].map(([code, count]) => `${code} ${String(count)}`).join(", ")}; \`--all\` shows them`;
}

function resultOf({ verdict, changes }: Review): string {
  if (changes.length === 0) return "Result: nothing changes";
  return verdict === "fine" ? "Result: nothing is wider" : "Result: a human must agree:";
}

function reviewerText({ kind, id, name, contact }: Reviewer): string {
  const called = name === id ? "" : ` (${id})`;
  return `${kind} ${name}${called}${contact === undefined ? "" : `, ${contact}`}`;
}
