import { AsyncLocalStorage } from "node:async_hooks";

import { ServiceUnavailable } from "../../src/runtime/errors";
import type { Probe } from "../runtime/probe";

/** One call of a port, by whoever makes it. */
export interface PortCall {
  /** From 1, over all processes, since faults were last armed. */
  readonly number: number;
  readonly process: string;
  readonly method: string;
}

/** What goes wrong at one call of a port. */
export interface Fault {
  readonly call: number;
  readonly moment: "before" | "after";
  /**
   * `dies`: the process ends there, and who called it learns so by an error of this name. `fails`: that call fails, as a throttled or
   * lost one does. `outage`: from there on every call to that port's service fails, whoever makes it, for so many milliseconds.
   * A function: it runs there, and then everything goes on.
   */
  readonly how:
    | { readonly dies: DeathName }
    | "fails"
    | { readonly outageMs: number }
    | { readonly meanwhile: (call: PortCall) => void | Promise<void> };
}

/** How Lambda tells that a function did not come to its end: what the workflow repeats of Write, and what it does not. */
export type DeathName = "Sandbox.Timedout" | "Lambda.SdkClientException";

/** Methods that only look. */
const READS = new Set(["get", "query", "due", "readField", "readScheduled", "findRecord", "status", "read"]);

export function isEffect({ method }: Pick<PortCall, "method">): boolean {
  return !READS.has(method);
}

/** Which service a method belongs to. */
const SERVICES: Readonly<Record<string, string>> = {
  get: "dynamodb",
  query: "dynamodb",
  due: "dynamodb",
  write: "dynamodb",
  generateMac: "kms",
  verifyMac: "kms",
  encrypt: "kms",
  decrypt: "kms",
};

function serviceOf(method: string): string {
  return SERVICES[method] ?? method;
}

/** What a call meets during an outage: of a system of records an answer, since its adapter throws nothing. */
function outageOf(method: string): unknown {
  if (["readField", "readScheduled", "findRecord"].includes(method))
    return { kind: "unavailable", detail: "an outage" };
  if (method === "writeField") return { kind: "throttled", detail: "an outage", retryAfterSeconds: 60 };
  throw new ServiceUnavailable("an outage");
}

interface Invocation {
  readonly process: string;
  readonly about: Readonly<Record<string, string>>;
  isDead: boolean;
}

/** One for all: Node asks each that was ever used, at every promise. */
const running = new AsyncLocalStorage<Invocation>();

/** A process that ended in the middle of its work, as its caller sees it. */
export class Died extends Error {
  constructor(override readonly name: string) {
    super("the process died");
  }
}

/** Everything that processes ask of their ports, counted and broken by number. An invocation that died makes no further call. */
export class Invocations {
  readonly calls: PortCall[] = [];
  fault: Fault | undefined;
  /** What goes wrong at a call besides, if anything. */
  sometimes: ((call: PortCall) => Pick<Fault, "moment" | "how"> | undefined) | undefined;
  #deathName = "Sandbox.Timedout";
  #outage: { readonly service: string; readonly untilMs: number } | undefined;

  constructor(private readonly now: () => number) {}

  /** Runs one invocation of a process. Throws `Died` where it died, whatever it would have answered. */
  async invoke<T>(process: string, work: () => Promise<T>, about: Readonly<Record<string, string>> = {}): Promise<T> {
    const own: Invocation = { process, about, isDead: false };
    return running.run(own, async () => {
      try {
        const result = await work();
        if (!own.isDead) return result;
      } catch (error) {
        if (!own.isDead) throw error;
      }
      throw new Died(this.#deathName);
    });
  }

  /** What the running invocation is about. */
  about(name: string): string | undefined {
    return running.getStore()?.about[name];
  }

  /** Makes a probe's calls be counted and broken here, in the place of its own faults. */
  take(probe: Probe, process: string): Probe {
    probe.run = (effect, method) => this.#call(process, method ?? "a call", effect);
    return probe;
  }

  async #call<T>(process: string, method: string, effect: () => Promise<T>): Promise<T> {
    const own = running.getStore();
    if (own?.isDead === true) throw new Died("the process is dead");
    const call = { number: this.calls.length + 1, process, method };
    this.calls.push(call);
    const hit = this.fault?.call === call.number ? this.fault : this.sometimes?.(call);
    if (hit?.moment === "before") await this.#break(hit, call, own);
    const { service, untilMs } = this.#outage ?? { service: "", untilMs: 0 };
    if (service === serviceOf(method) && this.now() < untilMs) return outageOf(method) as T;
    const result = await effect();
    if (hit?.moment === "after") await this.#break(hit, call, own);
    return result;
  }

  async #break({ how }: Pick<Fault, "how">, call: PortCall, own: Invocation | undefined): Promise<void> {
    if (how === "fails") throw new ServiceUnavailable("not now");
    if ("meanwhile" in how) return how.meanwhile(call);
    if ("outageMs" in how) {
      this.#outage = { service: serviceOf(call.method), untilMs: this.now() + how.outageMs };
      return;
    }
    this.#deathName = how.dies;
    if (own !== undefined) own.isDead = true;
    throw new Died(how.dies);
  }
}
