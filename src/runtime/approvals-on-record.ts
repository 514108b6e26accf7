import { canonicalDigest, parseDuration, parseInstant } from "../core";
import { approvalSatisfied, sameId, type Person } from "../policy/approvals";
import { delegationsTo } from "../policy/delegations";
import type { Approval, Policy } from "../policy/model";
import type { WriteBackRequest } from "../policy/request";
import type { ApprovalItem, InspectionItem } from "./ledger";
import type { ChangePlace } from "./records";
import { listApprovals } from "./records";
import type { Store } from "./ports";

/** The key of a person in the ledger: one per issuer and subject, safe in keys. */
export function personKey({ issuer, subject }: Person): string {
  return canonicalDigest({ issuer, subject });
}

/** Why a person may not decide on a change, whatever group they are in. */
export type Bar = "SelfApproval" | "ApproverIsWorker" | "InitiatorUnidentified";

/**
 * Who may never decide on a change: its initiator, and the worker whose record it is. The initiator is known by the subject or
 * the id that the event gave, as the approver's subject or worker id, whatever the issuer and the spelling: issuers write
 * themselves in several ways, and a wrong bar costs another approver while a missing one costs the separation. Where a human may have
 * asked and the event does not say who, nobody may: it could be anyone. A human may have asked unless event and publisher both say
 * otherwise, in exactly those words; an event that says nothing goes by its publisher.
 */
export function barOf(
  request: WriteBackRequest,
  policy: Policy,
  person: Person & { readonly workerId: string },
): Bar | undefined {
  const { initiator, source } = request;
  const byHuman =
    !isMachine(publisherKind(policy, source)) || (initiator.kind !== undefined && !isMachine(initiator.kind));
  if (byHuman && (isBlank(initiator.issuer) || isBlank(initiator.subject))) return "InitiatorUnidentified";
  return ownChangeOf(request, person);
}

/** Why a change is a person's own: they asked for it, or it is of their record. */
export function ownChangeOf(
  { initiator, worker }: WriteBackRequest,
  person: Person & { readonly workerId: string },
): Exclude<Bar, "InitiatorUnidentified"> | undefined {
  const asked = [initiator.id, ...(isBlank(initiator.subject) ? [] : [initiator.subject])];
  if (asked.some((id) => sameId(id, person.subject) || sameId(id, person.workerId))) return "SelfApproval";
  if (sameId(worker.id, person.workerId)) return "ApproverIsWorker";
  return undefined;
}

/** When the wait for an approval of this exact change ends, in milliseconds since the epoch. */
export function approvalDeadlineMs(inspection: InspectionItem, approval: Approval): number {
  return instantMs(inspection.inspectedAt) + (parseDuration(approval.expires) ?? 0);
}

/** What people decided on one exact change. */
export interface OnRecord {
  readonly denied: boolean;
  readonly satisfied: boolean;
}

/**
 * Reads the decisions on one exact change and holds them against the approval that it needs. An approval after the deadline, or
 * by someone who may not decide, does not count; a denial counts from whomever and whenever it is on record.
 */
export async function approvalOnRecord(
  store: Store,
  place: ChangePlace,
  subject: {
    readonly request: WriteBackRequest;
    readonly policy: Policy;
    readonly inspection: InspectionItem;
    readonly approval: Approval;
  },
): Promise<OnRecord> {
  return weigh(await listApprovals(store, place, subject.inspection.digest), subject);
}

/** `approvalOnRecord` over decisions already read. */
export function weigh(decisions: readonly ApprovalItem[], subject: Parameters<typeof approvalOnRecord>[2]): OnRecord {
  const { request, policy, inspection, approval } = subject;
  const deadline = approvalDeadlineMs(inspection, approval);
  const onDigest = decisions.filter((item) => item.digest === inspection.digest);
  const denied = onDigest.some((item) => item.decision === "deny");
  const inTime = onDigest
    .filter((item) => instantMs(item.decidedAt) <= deadline)
    .map((item) => ({ ...item, groups: heldGroups(item, policy) }));
  const barred = inTime
    .filter((item) => barOf(request, policy, { ...item.approver, workerId: item.workerId }) !== undefined)
    .map((item) => item.approver);
  return { denied, satisfied: !denied && approvalSatisfied(approval, inTime, barred) === "approved" };
}

/** The groups that a decision counts for: of those that a delegation lent, only what the policy still lent this person at that time. */
function heldGroups({ groups, delegations, approver, decidedAt }: ApprovalItem, policy: Policy): readonly string[] {
  if (delegations === undefined) return groups;
  const standing = delegationsTo(policy, approver.subject, instantMs(decidedAt));
  const isLent = (group: string): boolean => delegations.some((each) => each.group === group);
  return groups.filter((group) => !isLent(group) || standing.some((each) => each.group === group));
}

/** Whether a kind says that no person asked. A kind that nobody knows says nothing. */
function isMachine(kind: string | undefined): boolean {
  return kind === "automation" || kind === "agent";
}

function publisherKind(policy: Policy, source: string): string | undefined {
  return Object.hasOwn(policy.publishers, source) ? policy.publishers[source]?.initiator : undefined;
}

function isBlank(text: string | undefined): text is "" | undefined {
  return text === undefined || text.trim() === "";
}

function instantMs(text: string): number {
  return parseInstant(text) ?? Number.NaN;
}
