import {
  CONTROL,
  LEDGER,
  OUTCOME_DETAIL_TYPE,
  OUTCOME_SOURCE,
  WAITING_DETAIL_TYPE,
  type HandlerName,
  type Principal,
} from "../../core";
import type { PolicyDocument, Statement } from "../../iam";
import { auditNames } from "../audit/names";
import { findingsIdentity, findingsStarterIdentity } from "../audit/security-hub";
import type { Names } from "../names";
import {
  connectorBoundary,
  connectorIdentity,
  connectorTrust,
  writableFields,
  type ConnectorPolicy,
} from "./connector";
import { evidence } from "./evidence";
import { killSwitch, killSwitchWorkflow } from "./kill-switch";
import { connectForLambdaAlone, flowLogsRole } from "./perimeter";
import { reconciler, reconcilerWorkflow, type ReaderSecrets } from "./reconciliation";
import {
  checkClassification,
  compare,
  denyLedger,
  documentOf,
  lambdaTrust,
  putEventsCondition,
  putLedger,
  queryDue,
  readClassification,
  readLedger,
  readSecrets,
  REVERSAL_REQUESTS,
  useControl,
  useTableKey,
  writeOwnLogs,
} from "./statements";

/** Ids and ARNs that do not follow from names. Opaque: at synth they are references, so nothing here looks into them. */
export interface IamRefs {
  /** Id of the field gateway's REST API. */
  readonly apiId: string;
  /** Key of tables, bus, queues and task tokens. */
  readonly dataKeyArn: string;
  /** HMAC key of digests. */
  readonly digestKeyArn: string;
  /** Secret of the HRIS's reader identity, which Inspect, the sweeper and the reconciliation hold. */
  readonly hrisReaderSecretArn: string;
  /** Secrets of the sources of truth and of attributes, which Inspect and the reconciliation hold. */
  readonly sourceSecretArns: readonly string[];
  /** Secret of the writer identity, apart from every reader's. */
  readonly writerSecretArn: string;
  /**
   * The customer's own key of the HRIS reader's secret.
   * @default - Secrets Manager's own key
   */
  readonly hrisReaderSecretKeyArn?: string;
  /**
   * The customer's own keys of the sources' secrets.
   * @default []
   */
  readonly sourceSecretKeyArns?: readonly string[];
  /**
   * The customer's own key of the writer secret.
   * @default - Secrets Manager's own key
   */
  readonly writerSecretKeyArn?: string;
  /**
   * The customer's own connector.
   * @default - the managed connector, by its name
   */
  readonly connectorFunctionArn?: string;
  /**
   * The VPC endpoint through which alone the field gateway is called; the connector then runs in a VPC.
   * @default - the gateway is called from anywhere
   */
  readonly vpcEndpointId?: string;
  /**
   * Groups that are asked for approvals: each has a topic, to which the notifier publishes.
   * @default []
   */
  readonly approverGroups?: readonly string[];
  /**
   * Whether two operators may let a stopped system run again through the approvals API: only then its role can.
   * @default false
   */
  readonly operatorsResume?: boolean;
  /**
   * The kill switch's state machine, which the approvals API starts to undo a stop that two operators ended.
   * @default - the stack has none
   */
  readonly killSwitchArn?: string;
  /**
   * The event source mapping by which intake reads its queue.
   * @default - the kill switch cannot close it
   */
  readonly intakeMappingArn?: string;
  /**
   * Whether the stack reconciles: the scheduler then starts its state machine.
   * @default false
   */
  readonly reconciles?: boolean;
  /**
   * Key of the bucket that evidence is kept in.
   * @default - none is kept
   */
  readonly archiveKeyArn?: string;
}

/** Everything that says what a role is: each document becomes one literal JSON text in Terraform. */
export interface RoleDocuments {
  readonly identity: PolicyDocument;
  readonly trust: PolicyDocument;
  /** The connector role's alone. */
  readonly boundary?: PolicyDocument;
}

/** Encryption context of task tokens: what else `kms:Decrypt` may be asked for, it does not give back. */
export const TASK_TOKEN_PURPOSE = "task-token";

/** What every document here is made of. */
export interface IamInput {
  readonly names: Names;
  readonly policy: ConnectorPolicy;
  readonly refs: IamRefs;
}

/** The functions that the workflow invokes. */
const WORKFLOW_HANDLERS = ["announce", "broker", "decide", "inspect", "request-approval"] as const;

