import { CONTROL, LEDGER, type Outcome } from "../core";
import type { Person } from "../policy/approvals";
import type { Approval, Delegation, FieldClass, Scalar } from "../policy/model";
import type { Reason, VerdictKind } from "../policy/verdict";
import type { WriteBackRequest } from "../policy/request";
import type { Key } from "./ports";

/**
 * The items of the ledger (put if absent; no runtime role updates or deletes one) and of the control table. Each kind of record has
 * partitions of its own, since that is what IAM can tell apart: who may put an approval is who may put into `approval#*`. HR values
 * live in attributes of `request`, `inspection` and nothing else; keys carry opaque ids and field names.
 *
 *   request#<requestId>              request                    the request as intake took it
 *   decision#<requestId>             decision#<index>           the verdict on one change
 *   inspection#<requestId>#<index>   inspection#<digest>        one exact change: from, to, digest, worker reference
 *   approval#<requestId>#<index>     approval#<digest>#<person> one person's decision on one digest
 *   approval#<requestId>#<index>     denied#<digest>            somebody denied this digest: no intent commits after it
 *   attempt#<requestId>#<index>      attempt#<n>                the one grant of an attempt
 *   outcome#<requestId>#<index>      outcome                    how the change ended (never `unknown`)
 *   second-look#<requestId>#<index>  second-look                what a later look showed
 *   grant#<grantId>                  open                       a grant, as the broker opened it
 *   intent#<grantId>                 intent                     the gateway used it: the HRIS call may have begun
 *   grant-outcome#<grantId>          outcome                    what its use came to
 *   grant-end#<grantId>              end                        it ended unused
 *   refusal#<requestId>#<index>      <ulid>                     a decision that was refused
 *   acknowledged#<requestId>#<index> <person>                   somebody has read a notified fact
 *   finding#<findingId>              opened#<n>, closed#<n>     a finding of the reconciliation was opened, or closed by itself
 *   observed#<runId>                 <findingId>                a finding as one run saw it
 *   reconciliation#<runId>           started, finished          a run, and what it came to
 *   refusal#system-resume            <ulid>                     an agreement to a resume that was refused
 *   system-resume                    <stopId>#agree#<person>    somebody agreed that it runs again
 *   system-resume                    <stopId>#resumed           two people had, and it was set back
 *   system-stop                      <stopId>                   somebody stopped the system
 *   system-stop                      <stopId>#<action>#<step>   when a layer of the stop was set, or let go
 *   system-drill                     <stopId>                   what a drill showed
 *   system-trip                      <stopId>                   the breaker tripped, and somebody was told
 *   drill-look#<stopId>              stopped, resumed           which values HR's records showed, before and after a drill
 *   reversal#<requestId>#<index>     <reversalId>               somebody asked to take back what this change wrote
 */
