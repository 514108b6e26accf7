import type { Names } from "../names";

/** Names of what watches a stack. `auditRule` names are at most 32 characters long, so that every rule's fits EventBridge's 64. */
export function auditNames(names: Names) {
  const { prefix, accountId, region, partition } = names;
  const arn = (service: string, resource: string): string =>
    `arn:${partition}:${service}:${region}:${accountId}:${resource}`;
  const bucket = (what: string) => {
    const name = `${prefix}-${what}-${accountId}-${region}`;
    return { name, arn: `arn:${partition}:s3:::${name}` };
  };
  return {
    trail: { name: `${prefix}-audit`, arn: arn("cloudtrail", `trail/${prefix}-audit`) },
    /** Bucket of the trail: names of buckets are everybody's, so account and Region are part of it. */
    bucket: bucket("audit"),
    /** Results of queries, which Athena does not write to a bucket with a default retention. */
    resultsBucket: bucket("queries"),
    /** State machine that imports findings into Security Hub. */
    findings: { name: `${prefix}-findings`, arn: arn("states", `stateMachine:${prefix}-findings`) },
    topic: { name: `${prefix}-audit`, arn: arn("sns", `${prefix}-audit`) },
    deadLetterQueue: { name: `${prefix}-audit-dlq`, arn: arn("sqs", `${prefix}-audit-dlq`) },
    /** What every rule of the audit is called, before its own name. */
    rulePrefix: `${prefix}-audit-`,
    rule: (rule: string) => ({ name: `${prefix}-audit-${rule}`, arn: arn("events", `rule/${prefix}-audit-${rule}`) }),
    /** Every rule of the audit, as a source of deliveries. */
    rulesArn: arn("events", `rule/${prefix}-audit-*`),
    /** The bus that CloudTrail's events arrive on. */
    defaultBusArn: arn("events", "event-bus/default"),
    alarm: (alarm: string) => ({ name: `${prefix}-${alarm}`, arn: arn("cloudwatch", `alarm:${prefix}-${alarm}`) }),
    /** Every alarm of the stack, as a source of notifications. */
    alarmsArn: arn("cloudwatch", `alarm:${prefix}-*`),
    dashboard: `${prefix}-write-back`,
    /** Namespace of the metrics that are counted in logs. */
    metricNamespace: `HrisWriteBack/${prefix}`,
    /** Glue takes lower case, digits and underscores where SQL is to need no quotes. */
    database: `${prefix.replaceAll("-", "_")}_audit`,
    table: "cloudtrail",
    workgroup: `${prefix}-audit`,
  };
}