/**
 * The documents of every principal of the trust model. Each role has what its handler does and nothing more: no `*` among
 * allowed actions, and a `*` resource only where AWS knows no narrower one.
 */
export function compileRoles(input: IamInput): Readonly<Record<Principal, RoleDocuments>> {
  const { names, refs, policy } = input;
  const fields = writableFields(policy);
  return {
    intake: functionRole(input, "intake", intake(input)),
    decide: functionRole(input, "decide", decide(input)),
    inspect: functionRole(input, "inspect", inspect(input)),
    "request-approval": functionRole(input, "request-approval", requestApproval(input)),
    approvals: functionRole(input, "approvals", approvals(input)),
    broker: functionRole(input, "broker", broker(input)),
    connector: {
      identity: connectorIdentity(names, refs.apiId, fields, refs.vpcEndpointId),
      trust: connectorTrust(names),
      boundary: connectorBoundary(names, refs.apiId, fields),
    },
    "connector-execution": { identity: connectorExecution(input), trust: lambdaTrust() },
    gateway: functionRole(input, "gateway", gateway(input)),
    announce: functionRole(input, "announce", announce(input)),
    sweeper: functionRole(input, "sweeper", sweeper(input)),
    notifier: functionRole(input, "notifier", notifier(input)),
    workflow: { identity: workflowIdentity(names), trust: machineTrust(names, names.stateMachine.arn) },
    scheduler: { identity: schedulerIdentity(input), trust: schedulerTrust(names) },
    "flow-logs": flowLogsRole(names),
    "kill-switch": functionRole(input, "kill-switch", killSwitch(names, refs.intakeMappingArn)),
    reversal: functionRole(input, "reversal", reversal(input)),
    evidence: functionRole(input, "evidence", evidence(names, refs.archiveKeyArn)),
    findings: { identity: findingsIdentity(names), trust: machineTrust(names, auditNames(names).findings.arn) },
    "findings-starter": {
      identity: findingsStarterIdentity(names),
      trust: serviceTrust("AssumedByTheRules", "events.amazonaws.com", {
        ArnLike: { "aws:SourceArn": auditNames(names).rulesArn },
        StringEquals: { "aws:SourceAccount": names.accountId },
      }),
    },
    "kill-switch-workflow": { identity: killSwitchWorkflow(names), trust: machineTrust(names, names.killSwitch.arn) },
    reconciler: functionRole(input, "reconcile", reconciler(names, readerSecrets(refs))),
    "reconciler-workflow": {
      identity: reconcilerWorkflow(names),
      trust: machineTrust(names, names.reconciliation.arn),
    },
  };
}

/** Every function with a role of our own writes its log, and every one but the connector uses encrypted tables. */
function functionRole(
  { names, refs }: IamInput,
  handler: HandlerName,
  statements: readonly Statement[],
): RoleDocuments {
  return {
    identity: documentOf([...statements, useTableKey(names, refs.dataKeyArn), writeOwnLogs(names, handler)]),
    trust: lambdaTrust(),
  };
}

function intake({ names, refs }: IamInput): Statement[] {
  return [
    {
      Sid: "DecryptQueuedEvents",
      Effect: "Allow",
      Action: "kms:Decrypt",
      Resource: refs.dataKeyArn,
      Condition: { StringEquals: { "kms:ViaService": names.serviceHost("sqs") } },
    },
    denyLedger(names, "DenyReversals", [REVERSAL_REQUESTS]),
    putLedger(names, "KeepRequests", [LEDGER.requestPrefix]),
    readLedger(names, ["GetItem"]),
    {
      Sid: "ReceiveEvents",
      Effect: "Allow",
      Action: ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
      Resource: names.intakeQueue.arn,
    },
    { Sid: "StartWorkflow", Effect: "Allow", Action: "states:StartExecution", Resource: names.stateMachine.arn },
  ];
}

/**
 * Makes requests that take back a written value, and no others: their ids are all that it may put, and under such an id the workflow lets nothing
 * reach Write without an approval.
 */
function reversal({ names }: IamInput): Statement[] {
  return [
    putLedger(names, "KeepReversals", [LEDGER.reversalPrefix, REVERSAL_REQUESTS]),
    readLedger(names, ["GetItem", "Query"]),
    readClassification(names),
    { Sid: "StartWorkflow", Effect: "Allow", Action: "states:StartExecution", Resource: names.stateMachine.arn },
  ];
}

