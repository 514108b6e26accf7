import { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm";
import type { TerraformProvider } from "cdktf";
import { Construct } from "constructs";

import { auditNames, type AuditRule } from "../src/compile/audit";
import { AuditAlerts, type AlertSubscription } from "./audit-alerts";
import { readable } from "./logical-id";
import type { PartProps, Retention } from "./settings";

export interface AuditGlobalEventsProps extends PartProps {
  /** Provider of the Region where global calls are recorded; `names` are of that Region. */
  readonly provider: TerraformProvider;
  /** Made when the key of the alerts there exists: a rule watches it. */
  readonly rules: (alertKeyArn: string) => readonly AuditRule[];
  /** @default [] */
  readonly subscriptions?: readonly AlertSubscription[];
  /** @default "retain" */
  readonly retention?: Retention;
}

const FIVE_MINUTES = 300;

/**
 * The rules on changes of roles, where they are heard: IAM's calls are recorded in one Region of a partition, whatever the stack's own, and rules hear of their
 * own Region alone. A topic of its own there, with the same subscribers, so that nothing has to be carried to be told.
 */
export class AuditGlobalEvents extends Construct {
  readonly alerts: AuditAlerts;
  /** Rings where an alert could not be delivered there. */
  readonly undelivered: CloudwatchMetricAlarm;

  constructor(scope: Construct, id: string, props: AuditGlobalEventsProps) {
    super(scope, id);
    const { names, tags, provider, subscriptions, retention, rules } = props;
    this.alerts = new AuditAlerts(this, "alerts", {
      names,
      tags,
      provider,
      subscriptions,
      retention,
      rules,
    });
    this.undelivered = readable(
      new CloudwatchMetricAlarm(this, "dead-letters", {
        alarmName: auditNames(names).alarm("dead-letters").name,
        alarmDescription:
          "An alert on IAM or STS could not be delivered and waits in the dead-letter queue of this Region. Read it there, and mend the topic.",
        namespace: "AWS/SQS",
        metricName: "ApproximateNumberOfMessagesVisible",
        dimensions: { QueueName: this.alerts.deadLetterQueue.name },
        statistic: "Maximum",
        period: FIVE_MINUTES,
        comparisonOperator: "GreaterThanOrEqualToThreshold",
        threshold: 1,
        evaluationPeriods: 1,
        treatMissingData: "notBreaching",
        alarmActions: [this.alerts.topic.arn],
        tags,
        provider,
      }),
    );
  }
}
