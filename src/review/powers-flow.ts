import { APPROVERS_TOPIC, OUTCOME_DETAIL_TYPE, OUTCOME_SOURCE, WAITING_DETAIL_TYPE } from "../core";
import type { Ask } from "./asking";
import { textOf } from "./body";
import { readPublishers } from "./classification";
import { arnOf } from "./identity";
import { asksOf, NOBODY, ownArn, power, type Power } from "./power";
import { eventQueues } from "./queues";
import { sorted, type System } from "./system";

const CHANGE_QUEUE = [
  "AddPermission",
  "DeleteQueue",
  "PurgeQueue",
  "RemovePermission",
  "SetQueueAttributes",
  "StartMessageMoveTask",
] as const;
const CHANGE_TOPIC = [
  "AddPermission",
  "DeleteTopic",
  "PutDataProtectionPolicy",
  "RemovePermission",
  "SetSubscriptionAttributes",
  "SetTopicAttributes",
  "Subscribe",
  "Unsubscribe",
] as const;
const CHANGE_RULE = ["DeleteRule", "PutRule", "PutTargets", "RemoveTargets"] as const;
const CHANGE_BUS = [
  "CreateArchive",
  "DeleteEventBus",
  "DeleteResourcePolicy",
  "PutPermission",
  "PutResourcePolicy",
  "RemovePermission",
  "StartReplay",
  "UpdateEventBus",
] as const;

/** Who puts outcomes and findings on the bus. */
const ANNOUNCERS = ["announce", "approvals", "kill-switch", "reconciler", "sweeper", "workflow"] as const;

/** A source and a type that nothing has. */
const STRANGE_SOURCE = "another.source";
const STRANGE_TYPE = "another.type";

const CHANGE_MACHINE = [
  "CreateStateMachineAlias",
  "DeleteStateMachine",
  "DeleteStateMachineAlias",
  "DeleteStateMachineVersion",
  "PublishStateMachineVersion",
  "UpdateStateMachine",
  "UpdateStateMachineAlias",
] as const;

function tagOf({ principals }: System, roleArn: unknown): string | undefined {
  return principals.find(({ kind, arn }) => kind === "role" && arn === roleArn)?.tag;
}

/** A state machine, one of its versions and one of its aliases: each is started and changed by an ARN of its own. */
function withVersions(machine: string): string[] {
  return [machine, `${machine}:1`, `${machine}:any-alias`];
}

function mapRunOf(machine: string): string {
  return `${machine.replace(":stateMachine:", ":mapRun:")}/any-label:some-run`;
}

export function workflowPowers(system: System): Power[] {
  const machine = system.workflow?.arn;
  const execution = machine?.replace(":stateMachine:", ":execution:").concat(":some-request");
  const every = sorted([...system.machines.map(({ arn }) => arn), ...(machine === undefined ? [] : [machine])]);
  const change = [
    ...asksOf("states", CHANGE_MACHINE, every.flatMap(withVersions)),
    ...asksOf("states", ["RedriveExecution"], [execution]),
    ...asksOf("states", ["UpdateMapRun"], every.map(mapRunOf)),
    ...asksOf("states", ["CreateStateMachine"], [ownArn(system, "states", "stateMachine:anything")]),
  ];
  // SendTask* has neither a resource type nor a condition key.
  const results = asksOf("states", ["SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat"], ["*"]);
  const run = (...tags: string[]): string[] =>
    system.machines
      .filter((other) => other.arn !== machine && tags.includes(tagOf(system, other.roleArn) ?? ""))
      .flatMap(({ arn }) => withVersions(arn));
  const start = (machines: readonly string[]): Ask[] =>
    asksOf("states", ["StartExecution", "StartSyncExecution"], machines);
  return [
    power("start-kill-switch", "start the kill switch", start(run("kill-switch-workflow")), {
      allowed: ["approvals", "operator", "scheduler"],
      invariants: [2, 6],
    }),
    power(
      "start-looks",
      "start a reconciliation or the import of findings",
      start(run("reconciler-workflow", "findings")),
      {
        allowed: ["findings-starter", "operator", "reconciler-workflow", "scheduler"],
        invariants: [2],
      },
    ),
    power("send-task-results", "send task results", results, { allowed: ["approvals"], invariants: [2] }),
    power(
      "start-workflow",
      "start the workflow",
      asksOf("states", ["StartExecution", "StartSyncExecution"], machine === undefined ? [] : withVersions(machine)),
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
  // The evidence's dead letters name records of the ledger; a queue for something else has nothing of HR's.
  const holding = sorted([...intakeQueues, ...eventQueues(system).map(({ arn }) => arn)]);
  const another = bus === undefined ? [] : [`${bus.replace(":event-bus/", ":rule/")}/any-other`];
  const routing = [...asksOf("events", CHANGE_RULE, [...rules, ...another]), ...asksOf("events", CHANGE_BUS, [bus])];
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
    power("read-queued-events", "read queued events", asksOf("sqs", ["ReceiveMessage", "DeleteMessage"], holding), {
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
  const every = stack.resources("aws_sns_topic").map((topic) => arnOf(stack, topic));
  return [
    power("tell-approvers", "send messages to people who approve", asksOf("sns", ["Publish"], topics), {
      allowed: ["notifier"],
      invariants: [2],
    }),
    power("change-topics", "change who is told of what waits or what happens", asksOf("sns", CHANGE_TOPIC, every), {
      allowed: NOBODY,
      invariants: [2],
    }),
  ];
}
