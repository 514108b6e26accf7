import { canonicalDigest, parseInstant } from "../core";
import { approvalSatisfied } from "../policy/approvals";
import { isInForce } from "../policy/delegations";
import { approvalDeadlineMs, ownChangeOf, personKey } from "./approvals-on-record";
import type { WriteBackRequest } from "../policy/request";
import { changeMessage } from "./exact-change";
import { readGrant } from "./grants";
import { ledgerKeys, type ApprovalItem, type DenialItem, type InspectionItem, type RequestItem } from "./ledger";
import type { Keys, StoreReads } from "./ports";
import {
  attemptNumber,
  getDecision,
  getRequest,
  listApprovals,
  listAttempts,
  listInspections,
  type ChangePlace,
} from "./records";

/** Denial and use within this time were at once: their clocks differ, and the transaction that came first held. In milliseconds. */
const AT_ONCE_MS = 60_000;

/** One thing that was recomputed from the ledger, and whether it came out as the ledger says. */
export interface Verification {
  /** PascalCase, public. */
  readonly code: VerificationCode;
  /** What it is about: a change, an exact change, a person, a grant. */
  readonly about: string;
  readonly holds: boolean;
}

export type VerificationCode =
  /** The request's digest is of the request as it is kept. */
  | "RequestUnchanged"
  /** The digest is this exact change's, by the digest key: worker, field, value before and after, event, policy. */
  | "DigestMatches"
  /** The exact change proposes what the request proposed. */
  | "ValueRequested"
  /** A decision is kept under its own digest and person, and that exact change is on record. */
  | "DecisionInPlace"
  /** A denial left its mark, which stops grants. */
  | "DenialMarked"
  /** A delegation that lent somebody a seat held when they decided. */
  | "DelegationInForce"
  /** A grant is for an exact change on record. */
  | "GrantForExactChange"
  /**
   * Before the grant was opened, the approval was complete: by enough different people of the groups asked, none of whom asked for the
   * change or is the worker, in time, nobody denying.
   */
  | "ApprovedBeforeGrant"
  /** No write began after somebody denied the change. */
  | "NotUsedAfterDenial";

/**
 * Recomputes what the ledger says of one request: every digest by the digest key, and that nothing was written that was not approved.
 * Whoever changed a value, a person, a time or a digest on record is found here, unless they hold the digest key as Inspect does.
 */
export async function verifyHistory(
  store: StoreReads,
  keys: Pick<Keys, "verifyMac">,
  requestId: string,
): Promise<Verification[]> {
  const stored = await getRequest(store, requestId);
  if (stored === undefined) return [];
  const found: Verification[] = [];
  if (stored.request.changes.every(({ value }) => value !== null)) {
    // What is no scalar is kept as `null`, and its digest is of what came.
    const holds = canonicalDigest({ ...stored.request, receivedAt: undefined }) === stored.contentDigest;
    found.push({ code: "RequestUnchanged", about: requestId, holds });
  }
  for (let index = 0; index < stored.request.changes.length; index += 1) {
    found.push(...(await verifyChange(store, keys, stored, { requestId, index })));
  }
  return found;
}

async function verifyChange(
  store: StoreReads,
  keys: Pick<Keys, "verifyMac">,
  { request }: RequestItem,
  place: ChangePlace,
): Promise<Verification[]> {
  const { requestId, index } = place;
  if ((await getDecision(store, place)) === undefined) return [];
  const [inspections, approvals, attempts, records] = await Promise.all([
    listInspections(store, place),
    listApprovals(store, place),
    listAttempts(store, place),
    store.query("ledger", ledgerKeys.approvals(requestId, index), "denied#"),
  ]);
  const denials = records as unknown as DenialItem[];
  const found: Verification[] = [];
  const note = (code: VerificationCode, about: string, holds: boolean): void => {
    found.push({ code, about: `change ${String(index)}, ${about}`, holds });
  };

  for (const { digest, field, from, to, policyDigest, sk } of inspections) {
    const message = changeMessage({ worker: request.worker.id, field, from, to, event: request.event, policyDigest });
    const isKept = sk === ledgerKeys.inspection(requestId, index, digest).sk;
    note("DigestMatches", short(digest), isKept && (await keys.verifyMac(message, digest)));
    const change = request.changes[index];
    note("ValueRequested", short(digest), change?.field === field && Object.is(change.value, to));
  }
  for (const item of approvals) {
    const { sk } = ledgerKeys.approval(requestId, index, item.digest, personKey(item.approver));
    const isKnown = inspections.some(({ digest }) => digest === item.digest);
    note("DecisionInPlace", `${item.approver.subject} on ${short(item.digest)}`, isKnown && item.sk === sk);
    if (item.decision === "deny") {
      const isMarked = denials.some(({ digest }) => digest === item.digest);
      note("DenialMarked", `${item.approver.subject} on ${short(item.digest)}`, isMarked);
    }
    for (const delegation of item.delegations ?? []) {
      const isHeld = isInForce(delegation, instant(item.decidedAt)) && item.groups.includes(delegation.group);
      note("DelegationInForce", `${item.approver.subject} for ${delegation.group} by ${delegation.id}`, isHeld);
    }
  }
  for (const attempt of attempts) {
    const { open, intent } = await readGrant(store, attempt.grantId);
    const about = `attempt ${String(attemptNumber(attempt))}`;
    const inspection = inspections.find(({ digest }) => digest === open?.digest);
    note("GrantForExactChange", about, inspection !== undefined);
    if (inspection === undefined || open === undefined) continue;
    note("ApprovedBeforeGrant", about, isApprovedBy(request, inspection, approvals, open.openedAt));
    if (intent === undefined) continue;
    const isDenied = denials.some(
      ({ digest, deniedAt }) => digest === open.digest && instant(deniedAt) + AT_ONCE_MS < instant(intent.intendedAt),
    );
    note("NotUsedAfterDenial", about, !isDenied);
  }
  return found;
}

/** Whether the approval of an exact change was complete at a moment; true where it needs none. */
export function isApprovedBy(
  request: WriteBackRequest,
  inspection: InspectionItem,
  approvals: readonly ApprovalItem[],
  at: string,
): boolean {
  const { approval, digest } = inspection;
  if (approval === undefined) return true;
  const untilMs = Math.min(approvalDeadlineMs(inspection, approval), instant(at));
  const decisions = approvals.filter((item) => item.digest === digest && instant(item.decidedAt) <= untilMs);
  const own = decisions.filter(
    (item) => ownChangeOf(request, { ...item.approver, workerId: item.workerId }) !== undefined,
  );
  const excluded = own.map(({ approver }) => approver);
  return approvalSatisfied(approval, decisions, excluded) === "approved";
}

function instant(text: string): number {
  return parseInstant(text) ?? Number.NaN;
}

function short(digest: string): string {
  return digest.slice(0, 12);
}
