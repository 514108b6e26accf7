import { MAX_ATTEMPTS } from "../core";
import { ServiceUnavailable } from "./errors";
import { checkAbsent, evidenceOf } from "./grants";
import { ledgerKeys, type OutcomeItem } from "./ledger";
import { changeOutcomeItem, type Ending } from "./outcomes";
import { ConditionFailed, type Store, type WriteAction } from "./ports";
import { getChangeOutcome, putIfAbsent, type ChangePlace } from "./records";

/** How a change stands after a try to end it. */
export type Ended =
  | { readonly kind: "ended"; readonly outcome: OutcomeItem }
  /** A grant may be in use, or may still be used, until `untilMs` by the ledger: the change has no end yet. */
  | { readonly kind: "open"; readonly untilMs: number };

/** Turns after which attempts that keep opening cannot be the reason any more: each opens once. */
const TURNS = MAX_ATTEMPTS + 2;

/**
 * Records how a change ended, unless that is on record; the first record stands. What its grants show comes before `claimed`.
 *
 * One transaction with the absence of every attempt that was not looked at, since a grant that opens between the look and the record
 * could write what the record denies. The broker's opening has the counterpart: no grant opens on a change with an end.
 *
 * `also` are further actions of the same transaction; where one of their conditions fails, the `ConditionFailed` is thrown on.
 */
export async function endChange(
  store: Store,
  place: ChangePlace,
  claimed: Ending,
  nowMs: number,
  also: readonly WriteAction[] = [],
): Promise<Ended> {
  for (let turn = 0; turn < TURNS; turn += 1) {
    const recorded = await getChangeOutcome(store, place);
    if (recorded !== undefined) return { kind: "ended", outcome: recorded };
    const evidence = await evidenceOf(store, place);
    if (evidence.kind === "open") return { kind: "open", untilMs: evidence.untilMs };
    const outcome = changeOutcomeItem(place, evidence.kind === "used" ? evidence.ending : claimed, nowMs);
    const own = [putIfAbsent("ledger", outcome), ...attemptsUnseen(place, evidence.attempts)];
    try {
      await store.write([...own, ...also]);
      return { kind: "ended", outcome };
    } catch (error) {
      if (!(error instanceof ConditionFailed) || error.failed.some((position) => position >= own.length)) throw error;
    }
  }
  throw new ServiceUnavailable("the change kept moving while it was ended");
}

/** Conditions that no attempt but these has opened a grant. */
function attemptsUnseen({ requestId, index }: ChangePlace, seen: readonly number[]): WriteAction[] {
  return Array.from({ length: MAX_ATTEMPTS }, (_, attempt) => attempt + 1)
    .filter((attempt) => !seen.includes(attempt))
    .map((attempt) => checkAbsent(ledgerKeys.attempt(requestId, index, attempt)));
}