export const ledgerKeys = {
  request: (requestId: string): Key => ({ pk: `${LEDGER.requestPrefix}${requestId}`, sk: "request" }),
  /** Partition of the decisions of a request. */
  decisions: (requestId: string): string => `${LEDGER.decisionPrefix}${requestId}`,
  decision: (requestId: string, index: number): Key => ({
    pk: ledgerKeys.decisions(requestId),
    sk: `decision#${String(index)}`,
  }),
  /** Partition of the exact changes of a change. */
  inspections: (requestId: string, index: number): string => ofChange(LEDGER.inspectionPrefix, requestId, index),
  inspection: (requestId: string, index: number, digest: string): Key => ({
    pk: ledgerKeys.inspections(requestId, index),
    sk: `inspection#${digest}`,
  }),
  /** Partition of people's decisions on a change. */
  approvals: (requestId: string, index: number): string => ofChange(LEDGER.approvalPrefix, requestId, index),
  approval: (requestId: string, index: number, digest: string, person: string): Key => ({
    pk: ledgerKeys.approvals(requestId, index),
    sk: `approval#${digest}#${person}`,
  }),
  denied: (requestId: string, index: number, digest: string): Key => ({
    pk: ledgerKeys.approvals(requestId, index),
    sk: `denied#${digest}`,
  }),
  /** Partition of the attempts of a change. */
  attempts: (requestId: string, index: number): string => ofChange(LEDGER.attemptPrefix, requestId, index),
  attempt: (requestId: string, index: number, attempt: number): Key => ({
    pk: ledgerKeys.attempts(requestId, index),
    sk: `attempt#${String(attempt)}`,
  }),
  changeOutcome: (requestId: string, index: number): Key => ({
    pk: ofChange(LEDGER.outcomePrefix, requestId, index),
    sk: "outcome",
  }),
  secondLook: (requestId: string, index: number): Key => ({
    pk: ofChange(LEDGER.secondLookPrefix, requestId, index),
    sk: "second-look",
  }),
  grant: (grantId: string): Key => ({ pk: `${LEDGER.grantPrefix}${grantId}`, sk: "open" }),
  intent: (grantId: string): Key => ({ pk: `${LEDGER.intentPrefix}${grantId}`, sk: "intent" }),
  grantOutcome: (grantId: string): Key => ({ pk: `${LEDGER.grantOutcomePrefix}${grantId}`, sk: "outcome" }),
  grantEnd: (grantId: string): Key => ({ pk: `${LEDGER.grantEndPrefix}${grantId}`, sk: "end" }),
  refusal: (requestId: string, index: number, ulid: string): Key => ({
    pk: ledgerKeys.refusals(requestId, index),
    sk: ulid,
  }),
  /** Partition of the refused decisions on a change. */
  refusals: (requestId: string, index: number): string => ofChange(LEDGER.refusalPrefix, requestId, index),
  /** One partition for all: an agreement names whatever stop its sender likes. */
  resumeRefusal: (ulid: string): Key => ({ pk: `${LEDGER.refusalPrefix}${LEDGER.systemResume}`, sk: ulid }),
  /** Partition of who acknowledged a notified fact. */
  acknowledgements: (requestId: string, index: number): string => ofChange(LEDGER.acknowledgedPrefix, requestId, index),
  acknowledged: (requestId: string, index: number, person: string): Key => ({
    pk: ledgerKeys.acknowledgements(requestId, index),
    sk: person,
  }),
  /** Partition of what became of a finding. */
  findingEvents: (findingId: string): string => `${LEDGER.findingPrefix}${findingId}`,
  /** Fixed width, so that the keys' order is that of the numbers. */
  findingEvent: (findingId: string, what: "opened" | "closed", n: number): Key => ({
    pk: ledgerKeys.findingEvents(findingId),
    sk: `${what}#${String(n).padStart(6, "0")}`,
  }),
  /** Partition of what a run saw. */
  observations: (runId: string): string => `${LEDGER.observedPrefix}${runId}`,
  observation: (runId: string, findingId: string): Key => ({ pk: ledgerKeys.observations(runId), sk: findingId }),
  reconciliation: (runId: string, what: "started" | "finished"): Key => ({
    pk: `${LEDGER.reconciliationPrefix}${runId}`,
    sk: what,
  }),
  agreement: (stopId: string, person: string): Key => ({ pk: LEDGER.systemResume, sk: `${stopId}#agree#${person}` }),
  resumed: (stopId: string): Key => ({ pk: LEDGER.systemResume, sk: `${stopId}#resumed` }),
  stop: (stopId: string): Key => ({ pk: LEDGER.systemStop, sk: stopId }),
  stopStep: (stopId: string, action: "stop" | "undo", step: string): Key => ({
    pk: LEDGER.systemStop,
    sk: `${stopId}#${action}#${step}`,
  }),
  drill: (stopId: string): Key => ({ pk: LEDGER.systemDrill, sk: stopId }),
  trip: (stopId: string): Key => ({ pk: LEDGER.systemTrip, sk: stopId }),
  drillLook: (stopId: string, when: DrillLookItem["when"]): Key => ({
    pk: `${LEDGER.drillLookPrefix}${stopId}`,
    sk: when,
  }),
  /** Partition of the reversals that were begun of a change. */
  reversals: (requestId: string, index: number): string => ofChange(LEDGER.reversalPrefix, requestId, index),
  reversal: (requestId: string, index: number, reversalId: string): Key => ({
    pk: ledgerKeys.reversals(requestId, index),
    sk: reversalId,
  }),
} as const;

function ofChange(prefix: string, requestId: string, index: number): string {
  return `${prefix}${requestId}#${String(index)}`;
}

