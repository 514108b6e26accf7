import { GATEWAY_STAGE } from "../../core";
import type { Names } from "../names";
import type { Alarm } from "./alarms";
import { auditNames } from "./names";

/** Columns of CloudWatch's grid. */
const WIDTH = 24;
const HEIGHT = 6;

/**
 * A dashboard that an operator keeps open: what rings, what waits, what is written, what was refused, and the last lines that say why.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html (read 2026-11-25)
 */
export function compileDashboard(names: Names, alarms: readonly Alarm[]): object {
  const { alarm, metricNamespace, deadLetterQueue } = auditNames(names);
  const { region } = names;
  const graph = (title: string, metrics: readonly (readonly unknown[])[], stat = "Sum") => ({
    type: "metric",
    properties: { title, region, metrics, stat, period: 300, view: "timeSeries" },
  });
  const counted = (metric: string): readonly unknown[] => [metricNamespace, metric];
  const queue = (metric: string, name: string): readonly unknown[] => ["AWS/SQS", metric, "QueueName", name];
  const gateway = (metric: string): readonly unknown[] => [
    "AWS/ApiGateway",
    metric,
    "ApiName",
    `${names.prefix}-gateway`,
    "Stage",
    GATEWAY_STAGE,
  ];
  const workflow = (metric: string): readonly unknown[] => [
    "AWS/States",
    metric,
    "StateMachineArn",
    names.stateMachine.arn,
  ];
  const lines = (title: string, handler: "announce" | "approvals" | "gateway", query: string) => ({
    type: "log",
    properties: {
      title,
      region,
      view: "table",
      query: `SOURCE '${names.function(handler).logGroupName}' | ${query} | sort @timestamp desc | limit 20`,
    },
  });
  const head = [
    {
      type: "text",
      width: WIDTH,
      height: 2,
      properties: {
        markdown: `**HRIS write-back \`${names.prefix}\`**: to stop it, \`hris-writeback stop\`; to start it again, two operators in the approvals API. What an alert means: docs/runbook.md.`,
      },
    },
    {
      type: "alarm",
      width: WIDTH,
      height: 4,
      properties: { title: "Alarms", alarms: alarms.map(({ id }) => alarm(id).arn) },
    },
  ];
  const widgets = [
    graph("Requests", [
      workflow("ExecutionsStarted"),
      workflow("ExecutionsSucceeded"),
      workflow("ExecutionsFailed"),
      workflow("ExecutionsAborted"),
      workflow("ExecutionsTimedOut"),
    ]),
    graph(
      "Waiting",
      [
        queue("ApproximateNumberOfMessagesVisible", names.intakeQueue.name),
        ...[names.deadLetterQueue, names.busDeadLetterQueue, deadLetterQueue].map(({ name }) =>
          queue("ApproximateNumberOfMessagesVisible", name),
        ),
      ],
      "Maximum",
    ),
    graph("Field gateway", [gateway("Count"), gateway("4XXError"), gateway("5XXError")]),
    graph("Field gateway: milliseconds", [gateway("Latency"), gateway("IntegrationLatency")], "p95"),
    graph("Refused", [counted("GatewayCallsDenied"), counted("GrantsRefused"), counted("DecisionsRefused")]),
    graph("Somebody must look", [
      counted("HandlerErrors"),
      counted("BreakerTripped"),
      counted("WritesReverted"),
      counted("GrantsWithoutChange"),
      counted("ApprovalsExpiring"),
      counted("DriftFound"),
    ]),
    lines("How changes ended", "announce", `filter event = "change-ended" | fields @timestamp, field, outcome, reason`),
    lines(
      "Refused by the gateway",
      "gateway",
      `filter event = "grant-refused" | fields @timestamp, field, code, grantId`,
    ),
  ];
  let y = 0;
  const placed = head.map((widget) => {
    const at = { ...widget, x: 0, y };
    y += widget.height;
    return at;
  });
  const columns = 2;
  const width = WIDTH / columns;
  return {
    widgets: [
      ...placed,
      ...widgets.map((widget, index) => ({
        ...widget,
        x: (index % columns) * width,
        y: y + Math.floor(index / columns) * HEIGHT,
        width,
        height: HEIGHT,
      })),
    ],
  };
}
