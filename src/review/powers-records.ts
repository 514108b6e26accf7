import { textOf } from "./body";
import { asksOf, NOBODY, ownArn, power, type Power } from "./power";
import type { Ask } from "./asking";
import { sorted, type System } from "./system";

const CHANGE_LOGS = [
  "AssociateKmsKey",
  "DeleteDataProtectionPolicy",
  "DeleteLogGroup",
  "DeleteLogStream",
  "DeleteMetricFilter",
  "DeleteRetentionPolicy",
  "DeleteSubscriptionFilter",
  "DisassociateKmsKey",
  "PutDataProtectionPolicy",
  "PutLogGroupDeletionProtection",
  "PutMetricFilter",
  "PutRetentionPolicy",
  "PutSubscriptionFilter",
  "PutTransformer",
] as const;
const CHANGE_TRAIL = ["DeleteTrail", "PutEventSelectors", "PutInsightSelectors", "StopLogging", "UpdateTrail"] as const;
const CHANGE_ALARM = [
  "DeleteAlarms",
  "DisableAlarmActions",
  "PutAlarmMuteRule",
  "PutCompositeAlarm",
  "PutMetricAlarm",
  "SetAlarmState",
] as const;
const CHANGE_SCHEDULE = ["CreateSchedule", "DeleteSchedule", "UpdateSchedule"] as const;

/** What hands on the logs of a state machine. AWS knows no resource for these. @see https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html (read 2026-11-29) */
const DELIVER_LOGS = ["CreateLogDelivery", "DeleteLogDelivery", "PutResourcePolicy", "UpdateLogDelivery"] as const;

/** Roles of state machines. */
const MACHINES = ["findings", "kill-switch-workflow", "reconciler-workflow", "workflow"] as const;

/** What people look at, and what wakes them: logs, the trail, alarms, findings, and the schedules without which nobody looks. */
export function recordPowers(system: System): Power[] {
  const { stack } = system;
  const named = (type: string, argument: string, service: string, prefix: string): string[] =>
    stack.resources(type).flatMap(({ body }) => {
      const name = textOf(body, argument);
      return name === undefined ? [] : [ownArn(system, service, `${prefix}${name}`)];
    });
  const groups = named("aws_cloudwatch_log_group", "name", "logs", "log-group:");
  const records = [
    ...asksOf("logs", CHANGE_LOGS, [...groups, ...groups.map((group) => `${group}:log-stream:any`)]),
    ...asksOf("cloudtrail", CHANGE_TRAIL, named("aws_cloudtrail", "name", "cloudtrail", "trail/")),
  ];
  const alarms = [
    ...named("aws_cloudwatch_metric_alarm", "alarm_name", "cloudwatch", "alarm:"),
    ...named("aws_cloudwatch_composite_alarm", "alarm_name", "cloudwatch", "alarm:"),
  ];
  const schedules = named("aws_scheduler_schedule", "name", "scheduler", "schedule/default/");
  return [
    power(
      "import-findings",
      "import findings into Security Hub, where people look",
      asksOf(
        "securityhub",
        ["BatchImportFindings"],
        [ownArn(system, "securityhub", `product/${stack.accountId}/default`)],
      ),
      { allowed: ["findings"], invariants: [2] },
    ),
    power("destroy-records", "remove logs or stop the trail", records, { allowed: NOBODY, invariants: [2] }),
    power("deliver-logs", "say where logs of state machines go", asksOf("logs", DELIVER_LOGS, ["*"]), {
      allowed: MACHINES,
      invariants: [2],
    }),
    power("silence-alarms", "silence or remove alarms", asksOf("cloudwatch", CHANGE_ALARM, alarms), {
      allowed: NOBODY,
      invariants: [2],
    }),
    power("feed-alarms", "put numbers that alarms of the stack look at", feeding(system), {
      allowed: NOBODY,
      invariants: [2],
    }),
    power(
      "change-schedules",
      "change schedules",
      asksOf("scheduler", CHANGE_SCHEDULE, [...schedules, ownArn(system, "scheduler", "schedule/default/any-other")]),
      { allowed: NOBODY, invariants: [2] },
    ),
  ];
}

/** The stack's own numbers come from its logs: nobody puts them by a call. */
function feeding({ stack }: System): Ask[] {
  const namespaces = stack
    .resources("aws_cloudwatch_metric_alarm")
    .flatMap(({ body }) => textOf(body, "namespace") ?? [])
    .filter((namespace) => !namespace.startsWith("AWS/"));
  return sorted(namespaces).flatMap((namespace) =>
    asksOf("cloudwatch", ["PutMetricData"], ["*"], { "cloudwatch:namespace": namespace }),
  );
}
