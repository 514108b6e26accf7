import { randomBytes } from "node:crypto";

import type { MapState, Retrier, StateMachineDefinition, StatesScope, TaskState } from "../compile/asl";
import type { JsonValue } from "../core";
import type { Workflow } from "../runtime/ports";
import { fill, holds, overTheWire, place, read, WorkflowError } from "./asl-evaluate";
import { parseDefinition } from "./asl-subset";
import { scaledTimers, type DelayKind, type WorkflowTimers } from "./workflow-timers";

/** What a function's call is part of. */
export interface InvokeContext {
  readonly executionName: string;
  readonly state: string;
  /** Position in the Map; absent outside of it. */
  readonly item?: number;
  /** How often this state was tried before. */
  readonly retryCount: number;
  /** Present where the task waits for it. */
  readonly taskToken?: string;
}

/** Calls a function as Lambda would. An error it throws fails the task under the error's `name`. */
export type Invoke = (functionArn: string, payload: JsonValue, context: InvokeContext) => Promise<unknown>;

export interface EngineOptions {
  /** The definition as synthesized: an object or its JSON text. */
  readonly asl: unknown;
  readonly invoke: Invoke;
  /** @default - real time */
  readonly timers?: WorkflowTimers;
  /** Draws jitter: a number from 0 up to 1. @default Math.random */
  readonly random?: () => number;
  /** @default - 32 random bytes */
  readonly newToken?: () => string;
  /** What `$$.StateMachine` and `$$.Execution` say. @default - a made-up one */
  readonly stateMachineArn?: string;
}

/** One line of an execution's history: what the service would keep and show. */
export interface HistoryEvent {
  /** From 1. */
  readonly id: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly type:
    | "ExecutionStarted"
    | "StateEntered"
    | "TaskScheduled"
    | "TaskSucceeded"
    | "TaskFailed"
    | "StateExited"
    | "ExecutionSucceeded"
    | "ExecutionFailed"
    | "ExecutionTimedOut"
    | "ExecutionAborted";
  readonly state?: string;
  /** Position in the Map; absent outside of it. */
  readonly item?: number;
  readonly input?: JsonValue;
  /** What a task was called with, its task token included. */
  readonly parameters?: JsonValue;
  readonly output?: JsonValue;
  readonly error?: string;
  readonly cause?: string;
}

export type ExecutionResult =
  | { readonly status: "SUCCEEDED"; readonly output: JsonValue }
  | { readonly status: "FAILED"; readonly error: string; readonly cause: string }
  | { readonly status: "TIMED_OUT" }
  | { readonly status: "ABORTED"; readonly cause: string };

export interface Execution {
  readonly name: string;
  readonly input: JsonValue;
  /** Settles when the execution has ended, in whatever way; rejects for a defect of the engine alone. */
  readonly result: Promise<ExecutionResult>;
  status(): "RUNNING" | ExecutionResult["status"];
  /** Everything that happened so far, in order. */
  history(): readonly HistoryEvent[];
  /** Ends the wait that this token belongs to; `gone` where it ended before or is not one of this execution's. */
  sendTaskSuccess(taskToken: string, output: unknown): "sent" | "gone";
  /** Ends the execution at once, as `StopExecution` does. What a function is doing it goes on doing. */
  stop(cause: string): void;
}

/** The workflow service for one state machine. */
export interface WorkflowEngine extends Workflow {
  execution(name: string): Execution | undefined;
  /** All executions, in the order they were started. */
  executions(): readonly Execution[];
}

/** Bytes of a state's input or output and of a payload. @see https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html (read 2026-11-23) */
const MAX_DATA_BYTES = 262_144;

/** Items that an inline Map runs at once. */
const MAX_MAP_CONCURRENCY = 40;

/** Items that a distributed Map runs at once. @see https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html (read 2026-11-28) */
const MAX_DISTRIBUTED_CONCURRENCY = 10_000;

const DEFAULT_MACHINE_ARN = "arn:aws:states:eu-west-1:111122223333:stateMachine:local";

