import { formatInstant } from "../../core";
import { exactChangeOf, readGrant } from "../grants";
import { seenIn } from "../hris-write";
import { ledgerKeys, type DrillLookItem, type LookedAt, type LookItem } from "../ledger";
import type { Clock, Log, Store, Systems } from "../ports";
import { putOnce } from "../records";
import { grantsInFlight } from "./in-flight";
import { readStop } from "./records";

export interface DrillLookPorts {
  readonly store: Store;
  /** With the reader's credential. */
  readonly systems: Pick<Systems, "hris">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Records of HR that a drill looks at, at most: what is on its way comes first, then what was written last. */
const MOST_RECORDS = 25;

/** After this time a look reads no further record, in milliseconds: one may take a slow read. */
const BUDGET_MS = 30_000;

/**
 * A drill's look at HR's records, by reads alone: once when every layer holds, once when people let the system run again and no layer is
 * let go yet. It looks at the fields whose grants were open or used when the system stopped, which are the only ones that could be
 * written, and at those that were written last. Kept is which of a change's two values the HRIS shows, never a value. Of any other stop than a
 * drill, and repeated, it does nothing.
 */
export async function lookAtRecords(
  ports: DrillLookPorts,
  { stopId, when }: { readonly stopId: string; readonly when: DrillLookItem["when"] },
): Promise<void> {
  const { store, clock, log } = ports;
  if ((await readStop(store, stopId))?.kind !== "drill") return;
  const before = await readLook(store, stopId, "stopped");
  if (when === "stopped" ? before !== undefined : before === undefined) return;
  const startedMs = clock.now();
  const asked = before?.records ?? (await recordsToSee(ports));
  const records: LookedAt[] = [];
  for (const each of asked) {
    records.push({ ...each, seen: clock.now() - startedMs > BUDGET_MS ? "nothing" : await see(ports, each.grantId) });
  }
  const look: DrillLookItem = {
    ...ledgerKeys.drillLook(stopId, when),
    stopId,
    when,
    records,
    lookedAt: formatInstant(clock.now()),
  };
  await putOnce(store, look);
  log.info("drill-looked", { stopId, when, records: records.length });
}

export async function readLook(
  store: Pick<Store, "get">,
  stopId: string,
  when: DrillLookItem["when"],
): Promise<DrillLookItem | undefined> {
  return (await store.get("ledger", ledgerKeys.drillLook(stopId, when))) as unknown as DrillLookItem | undefined;
}

async function recordsToSee({ store, clock }: DrillLookPorts): Promise<Omit<LookedAt, "seen">[]> {
  const everything = formatInstant(clock.now() + 366 * 86_400_000);
  const [inFlight, looks] = await Promise.all([
    grantsInFlight(store, clock),
    store.due("second-look", everything, MOST_RECORDS),
  ]);
  const held = inFlight.map(
    ({ grantId, usedAt }) => ({ grantId, inFlight: usedAt === undefined ? "open" : "used" }) as const,
  );
  const written = (looks as unknown as LookItem[]).map(({ grantId }) => ({ grantId, inFlight: "no" }) as const);
  const known = new Set(held.map(({ grantId }) => grantId));
  return [...held, ...written.filter(({ grantId }) => !known.has(grantId))].slice(0, MOST_RECORDS);
}

/** Which of a grant's two values the HRIS shows; `nothing` where it could not be read. */
async function see(ports: DrillLookPorts, grantId: string): Promise<LookedAt["seen"]> {
  const { open: grant } = await readGrant(ports.store, grantId);
  const found = grant === undefined ? undefined : await exactChangeOf(ports, grant);
  if (grant === undefined || found === undefined) return "nothing";
  const hris = ports.systems.hris();
  const { from, to } = found.inspection;
  return seenIn(await hris.readField(found.workerId, grant.hrisField), hris, grant.hrisField, from, to);
}
