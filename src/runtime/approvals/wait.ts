import { parseInstant, PAYLOAD_VERSION } from "../../core";
import { taskTokenContext } from "../handlers/request-approval";
import { controlKeys, type TaskItem } from "../ledger";
import { ConditionFailed, type Store } from "../ports";
import type { ChangePlace } from "../records";
import type { ApprovalsPorts } from "./world";

/** Whether a change waits for people at a moment. */
export function isWaiting(task: TaskItem, now: number): boolean {
  return task.queue === "approval" && now <= (parseInstant(task.expiresAt) ?? 0);
}

export async function getTask(store: Store, place: ChangePlace): Promise<TaskItem | undefined> {
  return (await store.get("control", controlKeys.task(place.requestId, place.index))) as unknown as
    TaskItem | undefined;
}

/**
 * Ends the workflow's wait, then forgets the token. Between the two a crash leaves the token; the next decision, or the same one
 * again, finds the wait gone and forgets it.
 */
export async function endWait(ports: ApprovalsPorts, place: ChangePlace, task: TaskItem): Promise<void> {
  const { store, keys, workflow, log } = ports;
  if (task.encryptedToken === undefined) return;
  const { requestId, index } = place;
  const token = await keys.decrypt(task.encryptedToken, taskTokenContext(requestId, index));
  const sent = await workflow.sendTaskSuccess(token, { version: PAYLOAD_VERSION, requestId, index });
  try {
    await store.write([
      {
        kind: "update",
        table: "control",
        key: controlKeys.task(requestId, index),
        remove: ["encryptedToken", "queue", "dueAt"],
        condition: { attribute: "encryptedToken", is: "=", value: task.encryptedToken },
      },
    ]);
  } catch (error) {
    // A newer wait replaced this one, or another decision ended it at the same moment.
    if (!(error instanceof ConditionFailed)) throw error;
  }
  log.info("approval-ended", { requestId, index, sent: sent === "sent" });
}
