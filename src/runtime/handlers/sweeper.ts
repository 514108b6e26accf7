import { CONTROL, formatInstant, parseInstant, PAYLOAD_VERSION } from "../../core";
import { lookAtRecords } from "../kill-switch/drill-look";
import { drillLookInputSchema } from "../payloads";
import { settleOpen, watchOpen } from "../abandoned";
import { tellOfTrip } from "../breaker";
import { ignoreLostRace, postpone } from "../due-work";
import {
  checkAbsent,
  endItem,
  exactChangeOf,
  fileLook,
  mayHaveChanged,
  readGrant,
  releasePointer,
  type GrantRecord,
} from "../grants";
import { seenIn } from "../hris-write";
import {
  controlKeys,
  ledgerKeys,
  type GrantItem,
  type IntentItem,
  type LookItem,
  type OpenItem,
  type PointerItem,
  type TaskItem,
} from "../ledger";
import { forgetOpen } from "../open-changes";
import { announceEnding, changeOutcomeItem, grantOutcomeItem, type Ending } from "../outcomes";
import {
  ConditionFailed,
  type Bus,
  type Clock,
  type Condition,
  type Item,
  type Log,
  type Store,
  type Systems,
  type Workflow,
  type WriteAction,
} from "../ports";
import { getChangeOutcome, getDecision, putIfAbsent } from "../records";
import { takeLook } from "../second-look";

export interface SweeperPorts {
  readonly store: Store;
  readonly bus: Bus;
  /** The HRIS with the reader's credential: the sweeper cannot write. */
  readonly systems: Pick<Systems, "hris">;
  /** Tells whether an execution runs; starts and ends none. */
  readonly workflow: Pick<Workflow, "status">;
  readonly clock: Clock;
  readonly log: Log;
}

/** How many items of each kind a run came to terms with. */
export interface SweeperOutput {
  readonly version: typeof PAYLOAD_VERSION;
  /** Writes that were open and now have an outcome. */
  readonly settled: number;
  /** Grants that expired unused. */
  readonly ended: number;
  /** Second looks taken. */
  readonly looked: number;
  /** Waits for approval that expired. */
  readonly expired: number;
  /** Items left for the next run: not yet due, not readable, or someone else was faster. */
  readonly left: number;
}

/** Items of one queue in one run. Of open changes, most are left alone at the price of one question per request. */
const BATCH = { settle: 25, approval: 25, "second-look": 25, open: 100 } as const;

/** After this time a run takes no new item, in milliseconds: one item may need a slow read. */
const BUDGET_MS = 30_000;

/** How long an item waits that could not be settled for now, in milliseconds. */
const POSTPONE_MS = 15 * 60_000;

/** How long after its expiry a wait for approval belongs to its workflow, which tells how it ended, in milliseconds. */
const ABANDONED_MS = 10 * 60_000;

/** How long before its end a wait for approval counts as about to expire, in milliseconds, and how many are looked at. */
const EXPIRING_MS = 4 * 60 * 60_000;
const EXPIRING_LOOK = 100;

/** End of a change that was announced as `unknown` and of which no grant shows a write. */
const NOT_WRITTEN: Ending = { outcome: "not-applied", reason: "NotWritten" };

type Result = "settled" | "ended" | "looked" | "expired" | "left";

/**
 * Settles what is open, by reads alone. A write without an outcome whose time is over: the HRIS shows the new value, the old one or
 * another. A grant that was never used and has expired: ended in a transaction against its use. A change that was announced as
 * `unknown`: announced again once its end is known, whoever came to know it. A written value some time later: still there, or
 * reverted. A wait for approval past its end: forgotten, its token with it. A change whose execution ended without a word: ended
 * and announced.
 *
 * It also tells of a trip of the breaker whose gateway died before it did, and takes a drill's two looks at HR's records, when the kill switch asks: it has the reader's credential already.
 *
 * Each item goes record first, event second, queue last, so that a crash anywhere repeats at most an event; every record is
 * conditional, so that two runs at once do no harm. What cannot be settled now goes to the end of its queue, so that however
 * many such items there are, they do not stand before others.
 */
