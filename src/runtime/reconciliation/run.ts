import { formatInstant } from "../../core";
import type { Policy } from "../../policy/model";
import { ignoreLostRace } from "../due-work";
import { UnknownReference } from "../errors";
import { controlKeys, ledgerKeys } from "../ledger";
import type { PinnedPolicy } from "../policy-source";
import type { Condition, Store, StoreReads, WriteAction } from "../ports";
import { putIfAbsent, putOnce } from "../records";
import { CLASSES, FINDING_CLASSES, needsHuman } from "./classes";
import type { Found } from "./finding";
import { isCadenceDue, isOverdue, reviewPolicy } from "./policy-review";
import { mergeFields, readProgress, tell } from "./read-part";
import {
  listObserved,
  readFinished,
  readRun,
  readState,
  recordFound,
  recordUnseen,
  type FieldCounts,
  type FinishedItem,
  type ObservedItem,
  type RunItem,
} from "./records";
import { readSessionProgress, sessionWindow } from "./sessions";
import type { ReconciliationSettings } from "./settings";
import { instant, isDue, ownersOf, type ReconcilerPorts, type World } from "./world";

/** What is known of a field from the runs before. */
interface ReconciledItem {
  readonly startedAt: string;
  readonly runId: string;
}

/**
 * Begins a run, or goes on with the one that was cut off: there is one at a time, and whoever comes while it runs takes part in it. `name`
 * is the new run's id.
 */
export async function beginRun(
  { store, clock, log }: Pick<ReconcilerPorts, "store" | "clock" | "log">,
  { policy, policyDigest }: PinnedPolicy,
  settings: ReconciliationSettings,
  { name, scope }: { readonly name: string; readonly scope: RunItem["scope"] },
): Promise<RunItem> {
  const state = await readState(store);
  const current = state.runId === undefined ? undefined : await readRun(store, state.runId);
  if (current !== undefined) {
    log.info("reconciliation-resumed", { runId: current.runId, since: current.startedAt });
    return current;
  }
  const nowMs = clock.now();
  const run: RunItem = {
    ...ledgerKeys.reconciliation(name, "started"),
    runId: name,
    startedAt: formatInstant(nowMs),
    scope,
    fields: await dueFields(store, policy, scope, nowMs),
    parts: settings.parts,
    ...(state.lastRunId === undefined ? {} : { previousRunId: state.lastRunId }),
    policyDigest,
    ...sessionWindow(state.sessionsUntil, nowMs),
  };
  const key = controlKeys.reconciliation();
  const isFree: Condition = { attribute: "runId", is: "absent" };
  const isMine = await ignoreLostRace(
    store.write([
      putIfAbsent("ledger", run),
      { kind: "update", table: "control", key, set: { runId: name }, condition: isFree },
    ]),
  );
  const begun = isMine ? run : await currentRun(store, name);
  log.info("reconciliation-began", { runId: begun.runId, fields: begun.fields.length, scope: begun.scope });
  return begun;
}

/** The run that somebody else began just now. Throws `UnknownReference` where there is none: the name was used before. */
async function currentRun(store: StoreReads, name: string): Promise<RunItem> {
  const { runId } = await readState(store);
  if (runId === undefined) {
    throw new UnknownReference(`a reconciliation \`${name}\` is on record already: another needs another name`);
  }
  return requireRun(store, runId);
}

/** A run on record. Throws `UnknownReference`. */
export async function requireRun(store: StoreReads, runId: string): Promise<RunItem> {
  const run = await readRun(store, runId);
  if (run === undefined) throw new UnknownReference(`the ledger holds no reconciliation \`${runId}\``);
  return run;
}

/** Fields whose own cadence asks for a look now, or all that are reconciled at all. Sorted. */
async function dueFields(
  store: StoreReads,
  policy: Policy,
  scope: RunItem["scope"],
  nowMs: number,
): Promise<readonly string[]> {
  const due: string[] = [];
  for (const [name, { reconcile }] of Object.entries(policy.fields)) {
    if (reconcile === undefined) continue;
    const last = scope === "all" ? undefined : await readReconciled(store, name);
    if (isCadenceDue(reconcile.every, last === undefined ? undefined : instant(last.startedAt), nowMs)) due.push(name);
  }
  return due.sort();
}

async function readReconciled(store: StoreReads, field: string): Promise<ReconciledItem | undefined> {
  return (await store.get("control", controlKeys.reconciled(field))) as unknown as ReconciledItem | undefined;
}

/**
 * Ends a run whose parts are all read: what the policy asks people to look at, what was not reconciled in its time, what closes since its
 * cause is gone, the run's own record, then the state. Whatever is repeated after a crash comes to the same.
 */
export async function finishRun(world: World, settings: ReconciliationSettings): Promise<FinishedItem> {
  const { store, log } = world.ports;
  const { run } = world;
  const finished = (await readFinished(store, run.runId)) ?? (await judgeRun(world, settings));
  await settle(store, run, finished);
  const { runId, records, sessions, opened, closed, forHumans, incomplete } = finished;
  const members = { runId, records, sessions, opened, closed, forHumans, incomplete: incomplete.length };
  log.info(incomplete.length === 0 ? "reconciled" : "reconciled-in-part", members);
  return finished;
}

