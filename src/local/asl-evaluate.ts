import type { ChoiceTest, PayloadTemplate, TemplateValue } from "../compile/asl";
import type { JsonValue } from "../core";
import { MATH_ADD } from "./asl-subset";

/** An error that the workflow service raises; `errorName` is what `ErrorEquals` is matched against. */
export class WorkflowError extends Error {
  override readonly name = "WorkflowError";

  constructor(
    readonly errorName: string,
    readonly causeText: string,
  ) {
    super(`${errorName}: ${causeText}`);
  }
}

type JsonObject = { readonly [key: string]: JsonValue };

/** The value of a plain path; `States.Runtime`, which nothing catches, where it leads nowhere: as the service does it. */
export function read(path: string, input: JsonValue, context: JsonValue): JsonValue {
  const [root, ...members] = path.split(".");
  let value = root === "$$" ? context : input;
  for (const member of members) {
    const next = isJsonObject(value) && Object.hasOwn(value, member) ? value[member] : undefined;
    if (next === undefined) throw new WorkflowError("States.Runtime", `the path ${path} leads nowhere`);
    value = next;
  }
  return value;
}

/** A payload template with its paths filled in. */
export function fill(template: PayloadTemplate, input: JsonValue, context: JsonValue): JsonObject {
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) =>
      key.endsWith(".$")
        ? [key.slice(0, -2), compute(value as string, input, context)]
        : [key, fillValue(value, input, context)],
    ),
  );
}

function fillValue(value: TemplateValue, input: JsonValue, context: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map((element: TemplateValue) => fillValue(element, input, context));
  if (typeof value === "object" && value !== null) return fill(value as PayloadTemplate, input, context);
  return value;
}

function compute(expression: string, input: JsonValue, context: JsonValue): JsonValue {
  const call = MATH_ADD.exec(expression);
  if (call === null) return read(expression, input, context);
  const operand = read(call[1] ?? "", input, context);
  if (typeof operand !== "number") throw new WorkflowError("States.IntrinsicFailure", "States.MathAdd takes numbers");
  return operand + Number(call[2]);
}

/** Whether a choice's test holds. A variable that leads nowhere fails the execution. */
export function holds(test: ChoiceTest, input: JsonValue, context: JsonValue): boolean {
  if ("And" in test) return test.And.every((part) => holds(part, input, context));
  if ("Or" in test) return test.Or.some((part) => holds(part, input, context));
  const value = read(test.Variable, input, context);
  return "StringMatches" in test
    ? typeof value === "string" && value.startsWith(test.StringMatches.slice(0, -1))
    : value === test.StringEquals;
}

/** The state's input with a result put at `resultPath`: absent replaces the whole, `null` drops the result. */
export function place(input: JsonValue, resultPath: string | null | undefined, result: JsonValue): JsonValue {
  if (resultPath === null) return input;
  return put(input, (resultPath ?? "$").split(".").slice(1), result);
}

function put(value: JsonValue, members: readonly string[], result: JsonValue): JsonValue {
  const [first, ...rest] = members;
  if (first === undefined) return result;
  if (!isJsonObject(value)) {
    throw new WorkflowError(
      "States.ResultPathMatchFailure",
      "the result cannot be put into an input that is no object",
    );
  }
  return { ...value, [first]: put(value[first] ?? {}, rest, result) };
}

/** A value as it is after it travelled as JSON; `undefined` travels as `null`. */
export function overTheWire(value: unknown): JsonValue {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? null : (JSON.parse(text) as JsonValue);
}

function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