function decide({ names }: IamInput): Statement[] {
  return [
    useControl(names, "FileOpenChanges", [CONTROL.openPrefix], ["PutItem"]),
    putLedger(names, "KeepDecisions", [LEDGER.decisionPrefix]),
    readLedger(names, ["GetItem", "Query"]),
    readClassification(names),
  ];
}

function inspect({ names, refs }: IamInput): Statement[] {
  return [
    readClassification(names),
    putLedger(names, "KeepInspections", [LEDGER.inspectionPrefix]),
    readLedger(names, ["GetItem", "Query"]),
    ...readSecrets(names, "ReadReaderSecrets", readerSecrets(refs).arns, readerSecrets(refs).keyArns),
    macStatement("GenerateDigests", "kms:GenerateMac", refs.digestKeyArn),
  ];
}

/** Secrets of the HRIS's reader and of all sources. */
function readerSecrets(refs: IamRefs): ReaderSecrets {
  return {
    arns: [refs.hrisReaderSecretArn, ...refs.sourceSecretArns],
    keyArns: [...ownKey(refs.hrisReaderSecretKeyArn), ...(refs.sourceSecretKeyArns ?? [])],
  };
}

function requestApproval({ names, refs }: IamInput): Statement[] {
  return [
    taskTokenStatement("EncryptTaskTokens", "kms:Encrypt", refs.dataKeyArn),
    useControl(names, "FileWhatToTell", [CONTROL.noticePrefix], ["UpdateItem"]),
    useControl(names, "KeepTaskTokens", [CONTROL.taskPrefix], ["PutItem"]),
    readLedger(names, ["GetItem"]),
  ];
}

function approvals({ names, refs }: IamInput): Statement[] {
  return [
    taskTokenStatement("DecryptTaskTokens", "kms:Decrypt", refs.dataKeyArn),
    putLedger(names, "KeepApprovals", [LEDGER.approvalPrefix]),
    putLedger(names, "KeepRefusalsAndAcknowledgements", [LEDGER.acknowledgedPrefix, LEDGER.refusalPrefix]),
    readLedger(names, ["GetItem", "Query"]),
    queryDue(names, ["approval", "inbox"]),
    readClassification(names),
    {
      // SendTask* has neither a resource type nor a condition key: who holds the token decides.
      // @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html (read 2026-11-23)
      Sid: "ResumeWaitingChanges",
      Effect: "Allow",
      Action: "states:SendTaskSuccess",
      Resource: "*",
    },
    ...(refs.operatorsResume === true ? resumeTheSystem(names, refs.killSwitchArn) : []),
    useControl(names, "TakeNoticesOutOfTheInbox", [CONTROL.inboxPrefix], ["GetItem", "UpdateItem"]),
    useControl(names, "UseTaskTokensOnce", [CONTROL.taskPrefix], ["GetItem", "UpdateItem"]),
  ];
}

/**
 * Setting back what was stopped. IAM sees no more than the items: that two operators agreed first is the handler's to see to, and the
 * ledger's to show. Only for a stack that names its operators' group.
 */
function resumeTheSystem(names: Names, killSwitchArn: string | undefined): Statement[] {
  return [
    putLedger(names, "KeepAgreementsToResume", [LEDGER.systemResume]),
    useControl(names, "ResumeTheSystem", [CONTROL.breaker, CONTROL.switch], ["GetItem", "UpdateItem"]),
    useControl(names, "StartCountingAnew", [CONTROL.countPrefix], ["UpdateItem"]),
    ...(killSwitchArn === undefined
      ? []
      : [
          {
            Sid: "UndoStops",
            Effect: "Allow" as const,
            Action: "states:StartExecution",
            Resource: killSwitchArn,
          },
        ]),
  ];
}

function broker({ names, refs }: IamInput): Statement[] {
  return [
    {
      Sid: "AssumeConnectorRole",
      Effect: "Allow",
      Action: ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
      Resource: names.role("connector").arn,
    },
    {
      Sid: "InvokeConnector",
      Effect: "Allow",
      Action: "lambda:InvokeFunction",
      Resource: refs.connectorFunctionArn ?? names.function("connector").arn,
    },
    putLedger(names, "OpenGrants", [
      LEDGER.attemptPrefix,
      LEDGER.grantEndPrefix,
      LEDGER.grantPrefix,
      LEDGER.outcomePrefix,
    ]),
    readLedger(names, ["ConditionCheckItem", "GetItem", "Query"]),
    readClassification(names),
    useControl(names, "CheckSwitchAndBreaker", [CONTROL.breaker, CONTROL.switch], ["ConditionCheckItem"]),
    useControl(names, "TakePointers", [CONTROL.pointerPrefix], ["ConditionCheckItem", "UpdateItem"]),
  ];
}

