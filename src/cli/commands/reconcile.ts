import { ulid } from "ulid";

import type { Names } from "../../compile";
import { isRequestId, plain, UsageError } from "../../core";
import { controlKeys } from "../../runtime/ledger";
import type { AuditorPorts } from "../../runtime/aws/auditor";
import { readFinished, readRun, readState, type PartItem, type RunItem } from "../../runtime/reconciliation/records";
import { readReport, type ReconciliationReport } from "../../runtime/reconciliation/report";
import { readArguments, readFormat } from "../arguments";
import { EXIT, type Command, type Io } from "../io";
import { failureOf, namesOfMachine, readWait } from "../operator";
import { RENDER_RECONCILIATION } from "../reconcile-output";

/** What the command asks of the world. */
export interface AuditorWorld {
  readonly deployed: (names: Names) => Promise<AuditorPorts>;
  readonly newUlid: (nowMs: number) => string;
}

/** AWS, by whatever credentials the environment gives. Loaded when asked for only. */
const AWS: AuditorWorld = {
  deployed: async (names) =>
    (await import("../../runtime/aws/auditor.js")).createAuditor({
      region: names.region,
      ledgerTable: names.ledgerTable.name,
      controlTable: names.controlTable.name,
      reconciliationArn: names.reconciliation.arn,
    }),
  newUlid: (nowMs) => ulid(nowMs),
};

/** Milliseconds between two looks. */
const LOOK_EVERY_MS = 3_000;

/** `reconcile`: starts a reconciliation of a deployed stack, shows how far it is, and prints its report. */
export const reconcile: Command = {
  name: "reconcile",
  summary: "hold ledger, HR system and sources of truth of a deployed stack against each other",
  help: `Usage: hris-writeback reconcile --reconciliation ARN [--fields all|due] [--wait DURATION] [--format text|markdown|json]
       hris-writeback reconcile --reconciliation ARN --run RUN_ID [--format text|markdown|json]

Starts the reconciliation of a deployed stack and waits for its end, or joins the run that is not finished; then prints its report: what is in sync,
and every finding with whom it is for and what to do. It reads, and writes nothing into the HR system. The report shows ids, names and codes; no
value of a record and no worker's id: \`hris-writeback history REQUEST_ID\` tells more of a request. AWS credentials come from the environment;
\`states:StartExecution\` and \`states:DescribeExecution\` on the reconciliation, and reads of ledger and control table suffice.

  --reconciliation ARN  the stack's reconciliation: its output \`reconciliation-arn\`. Account, Region and every other name follow from it
  --fields WHICH        all (default), or due: those whose own cadence asks for it
  --wait DURATION       how long to wait for the end, as in PT2H (default): the run goes on by itself
  --run RUN_ID          start nothing: print the report of a run on record
  --format FORMAT       text (default), markdown, or json: { "reconciliation": { "runId", "fields", "open", "closed", "forHumans", … } }

Exit code 0: nothing for people to look at. 1: it was not started, or there is no such run. 3: findings for people, or the run has not finished.
`,
  run: (args, io) => runReconcile(args, io, AWS),
};

/** The command over a world of a test's, or the real one. */
export async function runReconcile(args: readonly string[], io: Io, world: AuditorWorld): Promise<number> {
  const { words, values, flags } = readArguments(args, {
    reconciliation: "value",
    fields: "value",
    wait: "value",
    run: "value",
    format: "value",
  });
  if (flags.has("help")) {
    io.out(reconcile.help);
    return EXIT.ok;
  }
  if (words[0] !== undefined) throw new UsageError(`unexpected argument \`${plain(words[0])}\``);
  const format = readFormat(values["format"]);
  const waitMs = readWait(values["wait"], "PT2H");
  const fields = values["fields"] ?? "all";
  if (fields !== "all" && fields !== "due") {
    throw new UsageError(`found \`--fields ${plain(fields)}\`, expected \`all\` or \`due\``);
  }
  const names = namesOfMachine(values["reconciliation"], "reconciliation");
  const ports = await world.deployed(names);
  const known = values["run"];
  if (known !== undefined && !isRequestId(known)) throw new UsageError(`\`${plain(known)}\` is no id of a run`);
  const runId = known ?? (await startAndFollow({ ports, names, world, io }, { fields, waitMs }));
  const report = await tryTo(names, "read the report", () => readReport(ports.store, runId));
  if (report === undefined)
    throw new UsageError(`the ledger of \`${names.prefix}\` knows no reconciliation \`${runId}\``);
  io.out(RENDER_RECONCILIATION[format](report));
  return exitOf(report);
}

