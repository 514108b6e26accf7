import { formatInstant, parseInstant, PAYLOAD_VERSION } from "../../core";
import { approvalDeadlineMs } from "../approvals-on-record";
import { UnknownReference } from "../errors";
import { controlKeys, type TaskItem } from "../ledger";
import { requestApprovalInputSchema, type RequestApprovalInput } from "../payloads";
import { ConditionFailed, type Clock, type Condition, type Keys, type Log, type Store } from "../ports";
import { tellOf } from "../notices";
import { getChangeOutcome, getInspection } from "../records";

export interface RequestApprovalPorts {
  readonly store: Store;
  /** May encrypt under `taskTokenContext`. */
  readonly keys: Pick<Keys, "encrypt">;
  readonly clock: Clock;
  readonly log: Log;
}

/** The encryption context of a task token: a token of one change does not decrypt as another's. */
export function taskTokenContext(requestId: string, index: number): Readonly<Record<string, string>> {
  return { purpose: "task-token", requestId, index: String(index) };
}

/** Longer than any invocation lives, in milliseconds: an invocation that began so much later is of a later call. */
const LIFETIME_MS = 5 * 60_000;

/** Which of the workflow's calls this is; nothing from a workflow that does not say. */
function orderOf({ enteredAt, retryCount }: RequestApprovalInput): Pick<TaskItem, "enteredAt" | "retryCount"> {
  const enteredMs = parseInstant(enteredAt ?? "");
  return enteredMs === undefined ? {} : { enteredAt: formatInstant(enteredMs), retryCount: retryCount ?? 0 };
}

/**
 * Holds where nothing is filed, or what is filed is of an earlier call. A redrive counts retries from the start and may not enter the
 * state anew, so that a call which is later by more than any invocation lives is newer too.
 */
function isNewer(input: RequestApprovalInput, nowMs: number): Condition {
  const { enteredAt, retryCount } = orderOf(input);
  const filedBefore = (ms: number): Condition => ({ attribute: "filedAt", is: "<=", value: formatInstant(ms) });
  const absent: Condition = { attribute: "pk", is: "absent" };
  if (enteredAt === undefined || retryCount === undefined) return { any: [absent, filedBefore(nowMs)] };
  const notOrdered: Condition = { attribute: "enteredAt", is: "absent" };
  return {
    any: [
      absent,
      { attribute: "enteredAt", is: "<", value: enteredAt },
      {
        all: [
          { attribute: "enteredAt", is: "=", value: enteredAt },
          { attribute: "retryCount", is: "<=", value: retryCount },
        ],
      },
      { all: [notOrdered, filedBefore(nowMs)] },
      filedBefore(nowMs - LIFETIME_MS),
    ],
  };
}

/**
 * Files the wait for an approval: the task token, encrypted, beside the digest of the exact change that is asked about. A token
 * issued again (a retry of the task) replaces the one before, which is worthless by then; an invocation that comes late with that
 * one replaces nothing: the workflow says which of its calls came after which, because the clocks of two machines may not. Where the approval was completed on the one before, the approvals API ends the new wait. The workflow discards
 * the result and waits for that API's callback, or for its time-out. Of a change that has ended, as a redrive can meet it, nobody is asked. In the same transaction the request is filed for who tells the groups.
 */
export function createHandler(
  ports: RequestApprovalPorts,
): (event: unknown) => Promise<{ readonly version: typeof PAYLOAD_VERSION }> {
  const { store, keys, clock, log } = ports;
  return async (event) => {
    const now = clock.now();
    const input = requestApprovalInputSchema.parse(event);
    const { requestId, index, digest } = input;
    const inspection = await getInspection(store, input, digest);
    if (inspection?.approval === undefined) {
      throw new UnknownReference(`change ${index} of \`${requestId}\` has no exact change that waits for an approval`);
    }
    if ((await getChangeOutcome(store, input)) !== undefined) {
      log.info("approval-not-asked", { requestId, index, field: inspection.field });
      return { version: PAYLOAD_VERSION };
    }
    const expiresAt = formatInstant(
      Math.min(approvalDeadlineMs(inspection, inspection.approval), now + input.approvalTimeoutSeconds * 1000),
    );
    const task: TaskItem = {
      ...controlKeys.task(requestId, index),
      requestId,
      index,
      digest,
      field: inspection.field,
      groups: inspection.approval.groups.map(({ group }) => group),
      encryptedToken: await keys.encrypt(input.taskToken, taskTokenContext(requestId, index)),
      filedAt: formatInstant(now),
      ...orderOf(input),
      expiresAt,
      queue: "approval",
      dueAt: expiresAt,
    };
    try {
      await store.write([
        {
          kind: "put",
          table: "control",
          item: { ...task },
          condition: isNewer(input, now),
        },
        tellOf(input, now),
      ]);
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      log.warn("approval-superseded", { requestId, index, field: inspection.field });
      return { version: PAYLOAD_VERSION };
    }
    log.info("approval-requested", { requestId, index, field: inspection.field, expiresAt });
    return { version: PAYLOAD_VERSION };
  };
}
