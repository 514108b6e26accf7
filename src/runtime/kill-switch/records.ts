import { formatInstant } from "../../core";
import { ledgerKeys, type StopItem, type StopStepItem } from "../ledger";
import type { Clock, Store, StoreReads } from "../ports";
import { putOnce } from "../records";

export async function readStop(store: StoreReads, stopId: string): Promise<StopItem | undefined> {
  return (await store.get("ledger", ledgerKeys.stop(stopId))) as unknown as StopItem | undefined;
}

/** The steps of a stop that are on record, in order of action and name. */
export async function readSteps(store: StoreReads, stopId: string): Promise<readonly StopStepItem[]> {
  const { pk } = ledgerKeys.stop(stopId);
  return (await store.query("ledger", pk, `${stopId}#`)) as unknown as StopStepItem[];
}

/** Keeps when a step was first done, and what it showed. A repetition leaves the first record. */
export async function recordStep(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  { stopId, action }: Pick<StopStepItem, "stopId" | "action">,
  step: string,
  members: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const item = {
    ...ledgerKeys.stopStep(stopId, action, step),
    stopId,
    action,
    step,
    at: formatInstant(clock.now()),
    ...members,
  };
  await putOnce(store, item);
}
