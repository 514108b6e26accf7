import * as z from "zod";

import { formatInstant, isRequestId, parseInstant, PAYLOAD_VERSION } from "../../core";
import { sameId, type Person } from "../../policy/approvals";
import type { Policy } from "../../policy/model";
import type { WriteBackRequest } from "../../policy/request";
import { UNSEEN } from "../../policy/values";
import { barOf, personKey, weigh, type Bar } from "../approvals-on-record";
import { configSchema as configOf, membersOf, type Environment } from "../config";
import {
  bodyOf,
  httpApiEventSchema,
  jsonResponse,
  Problem,
  problemResponse,
  type HttpApiEvent,
  type HttpApiResponse,
} from "../http-api";
import { mayHaveChanged, readGrant } from "../grants";
import {
  controlKeys,
  ledgerKeys,
  type ApprovalItem,
  type DenialItem,
  type InspectionItem,
  type TaskItem,
} from "../ledger";
import { createPolicySource, type PinnedPolicy } from "../policy-source";
import { ConditionFailed, type Clock, type Keys, type Log, type Store, type Workflow } from "../ports";
import {
  getChangeOutcome,
  getDecision,
  getInspection,
  getRequest,
  listApprovals,
  listAttempts,
  listInspections,
  putIfAbsent,
  putOnce,
  type ChangePlace,
} from "../records";
import { tokenClaims } from "../token-claims";
import { taskTokenContext } from "./request-approval";

export interface ApprovalsPorts {
  readonly store: Store;
  /** May decrypt under `taskTokenContext`. */
  readonly keys: Pick<Keys, "decrypt">;
  /** The only holder of `states:SendTaskSuccess`. */
  readonly workflow: Pick<Workflow, "sendTaskSuccess">;
  readonly clock: Clock;
  readonly log: Log;
}

export const configSchema = configOf("manifestHash", "groupClaim", "workerIdClaim");
export type ApprovalsConfig = z.infer<typeof configSchema>;

export function parseConfig(env: Environment): ApprovalsConfig {
  return configSchema.parse(membersOf(env));
}

/** The routes, as the HTTP API names them. Behind a JWT authorizer, all of them. */
export const APPROVAL_ROUTES = {
  list: "GET /approvals",
  read: "GET /approvals/{requestId}/{index}",
  decide: "POST /approvals/{requestId}/{index}",
} as const;

const decisionSchema = z.strictObject({
  decision: z.enum(["approve", "deny"]),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  reason: z.string().max(1024).optional(),
});

/** Waits that one list shows, and looks through to find them: of the first look, and at most. */
const LIST_SIZE = 200;
const FIRST_LOOK = 500;
const LAST_LOOK = 5_000;

/** Waits of a list whose decisions are read at the same time. */
const AT_ONCE = 20;

/** Later than every wait. */
const FAR_FUTURE = "9999-12-31T23:59:59.999Z";

const BAR_TITLES: Readonly<Record<Bar, string>> = {
  SelfApproval: "who asked for a change does not decide on it",
  ApproverIsWorker: "nobody decides on a change of their own record",
  InitiatorUnidentified: "the event does not say which person asked, so nobody can be told apart from them",
};

type PinnedPolicySource = () => Promise<PinnedPolicy>;

/** Who calls, by the claims of a token that API Gateway has verified. */
interface Caller extends Person {
  readonly groups: readonly string[];
  /** Absent where the token does not say: such a caller may read and not decide. */
  readonly workerId?: string;
}

/**
 * The approvals API. Lists the changes that wait for the caller's groups, shows the exact change with its values to those who
 * may decide on it (and to the field's owner), records one decision per person, and ends the wait when the approval is
 * complete or denied. The workflow reads the decisions again from the ledger, whatever this API sends it.
 *
 * A denial holds from the moment it is on record, also when the approval was complete before: no write begins after it. Where one
 * had begun, the answer is not `complete` and says `tooLate`.
 *
 * Refusals are problem documents with a `code`. A repeated decision is answered like the first; another decision by the same
 * person, from whichever account, is refused. A wait whose approval is complete already, left open by a crash or filed again
 * by a retried task, is ended by the next decision or list that meets it.
 */
