import { EXIT } from "../../src/cli/io";
import type { ErrorEvent } from "../../src/core";
import type { ProblemCode } from "../../src/runtime/http-api";
import { FINDING_CLASSES, type FindingClass } from "../../src/runtime/reconciliation/classes";
import type { FindingReason } from "../../src/runtime/reconciliation/finding";
import type { VerificationCode } from "../../src/runtime/verify-history";
import { rule, type Family, type Rule } from "./rule";

const PROBLEMS: Readonly<Record<ProblemCode, Rule>> = {
  AlreadyDecided: rule("a decision of yours is on record", "approving a second time", "nothing: it stands"),
  AnotherStop: rule(
    "the stop that is named does not hold",
    "a page that was open since yesterday",
    "read again how the system stands",
  ),
  ApprovalExpired: rule("the wait for a decision is over", "deciding after 24 hours", "ask for a new request"),
  ApproverIsWorker: rule("nobody decides on their own record", "one's own manager", "let another of the group decide"),
  BodyTooLarge: rule("the body is longer than a decision needs", "a reason of 100 KB", "shorten it"),
  ChangeEnded: rule("the change has an end", "a change that was written", "read the request again"),
  DigestMismatch: rule(
    "the change that waits is not the one that was shown",
    "HR changed the value meanwhile",
    "read it again, then decide",
  ),
  Failed: rule("the request could not be answered", "a defect", "try again; then look in the function's log"),
  InitiatorUnidentified: rule(
    "a person asked, and nobody can say who",
    "an event of a human without `issuer`",
    "let the publisher send issuer and subject",
  ),
  MalformedBody: rule("the body is not what the route takes", "`decision: maybe`", "send what the message names"),
  NoApprovalNeeded: rule("the change needs nobody's approval", "a safe field", "nothing"),
  NoSuchChange: rule("there is no such change", "a mistyped id", "open it from the list"),
  NoSuchFile: rule("the page has no such file", "a page of an earlier release", "load the page again"),
  NoSuchRoute: rule("there is no such route", "`GET /admin`", "use one of the routes"),
  NotAnApprover: rule(
    "you are in no group that is asked",
    "another department's approver",
    "let one of the group decide",
  ),
  NotAnOperator: rule("you are not in the operators' group", "an approver who opens *System*", "let an operator do it"),
  NotAuthenticated: rule("the token does not say who you are", "a token without `sub`", "sign in again"),
  NotJson: rule(
    "the request does not say that it is JSON",
    "a form of another page",
    "send `content-type: application/json`",
  ),
  NotTheOwner: rule("only the field's owner reads what was notified", "another owner's inbox", "ask the owner"),
  NotWaiting: rule("the change waits for no decision", "the write is under way", "read the request again"),
  PolicyInTransition: rule("an apply is not finished", "deciding during a deploy", "try again in half a minute"),
  ReasonMissing: rule("a denial or an agreement says why", "a denial without `reason`", "give the reason"),
  SamePerson: rule(
    "another account of yours has decided",
    "a second account of one person",
    "let a second person do it",
  ),
  SelfApproval: rule(
    "nobody approves what they asked for",
    "the requester opens their own request",
    "let another of the group decide",
  ),
  ServiceUnavailable: rule("AWS could not answer", "DynamoDB throttles", "try again in half a minute"),
  StopUnnamed: rule(
    "a stop has no id that an agreement could name",
    "a switch item that somebody wrote by hand",
    "stop the system properly, then resume it",
  ),
  WorkerIdMissing: rule(
    "the token does not say whose record is your own",
    "no `workerId` claim",
    "have the identity provider send it",
  ),
};

const FINDINGS: Readonly<Record<FindingClass, string>> = {
  WrittenWithoutGrant: "the HRIS holds a value that was inspected and never granted",
  SessionWithoutGrant: "CloudTrail has a session of the connector's role that the broker did not open",
  WrittenLate: "the HRIS committed after it was read as unchanged",
  RevertedByHris: "the old work email is back",
  ChangedByHr: "HR set another manager",
  SourceChanged: "the directory has a new work email",
  GrantWithoutWrite: "a connector that failed",
  ApprovalWithoutGrant: "approved, and the HRIS was away for a day",
  OpenPastExpiry: "an intent without an outcome after an hour",
  NotReconciledInTime: "a field with `every: P1D` was not looked at for three days",
  ExceptionEnds: "`expires` is within two weeks",
  JointReview: "a conditional field whose review is due",
};

