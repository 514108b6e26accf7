import { HANDLERS } from "../../core";
import type { Names } from "../names";
import { auditNames } from "./names";

/** One advanced event selector of a trail: every condition must hold. */
export interface EventSelector {
  readonly name: string;
  readonly conditions: readonly {
    readonly field: string;
    readonly equals?: readonly string[];
    readonly startsWith?: readonly string[];
  }[];
}

/**
 * What the trail records: every management event, reads too, since reading a secret is one; and of data events what concerns this stack:
 * items of its tables, calls of its functions, objects of the bucket that holds the log files.
 *
 * Calls of the field gateway are not among CloudTrail's events: the access log and the ledger record them.
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html (read 2026-11-25)
 */
export function compileEventSelectors(names: Names, connectorFunctionArn?: string): readonly EventSelector[] {
  const { bucket } = auditNames(names);
  const data = (name: string, type: string, arns: { equals?: string[]; startsWith?: string[] }): EventSelector => ({
    name,
    conditions: [
      { field: "eventCategory", equals: ["Data"] },
      { field: "resources.type", equals: [type] },
      { field: "resources.ARN", ...arns },
    ],
  });
  const functions = HANDLERS.map((handler) =>
    handler === "connector" && connectorFunctionArn !== undefined ? connectorFunctionArn : names.function(handler).arn,
  );
  return [
    { name: "management events, reads too", conditions: [{ field: "eventCategory", equals: ["Management"] }] },
    data("items of the tables", "AWS::DynamoDB::Table", {
      equals: [names.classificationTable.arn, names.controlTable.arn, names.ledgerTable.arn],
    }),
    data("calls of the functions", "AWS::Lambda::Function", { equals: functions }),
    data("objects of the log files' bucket", "AWS::S3::Object", { startsWith: [`${bucket.arn}/`] }),
  ];
}
