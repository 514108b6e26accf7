import {
  CONTROL,
  LEDGER,
  OUTCOME_DETAIL_TYPE,
  OUTCOME_SOURCE,
  REVERSAL_ID_PREFIX,
  type DueQueue,
  type HandlerName,
} from "../../core";
import type { PolicyDocument, Statement } from "../../iam";
import type { Names } from "../names";

/** A document of these statements, in order of their Sids, so that the order in which they were made does not show. */
export function documentOf(statements: readonly Statement[]): PolicyDocument {
  return {
    Version: "2012-10-17",
    Statement: [...statements].sort((a, b) => compare(a.Sid ?? "", b.Sid ?? "")),
  };
}

/** Code unit order: independent of any locale. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Words of a name in PascalCase, for Sids, which take letters and digits only. */
export function pascalCase(name: string): string {
  return name
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}

/**
 * Trust of a function's role. Lambda documents no `aws:SourceArn` or `aws:SourceAccount` for a function's own role, so a
 * condition on them could lock the function out; who may pass the role is `iam:PassRole`'s question.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html (read 2026-11-23)
 */
export function lambdaTrust(): PolicyDocument {
  return documentOf([
    {
      Sid: "AssumedByLambda",
      Effect: "Allow",
      Principal: { Service: "lambda.amazonaws.com" },
      Action: "sts:AssumeRole",
    },
  ]);
}

/** A function's own log group. The stream's name is Lambda's choice: the `*` stands for it. */
export function writeOwnLogs(names: Names, handler: HandlerName): Statement {
  return {
    Sid: "WriteOwnLogs",
    Effect: "Allow",
    Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
    Resource: `${names.function(handler).logGroupArn}:*`,
  };
}

/** Reading the policy's items. */
export function readClassification(names: Names): Statement {
  return {
    Sid: "ReadClassification",
    Effect: "Allow",
    Action: itemActions(["GetItem", "Query"]),
    Resource: names.classificationTable.arn,
  };
}

/** Naming the policy's items as conditions of a transaction. */
export function checkClassification(names: Names): Statement {
  return {
    Sid: "CheckClassification",
    Effect: "Allow",
    Action: itemActions(["ConditionCheckItem"]),
    Resource: names.classificationTable.arn,
  };
}

/**
 * Reading the ledger, whole. A transaction needs the actions of its parts and no action of its own.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html (read 2026-11-23)
 */
export function readLedger(
  names: Names,
  actions: readonly ("ConditionCheckItem" | "GetItem" | "Query" | "Scan")[],
): Statement {
  return { Sid: "ReadLedger", Effect: "Allow", Action: itemActions(actions), Resource: names.ledgerTable.arn };
}

/** Kinds of records in the ledger, by the prefix of their partitions. */
export type LedgerKind = (typeof LEDGER)[keyof typeof LEDGER] | typeof REVERSAL_REQUESTS;

/** Requests that take back a written value, among all requests. */
export const REVERSAL_REQUESTS = `${LEDGER.requestPrefix}${REVERSAL_ID_PREFIX}` as const;

/**
 * Putting records of some kinds into the ledger. There is no way to ask here for an update or a delete, and none to put a kind of record that
 * is another principal's to make: who may record an approval can be read off these keys.
 */
export function putLedger(names: Names, sid: string, kinds: readonly LedgerKind[]): Statement {
  return {
    Sid: sid,
    Effect: "Allow",
    Action: itemActions(["PutItem"]),
    Resource: names.ledgerTable.arn,
    Condition: leadingKeys(kinds),
  };
}

/** Keys of the control table: one item, or a prefix of items. */
export type ControlKey = (typeof CONTROL)[keyof typeof CONTROL] | typeof OPEN_REVERSALS;

/** What is filed of requests that take back a written value, among all open changes. */
export const OPEN_REVERSALS = `${CONTROL.openPrefix}${REVERSAL_ID_PREFIX}` as const;

/**
 * Item actions on some keys of the control table. `dynamodb:LeadingKeys` has several values, and ForAllValues also holds where
 * there is none: the Null test refuses that.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html (read 2026-11-23)
 */
export function useControl(
  names: Names,
  sid: string,
  keys: readonly ControlKey[],
  actions: readonly ("ConditionCheckItem" | "DeleteItem" | "GetItem" | "PutItem" | "UpdateItem")[],
): Statement {
  return {
    Sid: sid,
    Effect: "Allow",
    Action: itemActions(actions),
    Resource: names.controlTable.arn,
    Condition: leadingKeys(keys),
  };
}

