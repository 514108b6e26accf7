import { formatInstant } from "../../core";
import { controlKeys, ledgerKeys } from "../ledger";
import { ConditionFailed, type Key, type Store, type StoreReads } from "../ports";
import { putIfAbsent, putOnce } from "../records";
import { findingId, type Found } from "./finding";

/** A run, as it began. */
export interface RunItem extends Key {
  readonly runId: string;
  readonly startedAt: string;
  /** Whether it looks at every field, or at those whose cadence asks for it. */
  readonly scope: "all" | "due";
  /** Fields that it reads from the HRIS, by the policy's names, sorted. */
  readonly fields: readonly string[];
  /** Parts of the ledger that are read at the same time. */
  readonly parts: number;
  /** The last run that finished: what it left open, this one closes or carries on. */
  readonly previousRunId?: string;
  readonly policyDigest: string;
  /** From when on CloudTrail's records are read, and until when. */
  readonly sessionsFrom: string;
  readonly sessionsUntil: string;
}

/** What a run counted of one field. */
export interface FieldCounts {
  /** Last writes held against the HRIS. */
  readonly compared: number;
  /** Of these, those that the HRIS holds as written, the source of truth too. */
  readonly inSync: number;
  /** Of these, those that the HRIS has taken for a day to come. */
  readonly pending: number;
  /** Those that could not be read: the field then counts as not reconciled. */
  readonly unread: number;
  /** When the field's earliest write on record was granted. */
  readonly firstWrittenAt: string;
}

/** A run, as it ended. */
export interface FinishedItem extends Key {
  readonly runId: string;
  readonly finishedAt: string;
  /** Records of the ledger that were read. */
  readonly records: number;
  readonly sessions: number;
  readonly fields: Readonly<Record<string, FieldCounts>>;
  /** Fields of the run that were not wholly read. */
  readonly incomplete: readonly string[];
  /** Open findings by class, opened ones among them, and how many the run opened and closed. */
  readonly open: Readonly<Record<string, number>>;
  readonly opened: number;
  readonly closed: number;
  /** Open findings that a person must look at. */
  readonly forHumans: number;
}

/** How a run saw a finding. */
export type ObservedState =
  /** It opened it. */
  | "opened"
  /** Its cause is still there. */
  | "open"
  /** It was not this run's to look for: its field was not due, or not wholly read. */
  | "carried"
  /** Its cause is gone. */
  | "closed";

export interface ObservedItem extends Key {
  readonly findingId: string;
  readonly finding: Found;
  readonly state: ObservedState;
  readonly openedAt: string;
  /** How often it was opened: the number of its event. */
  readonly n: number;
}

/** An event of a finding. */
export interface FindingItem extends Key {
  readonly findingId: string;
  readonly finding: Found;
  readonly n: number;
  readonly runId: string;
  readonly at: string;
}

/** The control table's item `reconciliation`. */
export interface StateItem extends Key {
  /** The run that has not finished. */
  readonly runId?: string;
  readonly lastRunId?: string;
  readonly lastStartedAt?: string;
  /** Until when CloudTrail's records were read. */
  readonly sessionsUntil?: string;
}

/** How far a run is in one part. */
export interface PartItem extends Key {
  /** Counts up with every write: whoever saw another number writes nothing. */
  readonly version: number;
  readonly done: boolean;
  /** The last record that was dealt with. */
  readonly cursor?: Key;
  readonly records: number;
  /** Grants that were used in the time whose sessions the run looks at. */
  readonly used: number;
  readonly fields: Readonly<Record<string, FieldCounts>>;
  /** How often the record after the cursor was waited for, since its system did not answer. */
  readonly waits: number;
  /** Records in a row whose system did not answer, for all the waiting. */
  readonly failedInRow: number;
}

export async function readRun(store: StoreReads, runId: string): Promise<RunItem | undefined> {
  return (await store.get("ledger", ledgerKeys.reconciliation(runId, "started"))) as unknown as RunItem | undefined;
}

export async function readFinished(store: StoreReads, runId: string): Promise<FinishedItem | undefined> {
  const item = await store.get("ledger", ledgerKeys.reconciliation(runId, "finished"));
  return item as unknown as FinishedItem | undefined;
}

export async function readState(store: StoreReads): Promise<Partial<StateItem>> {
  return (await store.get("control", controlKeys.reconciliation())) ?? {};
}

/** Everything that a run saw so far, by finding. */
export async function listObserved(store: StoreReads, runId: string): Promise<ObservedItem[]> {
  return (await store.query("ledger", ledgerKeys.observations(runId))) as unknown as ObservedItem[];
}

/**
 * Records that a run found something. The first time it opens the finding, in one transaction with the run's own record of it; a cause that
 * is on record as open is seen again, and nothing is doubled however often a page is read. `opened`: this call opened it.
 */
export async function recordFound(
  store: Store,
  run: Pick<RunItem, "runId">,
  found: Found,
  nowMs: number,
): Promise<"opened" | "known"> {
  const id = findingId(found);
  const seen = ledgerKeys.observation(run.runId, id);
  if ((await store.get("ledger", seen)) !== undefined) return "known";
  const events = await listEvents(store, id);
  const openedBefore = events.filter(({ sk }) => isOpening(sk));
  const last = openedBefore.at(-1);
  if (last !== undefined && events.length === openedBefore.length * 2 - 1) {
    await putOnce(store, observedItem(run.runId, found, "open", last.at, last.n));
    return "known";
  }
  const n = openedBefore.length + 1;
  const at = formatInstant(nowMs);
  const event: FindingItem = {
    ...ledgerKeys.findingEvent(id, "opened", n),
    findingId: id,
    finding: found,
    n,
    runId: run.runId,
    at,
  };
  try {
    await store.write([
      putIfAbsent("ledger", event),
      putIfAbsent("ledger", observedItem(run.runId, found, "opened", at, n)),
    ]);
    return "opened";
  } catch (error) {
    // Somebody was faster, or it was this run before it was cut off.
    if (!(error instanceof ConditionFailed)) throw error;
    await putOnce(store, observedItem(run.runId, found, "open", at, n));
    return "known";
  }
}

/** Records what became of a finding of the run before that this one did not see: its cause is gone, or it was not this run's to look for. */
export async function recordUnseen(
  store: Store,
  run: Pick<RunItem, "runId">,
  before: ObservedItem,
  state: "carried" | "closed",
  nowMs: number,
): Promise<void> {
  const { findingId: id, finding: found, n, openedAt } = before;
  const observed = putIfAbsent("ledger", observedItem(run.runId, found, state, openedAt, n));
  const at = formatInstant(nowMs);
  const event: FindingItem = {
    ...ledgerKeys.findingEvent(id, "closed", n),
    findingId: id,
    finding: found,
    n,
    runId: run.runId,
    at,
  };
  try {
    await store.write(state === "closed" ? [observed, putIfAbsent("ledger", event)] : [observed]);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

/** The events of a finding, in order: openings first. */
async function listEvents(store: StoreReads, id: string): Promise<FindingItem[]> {
  const events = (await store.query("ledger", ledgerKeys.findingEvents(id))) as unknown as FindingItem[];
  return [...events].sort((a, b) => a.n - b.n || Number(isOpening(b.sk)) - Number(isOpening(a.sk)));
}

function isOpening(sk: string | undefined): boolean {
  return sk?.startsWith("opened#") === true;
}

function observedItem(runId: string, found: Found, state: ObservedState, openedAt: string, n: number): ObservedItem {
  const id = findingId(found);
  return { ...ledgerKeys.observation(runId, id), findingId: id, finding: found, state, openedAt, n };
}
