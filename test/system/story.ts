import { existsSync, mkdtempSync, renameSync } from "node:fs";
import { join } from "node:path";

import { assemble, type Cast } from "../../src/local/demo/cast";
import { tellStory, type Story } from "../../src/local/demo/story";
import { synthesizeExample, type DemoExample } from "../../src/local/demo/synthesize";
import { loadStack, type Stack } from "../../src/local/stack";

/** An example's stack and the folder of its Terraform, synthesized by the first test file of a run that asks. */
export async function exampleStack(example: DemoExample): Promise<{ readonly dir: string; readonly stack: Stack }> {
  const run = process.env["WRITEBACK_TEST_RUN"] ?? "";
  const dir = join(run, example);
  if (!existsSync(dir)) {
    const own = mkdtempSync(join(run, `${example}-`));
    await synthesizeExample(own, example);
    try {
      renameSync(own, dir);
    } catch (error) {
      // Another test file was faster, and made the same.
      if (!existsSync(dir)) throw error;
    }
  }
  return { dir, stack: loadStack(dir) };
}

/** The demo's story, told on a fresh cloud. */
export async function toldStory(example: DemoExample = "acme"): Promise<{ cast: Cast; story: Story; dir: string }> {
  const { dir, stack } = await exampleStack(example);
  const cast = await assemble(stack);
  const story = await tellStory(cast, () => undefined);
  return { cast, story, dir };
}