/**
 * Runs a synthesized state machine in this process: the same definition that would be deployed, read strictly. Whatever part of the
 * language our compiler does not emit is refused at the start (`UnsupportedDefinition`) instead of being run in a way of our own.
 */
export function createWorkflowEngine(options: EngineOptions): WorkflowEngine {
  const definition = parseDefinition(options.asl);
  const executions = new Map<string, Execution>();
  return {
    start(name, input) {
      if (executions.has(name)) return Promise.resolve("already-exists");
      executions.set(name, run(definition, name, input, options));
      return Promise.resolve("started");
    },
    sendTaskSuccess(taskToken, output) {
      const sent = [...executions.values()].some(
        (execution) => execution.sendTaskSuccess(taskToken, output) === "sent",
      );
      return Promise.resolve(sent ? "sent" : "gone");
    },
    status(name) {
      const execution = executions.get(name);
      if (execution === undefined) return Promise.resolve("unknown");
      const status = execution.status();
      if (status === "RUNNING") return Promise.resolve("running");
      return Promise.resolve(status === "ABORTED" || status === "TIMED_OUT" ? "stopped" : "ended");
    },
    execution: (name) => executions.get(name),
    executions: () => [...executions.values()],
  };
}

/** Starts one execution by itself. */
export function startExecution(options: EngineOptions & { readonly name: string; readonly input: object }): Execution {
  return run(parseDefinition(options.asl), options.name, options.input, options);
}

/** Something that ends once: an execution, or the items of a Map. Whoever waits is told. */
class Life {
  private ending: Error | undefined;
  private readonly waiting = new Set<(reason: Error) => void>();

  constructor(parent?: Life) {
    parent?.waiting.add((reason) => {
      this.end(reason);
    });
  }

  end(reason: Error): void {
    if (this.ending !== undefined) return;
    this.ending = reason;
    for (const tell of this.waiting) tell(reason);
    this.waiting.clear();
  }

  /** Settles as `start`'s callbacks say, or rejects when this life ends; `start` returns what to undo in either case. */
  until<T>(start: (resolve: (value: T) => void, reject: (reason: Error) => void) => () => void): Promise<T> {
    if (this.ending !== undefined) return Promise.reject(this.ending);
    let onEnd: (reason: Error) => void = () => undefined;
    let undo: () => void = () => undefined;
    const settled = new Promise<T>((resolve, reject) => {
      onEnd = reject;
      this.waiting.add(onEnd);
      undo = start(resolve, reject);
    });
    return settled.finally(() => {
      this.waiting.delete(onEnd);
      undo();
    });
  }
}

/** Why a life ended from outside; not an error of any state. */
class Ended extends Error {
  override readonly name = "Ended";

  constructor(readonly result: Extract<ExecutionResult, { readonly status: "TIMED_OUT" | "ABORTED" }>) {
    super(`the execution is ${result.status}`);
  }
}

/** Why the items of a Map ended: another one failed. Not an error of their states, so nothing catches it. */
class SiblingFailed extends Error {
  override readonly name = "SiblingFailed";
}

/** A scope in which states run: the machine's, or one item's. */
interface Frame {
  readonly life: Life;
  readonly item?: { readonly index: number; readonly value: JsonValue };
  /** The execution of its own that a distributed Map gives an item: it knows nothing of the Map. */
  readonly child?: { readonly name: string; readonly input: JsonValue; readonly startedAt: number };
}

