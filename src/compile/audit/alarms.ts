import { GATEWAY_STAGE } from "../../core";
import type { Names } from "../names";
import { auditNames } from "./names";

/** A metric counted in the lines of a log group. */
export interface LogMetric {
  /** Part of the filter's name and its construct id. */
  readonly id: string;
  readonly log:
    { readonly kind: "handler"; readonly handler: string } | { readonly kind: "approvals-access" | "gateway-access" };
  readonly pattern: string;
  readonly metric: string;
}

/** A metric as CloudWatch names it. */
export interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions?: Readonly<Record<string, string>>;
  readonly statistic: "Maximum" | "Sum";
}

/** Something that a person should be told of. */
export interface Alarm {
  /** Public: the alarm is called after it. */
  readonly id: string;
  /** What it means and what to do, in the notification. */
  readonly description: string;
  /** Summed up, where there are several. */
  readonly metrics: readonly Metric[];
  readonly periodSeconds: number;
  /** Periods in a row that must be so. */
  readonly periods?: number;
  /** It rings at this value and above, or where there was nothing at all. */
  readonly rings: { readonly from: number } | "absent";
}

/** What a stack has that can be watched. */
export interface Watched {
  readonly names: Names;
  /** Handlers with a log group in the stack. */
  readonly handlers: readonly string[];
  /** Whether API Gateway writes an access log. */
  readonly gatewayAccessLog: boolean;
  /** Whether the approvals API is in the stack, with its access log. */
  readonly approvalsAccessLog: boolean;
  /** Days within which a reconciliation must have succeeded, where the stack reconciles. */
  readonly reconcileWithinDays: number;
  /** Whether what the rules hear is imported into Security Hub. */
  readonly importsFindings: boolean;
}

const FIVE_MINUTES = 300;
const QUARTER_OF_AN_HOUR = 900;
const DAY = 86_400;

/** The longest that an alarm with periods of a day looks back. @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html (read 2026-11-25) */
const LONGEST_LOOK_DAYS = 7;

/** Metrics that one alarm can add up. @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html (read 2026-11-25) */
const MAX_METRICS = 10;

/**
 * Calls of the approvals API without a token that its authorizer takes, in five minutes, from which on somebody is trying. A page that was open
 * too long makes one, and signs in again.
 */
const TOKENS_REFUSED = 20;

/** What functions log that has an alarm of its own. Every other line of level `ERROR` counts as a failure. */
const TOLD: readonly {
  readonly event: string;
  readonly handler: string;
  /** Says it too, where the first one died before it did. */
  readonly orBy?: string;
  readonly alarm: string;
  readonly metric: string;
  readonly description: string;
}[] = [
  {
    event: "approvals-expiring",
    handler: "sweeper",
    alarm: "approvals-expiring",
    metric: "ApprovalsExpiring",
    description:
      "Changes wait for an approval that is about to expire. Remind the groups: what expires is not written.",
  },
  {
    event: "breaker-tripped",
    handler: "gateway",
    orBy: "sweeper",
    alarm: "breaker-tripped",
    metric: "BreakerTripped",
    description:
      "So many writes that nothing is written any more. Look for the cause in the ledger before two operators reset the breaker.",
  },
  {
    event: "decision-refused",
    handler: "approvals",
    alarm: "decisions-refused",
    metric: "DecisionsRefused",
    description:
      "Somebody tried to decide on a change that is not theirs, has moved or is over. The ledger holds who, under `refusal#`.",
  },
  {
    event: "discrepancy-found",
    handler: "reconcile",
    alarm: "drift-found",
    metric: "DriftFound",
    description:
      "Ledger, HRIS and source of truth disagree. Read the run's report; a write without a grant comes first.",
  },
  {
    event: "evidence-diverges",
    handler: "evidence",
    alarm: "evidence-diverges",
    metric: "EvidenceDiverges",
    description:
      "What lies in the bucket of evidence does not go on from where the chain stands. Nothing is kept until that is understood: `verify-evidence` names the place.",
  },
  {
    event: "grant-without-change",
    handler: "gateway",
    alarm: "grant-without-change",
    metric: "GrantsWithoutChange",
    description:
      "The gateway was shown a grant that no request stands behind. Stop the system and look for who opened it.",
  },
  {
    event: "write-reverted",
    handler: "sweeper",
    alarm: "write-reverted",
    metric: "WritesReverted",
    description:
      "The HRIS took back what was written. Ask the HR system's owner which rule did it before it is asked for again.",
  },
];

