import { formatInstant } from "../../core";
import type { Policy } from "../../policy/model";
import { personKey } from "../approvals-on-record";
import { ignoreLostRace } from "../due-work";
import { Problem } from "../http-api";
import { controlKeys, ledgerKeys, type AcknowledgedItem, type InboxItem, type RequestItem } from "../ledger";
import type { PinnedPolicy } from "../policy-source";
import type { Store } from "../ports";
import { getDecision, getRequest, proposedValue, putOnce, type ChangePlace } from "../records";
import { personOf, type Caller } from "./caller";
import { lookThrough } from "./look";
import { notFound } from "./place";
import { ownersGroup } from "./show";
import type { ApprovalsPorts } from "./world";

/** The notified facts that wait for the caller's acknowledgement, oldest first; `truncated` where there may be more. */
export async function listNotices(
  { store }: ApprovalsPorts,
  { policy }: PinnedPolicy,
  caller: Caller,
): Promise<{ readonly notices: readonly object[]; readonly truncated?: true }> {
  const { items, isAll } = await lookThrough<InboxItem>(store, "inbox", (item) => isFor(policy, item, caller));
  const notices = items.map(({ requestId, index, field, noticedAt }) => ({ requestId, index, field, noticedAt }));
  return { notices, ...(isAll ? {} : { truncated: true }) };
}

/** A notified fact with its value, for its field's owner. Throws `Problem`. */
export async function showNotice(
  { store }: ApprovalsPorts,
  { policy }: PinnedPolicy,
  caller: Caller,
  place: ChangePlace,
): Promise<object> {
  const item = await readNotice(store, policy, caller, place);
  const [stored, decision, acknowledged] = await Promise.all([
    getRequest(store, place.requestId),
    getDecision(store, place),
    store.query("ledger", ledgerKeys.acknowledgements(place.requestId, place.index)),
  ]);
  if (stored === undefined) throw notFound();
  const { request } = stored;
  return {
    ...place,
    status: item.queue === undefined ? "acknowledged" : "waiting",
    field: item.field,
    owner: item.owner,
    reason: decision?.reason,
    worker: { id: request.worker.id },
    value: valueOf(stored, place, item.field),
    event: request.event,
    source: request.source,
    occurredAt: request.occurredAt,
    initiator: { kind: request.initiator.kind, id: request.initiator.id, intent: request.initiator.intent },
    consequence: "nothing",
    noticedAt: item.noticedAt,
    acknowledgements: (acknowledged as unknown as AcknowledgedItem[]).map(({ acknowledger, acknowledgedAt }) => ({
      acknowledger,
      acknowledgedAt,
    })),
  };
}

/**
 * Records that the caller has read a notified fact, and takes it out of the inbox. Nothing is written to the HRIS. Again, or by a second
 * person, it is answered the same. Throws `Problem`.
 */
export async function acknowledge(
  { store, clock, log }: ApprovalsPorts,
  { policy, policyDigest }: PinnedPolicy,
  caller: Caller,
  place: ChangePlace,
): Promise<{ readonly acknowledged: true }> {
  const { field, queue } = await readNotice(store, policy, caller, place);
  const { requestId, index } = place;
  const item: AcknowledgedItem = {
    ...ledgerKeys.acknowledged(requestId, index, personKey(caller)),
    field,
    acknowledger: personOf(caller),
    ...(caller.workerId === undefined ? {} : { workerId: caller.workerId }),
    policyDigest,
    acknowledgedAt: formatInstant(clock.now()),
  };
  if (await putOnce(store, item)) log.info("notice-acknowledged", { requestId, index, field });
  if (queue !== undefined) {
    await ignoreLostRace(
      store.write([
        {
          kind: "update",
          table: "control",
          key: controlKeys.inbox(requestId, index),
          remove: ["queue", "dueAt"],
          condition: { attribute: "queue", is: "present" },
        },
      ]),
    );
  }
  return { acknowledged: true };
}

async function readNotice(store: Store, policy: Policy, caller: Caller, place: ChangePlace): Promise<InboxItem> {
  const item = (await store.get("control", controlKeys.inbox(place.requestId, place.index))) as unknown as
    InboxItem | undefined;
  if (item === undefined) throw notFound();
  if (isFor(policy, item, caller)) return item;
  throw new Problem(403, "NotTheOwner", "only the owner of the field reads what was notified about it");
}

function isFor(policy: Policy, { field, owner }: InboxItem, caller: Caller): boolean {
  const group = ownersGroup(policy, field, owner);
  return group !== undefined && caller.groups.includes(group);
}

function valueOf({ request }: RequestItem, { index }: ChangePlace, field: string): unknown {
  return proposedValue(request, index, field);
}
