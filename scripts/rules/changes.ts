import type { AbandonedReason } from "../../src/runtime/abandoned";
import type { RequestRefusal } from "../../src/runtime/gateway-request";
import type { WriteReason } from "../../src/runtime/handlers/broker";
import type { GatewayRefusal } from "../../src/runtime/handlers/gateway";
import type { InspectReason } from "../../src/runtime/handlers/inspect";
import type { IntakeRefusal } from "../../src/runtime/handlers/intake";
import type { ReversalRefusal } from "../../src/runtime/handlers/reversal";
import type { WrittenReason } from "../../src/runtime/hris-write";
import { rule, type Family, type Rule } from "./rule";

const INTAKE: Readonly<Record<IntakeRefusal, Rule>> = {
  MalformedEvent: rule(
    "an event is no lifecycle event",
    "`detail` without `requestId`",
    "mend the publisher; the dead-letter queue keeps the event",
  ),
  OversizedEvent: rule(
    "an event is longer than any request needs",
    "100 KB of changes",
    "send fewer changes in one event",
  ),
  RequestIdReused: rule(
    "a request id came again with other content",
    "the same `requestId` with another value",
    "give each request an id of its own; if nobody did this, somebody replays",
  ),
};

const INSPECT: Readonly<Record<InspectReason, Rule>> = {
  NeverInHris: rule(
    "the HRIS's own catalogue lets nobody write this field",
    "`payRate` of BambooHR",
    "class the field `never`",
  ),
  NoSuchWorker: rule("the HRIS knows no such worker", "`WD-99999`", "send the id that the HRIS uses"),
  WorkerInactive: rule("the worker is not active in the HRIS", "a leaver", "nothing: records of leavers are HR's"),
  ReadForbidden: rule(
    "the reader may not see the field",
    "a field outside of the reader's access level",
    "give the reader's account the field",
  ),
  AlreadyEqual: rule("the HRIS holds the value already", "the work email is set", "nothing: it ends as `noop`"),
  WriteOnceNotEmpty: rule(
    "a write-once field holds something",
    "`account_id` is filled",
    "let HR empty it, if the new value is right",
  ),
  SourceCheckFailed: rule(
    "the source of truth does not hold the value, or no such record",
    "another work email in the directory",
    "correct the source or the event, and send a new one",
  ),
  HrMovedOn: rule(
    "what a reversal would take back is not there any more",
    "HR set another manager since",
    "nothing: HR wins",
  ),
  ClearUnsupported: rule(
    "the field was empty before, and this HRIS has no way to empty it that is known for sure",
    "taking back a first work phone",
    "let HR empty it",
  ),
  ClassMoved: rule(
    "the field's class is stricter than when the change was found",
    "safe → conditional by an apply",
    "send a new event",
  ),
  ChangeMoved: rule(
    "the HRIS's value or the policy moved while people were asked",
    "HR entered another manager",
    "send a new event if it still holds",
  ),
  ApprovalDenied: rule(
    "somebody who was asked denied it",
    "`wrong cost centre`",
    "read the reason; send a new event with what is right",
  ),
  ApprovalExpired: rule(
    "nobody decided in time",
    "24 hours without a decision",
    "send a new event, and remind the group",
  ),
  DryRun: rule("the request asked for no write", "`dryRun: true`", "nothing: it ends as `planned`"),
};

const WRITE: Readonly<Record<WriteReason, Rule>> = {
  SwitchStopped: rule(
    "the system is stopped",
    "an operator stopped it",
    "let two operators resume it, when they know why",
  ),
  BreakerTripped: rule(
    "so many writes that none is made any more",
    "201 writes in an hour",
    "find the cause in the ledger, then let two operators reset it",
  ),
  DryRun: rule("the request asked for no write", "`dryRun: true`", "nothing"),
  ApprovalMissing: rule(
    "no approval is on record",
    "a workflow that skips the approval",
    "look for who changed the workflow",
  ),
  ApprovalDenied: rule("a denial is on record", "one of two approvers denied", "read the reason"),
  ClassMoved: rule(
    "the field's class is stricter than when the change was found",
    "safe → never by an apply",
    "send a new event",
  ),
  PolicyChanged: rule(
    "the policy is another than the one that the change was found under",
    "an apply in between",
    "send a new event",
  ),
  PolicyInTransition: rule(
    "an apply is not finished",
    "the table has items of two policies",
    "nothing: it is tried again; else apply again",
  ),
  ServiceUnavailable: rule("AWS could not answer", "DynamoDB throttles", "nothing: it is tried again"),
  WorkerFieldBusy: rule(
    "another write of the same worker's field is not settled",
    "two events at once",
    "nothing: it is tried again",
  ),
  SessionRefused: rule(
    "STS refused the connector's session",
    "the stop policy is attached",
    "see whether the system is stopped; else compare the trust with the stack",
  ),
  GrantNotUsed: rule(
    "the connector did not use its grant",
    "a connector that failed",
    "look in its log and the gateway's",
  ),
  AttemptsExhausted: rule(
    "every attempt was used up",
    "an HRIS that was away for an hour",
    "send a new event when it is back",
  ),
  Unsettled: rule("what came of the write is not known yet", "a timeout of the HRIS", "nothing: the sweeper tells"),
  Throttled: rule("the HRIS takes no more for now", "status 429", "nothing: it is tried again when the HRIS says"),
};

