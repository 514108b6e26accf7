import { UsageError } from "../core";
import { nearest } from "../policy/nearest";
import { check } from "./commands/check";
import { cloud } from "./commands/cloud";
import { demo } from "./commands/demo";
import { explain } from "./commands/explain";
import { history } from "./commands/history";
import { drill } from "./commands/drill";
import { prove } from "./commands/prove";
import { reconcile } from "./commands/reconcile";
import { report } from "./commands/report";
import { resume } from "./commands/resume";
import { reverse } from "./commands/reverse";
import { review } from "./commands/review";
import { status } from "./commands/status";
import { stop } from "./commands/stop";
import { verifyEvidence } from "./commands/verify-evidence";
import { EXIT, type Command, type Io } from "./io";
import { version } from "./version";

const COMMANDS: readonly Command[] = [
  check,
  explain,
  review,
  prove,
  report,
  history,
  verifyEvidence,
  reconcile,
  reverse,
  stop,
  status,
  resume,
  drill,
  demo,
  cloud,
];

/** The program's help. */
export const HELP = `Usage: hris-writeback COMMAND [ARGUMENT]...

Governed HRIS write-back: what may be written, by whom, after which event and approval.

Commands
${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(15)} ${summary}`).join("\n")}

hris-writeback COMMAND --help tells more. Results go to standard output, everything else to standard error.
Exit code 0: fine. 1: could not run. 2: the policy or the stack is wrong. 3: a human must look.
`;

/** Runs the command line `args` (without interpreter and program); the exit code. Never throws, never shows a stack. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = args;
  try {
    if (name === "--help" || name === "-h" || name === "help") {
      io.out(helpOf(rest[0]));
      return EXIT.ok;
    }
    if (name === "--version") {
      io.out(`${version()}\n`);
      return EXIT.ok;
    }
    return await commandOf(name).run(rest, io);
  } catch (error) {
    io.err(`hris-writeback: ${messageOf(error)}\n`);
    if (error instanceof UsageError) {
      const about = COMMANDS.find((command) => command.name === name);
      io.err(`Try \`hris-writeback ${about === undefined ? "" : `${about.name} `}--help\`.\n`);
    }
    return EXIT.unable;
  }
}

function helpOf(name: string | undefined): string {
  return name === undefined ? HELP : commandOf(name).help;
}

function commandOf(name: string | undefined): Command {
  const command = COMMANDS.find((each) => each.name === name);
  if (command !== undefined) return command;
  if (name === undefined) throw new UsageError("a command is missing");
  const near = nearest(
    name,
    COMMANDS.map((each) => each.name),
  );
  throw new UsageError(`unknown command \`${name}\`${near === undefined ? "" : `; did you mean \`${near}\`?`}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
