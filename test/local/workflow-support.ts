import { compileNames, compileStateMachine } from "../../src/compile";
import type { JsonValue } from "../../src/core";
import { startExecution, type Execution, type Invoke, type InvokeContext } from "../../src/local/workflow-engine";
import { manualTimers, type ManualTimers } from "../../src/local/workflow-timers";
import type { Field } from "../../src/policy/model";

export const NAMES = compileNames({ prefix: "acme", accountId: "111122223333", region: "eu-west-1" });
export const START = Date.parse("2026-11-02T09:00:00Z");
export const DAY = 86_400_000;

export const fieldOf = (fieldClass: Field["class"]): Field => ({
  class: fieldClass,
  owner: "identity",
  sourceOfTruth: "directory",
  events: ["joiner.provisioned"],
  hrisField: "invented",
  sourceField: "invented",
  writeOnce: false,
});
export const ASL = compileStateMachine(
  { fields: { work_email: fieldOf("safe"), account_id: fieldOf("safe"), manager: fieldOf("conditional") } },
  NAMES,
);

export type Answer = (payload: Record<string, JsonValue>, context: InvokeContext) => unknown;

/** An error as a handler throws it. */
export function failure(name: string): Error {
  return Object.assign(new Error(`an invented ${name}`), { name });
}

export function inspection(route: string, rest: object = {}): object {
  const base = {
    version: 1,
    route,
    class: "safe",
    verdict: "write",
    reason: "SafeField",
    outcome: "none",
    digest: "d-1",
  };
  return { ...base, approvalTimeoutSeconds: route === "approve" ? 3600 : 0, ...rest };
}

export const written = (status: string, rest: object = {}): object => ({
  version: 1,
  status,
  reason: "Written",
  outcome: "applied",
  retryAfterSeconds: 0,
  ...rest,
});

/** Handlers that write whatever is asked, unless a test says otherwise. */
export function answers(
  fields: readonly string[],
  overrides: Readonly<Record<string, Answer>> = {},
): Record<string, Answer> {
  return {
    decide: ({ requestId }) => ({ version: 1, requestId, changes: fields.map((field, index) => ({ index, field })) }),
    inspect: () => inspection("write"),
    "request-approval": () => ({}),
    broker: () => written("ended"),
    announce: ({ requestId, index, field, write }) => ({
      version: 1,
      requestId,
      index,
      field,
      outcome: (write as { outcome?: string } | undefined)?.outcome ?? "denied",
      reason: "Invented",
    }),
    ...overrides,
  };
}

export interface Call {
  readonly handler: string;
  readonly state: string;
  readonly payload: Record<string, JsonValue>;
}

/** Calls an answer as Lambda calls a function: what it throws comes back as a rejection. */
export function call(
  answer: Answer | undefined,
  payload: Record<string, JsonValue>,
  context: InvokeContext,
): Promise<unknown> {
  return Promise.resolve().then(() => answer?.(payload, context));
}

/** Runs one request on a clock that a test moves. */
export function start(
  fields: readonly string[],
  overrides: Readonly<Record<string, Answer>> = {},
  asl: unknown = ASL,
): {
  readonly execution: Execution;
  readonly calls: readonly Call[];
  readonly tokens: readonly string[];
  readonly timers: ManualTimers;
} {
  const table = answers(fields, overrides);
  const calls: Call[] = [];
  const tokens: string[] = [];
  const invoke: Invoke = (arn, rawPayload, context) => {
    const handler = arn.split(":function:acme-")[1] ?? arn;
    const payload = rawPayload as Record<string, JsonValue>;
    calls.push({ handler, state: context.state, payload });
    if (context.taskToken !== undefined) tokens.push(context.taskToken);
    return call(table[handler], payload, context);
  };
  const timers = manualTimers(START);
  const execution = startExecution({
    asl,
    name: "r-1",
    input: { version: 1, requestId: "r-1" },
    invoke,
    timers,
    random: () => 1,
  });
  return { execution, calls, tokens, timers };
}

/** The states that an item went through. */
export const entered = (execution: Execution, item = 0): string[] =>
  execution
    .history()
    .filter((event) => event.type === "StateEntered" && event.item === item)
    .map(({ state }) => state ?? "");

/** What became of each change, in words. */
export const outcomes = async (execution: Execution): Promise<unknown> => {
  const result = await execution.result;
  if (result.status !== "SUCCEEDED") throw new Error(JSON.stringify(result));
  return (result.output as { field: string; outcome: string }[]).map(({ field, outcome }) => `${field} ${outcome}`);
};
