import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { TerraformStack, Testing } from "cdktf";

import { acme } from "../../examples/acme/main";
import { perimeter } from "../../examples/perimeter/main";
import { parseSynth, type SynthJson } from "./synth";

const ROOT = resolve(__dirname, "../..");

/** Every example, by its folder, which is also its stack's name. */
const APPS = { acme, perimeter } as const;
export type ExampleName = keyof typeof APPS;
export const EXAMPLES = Object.keys(APPS) as readonly ExampleName[];

/** A file of an example's folder. */
export function exampleFile(example: ExampleName, name: string): string {
  return join(ROOT, "examples", example, name);
}

/** What an example can be told from outside; nothing of this process's environment reaches it. */
export type ExampleInputs = Readonly<Record<string, string>>;

export interface SynthesizedExample {
  /** The stack's folder, with `cdk.tf.json`. */
  readonly dir: string;
  readonly text: string;
  readonly json: SynthJson;
}

/** An example's Terraform, made in this process and without assets, whose archives take most of a synth's time. */
export function synthExample(example: ExampleName, inputs: ExampleInputs = {}): SynthesizedExample {
  const outdir = newOutdir();
  const stack = APPS[example]({ CDKTF_OUTDIR: outdir, ...inputs }).node.findChild(example);
  if (!TerraformStack.isStack(stack)) throw new TypeError("the example's stack is not a stack");
  const dir = join(outdir, "stacks", example);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "cdk.tf.json"), Testing.synth(stack));
  return readExample(example, outdir);
}

/** Runs an example's program as `npm run synth` does, assets included, and with Node alone: no other program is on its `PATH`. */
export function runExample(
  example: ExampleName,
  inputs: ExampleInputs = {},
): { readonly status: number | null; readonly stderr: string; readonly outdir: string } {
  const outdir = newOutdir();
  const { HOME = "" } = process.env;
  const { status, stderr } = spawnSync(
    process.execPath,
    [require.resolve("tsx/cli"), exampleFile(example, "main.ts")],
    { cwd: ROOT, encoding: "utf8", env: { PATH: nodeAlone(), HOME, CDKTF_OUTDIR: outdir, ...inputs } },
  );
  return { status, stderr, outdir };
}

/** A folder with `node` and nothing else: CDKTF calls it to write archives. */
function nodeAlone(): string {
  const dir = mkdtempSync(join(tmpdir(), "writeback-node-"));
  symlinkSync(process.execPath, join(dir, "node"));
  return dir;
}

/** What a run wrote. */
export function readExample(example: ExampleName, outdir: string): SynthesizedExample {
  const dir = join(outdir, "stacks", example);
  const text = readFileSync(join(dir, "cdk.tf.json"), "utf8");
  return { dir, text, json: parseSynth(text) };
}

function newOutdir(): string {
  return mkdtempSync(join(tmpdir(), "writeback-example-"));
}
