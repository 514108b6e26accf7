import { weigh } from "../approvals-on-record";
import type { TaskItem } from "../ledger";
import { getInspection, getRequest, listApprovals } from "../records";
import type { Caller } from "./caller";
import { lookThrough } from "./look";
import { endWait, isWaiting } from "./wait";
import { forEach, type ApprovalsPorts, type PinnedPolicySource } from "./world";

/** What waits for the caller's groups, soonest to expire first; `truncated` where there may be more. */
export async function listWaiting(
  ports: ApprovalsPorts,
  pinned: PinnedPolicySource,
  caller: Caller,
): Promise<{ readonly waiting: readonly object[]; readonly truncated?: true }> {
  const now = ports.clock.now();
  const isForCaller = (task: TaskItem): boolean =>
    isWaiting(task, now) && task.groups.some((group) => caller.groups.includes(group));
  const { items, isAll } = await lookThrough(ports.store, "approval", isForCaller);
  const over = await forEach(items, (task) => endIfComplete(ports, pinned, task));
  const waiting = items
    .filter((_, position) => over[position] !== true)
    .map(({ requestId, index, field, digest, groups, expiresAt }) => ({
      requestId,
      index,
      field,
      digest,
      groups,
      expiresAt,
    }));
  return { waiting, ...(isAll ? {} : { truncated: true }) };
}

/** Ends a wait whose approval is complete on record; whether it was. What fails here leaves the wait in the list. */
async function endIfComplete(ports: ApprovalsPorts, pinned: PinnedPolicySource, task: TaskItem): Promise<boolean> {
  const { requestId, index, digest } = task;
  try {
    const decisions = await listApprovals(ports.store, task, digest);
    if (decisions.length === 0) return false;
    const [{ policy }, stored, inspection] = await Promise.all([
      pinned(),
      getRequest(ports.store, requestId),
      getInspection(ports.store, task, digest),
    ]);
    const approval = inspection?.approval;
    if (stored === undefined || inspection === undefined || approval === undefined) return false;
    const { denied, satisfied } = weigh(decisions, { request: stored.request, policy, inspection, approval });
    if (!denied && !satisfied) return false;
    await endWait(ports, { requestId, index }, task);
    return true;
  } catch (error) {
    ports.log.warn("approval-not-ended", { requestId, index, code: error instanceof Error ? error.name : "Error" });
    return false;
  }
}
