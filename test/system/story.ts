import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { assemble, type Cast } from "../../src/local/demo/cast";
import { tellStory, type Story } from "../../src/local/demo/story";
import { synthesizeExample } from "../../src/local/demo/synthesize";
import { loadStack, type Stack } from "../../src/local/stack";

let synthesized: Promise<{ dir: string; stack: Stack }> | undefined;

/** `examples/acme`, synthesized once per test file. */
export function acmeStack(): Promise<{ dir: string; stack: Stack }> {
  synthesized ??= (async () => {
    const dir = mkdtempSync(join(tmpdir(), "writeback-system-"));
    await synthesizeExample(dir);
    return { dir, stack: loadStack(dir) };
  })();
  return synthesized;
}

/** The demo's story, told on a fresh cloud. */
export async function toldStory(): Promise<{ cast: Cast; story: Story; dir: string }> {
  const { dir, stack } = await acmeStack();
  const cast = await assemble(stack);
  const story = await tellStory(cast, () => undefined);
  return { cast, story, dir };
}
