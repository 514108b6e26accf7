import { DEADLINES_MS, formatInstant, parseInstant } from "../core";
import { breakerStopId } from "./agreements";
import { controlKeys, ledgerKeys, type BreakerItem, type TripItem } from "./ledger";
import { ConditionFailed, type Clock, type Log, type Store } from "./ports";
import { putOnce } from "./records";

interface TripPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long a trip is its gateway's alone to tell of, in milliseconds: nobody waits for that one any more. */
const TOLD_WITHIN_MS = DEADLINES_MS.broker;

/** Trips the breaker and tells of it, if it is not tripped already. Only two operators reset it. */
export async function tripBreaker(ports: TripPorts, grantId: string): Promise<void> {
  const trippedAt = formatInstant(ports.clock.now());
  try {
    await ports.store.write([
      {
        kind: "update",
        table: "control",
        key: controlKeys.breaker(),
        set: { state: "tripped", trippedAt },
        condition: { attribute: "state", is: "=", value: "ok" },
      },
    ]);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return;
  }
  await tell(ports, trippedAt, grantId).catch((error: unknown) => {
    // The sweeper will say it once more.
    ports.log.warn("trip-not-recorded", { grantId, code: error instanceof Error ? error.name : "Error" });
  });
}

/** Tells of a trip that its gateway has not told of in its time: it died between the two. */
export async function tellOfTrip(ports: TripPorts): Promise<void> {
  const { store, clock } = ports;
  const { state, trippedAt } = ((await store.get("control", controlKeys.breaker())) ?? {}) as Partial<BreakerItem>;
  // An item without a time was put there by Terraform, whose plan warns, in the place of one that a rule of the audit saw go.
  if (state !== "tripped" || trippedAt === undefined) return;
  if (clock.now() - (parseInstant(trippedAt) ?? 0) < TOLD_WITHIN_MS) return;
  if ((await store.get("ledger", ledgerKeys.trip(breakerStopId(trippedAt)))) !== undefined) return;
  await tell(ports, trippedAt);
}

/** The line first and its record second: whatever dies between them, it is said, and at worst once more. */
async function tell({ store, clock, log }: TripPorts, trippedAt: string, grantId?: string): Promise<void> {
  const stopId = breakerStopId(trippedAt);
  log.error("breaker-tripped", { stopId, grantId });
  const told: TripItem = { ...ledgerKeys.trip(stopId), stopId, trippedAt, toldAt: formatInstant(clock.now()) };
  await putOnce(store, told);
}