export function createHandler(
  ports: ApprovalsPorts,
  config: ApprovalsConfig,
): (event: unknown) => Promise<HttpApiResponse> {
  const pinned = createPolicySource(ports.store, config.manifestHash);

  const answer = async (event: HttpApiEvent): Promise<HttpApiResponse> => {
    const caller = callerOf(event, config);
    switch (event.routeKey) {
      case APPROVAL_ROUTES.list:
        return jsonResponse(200, await listWaiting(ports, pinned, caller));
      case APPROVAL_ROUTES.read: {
        const { policy } = await pinned();
        return jsonResponse(200, await showChange(ports, policy, caller, placeOf(event)));
      }
      case APPROVAL_ROUTES.decide: {
        const { policy, policyDigest } = await pinned();
        const parsed = decisionSchema.safeParse(bodyOf(event));
        if (!parsed.success) {
          throw new Problem(400, "MalformedBody", "expected `decision`, `digest` and at most a `reason`");
        }
        return jsonResponse(200, await decideOn(ports, policy, policyDigest, caller, placeOf(event), parsed.data));
      }
      default:
        throw new Problem(404, "NoSuchRoute", "there is no such route");
    }
  };

  return async (event) => {
    try {
      return await answer(httpApiEventSchema.parse(event));
    } catch (error) {
      const problem = problemOf(error);
      ports.log[problem.status >= 500 ? "error" : "warn"]("approvals-refused", {
        status: problem.status,
        code: problem.code,
      });
      return problemResponse(problem);
    }
  };
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const name = error instanceof Error ? error.name : "Error";
  if (name === "PolicyInTransition" || name === "ServiceUnavailable") {
    return new Problem(503, name, "not now; try again", 30);
  }
  return new Problem(500, "Failed", "the request could not be answered");
}

function callerOf(event: HttpApiEvent, config: ApprovalsConfig): Caller {
  const claims = tokenClaims(event, config);
  const issuer = claimText(claims?.["iss"]);
  const subject = claimText(claims?.["sub"]);
  if (claims === undefined || issuer === undefined || subject === undefined) {
    throw new Problem(401, "NotAuthenticated", "the request carries no verified token with issuer and subject");
  }
  return {
    issuer,
    subject,
    groups: groupsOf(claims[config.groupClaim]),
    workerId: workerIdOf(claims[config.workerIdClaim]),
  };
}

function claimText(claim: unknown): string | undefined {
  // A number beyond a double's whole ones may be another person's.
  if (typeof claim === "number") return Number.isSafeInteger(claim) ? String(claim) : undefined;
  return typeof claim === "string" && claim.trim() !== "" ? claim : undefined;
}

/** The caller's worker id; none where it holds what cannot be seen, which no event's worker id does either. */
function workerIdOf(claim: unknown): string | undefined {
  const id = claimText(claim);
  return id === undefined || UNSEEN.test(id) ? undefined : id;
}

/** The groups of a claim: a list of names, or one name. A text is one name, whatever it looks like. */
export function groupsOf(claim: unknown): string[] {
  if (Array.isArray(claim)) return claim.filter((group) => typeof group === "string");
  return typeof claim === "string" && claim !== "" ? [claim] : [];
}

function placeOf(event: HttpApiEvent): ChangePlace {
  const { requestId, index } = event.pathParameters ?? {};
  if (requestId === undefined || !isRequestId(requestId) || index === undefined || !/^(0|[1-9]\d{0,2})$/.test(index)) {
    throw notFound();
  }
  return { requestId, index: Number(index) };
}

function notFound(): Problem {
  return new Problem(404, "NoSuchChange", "there is no such change");
}