/** No record of some kinds, whatever else allows it. */
export function denyLedger(names: Names, sid: string, kinds: readonly string[]): Statement {
  return {
    Sid: sid,
    Effect: "Deny",
    Action: itemActions(["PutItem"]),
    Resource: names.ledgerTable.arn,
    Condition: { "ForAnyValue:StringLike": { "dynamodb:LeadingKeys": kinds.map(everyKey).sort(compare) } },
  };
}

/** Keys by their leading part: `x#` and `x-` stand for every key that begins so. */
function leadingKeys(keys: readonly string[]): NonNullable<Statement["Condition"]> {
  return {
    "ForAllValues:StringLike": {
      "dynamodb:LeadingKeys": keys.map(everyKey).sort(compare),
    },
    Null: { "dynamodb:LeadingKeys": "false" },
  };
}

function everyKey(key: string): string {
  return /[#-]$/.test(key) ? `${key}*` : key;
}

/** Finding what is due in some queues of the control table, through its index and nothing else. */
export function queryDue(names: Names, queues: readonly DueQueue[]): Statement {
  return {
    Sid: "QueryDueWork",
    Effect: "Allow",
    Action: "dynamodb:Query",
    Resource: names.dueIndexArn,
    Condition: leadingKeys(queues),
  };
}

/** The data key, as DynamoDB uses it for who reads or writes an encrypted table. */
export function useTableKey(names: Names, dataKeyArn: string): Statement {
  return {
    Sid: "UseDataKeyForTables",
    Effect: "Allow",
    Action: ["kms:Decrypt", "kms:GenerateDataKey"],
    Resource: dataKeyArn,
    Condition: { StringEquals: { "kms:ViaService": names.serviceHost("dynamodb") } },
  };
}

/** Secrets by their whole ARNs, and the keys they are encrypted with where those are the customer's own. */
export function readSecrets(
  names: Names,
  sid: string,
  secretArns: readonly string[],
  keyArns: readonly string[],
): Statement[] {
  return [
    { Sid: sid, Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: distinct(secretArns) },
    ...(keyArns.length === 0
      ? []
      : [
          {
            Sid: `${sid}Keys`,
            Effect: "Allow" as const,
            Action: "kms:Decrypt",
            Resource: distinct(keyArns),
            Condition: { StringEquals: { "kms:ViaService": names.serviceHost("secretsmanager") } },
          },
        ]),
  ];
}

/**
 * Events of one source and these detail-types. PutEvents takes several entries, so both keys are judged as sets: every
 * entry must fit, and a request without them is refused.
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html (read 2026-11-23)
 */
export function putEventsCondition(
  source: string,
  detailTypes: readonly string[],
): NonNullable<Statement["Condition"]> {
  return {
    "ForAllValues:StringEquals": { "events:detail-type": [...detailTypes].sort(compare), "events:source": source },
    Null: { "events:detail-type": "false", "events:source": "false" },
  };
}

/** Texts once each, in the order given: an ARN can be a token, so its order says nothing. */
export function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

function itemActions(actions: readonly string[]): string[] {
  return actions.map((action) => `dynamodb:${action}`).sort(compare);
}

/** The customer's own key, where there is one. */
export function ownKey(keyArn: string | undefined): readonly string[] {
  return keyArn === undefined ? [] : [keyArn];
}

/** Outcomes, as this system tells them. */
export function putOutcomes(names: Names): Statement {
  return putOwnEvents(names, "PutOutcomeEvents", OUTCOME_DETAIL_TYPE);
}

/** Events of this system's own, of one detail-type. */
export function putOwnEvents(names: Names, sid: string, detailType: string): Statement {
  return {
    Sid: sid,
    Effect: "Allow",
    Action: "events:PutEvents",
    Resource: names.bus.arn,
    Condition: putEventsCondition(OUTCOME_SOURCE, [detailType]),
  };
}

/** One half of the digests: to make them, or to check them. */
export function macStatement(
  sid: string,
  action: "kms:GenerateMac" | "kms:VerifyMac",
  digestKeyArn: string,
): Statement {
  return {
    Sid: sid,
    Effect: "Allow",
    Action: action,
    Resource: digestKeyArn,
    Condition: { StringEquals: { "kms:MacAlgorithm": "HMAC_SHA_256" } },
  };
}
