/**
 * Names that both sides of a deploy must agree on: the constructs write them into Terraform, the handlers read them at
 * run time. Layer 1, so that neither side imports the other.
 */

/** Version of state inputs and of payloads between handlers. A handler accepts this one and the one before. */
export const PAYLOAD_VERSION = 1;

/** The handlers, by the name of their bundle, their function and their role. */
export const HANDLERS = [
  "intake",
  "decide",
  "inspect",
  "request-approval",
  "approvals",
  "broker",
  "connector",
  "gateway",
  "announce",
  "sweeper",
  "notifier",
  "kill-switch",
  "reconcile",
  "reversal",
  "evidence",
] as const;
export type HandlerName = (typeof HANDLERS)[number];

/**
 * Values of the role tag `writeback:principal`: who a role is, in the words of the trust model. `connector` is the role
 * that the broker assumes for one grant; `connector-execution` is the one the connector's function runs under. `flow-logs`
 * writes the flow log of a network that is made for the connector: only a stack with such a perimeter has it. `evidence` is there where the
 * stack keeps evidence, `findings` and `findings-starter` where it imports them into Security Hub.
 */
export const PRINCIPALS = [
  "intake",
  "decide",
  "inspect",
  "request-approval",
  "approvals",
  "broker",
  "connector",
  "connector-execution",
  "gateway",
  "announce",
  "sweeper",
  "notifier",
  "workflow",
  "scheduler",
  "flow-logs",
  "kill-switch",
  "kill-switch-workflow",
  "reconciler",
  "reconciler-workflow",
  "reversal",
  "evidence",
  "findings",
  "findings-starter",
] as const;
export type Principal = (typeof PRINCIPALS)[number];

/** The tag that says which principal a role is. */
export const PRINCIPAL_TAG = "writeback:principal";

/** Session tags of the connector's session; also the path parameters of the gateway. */
export const GRANT_TAG = "grantId";
export const FIELD_TAG = "field";

/** The one stage of the field gateway and its one method. */
export const GATEWAY_STAGE = "live";
export const GATEWAY_METHOD = "PATCH";
export const GATEWAY_RESOURCE = "/grants/{grantId}/fields/{field}";

/** Stands for the id of the VPC endpoint in a gateway's environment where it may be called from anywhere. */
export const NO_VPC_ENDPOINT = "none";

/** Key attributes of the tables. The control table has `pk` alone. */
export const PARTITION_KEY = "pk";
export const SORT_KEY = "sk";

/** Index of the control table over work that is due: hash `queue`, range `dueAt` (ISO 8601 UTC). */
export const DUE_INDEX = "due";
export const DUE_QUEUE = "queue";
/**
 * The queues of that index: what is open until it is announced, what is to be settled, who is waited for, what to look at again, what
 * somebody must acknowledge, whom to tell.
 */
export const DUE_QUEUES = ["open", "settle", "approval", "second-look", "inbox", "notify"] as const;
export type DueQueue = (typeof DUE_QUEUES)[number];
export const DUE_AT = "dueAt";

/** Partition of the classification table that holds the policy, and the sort key of its manifest. */
export const POLICY_PARTITION = "policy";
export const MANIFEST_KEY = "manifest";

/**
 * Partitions of the ledger, one for each kind of record, so that IAM can tell who may put which: it sees a partition's key, and cannot see
 * that an item must not exist yet. A role that may put one kind can replace a record of that kind, and forge none of another.
 */
export const LEDGER = {
  requestPrefix: "request#",
  decisionPrefix: "decision#",
  inspectionPrefix: "inspection#",
  approvalPrefix: "approval#",
  attemptPrefix: "attempt#",
  outcomePrefix: "outcome#",
  secondLookPrefix: "second-look#",
  grantPrefix: "grant#",
  intentPrefix: "intent#",
  grantOutcomePrefix: "grant-outcome#",
  grantEndPrefix: "grant-end#",
  refusalPrefix: "refusal#",
  acknowledgedPrefix: "acknowledged#",
  findingPrefix: "finding#",
  observedPrefix: "observed#",
  reconciliationPrefix: "reconciliation#",
  systemResume: "system-resume",
  systemStop: "system-stop",
  systemDrill: "system-drill",
  systemTrip: "system-trip",
  drillLookPrefix: "drill-look#",
  reversalPrefix: "reversal#",
} as const;

