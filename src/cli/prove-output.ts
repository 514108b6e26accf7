import { markdownCode, plain } from "../core";
import {
  COUNTEREXAMPLE_CODES,
  nameOfStatement,
  proofOutput,
  UNREAD_CODES,
  type Counterexample,
  type InvariantProof,
  type NotRead,
  type PowerRow,
  type Proof,
  type StatementRef,
  type Verdict,
} from "../review";
import type { Format } from "./io";
import { escapeMarkdown, renderJson, renderMarkdownTable } from "./render";

export interface ProofView {
  /** Everything: all resources, what was shown besides a counterexample, and who has which power. */
  readonly full: boolean;
}

/** A proof in one of the formats. The same proof is the same text, byte by byte. */
export function renderProof(proof: Proof, format: Format, view: ProofView): string {
  if (format === "json") return renderJson(proofOutput(proof));
  return format === "text" ? renderText(proof, view) : renderMarkdown(proof, view);
}

const WORDS: Readonly<Record<Verdict, string>> = {
  proved: "proved",
  "not-proved": "not proved",
  counterexample: "counterexample",
};

/** Addresses shown before the rest is counted. */
const SHOWN = 3;

/** Points of one kind shown before the rest is counted: a first plan has dozens of values that are not known. */
const SHOWN_ITEMS = 8;

/** A point, and what belongs to it as pairs of a label and a text. */
interface Item {
  readonly text: string;
  readonly code?: string;
  readonly more: readonly (readonly [label: string, text: string])[];
}

/** What an invariant comes with: what breaks it, what is not known, and what carries it. */
function itemsOf(
  invariant: InvariantProof,
  { full }: ProofView,
): { readonly found: Item[]; readonly unread: Item[]; readonly shown: Item[] } {
  const { counterexamples, unread, evidence, verdict } = invariant;
  return {
    found: counterexamples.map((each) => ({ code: each.code, text: each.message, more: proofsOf(each, full) })),
    unread: unread.map((each) => ({ code: each.code, text: each.message, more: [["next", mendOf(each)]] })),
    shown:
      verdict === "counterexample" && !full
        ? []
        : evidence.map(({ text, resources }) => ({
            text,
            more: resources.length === 0 ? [] : [["by", listed(resources, full)]],
          })),
  };
}

/** The first points, and how many there are besides. */
function shortened(items: readonly Item[], { full }: ProofView): readonly Item[] {
  const rest = items.length - SHOWN_ITEMS;
  if (full || rest <= 1) return items;
  return [...items.slice(0, SHOWN_ITEMS), { text: `${rest} more; \`--explain\` shows them`, more: [] }];
}

/** What shows a counterexample: statements, the request or the path; then the next step. */
function proofsOf({ code, resources, statements = [], request, path }: Counterexample, full: boolean): Item["more"] {
  const cited = [...new Set(statements.length === 0 ? resources : statements.map(citation))];
  return [
    ...(cited.length === 0 ? [] : ([["in", listed(cited, full)]] as const)),
    ...(request === undefined ? [] : ([["request", requestText(request)]] as const)),
    ...(path === undefined ? [] : ([["path", pathText(path)]] as const)),
    ["next", COUNTEREXAMPLE_CODES[code].mend],
  ];
}

function mendOf({ code }: NotRead): string {
  return UNREAD_CODES[code].mend;
}

function citation(statement: StatementRef): string {
  return `${statement.resource} ${nameOfStatement(statement)}`;
}

function listed(texts: readonly string[], full: boolean): string {
  const shown = full ? texts : texts.slice(0, SHOWN);
  const rest = texts.length - shown.length;
  return `${shown.join(", ")}${rest === 0 ? "" : ` and ${rest} more`}`;
}

function requestText({ principal, action, resource, context }: NonNullable<Counterexample["request"]>): string {
  const keys = Object.entries(context).map(([key, value]) => `${key}=${[value].flat().join(",")}`);
  return `${principal} ${action} on ${resource}${keys.length === 0 ? "" : ` with ${keys.join(" ")}`}`;
}

function pathText(path: NonNullable<Counterexample["path"]>): string {
  return path.map(({ state, via }) => (via === undefined || via === "Next" ? state : `${state} (${via})`)).join(" > ");
}

function subjectOf({ stack, fields }: Proof): string {
  const { safe, conditional, never } = fields;
  const classes = `${safe.length} safe, ${conditional.length} conditional and ${never.length} never fields`;
  return `Stack in account ${stack.accountId}, ${stack.region}: ${stack.resources} resources, ${classes}`;
}

function resultOf({ invariants, verdict }: Proof): string {
  const parts = (["counterexample", "not-proved", "proved"] as const).flatMap((each) => {
    const numbers = invariants.flatMap((invariant) => (invariant.verdict === each ? [invariant.number] : []));
    return numbers.length === 0 ? [] : [`${WORDS[each]} ${numbers.join(", ")}`];
  });
  const note = verdict === "proved" ? " (4 to 7 as far as Terraform carries them)" : "";
  return `Result: ${parts.join("; ")}${note}`;
}

