import { parseInstant } from "../../core";
import type { Field, Policy } from "../../policy/model";
import type { Clock, LedgerPages, Log, SessionTrail, Store, Systems } from "../ports";
import type { RunItem } from "./records";

export interface ReconcilerPorts {
  readonly store: Store;
  readonly pages: LedgerPages;
  /** With the reader's credentials: a reconciliation cannot write. */
  readonly systems: Systems;
  readonly trail: SessionTrail;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a step works with. */
export interface World {
  readonly ports: Pick<ReconcilerPorts, "store" | "systems" | "clock" | "log">;
  readonly policy: Policy;
  readonly hrisSystem: string;
  readonly run: RunItem;
  /** Waits until another call of a system is due. */
  readonly pace: (system: string) => Promise<void>;
}

/** A system did not answer: the record is dealt with later, or counts as not read. */
export class SystemSilent extends Error {
  override readonly name = "SystemSilent";

  constructor(
    system: string,
    /** How long the system asked to wait, in seconds. */
    readonly retryAfterSeconds?: number,
  ) {
    super(`the system \`${system}\` did not answer a read`);
  }
}

/** Younger than this, only time can tell how something ends: the sweeper and the workflow are at it. In milliseconds. */
export const SETTLE_MS = 60 * 60_000;

/** How long what happened once stays a finding where nothing can undo it, and how long an unwritten change is looked for in the HRIS. */
export const REMEMBER_MS = 30 * 86_400_000;

/** The rules of a field; `undefined` where the policy has it no more. */
export function fieldOf({ policy }: Pick<World, "policy">, name: string): Field | undefined {
  return Object.hasOwn(policy.fields, name) ? policy.fields[name] : undefined;
}

/** Whether a run looks at a field. What the policy has no more is looked at by every run: nothing else would. */
export function isDue(world: Pick<World, "policy" | "run">, name: string): boolean {
  return world.run.fields.includes(name) || fieldOf(world, name)?.reconcile === undefined;
}

/** Who looks at a finding about a field: its owner and identity. */
export function ownersOf(world: Pick<World, "policy">, field?: string): readonly string[] {
  const owner = field === undefined ? undefined : fieldOf(world, field)?.owner;
  return [...new Set([...(owner === undefined ? [] : [owner]), "identity"])];
}

/** Milliseconds since the epoch; `NaN`, which is after and before nothing, where the text is no instant. */
export function instant(text: string | undefined): number {
  return parseInstant(text ?? "") ?? Number.NaN;
}

/** A pace of so many calls of each system in a second. `sleep` is the clock's. */
export function pacer(clock: Clock, callsPerSecond: number): World["pace"] {
  const gapMs = 1000 / callsPerSecond;
  const next = new Map<string, number>();
  return async (system) => {
    const nowMs = clock.now();
    const dueMs = Math.max(nowMs, next.get(system) ?? 0);
    next.set(system, dueMs + gapMs);
    if (dueMs > nowMs) await clock.sleep(Math.ceil(dueMs - nowMs));
  };
}
