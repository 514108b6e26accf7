/** What a command may touch: its input, its two outputs and the clock. Tests give their own. */
export interface Io {
  /** The result. */
  readonly out: (text: string) => void;
  /** Everything else: findings that prevent a result, usage, failures. */
  readonly err: (text: string) => void;
  /** The text of a file. Throws `UsageError` where it cannot be read, or is too large. */
  readonly readFile: (path: string) => string;
  /** All of standard input. Throws `UsageError` where nothing is connected to it, or it is too large. */
  readonly readStdin: () => Promise<string>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The text of a file named on the command line, or of standard input for `-`. */
export async function readInput(name: string, io: Io): Promise<string> {
  return name === "-" ? io.readStdin() : io.readFile(name);
}

/** What messages call such a file. */
export function nameOfInput(name: string): string {
  return name === "-" ? "standard input" : name;
}

/** How a command shows its result. */
export const FORMATS = ["text", "markdown", "json"] as const;
export type Format = (typeof FORMATS)[number];

/** Exit codes, the same for every command. */
export const EXIT = {
  /** Fine. */
  ok: 0,
  /** Could not run: unreadable file, wrong usage. */
  unable: 1,
  /** The policy or the stack is wrong. */
  wrong: 2,
  /** A human must look. */
  human: 3,
} as const;

/** One command of the program. */
export interface Command {
  readonly name: string;
  /** One line for the program's help. */
  readonly summary: string;
  /** The command's own help. */
  readonly help: string;
  /** Runs it with the arguments after its name; the exit code. Throws `UsageError` for exit code 1. */
  readonly run: (args: readonly string[], io: Io) => Promise<number>;
}