const HANDLERS_TITLE = "Held by handlers, not by Terraform; without effect on the result";

function renderText(proof: Proof, view: ProofView): string {
  const width = Math.max(...Object.values(WORDS).map(({ length }) => length));
  const blocks = proof.invariants.map((invariant) => {
    const { found, unread, shown } = itemsOf(invariant, view);
    return [
      `${WORDS[invariant.verdict].toUpperCase().padEnd(width)}  ${invariant.number}  ${invariant.title}`,
      ...shortened(found, view).flatMap((item) => textLines("-", item)),
      ...shortened(unread, view).flatMap((item) => textLines("?", item)),
      ...shown.flatMap((item) => textLines("+", item)),
    ];
  });
  const handlers = [
    `${HANDLERS_TITLE}:`,
    ...proof.invariants.flatMap(({ number, heldByHandlers }) =>
      heldByHandlers.flatMap(({ what, tests }) => [
        `  ${number}  ${what}`,
        ...tests.map(({ file, test }) => `       ${file}: ${test}`),
      ]),
    ),
  ];
  const powers = view.full ? [powerLines(proof.powers)] : [];
  return [[subjectOf(proof)], ...blocks, ...powers, handlers, [resultOf(proof)]]
    .map((block) => block.map((line) => `${plain(line)}\n`).join(""))
    .join("\n");
}

function textLines(mark: string, { code, text, more }: Item): string[] {
  return [
    `    ${mark} ${code === undefined ? "" : `${code}: `}${text}`,
    ...more.map(([label, detail]) => `        ${label}: ${detail}`),
  ];
}

function powerLines(powers: readonly PowerRow[]): string[] {
  return [
    "Who may, of all that the trust model speaks of, and through what:",
    ...powers.flatMap(({ power, held }) => [
      `  ${power.title} (belongs to ${power.allowed.length === 0 ? "nobody" : power.allowed.join(", ")})`,
      ...(held.length === 0
        ? ["      nobody"]
        : held.map(({ holder, statements }) => `      ${holder}: ${statements.map(citation).join(", ")}`)),
    ]),
  ];
}

function renderMarkdown(proof: Proof, view: ProofView): string {
  const verdicts = renderMarkdownTable(
    ["", "Invariant", "Verdict"],
    proof.invariants.map(({ number, title, verdict }) => [String(number), title, WORDS[verdict]]),
  );
  const sections = proof.invariants
    .filter(({ verdict }) => view.full || verdict !== "proved")
    .map((invariant) => markdownSection(invariant, view));
  const handlers = proof.invariants.flatMap(({ number, heldByHandlers }) =>
    heldByHandlers.flatMap(({ what, tests }) => [
      `- ${number}: ${escapeMarkdown(what)}`,
      ...tests.map(({ file, test }) => `  - ${markdownCode(`${file}: ${test}`)}`),
    ]),
  );
  const folded = `<details><summary>${escapeMarkdown(HANDLERS_TITLE)}</summary>\n\n${handlers.join("\n")}\n\n</details>`;
  const powers = view.full ? [`## Who may\n\n${powerTable(proof.powers)}`] : [];
  const parts = [
    `${escapeMarkdown(resultOf(proof))}.`,
    `${escapeMarkdown(subjectOf(proof))}.`,
    verdicts,
    ...sections,
    ...powers,
    folded,
  ];
  return `${parts.map((part) => part.trimEnd()).join("\n\n")}\n`;
}

function markdownSection(invariant: InvariantProof, view: ProofView): string {
  const { found, unread, shown } = itemsOf(invariant, view);
  const { number, title, verdict } = invariant;
  const items = [...shortened(found, view), ...shortened(unread, view), ...shown].flatMap(({ code, text, more }) => [
    `- ${code === undefined ? "" : `**${code}**: `}${escapeMarkdown(text)}`,
    ...more.map(
      ([label, detail]) => `  - ${label}: ${label === "next" ? escapeMarkdown(detail) : markdownCode(detail)}`,
    ),
  ]);
  return `## ${number}: ${WORDS[verdict]}\n\n${escapeMarkdown(title)}.\n\n${items.join("\n")}`;
}

function powerTable(powers: readonly PowerRow[]): string {
  const rows = powers.flatMap(({ power, held }) => {
    const first = [power.title, power.allowed.length === 0 ? "nobody" : power.allowed.join(", ")];
    if (held.length === 0) return [[...first, "nobody", ""]];
    return held.map(({ holder, statements }, index) => [
      ...(index === 0 ? first : ["", ""]),
      holder,
      statements.map((statement) => markdownCode(citation(statement).replaceAll("`", ""))).join(" "),
    ]);
  });
  return renderMarkdownTable(["May", "Belongs to", "Held by", "Through"], rows);
}