const FINDING_REASONS: Readonly<Record<FindingReason, Rule>> = {
  ApprovedNotWritten: rule("people approved it, and it was not written", "the HRIS was away", "tell the approvers"),
  ChangeOpen: rule("a change has no end", "an execution that hangs", "look at the sweeper's errors"),
  CommittedLate: rule(
    "the HRIS took it after it was read as unchanged",
    "a queue in the HRIS",
    "tell the field's owner",
  ),
  ConditionalField: rule(
    "a conditional field's class and approvers are due for a look",
    "the review's period is over",
    "agree that they are right",
  ),
  EffectWithoutIntent: rule("a write's outcome is on record, and no intent", "a forged record", "stop the system"),
  EndWithoutGrant: rule("a change ended as written, and no grant was used", "a forged record", "stop the system"),
  Exception: rule("an exception is due for a look", "the review's period is over", "agree that it is right, or end it"),
  ExceptionEnding: rule("an exception is about to end", "two weeks before `expires`", "renew it, or let it end"),
  GrantOpen: rule("a grant is neither used nor ended", "a sweeper that fails", "look at the sweeper's errors"),
  GrantNotApproved: rule("a grant was used whose exact change was not approved", "a forged grant", "stop the system"),
  GrantOfNoChange: rule("a grant stands for no change on record", "a forged grant", "stop the system"),
  GrantUnused: rule("a grant ended unused", "a connector that failed", "look in the connector's log"),
  HoldsAnotherValue: rule("the HRIS holds a third value", "HR changed it", "nothing: HR wins"),
  HoldsTheOldValue: rule("the HRIS holds the value from before", "a rule took it back", "ask the HR system's owner"),
  HoldsUngrantedValue: rule(
    "the HRIS holds a value that no grant was used for",
    "somebody typed it, or used the credential",
    "ask HR who entered it",
  ),
  IntentWithoutGrant: rule("an intent is on record, and no grant", "a forged record", "stop the system"),
  NotReconciled: rule("a field was not looked at in its time", "runs that end early", "look at why"),
  RecordNotActive: rule(
    "the record that a value names is not active in its source any more",
    "the manager has left",
    "propose a new value",
  ),
  SecondLook: rule("a second look had found it", "the day after", "ask the HR system's owner"),
  SessionOutsideGrant: rule(
    "a session was opened outside of its grant's time",
    "a session of yesterday's grant",
    "stop the system",
  ),
  SourceHoldsAnotherValue: rule(
    "the source of truth holds another value by now",
    "a new work email",
    "propose it by an event",
  ),
  TrailShowsNone: rule(
    "CloudTrail shows no session where there were writes",
    "a trail that is off",
    "start the trail again",
  ),
  UnknownSession: rule("a session names no grant on record", "`g-…` that the ledger does not know", "stop the system"),
  UsedAfterExpiry: rule("a grant was used after its time", "a clock, or a forged record", "look at the intent's time"),
  WorkerGone: rule("the HRIS knows the worker no more", "a record that was merged", "nothing"),
  WriteOpen: rule("a write has no outcome", "an HRIS that cannot be read", "look at the sweeper's errors"),
};

const VERIFICATIONS: Readonly<Record<VerificationCode, Rule>> = {
  RequestUnchanged: rule(
    "the request's digest is of the request on record",
    "a value was edited in the ledger",
    "restore the table beside it, and compare",
  ),
  DigestMatches: rule(
    "the digest is this exact change's, by the digest key",
    "the value after was edited",
    "restore the table beside it, and compare",
  ),
  ValueRequested: rule(
    "the exact change proposes what was requested",
    "an inspection of another value",
    "restore the table beside it, and compare",
  ),
  DecisionInPlace: rule(
    "a decision is kept under its own digest and person",
    "an approval was copied to another change",
    "look for who put the record",
  ),
  DenialMarked: rule(
    "a denial left its mark, which stops grants",
    "a denial whose mark was removed",
    "look for who removed it",
  ),
  DelegationInForce: rule(
    "a lent seat was lent when its holder decided",
    "a decision after `until`",
    "hold the decision for missing",
  ),
  GrantForExactChange: rule(
    "a grant is for an exact change on record",
    "a grant with another digest",
    "stop the system",
  ),
  ApprovedBeforeGrant: rule(
    "the approval was complete before the grant was opened",
    "one of two approvers came later",
    "stop the system",
  ),
  NotUsedAfterDenial: rule("no write began after a denial", "an intent after the denial", "stop the system"),
};

