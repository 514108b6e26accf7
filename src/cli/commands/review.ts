import { UsageError } from "../../core";
import { readArguments, readFormat } from "../arguments";
import { EXIT, type Command } from "../io";

/** `review --base DIR --head DIR`: what a change widens, narrows or leaves alone. Loaded when asked for. */
export const review: Command = {
  name: "review",
  summary: "say what a change widens, narrows or leaves alone, and who must agree",
  help: `Usage: hris-writeback review --base DIR --head DIR [--all] [--format text|markdown|json]
       hris-writeback review --plan PLAN.json [--all] [--format text|markdown|json]

Compares two synthesized stacks by what they mean: whoever may write which field, after which approval; what IAM decides; what watches,
encrypts and keeps. Reads the folders as \`prove\` does, or a plan as \`terraform show -json PLAN\` prints it, and nothing else.

  --base DIR        the stack as it is: a folder with a synthesized cdk.tf.json
  --head DIR        the stack as it is to be
  --plan PLAN.json  read both from a plan instead
  --all             show what is neutral too, line by line
  --format FORMAT   text (default), markdown for a comment, or json, as docs/review.schema.json describes it

Exit code 0: nothing is wider. 3: a human must agree, and the result says who. 1: a stack cannot be read at all.
`,
  run: async (args, io) => {
    const { words, values, flags } = readArguments(args, {
      base: "value",
      head: "value",
      plan: "value",
      all: "flag",
      format: "value",
    });
    if (flags.has("help")) {
      io.out(review.help);
      return EXIT.ok;
    }
    const format = readFormat(values["format"]);
    const { base, head, plan } = values;
    if (words.length > 0)
      throw new UsageError(`unexpected \`${words[0] ?? ""}\`: name folders by \`--base\` and \`--head\``);
    if (plan !== undefined && (base !== undefined || head !== undefined))
      throw new UsageError("give either `--base` and `--head`, or `--plan`, not both");
    // With their extensions, as Node's own loader asks in the build.
    const reviews = await import("../../review/index.js");
    const { renderReview } = await import("../review-output.js");
    const reviewed = plan === undefined ? reviews.loadFolders(...folders(base, head)) : reviews.loadPlanChanges(plan);
    const result = reviews.review(reviewed);
    io.out(renderReview(result, format, { all: flags.has("all") }));
    return result.verdict === "look" ? EXIT.human : EXIT.ok;
  },
};

function folders(base: string | undefined, head: string | undefined): [base: string, head: string] {
  if (base === undefined || head === undefined)
    throw new UsageError(
      "give `--base DIR` and `--head DIR`, the folders with the synthesized stacks, or `--plan PLAN.json`",
    );
  return [base, head];
}