/** The heartbeat of a reconciliation: a run that looked at everything. */
const HEARTBEAT = { event: "reconciled", handler: "reconcile", metric: "Reconciled" } as const;

/** Functions that nobody waits for, or that everybody does: what they throw is seen nowhere else. */
const CRITICAL = [
  "announce",
  "approvals",
  "broker",
  "evidence",
  "gateway",
  "intake",
  "kill-switch",
  "reconcile",
  "reversal",
  "sweeper",
];

/** Every metric that is counted in logs. */
export function compileLogMetrics({ handlers, gatewayAccessLog, approvalsAccessLog }: Watched): readonly LogMetric[] {
  const counted = (id: string, handler: string, pattern: string, metric: string): LogMetric[] =>
    handlers.includes(handler) ? [{ id, log: { kind: "handler", handler }, pattern: `{ ${pattern} }`, metric }] : [];
  const others = TOLD.map(({ event }) => ` && $.event != "${event}"`).join("");
  return [
    ...handlers.flatMap((handler) =>
      counted(`errors-${handler}`, handler, `$.level = "ERROR"${others}`, "HandlerErrors"),
    ),
    ...TOLD.flatMap(({ alarm, handler, orBy, event, metric }) => [
      ...counted(alarm, handler, `$.event = "${event}"`, metric),
      ...(orBy === undefined ? [] : counted(`${alarm}-${orBy}`, orBy, `$.event = "${event}"`, metric)),
    ]),
    ...counted("reconciled", HEARTBEAT.handler, `$.event = "${HEARTBEAT.event}"`, HEARTBEAT.metric),
    ...counted("grants-refused", "gateway", `$.event = "grant-refused"`, "GrantsRefused"),
    ...(approvalsAccessLog
      ? [
          {
            id: "tokens-refused",
            log: { kind: "approvals-access" as const },
            pattern: `{ $.status = "401" }`,
            metric: "TokensRefused",
          },
        ]
      : []),
    ...(gatewayAccessLog
      ? [
          {
            id: "gateway-calls-denied",
            log: { kind: "gateway-access" as const },
            pattern: `{ $.status = "403" }`,
            metric: "GatewayCallsDenied",
          },
        ]
      : []),
  ];
}

