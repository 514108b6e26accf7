import { LAYERS, type Layer, type LayerName, type Layers } from "../../src/runtime/kill-switch/layers";

/** The services that a stop takes, in memory: each layer is set or not, and who asks it looks there. */
export class MemoryLayers {
  readonly stopped = new Set<LayerName>();

  constructor(
    /** What becomes of running executions at a stop. */
    private readonly endExecutions: (cause: string) => Promise<void>,
    private readonly areExecutionsEnded: () => boolean,
  ) {}

  /** The layers as ports: `wrap` counts the calls of each. */
  ports(wrap: (layer: Layer) => Layer): Layers {
    const layer = (name: LayerName): Layer =>
      wrap({
        stop: async (cause) => {
          if (name === "executions") await this.endExecutions(cause);
          else this.stopped.add(name);
        },
        undo: () => {
          this.stopped.delete(name);
          return Promise.resolve();
        },
        read: () => {
          const isStopped = name === "executions" ? this.areExecutionsEnded() : this.stopped.has(name);
          return Promise.resolve({ isStopped, shown: `${name}: ${isStopped ? "stopped" : "not stopped"}` });
        },
      });
    return Object.fromEntries(LAYERS.map((name) => [name, layer(name)])) as unknown as Layers;
  }
}
