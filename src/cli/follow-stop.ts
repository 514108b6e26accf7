import { parseInstant } from "../core";
import type { OperatorPorts } from "../runtime/aws/operator";
import { AccessDenied, ServiceUnavailable } from "../runtime/errors";
import { LAYERS } from "../runtime/kill-switch/layers";
import { readSteps } from "../runtime/kill-switch/records";
import { wordsOf } from "../runtime/kill-switch/standing";
import type { StopStepItem } from "../runtime/ledger";

/** What a stop has to take, fastest first. */
const STOP_LAYERS = ["switch", ...LAYERS] as const;
type StopLayer = (typeof STOP_LAYERS)[number];

/** One layer of a stop, and when it was taken. */
export interface LayerTaken {
  readonly layer: StopLayer;
  /** ISO 8601 UTC; absent while it was not. */
  readonly at?: string;
  /** Milliseconds since the kill switch was started, both by AWS's clocks. */
  readonly latencyMs?: number;
  /** How it stood then, by the service's own word. */
  readonly shown?: string;
}

/** How far a stop has come. */
export interface StopProgress {
  readonly layers: readonly LayerTaken[];
  /** Whether the machine looked at every layer and found that it holds. */
  readonly holds: boolean;
  /** Of the machine's execution: `RUNNING`, `SUCCEEDED`, …; `unknown` where it cannot be seen. */
  readonly execution: string;
  /** Why it is not known how far it came, where that is so. */
  readonly unread?: string;
}

/** Milliseconds between two looks. */
const LOOK_EVERY_MS = 1_000;

/**
 * Follows a stop until every layer holds, its execution has ended, or the time is over. A layer is told of once, when it was taken.
 */
export async function followStop(
  ports: OperatorPorts,
  { stopId, execution, isDrill, waitMs }: { stopId: string; execution: string; isDrill: boolean; waitMs: number },
  tell: (layer: LayerTaken) => void,
): Promise<StopProgress> {
  const until = ports.clock.now() + waitMs;
  const told = new Set<string>();
  let progress = nothingYet(isDrill);
  for (;;) {
    progress = await look(ports, stopId, execution, isDrill).catch((error: unknown) => {
      // A service that does not answer now does not end the watch: the stop goes on.
      if (error instanceof ServiceUnavailable) return progress;
      throw error;
    });
    for (const layer of progress.layers) {
      if (layer.at === undefined || told.has(layer.layer)) continue;
      told.add(layer.layer);
      tell(layer);
    }
    const goesOn = progress.execution === "RUNNING" || progress.execution === "unknown";
    if (progress.holds || !goesOn || ports.clock.now() >= until) return progress;
    await ports.clock.sleep(LOOK_EVERY_MS);
  }
}

/** A drill leaves what runs alone. */
function layersOf(isDrill: boolean): readonly StopLayer[] {
  return STOP_LAYERS.filter((layer) => !(isDrill && layer === "executions"));
}

function nothingYet(isDrill: boolean): StopProgress {
  return { layers: layersOf(isDrill).map((layer) => ({ layer })), holds: false, execution: "unknown" };
}

async function look(ports: OperatorPorts, stopId: string, name: string, isDrill: boolean): Promise<StopProgress> {
  const [steps, execution] = await Promise.all([
    refused(() => readSteps(ports.store, stopId)),
    refused(() => ports.machine.look(name)),
  ]);
  const known: readonly StopStepItem[] = "unread" in steps ? [] : steps.read;
  const startedAtMs = "unread" in execution ? undefined : execution.read?.startedAtMs;
  const ofStop = known.filter(({ action }) => action === "stop");
  const status = "unread" in execution ? "unknown" : (execution.read?.status ?? "unknown");
  const isBlind = "unread" in steps;
  return {
    layers: layersOf(isDrill).map((layer) => {
      const step = ofStop.find((each) => each.step === layer);
      if (step === undefined) return { layer };
      const latencyMs = startedAtMs === undefined ? undefined : (parseInstant(step.at) ?? Number.NaN) - startedAtMs;
      const shown = layer === "switch" ? "no write begins any more" : step.shown;
      return { layer, at: step.at, latencyMs, shown };
    }),
    // The machine ends well only when everything holds.
    holds: ofStop.some(({ step }) => step === "held") || (isBlind && status === "SUCCEEDED"),
    execution: status,
    ...("unread" in steps ? { unread: steps.unread } : {}),
  };
}

/** What was read; what refused the read, in its words. Any other failure is thrown. */
async function refused<T>(read: () => Promise<T>): Promise<{ readonly read: T } | { readonly unread: string }> {
  try {
    return { read: await read() };
  } catch (error) {
    if (!(error instanceof AccessDenied)) throw error;
    return { unread: wordsOf(error) };
  }
}
