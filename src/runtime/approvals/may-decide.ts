import { parseInstant } from "../../core";
import { sameId } from "../../policy/approvals";
import type { Approval, Policy } from "../../policy/model";
import type { WriteBackRequest } from "../../policy/request";
import { barOf, personKey, type Bar } from "../approvals-on-record";
import { Problem } from "../http-api";
import type { ApprovalItem, DelegationOnRecord, OutcomeItem, TaskItem } from "../ledger";
import { requireWorkerId, type Caller } from "./caller";

const BAR_TITLES: Readonly<Record<Bar, string>> = {
  SelfApproval: "who asked for a change does not decide on it",
  ApproverIsWorker: "nobody decides on a change of their own record",
  InitiatorUnidentified: "the event does not say which person asked, so nobody can be told apart from them",
};

/** Someone who may decide on a change, as far as it is about them. */
export interface Approver extends Caller {
  readonly workerId: string;
  /** Their groups that are asked. */
  readonly asked: readonly string[];
}

/** The caller as someone who may decide on a change. Throws `Problem`. */
export function allowedApprover(
  request: WriteBackRequest,
  policy: Policy,
  approval: Approval,
  caller: Caller,
): Approver {
  const asked = askedOf(caller, approval);
  if (asked.length === 0) throw new Problem(403, "NotAnApprover", "only a member of a group that is asked may decide");
  const approver = { ...caller, workerId: requireWorkerId(caller), asked };
  const bar = barOf(request, policy, approver);
  if (bar !== undefined) throw new Problem(403, bar, BAR_TITLES[bar]);
  return approver;
}

/** The caller's groups that an approval asks. */
export function askedOf(caller: Caller, approval: Approval): string[] {
  return approval.groups.map(({ group }) => group).filter((group) => caller.groups.includes(group));
}

/** The delegations, of those that a caller has, that lend a group of a list. */
export function lending(caller: Caller, groups: readonly string[]): readonly DelegationOnRecord[] {
  return (caller.delegations ?? []).filter(({ group }) => groups.includes(group));
}

/** The decision of an account that is on record. Throws `Problem` where another account of the person's has one. */
export function ownDecision(decisions: readonly ApprovalItem[], approver: Approver): ApprovalItem | undefined {
  const own = personKey(approver);
  const before = decisions.find((item) => personKey(item.approver) === own);
  if (before === undefined && decisions.some((item) => sameId(item.workerId, approver.workerId))) {
    throw new Problem(403, "SamePerson", "a decision by another account of yours is on record, and stands");
  }
  return before;
}

/** Throws `Problem` where a change takes no further decision: it has ended, or the wait for it has. */
export function demandWaiting(
  state: { readonly task?: TaskItem; readonly outcome?: OutcomeItem; readonly isSettled: boolean },
  now: number,
): void {
  const { task, outcome, isSettled } = state;
  demandNoEnd(outcome);
  if (task !== undefined && now > (parseInstant(task.expiresAt) ?? 0)) {
    throw new Problem(409, "ApprovalExpired", "the wait has expired");
  }
  if (task?.queue === undefined || isSettled) {
    throw new Problem(409, "NotWaiting", "the change does not wait for a decision any more");
  }
}

export function demandNoEnd(outcome: OutcomeItem | undefined): void {
  if (outcome !== undefined) throw new Problem(409, "ChangeEnded", "the change has ended");
}

export function alreadyDecided(): Problem {
  return new Problem(409, "AlreadyDecided", "another decision of yours is on record, and stands");
}
