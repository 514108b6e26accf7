import { UsageError } from "../../core";
import { readArguments } from "../arguments";
import { EXIT, type Command } from "../io";
import { DEMO_EXAMPLES } from "../../local/demo/synthesize";

/** `demo`: the whole thing on this machine. Loaded when asked for only: it brings the workflow engine and all handlers. */
export const demo: Command = {
  name: "demo",
  summary: "run the whole thing on this machine",
  help: `Usage: hris-writeback demo [--example acme|perimeter] [--json | --page]

Synthesizes an example, and runs its workflow, its policies and the real handlers in one process against a local HRIS.

  --example NAME  acme (default), or perimeter: the same behind a private API, with the connector in a network without a way out
  --json          print one JSON object instead of the story
  --page          serve the approvals page on loopback, with changes that wait there, until Ctrl-C: to be tried in a browser
`,
  run: async (args, io) => {
    const { words, values, flags } = readArguments(args, { json: "flag", page: "flag", example: "value" });
    if (flags.has("help")) {
      io.out(demo.help);
      return EXIT.ok;
    }
    const [extra] = words;
    if (extra !== undefined) throw new UsageError(`unexpected argument \`${extra}\``);
    const example = DEMO_EXAMPLES.find((name) => name === (values["example"] ?? "acme"));
    if (example === undefined) {
      throw new UsageError(
        `found \`--example ${values["example"] ?? ""}\`, expected one of ${DEMO_EXAMPLES.join(", ")}`,
      );
    }
    if (flags.has("json") && flags.has("page")) throw new UsageError("`--json` does not go with `--page`");
    // With its extension, as Node's own loader asks in the build.
    const { runDemo } = await import("../../local/demo.js");
    return runDemo({ json: flags.has("json"), page: flags.has("page"), example });
  },
};
