import { formatInstant } from "../../core";
import { ledgerKeys, type IntentItem, type PointerItem } from "../ledger";
import type { Clock, Store } from "../ports";

/** A grant that holds a worker's field now. */
export interface GrantInFlight {
  readonly grantId: string;
  readonly requestId?: string;
  readonly index?: number;
  /** When it was used: the HRIS call may have begun then. Absent while it was not. */
  readonly usedAt?: string;
}

/** Grants that are listed at most: an item of the table ends at 400 KB. */
const MOST_GRANTS = 1_000;

/** The grants that hold a worker's field now, and whether each was used: none is opened while the switch is stopped. */
export async function grantsInFlight(
  store: Pick<Store, "due" | "get">,
  clock: Pick<Clock, "now">,
): Promise<readonly GrantInFlight[]> {
  // Due at some time: a grant's pointer is due when its session has ended, or its write is settled.
  const everything = formatInstant(clock.now() + 366 * 86_400_000);
  const pointers = (await store.due("settle", everything, MOST_GRANTS)) as unknown as Partial<PointerItem>[];
  const held = new Map(
    pointers.flatMap((pointer) => (pointer.grantId === undefined ? [] : [[pointer.grantId, pointer]])),
  );
  return Promise.all(
    [...held].map(async ([grantId, { requestId, index }]) => {
      const intent = (await store.get("ledger", ledgerKeys.intent(grantId))) as unknown as IntentItem | undefined;
      return { grantId, requestId, index, ...(intent === undefined ? {} : { usedAt: intent.intendedAt }) };
    }),
  );
}