/** The denials hold whatever is attached later: this code may hold a session, so its own role must not mint or use one. */
function connectorExecution({ names, refs }: IamInput): PolicyDocument {
  return documentOf([
    ...(refs.vpcEndpointId === undefined ? [] : connectForLambdaAlone(names)),
    { Sid: "DenyMintingAndCalling", Effect: "Deny", Action: ["execute-api:*", "sts:*"], Resource: "*" },
    writeOwnLogs(names, "connector"),
  ]);
}

function gateway({ names, refs }: IamInput): Statement[] {
  return [
    useControl(names, "CheckSwitchAndBreaker", [CONTROL.breaker, CONTROL.switch], ["ConditionCheckItem"]),
    useControl(
      names,
      "CountAndLease",
      [CONTROL.breaker, CONTROL.countPrefix, CONTROL.leasePrefix, CONTROL.pointerPrefix],
      ["UpdateItem"],
    ),
    useControl(names, "FileSecondLooks", [CONTROL.lookPrefix], ["PutItem"]),
    putLedger(names, "RecordTrips", [LEDGER.systemTrip]),
    putLedger(names, "RecordIntentsAndOutcomes", [
      LEDGER.grantEndPrefix,
      LEDGER.grantOutcomePrefix,
      LEDGER.intentPrefix,
      LEDGER.outcomePrefix,
    ]),
    readLedger(names, ["ConditionCheckItem", "GetItem", "Query"]),
    checkClassification(names),
    readClassification(names),
    ...readSecrets(names, "ReadWriterSecret", [refs.writerSecretArn], ownKey(refs.writerSecretKeyArn)),
    macStatement("VerifyDigests", "kms:VerifyMac", refs.digestKeyArn),
  ];
}

function announce({ names }: IamInput): Statement[] {
  return [
    putOutcomes(names),
    useControl(names, "FileAndRemoveOpenChanges", [CONTROL.openPrefix], ["DeleteItem", "PutItem"]),
    useControl(names, "FileNotices", [CONTROL.inboxPrefix], ["PutItem"]),
    putLedger(names, "RecordOutcomes", [LEDGER.outcomePrefix]),
    readLedger(names, ["ConditionCheckItem", "GetItem", "Query"]),
  ];
}

function sweeper({ names, refs }: IamInput): Statement[] {
  return [
    // Whether a request's execution still runs. The handler does not ask for input and output, which hold references alone.
    { Sid: "AskForExecutions", Effect: "Allow", Action: "states:DescribeExecution", Resource: names.executionsArn },
    putOutcomes(names),
    queryDue(names, ["approval", "open", "second-look", "settle"]),
    useControl(names, "CheckPointers", [CONTROL.pointerPrefix], ["ConditionCheckItem"]),
    ...readSecrets(names, "ReadHrisReaderSecret", [refs.hrisReaderSecretArn], ownKey(refs.hrisReaderSecretKeyArn)),
    useControl(names, "FileNotices", [CONTROL.inboxPrefix], ["PutItem"]),
    useControl(names, "FileSecondLooks", [CONTROL.lookPrefix], ["PutItem"]),
    useControl(names, "RemoveDoneWork", [CONTROL.lookPrefix, CONTROL.openPrefix], ["DeleteItem"]),
    putLedger(names, "KeepLooksOfDrills", [LEDGER.drillLookPrefix]),
    putLedger(names, "RecordTrips", [LEDGER.systemTrip]),
    useControl(names, "SeeTheBreaker", [CONTROL.breaker], ["GetItem"]),
    useControl(names, "SeeWhatIsNotTold", [CONTROL.openPrefix], ["GetItem"]),
    putLedger(names, "SettleGrants", [
      LEDGER.grantEndPrefix,
      LEDGER.grantOutcomePrefix,
      LEDGER.outcomePrefix,
      LEDGER.secondLookPrefix,
    ]),
    readLedger(names, ["ConditionCheckItem", "GetItem", "Query"]),
    useControl(
      names,
      "SettleAndPostpone",
      [CONTROL.lookPrefix, CONTROL.openPrefix, CONTROL.pointerPrefix, CONTROL.taskPrefix],
      ["UpdateItem"],
    ),
  ];
}