/** Keys of the control table. */
export const CONTROL = {
  switch: "switch",
  breaker: "breaker",
  countPrefix: "breaker-count#",
  leasePrefix: "lease#",
  pointerPrefix: "pointer#",
  taskPrefix: "task#",
  lookPrefix: "look#",
  openPrefix: "open#",
  inboxPrefix: "inbox#",
  noticePrefix: "notice#",
  reconciliation: "reconciliation",
  partPrefix: "reconcile#",
  reconciledPrefix: "reconciled#",
  evidenceHead: "evidence-head",
} as const;

/** Prefix of the segments of evidence in the audit's bucket, and so of their format. */
export const EVIDENCE_PREFIX = "evidence/v1";

/** Items that Terraform creates once, as plain attributes, and then leaves alone. */
export const CONTROL_START = {
  switch: { pk: CONTROL.switch, state: "running" },
  breaker: { pk: CONTROL.breaker, state: "ok" },
} as const;

/** What stands between a stack's prefix and the group in a topic's name. */
export const APPROVERS_TOPIC = "-approvers-";

/** The part of a topic's name that is its group's. Topics take no dot, and no group has a capital letter. */
export function topicSuffix(group: string): string {
  return group.replaceAll(".", "Dot");
}

/** What each means where it is missing: as such Terraform makes it anew. */
export const CONTROL_LOST = {
  switch: { pk: CONTROL.switch, state: "stopped" },
  breaker: { pk: CONTROL.breaker, state: "tripped" },
} as const;

/** Event source of the outcomes that `announce` and `sweeper` put on the bus, and their detail-type. */
export const OUTCOME_SOURCE = "hris-writeback";
export const OUTCOME_DETAIL_TYPE = "writeback.outcome";
/** Detail-type of the events that `notifier` puts there, of that source too: a request waits for people. */
export const WAITING_DETAIL_TYPE = "writeback.waiting";

/** What the requests are that take back a written value: made by `reversal`, on no bus, by no publisher. */
export const REVERSAL_SOURCE = "hris-writeback.reversal";
export const REVERSAL_EVENT = "writeback.reversal";

/**
 * Names of errors that handlers throw and the workflow matches in `Retry` and `Catch`. Everything else fails the task
 * and ends in Announce.
 */
export const RETRYABLE_ERRORS = {
  /** The classification table does not hold the policy this handler was deployed with: an apply is under way. */
  policyInTransition: "PolicyInTransition",
  /** A read of the HRIS or of a source of truth did not succeed; nothing was written. */
  readUnavailable: "ReadUnavailable",
  /** DynamoDB, KMS, STS, Secrets Manager or Step Functions answered that there is too much, or not now. */
  serviceUnavailable: "ServiceUnavailable",
} as const;

/** Errors that Lambda's service raises before or instead of our code; safe to retry for handlers that are idempotent. */
export const LAMBDA_SERVICE_ERRORS = [
  "Lambda.ClientExecutionTimeoutException",
  "Lambda.ServiceException",
  "Lambda.AWSLambdaException",
  "Lambda.SdkClientException",
  "Lambda.TooManyRequestsException",
] as const;

/**
 * How Step Functions calls a function that began and did not come to its end: it ran out of time or memory, or its process exited. What it
 * did until then is done.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html (read 2026-11-28)
 */
export const LAMBDA_DEATHS = ["Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout"] as const;

/**
 * Events that handlers log at level `ERROR`: what a person should hear of, and what alarms are made of. Public: renaming one silences
 * whoever listens for it. A line is `{ level, handler, event, … }`.
 */
export const ERROR_EVENTS = [
  /** The approvals API could not answer (`status` 500 and more), or was shown a token that is not the one its authorizer verified, or names nobody (401). */
  "approvals-refused",
  /** So many writes that the breaker tripped: nothing is written until an operator resets it. */
  "breaker-tripped",
  /** A decision that somebody may not make, or not any more: another digest, too late, a foreign group, an own change, a second time. */
  "decision-refused",
  /** Ledger, HRIS, source of truth or CloudTrail disagree, and a person must look: logged when a reconciliation finds it first. */
  "discrepancy-found",
  /** An event that can never be taken: malformed, oversized, or a request id that came again with other content. */
  "event-refused",
  /** What lies in the bucket of evidence does not go on from where the chain stands: somebody put it there, or moved the head. */
  "evidence-diverges",
  /** The field gateway failed before its one call. */
  "gateway-failed",
  /** The ledger holds a grant without its request or its exact change. */
  "grant-without-change",
  /** A second look failed for a month and was given up. */
  "look-failed",
  /** A group could not be told of what waits for it. */
  "notice-failed",
  /** Somebody may not agree to a resume, or agreed to another stop than the one that holds. */
  "resume-refused",
  /** STS refused the connector's session. */
  "session-refused",
  /** A check asks a system that the stack does not connect. */
  "source-not-connected",
  /** A layer of a stop does not hold, or was not let go: the kill switch's state machine tries again, then fails. */
  "stop-incomplete",
  /** The sweeper failed over one item. */
  "sweep-failed",
  /** Somebody stopped the system, or let a drill stop it. */
  "system-stopped",
  /** The gateway failed after its one call: the sweeper tells what came of it. */
  "write-open",
  /** The HRIS took back what was written. */
  "write-reverted",
] as const;
export type ErrorEvent = (typeof ERROR_EVENTS)[number];

