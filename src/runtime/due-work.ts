import { formatInstant } from "../core";
import { ConditionFailed, type Condition, type Item, type Store } from "./ports";

/** Members that say whose an item of a queue is at the moment. */
const OWNERS = ["grantId", "encryptedToken"] as const;

/** Puts an item further back in its queue, unless someone else moved, removed or took it over meanwhile; whether it did. */
export function postpone(store: Store, item: Item, untilMs: number): Promise<boolean> {
  const same = ["queue", "dueAt", ...OWNERS].flatMap((attribute): Condition[] => {
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

/** Whether a conditional write that someone else may have forestalled was made. */
export async function ignoreLostRace(write: Promise<void>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return false;
  }
}
