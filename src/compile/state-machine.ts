import {
  DEADLINES_MS,
  LAMBDA_DEATHS,
  LAMBDA_SERVICE_ERRORS,
  MAX_ATTEMPTS,
  PAYLOAD_VERSION,
  parseDuration,
  RETRYABLE_ERRORS,
  REVERSAL_ID_PREFIX,
  type HandlerName,
  type Outcome,
} from "../core";
import type { Policy } from "../policy/model";
import { MAX_CHANGES } from "../policy/request";
import type {
  Catcher,
  ChoiceRule,
  ChoiceTest,
  Onward,
  PayloadTemplate,
  Retrier,
  State,
  StateMachineDefinition,
  StatesScope,
  TaskState,
} from "./asl";
import type { Names } from "./names";

/** What the workflow needs of a policy: classes, and how long approvals may take. */
export type WorkflowPolicy = Pick<Policy, "fields">;

export interface StateMachineOptions {
  /**
   * Seconds before the first retry of every task, at least 1, for tests against an engine that really waits.
   * @default - the intervals that suit production
   */
  readonly retryIntervalSeconds?: number;
}

/** The longest time of an execution of a Standard workflow. @see https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html (read 2026-11-23) */
const MAX_EXECUTION_SECONDS = 31_536_000;

/** Iterations that an inline Map runs at once. @see https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html (read 2026-11-23) */
const INLINE_MAP_CONCURRENCY = 40;

/** Seconds that a function other than the broker may take: several reads of remote systems, each with its own deadline. */
const READ_TASK_SECONDS = 120;

/** The approval of a `safe` field that is raised to `conditional` waits this long: DESIGN section 2. */
const RAISED_APPROVAL_SECONDS = 86_400;

/**
 * Beyond the approval: a day for each wait between attempts that the HRIS asks for (the broker's longest), half of one for each attempt
 * that first finds the HRIS down, two for an apply of the policy that stays half done, one for everything else.
 */
const MARGIN_SECONDS = (MAX_ATTEMPTS - 1 + MAX_ATTEMPTS / 2 + 2 + 1) * 86_400;

/**
 * The workflow of a policy as Amazon States Language (JSONPath): `Decide`, then one scope per change in the Map `Changes`.
 *
 * Only references and codes travel: every task's result passes a selector that names the members it keeps, so that a value a
 * handler might return by mistake goes no further. `Route` lets a change reach `Write` without an approval for those fields only
 * that it lists by name. Same policy and names, same document.
 */
export function compileStateMachine(
  policy: WorkflowPolicy,
  names: Names,
  options: StateMachineOptions = {},
): StateMachineDefinition {
  const steps = stepsOf(names, options);
  return {
    Comment:
      "Governed HRIS write-back: decide once per request; inspect, approve and write each change by itself. Carries references and codes, never a value.",
    StartAt: "Decide",
    TimeoutSeconds: executionTimeoutSeconds(policy),
    States: {
      Decide: steps.decide,
      Changes: {
        Type: "Map",
        Comment: "One scope per change. A scope ends in Announce or Unannounced, so that no change stops another.",
        ItemsPath: "$.changes",
        ItemSelector: {
          version: PAYLOAD_VERSION,
          "requestId.$": "$.requestId",
          "index.$": "$$.Map.Item.Value.index",
          "field.$": "$$.Map.Item.Value.field",
          attempt: { count: 1 },
        },
        MaxConcurrency: 0,
        ItemProcessor: { ProcessorConfig: { Mode: "INLINE" }, ...compileChangeScope(policy, steps) },
        End: true,
      },
    },
  };
}

/** The ARNs of the functions that a workflow invokes, sorted: what its role needs `lambda:InvokeFunction` on. */
export function functionsInvokedBy(machine: StatesScope): string[] {
  return [...new Set(functionsOf(machine))].sort();
}

function functionsOf(scope: StatesScope): string[] {
  return Object.values(scope.States).flatMap((state) => {
    if (state.Type === "Map") return functionsOf(state.ItemProcessor);
    return state.Type === "Task" ? [state.Parameters["FunctionName"] as string] : [];
  });
}

