import { UsageError } from "../../core";
import { DEMO_EXAMPLES } from "../../local/demo/synthesize";
import { readArguments } from "../arguments";
import { EXIT, type Command } from "../io";

/** `cloud`: an example, really applied to an AWS on this machine. Loaded when asked for only. */
export const cloud: Command = {
  name: "cloud",
  summary: "apply an example with Terraform to a local AWS, and run it there",
  help: `Usage: hris-writeback cloud [--example acme|perimeter] [--story [--json]]

Starts moto behind a front that adds what it lacks, applies an example to it with Terraform and the real AWS provider, and runs the deployed
functions, workflow, queue, bus and APIs on loopback until Ctrl-C. Nothing reaches a real AWS account.

  --example NAME  acme (default), or perimeter: behind a private API, with the connector in a network without a way out
  --story         tell the demo's story on the deployed stack, show a second plan, destroy, and end
  --json          with --story: print one JSON object

Needs terraform and moto_server on the PATH. The AWS provider comes from its registry, or offline from the folder in WRITEBACK_TF_PLUGIN_DIR or
as the file in TF_CLI_CONFIG_FILE says. Exit code 1 where something is missing, 2 where a second plan shows a change or something is left after
the destroy, 3 where an attack was not refused.
`,
  run: async (args, io) => {
    const { words, values, flags } = readArguments(args, { json: "flag", story: "flag", example: "value" });
    if (flags.has("help")) {
      io.out(cloud.help);
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
    if (flags.has("json") && !flags.has("story")) throw new UsageError("`--json` goes with `--story`");
    // With its extension, as Node's own loader asks in the build.
    const { runCloud } = await import("../../local/cloud-command.js");
    return runCloud({ example, story: flags.has("story"), json: flags.has("json"), out: io.out, err: io.err });
  },
};
