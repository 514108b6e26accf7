import { CONTROL, formatInstant, parseInstant, PAYLOAD_VERSION, type Outcome } from "../../core";
import { endChange } from "../end-change";
import { checkAbsent, endItem, fileLook, mayHaveChanged, readGrant, releasePointer, type GrantRecord } from "../grants";
import { seenIn } from "../hris-write";
import {
  controlKeys,
  ledgerKeys,
  type GrantItem,
  type InspectionItem,
  type IntentItem,
  type LookItem,
  type OpenItem,
  type OutcomeItem,
  type PointerItem,
  type TaskItem,
} from "../ledger";
import { announceOutcome, changeOutcomeItem, endingMembers, grantOutcomeItem, type Ending } from "../outcomes";
import {
  ConditionFailed,
  type Bus,
  type Clock,
  type Condition,
  type Item,
  type Log,
  type Store,
  type Systems,
  type WriteAction,
} from "../ports";
import {
  getChangeOutcome,
  getDecision,
  getInspection,
  getRequest,
  listApprovals,
  listAttempts,
  putIfAbsent,
  putOnce,
  type ChangePlace,
} from "../records";

export interface SweeperPorts {
  readonly store: Store;
  readonly bus: Bus;
  /** The HRIS with the reader's credential: the sweeper cannot write. */
  readonly systems: Pick<Systems, "hris">;
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

/** Items of one queue in one run. */
const BATCH = 25;

/** After this time a run takes no new item, in milliseconds: one item may need a slow read. */
const BUDGET_MS = 30_000;

/** How long an item waits that could not be settled for now, in milliseconds. */
const POSTPONE_MS = 15 * 60_000;

/** How long after its expiry a wait for approval belongs to its workflow, which tells how it ended, in milliseconds. */
const ABANDONED_MS = 10 * 60_000;

/** How long a second look is tried, in milliseconds. */
const LOOK_FOR_MS = 30 * 86_400_000;

/** Reason of a change whose wait for approval expired with no workflow left that would have taken note. Public, as all reasons. */
const WAIT_ABANDONED = "WaitAbandoned";

type Result = "settled" | "ended" | "looked" | "expired" | "left";

/**
 * Settles what is open, by reads alone. A write without an outcome whose time is over: the HRIS shows the new value, the old one or
 * another. A grant that was never used and has expired: ended in a transaction against its use. A change that was announced as
 * `unknown`: announced again once its end is known, whoever came to know it. A written value some time later: still there, or
 * reverted. A wait for approval past its end: forgotten, its token with it.
 *
 * Each item goes record first, event second, queue last, so that a crash anywhere repeats at most an event; every record is
 * conditional, so that two runs at once do no harm. What cannot be settled now goes to the end of its queue, so that however
 * many such items there are, they do not stand before others.
 */
export function createHandler(ports: SweeperPorts): () => Promise<SweeperOutput> {
  const { store, clock, log } = ports;

  return async () => {
    const startedMs = clock.now();
    const until = formatInstant(startedMs);
    const counts: Record<Result, number> = { settled: 0, ended: 0, looked: 0, expired: 0, left: 0 };
    const failed = (queue: string, error: unknown): "left" => {
      log.error("sweep-failed", { queue, code: error instanceof Error ? error.name : "Error" });
      return "left";
    };
    const sweep = async (queue: string, settle: (item: Item) => Promise<Result | undefined>): Promise<void> => {
      for (const item of await store.due(queue, until, BATCH)) {
        if (clock.now() - startedMs > BUDGET_MS) return;
        const result = await settle(item).catch((error: unknown) => failed(queue, error));
        if (result === undefined) continue;
        counts[result] += 1;
        if (result === "left") {
          await postpone(ports, item, clock.now() + POSTPONE_MS).catch((error: unknown) => failed(queue, error));
        }
      }
    };
    await sweep("settle", (item) =>
      String(item["pk"]).startsWith(CONTROL.openPrefix)
        ? settleOpen(ports, item as unknown as OpenItem)
        : settlePointer(ports, item as unknown as PointerItem),
    );
    await sweep("approval", (item) => expireTask(ports, item as unknown as TaskItem));
    await sweep("second-look", (item) => takeLook(ports, item as unknown as LookItem));
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
    checkAbsent(ledgerKeys.grant(grant.grantId, "intent")),
  ]);
}

/** A write whose effect nobody saw: the HRIS tells now. */
async function settleIntent(ports: SweeperPorts, grant: GrantItem, intent: IntentItem): Promise<Result> {
  const { clock, log } = ports;
  const found = await exactChange(ports, grant);
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
    await announceOutcome(bus, grant, grant.field, await getDecision(store, grant), ending);
    await ignoreLostRace(store.write([release, forgetOpen(grant)]));
  } else {
    await ignoreLostRace(store.write([release]));
  }
  return record.outcome === undefined ? "ended" : "settled";
}