export function createHandler(ports: SweeperPorts): (event?: unknown) => Promise<SweeperOutput> {
  const { store, clock, log } = ports;

  return async (event) => {
    const asked = drillLookInputSchema.safeParse(event);
    if (asked.success) {
      await lookAtRecords(ports, asked.data);
      return { version: PAYLOAD_VERSION, settled: 0, ended: 0, looked: 0, expired: 0, left: 0 };
    }
    const startedMs = clock.now();
    const until = formatInstant(startedMs);
    const counts: Record<Result, number> = { settled: 0, ended: 0, looked: 0, expired: 0, left: 0 };
    const failed = (queue: string, error: unknown): "left" => {
      log.error("sweep-failed", { queue, code: error instanceof Error ? error.name : "Error" });
      return "left";
    };
    const sweep = async (
      queue: keyof typeof BATCH,
      settle: (item: Item) => Promise<Result | undefined>,
    ): Promise<void> => {
      for (const item of await store.due(queue, until, BATCH[queue])) {
        if (clock.now() - startedMs > BUDGET_MS) return;
        const result = await settle(item).catch((error: unknown) => failed(queue, error));
        if (result === undefined) continue;
        counts[result] += 1;
        if (result === "left") {
          await postpone(store, item, clock.now() + POSTPONE_MS).catch((error: unknown) => failed(queue, error));
        }
      }
    };
    await tellOfTrip(ports).catch((error: unknown) => failed("breaker", error));
    // First what asks the HRIS nothing: a slow HRIS may take all the time that there is.
    await sweep("approval", (item) => expireTask(ports, item as unknown as TaskItem));
    const statusOf = once((requestId: string) => ports.workflow.status(requestId));
    await sweep("open", (item) => watchOpen(ports, item as unknown as OpenItem, statusOf));
    await sweep("settle", (item) =>
      String(item["pk"]).startsWith(CONTROL.openPrefix)
        ? settleOpen(ports, item as unknown as OpenItem, () => Promise.resolve(NOT_WRITTEN))
        : settlePointer(ports, item as unknown as PointerItem),
    );
    await sweep("second-look", (item) => takeLook(ports, item as unknown as LookItem));
    await tellOfExpiring(ports).catch((error: unknown) => failed("approval", error));
    log.info("swept", { ...counts });
    return { version: PAYLOAD_VERSION, ...counts };
  };
}

async function settlePointer(ports: SweeperPorts, { grantId, requestId, index }: PointerItem): Promise<Result> {
  const { store, clock } = ports;
  if (grantId === undefined || requestId === undefined || index === undefined) return "left";
  const record = await readGrant(store, grantId);
  const { open: grant, intent } = record;
  if (grant === undefined) return "left";
  if (record.outcome !== undefined || record.end !== undefined) return finish(ports, grant, record);
  const now = clock.now();
  if (intent !== undefined) {
    return now < Date.parse(intent.settledBy) ? "left" : settleIntent(ports, grant, intent);
  }
  return now < Date.parse(grant.expiresAt) ? "left" : endExpired(ports, grant);
}

/** A grant that nobody used in its time: nothing was written, and nothing can be any more. */
async function endExpired(ports: SweeperPorts, grant: GrantItem): Promise<Result> {
  const now = ports.clock.now();
  const ending: Ending = { outcome: "not-applied", reason: "GrantExpired", grantId: grant.grantId };
  return recordEnding(ports, grant, ending, [
    putIfAbsent("ledger", endItem(grant.grantId, ending.reason, now)),
    checkAbsent(ledgerKeys.intent(grant.grantId)),
  ]);
}

/** A write whose effect nobody saw: the HRIS tells now. */
async function settleIntent(ports: SweeperPorts, grant: GrantItem, intent: IntentItem): Promise<Result> {
  const { clock, log } = ports;
  const found = await exactChangeOf(ports, grant);
  if (found === undefined) return "left";
  const { workerId, inspection } = found;
  const hris = ports.systems.hris();
  const read = await hris.readField(workerId, grant.hrisField);
  const seen = seenIn(read, hris, grant.hrisField, inspection.from, inspection.to);
  if (seen === "nothing" && read.kind !== "no-such-worker") {
    log.warn("settle-unreadable", { grantId: grant.grantId, field: grant.field, code: read.kind });
    return "left";
  }
  const scheduled = seen === "from" ? await hris.readScheduled?.(workerId, grant.hrisField, inspection.to) : undefined;
  if (scheduled?.kind === "forbidden" || scheduled?.kind === "unavailable") {
    log.warn("settle-unreadable", { grantId: grant.grantId, field: grant.field, code: scheduled.kind });
    return "left";
  }
  const now = clock.now();
  const shownMs = scheduled?.kind === "scheduled" ? Math.max(now, Date.parse(scheduled.begunBy)) : now;
  const ending: Ending = {
    ...(scheduled?.kind === "scheduled" ? SCHEDULED : settledEnding(seen)),
    grantId: grant.grantId,
  };
  log.info("write-settled", {
    grantId: grant.grantId,
    field: grant.field,
    outcome: ending.outcome,
    since: intent.intendedAt,
  });
  return recordEnding(ports, grant, ending, [
    putIfAbsent("ledger", grantOutcomeItem(grant.grantId, ending, now)),
    ...(ending.outcome === "applied" || ending.outcome === "pending-in-hris"
      ? [fileLook(grant.grantId, shownMs, hris.secondLookSeconds)]
      : []),
  ]);
}

