import * as z from "zod";

import { formatInstant } from "../../core";
import { MAX_CHANGES } from "../../policy/request";
import { personKey, weigh } from "../approvals-on-record";
import { mayHaveChanged, readGrant } from "../grants";
import { Problem, problemOf } from "../http-api";
import { ledgerKeys, type ApprovalItem, type DenialItem, type RefusalItem } from "../ledger";
import type { PinnedPolicy } from "../policy-source";
import { ConditionFailed, type Store } from "../ports";
import {
  getChangeOutcome,
  getInspection,
  getRequest,
  listApprovals,
  listAttempts,
  putIfAbsent,
  putOnce,
  type ChangePlace,
} from "../records";
import { personOf, type Caller } from "./caller";
import { allowedApprover, alreadyDecided, demandNoEnd, demandWaiting, lending, ownDecision } from "./may-decide";
import { notFound } from "./place";
import { endWait, getTask } from "./wait";
import type { ApprovalsPorts } from "./world";

const decision = z.enum(["approve", "deny"]);
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const reason = z.string().max(1024);

const decisionSchema = z.strictObject({ decision, digest, reason: reason.optional() });
const decisionsSchema = z.strictObject({
  decision,
  reason: reason.optional(),
  changes: z
    .array(z.strictObject({ index: z.int().min(0).max(999), digest }))
    .min(1)
    .max(MAX_CHANGES),
});

/** What a person decides about one exact change. */
export type Made = z.infer<typeof decisionSchema>;

/** A decision as a body holds it. Throws `Problem`. */
export function decisionOf(body: unknown): Made {
  const parsed = decisionSchema.safeParse(body);
  if (!parsed.success) throw new Problem(400, "MalformedBody", "expected `decision`, `digest` and at most a `reason`");
  demandReason(parsed.data);
  return parsed.data;
}

/** One decision on several changes, as a body holds it. Throws `Problem`. */
export function decisionsOf(body: unknown): z.infer<typeof decisionsSchema> {
  const parsed = decisionsSchema.safeParse(body);
  if (!parsed.success || new Set(parsed.data.changes.map(({ index }) => index)).size < parsed.data.changes.length) {
    throw new Problem(
      400,
      "MalformedBody",
      "expected `decision`, at most a `reason`, and `changes` with `index` and `digest`, each change once",
    );
  }
  demandReason(parsed.data);
  return parsed.data;
}

function demandReason(made: Pick<Made, "decision" | "reason">): void {
  if (made.decision === "deny" && (made.reason ?? "").trim() === "") {
    throw new Problem(400, "ReasonMissing", "a denial says why: whoever asked has to know what to mend");
  }
}

/** What came of a decision: whether the wait is over by it, and whether a denial came after the write had begun. */
interface Decided extends ChangePlace {
  readonly decision: Made["decision"];
  readonly complete: boolean;
  readonly tooLate?: true;
}

/** One decision on several changes of a request, one after the other: each stands or is refused by itself. */
export async function decideOnSeveral(
  ports: ApprovalsPorts,
  pinned: PinnedPolicy,
  caller: Caller,
  requestId: string,
  made: z.infer<typeof decisionsSchema>,
): Promise<{ readonly results: readonly object[] }> {
  const results: object[] = [];
  for (const change of made.changes) {
    const { index } = change;
    const own = { decision: made.decision, digest: change.digest, reason: made.reason };
    try {
      const { complete, tooLate } = await decideOn(ports, pinned, caller, { requestId, index }, own);
      results.push({ index, complete, ...(tooLate === undefined ? {} : { tooLate }) });
    } catch (error) {
      const { status, code, title } = problemOf(error);
      if (status >= 500) ports.log.error("approvals-refused", { status, code, requestId, index });
      results.push({ index, problem: { code, title } });
    }
  }
  return { results };
}

/** One decision on one change. What is refused of it goes on record, and into the log as an error. Throws `Problem`. */
export async function decideOn(
  ports: ApprovalsPorts,
  pinned: PinnedPolicy,
  caller: Caller,
  place: ChangePlace,
  made: Made,
): Promise<Decided> {
  try {
    return await decideOnce(ports, pinned, caller, place, made);
  } catch (error) {
    // What is not there or not readable now is nobody's attempt at a decision.
    if (error instanceof Problem && (error.status === 403 || error.status === 409)) {
      await keepRefusal(ports, pinned, caller, place, made, error);
    }
    throw error;
  }
}

/** Keeps a refused decision. It stays refused where that fails, and the log says so. */
async function keepRefusal(
  { store, clock, log, newUlid }: ApprovalsPorts,
  { policyDigest }: PinnedPolicy,
  caller: Caller,
  place: ChangePlace,
  made: Made,
  { code }: Problem,
): Promise<void> {
  const now = clock.now();
  log.error("decision-refused", { ...place, code, decision: made.decision });
  const item: RefusalItem = {
    ...ledgerKeys.refusal(place.requestId, place.index, newUlid(now)),
    code,
    decision: made.decision,
    digest: made.digest,
    caller: personOf(caller),
    ...(caller.workerId === undefined ? {} : { workerId: caller.workerId }),
    policyDigest,
    refusedAt: formatInstant(now),
  };
  try {
    await putOnce(store, item);
  } catch (error) {
    log.error("approvals-refused", { ...place, code: error instanceof Error ? error.name : "Error" });
  }
}

