import { decide, strictest } from "../policy/decide";
import type { WriteBackRequest } from "../policy/request";
import type { Verdict } from "../policy/verdict";
import { UnknownReference } from "./errors";
import type { DecisionItem, InspectionItem } from "./ledger";
import type { PinnedPolicy } from "./policy-source";
import { verdictOfDecision } from "./records";

/** What the policy says of one change of a request at a moment. Throws `UnknownReference` for a change that is not there. */
export function verdictNow(pinned: PinnedPolicy, request: WriteBackRequest, index: number, nowMs: number): Verdict {
  const verdict = decide(pinned.policy, request, nowMs)[index];
  if (verdict === undefined) throw new UnknownReference(`request \`${request.requestId}\` has no change at ${index}`);
  return verdict;
}

/**
 * The stricter of what was decided then and what is decided now: a policy that was loosened since changes nothing. Of two equal
 * ones that of now, whose approval is the policy's own.
 */
export function standingVerdict(
  decision: DecisionItem,
  pinned: PinnedPolicy,
  request: WriteBackRequest,
  index: number,
  nowMs: number,
): Verdict {
  return strictest(verdictNow(pinned, request, index, nowMs), verdictOfDecision(decision, index));
}

/**
 * A verdict narrowed by what an inspection found before: an exact change that needed an approval then needs it still, although
 * the attributes that asked for it may read differently now.
 */
export function narrowedBy(verdict: Verdict, inspection: InspectionItem): Verdict {
  if (verdict.verdict !== "write" || inspection.approval === undefined) return verdict;
  return {
    ...verdict,
    verdict: "approve",
    reason: "ApprovalRequired",
    effectiveClass: inspection.effectiveClass,
    approval: inspection.approval,
  };
}
