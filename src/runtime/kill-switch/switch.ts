import { formatInstant } from "../../core";
import { controlKeys, ledgerKeys, type PointerItem, type StopItem, type SwitchItem } from "../ledger";
import { ConditionFailed, type Clock, type Condition, type Log, type Store } from "../ports";
import { putIfAbsent } from "../records";
import { readSwitch } from "../system-state";
import type { Asked } from "./input";
import { readStop, recordStep } from "./records";

interface Ports {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

/** Others may move the switch between a look and the transaction, this often. */
const TRIES = 5;

/** Grants that a stop's record lists at most: an item of the table ends at 400 KB. */
const MOST_GRANTS = 1_000;

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
  await recordStep(ports, asked, "switch", { inFlight: await grantsInFlight(store, clock) });
}

function unchanged({ state, stopId }: Partial<SwitchItem>): Condition {
  if (state === undefined) return { attribute: "pk", is: "absent" };
  const same: Condition =
    stopId === undefined ? { attribute: "stopId", is: "absent" } : { attribute: "stopId", is: "=", value: stopId };
  return { all: [{ attribute: "state", is: "=", value: state }, same] };
}

/** The grants that hold a worker's field now, and whether each was used: none is opened while the switch is stopped. */
async function grantsInFlight(
  store: Store,
  clock: Clock,
): Promise<readonly { readonly grantId: string; readonly isUsed: boolean }[]> {
  // Due at some time: a grant's pointer is due when its session has ended, or its write is settled.
  const everything = formatInstant(clock.now() + 366 * 86_400_000);
  const pointers = (await store.due("settle", everything, MOST_GRANTS)) as unknown as Partial<PointerItem>[];
  const grantIds = [...new Set(pointers.flatMap(({ grantId }) => grantId ?? []))];
  return Promise.all(
    grantIds.map(async (grantId) => ({
      grantId,
      isUsed: (await store.get("ledger", ledgerKeys.intent(grantId))) !== undefined,
    })),
  );
}