/** Every alarm of a stack. All of them go to the audit's topic. */
export function compileAlarms(watched: Watched): readonly Alarm[] {
  const { names, handlers } = watched;
  const { metricNamespace, deadLetterQueue } = auditNames(names);
  const own = (name: string): Metric => ({ namespace: metricNamespace, name, statistic: "Sum" });
  const queue = (name: string, QueueName: string): Metric => ({
    namespace: "AWS/SQS",
    name,
    dimensions: { QueueName },
    statistic: "Maximum",
  });
  const machine = (name: string, arn = names.stateMachine.arn): Metric => ({
    namespace: "AWS/States",
    name,
    dimensions: { StateMachineArn: arn },
    statistic: "Sum",
  });
  const critical = CRITICAL.filter((handler) => handlers.includes(handler)).slice(0, MAX_METRICS);
  const deniedCalls: Metric = watched.gatewayAccessLog
    ? own("GatewayCallsDenied")
    : {
        namespace: "AWS/ApiGateway",
        name: "4XXError",
        dimensions: { ApiName: `${names.prefix}-gateway`, Stage: GATEWAY_STAGE },
        statistic: "Sum",
      };
  return [
    {
      id: "dead-letters",
      description:
        "An event, an alert or a batch of evidence could not be taken and is told of in a dead-letter queue. Read it, mend the cause; move events back.",
      metrics: [
        names.deadLetterQueue,
        names.busDeadLetterQueue,
        deadLetterQueue,
        ...(handlers.includes("evidence") ? [names.evidenceDeadLetterQueue] : []),
      ].map(({ name }) => queue("ApproximateNumberOfMessagesVisible", name)),
      periodSeconds: FIVE_MINUTES,
      rings: { from: 1 },
    },
    {
      id: "intake-stuck",
      description:
        "Events wait for intake for a quarter of an hour. Look at intake's errors and at its queue's mapping.",
      metrics: [queue("ApproximateAgeOfOldestMessage", names.intakeQueue.name)],
      periodSeconds: FIVE_MINUTES,
      rings: { from: QUARTER_OF_AN_HOUR },
    },
    {
      id: "handler-errors",
      description:
        "A function logged an error. The line's `handler` and `event` say what; docs of the events say what to do.",
      metrics: [own("HandlerErrors")],
      periodSeconds: FIVE_MINUTES,
      rings: { from: 1 },
    },
    {
      id: "functions-failed",
      description: "A function threw or ran out of time. Look at its log; the sweeper ends what was cut off.",
      metrics: critical.map((handler) => ({
        namespace: "AWS/Lambda",
        name: "Errors",
        dimensions: { FunctionName: `${names.prefix}-${handler}` },
        statistic: "Sum",
      })),
      periodSeconds: FIVE_MINUTES,
      rings: { from: 1 },
    },
    {
      id: "workflow-failed",
      description:
        "An execution failed, timed out or was stopped. The sweeper ends its changes as the ledger shows them.",
      metrics: [machine("ExecutionsAborted"), machine("ExecutionsFailed"), machine("ExecutionsTimedOut")],
      periodSeconds: FIVE_MINUTES,
      rings: { from: 1 },
    },
    {
      id: "gateway-calls-denied",
      description:
        "A call was turned away at the field gateway. A connector of ours is never denied: look for whose session it was in the access log.",
      metrics: [deniedCalls],
      periodSeconds: FIVE_MINUTES,
      rings: { from: 1 },
    },
    ...(watched.approvalsAccessLog
      ? [
          {
            id: "tokens-refused",
            description:
              "Many calls of the approvals API with no token, or one that is forged, expired or for something else. Its access log says from where (`sourceIp`) and what was wrong (`authorizerError`).",
            metrics: [own("TokensRefused")],
            periodSeconds: FIVE_MINUTES,
            rings: { from: TOKENS_REFUSED },
          },
        ]
      : []),
    ...(watched.importsFindings
      ? [
          {
            id: "findings-not-imported",
            description:
              "Security Hub did not take what a rule heard; the topic was told. See whether it is on in this Region, and why the execution failed.",
            metrics: ["ExecutionsAborted", "ExecutionsFailed", "ExecutionsTimedOut"].map((name) =>
              machine(name, auditNames(names).findings.arn),
            ),
            periodSeconds: FIVE_MINUTES,
            rings: { from: 1 },
          },
        ]
      : []),
    ...(handlers.includes("evidence")
      ? [
          {
            id: "evidence-late",
            description:
              "The ledger's stream has waited a quarter of an hour to be kept as evidence. It holds a day: look at the log of `evidence` before that is over.",
            metrics: [
              {
                namespace: "AWS/Lambda",
                name: "IteratorAge",
                dimensions: { FunctionName: names.function("evidence").name },
                statistic: "Maximum" as const,
              },
            ],
            periodSeconds: FIVE_MINUTES,
            rings: { from: QUARTER_OF_AN_HOUR * 1000 },
          },
        ]
      : []),
    ...TOLD.filter(({ handler }) => handlers.includes(handler)).map(({ alarm, metric, description }): Alarm => ({
      id: alarm,
      description,
      metrics: [own(metric)],
      periodSeconds: FIVE_MINUTES,
      rings: { from: 1 },
    })),
    ...(handlers.includes(HEARTBEAT.handler)
      ? [
          {
            id: "reconciliation-missing",
            description:
              "No reconciliation has looked at everything in its time. Start one, and look at why the last one ended.",
            metrics: [own(HEARTBEAT.metric)],
            periodSeconds: DAY,
            periods: Math.min(watched.reconcileWithinDays, LONGEST_LOOK_DAYS),
            rings: "absent" as const,
          },
        ]
      : []),
  ];
}