export const controlKeys = {
  /** `state`: `running` or `stopped`; no item means stopped. */
  switch: (): Key => ({ pk: CONTROL.switch }),
  /** `state`: `ok` or `tripped`; no item means tripped. */
  breaker: (): Key => ({ pk: CONTROL.breaker }),
  /** `period` as `hour#2026-11-23T03` or `day#2026-11-23`, UTC. */
  count: (period: string): Key => ({ pk: `${CONTROL.countPrefix}${period}` }),
  /** `holder`, `expiresAt`: one writer of a worker at a time. */
  lease: (workerRef: string): Key => ({ pk: `${CONTROL.leasePrefix}${workerRef}` }),
  /** By the HRIS's own name, whose case HR systems do not heed: two names in policies for one field are one field. */
  pointer: (workerRef: string, hrisField: string): Key => ({
    pk: `${CONTROL.pointerPrefix}${workerRef}#${hrisField.toLowerCase()}`,
  }),
  /** By the policy's name: of grants that were opened before. */
  formerPointer: (workerRef: string, field: string): Key => ({ pk: `${CONTROL.pointerPrefix}${workerRef}#${field}` }),
  task: (requestId: string, index: number): Key => ({ pk: `${CONTROL.taskPrefix}${requestId}#${String(index)}` }),
  look: (grantId: string): Key => ({ pk: `${CONTROL.lookPrefix}${grantId}` }),
  open: (requestId: string, index: number): Key => ({ pk: `${CONTROL.openPrefix}${requestId}#${String(index)}` }),
  notice: (requestId: string): Key => ({ pk: `${CONTROL.noticePrefix}${requestId}` }),
  reconciliation: (): Key => ({ pk: CONTROL.reconciliation }),
  /** How far a run is in one part of the ledger, or in CloudTrail's records. */
  part: (runId: string, part: number | "sessions"): Key => ({ pk: `${CONTROL.partPrefix}${runId}#${String(part)}` }),
  /** When a field was last wholly reconciled. */
  reconciled: (field: string): Key => ({ pk: `${CONTROL.reconciledPrefix}${field}` }),
  inbox: (requestId: string, index: number): Key => ({ pk: `${CONTROL.inboxPrefix}${requestId}#${String(index)}` }),
} as const;

export interface RequestItem extends Key {
  readonly request: WriteBackRequest;
  /** Digest of the request's canonical JSON without `receivedAt`: the same id with another digest is refused. */
  readonly contentDigest: string;
  readonly receivedAt: string;
}

export interface DecisionItem extends Key {
  readonly field: string;
  readonly verdict: VerdictKind;
  readonly reason: Reason;
  readonly class: FieldClass;
  readonly effectiveClass: FieldClass;
  readonly approval?: Approval;
  readonly owner?: string;
  readonly policyDigest: string;
  readonly decidedAt: string;
}

/** The exact change that is approved or written. */
export interface InspectionItem extends Key {
  readonly field: string;
  /** Opaque reference of the worker: a keyed digest of the id, `w-` and 32 hexadecimal digits. */
  readonly workerRef: string;
  readonly from: Scalar | null;
  /** `null` where a reversal empties what was empty before. */
  readonly to: Scalar | null;
  readonly digest: string;
  readonly policyDigest: string;
  /** What the checks showed, in words without values. */
  readonly checked: string;
  readonly class: FieldClass;
  readonly effectiveClass: FieldClass;
  readonly approval?: Approval;
  readonly inspectedAt: string;
}

export interface ApprovalItem extends Key {
  readonly decision: "approve" | "deny";
  readonly digest: string;
  readonly approver: Person;
  /** The approver's own worker id, by the token's claim: nobody decides on their own record. */
  readonly workerId: string;
  /** The groups of the token, or lent by a delegation, that are among the required ones. */
  readonly groups: readonly string[];
  /** Those of `groups` that the token did not have, with what lent them. Absent where there are none. */
  readonly delegations?: readonly DelegationOnRecord[];
  readonly reason?: string;
  readonly policyDigest: string;
  readonly decidedAt: string;
}

/** By which delegation of the policy somebody took a seat of a group. */
export type DelegationOnRecord = Pick<Delegation, "id" | "group" | "from" | "until">;

/**
 * The mark of a denial under a key that transactions can name: written in one transaction with the first denial of a digest, and
 * found absent by the transactions that open and use a grant. So a denial on record before the intent always holds.
 */
export interface DenialItem extends Key {
  readonly digest: string;
  readonly deniedAt: string;
}

export interface GrantItem extends Key {
  readonly grantId: string;
  readonly requestId: string;
  readonly index: number;
  readonly attempt: number;
  readonly field: string;
  /** The field's name in the HRIS when the grant was opened: the sweeper reads it under no other policy. */
  readonly hrisField: string;
  /** Key of the pointer that it holds. Absent in grants of before, whose pointer is by the policy's name. */
  readonly pointer?: string;
  readonly workerRef: string;
  readonly digest: string;
  readonly policyDigest: string;
  readonly openedAt: string;
  readonly expiresAt: string;
}