async function decideOnce(
  ports: ApprovalsPorts,
  { policy, policyDigest }: PinnedPolicy,
  caller: Caller,
  place: ChangePlace,
  made: Made,
): Promise<Decided> {
  const { store, clock, log } = ports;
  const [stored, task, outcome] = await Promise.all([
    getRequest(store, place.requestId),
    getTask(store, place),
    getChangeOutcome(store, place),
  ]);
  const inspection = task === undefined ? undefined : await getInspection(store, place, task.digest);
  const approval = inspection?.approval;
  if (stored === undefined || task === undefined || inspection === undefined || approval === undefined)
    throw notFound();
  const { request } = stored;
  const approver = allowedApprover(request, policy, approval, caller);

  const now = clock.now();
  const subject = { request, policy, inspection, approval };
  const earlier = await listApprovals(store, place, task.digest);
  const standing = weigh(earlier, subject);
  const own = personKey(caller);
  const isSettled = standing.denied || standing.satisfied;
  const isFirst = earlier.every((item) => personKey(item.approver) !== own);
  const isLateDenial = isFirst && made.decision === "deny" && standing.satisfied;
  // The wait outlived its approval: a crash came between, or a retried task filed it anew. A denial goes on record first.
  if (isSettled && !isLateDenial) await endWait(ports, place, task);

  const before = ownDecision(earlier, approver);
  if (before === undefined) {
    if (isLateDenial) {
      demandNoEnd(outcome);
      if (await isWriteUnderWay(store, place)) throw new Problem(409, "NotWaiting", "the write is under way already");
    } else {
      demandWaiting({ task, outcome, isSettled }, now);
    }
  }
  if (made.digest !== task.digest) {
    throw new Problem(409, "DigestMismatch", "the change that waits is not the one that was shown; read it again");
  }
  let complete = isSettled;
  if (before === undefined) {
    const delegations = lending(approver, approver.asked);
    const item: ApprovalItem = {
      ...ledgerKeys.approval(place.requestId, place.index, task.digest, own),
      decision: made.decision,
      digest: task.digest,
      approver: personOf(caller),
      workerId: approver.workerId,
      groups: approver.asked,
      ...(delegations.length === 0 ? {} : { delegations }),
      ...(made.reason === undefined ? {} : { reason: made.reason }),
      policyDigest,
      decidedAt: formatInstant(now),
    };
    const isRecorded = made.decision === "deny" ? await putDenial(store, place, item) : await putOnce(store, item);
    const decisions = await listApprovals(store, place, task.digest);
    // The same person at the same moment, or this request once more after its answer was lost: the first record stands.
    const standsOtherwise = decisions.some(
      ({ approver: by, decision: stands }) => personKey(by) === own && stands !== made.decision,
    );
    if (!isRecorded && standsOtherwise) throw alreadyDecided();
    if (isRecorded) log.info("approval-decided", { ...place, field: inspection.field, decision: made.decision });
    const { denied, satisfied } = weigh(decisions, subject);
    complete = denied || satisfied;
    if (complete) await endWait(ports, place, task);
  } else if (before.decision !== made.decision) {
    throw alreadyDecided();
  }

  const answer = { ...place, decision: made.decision };
  // Read after the denial's transaction: a write that is not under way by now never begins.
  if (made.decision === "deny" && (await isWriteUnderWay(store, place))) {
    return { ...answer, complete: false, tooLate: true };
  }
  return { ...answer, complete };
}

/**
 * Records a denial and its mark in one transaction; whether this account had no decision on record. The mark of an earlier denial
 * stands for a later one too.
 */
async function putDenial(store: Store, place: ChangePlace, item: ApprovalItem): Promise<boolean> {
  const { decidedAt } = item;
  const mark: DenialItem = {
    ...ledgerKeys.denied(place.requestId, place.index, item.digest),
    digest: item.digest,
    deniedAt: decidedAt,
  };
  try {
    await store.write([putIfAbsent("ledger", item), putIfAbsent("ledger", mark)]);
    return true;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return error.failed.includes(0) ? false : putOnce(store, item);
  }
}

/** Whether a write of this change has begun that had, or may still have, an effect. */
async function isWriteUnderWay(store: Store, place: ChangePlace): Promise<boolean> {
  for (const { grantId } of await listAttempts(store, place)) {
    const { intent, outcome } = await readGrant(store, grantId);
    if (intent !== undefined && (outcome === undefined || mayHaveChanged(outcome))) return true;
  }
  return false;
}