const EVENTS: Readonly<Record<ErrorEvent, Rule>> = {
  "approvals-refused": rule(
    "the approvals API could not answer, or cannot tell whose verified token it was shown",
    "status 500; status 401",
    "look at `code` in the line; for 401 at the provider's claims and at what stands before the API",
  ),
  "breaker-tripped": rule(
    "the breaker tripped",
    "201 writes in an hour",
    "find the cause before two operators reset it",
  ),
  "decision-refused": rule(
    "somebody may not decide so, or not any more",
    "`NotAnApprover`",
    "look under `refusal#` in the ledger for who",
  ),
  "discrepancy-found": rule("a reconciliation found something first", "`WrittenWithoutGrant`", "read the run's report"),
  "event-refused": rule("an event can never be taken", "`MalformedEvent`", "mend the publisher"),
  "evidence-diverges": rule(
    "what lies in the bucket of evidence does not go on from where the chain stands",
    "an object that somebody put there, or a head that was moved",
    "`verify-evidence` names the place",
  ),
  "gateway-failed": rule(
    "the field gateway failed before its one call",
    "a secret that is gone",
    "look at `code` in the line",
  ),
  "grant-without-change": rule("a grant stands for nothing on record", "a forged grant", "stop the system"),
  "look-failed": rule(
    "a second look failed for a month",
    "the reader lost the field",
    "give the reader's account the field",
  ),
  "notice-failed": rule("a group could not be told", "a topic that is gone", "look at the topic and its policy"),
  "resume-refused": rule("somebody may not agree to a resume", "`SamePerson`", "let a second operator agree"),
  "session-refused": rule(
    "STS refused the connector's session",
    "the stop policy is attached",
    "see whether the system is stopped",
  ),
  "source-not-connected": rule("a check asks a system that is not connected", "`finance`", "connect it"),
  "stop-incomplete": rule(
    "a layer of a stop does not hold yet",
    "a function's concurrency is not 0",
    "nothing at first: it is tried again",
  ),
  "sweep-failed": rule(
    "the sweeper failed over one item",
    "an HRIS that answers nonsense",
    "look at `code` in the line",
  ),
  "system-stopped": rule("the system was stopped", "an operator, or a drill", "see that everybody knows why"),
  "write-open": rule(
    "the gateway failed after its one call",
    "a timeout of the HRIS",
    "nothing: the sweeper tells what came of it",
  ),
  "write-reverted": rule("the HRIS took back what was written", "a rule of the HRIS", "ask the HR system's owner"),
};

const ERRORS = {
  PolicyInTransition: rule(
    "the classification table is not the policy that a function is deployed with",
    "an apply under way",
    "nothing: it is repeated for a day; else apply again",
  ),
  ReadUnavailable: rule(
    "a read of the HRIS or a source did not succeed",
    "status 503",
    "nothing: it is repeated over a night",
  ),
  ServiceUnavailable: rule(
    "an AWS service could not answer",
    "DynamoDB throttles",
    "nothing: it is repeated over a night",
  ),
  AccessDenied: rule(
    "an AWS service refused the permission",
    "a policy that was edited",
    "compare the role with the stack",
  ),
  UnknownReference: rule(
    "the ledger does not hold what a reference names",
    "an execution that somebody started by hand",
    "look for who started it",
  ),
} as const satisfies Readonly<Record<string, Rule>>;

const EXITS: Readonly<Record<keyof typeof EXIT, Rule>> = {
  ok: rule("fine", "a policy without errors", "nothing"),
  unable: rule(
    "the command could not run",
    "a file that is not there, an option that it does not have",
    "read the message: it says what, where and what to do",
  ),
  wrong: rule("the policy or the stack is wrong", "a counterexample of `prove`", "mend what is named"),
  human: rule("a human must look", "a change that widens", "let who is named agree"),
};

export const PEOPLE_FAMILIES: readonly Family[] = [
  {
    title: "Problems of the approvals API",
    where:
      'Its answers, as `application/problem+json` with `code`. What API Gateway answers before it has no code and says `{ "message" }` alone: 401 for a token that the authorizer refuses, 404 for no such route, 429 beyond `throttling`.',
    rules: PROBLEMS,
  },
  {
    title: "Findings of a reconciliation",
    where: "Reports, `discrepancy-found` and findings in the ledger.",
    rules: Object.fromEntries(
      Object.entries(FINDING_CLASSES).map(([code, { meaning, next }]) => [
        code,
        rule(meaning, FINDINGS[code as FindingClass], next),
      ]),
    ),
    extra: {
      head: "weight",
      of: Object.fromEntries(Object.entries(FINDING_CLASSES).map(([code, { weight }]) => [code, weight])),
    },
  },
  { title: "Reasons of findings", where: "Beside the class of a finding.", rules: FINDING_REASONS },
  {
    title: "What `history --verify` recomputes",
    where: "`hris-writeback history --verify`. The first column holds, or the ledger was changed.",
    rules: VERIFICATIONS,
  },
  { title: "Events that functions log as errors", where: "Logs and alarms.", rules: EVENTS },
  { title: "Errors that the workflow repeats or catches", where: "Executions and logs.", rules: ERRORS },
  { title: "Exit codes", where: `The command line: ${Object.values(EXIT).join(", ")}, in this order.`, rules: EXITS },
];
