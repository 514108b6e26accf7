import type { App } from "cdktf";

import { PolicyError, SynthError, UsageError } from "../index";

/** Variables of an environment: what differs between deployments of an example. */
export type Inputs = Readonly<Record<string, string | undefined>>;

/** Reads an input, or takes the example's own value where it is absent or empty: every example synthesizes as it is. */
export function inputsOf(env: Inputs): (name: string, example: string) => string {
  return (name, example) => {
    const value = env[name];
    return value === undefined || value === "" ? example : value;
  };
}

/** One of a few values, or a `UsageError` that names the variable. */
export function oneOf<const Value extends string>(name: string, given: string, values: readonly Value[]): Value {
  const value = values.find((each) => each === given);
  if (value !== undefined) return value;
  throw new UsageError(`${name} is \`${given}\`; expected ${values.map((each) => `\`${each}\``).join(" or ")}`);
}

/** Reads an input that is a list, separated by commas. */
export function listOf(input: ReturnType<typeof inputsOf>): (name: string, example: string) => string[] {
  return (name, example) => input(name, example).split(",").filter(Boolean);
}

/**
 * Synthesizes an app as a program does. What is wrong with a policy or a stack is for a person to read: everything at once, and no stack
 * trace. Exit codes are those of the command line.
 */
export function run(app: (env: Inputs) => App): void {
  try {
    app(process.env).synth();
  } catch (error) {
    if (!(error instanceof PolicyError || error instanceof SynthError || error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error instanceof UsageError ? 1 : 2;
  }
}
