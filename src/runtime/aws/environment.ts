import { configSchema, membersOf, type Environment } from "../config";
import type { ENV } from "../../core";

/** The named members of `ENV` from this function's environment, each checked. */
export function fromEnvironment<const Name extends keyof typeof ENV>(
  env: Environment,
  ...names: readonly Name[]
): Readonly<Record<Name, string>> {
  return configSchema(...names).parse(membersOf(env)) as Readonly<Record<Name, string>>;
}
