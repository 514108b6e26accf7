import * as z from "zod";

import type { ChoiceTest, State, StateMachineDefinition, TemplateValue } from "../compile/asl";

/** A definition that uses more of the language than our compiler emits. The engine refuses it rather than run it half right. */
export class UnsupportedDefinition extends Error {
  override readonly name = "UnsupportedDefinition";
}

/** A path as the compiler writes it: `$` or `$$` and plain members. */
const PATH = /^\$\$?(?:\.[A-Za-z_][A-Za-z0-9_-]*)*$/;
/** The one intrinsic function in use. */
export const MATH_ADD = /^States\.MathAdd\((\$(?:\.[A-Za-z_][A-Za-z0-9_-]*)+), (-?\d+)\)$/;

const seconds = z.int().min(1).max(99_999_999);
const inputPath = z
  .string()
  .regex(PATH, "expected a plain path")
  .refine((path) => !path.startsWith("$$"), "expected a path of the input");
const name = z.string().min(1).max(80);

const template: z.ZodType<TemplateValue> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(template), templateObject]),
);
const templateObject = z.record(z.string(), template).superRefine((members, context) => {
  for (const [key, value] of Object.entries(members)) {
    if (key.endsWith(".$") && !(typeof value === "string" && (PATH.test(value) || MATH_ADD.test(value)))) {
      context.addIssue({
        code: "custom",
        path: [key],
        message: "expected a plain path or States.MathAdd of a path and a number",
      });
    }
  }
});

const retrier = z.strictObject({
  ErrorEquals: z.array(z.string()).min(1),
  IntervalSeconds: seconds,
  MaxAttempts: z.int().min(0),
  BackoffRate: z.number().min(1),
  MaxDelaySeconds: seconds,
  JitterStrategy: z.literal("FULL"),
});
const catcher = z.strictObject({
  ErrorEquals: z.array(z.string()).min(1),
  ResultPath: inputPath.nullable(),
  Next: name,
});

/** `Next` or `End`, held together by `checkOnward`. */
const onward = { Next: name.optional(), End: z.literal(true).optional() };
const comment = { Comment: z.string().optional() };

function checkOnward(state: { readonly Next?: string | undefined; readonly End?: true | undefined }): boolean {
  return (state.Next === undefined) !== (state.End === undefined);
}
const ONWARD = "expected either Next or End";

const task = z
  .strictObject({
    Type: z.literal("Task"),
    ...comment,
    Resource: z
      .string()
      .regex(/^arn:aws[a-z-]*:states:::lambda:invoke(\.waitForTaskToken)?$/, "expected Lambda's integration"),
    Parameters: z
      .strictObject({ FunctionName: z.string(), Payload: templateObject.optional(), "Payload.$": inputPath.optional() })
      .refine(
        (parameters) => (parameters.Payload === undefined) !== (parameters["Payload.$"] === undefined),
        "expected one Payload",
      ),
    TimeoutSeconds: seconds.optional(),
    TimeoutSecondsPath: inputPath.optional(),
    ResultSelector: templateObject.optional(),
    ResultPath: inputPath.nullable().optional(),
    Retry: z.array(retrier).optional(),
    Catch: z.array(catcher).optional(),
    ...onward,
  })
  .refine(checkOnward, ONWARD)
  .refine(
    (state) => state.TimeoutSeconds === undefined || state.TimeoutSecondsPath === undefined,
    "expected one time-out",
  );

const test: z.ZodType<ChoiceTest> = z.lazy(() =>
  z.union([
    z.strictObject({ Variable: inputPath, StringEquals: z.string() }),
    // A text and one star at its end: all that the compiler writes.
    z.strictObject({
      Variable: inputPath,
      StringMatches: z.string().regex(/^[^*\\]+\*$/, "expected a text and a star"),
    }),
    z.strictObject({ And: z.array(test).min(1) }),
    z.strictObject({ Or: z.array(test).min(1) }),
  ]),
);
const rule = z.looseObject({ Next: name }).transform(({ Next, ...rest }, context) => {
  const parsed = test.safeParse(rest);
  if (parsed.success) return { ...parsed.data, Next };
  context.addIssue({ code: "custom", message: "expected StringEquals, StringMatches, And or Or" });
  return z.NEVER;
});

const choice = z.strictObject({ Type: z.literal("Choice"), ...comment, Choices: z.array(rule).min(1), Default: name });
const pass = z
  .strictObject({ Type: z.literal("Pass"), ...comment, Parameters: templateObject.optional(), ...onward })
  .refine(checkOnward, ONWARD);
const wait = z
  .strictObject({ Type: z.literal("Wait"), ...comment, SecondsPath: inputPath, ...onward })
  .refine(checkOnward, ONWARD);
const fail = z.strictObject({ Type: z.literal("Fail"), ...comment, Error: z.string(), Cause: z.string() });

const state: z.ZodType<State> = z.lazy(() =>
  z.discriminatedUnion("Type", [task, choice, map, pass, wait, fail]),
) as unknown as z.ZodType<State>;
const scope = { StartAt: name, States: z.record(name, state) };
const map = z
  .strictObject({
    Type: z.literal("Map"),
    ...comment,
    ItemsPath: inputPath,
    ItemSelector: templateObject,
    MaxConcurrency: z.int().min(0),
    ResultPath: z.null().optional(),
    ItemProcessor: z.strictObject({
      ProcessorConfig: z.discriminatedUnion("Mode", [
        z.strictObject({ Mode: z.literal("INLINE") }),
        z.strictObject({ Mode: z.literal("DISTRIBUTED"), ExecutionType: z.literal("STANDARD") }),
      ]),
      ...scope,
    }),
    ...onward,
  })
  .refine(checkOnward, ONWARD);
const machine = z.strictObject({ Comment: z.string(), TimeoutSeconds: seconds, ...scope });

/**
 * Reads a definition (an object, or its JSON text as it stands in Terraform) that the engine can run exactly. Throws
 * `UnsupportedDefinition`, which names the first things that it cannot.
 */
export function parseDefinition(definition: unknown): StateMachineDefinition {
  if (typeof definition !== "object" || definition === null || !Object.isFrozen(definition)) return parse(definition);
  const known = parsed.get(definition) ?? parse(definition);
  parsed.set(definition, known);
  return known;
}

/** Definitions that were read from frozen objects: many engines may run one. */
const parsed = new WeakMap<object, StateMachineDefinition>();

function parse(definition: unknown): StateMachineDefinition {
  const result = machine.safeParse(typeof definition === "string" ? parseJson(definition) : definition);
  if (!result.success) {
    const issues = result.error.issues.slice(0, 5).map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new UnsupportedDefinition(`the definition cannot be run: ${issues.join("; ")}`);
  }
  return result.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UnsupportedDefinition("the definition is not JSON", { cause });
  }
}