const WRITTEN: Readonly<Record<Exclude<WrittenReason, "Throttled">, Rule>> = {
  ReadBack: rule(
    "the HRIS took the value, and a read showed it",
    "the new work email is there",
    "nothing: it ends as `applied`",
  ),
  ReadBackDiffers: rule(
    "after the write the HRIS holds a third value",
    "an automation of the HRIS changed it",
    "ask the HR system's owner which rule did it",
  ),
  PendingInHris: rule(
    "the HRIS took it for a later day",
    "a job row with a date to come",
    "nothing: it is looked at again on that day",
  ),
  HrisConflict: rule(
    "the HRIS refused since its value had moved",
    "status 409 or 412",
    "send a new event if it still holds",
  ),
  HrisDuplicate: rule(
    "the HRIS says that the value belongs to another",
    "the employee number is taken",
    "find out whose it is",
  ),
  HrisForbidden: rule(
    "the HRIS refused the permission",
    "the writer's account may not write the field",
    "give the account the field, and no other",
  ),
  HrisRejected: rule(
    "the HRIS refused the value",
    "a cost centre that it does not know",
    "correct the value at its source, and send a new event",
  ),
};

/** Endings that announce and the sweeper give, and what a second look shows. */
const SETTLED = {
  Undecided: rule("a change ended before it was decided", "the workflow was stopped at once", "send a new event"),
  NotWritten: rule(
    "nothing was written, by the ledger",
    "the workflow failed before the write",
    "look in the execution, and send a new event",
  ),
  Unannounced: rule(
    "the event of a change's end could not be put",
    "EventBridge was away for a day",
    "nothing: the sweeper announces it",
  ),
  WorkflowFailed: rule(
    "a step failed, and its error says no more",
    "a function that ran out of memory",
    "look in the function's log",
  ),
  GrantExpired: rule(
    "a grant's time was over before its use",
    "a connector that was late",
    "look in the connector's log",
  ),
  NotObserved: rule(
    "a write was cut off, and the HRIS holds the old value",
    "a timeout that took no effect",
    "send a new event",
  ),
  Observed: rule(
    "a write was cut off, and the HRIS holds the new value",
    "a timeout that took effect",
    "nothing: it ends as `applied`",
  ),
  ObservedOther: rule(
    "a write was cut off, and the HRIS holds a third value",
    "HR typed something else meanwhile",
    "ask HR what is right",
  ),
  ScheduledInHris: rule(
    "a write was cut off, and the HRIS holds the value for a later day",
    "a job row of next month",
    "nothing: it is looked at again",
  ),
  StillThere: rule("a second look found the value", "a day after the write", "nothing"),
  StillPending: rule("a second look found that the value is still to come", "a job row of next month", "nothing"),
  Reverted: rule(
    "a second look found the old value again",
    "a rule of the HRIS took it back",
    "ask the HR system's owner which rule did it",
  ),
  Superseded: rule("a later write replaced the value before the second look", "two events in a day", "nothing"),
  LookGivenUp: rule(
    "a second look failed for a month",
    "the reader may not see the field any more",
    "give the reader's account the field",
  ),
} as const satisfies Readonly<Record<string, Rule>>;

const ABANDONED: Readonly<Record<AbandonedReason, Rule>> = {
  WorkflowEnded: rule(
    "the execution ended and told nobody",
    "somebody stopped it",
    "find out who, and send a new event",
  ),
  WaitAbandoned: rule(
    "the execution ended while people were asked",
    "stopped by the kill switch",
    "send a new event when the system runs",
  ),
};

const REVERSAL: Readonly<Record<ReversalRefusal, Rule>> = {
  UnknownRequest: rule("the ledger knows no such request", "a mistyped id", "name a request of the ledger"),
  UnknownChange: rule("the request changes no such field", "`managers`", "name a field of the request"),
  NotSettled: rule("what came of the change is not known yet", "a timeout of the HRIS", "ask again when it has ended"),
  NeverApplied: rule("the change was never written", "it was denied", "nothing: there is nothing to take back"),
  PendingInHris: rule(
    "the HRIS has it for a day to come",
    "a job row of next month",
    "take it back in the HRIS, or ask after that day",
  ),
  RevertedByHris: rule("the HRIS took it back by itself", "a second look found the old value", "nothing"),
  AlreadyReversed: rule("it was taken back already", "the same reversal a week later", "nothing"),
  ReversalUnderWay: rule("it is being taken back", "a second operator at once", "wait for its approval"),
  RetentionOver: rule(
    "it was written longer ago than a write can be taken back",
    "a write of last year",
    "let its owner change it in the HR system",
  ),
  PreviousValueGone: rule(
    "the ledger does not hold what was there before",
    "a record that was removed",
    "let its owner change it in the HR system",
  ),
  FieldMoved: rule(
    "the policy means another field of the HRIS by this name now",
    "another `hrisField`",
    "let its owner change it in the HR system",
  ),
  ReversalIdReused: rule("the id stands for another reversal", "an id that was typed again", "leave the id out"),
  PolicyInTransition: rule("an apply is not finished", "asking during a deploy", "ask again when it is done"),
};