function exitOf({ finishedAt, forHumans }: ReconciliationReport): number {
  return finishedAt === undefined || forHumans > 0 ? EXIT.human : EXIT.ok;
}

interface Context {
  readonly ports: AuditorPorts;
  readonly names: Names;
  readonly world: AuditorWorld;
  readonly io: Io;
}

/** Starts an execution and follows it to its end, or until the time is over; the id of the run that it worked at. */
async function startAndFollow(
  { ports, names, world, io }: Context,
  { fields, waitMs }: { readonly fields: "all" | "due"; readonly waitMs: number },
): Promise<string> {
  const { store, machine, clock } = ports;
  const own = `demand-${world.newUlid(clock.now())}`;
  const until = clock.now() + waitMs;
  await tryTo(names, "start the reconciliation", () => machine.start(own, { fields }));
  let runId: string | undefined;
  let told = "";
  for (;;) {
    const status = await tryTo(names, "watch the reconciliation", () => machine.status(own));
    const hasEnded = status !== "running";
    const current = await tryTo(names, "see how far the reconciliation is", () =>
      currentRun(store, own, runId, hasEnded),
    );
    if (current !== undefined) {
      if (runId === undefined && current.runId !== own) io.err(`joined the run ${plain(current.runId)}\n`);
      ({ runId } = current);
      const line = await progressOf(store, current);
      if (line !== told) io.err(`${line}\n`);
      told = line;
    }
    if (hasEnded) {
      if (runId !== undefined) return runId;
      throw new UsageError(
        `the execution \`${own}\` ended before it began a run: look at its history in Step Functions`,
      );
    }
    if (clock.now() >= until) {
      if (runId !== undefined) return runId;
      throw new UsageError(`the execution \`${own}\` has not begun a run yet; \`--wait\` longer`);
    }
    await clock.sleep(LOOK_EVERY_MS);
  }
}

/**
 * The run that an execution works at: the one that it was seen at, the one under way, its own if that has finished already. Nothing before it
 * has begun one: the last run on record is only its work once it has ended.
 */
async function currentRun(
  store: AuditorPorts["store"],
  own: string,
  seen: string | undefined,
  hasEnded: boolean,
): Promise<RunItem | undefined> {
  if (seen !== undefined) return readRun(store, seen);
  const { runId, lastRunId } = await readState(store);
  if (runId !== undefined) return readRun(store, runId);
  const begun = await readRun(store, own);
  return begun ?? (hasEnded && lastRunId !== undefined ? readRun(store, lastRunId) : undefined);
}

async function progressOf(store: AuditorPorts["store"], run: RunItem): Promise<string> {
  const finished = await readFinished(store, run.runId);
  if (finished !== undefined) return `${run.parts} of ${run.parts} parts, ${finished.records} records: finished`;
  const parts = await Promise.all(
    Array.from({ length: run.parts }, (_, part) => store.get("control", controlKeys.part(run.runId, part))),
  );
  const known = parts.filter((part) => part !== undefined) as unknown as PartItem[];
  const records = known.reduce((sum, part) => sum + part.records, 0);
  return `${known.filter(({ done }) => done).length} of ${run.parts} parts, ${records} records`;
}

async function tryTo<T>(names: Names, what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw failureOf(error, names, what);
  }
}
