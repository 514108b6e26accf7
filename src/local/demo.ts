import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { demoAtThePage } from "./demo/at-the-page";
import { assemble } from "./demo/cast";
import { tellStory, type Chapter, type Story } from "./demo/story";
import { synthesizeExample, type DemoExample } from "./demo/synthesize";
import { loadStack } from "./stack";

export interface DemoOptions {
  /** Serves the approvals page with changes that wait, until it is interrupted, instead of telling the story. */
  readonly page: boolean;
  /** Prints one JSON object instead of the story. */
  readonly json: boolean;
  readonly example: DemoExample;
}

/**
 * Synthesizes an example, runs what was synthesized on this machine, and tells what happened. Result on stdout, progress on
 * stderr. Returns the exit code: 0, or 3 where an attack was not refused.
 */
export async function runDemo({ json, page, example }: DemoOptions): Promise<number> {
  const progress = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const outDir = await mkdtemp(join(tmpdir(), "writeback-demo-"));
  try {
    if (page) {
      await demoAtThePage({
        example,
        outDir,
        out: (text) => process.stdout.write(text),
        err: (text) => process.stderr.write(text),
      });
      return 0;
    }
    progress(`synthesizing examples/${example} …`);
    await synthesizeExample(outDir, example);
    const stack = loadStack(outDir);
    progress("starting the local HRIS, directory, finance system and identity provider …");
    const cast = await assemble(stack);
    try {
      const story = await tellStory(cast, (chapter) => {
        if (json) progress(chapter.title);
        else process.stdout.write(`${renderChapter(chapter)}\n`);
      });
      const { changes, attacks, hris } = story;
      process.stdout.write(
        json ? `${JSON.stringify({ changes, attacks, hris }, null, 2)}\n` : renderEnd(story, WHENCE),
      );
      return attacks.length > 0 && attacks.every(({ refused }) => refused) ? 0 : 3;
    } finally {
      await cast.stop();
    }
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
}

const WHENCE =
  "Workflow, functions' environment and every policy came out of the synthesized Terraform; IAM's answers are the evaluator's over them. People signed in at an OpenID provider on loopback.";

/** A chapter for a person to read. */
export function renderChapter({ title, lines }: Chapter): string {
  return `\n${title}\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

/** The end of a story: how many changes and attacks there were, and where all of it came from. */
export function renderEnd({ changes, attacks }: Pick<Story, "attacks" | "changes">, whence: string): string {
  const written = changes.filter(({ outcome }) => outcome === "applied").length;
  const refused = attacks.filter(({ refused: held }) => held).length;
  return (
    `\n${changes.length} changes: ${written} written, each once; ${changes.length - written} not. ` +
    `${refused} of ${attacks.length} attacks refused.\n${whence}\n`
  );
}
