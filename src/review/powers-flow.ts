import { APPROVERS_TOPIC, OUTCOME_DETAIL_TYPE, OUTCOME_SOURCE, WAITING_DETAIL_TYPE } from "../core";
import type { Ask } from "./asking";
import { textOf } from "./body";
import { readPublishers } from "./classification";
import { arnOf } from "./identity";
import { asksOf, NOBODY, ownArn, power, type Power } from "./power";
import { sorted, type System } from "./system";

const CHANGE_QUEUE = [
  "AddPermission",
  "DeleteQueue",
  "PurgeQueue",
  "RemovePermission",
  "SetQueueAttributes",
  "StartMessageMoveTask",
] as const;
const CHANGE_RULE = ["DeleteRule", "PutRule", "PutTargets", "RemoveTargets"] as const;
const CHANGE_BUS = ["CreateArchive", "DeleteEventBus", "PutPermission", "RemovePermission", "UpdateEventBus"] as const;
const CHANGE_LOGS = [
  "DeleteLogGroup",
  "DeleteLogStream",
  "DeleteRetentionPolicy",
  "DisassociateKmsKey",
  "PutRetentionPolicy",
] as const;
const CHANGE_TOPIC = [
  "AddPermission",
  "DeleteTopic",
  "RemovePermission",
  "SetTopicAttributes",
  "Subscribe",
  "Unsubscribe",
] as const;
const CHANGE_TRAIL = ["DeleteTrail", "PutEventSelectors", "StopLogging", "UpdateTrail"] as const;

/** Who puts outcomes and findings on the bus. */
const ANNOUNCERS = ["announce", "approvals", "kill-switch", "reconciler", "sweeper", "workflow"] as const;

/** A source and a type that nothing has. */
const STRANGE_SOURCE = "another.source";
const STRANGE_TYPE = "another.type";

export function workflowPowers(system: System): Power[] {
  const machine = system.workflow?.arn;
  const execution = machine?.replace(":stateMachine:", ":execution:").concat(":some-request");
  const every = sorted([...system.machines.map(({ arn }) => arn), ...(machine === undefined ? [] : [machine])]);
  const change = [
    ...asksOf("states", ["UpdateStateMachine", "DeleteStateMachine"], every),
    ...asksOf("states", ["RedriveExecution"], [execution]),
    ...asksOf("states", ["CreateStateMachine"], [ownArn(system, "states", "stateMachine:anything")]),
  ];
  // SendTask* has neither a resource type nor a condition key.
  const results = asksOf("states", ["SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat"], ["*"]);
  return [
    power("send-task-results", "send task results", results, { allowed: ["approvals"], invariants: [2] }),
    power(
      "start-workflow",
      "start the workflow",
      asksOf("states", ["StartExecution", "StartSyncExecution"], [machine]),
      {
        allowed: ["decide", "intake", "reversal"],
        invariants: [2],
      },
    ),
    power("stop-workflow", "stop executions of the workflow", asksOf("states", ["StopExecution"], [execution]), {
      allowed: ["kill-switch", "operator"],
      invariants: [2],
    }),
    power("change-workflow", "change the workflow or another state machine, or repeat an execution", change, {
      allowed: NOBODY,
      invariants: [1, 2],
    }),
  ];
}

