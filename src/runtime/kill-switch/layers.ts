/**
 * What a stop does besides the switch, each at a latency of its own. Setting and letting go come to the same however often they are done.
 */

/** Names of layers: of steps in the ledger, of states in the machine, of lines in `hris-writeback status`. */
export const LAYERS = ["concurrency", "connector", "intake", "executions"] as const;
export type LayerName = (typeof LAYERS)[number];

/** How a layer stands, by the service's own word. */
export interface LayerState {
  /** Whether the layer stops what it should. */
  readonly isStopped: boolean;
  /** What the service says, for people: names, numbers and states. */
  readonly shown: string;
}

export interface Layer {
  stop(cause: string): Promise<void>;
  undo(): Promise<void>;
  read(): Promise<LayerState>;
}

/** `cause` is for people, where the service keeps one. */
export interface Layers {
  /** No concurrency for broker and gateway: Lambda throttles every invocation. */
  readonly concurrency: Layer;
  /** A policy of denials on the connector role: whatever session is out there can do nothing. Takes IAM some minutes. */
  readonly connector: Layer;
  /** Intake does not read its queue: events wait there. */
  readonly intake: Layer;
  /** The workflow's executions. Nothing brings an ended one back. */
  readonly executions: Omit<Layer, "undo">;
}