/** The way of one change. */
function compileChangeScope(policy: WorkflowPolicy, steps: Steps): StatesScope {
  return {
    StartAt: "Inspect",
    States: {
      Inspect: steps.inspect("first", "Route"),
      Route: {
        Type: "Choice",
        Comment:
          "Without an approval only the policy's safe fields reach Write, each by its name, and no reversal does.",
        Choices: [
          { ...route("approve"), Next: "RequestApproval" },
          { Variable: "$.requestId", StringMatches: `${REVERSAL_ID_PREFIX}*`, Next: "Announce" },
          ...directWrite(policy),
        ],
        Default: "Announce",
      },
      RequestApproval: steps.requestApproval,
      InspectAgain: steps.inspect("again", "RouteAgain"),
      RouteAgain: {
        Type: "Choice",
        Comment: "The approval on record fits the change as it is now, or nothing is written.",
        Choices: [{ ...route("write"), Next: "Write" }, ...endings("denied", "expired")],
        Default: "Announce",
      },
      Write: steps.write,
      RouteWrite: {
        Type: "Choice",
        Choices: [{ Variable: "$.write.status", StringEquals: "retry", Next: "WaitForRetry" }],
        Default: "Announce",
      },
      WaitForRetry: { Type: "Wait", SecondsPath: "$.write.retryAfterSeconds", Next: "NextAttempt" },
      NextAttempt: {
        Type: "Pass",
        Comment: "A new attempt begins with a clean scope: the last one used nothing.",
        Parameters: {
          version: PAYLOAD_VERSION,
          ...CHANGE_REFERENCE,
          attempt: { "count.$": "States.MathAdd($.attempt.count, 1)" },
        },
        Next: "InspectAgain",
      },
      Announce: steps.announce,
      Unannounced: {
        Type: "Pass",
        Comment: "The outcome event could not be put. What happened is in the ledger, and the sweeper says so later.",
        Parameters: {
          version: PAYLOAD_VERSION,
          ...CHANGE_REFERENCE,
          outcome: "unknown",
          reason: "Unannounced",
        },
        End: true,
      },
    },
  };
}

/** Which change, in a payload built from the scope. */
const CHANGE_REFERENCE = { "requestId.$": "$.requestId", "index.$": "$.index", "field.$": "$.field" } as const;

function route(to: "approve" | "write"): ChoiceTest & { readonly Variable: string } {
  return { Variable: "$.inspection.route", StringEquals: to };
}

/** Rules for outcomes that end a change, each an edge of its own: whatever else is not a write ends by the default, in the same state. */
function endings(...outcomes: readonly Outcome[]): ChoiceRule[] {
  return outcomes.map((outcome) => ({
    Variable: "$.inspection.outcome",
    StringEquals: outcome,
    Next: "Announce",
  }));
}

/** The rule that leads from Route to Write; none where the policy has no safe field. */
function directWrite(policy: WorkflowPolicy): ChoiceRule[] {
  const tests = Object.keys(policy.fields)
    .filter((field) => policy.fields[field]?.class === "safe")
    .sort()
    .map((field): ChoiceTest => ({ Variable: "$.field", StringEquals: field }));
  const [only] = tests;
  if (only === undefined) return [];
  return [{ And: [route("write"), tests.length === 1 ? only : { Or: tests }], Next: "Write" }];
}

type Steps = ReturnType<typeof stepsOf>;

/** The tasks, by what they are for. */
function stepsOf(names: Names, options: StateMachineOptions) {
  const retry = retriersOf(options);

  /** A synchronous call of one function, keeping of its output the members named. */
  const invoke = (
    handler: HandlerName,
    payload: PayloadTemplate | "$",
    keep: readonly string[],
    rest: Onward & Pick<TaskState, "ResultPath" | "Retry" | "Catch"> & { readonly TimeoutSeconds: number },
  ): State => ({
    Type: "Task",
    Resource: `arn:${names.partition}:states:::lambda:invoke`,
    Parameters: {
      FunctionName: names.function(handler).arn,
      ...(payload === "$" ? { "Payload.$": "$" } : { Payload: payload }),
    },
    ResultSelector: Object.fromEntries(keep.map((member) => [`${member}.$`, `$.Payload.${member}`])),
    ...rest,
  });

  return {
    decide: invoke(
      "decide",
      { "version.$": "$.version", "requestId.$": "$.requestId" },
      ["version", "requestId", "changes"],
      {
        TimeoutSeconds: READ_TASK_SECONDS,
        Retry: retry.decide,
        // Caught by nothing: a redrive begins at the state that failed, and that must be this one.
        Next: "Changes",
      },
    ),
    inspect: (phase: "first" | "again", next: string): State =>
      invoke(
        "inspect",
        { version: PAYLOAD_VERSION, ...CHANGE_REFERENCE, phase },
        ["version", "route", "class", "verdict", "reason", "outcome", "digest", "approvalTimeoutSeconds"],
        {
          TimeoutSeconds: READ_TASK_SECONDS,
          ResultPath: "$.inspection",
          Retry: retry.idempotent,
          Catch: [ANNOUNCE_FAILURE],
          Next: next,
        },
      ),
    requestApproval: {
      Type: "Task",
      Comment: "Waits for the callback. Whatever it says, the decision is read again from the ledger.",
      Resource: `arn:${names.partition}:states:::lambda:invoke.waitForTaskToken`,
      Parameters: {
        FunctionName: names.function("request-approval").arn,
        Payload: {
          version: PAYLOAD_VERSION,
          ...CHANGE_REFERENCE,
          "digest.$": "$.inspection.digest",
          "approvalTimeoutSeconds.$": "$.inspection.approvalTimeoutSeconds",
          "taskToken.$": "$$.Task.Token",
          "enteredAt.$": "$$.State.EnteredTime",
          "retryCount.$": "$$.State.RetryCount",
        },
      },
      TimeoutSecondsPath: "$.inspection.approvalTimeoutSeconds",
      ResultPath: null,
      Retry: retry.waiting,
      Catch: [{ ErrorEquals: WAIT_ENDS, ResultPath: null, Next: "InspectAgain" }, ANNOUNCE_FAILURE],
      Next: "InspectAgain",
    } satisfies State,
    write: invoke(
      "broker",
      {
        version: PAYLOAD_VERSION,
        ...CHANGE_REFERENCE,
        "digest.$": "$.inspection.digest",
        "attempt.$": "$.attempt.count",
      },
      ["version", "status", "reason", "outcome", "retryAfterSeconds"],
      {
        TimeoutSeconds: DEADLINES_MS.task / 1000,
        ResultPath: "$.write",
        Retry: retry.write,
        Catch: [ANNOUNCE_FAILURE],
        Next: "RouteWrite",
      },
    ),
    announce: invoke("announce", "$", ["version", "requestId", "index", "field", "outcome", "reason"], {
      TimeoutSeconds: READ_TASK_SECONDS,
      Retry: retry.idempotent,
      Catch: [{ ErrorEquals: ["States.ALL"], ResultPath: "$.failure", Next: "Unannounced" }],
      End: true,
    }),
  };
}

