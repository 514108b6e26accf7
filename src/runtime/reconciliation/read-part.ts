import { LEDGER } from "../../core";
import {
  controlKeys,
  type DecisionItem,
  type GrantItem,
  type InspectionItem,
  type IntentItem,
  type OutcomeItem,
} from "../ledger";
import { ignoreLostRace } from "../due-work";
import type { Condition, Item, Key } from "../ports";
import { needsHuman, FINDING_CLASSES } from "./classes";
import type { Found } from "./finding";
import { judgeInspection, NOTHING, type Judged } from "./judge-field";
import { judgeDecision, judgeGrant, judgeGrantOutcome, judgeIntent, judgeOutcome } from "./judge-ledger";
import { recordFound, type FieldCounts, type PartItem, type RunItem } from "./records";
import { instant, SETTLE_MS, SystemSilent, type ReconcilerPorts, type World } from "./world";

/** Records that are read at once: a page of them is all that is held in memory. */
const PAGE = 100;

/** After this time an invocation takes no new record, in milliseconds: one may need two slow reads. */
export const BUDGET_MS = 200_000;

/** How often one record is waited for, and how many in a row may fail for all the waiting before a part asks its systems no more. */
const MAX_WAITS = 3;
const MAX_IN_ROW = 5;

/** Shortest and longest wait for a system that does not answer, in seconds. */
const MIN_WAIT_SECONDS = 60;
const MAX_WAIT_SECONDS = 900;

/** What comes next in a part. */
export type PartProgress =
  | { readonly status: "done" | "more"; readonly waitSeconds: 0 }
  | { readonly status: "wait"; readonly waitSeconds: number };

/**
 * Goes on with one part of the ledger from where its last invocation stopped, until it is at the end, the time is up, or a system does not
 * answer. What was found is on record before the cursor moves, so that a crash anywhere finds it again and doubles nothing; the cursor
 * moves with the counts in one conditional write, so that two invocations at once count nothing twice.
 */
export async function readPart(
  world: World,
  { pages }: Pick<ReconcilerPorts, "pages">,
  part: number,
): Promise<PartProgress> {
  const { clock } = world.ports;
  const { run } = world;
  const startedMs = clock.now();
  const isTimeUp = (): boolean => clock.now() - startedMs > BUDGET_MS;
  for (;;) {
    const before = await readProgress(world, part);
    if (before.done) return { status: "done", waitSeconds: 0 };
    if (isTimeUp()) return { status: "more", waitSeconds: 0 };
    const from = before.cursor === undefined ? {} : { after: before.cursor };
    const { items, last } = await pages.page({ part, of: run.parts, limit: PAGE, ...from });
    let progress = before;
    let silent: SystemSilent | undefined;
    let dealtWith = 0;
    for (const item of items) {
      if (isTimeUp()) break;
      const judged = await judgeOrSilence(world, item, progress);
      if (judged instanceof SystemSilent && progress.waits < MAX_WAITS && progress.failedInRow === 0) {
        silent = judged;
        break;
      }
      progress = await dealWith(world, item, judged, progress);
      dealtWith += 1;
    }
    const isWhole = dealtWith === items.length;
    const next: PartItem = {
      ...progress,
      version: before.version + 1,
      done: isWhole && last === undefined,
      ...(isWhole && last !== undefined ? { cursor: last } : {}),
      ...(silent === undefined ? {} : { waits: progress.waits + 1 }),
    };
    if (!(await saveProgress(world, before, next))) continue;
    if (silent !== undefined) return { status: "wait", waitSeconds: waitFor(silent, progress.waits) };
  }
}

/** Moves a part on, unless somebody else did meanwhile; whether it did. */
async function saveProgress({ ports, run }: World, seen: PartItem, next: PartItem): Promise<boolean> {
  const condition: Condition =
    seen.version === 0 ? { attribute: "pk", is: "absent" } : { attribute: "version", is: "=", value: seen.version };
  const isSaved = await ignoreLostRace(
    ports.store.write([{ kind: "put", table: "control", item: { ...next }, condition }]),
  );
  if (!isSaved) ports.log.info("part-overtaken", { runId: run.runId, part: next.pk });
  return isSaved;
}

async function judgeOrSilence(world: World, item: Item, progress: PartItem): Promise<Judged | SystemSilent> {
  try {
    return await judge(world, item, progress);
  } catch (error) {
    if (error instanceof SystemSilent) return error;
    throw error;
  }
}

/** How far a part is. */
export async function readProgress({ ports, run }: World, part: number): Promise<PartItem> {
  const key = controlKeys.part(run.runId, part);
  const item = (await ports.store.get("control", key)) as unknown as PartItem | undefined;
  return item ?? { ...key, version: 0, done: false, records: 0, used: 0, fields: {}, waits: 0, failedInRow: 0 };
}