/** The one grant of an attempt: a second put of the same attempt fails, so a retry cannot open another. */
export interface AttemptItem extends Key {
  readonly grantId: string;
  readonly openedAt: string;
}

/** A grant that ended without being used; after it no intent commits. */
export interface EndItem extends Key {
  readonly grantId: string;
  /** Why, as a code. */
  readonly reason: string;
  readonly endedAt: string;
}

export interface IntentItem extends Key {
  readonly grantId: string;
  readonly intendedAt: string;
  /** Access key id of the session that used the grant: joins to CloudTrail's AssumeRole record. */
  readonly accessKeyId: string;
  /** When a read that still shows `from` proves that the write did not happen. */
  readonly settledBy: string;
}

export interface OutcomeItem extends Key {
  readonly outcome: Outcome;
  /** Why, as a code: a reason of `decide`, or of the handler that ended it. */
  readonly reason: string;
  readonly grantId?: string;
  readonly endedAt: string;
  /** On a grant's outcome with reason `Throttled`: how long the HRIS asked to wait before another grant. */
  readonly retryAfterSeconds?: number;
}

/** The single unsettled grant of a worker's field; `grantId` is removed when it is settled. In queue `settle` while open. */
export interface PointerItem extends Key {
  readonly grantId?: string;
  readonly requestId?: string;
  readonly index?: number;
  readonly queue?: "settle";
  readonly dueAt?: string;
  /** The last grant whose write had, or may have had, an effect: a second look is taken only while it is the latest. */
  readonly lastGrantId?: string;
}

/** A wait for approval: the encrypted task token, and until when. In queue `approval` until it ends. */
export interface TaskItem extends Key {
  readonly requestId: string;
  readonly index: number;
  readonly digest: string;
  /** The change's field, and the groups asked: what a list of waiting changes shows without reading the ledger. */
  readonly field: string;
  readonly groups: readonly string[];
  /** Removed when the wait has ended: a token is used once. */
  readonly encryptedToken?: string;
  /** When the invocation began that filed it. */
  readonly filedAt: string;
  /** Which of the workflow's calls filed it, by the workflow's word: an older one does not replace a newer. */
  readonly enteredAt?: string;
  readonly retryCount?: number;
  readonly expiresAt: string;
  readonly queue?: "approval";
  readonly dueAt?: string;
}

/**
 * A change whose end is not announced yet. In queue `open` from its decision on, while its execution may still end it. In queue
 * `settle` once it was announced as `unknown`: its grant may be settled by a process that announces nothing, and then no pointer
 * leads to it any more.
 */
export interface OpenItem extends Key {
  readonly requestId: string;
  readonly index: number;
  readonly field: string;
  readonly filedAt: string;
  readonly queue: "open" | "settle";
  readonly dueAt: string;
}

/** A second look to take. In queue `second-look`. */
export interface LookItem extends Key {
  readonly grantId: string;
  readonly queue: "second-look";
  readonly dueAt: string;
}

/** A notified fact that somebody of its field's owner must acknowledge. In queue `inbox` until then. */
export interface InboxItem extends Key {
  readonly requestId: string;
  readonly index: number;
  readonly field: string;
  /** The field's owner when the change was decided, by the policy's name. */
  readonly owner?: string;
  readonly noticedAt: string;
  readonly queue?: "inbox";
  readonly dueAt?: string;
}

/** A decision that somebody tried to make and might not, with what they claimed. */
export interface RefusalItem extends Key {
  readonly code: string;
  readonly decision: "approve" | "deny";
  readonly digest: string;
  readonly caller: Person;
  readonly workerId?: string;
  readonly policyDigest: string;
  readonly refusedAt: string;
}

/** Somebody of a field's owner has read a notified fact. */
export interface AcknowledgedItem extends Key {
  readonly field: string;
  readonly acknowledger: Person;
  readonly workerId?: string;
  readonly policyDigest: string;
  readonly acknowledgedAt: string;
}

/** Somebody asked to take back what a change wrote. In one transaction with the request that does it. */
export interface ReversalItem extends Key {
  /** The id of that request. */
  readonly reversalId: string;
  readonly field: string;
  /** Who asked, by their own word. */
  readonly askedBy: string;
  readonly askedAt: string;
}

/** What was stopped: the switch by somebody, or the breaker by itself. */
export type Stopped = "switch" | "breaker";

/** The item `switch`. No item means stopped. */
export interface SwitchItem extends Key {
  readonly state: "running" | "stopped";
  readonly stopId?: string;
  readonly stoppedAt?: string;
  readonly stoppedBy?: string;
  readonly reason?: string;
}

