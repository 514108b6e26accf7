import { UsageError } from "../../core";
import { oneWord, readArguments, readFormat } from "../arguments";
import { EXIT, type Command } from "../io";

/** `prove STACK_DIR`: the invariants, from the synthesized Terraform alone. Loaded when asked for. */
export const prove: Command = {
  name: "prove",
  summary: "prove the invariants from the synthesized Terraform alone",
  help: `Usage: hris-writeback prove STACK_DIR [--explain] [--format text|markdown|json]
       hris-writeback prove --plan PLAN.json [--explain] [--format text|markdown|json]

Proves the invariants of the design from the folder STACK_DIR with a synthesized cdk.tf.json (or with one such stack below its folder
stacks), or from a plan as \`terraform show -json PLAN\` prints it; reads nothing else. Each invariant comes with what carries it, or
with a counterexample: the way through the workflow, or the request that IAM would allow and the statements that allow it.

  --plan PLAN.json  read a plan instead of a folder; what is known after the apply only, is not proved
  --explain         show everything: all resources, the tests of what handlers hold, and who has which power
  --format FORMAT   text (default), markdown, or json, as docs/prove.schema.json describes it

Exit code 0: proved. 2: a counterexample. 3: something could not be read, so it is not proved. 1: the stack cannot be read at all.
`,
  run: async (args, io) => {
    const { words, values, flags } = readArguments(args, { plan: "value", explain: "flag", format: "value" });
    if (flags.has("help")) {
      io.out(prove.help);
      return EXIT.ok;
    }
    const format = readFormat(values["format"]);
    const plan = values["plan"];
    if (plan !== undefined && words.length > 0) throw new UsageError("give either STACK_DIR or `--plan`, not both");
    // With their extensions, as Node's own loader asks in the build.
    const review = await import("../../review/index.js");
    const { renderProof } = await import("../prove-output.js");
    const stack =
      plan === undefined
        ? review.loadStack(oneWord(words, "STACK_DIR, the folder with the synthesized stack,"))
        : review.loadPlan(plan);
    const proof = review.prove(stack);
    io.out(renderProof(proof, format, { full: flags.has("explain") }));
    return EXIT_OF[proof.verdict];
  },
};

const EXIT_OF = { proved: EXIT.ok, counterexample: EXIT.wrong, "not-proved": EXIT.human } as const;
