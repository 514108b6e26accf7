import { plain, UsageError } from "../../core";
import { readStanding } from "../../runtime/kill-switch/standing";
import { readArguments, readFormat } from "../arguments";
import { EXIT, type Command, type Io } from "../io";
import { AWS, namesOfStack, STACK_OPTION, type OperatorWorld } from "../operator";
import { judge } from "../standing-judgement";
import { RENDER_STATUS } from "../status-output";

/** `status`: how a deployed system stands, and what is missing until it runs. */
export const status: Command = {
  name: "status",
  summary: "tell whether a deployed system runs, what stops it, and what is missing until it runs again",
  help: `Usage: hris-writeback status --kill-switch ARN [--format text|markdown|json]

Reads how a deployed stack stands: the switch and who stopped it and why, the breaker, every layer by its service's own word, what is in flight,
and who agreed so far that it runs again. It changes nothing. What these credentials may not read is said, and does not keep the rest from being read.

${STACK_OPTION}
  --format FORMAT    text (default), markdown, or json: { "status": { "system", "switch", "breaker", "layers", "inFlight", "missing" } }

Exit code 0: it runs, and nothing stops it. 1: could not run. 3: it is stopped, a layer does not stand as the switch does, or something cannot be read.
`,
  run: (args, io) => runStatus(args, io, AWS),
};

/** The command over a world of a test's, or the real one. */
export async function runStatus(args: readonly string[], io: Io, world: OperatorWorld): Promise<number> {
  const { words, values, flags } = readArguments(args, { "kill-switch": "value", format: "value" });
  if (flags.has("help")) {
    io.out(status.help);
    return EXIT.ok;
  }
  if (words[0] !== undefined) throw new UsageError(`unexpected argument \`${plain(words[0])}\``);
  const format = readFormat(values["format"]);
  const ports = await world.deployed(namesOfStack(values["kill-switch"]));
  const standing = await readStanding(ports);
  const judgement = judge(standing);
  io.out(RENDER_STATUS[format](standing, judgement));
  return judgement.system === "running" ? EXIT.ok : EXIT.human;
}
