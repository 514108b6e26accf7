/**
 * The part of the Amazon States Language (JSONPath) that our compiler emits, as types. What is not here is not emitted, and the
 * local engine refuses it.
 *
 * @see https://states-language.net/spec.html (read 2026-11-23)
 */

/** A tree whose keys ending in `.$` take their value from a path (`$.x`, `$$.x`) or an intrinsic function. */
export type PayloadTemplate = { readonly [key: string]: TemplateValue };
export type TemplateValue = string | number | boolean | null | readonly TemplateValue[] | PayloadTemplate;

export interface Retrier {
  readonly ErrorEquals: readonly string[];
  /** Seconds before the first retry, at least 1. */
  readonly IntervalSeconds: number;
  readonly MaxAttempts: number;
  readonly BackoffRate: number;
  readonly MaxDelaySeconds: number;
  /** `FULL`: the delay is drawn between 0 and the computed one. */
  readonly JitterStrategy: "FULL";
}

export interface Catcher {
  readonly ErrorEquals: readonly string[];
  /** Where `{ Error, Cause }` goes in the state's input; `null` drops it. */
  readonly ResultPath: string | null;
  readonly Next: string;
}

/** Where a state that is not a choice goes. */
export type Onward = { readonly Next: string } | { readonly End: true };

export type TaskState = Onward & {
  readonly Type: "Task";
  readonly Comment?: string;
  /** An optimized integration: `arn:<partition>:states:::lambda:invoke`, with or without `.waitForTaskToken`. */
  readonly Resource: string;
  readonly Parameters: PayloadTemplate;
  readonly TimeoutSeconds?: number;
  readonly TimeoutSecondsPath?: string;
  readonly ResultSelector?: PayloadTemplate;
  /** Absent: the result becomes the state's output. `null`: the result is dropped. */
  readonly ResultPath?: string | null;
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly Catcher[];
};

/** A condition on the state's input. */
export type ChoiceTest =
  | { readonly Variable: string; readonly StringEquals: string }
  /** `*` stands for any characters. */
  | { readonly Variable: string; readonly StringMatches: string }
  | { readonly And: readonly ChoiceTest[] }
  | { readonly Or: readonly ChoiceTest[] };

export type ChoiceRule = ChoiceTest & { readonly Next: string };

export interface ChoiceState {
  readonly Type: "Choice";
  readonly Comment?: string;
  readonly Choices: readonly ChoiceRule[];
  readonly Default: string;
}

export type MapState = Onward & {
  readonly Type: "Map";
  readonly Comment?: string;
  readonly ItemsPath: string;
  readonly ItemSelector: PayloadTemplate;
  /** 0: as many as the service runs at once. */
  readonly MaxConcurrency: number;
  /** Absent: the items' outputs become the state's output. `null`: they are dropped. */
  readonly ResultPath?: null;
  /** `DISTRIBUTED`: an execution of its own for each item, with a history of its own. Any that fails ends them all. */
  readonly ItemProcessor: StatesScope & {
    readonly ProcessorConfig:
      { readonly Mode: "INLINE" } | { readonly Mode: "DISTRIBUTED"; readonly ExecutionType: "STANDARD" };
  };
};

export type PassState = Onward & {
  readonly Type: "Pass";
  readonly Comment?: string;
  readonly Parameters?: PayloadTemplate;
};

export type WaitState = Onward & {
  readonly Type: "Wait";
  readonly Comment?: string;
  readonly SecondsPath: string;
};

export interface FailState {
  readonly Type: "Fail";
  readonly Comment?: string;
  readonly Error: string;
  readonly Cause: string;
}

export type State = TaskState | ChoiceState | MapState | PassState | WaitState | FailState;

/** States that lead to each other: the machine's own, or one item's of a Map. */
export interface StatesScope {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

export interface StateMachineDefinition extends StatesScope {
  readonly Comment: string;
  readonly TimeoutSeconds: number;
}
