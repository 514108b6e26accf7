import { formatInstant, OUTCOME_DETAIL_TYPE, OUTCOME_SOURCE, PAYLOAD_VERSION, type Outcome } from "../core";
import type { DecisionItem, OutcomeItem } from "./ledger";
import { ledgerKeys } from "./ledger";
import { fieldLabel } from "./names";
import type { Bus, Key, StoreReads } from "./ports";
import { getSecondLook, type ChangePlace } from "./records";

/** How something ended, before it is an item. */
export interface Ending {
  /** `unknown` is a state of knowledge, not an end: it is announced and never stored as the end of a change. */
  readonly outcome: Outcome;
  readonly reason: string;
  readonly grantId?: string;
}

/** The item that says how a change ended. */
export function changeOutcomeItem(place: ChangePlace, ending: Ending, nowMs: number): OutcomeItem {
  return { ...ledgerKeys.changeOutcome(place.requestId, place.index), ...endingMembers(ending, nowMs) };
}

/** The item that says how a grant's use ended. */
export function grantOutcomeItem(
  grantId: string,
  ending: Ending,
  nowMs: number,
  retryAfterSeconds?: number,
): OutcomeItem {
  return {
    ...ledgerKeys.grantOutcome(grantId),
    ...endingMembers({ ...ending, grantId }, nowMs),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  };
}

/** Members of an item that tells an ending. */
export function endingMembers(ending: Ending, nowMs: number): Omit<OutcomeItem, keyof Key> {
  const { outcome, reason, grantId } = ending;
  return { outcome, reason, ...(grantId === undefined ? {} : { grantId }), endedAt: formatInstant(nowMs) };
}

/**
 * Tells how a change ended. Who tells it late, when a second look was told meanwhile, tells that once more after it: the last that is
 * heard of a change is the last that is known. The look is read after the put, so that one which is recorded later is also told later.
 */
export async function announceEnding(
  store: StoreReads,
  bus: Bus,
  place: ChangePlace,
  field: string,
  decision: DecisionItem | undefined,
  ending: Ending,
): Promise<void> {
  await announceOutcome(bus, place, field, decision, ending);
  const look = await getSecondLook(store, place);
  if (look !== undefined && look.outcome !== ending.outcome) await announceOutcome(bus, place, field, decision, look);
}

/**
 * Puts the event that tells the outcome of a change: ids, names and codes; no value of a record and not the worker's id.
 * Detail: `{ version, requestId, index, field, class, verdict, decision, outcome, reason, grantId? }`, where `reason` is why it
 * ended so and `decision` the reason of Decide's verdict. May come more than once: `requestId`, `index` and `outcome` make it one.
 */
export async function announceOutcome(
  bus: Bus,
  place: ChangePlace,
  field: string,
  decision: DecisionItem | undefined,
  ending: Ending,
): Promise<void> {
  await bus.put({
    source: OUTCOME_SOURCE,
    detailType: OUTCOME_DETAIL_TYPE,
    detail: {
      version: PAYLOAD_VERSION,
      requestId: place.requestId,
      index: place.index,
      field: fieldLabel(field),
      class: decision?.class ?? "never",
      verdict: decision?.verdict ?? "deny",
      decision: decision?.reason ?? "Undecided",
      outcome: ending.outcome,
      reason: ending.reason,
      ...(ending.grantId === undefined ? {} : { grantId: ending.grantId }),
    },
  });
}
