import { formatInstant } from "../../core";
import {
  ledgerKeys,
  type DrillItem,
  type DrillLookItem,
  type IntentItem,
  type StopItem,
  type StopSwitchItem,
} from "../ledger";
import { ConditionFailed, type Clock, type Store } from "../ports";
import { putOnce } from "../records";
import { readResumed, switchRuns } from "../system-state";
import type { LayerState } from "./layers";
import { readLook } from "./drill-look";
import { readSteps, readStop } from "./records";

/** A layer's name and how it stood. */
export type NamedState = LayerState & { readonly layer: string };

/** Whether a transaction that demands a running switch, as every intent's does, is refused. Tried, not read. */
export async function trySwitch(store: Store): Promise<LayerState> {
  try {
    await store.write([switchRuns()]);
    return { isStopped: false, shown: "a transaction that demands a running switch passed" };
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return { isStopped: true, shown: "a transaction that demands a running switch was refused" };
  }
}

/**
 * Files what a drill showed: that every layer held, that two people let the system run again, that no grant which was open when the
 * switch stopped was used before they did, and that HR's records show what they showed. Nothing else can begin a write, since no grant is opened meanwhile. Repeated, it files nothing.
 */
export async function fileDrill(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  stopId: string,
): Promise<DrillItem | undefined> {
  const [stop, resumed, steps] = await Promise.all([
    readStop(store, stopId),
    readResumed(store, stopId),
    readSteps(store, stopId),
  ]);
  if (stop?.kind !== "drill" || resumed === undefined) return undefined;
  const ofStop = steps.filter(({ action }) => action === "stop");
  const { inFlight = [] } = (ofStop.find(({ step }) => step === "switch") ?? {}) as Partial<StopSwitchItem>;
  const held = ofStop.find(({ step }) => step === "held") as { readonly layers?: readonly NamedState[] } | undefined;
  const layers = held?.layers ?? [];
  const usedWhileStopped = await usedBetween(store, inFlight, stop, resumed.resumedAt);
  const records = compareLooks(await readLook(store, stopId, "stopped"), await readLook(store, stopId, "resumed"));
  const isWritten = records?.changed.some(({ how }) => how === "written") === true;
  const drill: DrillItem = {
    ...ledgerKeys.drill(stopId),
    stopId,
    stoppedAt: stop.stoppedAt,
    stoppedBy: stop.stoppedBy,
    reason: stop.reason,
    layers,
    grantsInFlight: inFlight.length,
    usedWhileStopped,
    ...(records === undefined ? {} : { records }),
    agreed: resumed.agreed,
    resumedAt: resumed.resumedAt,
    passed:
      layers.length > 0 && layers.every(({ isStopped }) => isStopped) && usedWhileStopped.length === 0 && !isWritten,
    filedAt: formatInstant(clock.now()),
  };
  await putOnce(store, drill);
  return (await store.get("ledger", ledgerKeys.drill(stopId))) as unknown as DrillItem;
}

/** Grants that were not used when the switch stopped, and were before it ran again. */
async function usedBetween(
  store: Store,
  inFlight: StopSwitchItem["inFlight"],
  { stoppedAt }: StopItem,
  resumedAt: string,
): Promise<readonly string[]> {
  const used = await Promise.all(
    inFlight.map(async ({ grantId, isUsed }) => {
      if (isUsed) return [];
      const intent = (await store.get("ledger", ledgerKeys.intent(grantId))) as unknown as IntentItem | undefined;
      return intent !== undefined && intent.intendedAt >= stoppedAt && intent.intendedAt < resumedAt ? [grantId] : [];
    }),
  );
  return used.flat();
}

/**
 * What two looks at HR's records come to; nothing where one is missing. What was on its way when the system stopped may land after the first
 * look. HR works on while a drill is held: what shows neither of a change's values by then was changed by somebody else.
 */
function compareLooks(
  before: DrillLookItem | undefined,
  after: DrillLookItem | undefined,
): NonNullable<DrillItem["records"]> | undefined {
  if (before === undefined || after === undefined) return undefined;
  const later = new Map(after.records.map(({ grantId, seen }) => [grantId, seen]));
  const changed: { grantId: string; how: "written" | "by-hr" | "settled" }[] = [];
  let unchanged = 0;
  let unread = 0;
  for (const { grantId, seen, inFlight } of before.records) {
    const now = later.get(grantId) ?? "nothing";
    // Neither of the two values, twice: they may be two.
    if (seen === "nothing" || now === "nothing" || (seen === "other" && now === "other")) unread += 1;
    else if (seen === now) unchanged += 1;
    else if (now === "to") changed.push({ grantId, how: inFlight === "used" ? "settled" : "written" });
    else changed.push({ grantId, how: "by-hr" });
  }
  return { unchanged, unread, changed };
}
