import { UsageError } from "../../core";
import { readArguments } from "../arguments";
import { EXIT, type Command } from "../io";

/** `demo`: the whole thing on this machine. Loaded when asked for only: it brings the workflow engine and all handlers. */
export const demo: Command = {
  name: "demo",
  summary: "run the whole thing on this machine",
  help: `Usage: hris-writeback demo [--json]

Synthesizes the example, and runs its workflow, its policies and the real handlers in one process against a local HRIS.

  --json  print one JSON object instead of the story
`,
  run: async (args, io) => {
    const { words, flags } = readArguments(args, { json: "flag" });
    if (flags.has("help")) {
      io.out(demo.help);
      return EXIT.ok;
    }
    const [extra] = words;
    if (extra !== undefined) throw new UsageError(`unexpected argument \`${extra}\``);
    // With its extension, as Node's own loader asks in the build.
    const { runDemo } = await import("../../local/demo.js");
    return runDemo({ json: flags.has("json") });
  },
};
