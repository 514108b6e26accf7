import { LAMBDA_SERVICE_ERRORS, parseDuration, PAYLOAD_VERSION, RETRYABLE_ERRORS } from "../core";
import type { Policy } from "../policy";
import type { Onward, PayloadTemplate, Retrier, State, StateMachineDefinition, TaskState } from "./asl";
import type { Names } from "./names";

/** What an invocation of the function may take, in seconds: it takes no new record after 200. */
export const RECONCILE_SECONDS = 290;

/** Time of a whole run, in seconds: a large ledger at the HRIS's pace. What is cut off goes on with the next execution. */
const RUN_SECONDS = 2 * 86_400;

/** A step that comes again goes on where it was: a failure, a time-out and a system that is down for a while cost nothing but time. */
const RETRY: readonly Retrier[] = [
  {
    ErrorEquals: [
      ...LAMBDA_SERVICE_ERRORS,
      RETRYABLE_ERRORS.policyInTransition,
      RETRYABLE_ERRORS.serviceUnavailable,
    ].sort(),
    IntervalSeconds: 5,
    MaxAttempts: 8,
    BackoffRate: 2,
    MaxDelaySeconds: 900,
    JitterStrategy: "FULL",
  },
  {
    ErrorEquals: ["States.Timeout"],
    IntervalSeconds: 5,
    MaxAttempts: 3,
    BackoffRate: 2,
    MaxDelaySeconds: 60,
    JitterStrategy: "FULL",
  },
];

/**
 * The state machine of the reconciliation: begins a run, or goes on with the one that was cut off; reads the ledger in parts, `concurrency` of
 * them at a time, each in an execution of its own that comes back until its part is at the end; reads CloudTrail's records of sessions; ends the
 * run. Ids and counts travel through it, never a value.
 */
export function compileReconciliation(names: Names, concurrency: number): StateMachineDefinition {
  const task = (
    step: string,
    payload: PayloadTemplate,
    rest: Onward & Pick<TaskState, "ResultPath" | "ResultSelector">,
  ): State => ({
    Type: "Task",
    Resource: `arn:${names.partition}:states:::lambda:invoke`,
    Parameters: {
      FunctionName: names.function("reconcile").arn,
      Payload: { version: PAYLOAD_VERSION, step, ...payload },
    },
    TimeoutSeconds: RECONCILE_SECONDS + 15,
    Retry: RETRY,
    ...rest,
  });
  const progress = {
    ResultSelector: { "status.$": "$.Payload.status", "waitSeconds.$": "$.Payload.waitSeconds" },
    ResultPath: "$.progress",
  };
  /** A step again and again until it is done, each time after the wait that it asks for. */
  const until = (step: string, payload: PayloadTemplate, [read, isDone, wait, next]: readonly string[]) => ({
    [read ?? ""]: task(step, payload, { ...progress, Next: isDone ?? "" }),
    [isDone ?? ""]: {
      Type: "Choice" as const,
      Choices: [{ Variable: "$.progress.status", StringEquals: "done", Next: next ?? "" }],
      Default: wait ?? "",
    },
    [wait ?? ""]: { Type: "Wait" as const, SecondsPath: "$.progress.waitSeconds", Next: read ?? "" },
  });
  const run = { "runId.$": "$.run.runId" };
  return {
    Comment:
      "Reconciliation: holds the ledger against the HRIS, the sources of truth and CloudTrail, by reads alone. Carries ids and counts, never a value.",
    StartAt: "Begin",
    TimeoutSeconds: RUN_SECONDS,
    States: {
      Begin: task(
        "begin",
        { "execution.$": "$$.Execution.Name", "input.$": "$" },
        {
          ResultSelector: { run: { "runId.$": "$.Payload.runId", "parts.$": "$.Payload.parts" } },
          Next: "Parts",
        },
      ),
      Parts: {
        Type: "Map",
        ItemsPath: "$.run.parts",
        ItemSelector: { version: PAYLOAD_VERSION, ...run, "part.$": "$$.Map.Item.Value.part" },
        MaxConcurrency: concurrency,
        ResultPath: null,
        ItemProcessor: {
          ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
          StartAt: "ReadPart",
          States: {
            ...until("part", { "runId.$": "$.runId", "part.$": "$.part" }, [
              "ReadPart",
              "IsPartRead",
              "WaitForSystem",
              "PartRead",
            ]),
            PartRead: {
              Type: "Pass",
              Parameters: { version: PAYLOAD_VERSION, "part.$": "$.part" },
              End: true,
            },
          },
        },
        Next: "ReadSessions",
      },
      ...until("sessions", run, ["ReadSessions", "AreSessionsRead", "WaitForTrail", "Finish"]),
      Finish: task("finish", run, {
        ResultSelector: {
          version: PAYLOAD_VERSION,
          "runId.$": "$.Payload.runId",
          "opened.$": "$.Payload.opened",
          "closed.$": "$.Payload.closed",
          "forHumans.$": "$.Payload.forHumans",
        },
        End: true,
      }),
    },
  };
}

const HOUR_MS = 3_600_000;

/** How often to look, as EventBridge Scheduler writes it: as often as the field that asks for it most, between an hour and a day. */
export function reconciliationRate({ fields }: Pick<Policy, "fields">): string {
  const cadences = Object.values(fields).flatMap(({ reconcile }) => parseDuration(reconcile?.every ?? "") ?? []);
  const hours = Math.floor(Math.min(24 * HOUR_MS, ...cadences) / HOUR_MS);
  if (hours >= 24) return "rate(1 day)";
  return hours <= 1 ? "rate(1 hour)" : `rate(${hours} hours)`;
}
