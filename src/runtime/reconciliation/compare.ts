import type { Outcome } from "../../core";
import type { FindingClass } from "./classes";
import type { FindingReason } from "./finding";

/** What a last write and the HRIS say together. */
export type Comparison =
  /** They agree: the HRIS holds what was written, or the ledger says that it never took it. */
  | { readonly is: "in-sync" }
  /** The HRIS has taken it for a day to come. */
  | { readonly is: "pending" }
  | { readonly is: "found"; readonly class: FindingClass; readonly reason: FindingReason };

/** Holds the outcome of a field's last write against what the HRIS holds: the value written, the one before it, or a third. */
export function compareWithHris(outcome: Outcome, holds: "to" | "from" | "other", wasReverted: boolean): Comparison {
  const isPending = outcome === "pending-in-hris";
  if (outcome !== "applied" && !isPending) return { is: "in-sync" };
  if (holds === "to") return { is: "in-sync" };
  if (holds === "from") {
    return isPending ? { is: "pending" } : { is: "found", class: "RevertedByHris", reason: "HoldsTheOldValue" };
  }
  return wasReverted && !isPending
    ? { is: "found", class: "RevertedByHris", reason: "SecondLook" }
    : { is: "found", class: "ChangedByHr", reason: "HoldsAnotherValue" };
}
