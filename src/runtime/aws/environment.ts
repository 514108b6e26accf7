import { configSchema, membersOf, type Environment, type Member } from "../config";
import type { ENV } from "../../core";

/** The named members of `ENV` from this function's environment, each checked. */
export function fromEnvironment<const Name extends keyof typeof ENV>(
  env: Environment,
  ...names: readonly Name[]
): { readonly [N in Name]: Member<N> } {
  return configSchema(...names).parse(membersOf(env)) as { readonly [N in Name]: Member<N> };
}
