import { CONTROL, LEDGER, type HandlerName, type Principal } from "../../core";
import type { PolicyDocument, Statement } from "../../iam";
import { auditNames } from "../audit/names";
import { findingsIdentity, findingsStarterIdentity } from "../audit/security-hub";
import { approvals, notifier, requestApproval } from "./approval-roles";
import { connectorBoundary, connectorIdentity, connectorTrust, writableFields } from "./connector";
import { evidence } from "./evidence";
import type { IamInput, IamRefs, RoleDocuments } from "./input";
import { killSwitch, killSwitchWorkflow } from "./kill-switch";
import { connectForLambdaAlone, flowLogsRole } from "./perimeter";
import { reconciler, reconcilerWorkflow, type ReaderSecrets } from "./reconciliation";
import { machineTrust, schedulerIdentity, schedulerTrust, serviceTrust, workflowIdentity } from "./service-roles";
import {
  checkClassification,
  denyLedger,
  documentOf,
  lambdaTrust,
  macStatement,
  ownKey,
  putLedger,
  putOutcomes,
  queryDue,
  readClassification,
  readLedger,
  readSecrets,
  OPEN_REVERSALS,
  REVERSAL_REQUESTS,
  useControl,
  useTableKey,
  writeOwnLogs,
} from "./statements";

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
    useControl(names, "FileUndecided", [CONTROL.openPrefix], ["PutItem"]),
    putLedger(names, "KeepRequests", [LEDGER.requestPrefix]),
    readLedger(names, ["ConditionCheckItem", "GetItem"]),
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
    useControl(names, "FileUndecided", [OPEN_REVERSALS], ["PutItem"]),
    putLedger(names, "KeepReversals", [LEDGER.reversalPrefix, REVERSAL_REQUESTS]),
    readLedger(names, ["ConditionCheckItem", "GetItem", "Query"]),
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
