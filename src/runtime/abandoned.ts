import { parseInstant } from "../core";
import { approvalSatisfied } from "../policy/approvals";
import { approvalDeadlineMs } from "./approvals-on-record";
import { ignoreLostRace, postpone } from "./due-work";
import { endChange } from "./end-change";
import { controlKeys, type ApprovalItem, type DecisionItem, type InspectionItem, type OpenItem } from "./ledger";
import { fileNotice } from "./notices";
import { forgetOpen } from "./open-changes";
import { announceEnding, type Ending } from "./outcomes";
import type { Bus, Clock, ExecutionStatus, Log, Store } from "./ports";
import { getChangeOutcome, getDecision, getRequest, listApprovals, listInspections, type ChangePlace } from "./records";

/** What looking after open changes needs of the sweeper's world. */
export interface WatchPorts {
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
}

/** Whether a request's execution still runs. */
export type StatusOf = (requestId: string) => Promise<ExecutionStatus>;

/** Reasons of changes whose execution ended and told nobody. Public, as all reasons. */
export type AbandonedReason =
  /** The execution was stopped, has failed, or could not put the event of the change's end. */
  | "WorkflowEnded"
  /** Likewise, while the change waited for people, and the wait is over. */
  | "WaitAbandoned";

/** Time in which an execution that runs announces an end on record by itself, in milliseconds. */
const ANNOUNCE_PATIENCE_MS = 3_600_000;

/** How long a change whose execution runs is left alone, at least and at most, in milliseconds: longer, the longer it runs. */
const REST_MS = { least: 3_600_000, most: 6 * 3_600_000 } as const;

/** How long an item waits that is being worked on, in milliseconds: for whoever comes after a crash. */
const CLAIM_MS = 15 * 60_000;

/**
 * Looks after a change whose end was not announced. While its execution runs, that is the execution's business; an execution that was
 * stopped, or has failed, or could not put the event, does it no more. Then the change ends here, as the ledger shows it.
 */
export async function watchOpen(
  ports: WatchPorts,
  item: OpenItem,
  statusOf: StatusOf,
): Promise<"settled" | "left" | undefined> {
  const { store, clock } = ports;
  const now = clock.now();
  const recorded = await getChangeOutcome(store, item);
  const isLate = recorded !== undefined && now - (parseInstant(recorded.endedAt) ?? 0) > ANNOUNCE_PATIENCE_MS;
  if (!isLate) {
    const status = await statusOf(item.requestId);
    if (status === "running") {
      const age = now - (parseInstant(item.filedAt) ?? 0);
      await postpone(store, { ...item }, now + Math.min(Math.max(age, REST_MS.least), REST_MS.most));
      return undefined;
    }
    // Of what is filed undecided, which is the first change alone. A later one may be decided where the first is not yet.
    const isUndecided = recorded === undefined && (await getDecision(store, item)) === undefined;
    if (isUndecided && status === "ended") return leaveToRedrive(ports, item);
    if (isUndecided) await endUndecided(ports, item.requestId);
  }
  return settleOpen(ports, item, (decision) => abandonedEnding(store, item, decision, now));
}

/** `Decide` failed for good: what is wrong there is mended, and a redrive of the execution decides then. Until that nobody is told anything. */
async function leaveToRedrive({ store, log }: WatchPorts, item: OpenItem): Promise<"left" | undefined> {
  log.warn("request-not-decided", { requestId: item.requestId });
  await store.write([forgetOpen(item)]);
  return undefined;
}

/**
 * A request whose execution was stopped before it had decided, as the kill switch does: each of its changes but the first, which the item
 * is about, ends here. Those that have a decision have an item of their own.
 */
async function endUndecided({ store, bus, clock }: WatchPorts, requestId: string): Promise<void> {
  const { request } = (await getRequest(store, requestId)) ?? {};
  for (const [index, { field }] of [...(request?.changes ?? []).entries()].slice(1)) {
    const place = { requestId, index };
    if ((await getDecision(store, place)) !== undefined) continue;
    const end = await endChange(store, place, ending("not-applied", "WorkflowEnded"), clock.now());
    if (end.kind === "ended") await announceEnding(store, bus, place, field, undefined, end.outcome);
  }
}

/**
 * Ends a change that no workflow ends any more, and says so: by what its grants show, else by `claimed`. Its grant may have been
 * settled by a process that tells nobody. `undefined` where another run took it up.
 */
export async function settleOpen(
  { store, bus, clock, log }: WatchPorts,
  item: OpenItem,
  claimed: (decision: DecisionItem | undefined) => Promise<Ending>,
): Promise<"settled" | "left" | undefined> {
  const now = clock.now();
  // Gone where its end was announced earlier in this run, or by someone else.
  if (!(await postpone(store, { ...item }, now + CLAIM_MS))) return undefined;
  const decision = await getDecision(store, item);
  const end = await endChange(store, item, await claimed(decision), now);
  if (end.kind === "open") return "left";
  if (end.outcome.outcome === "notified") {
    const field = decision?.field ?? item.field;
    await fileNotice(store, item, { field, owner: decision?.owner, noticedAt: end.outcome.endedAt });
  }
  await announceEnding(store, bus, item, decision?.field ?? item.field, decision, end.outcome);
  await ignoreLostRace(store.write([forgetWait(item)]));
  await store.write([forgetOpen(item)]);
  const { outcome, reason } = end.outcome;
  log.info("open-change-ended", { requestId: item.requestId, index: item.index, outcome, reason });
  return "settled";
}

/** Nobody is asked any more about a change that has ended. */
function forgetWait({ requestId, index }: ChangePlace) {
  return {
    kind: "update",
    table: "control",
    key: controlKeys.task(requestId, index),
    remove: ["encryptedToken", "queue", "dueAt"],
    condition: { attribute: "pk", is: "present" },
  } as const;
}

/** How a change ended of which no grant shows anything. */
async function abandonedEnding(
  store: Store,
  place: ChangePlace,
  decision: DecisionItem | undefined,
  nowMs: number,
): Promise<Ending> {
  if (decision?.verdict === "deny") return { outcome: "denied", reason: decision.reason };
  if (decision?.verdict === "notify") return { outcome: "notified", reason: decision.reason };
  const decisions = await listApprovals(store, place);
  if (decisions.some((each) => each.decision === "deny")) return ending("denied", "WaitAbandoned");
  const asked = (await listInspections(store, place)).at(-1);
  return asked !== undefined && hasExpired(asked, decisions, nowMs)
    ? ending("expired", "WaitAbandoned")
    : ending("not-applied", "WorkflowEnded");
}

function ending(outcome: "denied" | "expired" | "not-applied", reason: AbandonedReason): Ending {
  return { outcome, reason };
}

/** Whether the time for an approval passed without it: a complete one did not expire, whatever became of the callback. */
function hasExpired(inspection: InspectionItem, decisions: readonly ApprovalItem[], nowMs: number): boolean {
  const { approval, digest } = inspection;
  if (approval === undefined) return false;
  const deadlineMs = approvalDeadlineMs(inspection, approval);
  if (nowMs <= deadlineMs) return false;
  const inTime = decisions.filter(
    (each) => each.digest === digest && (parseInstant(each.decidedAt) ?? Number.NaN) <= deadlineMs,
  );
  return approvalSatisfied(approval, inTime, []) !== "approved";
}