/** What waits for the caller's groups, soonest to expire first; `truncated` where there may be more. */
async function listWaiting(
  ports: ApprovalsPorts,
  pinned: PinnedPolicySource,
  caller: Caller,
): Promise<{ readonly waiting: readonly object[]; readonly truncated?: true }> {
  const now = ports.clock.now();
  const isForCaller = (task: TaskItem): boolean =>
    isWaiting(task, now) && task.groups.some((group) => caller.groups.includes(group));
  const look = async (limit: number): Promise<{ tasks: TaskItem[]; isAll: boolean }> => {
    const tasks = (await ports.store.due("approval", FAR_FUTURE, limit)) as unknown as TaskItem[];
    const isAll = tasks.length < limit;
    const isEnough = isAll || limit >= LAST_LOOK || tasks.filter(isForCaller).length > LIST_SIZE;
    return isEnough ? { tasks, isAll } : look(Math.min(limit * 2, LAST_LOOK));
  };
  const { tasks, isAll } = await look(FIRST_LOOK);
  const own = tasks.filter(isForCaller);
  const shown = own.slice(0, LIST_SIZE);
  const waiting: object[] = [];
  for (let start = 0; start < shown.length; start += AT_ONCE) {
    const some = shown.slice(start, start + AT_ONCE);
    const over = await Promise.all(some.map((task) => endIfComplete(ports, pinned, task)));
    for (const [position, { requestId, index, field, digest, groups, expiresAt }] of some.entries()) {
      if (over[position] !== true) waiting.push({ requestId, index, field, digest, groups, expiresAt });
    }
  }
  return { waiting, ...(isAll && own.length === shown.length ? {} : { truncated: true }) };
}

/** Ends a wait whose approval is complete on record; whether it was. What fails here leaves the wait in the list. */
async function endIfComplete(ports: ApprovalsPorts, pinned: PinnedPolicySource, task: TaskItem): Promise<boolean> {
  const { requestId, index, digest } = task;
  try {
    const decisions = await listApprovals(ports.store, task, digest);
    if (decisions.length === 0) return false;
    const [{ policy }, stored, inspection] = await Promise.all([
      pinned(),
      getRequest(ports.store, requestId),
      getInspection(ports.store, task, digest),
    ]);
    const approval = inspection?.approval;
    if (stored === undefined || inspection === undefined || approval === undefined) return false;
    const { denied, satisfied } = weigh(decisions, { request: stored.request, policy, inspection, approval });
    if (!denied && !satisfied) return false;
    await endWait(ports, { requestId, index }, task);
    return true;
  } catch (error) {
    ports.log.warn("approval-not-ended", { requestId, index, code: error instanceof Error ? error.name : "Error" });
    return false;
  }
}

function isWaiting(task: TaskItem, now: number): boolean {
  return task.queue === "approval" && now <= (parseInstant(task.expiresAt) ?? 0);
}

async function getTask(store: Store, place: ChangePlace): Promise<TaskItem | undefined> {
  return (await store.get("control", controlKeys.task(place.requestId, place.index))) as unknown as
    TaskItem | undefined;
}

/** The exact change with its values, for those who may decide on it and for the owner of its field. */
async function showChange(ports: ApprovalsPorts, policy: Policy, caller: Caller, place: ChangePlace): Promise<object> {
  const { store, clock } = ports;
  const [stored, decision, task, inspections, outcome] = await Promise.all([
    getRequest(store, place.requestId),
    getDecision(store, place),
    getTask(store, place),
    listInspections(store, place),
    getChangeOutcome(store, place),
  ]);
  const inspection = inspections.find(({ digest }) => digest === task?.digest) ?? inspections.at(-1);
  if (stored === undefined || decision === undefined || inspection === undefined) throw notFound();
  if (!readersOf(policy, inspection).some((group) => caller.groups.includes(group))) {
    throw new Problem(403, "NotAnApprover", "only those who may decide on this change, and its owner, may read it");
  }
  const { request } = stored;
  const decisions = await listApprovals(store, place, inspection.digest);
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
    event: request.event,
    source: request.source,
    occurredAt: request.occurredAt,
    initiator: { kind: request.initiator.kind, id: request.initiator.id, intent: request.initiator.intent },
    dryRun: request.dryRun,
    checked: inspection.checked,
    inspectedAt: inspection.inspectedAt,
    approval: inspection.approval,
    expiresAt: task?.expiresAt,
    decisions: decisions.map(({ decision: made, approver, groups, reason, decidedAt }) => ({
      decision: made,
      approver,
      groups,
      reason,
      decidedAt,
    })),
  };
}

/** The groups that may read an exact change: those asked, and the owner's. */
function readersOf(policy: Policy, inspection: InspectionItem): string[] {
  const asked = inspection.approval?.groups.map(({ group }) => group) ?? [];
  const field = Object.hasOwn(policy.fields, inspection.field) ? policy.fields[inspection.field] : undefined;
  const owners = field === undefined ? undefined : policy.owners[field.owner]?.approvers?.group;
  return owners === undefined ? asked : [...asked, owners];
}