/** Sees what waits and whom it told: no ledger, so no value; a task token only as it was encrypted, and no power to decrypt it. */
function notifier({ names, refs }: IamInput): Statement[] {
  const groups = refs.approverGroups ?? [];
  return [
    queryDue(names, ["notify"]),
    useControl(names, "SeeWhatWaits", [CONTROL.taskPrefix], ["GetItem"]),
    useControl(names, "KeepWhoWasTold", [CONTROL.noticePrefix], ["UpdateItem"]),
    ...(groups.length === 0
      ? []
      : [
          {
            Sid: "EncryptNotices",
            Effect: "Allow" as const,
            Action: ["kms:Decrypt", "kms:GenerateDataKey"],
            Resource: refs.dataKeyArn,
            Condition: { StringEquals: { "kms:ViaService": names.serviceHost("sns") } },
          },
          {
            Sid: "TellGroups",
            Effect: "Allow" as const,
            Action: "sns:Publish",
            Resource: [...groups].sort(compare).map((group) => names.topic(group).arn),
          },
          putOwnEvents(names, "PutWaitingEvents", WAITING_DETAIL_TYPE),
        ]),
  ];
}

function ownKey(keyArn: string | undefined): readonly string[] {
  return keyArn === undefined ? [] : [keyArn];
}

function workflowIdentity(names: Names): PolicyDocument {
  return documentOf([
    {
      // Log delivery has no resource type, and policies and groups are described for the whole account.
      // @see https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html (read 2026-11-23)
      Sid: "DeliverLogs",
      Effect: "Allow",
      Action: [
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
      ],
      Resource: "*",
    },
    {
      Sid: "InvokeStepsOfTheWorkflow",
      Effect: "Allow",
      Action: "lambda:InvokeFunction",
      Resource: WORKFLOW_HANDLERS.map((handler) => names.function(handler).arn),
    },
  ]);
}

/** Step Functions, for one state machine. */
function machineTrust(names: Names, machineArn: string): PolicyDocument {
  return serviceTrust("AssumedByTheWorkflow", "states.amazonaws.com", {
    ArnEquals: { "aws:SourceArn": machineArn },
    StringEquals: { "aws:SourceAccount": names.accountId },
  });
}

function schedulerIdentity({ names, refs }: IamInput): PolicyDocument {
  return documentOf([
    ...(refs.reconciles === true
      ? [
          {
            Sid: "StartReconciliation",
            Effect: "Allow" as const,
            Action: "states:StartExecution",
            Resource: names.reconciliation.arn,
          },
        ]
      : []),
    {
      Sid: "InvokeNotifier",
      Effect: "Allow",
      Action: "lambda:InvokeFunction",
      Resource: names.function("notifier").arn,
    },
    {
      Sid: "InvokeSweeper",
      Effect: "Allow",
      Action: "lambda:InvokeFunction",
      Resource: names.function("sweeper").arn,
    },
  ]);
}

function schedulerTrust(names: Names): PolicyDocument {
  return serviceTrust("AssumedByScheduler", "scheduler.amazonaws.com", {
    StringEquals: { "aws:SourceAccount": names.accountId },
  });
}

function serviceTrust(sid: string, service: string, condition: NonNullable<Statement["Condition"]>): PolicyDocument {
  return documentOf([
    { Sid: sid, Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole", Condition: condition },
  ]);
}

function putOutcomes(names: Names): Statement {
  return putOwnEvents(names, "PutOutcomeEvents", OUTCOME_DETAIL_TYPE);
}

/** Events of this system's own, of one detail-type. */
function putOwnEvents(names: Names, sid: string, detailType: string): Statement {
  return {
    Sid: sid,
    Effect: "Allow",
    Action: "events:PutEvents",
    Resource: names.bus.arn,
    Condition: putEventsCondition(OUTCOME_SOURCE, [detailType]),
  };
}

function macStatement(sid: string, action: "kms:GenerateMac" | "kms:VerifyMac", digestKeyArn: string): Statement {
  return {
    Sid: sid,
    Effect: "Allow",
    Action: action,
    Resource: digestKeyArn,
    Condition: { StringEquals: { "kms:MacAlgorithm": "HMAC_SHA_256" } },
  };
}

function taskTokenStatement(sid: string, action: "kms:Decrypt" | "kms:Encrypt", dataKeyArn: string): Statement {
  return {
    Sid: sid,
    Effect: "Allow",
    Action: action,
    Resource: dataKeyArn,
    Condition: { StringEquals: { "kms:EncryptionContext:purpose": TASK_TOKEN_PURPOSE } },
  };
}