async function judgeRun(world: World, settings: ReconciliationSettings): Promise<FinishedItem> {
  const { store, clock } = world.ports;
  const { run } = world;
  const { records, used, fields } = await totals(world);
  const { sessions } = await readSessionProgress(store, run);
  const incomplete = Object.keys(fields)
    .filter((name) => (fields[name]?.unread ?? 0) > 0)
    .sort();
  const found = [
    ...reviewPolicy(world.policy, clock.now(), settings.reviewEveryDays),
    ...(await overdue(world, fields, incomplete)),
    ...(used > 0 && sessions === 0 ? [TRAIL_SHOWS_NONE] : []),
  ];
  for (const each of found) {
    if ((await recordFound(store, run, each, clock.now())) === "opened") tell(world, each);
  }
  await recordTheRest(world, incomplete);

  const observed = await listObserved(store, run.runId);
  const open = observed.filter(({ state }) => state !== "closed");
  const finished: FinishedItem = {
    ...ledgerKeys.reconciliation(run.runId, "finished"),
    runId: run.runId,
    finishedAt: formatInstant(clock.now()),
    records,
    sessions,
    fields,
    incomplete,
    open: countsOf(open),
    opened: observed.filter(({ state }) => state === "opened").length,
    closed: observed.length - open.length,
    forHumans: open.filter(({ finding }) => needsHuman(finding.class)).length,
  };
  await putOnce(store, finished);
  return (await readFinished(store, run.runId)) ?? finished;
}

/** Grants were used, and CloudTrail shows no session of the connector role: it is not looked at where they are recorded. */
const TRAIL_SHOWS_NONE: Found = {
  class: "NotReconciledInTime",
  reason: "TrailShowsNone",
  subject: "sessions",
  owners: ["identity"],
};

/** What all parts counted. Throws while one is not at its end. */
async function totals(world: World): Promise<Pick<FinishedItem, "records" | "fields"> & { readonly used: number }> {
  let [records, used] = [0, 0];
  let fields: Readonly<Record<string, FieldCounts>> = {};
  for (let part = 0; part < world.run.parts; part += 1) {
    const progress = await readProgress(world, part);
    if (!progress.done) throw new UnknownReference(`part ${part} of \`${world.run.runId}\` is not read to its end`);
    records += progress.records;
    used += progress.used;
    fields = mergeFields(fields, progress.fields);
  }
  return { records, used, fields };
}

/**
 * Fields that were not reconciled in their time: those that this run could not read wholly and that are overdue, and those that were overdue
 * when it began, which the next run in time closes.
 */
async function overdue(
  world: World,
  fields: Readonly<Record<string, FieldCounts>>,
  incomplete: readonly string[],
): Promise<Found[]> {
  const { policy, run, ports } = world;
  const found: Found[] = [];
  for (const [field, { reconcile }] of Object.entries(policy.fields)) {
    if (reconcile === undefined) continue;
    const last = await readReconciled(ports.store, field);
    const isWhole = run.fields.includes(field) && !incomplete.includes(field);
    const since = last?.startedAt ?? (isWhole ? undefined : fields[field]?.firstWrittenAt);
    if (since === undefined || last?.runId === run.runId) continue;
    if (!isOverdue(reconcile.every, instant(since), isWhole ? instant(run.startedAt) : ports.clock.now())) continue;
    found.push({
      class: "NotReconciledInTime",
      reason: "NotReconciled",
      subject: field,
      field,
      owners: ownersOf(world, field),
    });
  }
  return found;
}

/** What the run before left open and this one did not see: closed where this one looked for it, else carried on. */
async function recordTheRest(world: World, incomplete: readonly string[]): Promise<void> {
  const { store, clock } = world.ports;
  const { run } = world;
  if (run.previousRunId === undefined) return;
  const seen = new Set((await listObserved(store, run.runId)).map((item) => item.findingId));
  for (const before of await listObserved(store, run.previousRunId)) {
    if (before.state === "closed" || seen.has(before.findingId)) continue;
    const isGone = await isCauseGone(world, before, incomplete);
    await recordUnseen(store, run, before, isGone ? "closed" : "carried", clock.now());
  }
}

async function isCauseGone(world: World, { finding }: ObservedItem, incomplete: readonly string[]): Promise<boolean> {
  const { class: findingClass, reason, field = "", grantId } = finding;
  const scope = reason === "HoldsUngrantedValue" ? "field" : FINDING_CLASSES[findingClass].scope;
  if (scope === "field") return isDue(world, field) && !incomplete.includes(field);
  if (scope !== "sessions") return true;
  // What a session did is done: it stays until a grant turns up for it.
  if (grantId === undefined || reason !== "UnknownSession") return false;
  return (await world.ports.store.get("ledger", ledgerKeys.grant(grantId))) !== undefined;
}

/** Heaviest class first, those without a finding left out. */
function countsOf(open: readonly ObservedItem[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    CLASSES.flatMap((each) => {
      const count = open.filter(({ finding }) => finding.class === each).length;
      return count === 0 ? [] : [[each, count]];
    }),
  );
}

/** Sets the state to after the run: what was reconciled and until when; the parts' progress goes. */
async function settle(store: Store, run: RunItem, { incomplete, fields }: FinishedItem): Promise<void> {
  const { runId, startedAt } = run;
  if ((await readState(store)).runId !== runId) return;
  // A field that was never written has no time in which it must be reconciled.
  const isReconciled = (name: string): boolean => (fields[name]?.compared ?? 0) > 0 && !incomplete.includes(name);
  for (const field of run.fields.filter(isReconciled)) {
    const item = { ...controlKeys.reconciled(field), startedAt, runId };
    await store.write([{ kind: "put", table: "control", item }]);
  }
  const parts = [...Array.from({ length: run.parts }, (_, part) => part), "sessions" as const];
  await ignoreLostRace(
    store.write([
      {
        kind: "update",
        table: "control",
        key: controlKeys.reconciliation(),
        set: { lastRunId: runId, lastStartedAt: startedAt, sessionsUntil: run.sessionsUntil },
        remove: ["runId"],
        condition: { attribute: "runId", is: "=", value: runId },
      },
      ...parts.map((part): WriteAction => ({ kind: "delete", table: "control", key: controlKeys.part(runId, part) })),
    ]),
  );
}
