import type { Page } from "../page";
import type { PinnedPolicy } from "../policy-source";
import type { Clock, Keys, Log, NewUlid, Store, Workflow } from "../ports";

export interface ApprovalsPorts {
  readonly store: Store;
  /** May decrypt under `taskTokenContext`. */
  readonly keys: Pick<Keys, "decrypt">;
  /** The only holder of `states:SendTaskSuccess`. */
  readonly workflow: Pick<Workflow, "sendTaskSuccess">;
  /** Starts the kill switch's state machine; absent where the stack has none. */
  readonly killSwitch?: Pick<Workflow, "start">;
  readonly newUlid: NewUlid;
  readonly clock: Clock;
  readonly log: Log;
  /** The page for people, where the API serves one. It needs no token and is shown no claim. */
  readonly page?: Page;
}

/** Reads the policy that the function was deployed with. */
export type PinnedPolicySource = () => Promise<PinnedPolicy>;

/** Items of a list that are worked on at the same time. */
const AT_ONCE = 20;

/** The results of some work on each item of a list, a bounded number at a time, in the list's order. */
export async function forEach<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(start, start + AT_ONCE).map(work))));
  }
  return results;
}
