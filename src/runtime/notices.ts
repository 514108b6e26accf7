import { formatInstant } from "../core";
import { controlKeys, type InboxItem } from "./ledger";
import { fieldLabel } from "./names";
import { ConditionFailed, type Store, type WriteAction } from "./ports";
import type { ChangePlace } from "./records";

/**
 * Files a notified fact for its field's owner, who must acknowledge it. Before the event of the change's end, so that a crash files it
 * again; filed once, also where it was acknowledged since.
 */
export async function fileNotice(
  store: Store,
  place: ChangePlace,
  of: { readonly field: string; readonly owner?: string; readonly noticedAt: string },
): Promise<void> {
  const { requestId, index } = place;
  const { owner, noticedAt } = of;
  const item: InboxItem = {
    ...controlKeys.inbox(requestId, index),
    requestId,
    index,
    field: fieldLabel(of.field),
    ...(owner === undefined ? {} : { owner }),
    noticedAt,
    queue: "inbox",
    dueAt: noticedAt,
  };
  try {
    await store.write([
      { kind: "put", table: "control", item: { ...item }, condition: { attribute: "pk", is: "absent" } },
    ]);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

/** How long the changes of a request are gathered before its groups are told, in milliseconds: one message a request, not a field. */
const GATHER_MS = 60_000;

/** Files that a change waits for people, to be told with the other changes of its request. */
export function tellOf({ requestId, index }: ChangePlace, nowMs: number): WriteAction {
  return {
    kind: "update",
    table: "control",
    key: controlKeys.notice(requestId),
    set: { requestId, [`wait#${String(index)}`]: true, queue: "notify", dueAt: formatInstant(nowMs + GATHER_MS) },
  };
}
