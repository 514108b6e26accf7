import { UsageError } from "../../core";
import { readArguments, readFormatAmong } from "../arguments";
import { EXIT, type Command } from "../io";

/** `review --base DIR --head DIR`: what a change widens, narrows or leaves alone. Loaded when asked for. */
export const review: Command = {
  name: "review",
  summary: "say what a change widens, narrows or leaves alone, and who must agree",
  help: `Usage: hris-writeback review --base DIR --head DIR [--policy FILE] [--all] [--format text|markdown|json|sarif]
       hris-writeback review --plan PLAN.json [--policy FILE] [--all] [--format text|markdown|json|sarif]

Compares two synthesized stacks by what they mean: whoever may write which field, after which approval; what IAM decides; what watches,
encrypts and keeps. Reads the folders as \`prove\` does, or a plan as \`terraform show -json PLAN\` prints it, and nothing else.

  --base DIR        the stack as it is: a folder with a synthesized cdk.tf.json
  --head DIR        the stack as it is to be
  --plan PLAN.json  read both from a plan instead
  --policy FILE     the policy file of the head: where sarif points to for what the policy changes
  --all             show what is neutral too, line by line
  --format FORMAT   text (default), markdown for a comment, json, as docs/review.schema.json describes it, or sarif 2.1.0

Exit code 0: nothing is wider. 3: a human must agree, and the result says who. 1: a stack cannot be read at all.
`,
  run: async (args, io) => {
    const { words, values, flags } = readArguments(args, {
      base: "value",
      head: "value",
      plan: "value",
      policy: "value",
      all: "flag",
      format: "value",
    });
    if (flags.has("help")) {
      io.out(review.help);
      return EXIT.ok;
    }
    const { base, head, plan, policy } = values;
    if (words.length > 0)
      throw new UsageError(`unexpected \`${words[0] ?? ""}\`: name folders by \`--base\` and \`--head\``);
    if (plan !== undefined && (base !== undefined || head !== undefined))
      throw new UsageError("give either `--base` and `--head`, or `--plan`, not both");
    // With their extensions, as Node's own loader asks in the build.
    const reviews = await import("../../review/index.js");
    const { renderReview, REVIEW_FORMATS } = await import("../review-output.js");
    const { placesIn } = await import("../review-places.js");
    const format = readFormatAmong(values["format"], REVIEW_FORMATS);
    const reviewed = plan === undefined ? reviews.loadFolders(...folders(base, head)) : reviews.loadPlanChanges(plan);
    const result = reviews.review(reviewed);
    const fileOf = (name: string): { name: string; text: string } => ({ name, text: reviews.readText(name) });
    const stackOf = (dir: string): { name: string; text: string } => fileOf(reviews.locateStack(dir));
    const files =
      format !== "sarif"
        ? {}
        : {
            ...(base === undefined ? {} : { base: stackOf(base) }),
            ...(head === undefined ? {} : { head: stackOf(head) }),
            ...(plan === undefined ? {} : { head: { name: plan, text: "" } }),
            ...(policy === undefined ? {} : { policy: fileOf(policy) }),
          };
    io.out(renderReview(result, format, { all: flags.has("all"), placesOf: placesIn(files, reviewed) }));
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