export function eventPowers(system: System): Power[] {
  const { bus, intakeQueues, stack } = system;
  const { sources, events } = readPublishers(system);
  const put = (source: string, type: string): Ask[] =>
    asksOf("events", ["PutEvents"], [bus], { "events:source": [source], "events:detail-type": [type] });
  const types = events.size === 0 ? [STRANGE_TYPE] : [...events.keys()];
  const lifecycle = sources.flatMap((source) => types.flatMap((type) => put(source, type)));
  const other = [
    ...put(STRANGE_SOURCE, STRANGE_TYPE),
    ...put(STRANGE_SOURCE, OUTCOME_DETAIL_TYPE),
    ...put(OUTCOME_SOURCE, STRANGE_TYPE),
  ];
  const rules = stack.resources("aws_cloudwatch_event_rule").map((rule) => arnOf(stack, rule));
  const queues = stack.resources("aws_sqs_queue").map((queue) => arnOf(stack, queue));
  const routing = [...asksOf("events", CHANGE_RULE, rules), ...asksOf("events", CHANGE_BUS, [bus])];
  return [
    power("publish-lifecycle-events", "publish lifecycle events", lifecycle, { allowed: NOBODY, invariants: [2] }),
    power("put-outcome-events", "put outcome events", put(OUTCOME_SOURCE, OUTCOME_DETAIL_TYPE), {
      allowed: ANNOUNCERS,
      invariants: [2],
    }),
    power("put-waiting-events", "say on the bus that a request waits", put(OUTCOME_SOURCE, WAITING_DETAIL_TYPE), {
      allowed: ["notifier"],
      invariants: [2],
    }),
    power("put-other-events", "put events of any source or type", other, { allowed: NOBODY, invariants: [2] }),
    power("send-to-intake", "send to the queue that intake reads", asksOf("sqs", ["SendMessage"], intakeQueues), {
      allowed: NOBODY,
      invariants: [2],
    }),
    power("read-queued-events", "read queued events", asksOf("sqs", ["ReceiveMessage", "DeleteMessage"], queues), {
      allowed: ["intake"],
      invariants: [2, 7],
    }),
    power("change-queues", "change or empty queues", asksOf("sqs", CHANGE_QUEUE, queues), {
      allowed: NOBODY,
      invariants: [2],
    }),
    power("disable-rules", "disable rules of the bus", asksOf("events", ["DisableRule"], rules), {
      allowed: ["kill-switch", "operator"],
      invariants: [2],
    }),
    power("enable-rules", "enable rules of the bus", asksOf("events", ["EnableRule"], rules), {
      allowed: ["approvals", "kill-switch"],
      invariants: [2, 6],
    }),
    power("change-event-routing", "change the bus, its rules or their targets", routing, {
      allowed: NOBODY,
      invariants: [2],
    }),
  ];
}

/** Topics whose messages call people to the approvals page: whoever could send one could call them elsewhere. */
export function topicPowers({ stack }: System): Power[] {
  const topics = stack
    .resources("aws_sns_topic")
    .filter(({ body }) => textOf(body, "name")?.includes(APPROVERS_TOPIC) === true)
    .map((topic) => arnOf(stack, topic));
  return [
    power("tell-approvers", "send messages to people who approve", asksOf("sns", ["Publish"], topics), {
      allowed: ["notifier"],
      invariants: [2],
    }),
    power("change-approver-topics", "change who is told of what waits", asksOf("sns", CHANGE_TOPIC, topics), {
      allowed: NOBODY,
      invariants: [2],
    }),
  ];
}

export function recordPowers(system: System): Power[] {
  const { stack } = system;
  const named = (type: string, service: string, prefix: string): string[] =>
    stack.resources(type).flatMap(({ body }) => {
      const name = textOf(body, "name");
      return name === undefined ? [] : [ownArn(system, service, `${prefix}${name}`)];
    });
  const records = [
    ...asksOf("logs", CHANGE_LOGS, named("aws_cloudwatch_log_group", "logs", "log-group:")),
    ...asksOf("cloudtrail", CHANGE_TRAIL, named("aws_cloudtrail", "cloudtrail", "trail/")),
  ];
  const schedules = named("aws_scheduler_schedule", "scheduler", "schedule/default/");
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
    power(
      "change-schedules",
      "change schedules",
      asksOf("scheduler", ["DeleteSchedule", "UpdateSchedule"], schedules),
      {
        allowed: NOBODY,
        invariants: [2],
      },
    ),
  ];
}