/** The HRIS has taken the new value for a day to come: it shows nowhere yet, and it will. */
const SCHEDULED: Ending = { outcome: "pending-in-hris", reason: "ScheduledInHris" };

function settledEnding(seen: ReturnType<typeof seenIn>): Ending {
  if (seen === "to") return { outcome: "applied", reason: "Observed" };
  if (seen === "from") return { outcome: "not-applied", reason: "NotObserved" };
  return { outcome: "conflict", reason: "ObservedOther" };
}

/** Records an ending of a grant together with the end of its change, unless that has one; then finishes. */
async function recordEnding(
  ports: SweeperPorts,
  grant: GrantItem,
  ending: Ending,
  actions: readonly WriteAction[],
): Promise<Result> {
  const { store, clock } = ports;
  const ofChange = putIfAbsent("ledger", changeOutcomeItem(grant, ending, clock.now()));
  try {
    await store.write([...actions, ofChange]);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    // Used or settled meanwhile: the next run sees how.
    if (error.failed.some((position) => position < actions.length)) return "left";
    await store.write(actions);
  }
  return finish(ports, grant, await readGrant(store, grant.grantId));
}

/** Announces what a settled grant came to, and frees its field. */
async function finish(ports: SweeperPorts, grant: GrantItem, record: GrantRecord): Promise<Result> {
  const { store, bus } = ports;
  const ending = await getChangeOutcome(store, grant);
  const release = releasePointer(grant, mayHaveChanged(record.outcome));
  if (ending?.grantId === grant.grantId) {
    await announceEnding(store, bus, grant, grant.field, await getDecision(store, grant), ending);
    await ignoreLostRace(store.write([release, forgetOpen(grant)]));
  } else {
    await ignoreLostRace(store.write([release]));
  }
  return record.outcome === undefined ? "ended" : "settled";
}

/**
 * Forgets a wait that has expired, and its token, which is worthless. How the change ends is its workflow's to say, or where that has
 * ended, whoever looks after open changes. The condition spares a wait that was renewed.
 */
async function expireTask(ports: SweeperPorts, task: TaskItem): Promise<Result> {
  const { store, clock, log } = ports;
  const { requestId, index, encryptedToken } = task;
  const abandonedMs = (parseInstant(task.expiresAt) ?? 0) + ABANDONED_MS;
  if (clock.now() < abandonedMs) {
    await postpone(store, { ...task }, abandonedMs);
    return "left";
  }
  const isSame: Condition = { attribute: "encryptedToken", is: "=", value: encryptedToken ?? "" };
  await ignoreLostRace(
    store.write([
      {
        kind: "update",
        table: "control",
        key: controlKeys.task(requestId, index),
        remove: ["encryptedToken", "queue", "dueAt"],
        condition: isSame,
      },
    ]),
  );
  log.info("approval-expired", { requestId, index, field: task.field });
  return "expired";
}

/** Logs how many changes wait for an approval that is about to expire: an alarm counts the line, and what expires is not written. */
async function tellOfExpiring({ store, clock, log }: SweeperPorts): Promise<void> {
  const nowMs = clock.now();
  const soon = await store.due("approval", formatInstant(nowMs + EXPIRING_MS), EXPIRING_LOOK);
  const waiting = soon.filter(({ expiresAt }) => String(expiresAt) > formatInstant(nowMs)).length;
  if (waiting > 0) log.warn("approvals-expiring", { waiting });
}

/** A function that asks once per argument. What failed is asked again. */
function once<T>(ask: (of: string) => Promise<T>): (of: string) => Promise<T> {
  const asked = new Map<string, T>();
  return async (of) => {
    const known = asked.get(of) ?? (await ask(of));
    asked.set(of, known);
    return known;
  };
}