const REQUEST: Readonly<Record<RequestRefusal, Rule>> = {
  MalformedRequest: rule(
    "a request is none of API Gateway's",
    "a test event of the console",
    "nothing: only the API calls the gateway",
  ),
  WrongEndpoint: rule(
    "a request did not come through the one VPC endpoint",
    "another endpoint of the account",
    "call from the connector's network",
  ),
  WrongStage: rule(
    "a request of another stage",
    "`test-invoke-stage`, by which the console skips IAM",
    "call the stage `live`",
  ),
  WrongMethod: rule("another method than the one", "`POST`", "use `PATCH`"),
  MethodOverride: rule("a header asks for another method", "`X-HTTP-Method-Override`", "leave it out"),
  WrongResource: rule("another resource than the one", "a resource that was added by hand", "remove it"),
  WrongPath: rule(
    "the path is not of a grant and a field, as IAM judged it",
    "an encoded slash",
    "send the path as the broker gave it",
  ),
  QueryNotAllowed: rule("a request has a query", "`?force=true`", "leave it out"),
  CallerNotConnector: rule(
    "the caller is no session of the connector's role",
    "a person with an admin role",
    "nothing: nobody else may call",
  ),
  GrantNotCallers: rule(
    "the path's grant is not the session's",
    "a connector that uses another's path",
    "look at the connector's code",
  ),
  MalformedBody: rule(
    "the body is not `{ value }`",
    "a body without `value`",
    "send the value that was given, and nothing else",
  ),
};

const GATEWAY: Readonly<Record<Exclude<GatewayRefusal, RequestRefusal | InspectReason | WriteReason>, Rule>> = {
  UnknownGrant: rule(
    "no such grant is on record",
    "a session that the broker did not open",
    "stop the system, and look for who opened it",
  ),
  GrantUsed: rule("the grant was used already", "a connector that calls twice", "nothing: once is all there is"),
  GrantEnded: rule("the grant was ended", "the broker gave up waiting", "nothing: a new attempt has a new grant"),
  GrantExpired: rule("the grant's time is over", "a connector that was late", "look in the connector's log"),
  FieldNotGranted: rule("the field is not the grant's", "another field in the path", "look at the connector's code"),
  ClassRefused: rule(
    "the field may not be written any more",
    "its class is `never` by now",
    "send a new event, if the policy allows it again",
  ),
  ValueMismatch: rule(
    "the value is not the one that was inspected and approved",
    "a connector that changes it",
    "stop the system, and look at the connector's code",
  ),
  LeaseHeld: rule("another write of the same worker is under way", "two events at once", "nothing: it is tried again"),
  LeaseLost: rule(
    "the worker's lease went to another meanwhile",
    "a gateway that was very slow",
    "nothing: it is tried again",
  ),
  HrisUnavailable: rule("the HRIS could not be read before the write", "status 503", "nothing: it is tried again"),
  FromMoved: rule(
    "the HRIS's value is not the one that was inspected",
    "HR typed something",
    "nothing: it is inspected again",
  ),
  TooLate: rule(
    "too little of the gateway's time is left for a write",
    "an HRIS that reads slowly",
    "nothing: it is tried again",
  ),
  ChangeEnded: rule("the change has an end on record", "a late attempt", "nothing"),
};

export const CHANGE_FAMILIES: readonly Family[] = [
  {
    title: "Events that intake refuses",
    where: "Logs (`event-refused`), and the dead-letter queue. Nothing is stored.",
    rules: INTAKE,
  },
  {
    title: "Why an inspection ends a change",
    where: "Outcome events and the ledger, beside the reasons of `decide`.",
    rules: INSPECT,
  },
  { title: "Why a write ends or waits", where: "Outcome events and the ledger.", rules: WRITE },
  { title: "How a write ended", where: "Outcome events and the ledger.", rules: WRITTEN },
  {
    title: "How what was left open was settled",
    where: "Outcome events and the ledger.",
    rules: { ...SETTLED, ...ABANDONED },
  },
  {
    title: "Reversals that are refused",
    where: "`hris-writeback reverse`, beside the reasons of `decide`. Nothing is written.",
    rules: REVERSAL,
  },
  {
    title: "Requests that the field gateway refuses unread",
    where: "Its answers and logs. Nothing is written, no grant is used.",
    rules: REQUEST,
  },
  {
    title: "Requests that the field gateway refuses by the ledger",
    where:
      "Its answers and logs, beside the reasons of inspections and writes above. Nothing is written, no grant is used.",
    rules: GATEWAY,
  },
];
