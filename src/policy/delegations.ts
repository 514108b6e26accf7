import { endOfUtcDay, parseDate } from "../core";
import type { Delegation, Policy } from "./model";

/**
 * Whether a delegation holds at a moment (milliseconds since the epoch): from the beginning of its first UTC day to the end of its
 * last. A day that cannot be read holds nothing.
 */
export function isInForce({ from, until }: Pick<Delegation, "from" | "until">, nowMs: number): boolean {
  const first = parseDate(from);
  const last = parseDate(until);
  return first !== undefined && last !== undefined && first <= nowMs && nowMs <= endOfUtcDay(last);
}

/** The delegations to an account of the identity provider, by its subject, that hold at a moment. Sorted by id. */
export function delegationsTo(policy: Policy, subject: string, nowMs: number): readonly Delegation[] {
  return (policy.delegations ?? []).filter(({ to, ...days }) => to.subject === subject && isInForce(days, nowMs));
}
