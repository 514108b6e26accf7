import { formatInstant, PAYLOAD_VERSION } from "../../core";
import { approvalDeadlineMs } from "../approvals-on-record";
import { UnknownReference } from "../errors";
import { controlKeys, type TaskItem } from "../ledger";
import { requestApprovalInputSchema } from "../payloads";
import { ConditionFailed, type Clock, type Keys, type Log, type Store } from "../ports";
import { getInspection } from "../records";

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

/**
 * Files the wait for an approval: the task token, encrypted, beside the digest of the exact change that is asked about. A token
 * issued again (a retry of the task) replaces the one before, which is worthless by then; an invocation that comes late with that
 * one replaces nothing. Where the approval was completed on the one before, the approvals API ends the new wait. The workflow discards
 * the result and waits for that API's callback, or for its time-out.
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
    const filedAt = formatInstant(now);
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
      filedAt,
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
          condition: {
            any: [
              { attribute: "pk", is: "absent" },
              { attribute: "filedAt", is: "<=", value: filedAt },
            ],
          },
        },
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
