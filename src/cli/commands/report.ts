import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { UsageError } from "../../core";
import { oneWord, readArguments, readTime } from "../arguments";
import { EXIT, type Command } from "../io";
import { writeFiles } from "../write-files";

/** `report STACK_DIR --out DIR`: what a stack may do and what holds it, for people who never run it. Loaded when asked for. */
export const report: Command = {
  name: "report",
  summary: "write what a synthesized stack may do, and what holds it, for compliance",
  help: `Usage: hris-writeback report STACK_DIR --out DIR [--at TIME]

Reads the folder STACK_DIR with a synthesized cdk.tf.json (or with one such stack below its folder stacks) and nothing else, and writes
into DIR, which is made where it is not there:

  report.html  one file that loads nothing and runs nothing: every field with its owner, event, approval and reconciliation, the
               workflow and who may act on whom as drawings, every policy document in full beside what it says, what is watched,
               what is proved, and what remains outside
  report.md    the same as Markdown
  oscal-component-definition.json
               what the stack does for controls of NIST SP 800-53, CSF 2.0, SP 800-207 and OWASP's NHI Top 10, as an OSCAL 1.2.2
               component definition: each claim with the resources that carry it, and none without

The same stack and time are the same files, byte by byte.

  --out DIR    where to write
  --at TIME    count the days that exceptions have left from this moment, as in 2026-11-23 or 2026-11-23T09:00:00Z; without it the
               report shows end dates alone

Exit code as of \`prove\`, and the files are written in each of these cases. 0: proved. 2: a counterexample. 3: something could not be
read, so it is not proved. 1: nothing was written.
`,
  run: async (args, io) => {
    const { words, values, flags } = readArguments(args, { out: "value", at: "value" });
    if (flags.has("help")) {
      io.out(report.help);
      return EXIT.ok;
    }
    const dir = oneWord(words, "STACK_DIR, the folder with the synthesized stack,");
    const atMs = readTime(values["at"]);
    const out = values["out"];
    if (out === undefined || out === "") throw new UsageError("`--out DIR`, the folder to write into, is missing");
    // With its extension, as Node's own loader asks in the build.
    const review = await import("../../review/index.js");
    const file = review.locateStack(dir);
    const stack = review.loadStack(file);
    const sha256 = createHash("sha256").update(readFileSync(file)).digest("hex");
    const proof = review.prove(stack);
    const files = review.reportFiles({ stack, proof, sha256, ...(atMs === undefined ? {} : { atMs }) });
    writeFiles(out, files);
    io.out(files.map(({ name }) => `${join(out, name)}\n`).join(""));
    if (proof.verdict !== "proved") io.err(`The stack is not proved; \`hris-writeback prove ${dir}\` tells why.\n`);
    return EXIT_OF[proof.verdict];
  },
};

const EXIT_OF = { proved: EXIT.ok, counterexample: EXIT.wrong, "not-proved": EXIT.human } as const;
