// Holds our evaluator of IAM against an independent engine, which its licence (AGPL) keeps out of our dependencies: installs it in a folder of its
// own, asks both the same, prints where they differ, and measures both. Needs the npm registry; run by hand.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import fc from "fast-check";

import { INDEPENDENT_ENGINE, loadIndependentEngine, type Answer, type Question } from "../bench/independent-engine";
import { sessionLayers, sessionQuestions } from "../bench/sessions";
import { evaluate, type Layers, type PolicyDocument, type Statement } from "../src/iam";

const RANDOM_CASES = 3_000;

const root = dirname(__dirname);

interface Case {
  readonly question: Question;
  readonly layers: Layers;
}

/** The real layers, all together and with each of them open or gone. */
function realCases(): readonly Case[] {
  const layers = sessionLayers();
  const open: PolicyDocument = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
  };
  const variants: readonly Layers[] = [
    layers,
    { ...layers, identity: [open] },
    { ...layers, boundary: open },
    { ...layers, session: open },
    { ...layers, resource: undefined },
  ];
  return variants.flatMap((variant) => sessionQuestions().map((question) => ({ question, layers: variant })));
}

const API = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5";
const GRANT = "${aws:PrincipalTag/grantId}";
const FIELD = "${aws:PrincipalTag/field}";

const actions = fc.constantFrom(
  "execute-api:Invoke",
  "EXECUTE-API:invoke",
  "execute-api:*",
  "execute-api:Inv?ke",
  "*",
  "sts:*",
);
const resources = fc.constantFrom(
  `${API}/live/PATCH/grants/${GRANT}/fields/${FIELD}`,
  `${API}/live/PATCH/grants/*/fields/work_email`,
  `${API}/*/PATCH/grants/${GRANT}/*`,
  `${API}/live/*`,
  `${API}/????/PATCH/*`,
  "arn:aws:execute-api:*:*:*",
  "*",
);
/** Without variables: the engine skips a NotResource whose variable has no value, where IAM's own rule is not published. */
const plainResources = fc.constantFrom(`${API}/live/PATCH/*`, `${API}/test/*`, `${API}/*`);
const lists = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | T[]> =>
  fc.oneof(one, fc.uniqueArray(one, { minLength: 1, maxLength: 3 }));
const conditions = fc.constantFrom<NonNullable<Statement["Condition"]>>(
  { StringEquals: { "aws:PrincipalTag/field": "work_email" } },
  { StringNotEquals: { "aws:PrincipalTag/field": ["work_email", "manager"] } },
  { StringEqualsIfExists: { "aws:PrincipalTag/field": "manager" } },
  { StringNotEqualsIfExists: { "aws:PrincipalTag/field": "manager" } },
  { StringLike: { "aws:PrincipalTag/field": "work_*", "aws:PrincipalTag/grantId": "g-*" } },
  { StringNotLike: { "aws:PrincipalTag/field": "man*" } },
  { StringEqualsIgnoreCase: { "aws:PrincipalTag/field": "WORK_EMAIL" } },
  { Null: { "aws:PrincipalTag/field": "true" } },
  { Null: { "aws:PrincipalTag/field": "false" } },
  { Bool: { "aws:SecureTransport": "false" } },
  { Bool: { "aws:SecureTransport": "true" } },
  { DateLessThan: { "aws:CurrentTime": "2026-11-23T10:15:00Z" } },
  { DateGreaterThanEquals: { "aws:CurrentTime": "2026-11-23T10:15:00Z" } },
  {
    Bool: { "aws:SecureTransport": "true" },
    DateLessThan: { "aws:CurrentTime": "2026-11-23T10:15:00Z" },
    StringEquals: { "aws:PrincipalTag/field": ["manager", "work_email"] },
  },
);

function statements(allows: number): fc.Arbitrary<Statement> {
  const subject = fc.oneof(
    lists(actions).map((Action) => ({ Action })),
    fc.constantFrom("sts:*", "execute-api:ManageConnections").map((NotAction) => ({ NotAction })),
  );
  const object = fc.oneof(
    { weight: 4, arbitrary: lists(resources).map((Resource) => ({ Resource })) },
    { weight: 1, arbitrary: lists(plainResources).map((NotResource) => ({ NotResource })) },
  );
  const effect = fc.oneof(
    { weight: allows, arbitrary: fc.constant("Allow" as const) },
    { weight: 1, arbitrary: fc.constant("Deny" as const) },
  );
  return fc.tuple(effect, subject, object, fc.option(conditions)).map(([Effect, what, where, Condition]) => ({
    Effect,
    ...what,
    ...where,
    ...(Condition === null ? {} : { Condition }),
  }));
}

function documents(allows: number): fc.Arbitrary<PolicyDocument> {
  return fc
    .array(statements(allows), { minLength: 1, maxLength: 3 })
    .map((Statement) => ({ Version: "2012-10-17", Statement }));
}

function randomCases(): readonly Case[] {
  const layers = fc.record({
    identity: documents(4).map((document) => [document]),
    boundary: fc.option(documents(6), { nil: undefined }),
    session: fc.option(documents(6), { nil: undefined }),
  });
  const drawn = fc.record({ question: fc.constantFrom(...sessionQuestions()), layers });
  return fc.sample(drawn, { numRuns: RANDOM_CASES, seed: 42 });
}

interface Counts {
  allowed: number;
  denied: number;
  readonly different: { readonly subject: Case; readonly ours: Answer; readonly theirs: Answer }[];
}

async function compare(
  engine: ReturnType<typeof loadIndependentEngine>,
  title: string,
  cases: readonly Case[],
): Promise<number> {
  const counts: Counts = { allowed: 0, denied: 0, different: [] };
  for (const [index, subject] of cases.entries()) {
    if (process.stderr.isTTY && index % 100 === 0)
      process.stderr.write(`\r${title}: ${String(index)} of ${String(cases.length)}`);
    const ours = evaluate(subject.question, subject.layers).decision === "allow" ? "allow" : "deny";
    const theirs = await engine(subject.question, subject.layers);
    if (ours !== theirs) counts.different.push({ subject, ours, theirs });
    else if (ours === "allow") counts.allowed++;
    else counts.denied++;
  }
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  const { allowed, denied, different } = counts;
  if (allowed === 0 || denied === 0) throw new Error(`${title}: all answers are alike, so nothing was compared`);
  process.stdout.write(
    `${title.padEnd(14)} ${String(cases.length).padStart(6)} asked: ${String(allowed)} allowed by both, ${String(denied)} denied by both, ${String(different.length)} different\n`,
  );
  for (const difference of different.slice(0, 3)) process.stdout.write(`${JSON.stringify(difference, undefined, 2)}\n`);
  return different.length;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "writeback-iam-"));
  try {
    writeFileSync(join(folder, "package.json"), "{}\n");
    process.stderr.write(`installing ${INDEPENDENT_ENGINE} …\n`);
    execFileSync("npm", ["install", "--no-audit", "--no-fund", "--silent", "--prefix", folder, INDEPENDENT_ENGINE]);
    const engine = loadIndependentEngine(folder);
    const different =
      (await compare(engine, "real layers", realCases())) + (await compare(engine, "random layers", randomCases()));
    process.stdout.write("\n");
    const { status } = spawnSync(process.execPath, [require.resolve("tsx/cli"), join(root, "bench/prove.ts")], {
      env: { ...process.env, WRITEBACK_IAM_ENGINE: folder },
      stdio: "inherit",
    });
    process.exitCode = different > 0 ? 1 : (status ?? 1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

void main();
