import { breakerStopId, readAgreements, type Agreements } from "../agreements";
import { AccessDenied, ServiceUnavailable } from "../errors";
import { controlKeys, type BreakerItem, type StopItem, type SwitchItem } from "../ledger";
import type { Clock, Store, StoreReads } from "../ports";
import { grantsInFlight, type GrantInFlight } from "./in-flight";
import { LAYERS, type LayerName, type LayerState } from "./layers";
import { readStop } from "./records";

/** What a look at a stopped system needs: tables, and the services' own word on each layer. */
export interface StandingPorts {
  readonly store: StoreReads & Pick<Store, "due">;
  readonly layers: () => Promise<Readonly<Record<LayerName, { read(): Promise<LayerState> }>>>;
  readonly clock: Pick<Clock, "now">;
}

/** Something that was asked for and could not be read, and why. */
export interface Unread {
  readonly unread: string;
}

export type SwitchStanding =
  | Unread
  | { readonly state: "running" }
  | ({ readonly state: "stopped"; readonly agreements?: Agreements } & Partial<
      Pick<StopItem, "stopId" | "kind" | "stoppedAt" | "stoppedBy" | "reason">
    >);

export type BreakerStanding =
  | Unread
  | { readonly state: "ok" }
  | { readonly state: "tripped"; readonly id?: string; readonly trippedAt?: string; readonly agreements?: Agreements };

/** How a system stands: what stops it, what is on its way, who agreed. */
export interface Standing {
  readonly switch: SwitchStanding;
  readonly breaker: BreakerStanding;
  readonly layers: readonly ({ readonly layer: LayerName } & (LayerState | Unread))[];
  readonly inFlight: readonly GrantInFlight[] | Unread;
}

/** Reads how a system stands. What one may not read, or what is not there, does not keep the rest from being read. */
export async function readStanding(ports: StandingPorts): Promise<Standing> {
  const { store, clock } = ports;
  const [pull, trip, layers, inFlight] = await Promise.all([
    readable(() => switchStanding(store)),
    readable(() => breakerStanding(store)),
    readable(() => ports.layers()),
    readable(() => grantsInFlight(store, clock)),
  ]);
  return {
    switch: pull,
    breaker: trip,
    layers: await Promise.all(
      LAYERS.map(async (layer) => ({
        layer,
        ...("unread" in layers ? layers : await readable(() => layers[layer].read())),
      })),
    ),
    inFlight,
  };
}

async function readable<T>(read: () => Promise<T>): Promise<T | Unread> {
  try {
    return await read();
  } catch (error) {
    return { unread: wordsOf(error) };
  }
}

/** What a service said when it refused or could not answer, in its own words. */
export function wordsOf(error: unknown): string {
  const { cause } = error as { readonly cause?: unknown };
  const isOurs = error instanceof AccessDenied || error instanceof ServiceUnavailable;
  const told = isOurs && cause instanceof Error ? cause : error;
  if (!(told instanceof Error)) return String(told);
  const { code } = told as { readonly code?: unknown };
  return [told.name, typeof code === "string" ? code : "", told.message].filter((word) => word !== "").join(": ");
}

async function switchStanding(store: StoreReads): Promise<SwitchStanding> {
  const item = ((await store.get("control", controlKeys.switch())) ?? {}) as Partial<SwitchItem>;
  if (item.state === "running") return { state: "running" };
  const { stopId, stoppedAt, stoppedBy, reason } = item;
  if (stopId === undefined) return { state: "stopped", stoppedAt, stoppedBy, reason };
  const stop = await readStop(store, stopId);
  const agreements = await readAgreements(store, stopId);
  return { state: "stopped", stopId, kind: stop?.kind, stoppedAt, stoppedBy, reason, agreements };
}

async function breakerStanding(store: StoreReads): Promise<BreakerStanding> {
  const item = ((await store.get("control", controlKeys.breaker())) ?? {}) as Partial<BreakerItem>;
  if (item.state === "ok") return { state: "ok" };
  if (item.trippedAt === undefined) return { state: "tripped" };
  const id = breakerStopId(item.trippedAt);
  return { state: "tripped", id, trippedAt: item.trippedAt, agreements: await readAgreements(store, id) };
}
