// Proves that the same source synthesizes the same resources under cdktn, the maintained fork of CDKTF: copies the checkout, installs
// both packages by alias, synthesizes examples/acme in both, compares. Needs the npm registry; run by hand or by a scheduled job.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
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
const synth = (cwd, out) => {
  run("npm", ["run", "--silent", "synth"], cwd, { CDKTF_OUTDIR: out, CHECKPOINT_DISABLE: "1" });
  return JSON.parse(readFileSync(join(out, "stacks/acme/cdk.tf.json"), "utf8"));
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
  const ours = synth(root, join(copy, "out-cdktf"));
  const theirs = synth(copy, join(copy, "out-cdktn"));
  const differing = Object.keys({ ...ours.resource, ...theirs.resource }).filter(
    (type) => !isDeepStrictEqual(ours.resource[type], theirs.resource[type]),
  );
  if (differing.length > 0) {
    process.stderr.write(`these resources differ under cdktn: ${differing.join(", ")}\n`);
    process.exitCode = 1;
  } else {
    const count = Object.values(ours.resource).flatMap((resources) => Object.keys(resources)).length;
    process.stdout.write(`cdktn ${CDKTN} synthesizes the same ${count} resources\n`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
