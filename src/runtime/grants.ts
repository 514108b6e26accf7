import { formatInstant, parseInstant, type Outcome } from "../core";
import {
  controlKeys,
  ledgerKeys,
  type EndItem,
  type GrantItem,
  type InspectionItem,
  type IntentItem,
  type LookItem,
  type OutcomeItem,
} from "./ledger";
import { ConditionFailed, type Key, type Log, type Store, type StoreReads, type WriteAction } from "./ports";
import type { Ending } from "./outcomes";
import { attemptNumber, getInspection, getRequest, listAttempts, putIfAbsent, type ChangePlace } from "./records";

/** Reason of a grant's outcome where the HRIS refused for its load, before any effect: the workflow may come again. */
export const THROTTLED = "Throttled";

/** All that the ledger holds of one grant. */
export interface GrantRecord {
  readonly open?: GrantItem;
  readonly intent?: IntentItem;
  readonly outcome?: OutcomeItem;
  readonly end?: EndItem;
}

/**
 * Reads them one after the other where that matters: whatever was recorded together with an intent or an end that is seen here, an
 * outcome of the same transaction among it, is seen too.
 */
export async function readGrant(store: StoreReads, grantId: string): Promise<GrantRecord> {
  const get = (key: Key): Promise<unknown> => store.get("ledger", key);
  const [open, intent, end] = await Promise.all([
    get(ledgerKeys.grant(grantId)),
    get(ledgerKeys.intent(grantId)),
    get(ledgerKeys.grantEnd(grantId)),
  ]);
  const outcome = await get(ledgerKeys.grantOutcome(grantId));
  return { open, intent, outcome, end } as GrantRecord;
}

/** The worker and the exact change of a grant. */
export async function exactChangeOf(
  { store, log }: { readonly store: Store; readonly log: Log },
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

/** What all grants of one change show together. */
export type Evidence = {
  /** Numbers of the attempts that opened a grant. */
  readonly attempts: readonly number[];
} & (
  | /** No grant was used to an effect, and none of these can be any more. */ { readonly kind: "none" }
    /** One was used, and this is what came of it. */
  | { readonly kind: "used"; readonly ending: Ending }
  /** One may be in use, or may still be used. Until `untilMs`, since the epoch, by the ledger. */
  | { readonly kind: "open"; readonly untilMs: number }
);

/** Whether the ledger shows that a change was written, was not, or that it cannot be told yet. */
export async function evidenceOf(store: Store, place: ChangePlace): Promise<Evidence> {
  const opened = await listAttempts(store, place);
  const attempts = opened.map(attemptNumber);
  let untilMs: number | undefined;
  for (const { grantId } of opened) {
    const { open: grant, intent, outcome, end } = await readGrant(store, grantId);
    if (outcome !== undefined) {
      if (outcome.reason === THROTTLED) continue;
      return { attempts, kind: "used", ending: { outcome: outcome.outcome, reason: outcome.reason, grantId } };
    }
    if (end === undefined)
      untilMs = Math.max(untilMs ?? 0, parseInstant(intent?.settledBy ?? grant?.expiresAt ?? "") ?? 0);
  }
  return untilMs === undefined ? { attempts, kind: "none" } : { attempts, kind: "open", untilMs };
}

/** The item after which a grant cannot be used. */
export function endItem(grantId: string, reason: string, nowMs: number): EndItem {
  return { ...ledgerKeys.grantEnd(grantId), grantId, reason, endedAt: formatInstant(nowMs) };
}

/** A condition that an item of the ledger does not exist. */
export function checkAbsent(key: Key): WriteAction {
  return { kind: "check", table: "ledger", key, condition: { attribute: "pk", is: "absent" } };
}

/** Outcomes of grants that leave the HRIS's value as it was for certain. */
const WITHOUT_EFFECT: readonly Outcome[] = ["noop", "not-applied", "denied", "forbidden", "rejected", "duplicate"];

/** Whether a grant with this outcome may have changed the HRIS's value. */
export function mayHaveChanged(outcome: Pick<OutcomeItem, "outcome"> | undefined): boolean {
  return outcome !== undefined && !WITHOUT_EFFECT.includes(outcome.outcome);
}

/** The pointer that a grant holds while it is not settled. */
export function pointerOf({ pointer, workerRef, field }: GrantItem): Key {
  return pointer === undefined ? controlKeys.formerPointer(workerRef, field) : { pk: pointer };
}

/** Frees the worker's field for the next grant, if it is this grant that holds it. `changed`: it may have had an effect. */
export function releasePointer(grant: GrantItem, changed: boolean): WriteAction {
  return {
    kind: "update",
    table: "control",
    key: pointerOf(grant),
    ...(changed ? { set: { lastGrantId: grant.grantId } } : {}),
    remove: ["grantId", "requestId", "index", "queue", "dueAt"],
    condition: { attribute: "grantId", is: "=", value: grant.grantId },
  };
}

/** Files the second look at what a grant wrote, for whoever finds that it is written. `nowMs`: when that was found. */
export function fileLook(grantId: string, nowMs: number, secondLookSeconds: number): WriteAction {
  const look: LookItem = {
    ...controlKeys.look(grantId),
    grantId,
    queue: "second-look",
    dueAt: formatInstant(nowMs + secondLookSeconds * 1000),
  };
  return { kind: "put", table: "control", item: { ...look } };
}

/**
 * Ends a grant that was not used and frees its field, in one transaction that fails if the gateway used it meanwhile. After it no
 * intent can commit, whatever a connector still does with its session. Returns whether the grant is ended unused.
 */
export async function closeUnused(store: Store, grant: GrantItem, reason: string, nowMs: number): Promise<boolean> {
  try {
    await store.write([
      putIfAbsent("ledger", endItem(grant.grantId, reason, nowMs)),
      checkAbsent(ledgerKeys.intent(grant.grantId)),
      releasePointer(grant, false),
    ]);
    return true;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    const record = await readGrant(store, grant.grantId);
    return record.intent === undefined && record.end !== undefined;
  }
}