function run(definition: StateMachineDefinition, name: string, rawInput: object, options: EngineOptions): Execution {
  const timers = options.timers ?? scaledTimers();
  const random = options.random ?? Math.random;
  const newToken = options.newToken ?? (() => randomBytes(32).toString("base64url"));
  const machineArn = options.stateMachineArn ?? DEFAULT_MACHINE_ARN;
  const input = overTheWire(rawInput);
  const events: HistoryEvent[] = [];
  const tokens = new Map<string, (output: JsonValue) => void>();
  const life = new Life();
  const startedAt = timers.now();
  let status: ReturnType<Execution["status"]> = "RUNNING";

  const record = (type: HistoryEvent["type"], rest: Omit<HistoryEvent, "id" | "at" | "type"> = {}): void => {
    if (status === "RUNNING") events.push({ id: events.length + 1, at: timers.now(), type, ...rest });
  };

  const contextOf = (
    state: string,
    frame: Frame,
    enteredAt: number,
    retryCount: number,
    taskToken?: string,
  ): JsonValue => ({
    Execution: {
      Id: `${machineArn.replace(":stateMachine:", ":execution:")}${frame.child === undefined ? `:${name}` : `/${frame.child.name}`}`,
      Name: frame.child?.name ?? name,
      Input: frame.child?.input ?? input,
      StartTime: new Date(frame.child?.startedAt ?? startedAt).toISOString(),
    },
    State: { Name: state, EnteredTime: new Date(enteredAt).toISOString(), RetryCount: retryCount },
    StateMachine: { Id: machineArn, Name: machineArn.split(":").at(-1) ?? "" },
    ...(frame.item === undefined || frame.child !== undefined
      ? {}
      : { Map: { Item: { Index: frame.item.index, Value: frame.item.value } } }),
    ...(taskToken === undefined ? {} : { Task: { Token: taskToken } }),
  });

  const delay = (ms: number, kind: DelayKind, frame: Frame): Promise<void> =>
    frame.life.until((resolve) => timers.after(ms, kind, resolve));

  /** One call of a function and, where the task has a token, the wait for its callback. */
  const callOnce = (
    state: TaskState,
    payload: JsonValue,
    timeoutMs: number | undefined,
    call: InvokeContext,
    frame: Frame,
  ): Promise<JsonValue> =>
    frame.life.until((resolve, reject) => {
      const { taskToken } = call;
      const cancel =
        timeoutMs === undefined
          ? () => undefined
          : timers.after(timeoutMs, taskToken === undefined ? "task" : "approval", () => {
              reject(new WorkflowError("States.Timeout", "the task did not end in time"));
            });
      if (taskToken !== undefined) tokens.set(taskToken, resolve);
      Promise.resolve()
        .then(() => options.invoke(state.Parameters["FunctionName"] as string, payload, call))
        .then(
          (output) => {
            if (taskToken !== undefined) return;
            resolve({ ExecutedVersion: "$LATEST", Payload: overTheWire(output), StatusCode: 200 });
          },
          (error: unknown) => {
            reject(functionError(error));
          },
        );
      return () => {
        cancel();
        if (taskToken !== undefined) tokens.delete(taskToken);
      };
    });

  /** A task until it succeeds, is caught or fails for good. */
  const runTask = async (stateName: string, state: TaskState, from: JsonValue, frame: Frame): Promise<Step> => {
    const enteredAt = timers.now();
    const attempts = new Map<Retrier, number>();
    for (let retryCount = 0; ; retryCount += 1) {
      try {
        const taskToken = state.Resource.endsWith(".waitForTaskToken") ? newToken() : undefined;
        const context = contextOf(stateName, frame, enteredAt, retryCount, taskToken);
        const parameters = checkSize(fill(state.Parameters, from, context));
        const timeoutMs = timeoutOf(state, from, context);
        record("TaskScheduled", { state: stateName, item: frame.item?.index, parameters });
        const payload = (parameters as { readonly Payload: JsonValue }).Payload;
        const call = { executionName: name, state: stateName, item: frame.item?.index, retryCount, taskToken };
        const raw = checkSize(await callOnce(state, payload, timeoutMs, call, frame));
        record("TaskSucceeded", { state: stateName, item: frame.item?.index, output: raw });
        const result = state.ResultSelector === undefined ? raw : fill(state.ResultSelector, raw, context);
        return { output: checkSize(place(from, state.ResultPath, result)), next: nextOf(state) };
      } catch (error) {
        if (!(error instanceof WorkflowError)) throw error;
        const { errorName, causeText } = error;
        record("TaskFailed", { state: stateName, item: frame.item?.index, error: errorName, cause: causeText });
        const retrier = state.Retry?.find(({ ErrorEquals }) => matches(ErrorEquals, errorName));
        const attempt = retrier === undefined ? 0 : (attempts.get(retrier) ?? 0);
        if (retrier !== undefined && attempt < retrier.MaxAttempts) {
          attempts.set(retrier, attempt + 1);
          await delay(retryDelayMs(retrier, attempt) * random(), "retry", frame);
          continue;
        }
        const catcher = state.Catch?.find(({ ErrorEquals }) => matches(ErrorEquals, errorName));
        if (catcher === undefined) throw error;
        const caught = place(from, catcher.ResultPath, { Error: errorName, Cause: causeText });
        return { output: checkSize(caught), next: catcher.Next };
      }
    }
  };

  /** All items of a Map, so many at once; the first that fails ends the others. */
  const runMap = async (stateName: string, state: MapState, from: JsonValue, frame: Frame): Promise<Step> => {
    const enteredAt = timers.now();
    const items = read(state.ItemsPath, from, contextOf(stateName, frame, enteredAt, 0));
    if (!Array.isArray(items))
      throw new WorkflowError("States.Runtime", `the path ${state.ItemsPath} leads to no list`);
    const values = items as readonly JsonValue[];
    const isDistributed = state.ItemProcessor.ProcessorConfig.Mode === "DISTRIBUTED";
    const inner = new Life(frame.life);
    const outputs: JsonValue[] = [];
    let next = 0;
    const work = async (): Promise<void> => {
      for (let index = next++; index < values.length; index = next++) {
        const item: Frame = { life: inner, item: { index, value: values[index] ?? null } };
        const selected = checkSize(fill(state.ItemSelector, from, contextOf(stateName, item, enteredAt, 0)));
        const child = { name: `${stateName}:${name}-${index}`, input: selected, startedAt: timers.now() };
        outputs[index] = await runScope(state.ItemProcessor, selected, isDistributed ? { ...item, child } : item);
      }
    };
    const atOnce = isDistributed ? MAX_DISTRIBUTED_CONCURRENCY : MAX_MAP_CONCURRENCY;
    const most = Math.min(values.length, state.MaxConcurrency === 0 ? atOnce : state.MaxConcurrency, atOnce);
    const workers = Array.from({ length: most }, work);
    try {
      await Promise.all(workers);
    } catch (error) {
      inner.end(new SiblingFailed());
      await Promise.allSettled(workers);
      throw error;
    }
    return { output: checkSize(place(from, state.ResultPath, checkSize(outputs))), next: nextOf(state) };
  };

  const runState = async (scope: StatesScope, stateName: string, from: JsonValue, frame: Frame): Promise<Step> => {
    const state = scope.States[stateName];
    if (state === undefined) throw new WorkflowError("States.Runtime", `there is no state ${stateName}`);
    const context = contextOf(stateName, frame, timers.now(), 0);
    switch (state.Type) {
      case "Task":
        return runTask(stateName, state, from, frame);
      case "Map":
        return runMap(stateName, state, from, frame);
      case "Choice":
        return { output: from, next: state.Choices.find((rule) => holds(rule, from, context))?.Next ?? state.Default };
      case "Pass":
        return {
          output: checkSize(state.Parameters === undefined ? from : fill(state.Parameters, from, context)),
          next: nextOf(state),
        };
      case "Wait": {
        const seconds = read(state.SecondsPath, from, context);
        if (!isWholeSeconds(seconds, 0))
          throw new WorkflowError("States.Runtime", `${state.SecondsPath} is no whole number of seconds`);
        await delay(seconds * 1000, "wait", frame);
        return { output: from, next: nextOf(state) };
      }
      case "Fail":
        throw new WorkflowError(state.Error, state.Cause);
    }
  };

  const runScope = async (scope: StatesScope, from: JsonValue, frame: Frame): Promise<JsonValue> => {
    let value = from;
    for (let stateName: string | undefined = scope.StartAt; stateName !== undefined;) {
      record("StateEntered", { state: stateName, item: frame.item?.index, input: value });
      const step: Step = await runState(scope, stateName, value, frame);
      record("StateExited", { state: stateName, item: frame.item?.index, output: step.output });
      value = step.output;
      stateName = step.next;
    }
    return value;
  };

  const execute = async (): Promise<ExecutionResult> => {
    record("ExecutionStarted", { input });
    const stopClock = timers.after(definition.TimeoutSeconds * 1000, "execution", () => {
      life.end(new Ended({ status: "TIMED_OUT" }));
    });
    try {
      const output = await runScope(definition, checkSize(input), { life });
      record("ExecutionSucceeded", { output });
      return { status: "SUCCEEDED", output };
    } catch (error) {
      if (error instanceof Ended) {
        if (error.result.status === "TIMED_OUT") record("ExecutionTimedOut");
        else record("ExecutionAborted", { cause: error.result.cause });
        return error.result;
      }
      if (!(error instanceof WorkflowError)) throw error;
      record("ExecutionFailed", { error: error.errorName, cause: error.causeText });
      return { status: "FAILED", error: error.errorName, cause: error.causeText };
    } finally {
      stopClock();
    }
  };

  const result = execute().then((ended) => {
    status = ended.status;
    return ended;
  });

  return {
    name,
    input,
    result,
    status: () => status,
    history: () => [...events],
    sendTaskSuccess(taskToken, output) {
      const resume = tokens.get(taskToken);
      if (resume === undefined) return "gone";
      resume(overTheWire(output));
      return "sent";
    },
    stop(cause) {
      life.end(new Ended({ status: "ABORTED", cause }));
    },
  };
}

