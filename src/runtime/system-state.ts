import { controlKeys, ledgerKeys, type ResumedItem, type SwitchItem } from "./ledger";
import type { StoreReads, WriteAction } from "./ports";

/** Holds in a transaction while the switch is running: where there is no item, it is not. */
export function switchRuns(): WriteAction {
  return {
    kind: "check",
    table: "control",
    key: controlKeys.switch(),
    condition: { attribute: "state", is: "=", value: "running" },
  };
}

/** Likewise for the breaker. */
export function breakerHolds(): WriteAction {
  return {
    kind: "check",
    table: "control",
    key: controlKeys.breaker(),
    condition: { attribute: "state", is: "=", value: "ok" },
  };
}

/** The switch as it stands; no item means stopped. */
export async function readSwitch(store: StoreReads): Promise<Partial<SwitchItem>> {
  return (await store.get("control", controlKeys.switch())) ?? {};
}

/** The record that two people let a stop end; `undefined` where they have not. */
export async function readResumed(store: StoreReads, stopId: string): Promise<ResumedItem | undefined> {
  return (await store.get("ledger", ledgerKeys.resumed(stopId))) as unknown as ResumedItem | undefined;
}
