import { formatInstant } from "../../core";
import { controlKeys, ledgerKeys, type StopItem, type SwitchItem } from "../ledger";
import { ConditionFailed, type Clock, type Condition, type Log, type Store } from "../ports";
import { putIfAbsent } from "../records";
import { readSwitch } from "../system-state";
import { grantsInFlight } from "./in-flight";
import type { Asked } from "./input";
import { readStop, recordStep } from "./records";

interface Ports {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

/** Others may move the switch between a look and the transaction, this often. */
const TRIES = 5;

/**
 * Stops the switch, in one transaction with the record of who did and why: after it no intent commits. A stop over a stop is one of its
 * own, and what was agreed about the first does not end it. Repeated, it does nothing: also when the stop has ended meanwhile.
 */
export async function pullSwitch(ports: Ports, asked: Asked): Promise<void> {
  const { store, clock, log } = ports;
  const { stopId, kind, stoppedBy, reason } = asked;
  for (let tries = 1; (await readStop(store, stopId)) === undefined; tries += 1) {
    const now = await readSwitch(store);
    const stoppedAt = formatInstant(clock.now());
    const supersedes = now.state === "stopped" ? now.stopId : undefined;
    const stop: StopItem = {
      ...ledgerKeys.stop(stopId),
      stopId,
      kind,
      stoppedAt,
      stoppedBy,
      reason,
      ...(supersedes === undefined ? {} : { supersedes }),
    };
    const item: SwitchItem = { ...controlKeys.switch(), state: "stopped", stopId, stoppedAt, stoppedBy, reason };
    try {
      await store.write([
        putIfAbsent("ledger", stop),
        { kind: "put", table: "control", item: { ...item }, condition: unchanged(now) },
      ]);
      log.error("system-stopped", { stopId, kind });
    } catch (error) {
      if (!(error instanceof ConditionFailed) || tries >= TRIES) throw error;
    }
  }
  const held = await grantsInFlight(store, clock);
  const inFlight = held.map(({ grantId, usedAt }) => ({ grantId, isUsed: usedAt !== undefined }));
  await recordStep(ports, asked, "switch", { inFlight });
}

function unchanged({ state, stopId }: Partial<SwitchItem>): Condition {
  if (state === undefined) return { attribute: "pk", is: "absent" };
  const same: Condition =
    stopId === undefined ? { attribute: "stopId", is: "absent" } : { attribute: "stopId", is: "=", value: stopId };
  return { all: [{ attribute: "state", is: "=", value: state }, same] };
}
