import { hasErrors, hasExactNumbers, plain, renderFinding, UsageError } from "../../core";
import {
  checkPolicyText,
  decide,
  lifecycleEventSchema,
  REASON_TEXT,
  renderNext,
  requestOfEvent,
  type Verdict,
  type WriteBackRequest,
} from "../../policy";
import { oneWord, readArguments, readFormat, readTime } from "../arguments";
import { EXIT, nameOfInput, readInput, type Command, type Format } from "../io";
import { renderJson, renderMarkdownTable, renderTextTable } from "../render";

/** `explain POLICY --event EVENT`: what would happen with each change of an event, and why. */
export const explain: Command = {
  name: "explain",
  summary: "say what happens with each change of an event, and why",
  help: `Usage: hris-writeback explain POLICY --event EVENT [--at TIME] [--format text|markdown|json]

Decides each change of the event in the file EVENT by the policy file POLICY; one of them may be - for standard input.
EVENT is the whole EventBridge envelope as JSON: { "source", "detail-type", "detail" }. Segments are judged by the attributes
in the event; the running system reads them from the systems that the policy names.

  --event EVENT    the event's file
  --at TIME        judge windows and end dates at this time (2026-11-23T09:00:00Z or 2026-11-23); now unless given
  --format FORMAT  text (default), markdown, or json: { "verdicts": [ { "field", "verdict", "reason", "class", "owner" } ] }

Exit code 0 for every well-formed event, 2 where the policy has errors, 1 where a file cannot be read or EVENT is no event.
An exception that has ended counts as absent.
`,
  run: async (args, io) => {
    const { words, values, flags } = readArguments(args, { event: "value", at: "value", format: "value" });
    if (flags.has("help")) {
      io.out(explain.help);
      return EXIT.ok;
    }
    const file = oneWord(words, "POLICY, the policy file,");
    const eventFile = values["event"];
    if (eventFile === undefined) throw new UsageError("the option `--event`, the event's file, is missing");
    const format = readFormat(values["format"]);
    const now = readTime(values["at"]) ?? io.now();
    if (file === "-" && eventFile === "-")
      throw new UsageError("POLICY and EVENT cannot both be read from standard input");
    const policyText = await readInput(file, io);
    const eventText = await readInput(eventFile, io);
    const { findings, policy } = checkPolicyText(policyText);
    if (policy === undefined || hasErrors(findings)) {
      io.err(findings.map((finding) => `${renderFinding(finding, nameOfInput(file))}\n`).join(""));
      return EXIT.wrong;
    }
    const request = readEvent(eventText, nameOfInput(eventFile));
    io.out(RENDER[format](decide(policy, request, now)));
    return EXIT.ok;
  },
};

function readEvent(text: string, source: string): WriteBackRequest {
  const event = lifecycleEventSchema.safeParse(parseJson(text, source));
  if (event.success) return requestOfEvent(event.data);
  // Messages speak of members and forms; values of the event are never shown.
  const wrong = event.error.issues.map(({ path, message }) => {
    const where = path.length === 0 ? "the event" : path.map(String).join(".");
    return `${plain(where)}: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
  });
  throw new UsageError(`\`${source}\` is no lifecycle event\n  ${wrong.join("\n  ")}`);
}

function parseJson(text: string, source: string): unknown {
  const json = text.replace(/^\uFEFF/, "");
  let event: unknown;
  try {
    event = JSON.parse(json);
  } catch {
    // The engine's own message would quote the text, and so a value.
    throw new UsageError(`\`${source}\` is not JSON`);
  }
  if (!hasExactNumbers(json)) {
    throw new UsageError(
      `\`${source}\` is no lifecycle event: it holds a number that reading alters; write it as a text`,
    );
  }
  return event;
}

const HEADER = ["Field", "Verdict", "Reason", "Class", "Owner", "Why", "What happens next"];

function rows(verdicts: readonly Verdict[]): readonly (readonly string[])[] {
  return verdicts.map((verdict) => [
    verdict.field,
    verdict.verdict,
    verdict.reason,
    verdict.effectiveClass === verdict.class ? verdict.class : `${verdict.class}, here ${verdict.effectiveClass}`,
    verdict.owner ?? "-",
    REASON_TEXT[verdict.reason].because,
    renderNext(verdict),
  ]);
}

const RENDER: Readonly<Record<Format, (verdicts: readonly Verdict[]) => string>> = {
  text: (verdicts) => renderTextTable(HEADER, rows(verdicts)),
  markdown: (verdicts) => renderMarkdownTable(HEADER, rows(verdicts)),
  json: (verdicts) =>
    renderJson({
      verdicts: verdicts.map(({ field, verdict, reason, class: fieldClass, owner }) => ({
        field,
        verdict,
        reason,
        class: fieldClass,
        owner: owner ?? null,
      })),
    }),
};
