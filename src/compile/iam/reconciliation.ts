import { CONTROL, LEDGER } from "../../core";
import type { PolicyDocument, Statement } from "../../iam";
import type { Names } from "../names";
import { documentOf, putLedger, readClassification, readLedger, readSecrets, useControl } from "./statements";

/** Secrets that the reconciliation reads with, and the customer's own keys of those. */
export interface ReaderSecrets {
  readonly arns: readonly string[];
  readonly keyArns: readonly string[];
}

/**
 * The reconciliation's function: reads everything that the others made, and records what it finds. It opens no grant, gives no approval, writes
 * to no HRIS and starts nothing: what it finds, people act on.
 */
export function reconciler(names: Names, secrets: ReaderSecrets): Statement[] {
  return [
    {
      // Events have neither a resource type nor a condition key: who may look one up may look up every management event of the Region.
      // @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html (read 2026-11-28)
      Sid: "FindSessionsOfTheConnectorRole",
      Effect: "Allow",
      Action: "cloudtrail:LookupEvents",
      Resource: "*",
    },
    useControl(names, "KeepProgress", [CONTROL.partPrefix], ["DeleteItem", "GetItem", "PutItem"]),
    useControl(names, "KeepTheRun", [CONTROL.reconciliation], ["GetItem", "UpdateItem"]),
    useControl(names, "KeepWhenFieldsWereReconciled", [CONTROL.reconciledPrefix], ["GetItem", "PutItem"]),
    readClassification(names),
    readLedger(names, ["GetItem", "Query", "Scan"]),
    ...readSecrets(names, "ReadReaderSecrets", secrets.arns, secrets.keyArns),
    putLedger(names, "RecordFindings", [LEDGER.findingPrefix, LEDGER.observedPrefix, LEDGER.reconciliationPrefix]),
    useControl(names, "SeeWhichWriteWasLast", [CONTROL.pointerPrefix], ["GetItem"]),
  ];
}

/**
 * The reconciliation's state machine runs its function. A distributed Map starts an execution of the same machine for each part, and looks
 * after them.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html (read 2026-11-28)
 */
export function reconcilerWorkflow(names: Names): PolicyDocument {
  return documentOf([
    {
      Sid: "InvokeStepsOfTheReconciliation",
      Effect: "Allow",
      Action: "lambda:InvokeFunction",
      Resource: names.function("reconcile").arn,
    },
    {
      Sid: "LookAfterParts",
      Effect: "Allow",
      Action: ["states:DescribeExecution", "states:StopExecution"],
      Resource: names.reconciliationExecutionsArns,
    },
    { Sid: "StartParts", Effect: "Allow", Action: "states:StartExecution", Resource: names.reconciliation.arn },
  ]);
}
