// Proves that the same source synthesizes the same resources under cdktn, the maintained fork of CDKTF: copies the checkout, installs
// both packages by alias, synthesizes every example in both, compares. Needs the npm registry; run by hand or by a scheduled job.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";

const CDKTN = "0.24.0";
const PROVIDER = "25.7.0";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const copy = mkdtempSync(join(tmpdir(), "writeback-cdktn-"));

const run = (command, args, cwd, env = {}) =>
  execFileSync(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "inherit"] });
const examples = readdirSync(join(root, "examples"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(root, "examples", entry.name, "main.ts")))
  .map((entry) => entry.name);
const synth = (cwd, out, example) => {
  run(join(cwd, "node_modules/.bin/tsx"), [`examples/${example}/main.ts`], cwd, {
    CDKTF_OUTDIR: out,
    CHECKPOINT_DISABLE: "1",
  });
  return JSON.parse(readFileSync(join(out, "stacks", example, "cdk.tf.json"), "utf8"));
};

try {
  for (const name of execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).trim().split("\n"))
    cpSync(join(root, name), join(copy, name));
  process.stderr.write("installing cdktn in a copy …\n");
  // The provider asks for cdktn by its own name too; both copies share their symbols.
  const aliases = [
    `cdktf@npm:cdktn@${CDKTN}`,
    `@cdktf/provider-aws@npm:@cdktn/provider-aws@${PROVIDER}`,
    `cdktn@${CDKTN}`,
  ];
  run("npm", ["install", "--no-audit", "--no-fund", "--no-save", "--legacy-peer-deps", ...aliases], copy);
  process.stderr.write("synthesizing under both …\n");
  for (const cwd of [root, copy]) run(process.execPath, ["scripts/build-handlers.mjs"], cwd);
  for (const example of examples) {
    const ours = synth(root, join(copy, "out-cdktf"), example);
    const theirs = synth(copy, join(copy, "out-cdktn"), example);
    const differing = [
      ...Object.keys({ ...ours.resource, ...theirs.resource }).filter(
        (type) => !isDeepStrictEqual(ours.resource[type], theirs.resource[type]),
      ),
      ...(isDeepStrictEqual(ours.check, theirs.check) ? [] : ["check"]),
    ];
    if (differing.length > 0) {
      process.stderr.write(`of examples/${example} these differ under cdktn: ${differing.join(", ")}\n`);
      process.exitCode = 1;
    } else {
      const count = Object.values(ours.resource).flatMap((resources) => Object.keys(resources)).length;
      process.stdout.write(`cdktn ${CDKTN} synthesizes the same ${count} resources of examples/${example}\n`);
    }
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