/** A change that was announced as `unknown` is nobody's any more. */
function forgetOpen({ requestId, index }: ChangePlace): WriteAction {
  return { kind: "delete", table: "control", key: controlKeys.open(requestId, index) };
}

/**
 * A change that was announced as `unknown`: the process that had its grant may have settled it since, and freed its field, and told
 * nobody. Its workflow has ended, so that a change without a grant in use has come to its end.
 */
async function settleOpen(ports: SweeperPorts, item: OpenItem): Promise<Result | undefined> {
  const { store, bus, clock, log } = ports;
  // Gone where its grant was settled and announced earlier in this run, or by another one.
  if (!(await postpone(ports, { ...item }, clock.now() + POSTPONE_MS))) return undefined;
  const end = await endChange(store, item, { outcome: "not-applied", reason: "NotWritten" }, clock.now());
  if (end.kind === "open") return "left";
  const decision = await getDecision(store, item);
  await announceOutcome(bus, item, decision?.field ?? item.field, decision, end.outcome);
  await store.write([forgetOpen(item)]);
  log.info("open-change-ended", { requestId: item.requestId, index: item.index, outcome: end.outcome.outcome });
  return "settled";
}

/** Members that say whose an item of a queue is at the moment. */
const OWNERS = ["grantId", "encryptedToken"] as const;

/** Puts an item further back in its queue, unless someone else moved, removed or took it over meanwhile; whether it did. */
async function postpone({ store }: SweeperPorts, item: Item, untilMs: number): Promise<boolean> {
  const same = ["dueAt", ...OWNERS].flatMap((attribute): Condition[] => {
    const value = item[attribute];
    return typeof value === "string" ? [{ attribute, is: "=", value }] : [];
  });
  return ignoreLostRace(
    store.write([
      {
        kind: "update",
        table: "control",
        key: { pk: String(item["pk"]) },
        set: { dueAt: formatInstant(untilMs) },
        condition: { all: same },
      },
    ]),
  );
}