/** The item `breaker`. No item means tripped. */
export interface BreakerItem extends Key {
  readonly state: "ok" | "tripped";
  readonly trippedAt?: string;
}

/** A trip of the breaker that people were told of, by a line of the log. */
export interface TripItem extends Key {
  readonly stopId: string;
  readonly trippedAt: string;
  readonly toldAt: string;
}

/** One operator's agreement that one stop ends. */
export interface AgreementItem extends Key {
  readonly what: Stopped;
  readonly stopId: string;
  readonly operator: Person;
  readonly workerId: string;
  readonly reason: string;
  readonly agreedAt: string;
}

/** An agreement to a resume that was refused: who tried, and to the end of which stop, as they named it. */
export interface ResumeRefusalItem extends Key {
  readonly code: string;
  readonly what: Stopped;
  readonly stopId: string;
  readonly caller: Person;
  /** Absent where the token did not say. */
  readonly workerId?: string;
  readonly refusedAt: string;
}

/** A stop that ended, and who agreed. In one transaction with what it set back. */
export interface ResumedItem extends Key {
  readonly what: Stopped;
  readonly stopId: string;
  readonly agreed: readonly Person[];
  readonly resumedAt: string;
}

/**
 * What people are told of one request. In queue `notify` while there is something to tell, or to remind of. Beside these members, so that
 * several writers do not meet: `wait#<index>` for each change that waits, `told#<group>` with the changes that a message told a group
 * of, `reminded#<group>` for a group that was reminded.
 */
export interface NoticeItem extends Key {
  readonly requestId: string;
  readonly queue?: "notify";
  readonly dueAt?: string;
  readonly [member: `wait#${number}`]: true;
  readonly [member: `told#${string}`]: readonly number[];
  readonly [member: `reminded#${string}`]: true;
}

/** Somebody stopped the system. In one transaction with the switch. */
export interface StopItem extends Key {
  readonly stopId: string;
  readonly kind: "stop" | "drill";
  readonly stoppedAt: string;
  readonly stoppedBy: string;
  readonly reason: string;
  /** The stop that held already: to agree to its end does not end this one. */
  readonly supersedes?: string;
}

/** A layer that a stop set, or let go, and when. */
export interface StopStepItem extends Key {
  readonly stopId: string;
  readonly action: "stop" | "undo";
  readonly step: string;
  readonly at: string;
  /** How the layer stood then, by the service's own word. */
  readonly shown?: string;
}

/** The first step's record: the grants that were open when the switch stopped, and whether each was used by then. */
export interface StopSwitchItem extends StopStepItem {
  readonly inFlight: readonly { readonly grantId: string; readonly isUsed: boolean }[];
}

/** One record of HR that a drill looked at. */
export interface LookedAt {
  readonly grantId: string;
  /** Whether the grant was open or used when the system stopped, or had written before. */
  readonly inFlight: "open" | "used" | "no";
  /** Which of the two values of its change the HRIS showed; `nothing` where it could not be read. */
  readonly seen: "from" | "to" | "other" | "nothing";
}

/** What HR's records showed when every layer of a drill held, and before any was let go. No value. */
export interface DrillLookItem extends Key {
  readonly stopId: string;
  readonly when: "stopped" | "resumed";
  readonly records: readonly LookedAt[];
  readonly lookedAt: string;
}

/** What a drill showed, filed when the system runs again. */
export interface DrillItem extends Key {
  readonly stopId: string;
  readonly stoppedAt: string;
  readonly stoppedBy: string;
  readonly reason: string;
  readonly layers: readonly { readonly layer: string; readonly isStopped: boolean; readonly shown: string }[];
  /** Grants open at the stop, and those of them that were used while the system was stopped: none, or the stop does not work. */
  readonly grantsInFlight: number;
  readonly usedWhileStopped: readonly string[];
  /** HR's records, held against each other. Absent in drills of before, and where nobody could look. */
  readonly records?: {
    /** That showed the same before and after. */
    readonly unchanged: number;
    /** That could not be read, once or twice. */
    readonly unread: number;
    /** That showed another value after: `written` is one of ours, `by-hr` somebody else's. `settled` was on its way when the system stopped. */
    readonly changed: readonly { readonly grantId: string; readonly how: "written" | "by-hr" | "settled" }[];
  };
  readonly agreed: readonly Person[];
  readonly resumedAt: string;
  readonly passed: boolean;
  readonly filedAt: string;
}
