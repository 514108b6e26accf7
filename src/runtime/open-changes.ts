import { formatInstant } from "../core";
import { checkAbsent } from "./grants";
import { controlKeys, ledgerKeys, type OpenItem } from "./ledger";
import { fieldLabel } from "./names";
import { ConditionFailed, type Store, type WriteAction } from "./ports";
import type { ChangePlace } from "./records";

/** How long after its decision a change is first looked after: most have ended by then, in milliseconds. */
const FIRST_WATCH_MS = 3_600_000;

/** Beyond the time until which a grant may be in use: clocks differ, and the sweeper settles the grant itself first. */
const SETTLE_MARGIN_MS = 120_000;

/**
 * Files a change that has begun, in the transaction of its decision: from then on somebody looks after its end, whatever becomes of
 * its execution. Removed by whoever has put the event of its end on the bus.
 */
export function watchChange(place: ChangePlace, field: string, nowMs: number): WriteAction {
  return putOpen({ ...openItem(place, field, nowMs), queue: "open", dueAt: formatInstant(nowMs + FIRST_WATCH_MS) });
}

/**
 * Files a request whose execution was started, by its first change and unless that is decided or has ended: from then on somebody
 * looks after it, also where the execution ends before it has decided. `Decide` replaces the item by its own. Whether it was filed.
 */
export async function watchUndecided(store: Store, requestId: string, field: string, nowMs: number): Promise<boolean> {
  try {
    await store.write([
      watchChange({ requestId, index: 0 }, field, nowMs),
      checkAbsent(ledgerKeys.decision(requestId, 0)),
      checkAbsent(ledgerKeys.changeOutcome(requestId, 0)),
    ]);
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
}

/** Files a change that is announced as `unknown`, to be settled when its grant is over: its scope in the workflow ends here. */
export function settleLater(place: ChangePlace, field: string, nowMs: number, grantUntilMs: number): WriteAction {
  const dueAt = formatInstant(grantUntilMs + SETTLE_MARGIN_MS);
  return putOpen({ ...openItem(place, field, nowMs), queue: "settle", dueAt });
}

/** The end of a change is on the bus: nobody needs to look after it any more. */
export function forgetOpen({ requestId, index }: ChangePlace): WriteAction {
  return { kind: "delete", table: "control", key: controlKeys.open(requestId, index) };
}

function openItem({ requestId, index }: ChangePlace, field: string, nowMs: number) {
  const filedAt = formatInstant(nowMs);
  return { ...controlKeys.open(requestId, index), requestId, index, field: fieldLabel(field), filedAt };
}

function putOpen(item: OpenItem): WriteAction {
  return { kind: "put", table: "control", item: { ...item } };
}
