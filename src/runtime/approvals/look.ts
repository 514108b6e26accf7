import type { DueQueue } from "../../core";
import type { Item, Store } from "../ports";

/** Items that one list shows, and looks through to find them: of the first look, and at most. */
const LIST_SIZE = 200;
const FIRST_LOOK = 500;
const LAST_LOOK = 5_000;

/** Later than every wait. */
const FAR_FUTURE = "9999-12-31T23:59:59.999Z";

/** The items of a queue that concern somebody, the one that is due first in front; `isAll` where there are no more. */
export async function lookThrough<T>(
  store: Store,
  queue: DueQueue,
  concerns: (item: T) => boolean,
): Promise<{ readonly items: readonly T[]; readonly isAll: boolean }> {
  const look = async (limit: number): Promise<{ readonly items: readonly T[]; readonly isAll: boolean }> => {
    const found: readonly Item[] = await store.due(queue, FAR_FUTURE, limit);
    const items = found.map((item) => item as T).filter(concerns);
    const isAll = found.length < limit;
    if (!isAll && limit < LAST_LOOK && items.length <= LIST_SIZE) return look(Math.min(limit * 2, LAST_LOOK));
    return { items: items.slice(0, LIST_SIZE), isAll: isAll && items.length <= LIST_SIZE };
  };
  return look(FIRST_LOOK);
}
