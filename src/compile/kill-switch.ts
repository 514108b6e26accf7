import { LAMBDA_SERVICE_ERRORS, PAYLOAD_VERSION, RETRYABLE_ERRORS, type HandlerName } from "../core";
import type { Onward, PayloadTemplate, Retrier, State, StateMachineDefinition, TaskState } from "./asl";
import type { Names } from "./names";

/** A layer is a few calls of one service; ending many executions takes longest. */
const STEP_SECONDS = 75;

/** Seconds between two rounds: a throttled service, a mapping that is changing just now. */
const ROUND_SECONDS = 30;

/** Time in which a stop or an undo must hold everywhere, in seconds. After it the execution fails, for somebody to look. */
const PATIENCE_SECONDS = 3_600;

/** What was asked, with every step. */
const ASKED = {
  "action.$": "$.asked.action",
  "stopId.$": "$.asked.stopId",
  "kind.$": "$.asked.kind",
  "executions.$": "$.asked.executions",
  "stoppedBy.$": "$.asked.stoppedBy",
  "reason.$": "$.asked.reason",
} as const;

const RETRY: readonly Retrier[] = [
  {
    ErrorEquals: [...LAMBDA_SERVICE_ERRORS, RETRYABLE_ERRORS.serviceUnavailable].sort(),
    IntervalSeconds: 1,
    MaxAttempts: 4,
    BackoffRate: 2,
    MaxDelaySeconds: 10,
    JitterStrategy: "FULL",
  },
];

/**
 * The state machine of the kill switch, fastest first: the switch, concurrency, the connector role, intake, executions. A layer that fails
 * does not keep the next from being taken: all are looked at in the end, and what is missing is tried again in another round. An undo begins
 * with the ledger, and lets events in when everything else is there. Same names, same document.
 */
export function compileKillSwitch(names: Names): StateMachineDefinition {
  const task = (
    step: string,
    rest: Onward & Pick<TaskState, "Catch" | "ResultPath" | "ResultSelector">,
    payload: PayloadTemplate = ASKED,
    handler: HandlerName = "kill-switch",
  ): State => ({
    Type: "Task",
    Resource: `arn:${names.partition}:states:::lambda:invoke`,
    Parameters: {
      FunctionName: names.function(handler).arn,
      Payload: { version: PAYLOAD_VERSION, step, ...payload },
    },
    TimeoutSeconds: STEP_SECONDS,
    Retry: RETRY,
    ...rest,
  });
  /** One layer: whatever comes of it, on to the next. */
  const layer = (step: string, next: string): State =>
    task(step, {
      ResultPath: null,
      Catch: [{ ErrorEquals: ["States.ALL"], ResultPath: null, Next: next }],
      Next: next,
    });
  /** A drill's look at HR's records, by who may read them. Whatever comes of it: nothing is held up by it. */
  const look = (when: "stopped" | "resumed", next: string): State =>
    task(
      "look",
      { ResultPath: null, Catch: [{ ErrorEquals: ["States.ALL"], ResultPath: null, Next: next }], Next: next },
      { "stopId.$": "$.asked.stopId", when },
      "sweeper",
    );
  const verify = (next: string, otherwise: string): State =>
    task("verify", {
      ResultSelector: { "complete.$": "$.Payload.complete" },
      ResultPath: "$.verified",
      Catch: [{ ErrorEquals: ["States.ALL"], ResultPath: null, Next: otherwise }],
      Next: next,
    });
  const wait = (next: string): State => ({ Type: "Wait", SecondsPath: "$.round.waitSeconds", Next: next });
  const end: State = {
    Type: "Pass",
    Parameters: { version: PAYLOAD_VERSION, "action.$": "$.asked.action", "stopId.$": "$.asked.stopId" },
    End: true,
  };
  const complete = { Variable: "$.verified.complete", StringEquals: "yes" } as const;
  return {
    Comment:
      "Kill switch: stops in layers, each faster than the next, and undoes a stop that two operators let end. Carries who, why and which stop, never a value.",
    StartAt: "Begin",
    TimeoutSeconds: PATIENCE_SECONDS,
    States: {
      Begin: task(
        "begin",
        {
          ResultSelector: {
            asked: Object.fromEntries(
              ["action", "stopId", "kind", "executions", "stoppedBy", "reason"].map((member) => [
                `${member}.$`,
                `$.Payload.${member}`,
              ]),
            ),
            round: { waitSeconds: ROUND_SECONDS },
          },
          Next: "Which",
        },
        { "execution.$": "$$.Execution.Name", "input.$": "$" },
      ),
      Which: {
        Type: "Choice",
        Choices: [{ Variable: "$.asked.action", StringEquals: "undo", Next: "ReadResume" }],
        Default: "PullSwitch",
      },
      PullSwitch: layer("switch", "LimitConcurrency"),
      LimitConcurrency: layer("concurrency", "DenyConnector"),
      DenyConnector: layer("connector", "CloseIntake"),
      CloseIntake: layer("intake", "EndExecutions"),
      EndExecutions: layer("executions", "VerifyStopped"),
      VerifyStopped: verify("IsStopped", "WaitToStop"),
      IsStopped: {
        Type: "Choice",
        Choices: [
          { And: [complete, { Variable: "$.asked.kind", StringEquals: "drill" }], Next: "LookAtRecords" },
          { ...complete, Next: "Stopped" },
        ],
        Default: "WaitToStop",
      },
      LookAtRecords: look("stopped", "Stopped"),
      WaitToStop: wait("PullSwitch"),
      Stopped: end,
      ReadResume: task("resumed", { ResultPath: null, Next: "LookAgain" }),
      LookAgain: look("resumed", "ReleaseConnector"),
      ReleaseConnector: layer("connector", "FreeConcurrency"),
      FreeConcurrency: layer("concurrency", "OpenIntake"),
      OpenIntake: layer("intake", "VerifyRunning"),
      VerifyRunning: verify("IsRunning", "WaitToUndo"),
      IsRunning: { Type: "Choice", Choices: [{ ...complete, Next: "FileDrill" }], Default: "WaitToUndo" },
      WaitToUndo: wait("ReleaseConnector"),
      FileDrill: task("file", { ResultPath: null, Next: "Undone" }),
      Undone: end,
    },
  };
}
