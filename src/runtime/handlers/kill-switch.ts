import { PAYLOAD_VERSION } from "../../core";
import { fileDrill, trySwitch, type NamedState } from "../kill-switch/drill";
import { askedOf, stepSchema, type Asked } from "../kill-switch/input";
import { LAYERS, type LayerName, type Layers } from "../kill-switch/layers";
import { recordStep } from "../kill-switch/records";
import { pullSwitch } from "../kill-switch/switch";
import type { Clock, Log, Store } from "../ports";
import { readResumed, readSwitch } from "../system-state";

export interface KillSwitchPorts {
  readonly store: Store;
  readonly layers: Layers;
  readonly clock: Clock;
  readonly log: Log;
}

/** Nobody let this stop end, by the ledger. */
export class StopNotResumed extends Error {
  override readonly name = "StopNotResumed";
}

/** What the machine's states are given back. `complete` is text, as its choices compare it. */
export interface StepOutput {
  readonly version: typeof PAYLOAD_VERSION;
  readonly complete: "yes" | "no";
}

/**
 * The kill switch: one function, one step of the state machine at a time, each harmless when repeated.
 *
 * A stop pulls the switch first, after which no intent commits, and then takes the slower layers one by one. It holds against the end of
 * itself: a step that comes late, after two people let the system run again, does nothing or is undone. An undo reads in the ledger that they did before
 * it lets anything go, and holds against a new stop likewise: whatever the order, the layers end as the switch stands.
 */
export function createHandler(ports: KillSwitchPorts): (event: unknown) => Promise<Asked | StepOutput> {
  const { store, layers, log } = ports;

  return async (event) => {
    const input = stepSchema.parse(event);
    if (input.step === "begin") return askedOf(input.input, input.execution);
    const { step } = input;
    // An undo believes nobody but the ledger, at every step.
    if (input.action === "undo" && (await readResumed(store, input.stopId)) === undefined) {
      throw new StopNotResumed(`the ledger does not say that two people let the stop \`${input.stopId}\` end`);
    }
    switch (step) {
      case "switch":
        if (input.action === "stop") await pullSwitch(ports, input);
        return done("yes");
      case "resumed":
        return done("yes");
      case "verify":
        return input.action === "stop" ? verifyStopped(input) : verifyRunning(input);
      case "file": {
        const drill = await fileDrill(ports, input.stopId);
        if (drill !== undefined) log.info("drill-filed", { stopId: input.stopId, passed: drill.passed });
        return done("yes");
      }
      default:
        return input.action === "stop" ? stopLayer(step, input) : undoLayer(step, input);
    }
  };

  async function stopLayer(name: LayerName, asked: Asked): Promise<StepOutput> {
    if ((await hasEnded(asked)) || isLeft(name, asked)) return done("yes");
    await layers[name].stop(`stop ${asked.stopId}`);
    await recordStep(ports, asked, name, { shown: (await layers[name].read()).shown });
    if (await hasEnded(asked)) await letGo(name);
    return done("yes");
  }

  async function undoLayer(name: LayerName, asked: Asked): Promise<StepOutput> {
    if (!(await isRunning()) || name === "executions") return done("yes");
    await letGo(name);
    await recordStep(ports, asked, name, { shown: (await layers[name].read()).shown });
    // Somebody stopped it meanwhile, and found this layer stopped still.
    if (!(await isRunning())) await layers[name].stop(`stopped again after ${asked.stopId}`);
    return done("yes");
  }

  async function letGo(name: LayerName): Promise<void> {
    if (name !== "executions") await layers[name].undo();
  }

  /** Whether the switch and every layer hold. A drill keeps how each stood. */
  async function verifyStopped(asked: Asked): Promise<StepOutput> {
    if (await hasEnded(asked)) return done("yes");
    const states: NamedState[] = [{ layer: "switch", ...(await trySwitch(store)) }];
    for (const name of LAYERS) {
      if (!isLeft(name, asked)) states.push({ layer: name, ...(await layers[name].read()) });
    }
    const missing = states.filter(({ isStopped }) => !isStopped).map(({ layer }) => layer);
    if (missing.length === 0) await recordStep(ports, asked, "held", { layers: states });
    return told(asked, missing);
  }

  async function verifyRunning(asked: Asked): Promise<StepOutput> {
    if (!(await isRunning())) return done("yes");
    const missing: string[] = [];
    for (const name of LAYERS) {
      if (name !== "executions" && (await layers[name].read()).isStopped) missing.push(name);
    }
    return told(asked, missing);
  }

  function told({ stopId, action }: Asked, missing: readonly string[]): StepOutput {
    if (missing.length === 0) return done("yes");
    log.error("stop-incomplete", { stopId, action, layers: missing.join(",") });
    return done("no");
  }

  /** Whether this stop was let end and the system runs: two people's word, and the switch's. */
  async function hasEnded({ stopId }: Asked): Promise<boolean> {
    return (await readResumed(store, stopId)) !== undefined && (await isRunning());
  }

  async function isRunning(): Promise<boolean> {
    return (await readSwitch(store)).state === "running";
  }
}

function isLeft(name: LayerName, { executions }: Asked): boolean {
  return name === "executions" && executions === "leave";
}

function done(complete: StepOutput["complete"]): StepOutput {
  return { version: PAYLOAD_VERSION, complete };
}