async function decideOn(
  ports: ApprovalsPorts,
  policy: Policy,
  policyDigest: string,
  caller: Caller,
  place: ChangePlace,
  made: z.infer<typeof decisionSchema>,
): Promise<object> {
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

  const groups = approval.groups.map(({ group }) => group).filter((group) => caller.groups.includes(group));
  if (groups.length === 0) throw new Problem(403, "NotAnApprover", "only a member of a group that is asked may decide");
  const approver = allowedApprover(request, policy, caller);

  const now = clock.now();
  const subject = { request, policy, inspection, approval };
  const earlier = await listApprovals(store, place, task.digest);
  const standing = weigh(earlier, subject);
  const own = personKey(caller);
  const before = earlier.find((item) => personKey(item.approver) === own);
  const isSettled = standing.denied || standing.satisfied;
  const isLateDenial = before === undefined && made.decision === "deny" && standing.satisfied;
  // The wait outlived its approval: a crash came between, or a retried task filed it anew. A denial goes on record first.
  if (isSettled && !isLateDenial) await endWait(ports, place, task);

  if (before === undefined) {
    if (earlier.some((item) => sameId(item.workerId, approver.workerId))) {
      throw new Problem(403, "SamePerson", "a decision by another account of yours is on record, and stands");
    }
    if (outcome !== undefined) throw new Problem(409, "ChangeEnded", "the change has ended");
    if (isLateDenial) {
      if (await isWriteUnderWay(store, place)) throw new Problem(409, "NotWaiting", "the write is under way already");
    } else {
      if (now > (parseInstant(task.expiresAt) ?? 0)) throw new Problem(409, "ApprovalExpired", "the wait has expired");
      if (task.queue === undefined || isSettled) {
        throw new Problem(409, "NotWaiting", "the change does not wait for a decision any more");
      }
    }
  }
  if (made.digest !== task.digest) {
    throw new Problem(409, "DigestMismatch", "the change that waits is not the one that was shown; read it again");
  }
  let complete = isSettled;
  if (before === undefined) {
    const item: ApprovalItem = {
      ...ledgerKeys.approval(place.requestId, place.index, task.digest, own),
      decision: made.decision,
      digest: task.digest,
      approver: { issuer: caller.issuer, subject: caller.subject },
      workerId: approver.workerId,
      groups,
      ...(made.reason === undefined ? {} : { reason: made.reason }),
      policyDigest,
      decidedAt: formatInstant(now),
    };
    const isRecorded = made.decision === "deny" ? await putDenial(store, place, item) : await putOnce(store, item);
    const decisions = await listApprovals(store, place, task.digest);
    // The same person at the same moment, or this request once more after its answer was lost: the first record stands.
    const standsOtherwise = decisions.some(
      ({ approver: by, decision }) => personKey(by) === own && decision !== made.decision,
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

function alreadyDecided(): Problem {
  return new Problem(409, "AlreadyDecided", "another decision of yours is on record, and stands");
}

/**
 * Records a denial and its mark in one transaction; whether this account had no decision on record. The mark of an earlier denial
 * stands for a later one too.
 */
async function putDenial(store: Store, place: ChangePlace, item: ApprovalItem): Promise<boolean> {
  const { digest, decidedAt } = item;
  const mark: DenialItem = {
    ...ledgerKeys.denied(place.requestId, place.index, digest),
    digest,
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

/** The caller as someone who may decide on this change. Throws `Problem`. */
function allowedApprover(request: WriteBackRequest, policy: Policy, caller: Caller): Caller & { workerId: string } {
  const { workerId } = caller;
  if (workerId === undefined) {
    throw new Problem(403, "WorkerIdMissing", "the token does not say whose record is the caller's own");
  }
  const approver = { ...caller, workerId };
  const bar = barOf(request, policy, approver);
  if (bar !== undefined) throw new Problem(403, bar, BAR_TITLES[bar]);
  return approver;
}

/**
 * Ends the workflow's wait, then forgets the token. Between the two a crash leaves the token; the next decision, or the same one
 * again, finds the wait gone and forgets it.
 */
async function endWait(ports: ApprovalsPorts, place: ChangePlace, task: TaskItem): Promise<void> {
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
