import { plain } from "../core";
import type { Agreements } from "../runtime/agreements";
import type { Standing } from "../runtime/kill-switch/standing";
import type { Format } from "./io";
import { escapeMarkdown, renderJson, renderMarkdownTable, renderTextTable } from "./render";
import type { Judgement } from "./standing-judgement";

type Render = (standing: Standing, judgement: Judgement) => string;

export const RENDER_STATUS: Readonly<Record<Format, Render>> = {
  text: (standing, judgement) =>
    [
      `The system is ${WORDS[judgement.system]}.\n`,
      renderTextTable(["Part", "Stands", "Detail"], rowsOf(standing)),
      ...missingOf(judgement, (line) => `  - ${line}\n`),
    ].join("\n"),
  markdown: (standing, judgement) =>
    [
      `# The system is ${WORDS[judgement.system]}\n`,
      renderMarkdownTable(["Part", "Stands", "Detail"], rowsOf(standing)),
      ...missingOf(judgement, (line) => `- ${escapeMarkdown(line)}\n`),
    ].join("\n"),
  json: (standing, judgement) =>
    renderJson({ status: { system: judgement.system, ...standing, missing: judgement.missing } }),
};

const WORDS: Readonly<Record<Judgement["system"], string>> = {
  running: "running",
  stopped: "STOPPED: nothing is written",
  mixed: "MIXED: a layer does not stand as the switch does",
  unknown: "not known: something cannot be read",
};

function missingOf({ missing }: Judgement, line: (text: string) => string): string[] {
  return missing.length === 0 ? [] : [`Missing until it runs:\n${missing.map((text) => line(plain(text))).join("")}`];
}

function rowsOf(standing: Standing): string[][] {
  const { switch: pull, breaker, layers, inFlight } = standing;
  return [
    ["switch", ...("unread" in pull ? UNREAD(pull.unread) : [pull.state, switchDetail(pull)])],
    ["breaker", ...("unread" in breaker ? UNREAD(breaker.unread) : [breaker.state, breakerDetail(breaker)])],
    ...layers.map((part) => [
      part.layer,
      ...("unread" in part ? UNREAD(part.unread) : [part.isStopped ? STOPPED[part.layer] : "open", part.shown]),
    ]),
    ["in flight", ...("unread" in inFlight ? UNREAD(inFlight.unread) : inFlightOf(inFlight))],
  ];
}

const UNREAD = (why: string): [string, string] => ["not known", why];

/** A layer that lets nothing through; that no execution runs is the usual state of a running system too. */
const STOPPED = { concurrency: "stopped", connector: "stopped", intake: "stopped", executions: "none" } as const;

function switchDetail(pull: Exclude<Standing["switch"], { readonly unread: string }>): string {
  if (pull.state === "running") return "";
  const { stopId, kind, stoppedAt, stoppedBy, reason, agreements } = pull;
  const what = stopId === undefined ? "by nothing that has an id" : `${kind ?? "stop"} ${stopId}`;
  return [what, stoppedAt, stoppedBy && `by ${stoppedBy}`, reason, agreedOf(agreements)].filter(Boolean).join(", ");
}

function breakerDetail(breaker: Exclude<Standing["breaker"], { readonly unread: string }>): string {
  if (breaker.state === "ok") return "";
  return [breaker.id ?? "by nothing that has an id", agreedOf(breaker.agreements)].filter(Boolean).join(", ");
}

/** How many agreed, and who. */
export function agreedOf(agreements: Agreements | undefined): string {
  if (agreements === undefined) return "";
  const { people, needed, by } = agreements;
  const names = by.map(({ subject, at }) => `${subject} at ${at}`);
  return `${String(people)} of ${String(needed)} operators agreed${names.length === 0 ? "" : ` (${names.join("; ")})`}`;
}

function inFlightOf(inFlight: Exclude<Standing["inFlight"], { readonly unread: string }>): [string, string] {
  const used = inFlight.filter(({ usedAt }) => usedAt !== undefined).length;
  const detail = inFlight
    .slice(0, 20)
    .map(({ grantId, requestId, index, usedAt }) => {
      const of = requestId === undefined ? "" : ` of ${requestId}, change ${String(index ?? 0)}`;
      return `${grantId}${of}: ${usedAt === undefined ? "open" : `used at ${usedAt}, not settled`}`;
    })
    .join("; ");
  const more = inFlight.length > 20 ? `; and ${String(inFlight.length - 20)} more` : "";
  return [`${String(inFlight.length - used)} grants open, ${String(used)} writes unsettled`, `${detail}${more}`];
}
