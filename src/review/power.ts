import type { Ask } from "./asking";
import type { Settled } from "./contexts";
import type { Invariant } from "./finding";
import type { System } from "./system";

/** Something that a principal may be able to do, and who may. */
export interface Power {
  /** Public and stable, as in `read-writer-credential`. */
  readonly id: string;
  /** As in "read the writer credential": completes "may". */
  readonly title: string;
  /** Who may, by the tag `writeback:principal`. Nobody else of the stack may. */
  readonly allowed: readonly string[];
  readonly invariants: readonly Invariant[];
  /** The power is held where any of these requests is allowed. */
  readonly asks: readonly Ask[];
  /**
   * Whether the resource's own policy must keep it from every other principal of the account, whatever that one's identity policies
   * say: not only from those of the stack.
   */
  readonly guarded?: true;
}

/** A power by its id, as in `power("open-grants", "open grants", …)`. */
export function power(
  id: string,
  title: string,
  asks: readonly Ask[],
  rest: Omit<Power, "id" | "title" | "asks">,
): Power {
  return { id, title, asks, ...rest };
}

/** One request for each action of a service on each resource that is known. */
export function asksOf(
  service: string,
  actions: readonly string[],
  resources: readonly (string | undefined)[],
  settled?: Settled,
): Ask[] {
  return resources.flatMap((resource) =>
    resource === undefined
      ? []
      : actions.map((action) => ({
          action: `${service}:${action}`,
          resource,
          ...(settled === undefined ? {} : { settled }),
        })),
  );
}

/** For powers that no principal of a stack has. */
export const NOBODY: readonly string[] = [];

/** ARN of something in the stack's own account and region. */
export function ownArn({ stack }: Pick<System, "stack">, service: string, resource: string): string {
  return `arn:${stack.partition}:${service}:${stack.region}:${stack.accountId}:${resource}`;
}
