import type { Policy } from "../../policy/model";
import { weigh } from "../approvals-on-record";
import { Problem } from "../http-api";
import { ledgerKeys, type ApprovalItem, type InspectionItem, type OutcomeItem, type TaskItem } from "../ledger";
import type { RequestItem } from "../ledger";
import {
  getChangeOutcome,
  getDecision,
  getRequest,
  listApprovals,
  listInspections,
  type ChangePlace,
} from "../records";
import type { Caller } from "./caller";
import { allowedApprover, demandWaiting, lending, ownDecision } from "./may-decide";
import { notFound } from "./place";
import { getTask, isWaiting } from "./wait";
import { forEach, type ApprovalsPorts } from "./world";

/** All changes of a request that the caller may read. Throws `Problem` where there is none. */
export async function showRequest(
  ports: ApprovalsPorts,
  policy: Policy,
  caller: Caller,
  requestId: string,
): Promise<{ readonly requestId: string; readonly changes: readonly object[] }> {
  const [stored, decisions] = await Promise.all([
    getRequest(ports.store, requestId),
    ports.store.query("ledger", ledgerKeys.decisions(requestId)),
  ]);
  if (stored === undefined) throw notFound();
  const indexes = decisions.map(({ sk }) => Number(String(sk).slice("decision#".length))).sort((a, b) => a - b);
  const shown = await forEach(indexes, async (index) => {
    try {
      return await showStored(ports, policy, caller, stored, { requestId, index });
    } catch (error) {
      if (error instanceof Problem) return error;
      throw error;
    }
  });
  const changes = shown.filter((change) => !(change instanceof Problem));
  if (changes.length > 0) return { requestId, changes };
  throw shown.find((change): change is Problem => change instanceof Problem && change.status === 403) ?? notFound();
}

/** The exact change with its values, for those who may decide on it and for the owner of its field. */
export async function showChange(
  ports: ApprovalsPorts,
  policy: Policy,
  caller: Caller,
  place: ChangePlace,
): Promise<object> {
  const stored = await getRequest(ports.store, place.requestId);
  if (stored === undefined) throw notFound();
  return showStored(ports, policy, caller, stored, place);
}

async function showStored(
  ports: ApprovalsPorts,
  policy: Policy,
  caller: Caller,
  { request }: RequestItem,
  place: ChangePlace,
): Promise<object> {
  const { store, clock } = ports;
  const [decision, task, inspections, outcome] = await Promise.all([
    getDecision(store, place),
    getTask(store, place),
    listInspections(store, place),
    getChangeOutcome(store, place),
  ]);
  const inspection = inspections.find(({ digest }) => digest === task?.digest) ?? inspections.at(-1);
  if (decision === undefined || inspection === undefined) throw notFound();
  if (!readersOf(policy, inspection).some((group) => caller.groups.includes(group))) {
    throw new Problem(403, "NotAnApprover", "only those who may decide on this change, and its owner, may read it");
  }
  const decisions = await listApprovals(store, place, inspection.digest);
  const barrier = whyNot({ request, policy, inspection, task, outcome, decisions }, caller, clock.now());
  return {
    ...place,
    status: outcome?.outcome ?? (task !== undefined && isWaiting(task, clock.now()) ? "waiting" : "under-way"),
    field: inspection.field,
    class: inspection.class,
    effectiveClass: inspection.effectiveClass,
    owner: decision.owner,
    worker: { id: request.worker.id },
    from: inspection.from,
    to: inspection.to,
    digest: inspection.digest,
    policyDigest: inspection.policyDigest,
    event: request.event,
    source: request.source,
    occurredAt: request.occurredAt,
    initiator: { kind: request.initiator.kind, id: request.initiator.id, intent: request.initiator.intent },
    dryRun: request.dryRun,
    consequence: request.dryRun ? "planned" : "written",
    checked: inspection.checked,
    inspectedAt: inspection.inspectedAt,
    approval: inspection.approval,
    expiresAt: task?.expiresAt,
    decisions: decisions.map(({ decision: made, approver, groups, delegations, reason, decidedAt }) => ({
      decision: made,
      approver,
      groups,
      delegations,
      reason,
      decidedAt,
    })),
    standingIn: lending(caller, inspection.approval?.groups.map(({ group }) => group) ?? []),
    mayDecide: barrier === undefined,
    ...(barrier === undefined ? {} : { mayNotBecause: { code: barrier.code, title: barrier.title } }),
  };
}

/** Why the caller may not decide on a change as it stands; nothing where they may. */
function whyNot(
  seen: {
    readonly request: RequestItem["request"];
    readonly policy: Policy;
    readonly inspection: InspectionItem;
    readonly task?: TaskItem;
    readonly outcome?: OutcomeItem;
    readonly decisions: readonly ApprovalItem[];
  },
  caller: Caller,
  now: number,
): Problem | undefined {
  const { request, policy, inspection, task, outcome, decisions } = seen;
  const { approval } = inspection;
  try {
    if (approval === undefined) throw new Problem(409, "NoApprovalNeeded", "the change needs nobody's approval");
    const approver = allowedApprover(request, policy, approval, caller);
    if (ownDecision(decisions, approver) !== undefined) {
      throw new Problem(409, "AlreadyDecided", "your decision is on record, and stands");
    }
    const { denied, satisfied } = weigh(decisions, { request, policy, inspection, approval });
    demandWaiting({ task, outcome, isSettled: denied || satisfied }, now);
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

/** The groups that may read an exact change: those asked, and the owner's. */
function readersOf(policy: Policy, inspection: InspectionItem): string[] {
  const asked = inspection.approval?.groups.map(({ group }) => group) ?? [];
  const owners = ownersGroup(policy, inspection.field);
  return owners === undefined ? asked : [...asked, owners];
}

/** The group of a field's owner by the policy of now; of `formerOwner` where the policy has no such field any more. */
export function ownersGroup(policy: Policy, field: string, formerOwner?: string): string | undefined {
  const owner = Object.hasOwn(policy.fields, field) ? policy.fields[field]?.owner : formerOwner;
  return owner === undefined || !Object.hasOwn(policy.owners, owner)
    ? undefined
    : policy.owners[owner]?.approvers?.group;
}