/** What a record is judged by, by the kind of its partition. */
const JUDGES: readonly (readonly [prefix: string, judge: (world: World, item: Item) => Promise<Judged | Found[]>])[] = [
  [LEDGER.inspectionPrefix, (world, item) => judgeInspection(world, item as unknown as InspectionItem)],
  [LEDGER.grantPrefix, (world, item) => judgeGrant(world, item as unknown as GrantItem)],
  [LEDGER.intentPrefix, (world, item) => judgeIntent(world, item as unknown as IntentItem)],
  [LEDGER.grantOutcomePrefix, (world, item) => judgeGrantOutcome(world, item as unknown as OutcomeItem)],
  [LEDGER.outcomePrefix, (world, item) => judgeOutcome(world, item as unknown as OutcomeItem)],
  [LEDGER.decisionPrefix, (world, item) => judgeDecision(world, item as unknown as DecisionItem)],
];

async function judge(world: World, item: Item, { failedInRow }: PartItem): Promise<Judged> {
  const pk = String(item["pk"]);
  const [, by] = JUDGES.find(([prefix]) => pk.startsWith(prefix)) ?? [];
  if (by === undefined) return NOTHING;
  // Systems that have not answered for long are not asked any more: the ledger alone is still looked at.
  if (failedInRow >= MAX_IN_ROW && pk.startsWith(LEDGER.inspectionPrefix)) return unread(item);
  const judged = await by(world, item);
  return Array.isArray(judged) ? { found: judged } : judged;
}

/** A record's findings on record, and the progress with it counted. */
async function dealWith(
  world: World,
  item: Item,
  judged: Judged | SystemSilent,
  progress: PartItem,
): Promise<PartItem> {
  const { ports, run } = world;
  const { found, compared } = judged instanceof SystemSilent ? unread(item) : judged;
  for (const each of found) {
    const how = await recordFound(ports.store, run, each, ports.clock.now());
    if (how === "opened") tell(world, each);
  }
  const failed = judged instanceof SystemSilent || (compared?.as === "unread" && progress.failedInRow >= MAX_IN_ROW);
  const asked = compared !== undefined;
  return {
    ...progress,
    cursor: keyOf(item),
    records: progress.records + 1,
    used: progress.used + (isUseInWindow(run, item) ? 1 : 0),
    waits: 0,
    failedInRow: failed ? progress.failedInRow + 1 : asked ? 0 : progress.failedInRow,
    ...(compared === undefined ? {} : { fields: counted(progress.fields, compared) }),
  };
}

/** Whether a record is of a grant's use whose session CloudTrail must show to this run. */
function isUseInWindow({ sessionsFrom, sessionsUntil }: RunItem, item: Item): boolean {
  if (!String(item["pk"]).startsWith(LEDGER.intentPrefix)) return false;
  const intendedAt = String(item["intendedAt"]);
  // The session was opened a little before, and CloudTrail may be late: both ends are left to the runs beside this one.
  const usedMs = instant(intendedAt);
  return usedMs - SETTLE_MS > instant(sessionsFrom) && usedMs + SETTLE_MS < instant(sessionsUntil);
}

/** Says in the log that something was found first: an alarm counts the lines at level `ERROR`. */
export function tell({ ports, run }: Pick<World, "ports" | "run">, found: Found): void {
  const { class: findingClass, reason, field, requestId, index, grantId } = found;
  const members = { runId: run.runId, class: findingClass, reason, field, requestId, index, grantId };
  if (!needsHuman(findingClass)) ports.log.info("finding-recorded", members);
  else if (FINDING_CLASSES[findingClass].scope === "policy") ports.log.warn("review-due", members);
  else ports.log.error("discrepancy-found", members);
}

/** A last write that nobody could be asked about. */
function unread(item: Item): Judged {
  return {
    found: [],
    compared: { field: String(item["field"]), as: "unread", writtenAt: String(item["inspectedAt"]) },
  };
}

function counted(
  fields: Readonly<Record<string, FieldCounts>>,
  { field, as, writtenAt }: NonNullable<Judged["compared"]>,
): Readonly<Record<string, FieldCounts>> {
  return mergeFields(fields, {
    [field]: {
      compared: as === "unread" ? 0 : 1,
      inSync: as === "in-sync" ? 1 : 0,
      pending: as === "pending" ? 1 : 0,
      unread: as === "unread" ? 1 : 0,
      firstWrittenAt: writtenAt,
    },
  });
}

/** Counts of the same fields, added up. */
export function mergeFields(
  a: Readonly<Record<string, FieldCounts>>,
  b: Readonly<Record<string, FieldCounts>>,
): Readonly<Record<string, FieldCounts>> {
  const merged = new Map(Object.entries(a));
  for (const [field, more] of Object.entries(b)) {
    const known = merged.get(field);
    merged.set(
      field,
      known === undefined
        ? more
        : {
            compared: known.compared + more.compared,
            inSync: known.inSync + more.inSync,
            pending: known.pending + more.pending,
            unread: known.unread + more.unread,
            firstWrittenAt: known.firstWrittenAt < more.firstWrittenAt ? known.firstWrittenAt : more.firstWrittenAt,
          },
    );
  }
  return Object.fromEntries(merged);
}

function waitFor({ retryAfterSeconds }: SystemSilent, waits: number): number {
  const seconds = retryAfterSeconds ?? MIN_WAIT_SECONDS * 2 ** waits;
  return Math.min(Math.max(Math.ceil(seconds), MIN_WAIT_SECONDS), MAX_WAIT_SECONDS);
}

function keyOf(item: Item): Key {
  return { pk: String(item["pk"]), sk: String(item["sk"]) };
}
