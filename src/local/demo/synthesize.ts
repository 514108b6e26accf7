import { spawn } from "node:child_process";
import { extname, join } from "node:path";
import { pathToFileURL } from "node:url";

import { UsageError } from "../../core";

/** Variables of our own environment that the example's process needs to run at all. Its inputs are not among them. */
const PASSED_ON = ["PATH", "HOME", "TMPDIR", "TEMP", "SystemRoot"];

/** The examples that the demo's story can be told on: their policies have its fields. */
export const DEMO_EXAMPLES = ["acme", "perimeter"] as const;
export type DemoExample = (typeof DEMO_EXAMPLES)[number];

/**
 * Synthesizes one of the examples, with its own policy and inputs unless others are given, into a folder, in a process of its own, as `npm run synth` does.
 * Works from the sources and from the built package. Throws `UsageError` with what the example printed.
 */
export async function synthesizeExample(
  outDir: string,
  example: DemoExample = "acme",
  inputs: Readonly<Record<string, string>> = {},
): Promise<void> {
  const extension = extname(__filename);
  const main = join(__dirname, "..", "..", "..", "examples", example, `main${extension}`);
  const loader = extension === ".ts" ? ["--import", pathToFileURL(require.resolve("tsx")).href] : [];
  const environment = Object.fromEntries(
    PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
  const child = spawn(process.execPath, [...loader, main], {
    env: { ...environment, ...inputs, CDKTF_OUTDIR: outDir, CHECKPOINT_DISABLE: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  const keep = (chunk: Buffer): void => {
    printed = (printed + chunk.toString("utf8")).slice(-4000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new UsageError(`examples/${example} could not be synthesized\n${printed.trim()}`);
}
