// Builds what the package ships: compiled sources, handler bundles, and the example's files that are not code.
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { buildHandlers } from "./build-handlers.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");

rmSync(join(root, "dist"), { recursive: true, force: true });
execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json")], { stdio: "inherit" });
for (const example of readdirSync(join(root, "examples"))) {
  const policy = join("examples", example, "write-back.policy.yaml");
  if (existsSync(join(root, policy))) cpSync(join(root, policy), join(root, "dist", policy));
}
cpSync(join(root, "src/local/aws/lambda-runner.cjs"), join(root, "dist/src/local/aws/lambda-runner.cjs"));
chmodSync(join(root, "dist/src/cli/main.js"), 0o755);
const { names, packages } = await buildHandlers();
writeFileSync(join(root, "dist/handlers/THIRD-PARTY-NOTICES.txt"), packages.map(noticeOf).join("\n"));
process.stderr.write(`built the package into dist, with ${names.length} handlers\n`);

/** The licence of a package whose code is part of the handler bundles, with its text where the package ships one. */
function noticeOf(folder) {
  const path = join(root, folder);
  const { name, version, license } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
  const file = readdirSync(path).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? "" : `\n${readFileSync(join(path, file), "utf8").trim()}\n`;
  return `${name} ${version} (${license})\n${text}\n${"-".repeat(80)}\n`;
}