/** How the service names a task that took longer than it may. */
const TIMEOUT = "States.Timeout";

/**
 * How a wait for people ends without them. No heartbeat is asked for, since people send none (decision 0059); a wait that is given one
 * by an override ends like one that took too long, in a second look that finds no approval.
 */
const WAIT_ENDS = ["States.HeartbeatTimeout", TIMEOUT] as const;

const ANNOUNCE_FAILURE: Catcher = { ErrorEquals: ["States.ALL"], ResultPath: "$.failure", Next: "Announce" };

/**
 * Retries with exponential back-off and full jitter: a throttled service takes seconds, an apply of the policy minutes, an HRIS under
 * maintenance hours. An apply that fails half way takes until someone repeats it, so the wait for it goes on for a day in the mean: twice
 * as long at most, by the jitter. A system that does not answer is waited for over a night: a joiner's change that ended for its sake
 * would not come again by itself. A function that died in the middle is called again: it goes on where the ledger stands. Write repeats only what
 * Lambda's service raises: the attempt maps to one grant, so that a repeated call finds the first one's.
 *
 * Once decided, changes look less often: each retry leaves three events in the history, all changes of a request share one, and 25,000
 * events end an execution.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html (read 2026-11-23)
 */
function retriersOf(options: StateMachineOptions): Record<"decide" | "idempotent" | "waiting" | "write", Retrier[]> {
  const retrier = (
    errors: readonly string[],
    intervalSeconds: number,
    maxAttempts: number,
    maxDelaySeconds: number,
  ): Retrier => {
    const interval = options.retryIntervalSeconds ?? intervalSeconds;
    return {
      ErrorEquals: errors,
      IntervalSeconds: interval,
      MaxAttempts: maxAttempts,
      BackoffRate: 2,
      MaxDelaySeconds: Math.max(options.retryIntervalSeconds === undefined ? maxDelaySeconds : 0, interval + 1),
      JitterStrategy: "FULL",
    };
  };
  const { policyInTransition, ...outages } = RETRYABLE_ERRORS;
  const transition = (maxAttempts: number, maxDelaySeconds: number): Retrier =>
    retrier([policyInTransition], 5, maxAttempts, maxDelaySeconds);
  const others = [
    retrier(Object.values(outages).sort(), 5, 30, 1_800),
    retrier([...LAMBDA_SERVICE_ERRORS].sort(), 2, 6, 60),
  ];
  const died = (more: readonly string[]): Retrier => retrier([...LAMBDA_DEATHS, ...more].sort(), 2, 3, 60);
  return {
    decide: [transition(582, 300), ...others, died([TIMEOUT])],
    idempotent: [transition(56, 3_600), ...others, died([TIMEOUT])],
    // Its time-out is that of the approval.
    waiting: [transition(56, 3_600), ...others, died([])],
    write: [retrier([...LAMBDA_SERVICE_ERRORS].sort(), 2, 3, 10)],
  };
}

/**
 * The longest useful life of an execution: all waits for approval in as many rounds as the Map needs for the most changes, each
 * with a margin. At most a year, the service's own limit.
 */
function executionTimeoutSeconds(policy: WorkflowPolicy): number {
  const approvals = Object.values(policy.fields).map((field) =>
    field.approval === undefined ? 0 : Math.ceil((parseDuration(field.approval.expires) ?? 0) / 1000),
  );
  const longest = Math.max(RAISED_APPROVAL_SECONDS, ...approvals);
  const rounds = Math.ceil(MAX_CHANGES / INLINE_MAP_CONCURRENCY);
  return Math.min(rounds * (longest + MARGIN_SECONDS), MAX_EXECUTION_SECONDS);
}
