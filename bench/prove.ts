import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { stringify } from "yaml";

import { evaluate } from "../src/iam";
import type { PolicyInput } from "../src/policy";
import { loadFolders, loadStack, prove, reportFiles, review } from "../src/review";
import { loadIndependentEngine } from "./independent-engine";
import { sessionLayers, sessionQuestions } from "./sessions";

/**
 * Measures `prove` and `report` on stacks of 10, 100 and 300 fields, `review` of a change of every tenth of them, and the evaluator of IAM under it: decisions a second for a session's requests with all
 * its layers, side by side with an independent engine where `WRITEBACK_IAM_ENGINE` names the folder that it is installed in.
 */
const SIZES = [10, 100, 300] as const;
const LONGEST_PROOF = 10;
const LONGEST_REVIEW = 5;
const LONGEST_REPORT = 5;
const LEAST_RATIO = 100;
const DECISIONS = 100_000;

const root = resolve(__dirname, "..");

/**
 * A policy that the example's stack can be made of: a third of its fields safe, a third conditional, a third never. Changed, every tenth of those
 * that are never written is written after an approval.
 */
function policyOf(fields: number, isChanged = false): PolicyInput {
  const common = { owner: "identity", sourceOfTruth: "directory", events: ["joiner.provisioned"] };
  const approval = { groups: [{ group: "hr-approvers", count: 1 }], expires: "PT24H" };
  const fieldOf = (index: number): PolicyInput["fields"][string] => {
    const hrisField = `customField${String(index)}`;
    const isOpened = isChanged && index % 30 === 2;
    if (index % 3 === 2 && !isOpened) return { class: "never", owner: "hr", sourceOfTruth: "hris" };
    if (index % 3 === 1 || isOpened) return { ...common, class: "conditional", approval, check: "none", hrisField };
    return { ...common, class: "safe", sourceField: "userName", hrisField };
  };
  return {
    version: 1,
    owners: {
      identity: { name: "Identity", contact: "identity@example.com", approvers: { group: "iam-approvers" } },
      hr: { name: "HR", contact: "hr@example.com", approvers: { group: "hr-approvers" } },
    },
    systems: { directory: { kind: "directory" }, finance: { kind: "finance" }, hris: { kind: "hris" } },
    publishers: { "identity.joiner": { initiator: "automation" } },
    events: { "joiner.provisioned": { source: ["identity.joiner"], window: "PT72H" } },
    defaults: { reconcile: { every: "P1D", log: "ledger" } },
    fields: Object.fromEntries(
      Array.from({ length: fields }, (_, index) => [`field_${String(index).padStart(3, "0")}`, fieldOf(index)]),
    ),
  };
}

/** Synthesizes the example with a policy of so many fields, as a user does, and gives the folder of its stack. */
function synthesize(folder: string, fields: number, isChanged = false): string {
  const name = `${String(fields)}${isChanged ? "-changed" : ""}`;
  const policy = join(folder, `${name}.policy.yaml`);
  const outdir = join(folder, name);
  writeFileSync(policy, stringify(policyOf(fields, isChanged)));
  const { status, stderr } = spawnSync(
    process.execPath,
    [require.resolve("tsx/cli"), join(root, "examples/acme/main.ts")],
    {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, WRITEBACK_POLICY: policy, CDKTF_OUTDIR: outdir },
    },
  );
  if (status !== 0) throw new Error(stderr);
  return join(outdir, "stacks", "acme");
}

function secondsSince(start: bigint): number {
  return Number(process.hrtime.bigint() - start) / 1e9;
}

function print(columns: readonly string[], widths: readonly number[]): void {
  process.stdout.write(`${columns.map((column, at) => column.padStart(widths[at] ?? 0)).join("  ")}\n`);
}

function benchProve(folder: string): void {
  const widths = [6, 9, 9, 24, 26];
  process.stdout.write("prove and report, a stack read from its file\n");
  print(["fields", "resources", "seconds", "cost against 10 fields", "seconds for a report in all"], widths);
  let base: number | undefined;
  for (const fields of SIZES) {
    const dir = synthesize(folder, fields);
    const begin = process.hrtime.bigint();
    const stack = loadStack(dir);
    const start = process.hrtime.bigint();
    const proof = prove(stack);
    const seconds = secondsSince(start);
    if (proof.verdict !== "proved") throw new Error(`the stack of ${String(fields)} fields is ${proof.verdict}`);
    base ??= seconds;
    const resources = String(proof.stack.resources);
    reportFiles({ stack, proof, sha256: "0".repeat(64), atMs: 0 });
    const all = secondsSince(begin);
    print([String(fields), resources, seconds.toFixed(2), `${(seconds / base).toFixed(1)} x`, all.toFixed(2)], widths);
    if (all > LONGEST_REPORT) throw new Error(`a report may take ${String(LONGEST_REPORT)} s at most`);
    if (seconds > LONGEST_PROOF) throw new Error(`a proof may take ${String(LONGEST_PROOF)} s at most`);
  }
}

function benchReview(folder: string): void {
  const widths = [6, 9, 9];
  process.stdout.write("\nreview, both stacks read from their files\n");
  print(["fields", "changes", "seconds"], widths);
  for (const fields of SIZES) {
    const head = synthesize(folder, fields, true);
    const base = join(folder, String(fields), "stacks", "acme");
    const start = process.hrtime.bigint();
    const { verdict, changes } = review(loadFolders(base, head));
    const seconds = secondsSince(start);
    if (verdict !== "look") throw new Error(`the change of ${String(fields)} fields is ${verdict}`);
    print([String(fields), String(changes.length), seconds.toFixed(2)], widths);
    if (seconds > LONGEST_REVIEW) throw new Error(`a review may take ${String(LONGEST_REVIEW)} s at most`);
  }
}

async function benchEvaluator(): Promise<void> {
  const layers = sessionLayers();
  const questions = sessionQuestions();
  const ask = (count: number): void => {
    for (let asked = 0; asked < count; asked += questions.length)
      for (const question of questions) evaluate(question, layers);
  };
  ask(DECISIONS / 10);
  const begun = process.hrtime.bigint();
  ask(DECISIONS);
  const ours = (Math.ceil(DECISIONS / questions.length) * questions.length) / secondsSince(begun);
  process.stdout.write(
    "\nIAM decisions over identity policy, boundary, session policy and the API's policy, on one core\n",
  );
  process.stdout.write(`ours         ${Math.round(ours).toLocaleString("en-GB").padStart(9)} a second\n`);

  const engineFolder = process.env["WRITEBACK_IAM_ENGINE"];
  if (engineFolder === undefined) {
    process.stdout.write("independent  not installed: `npm run iam:compare` installs and measures it\n");
    return;
  }
  const engine = loadIndependentEngine(engineFolder);
  const start = process.hrtime.bigint();
  for (const question of questions) await engine(question, layers);
  const theirs = questions.length / secondsSince(start);
  const ratio = ours / theirs;
  process.stdout.write(`independent  ${Math.round(theirs).toLocaleString("en-GB").padStart(9)} a second\n`);
  process.stdout.write(`ratio        ${Math.round(ratio).toLocaleString("en-GB").padStart(9)} x\n`);
  if (ratio < LEAST_RATIO) throw new Error(`ours is to be ${String(LEAST_RATIO)} times as fast at least`);
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "writeback-bench-"));
  try {
    benchProve(folder);
    benchReview(folder);
    await benchEvaluator();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

void main();