/** What a state hands on; without `next` the scope ends. */
interface Step {
  readonly output: JsonValue;
  readonly next: string | undefined;
}

function nextOf(state: { readonly Next?: string } | { readonly End?: true }): string | undefined {
  return "Next" in state ? state.Next : undefined;
}

/** Milliseconds that a task may take; read from the state's input, before its parameters are made. */
function timeoutOf(state: TaskState, from: JsonValue, context: JsonValue): number | undefined {
  if (state.TimeoutSecondsPath === undefined) {
    return state.TimeoutSeconds === undefined ? undefined : state.TimeoutSeconds * 1000;
  }
  const seconds = read(state.TimeoutSecondsPath, from, context);
  if (!isWholeSeconds(seconds, 1)) {
    throw new WorkflowError("States.Runtime", `${state.TimeoutSecondsPath} is no whole number of seconds above 0`);
  }
  return seconds * 1000;
}

function isWholeSeconds(value: JsonValue, least: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= 99_999_999;
}

function retryDelayMs(retrier: Retrier, attempt: number): number {
  return Math.min(retrier.IntervalSeconds * retrier.BackoffRate ** attempt, retrier.MaxDelaySeconds) * 1000;
}

/**
 * Whether a clause covers an error. `States.ALL` covers neither `States.Runtime`, which nothing covers, nor
 * `States.DataLimitExceeded`; `States.TaskFailed` covers what a task raised but a time-out.
 */
function matches(errorEquals: readonly string[], errorName: string): boolean {
  if (errorName === "States.Runtime") return false;
  if (errorEquals.includes(errorName)) return true;
  if (errorName === "States.DataLimitExceeded") return false;
  return (
    errorEquals.includes("States.ALL") || (errorEquals.includes("States.TaskFailed") && errorName !== "States.Timeout")
  );
}

function checkSize<T extends JsonValue>(value: T): T {
  if (Buffer.byteLength(JSON.stringify(value), "utf8") > MAX_DATA_BYTES) {
    throw new WorkflowError("States.DataLimitExceeded", `more than ${MAX_DATA_BYTES} bytes`);
  }
  return value;
}

/** An error as Lambda reports it. */
function functionError(error: unknown): WorkflowError {
  const errorType = error instanceof Error ? error.name : "Error";
  const errorMessage = error instanceof Error ? error.message : String(error);
  return new WorkflowError(errorType, JSON.stringify({ errorType, errorMessage }));
}