/** How a change can end, everywhere. */
export const OUTCOMES = [
  "applied",
  "noop",
  "conflict",
  "duplicate",
  "forbidden",
  "rejected",
  "not-applied",
  "pending-in-hris",
  "reverted-by-hris",
  "denied",
  "expired",
  "notified",
  "planned",
  "unknown",
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Deadlines, each inside the next, in milliseconds. */
export const DEADLINES_MS = {
  /** One HTTP call to the HRIS. */
  hrisCall: 20_000,
  /** The gateway's whole work. */
  gateway: 25_000,
  /** API Gateway's integration. */
  api: 29_000,
  connector: 40_000,
  broker: 60_000,
  /** The workflow's Write task. */
  task: 75_000,
  /** How long a worker's lease is held at least. */
  lease: 90_000,
} as const;

/** Seconds that a connector session lives: the shortest that STS gives. */
export const SESSION_SECONDS = 900;

/** Attempts of one change before a wait for the HRIS ends as `not-applied`. */
export const MAX_ATTEMPTS = 6;

/**
 * Environment variables of the functions. Each handler parses its own once, at start.
 * `CONNECTIONS` is JSON of `{ [system]: ConnectionConfig }` with one secret ARN each: the reader's for readers, and for
 * the gateway the HRIS alone with the writer's.
 */
export const ENV = {
  classificationTable: "CLASSIFICATION_TABLE",
  ledgerTable: "LEDGER_TABLE",
  controlTable: "CONTROL_TABLE",
  manifestHash: "MANIFEST_HASH",
  stateMachineArn: "STATE_MACHINE_ARN",
  dataKeyArn: "DATA_KEY_ARN",
  digestKeyArn: "DIGEST_KEY_ARN",
  busName: "BUS_NAME",
  connections: "CONNECTIONS",
  hrisSystem: "HRIS_SYSTEM",
  connectorRoleArn: "CONNECTOR_ROLE_ARN",
  connectorFunctionName: "CONNECTOR_FUNCTION_NAME",
  gatewayUrl: "GATEWAY_URL",
  /** The endpoint that every request must have come through, or `NO_VPC_ENDPOINT`: a gateway that is not told does not start. */
  vpcEndpointId: "VPC_ENDPOINT_ID",
  sessionPolicyTemplate: "SESSION_POLICY_TEMPLATE",
  groupClaim: "GROUP_CLAIM",
  workerIdClaim: "WORKER_ID_CLAIM",
  /** Whose members agree to a resume; absent where nobody may. */
  operatorsGroup: "OPERATORS_GROUP",
  /** The kill switch's state machine; absent where the stack has none. */
  killSwitchArn: "KILL_SWITCH_ARN",
  /** Base URL of the approvals API, and so of its page. */
  approvalsUrl: "APPROVALS_URL",
  /** ARN of a group's topic but for `topicSuffix(group)`. */
  topicPrefix: "TOPIC_PREFIX",
  /** Names of the functions that a stop leaves no concurrency, with commas between. */
  stoppedFunctions: "STOPPED_FUNCTIONS",
  /** What they have reserved while the system runs; absent where nothing is. */
  reservedConcurrency: "RESERVED_CONCURRENCY",
  /** The event source mapping by which intake reads its queue. */
  intakeMappingId: "INTAKE_MAPPING_ID",
  /** The policy of denials that a stop attaches to the connector role. */
  stopPolicyArn: "STOP_POLICY_ARN",
  /** Whole days after a write within which it can be reversed. */
  reversalDays: "REVERSAL_DAYS",
  /** Where segments of evidence are put: `https://<bucket>.s3.<region>.amazonaws.com/<prefix>`. */
  evidenceUrl: "EVIDENCE_URL",
  /** JSON: how the approvals page signs people in. Absent where the API serves no page. */
  page: "PAGE",
  /** JSON of the reconciliation's settings (`ReconciliationSettings`). */
  reconciliation: "RECONCILIATION",
} as const;
