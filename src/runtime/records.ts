import type { Scalar } from "../policy/model";
import type { Verdict } from "../policy/verdict";
import type { WriteBackRequest } from "../policy/request";
import { UnknownReference } from "./errors";
import {
  ledgerKeys,
  type ApprovalItem,
  type AttemptItem,
  type DecisionItem,
  type InspectionItem,
  type OutcomeItem,
  type RequestItem,
  type ReversalItem,
} from "./ledger";
import { fieldLabel } from "./names";
import { ConditionFailed, type Key, type Store, type StoreReads, type TableName, type WriteAction } from "./ports";

/** A change by its place in its request. */
export interface ChangePlace {
  readonly requestId: string;
  readonly index: number;
}

/** A put that fails where the item exists. */
export function putIfAbsent(table: TableName, item: Key): WriteAction {
  return { kind: "put", table, item: { ...item }, condition: { attribute: "pk", is: "absent" } };
}

/** Writes one item if it is absent; whether it was. */
export async function putOnce(store: Store, item: Key): Promise<boolean> {
  try {
    await store.write([putIfAbsent("ledger", item)]);
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
}

/** What a second look showed of a change's grant, if there was one. */
export async function getSecondLook(store: StoreReads, place: ChangePlace): Promise<OutcomeItem | undefined> {
  const item = await store.get("ledger", ledgerKeys.secondLook(place.requestId, place.index));
  return item as unknown as OutcomeItem | undefined;
}

export async function getRequest(store: StoreReads, requestId: string): Promise<RequestItem | undefined> {
  return (await store.get("ledger", ledgerKeys.request(requestId))) as unknown as RequestItem | undefined;
}

/** The request that a reference names. Throws `UnknownReference`. */
export async function requireRequest(store: StoreReads, requestId: string): Promise<RequestItem> {
  const item = await getRequest(store, requestId);
  if (item === undefined) throw new UnknownReference(`the ledger holds no request \`${requestId}\``);
  return item;
}

export async function getDecision(store: StoreReads, place: ChangePlace): Promise<DecisionItem | undefined> {
  return (await store.get("ledger", ledgerKeys.decision(place.requestId, place.index))) as unknown as
    DecisionItem | undefined;
}

export async function getInspection(
  store: StoreReads,
  place: ChangePlace,
  digest: string,
): Promise<InspectionItem | undefined> {
  return (await store.get("ledger", ledgerKeys.inspection(place.requestId, place.index, digest))) as unknown as
    InspectionItem | undefined;
}

/** All exact changes on record of one change, oldest first. */
export async function listInspections(store: StoreReads, place: ChangePlace): Promise<InspectionItem[]> {
  const items = await store.query("ledger", ledgerKeys.inspections(place.requestId, place.index));
  return items
    .map((item) => item as unknown as InspectionItem)
    .sort((a, b) => (a.inspectedAt < b.inspectedAt ? -1 : a.inspectedAt > b.inspectedAt ? 1 : 0));
}

/** The decisions of people on one change; `digest` narrows to one exact change. */
export async function listApprovals(store: StoreReads, place: ChangePlace, digest?: string): Promise<ApprovalItem[]> {
  const prefix = digest === undefined ? "approval#" : `approval#${digest}#`;
  const items = await store.query("ledger", ledgerKeys.approvals(place.requestId, place.index), prefix);
  return items.map((item) => item as unknown as ApprovalItem);
}

export async function getAttempt(
  store: StoreReads,
  place: ChangePlace,
  attempt: number,
): Promise<AttemptItem | undefined> {
  return (await store.get("ledger", ledgerKeys.attempt(place.requestId, place.index, attempt))) as unknown as
    AttemptItem | undefined;
}

/** The grants that were ever opened for one change. */
export async function listAttempts(store: StoreReads, place: ChangePlace): Promise<AttemptItem[]> {
  const items = await store.query("ledger", ledgerKeys.attempts(place.requestId, place.index));
  return items.map((item) => item as unknown as AttemptItem);
}

/** The number of an attempt, from its key. */
export function attemptNumber({ sk = "" }: AttemptItem): number {
  return Number(sk.slice(sk.indexOf("#") + 1));
}

export async function getChangeOutcome(store: StoreReads, place: ChangePlace): Promise<OutcomeItem | undefined> {
  return (await store.get("ledger", ledgerKeys.changeOutcome(place.requestId, place.index))) as unknown as
    OutcomeItem | undefined;
}

/** The reversals that were begun of a change, in order of their ids. */
export async function listReversals(store: StoreReads, place: ChangePlace): Promise<ReversalItem[]> {
  return (await store.query("ledger", ledgerKeys.reversals(place.requestId, place.index))) as unknown as ReversalItem[];
}

/** The verdict as Decide stored it, in the form of a verdict of now. */
export function verdictOfDecision(item: DecisionItem, index: number): Verdict {
  const { field, verdict, reason, effectiveClass, owner, approval } = item;
  return {
    index,
    field,
    verdict,
    reason,
    class: item.class,
    effectiveClass,
    ...(owner === undefined ? {} : { owner }),
    ...(approval === undefined ? {} : { approval }),
  };
}

/** The proposed value of a change that `decide` found valid; `null` where a reversal empties the field. Throws `UnknownReference` where the reference does not fit. */
export function proposedValue(request: WriteBackRequest, index: number, label: string): Scalar | null {
  const change = request.changes[index];
  if (change === undefined || fieldLabel(change.field) !== label) {
    throw new UnknownReference(`request \`${request.requestId}\` has no such change at ${index}`);
  }
  const { value } = change;
  if (value === null && request.reversal !== undefined) return null;
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
    throw new UnknownReference(`change ${index} of request \`${request.requestId}\` proposes no value`);
  }
  return value;
}
