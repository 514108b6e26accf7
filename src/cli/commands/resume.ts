import { PAYLOAD_VERSION, plain, UsageError } from "../../core";
import type { Names } from "../../compile";
import { readLastResumed } from "../../runtime/agreements";
import type { OperatorPorts } from "../../runtime/aws/operator";
import { readStanding } from "../../runtime/kill-switch/standing";
import { readArguments, readFormat } from "../arguments";
import { EXIT, type Command, type Format, type Io } from "../io";
import { AWS, failureOf, namesOfStack, STACK_OPTION, type OperatorWorld } from "../operator";
import { escapeMarkdown, renderJson } from "../render";
import { judge, type Judgement } from "../standing-judgement";
import { agreedOf } from "../status-output";

/** `resume`: how a stopped system runs again, and how many have agreed. It cannot let it run itself. */
export const resume: Command = {
  name: "resume",
  summary: "tell how a stopped system runs again, and how many operators agreed so far",
  help: `Usage: hris-writeback resume --kill-switch ARN [--format text|markdown|json]

A stopped system runs again when two different members of the operators' group have agreed to the end of that very stop, each signed in, on the page
System of the approvals page (or by POST /system/resume). No command can do it for them, and whoever stopped it may be one of the two. This command says
what is stopped, how many agreed so far, and where to agree. Where two agreed and a layer was not let go, it starts the kill switch's undo of that stop
again, which believes the ledger and nobody else.

${STACK_OPTION}
  --format FORMAT    text (default), markdown, or json: { "resume": { "system", "url", "missing", "undone" } }

Exit code 0: the system runs. 1: could not run. 3: somebody has to agree, or a layer is being let go.
`,
  run: (args, io) => runResume(args, io, AWS),
};

/** The command over a world of a test's, or the real one. */
export async function runResume(args: readonly string[], io: Io, world: OperatorWorld): Promise<number> {
  const { words, values, flags } = readArguments(args, { "kill-switch": "value", format: "value" });
  if (flags.has("help")) {
    io.out(resume.help);
    return EXIT.ok;
  }
  if (words[0] !== undefined) throw new UsageError(`unexpected argument \`${plain(words[0])}\``);
  const format = readFormat(values["format"]);
  const names = namesOfStack(values["kill-switch"]);
  const ports = await world.deployed(names);
  const standing = await readStanding(ports);
  const { system, missing } = judge(standing);
  const { switch: pull, breaker } = standing;
  const isHeldBack = !("unread" in pull) && pull.state === "running" && system === "mixed";
  const undone = isHeldBack ? await undoAgain(ports, names, world) : undefined;
  const url = await systemPage(ports);
  const agreed = [pull, breaker].flatMap((part) =>
    "agreements" in part && part.agreements !== undefined ? [agreedOf(part.agreements)] : [],
  );
  io.out(RENDER[format]({ system, missing, agreed, ...(url === undefined ? {} : { url }), ...undone }));
  return system === "running" ? EXIT.ok : EXIT.human;
}

/** Where operators agree; nothing where these credentials may not see it. */
export async function systemPage(ports: OperatorPorts): Promise<string | undefined> {
  const url = await ports.approvalsUrl().catch(() => undefined);
  return url === undefined ? undefined : `${url}/#/system`;
}

/** Starts the undo of the last stop that two people let end: it may have failed after its hour. Every step of it reads their agreement itself. */
async function undoAgain(
  ports: OperatorPorts,
  names: Names,
  world: OperatorWorld,
): Promise<{ readonly undone: string } | undefined> {
  try {
    const last = await readLastResumed(ports.store);
    if (last === undefined) return undefined;
    const first = await ports.machine.look(`undo-${last.stopId}`);
    if (first?.status === "RUNNING") return { undone: `undo-${last.stopId}` };
    const name = `undo-${world.newUlid(ports.clock.now())}`;
    await ports.machine.start(name, { version: PAYLOAD_VERSION, action: "undo", stopId: last.stopId });
    return { undone: name };
  } catch (error) {
    throw failureOf(error, names, "start the undo of the stop again");
  }
}

interface Resume extends Judgement {
  readonly agreed: readonly string[];
  readonly url?: string;
  /** The execution that lets go what was not, where two people agreed. */
  readonly undone?: string;
}

const RENDER: Readonly<Record<Format, (resume: Resume) => string>> = {
  text: (told) =>
    linesOf(told)
      .map((line) => `${plain(line)}\n`)
      .join(""),
  markdown: (told) =>
    linesOf(told)
      .map((line) => `${escapeMarkdown(line)}\n`)
      .join("\n"),
  json: (told) => renderJson({ resume: told }),
};

function linesOf({ system, missing, agreed, url, undone }: Resume): string[] {
  if (system === "running") return ["The system runs: there is nothing to resume."];
  return [
    "Two different operators let the system run again, each signed in; this command cannot.",
    ...agreed,
    ...missing.map((text) => `Missing: ${text}`),
    url === undefined
      ? "They agree on the page System of the approvals page: the stack's output `approvals-page-url`."
      : `They agree at ${url}`,
    ...(undone === undefined ? [] : [`The undo that two operators agreed to goes on: execution ${undone}.`]),
  ];
}
