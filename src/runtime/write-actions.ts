import type { WriteAction } from "./ports";

/**
 * Whether a write must be a transaction: several actions, a condition, or a sum. A client that gets no answer sends its request again,
 * and the second time a condition meets what the first made of the item, and a sum counts twice. A transaction carries a token, by
 * which the repeat is known and answered like the first. What is left comes to the same however often it is made.
 */
export function needsTransaction(actions: readonly WriteAction[]): boolean {
  return actions.some(
    (action) =>
      actions.length > 1 ||
      action.condition !== undefined ||
      (action.kind === "update" && Object.keys(action.add ?? {}).length > 0),
  );
}
