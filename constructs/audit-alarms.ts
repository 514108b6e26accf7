import { CloudwatchDashboard } from "@cdktf/provider-aws/lib/cloudwatch-dashboard";
import { CloudwatchLogMetricFilter } from "@cdktf/provider-aws/lib/cloudwatch-log-metric-filter";
import { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm";
import { Construct } from "constructs";

import { auditNames, compileAlarms, compileDashboard, compileLogMetrics, type Alarm } from "../src/compile/audit";
import { readable } from "./logical-id";
import type { PartProps } from "./settings";
import { terraformJson } from "./terraform-json";

export interface AuditAlarmsProps extends PartProps {
  /** Names of the functions' log groups, by handler. */
  readonly logGroups: Readonly<Record<string, string>>;
  /** Name of the gateway's access log group. @default - the gateway writes none */
  readonly gatewayAccessLogGroup?: string;
  /** Name of the approvals API's access log group. @default - nobody counts there */
  readonly approvalsAccessLogGroup?: string;
  /** Where every alarm is told. */
  readonly topicArn: string;
  readonly reconcileWithinDays: number;
  /** @default false */
  readonly importsFindings?: boolean;
}

/** What is counted, what rings, and the page that shows both. */
export class AuditAlarms extends Construct {
  readonly alarms: Readonly<Record<string, CloudwatchMetricAlarm>>;
  readonly dashboard: CloudwatchDashboard;

  constructor(scope: Construct, id: string, props: AuditAlarmsProps) {
    super(scope, id);
    const { names, logGroups } = props;
    const ours = auditNames(names);
    const accessLogs = {
      "approvals-access": props.approvalsAccessLogGroup,
      "gateway-access": props.gatewayAccessLogGroup,
    };
    const watched = {
      names,
      handlers: Object.keys(logGroups),
      gatewayAccessLog: props.gatewayAccessLogGroup !== undefined,
      approvalsAccessLog: props.approvalsAccessLogGroup !== undefined,
      reconcileWithinDays: props.reconcileWithinDays,
      importsFindings: props.importsFindings ?? false,
    };
    for (const { id: filter, log, pattern, metric } of compileLogMetrics(watched)) {
      const logGroupName = log.kind === "handler" ? logGroups[log.handler] : accessLogs[log.kind];
      if (logGroupName === undefined) throw new Error(`${this.node.path}: no log group for the metric ${metric}`);
      readable(
        new CloudwatchLogMetricFilter(this, `count-${filter}`, {
          name: filter,
          logGroupName,
          pattern,
          metricTransformation: { namespace: ours.metricNamespace, name: metric, value: "1" },
        }),
      );
    }
    const alarms = compileAlarms(watched);
    this.alarms = Object.fromEntries(alarms.map((alarm) => [alarm.id, this.alarm(alarm, props)]));
    this.dashboard = readable(
      new CloudwatchDashboard(this, "dashboard", {
        dashboardName: ours.dashboard,
        dashboardBody: terraformJson(compileDashboard(names, alarms)),
      }),
    );
  }

  private alarm(alarm: Alarm, { names, topicArn, tags }: AuditAlarmsProps): CloudwatchMetricAlarm {
    const { id, description, metrics, periodSeconds: period, rings } = alarm;
    const isAbsent = rings === "absent";
    const [only, ...others] = metrics;
    const measured =
      only !== undefined && others.length === 0
        ? {
            namespace: only.namespace,
            metricName: only.name,
            dimensions: only.dimensions,
            statistic: only.statistic,
            period,
          }
        : {
            metricQuery: [
              {
                id: "total",
                expression: metrics.map((_, index) => `FILL(m${index}, 0)`).join(" + "),
                label: id,
                returnData: true,
              },
              ...metrics.map(({ namespace, name, dimensions, statistic }, index) => ({
                id: `m${index}`,
                metric: { namespace, metricName: name, dimensions, stat: statistic, period },
              })),
            ],
          };
    return readable(
      new CloudwatchMetricAlarm(this, id, {
        alarmName: auditNames(names).alarm(id).name,
        alarmDescription: description,
        ...measured,
        comparisonOperator: isAbsent ? "LessThanThreshold" : "GreaterThanOrEqualToThreshold",
        threshold: isAbsent ? 1 : rings.from,
        evaluationPeriods: alarm.periods ?? 1,
        // Nothing counted is nothing wrong, but for what must be there.
        treatMissingData: isAbsent ? "breaching" : "notBreaching",
        alarmActions: [topicArn],
        okActions: isAbsent ? [topicArn] : undefined,
        tags,
      }),
    );
  }
}