/** Forgets a wait that has expired. The condition spares a wait that was renewed. */
async function expireTask(ports: SweeperPorts, task: TaskItem): Promise<Result> {
  const { store, clock, log } = ports;
  const { requestId, index, encryptedToken } = task;
  const abandonedMs = (parseInstant(task.expiresAt) ?? 0) + ABANDONED_MS;
  if (clock.now() < abandonedMs) {
    await postpone(ports, { ...task }, abandonedMs);
    return "left";
  }
  const isSame: Condition = { attribute: "encryptedToken", is: "=", value: encryptedToken ?? "" };
  if (!(await endAbandoned(ports, task, isSame))) return "left";
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

/**
 * Ends a change whose wait expired and whose workflow does not tell: it was stopped, or its execution has failed. A change with an
 * attempt has a workflow or a grant that leads to its end. `false` where the wait was renewed meanwhile.
 */
async function endAbandoned(ports: SweeperPorts, task: TaskItem, isSame: Condition): Promise<boolean> {
  const { store, bus, clock } = ports;
  let outcome = await getChangeOutcome(store, task);
  if (outcome === undefined && (await listAttempts(store, task)).length === 0) {
    const isDenied = (await listApprovals(store, task, task.digest)).some(({ decision }) => decision === "deny");
    const now = clock.now();
    const stays: WriteAction = {
      kind: "update",
      table: "control",
      key: controlKeys.task(task.requestId, task.index),
      set: { dueAt: formatInstant(now + POSTPONE_MS) },
      condition: isSame,
    };
    try {
      const ending: Ending = { outcome: isDenied ? "denied" : "expired", reason: WAIT_ABANDONED };
      const end = await endChange(store, task, ending, now, [stays]);
      if (end.kind === "ended") ({ outcome } = end);
    } catch (error) {
      if (error instanceof ConditionFailed) return false;
      throw error;
    }
  }
  // A record of that reason is the sweeper's own: nobody else announces it.
  if (outcome?.reason === WAIT_ABANDONED) {
    await announceOutcome(bus, task, task.field, await getDecision(store, task), outcome);
  }
  return true;
}

/**
 * The second look: does the HRIS still hold what was written? What it shows is recorded, then told where it differs from the
 * outcome, then the look is removed.
 */
async function takeLook(ports: SweeperPorts, look: LookItem): Promise<Result> {
  const { store, bus, log } = ports;
  const { open: grant, outcome } = await readGrant(store, look.grantId);
  if (grant === undefined || outcome === undefined) return "left";
  const seen = (await getSecondLook(store, grant)) ?? (await lookOrGiveUp(ports, grant, outcome));
  if (seen === undefined) return "left";
  if (seen.outcome !== outcome.outcome) {
    await announceOutcome(bus, grant, grant.field, await getDecision(store, grant), seen);
  }
  const members = { grantId: grant.grantId, field: grant.field, outcome: seen.outcome, reason: seen.reason };
  if (seen.outcome === "reverted-by-hris") log.error("write-reverted", members);
  else log.info("second-look", members);
  await store.write([{ kind: "delete", table: "control", key: controlKeys.look(look.grantId) }]);
  return "looked";
}

/** Looks; after all the time that a look is tried for, records that nothing was seen. `undefined`: not yet. */
async function lookOrGiveUp(
  ports: SweeperPorts,
  grant: GrantItem,
  written: OutcomeItem,
): Promise<OutcomeItem | undefined> {
  const { store, clock, log } = ports;
  const dueMs = Date.parse(written.endedAt) + ports.systems.hris().secondLookSeconds * 1000;
  if (clock.now() < dueMs + LOOK_FOR_MS) return recordLook(ports, grant, written.outcome);
  try {
    const seen = await recordLook(ports, grant, written.outcome);
    if (seen !== undefined) return seen;
  } catch (error) {
    log.error("look-failed", { grantId: grant.grantId, code: error instanceof Error ? error.name : "Error" });
  }
  const ending: Ending = { outcome: "unknown", reason: "LookGivenUp", grantId: grant.grantId };
  await putOnce(store, {
    ...ledgerKeys.secondLook(grant.requestId, grant.index),
    ...endingMembers(ending, clock.now()),
  });
  return getSecondLook(store, grant);
}

/**
 * Looks, and records what was seen if the grant is still the last that may have changed the field: a value that a later grant
 * replaced was not reverted by anyone. `undefined` where it cannot be told yet.
 */
async function recordLook(ports: SweeperPorts, grant: GrantItem, written: Outcome): Promise<OutcomeItem | undefined> {
  const { store, clock } = ports;
  const found = await exactChange(ports, grant);
  if (found === undefined) return undefined;
  const hris = ports.systems.hris();
  const read = await hris.readField(found.workerId, grant.hrisField);
  if (read.kind === "unavailable") return undefined;
  const { from, to } = found.inspection;
  const ending: Ending =
    read.kind === "value"
      ? lookedEnding(written, seenIn(read, hris, grant.hrisField, from, to))
      : { outcome: "unknown", reason: read.kind === "forbidden" ? "ReadForbidden" : "NoSuchWorker" };

  const itemOf = (of: Ending): OutcomeItem => ({
    ...ledgerKeys.secondLook(grant.requestId, grant.index),
    ...endingMembers({ ...of, grantId: grant.grantId }, clock.now()),
  });
  const key = controlKeys.pointer(grant.workerRef, grant.field);
  const record = async (item: OutcomeItem, condition: Condition): Promise<OutcomeItem | undefined> => {
    try {
      await store.write([putIfAbsent("ledger", item), { kind: "check", table: "control", key, condition }]);
      return item;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      return getSecondLook(store, grant);
    }
  };
  const last = (is: "=" | "<" | ">"): Condition => ({ attribute: "lastGrantId", is, value: grant.grantId });
  return (
    (await record(itemOf(ending), { all: [last("="), { attribute: "grantId", is: "absent" }] })) ??
    (await record(itemOf({ outcome: written, reason: "Superseded" }), { any: [last("<"), last(">")] }))
  );
}

function lookedEnding(written: Outcome, seen: ReturnType<typeof seenIn>): Ending {
  if (seen === "to") return { outcome: "applied", reason: written === "applied" ? "StillThere" : "Observed" };
  if (written === "applied") return { outcome: "reverted-by-hris", reason: "Reverted" };
  return seen === "from"
    ? { outcome: written, reason: "StillPending" }
    : { outcome: "conflict", reason: "ObservedOther" };
}

async function getSecondLook(store: Store, grant: GrantItem): Promise<OutcomeItem | undefined> {
  const item = await store.get("ledger", ledgerKeys.secondLook(grant.requestId, grant.index));
  return item as unknown as OutcomeItem | undefined;
}

/** The worker and the exact change of a grant. */
async function exactChange(
  { store, log }: SweeperPorts,
  grant: GrantItem,
): Promise<{ readonly workerId: string; readonly inspection: InspectionItem } | undefined> {
  const [stored, inspection] = await Promise.all([
    getRequest(store, grant.requestId),
    getInspection(store, grant, grant.digest),
  ]);
  if (stored === undefined || inspection === undefined) {
    log.error("grant-without-change", { grantId: grant.grantId });
    return undefined;
  }
  return { workerId: stored.request.worker.id, inspection };
}

/** Whether a conditional write that someone else may have forestalled was made. */
async function ignoreLostRace(write: Promise<void>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return false;
  }
}
