import { ServiceUnavailable } from "../../src/runtime/errors";

/** A process that ended in the middle of its work. */
export class Crash extends Error {
  override readonly name = "Crash";
}

export interface Fault {
  /** Which call of the process's ports, counted from 1. */
  readonly call: number;
  readonly moment: "before" | "after";
  /** `dies`: the process ends there. `fails`: that one call fails with `ServiceUnavailable`. */
  readonly how: "dies" | "fails";
}

/** Counts the calls that one process makes to the world, and makes one of them fail. */
export class Probe {
  calls = 0;
  isDead = false;
  fault: Fault | undefined;

  /** Another invocation of the same function. */
  revive(): void {
    this.isDead = false;
    this.fault = undefined;
  }

  /** `method` is the port's. */
  async run<T>(effect: () => Promise<T>, method = "a call"): Promise<T> {
    if (this.isDead) throw new Crash("the process is dead");
    this.calls += 1;
    const isHit = (moment: Fault["moment"]): boolean => this.fault?.call === this.calls && this.fault.moment === moment;
    // The numbers of the calls do not move while the effect runs: another process counts its own.
    const [before, after] = [isHit("before"), isHit("after")];
    if (before) this.fail(method);
    const result = await effect();
    if (after) this.fail(method);
    return result;
  }

  /** The same port, its methods counted. */
  wrap<T extends object>(port: T, methods: readonly (keyof T & string)[]): T {
    return new Proxy(port, {
      get: (target, name, receiver) => {
        const member: unknown = Reflect.get(target, name, receiver);
        if (typeof member !== "function" || !methods.includes(name as keyof T & string)) return member;
        const method = member as (...args: unknown[]) => Promise<unknown>;
        return (...args: unknown[]) => this.run(() => method.apply(target, args), String(name));
      },
    });
  }

  private fail(method: string): never {
    if (this.fault?.how === "dies") {
      this.isDead = true;
      throw new Crash(`the process died at ${method}`);
    }
    throw new ServiceUnavailable(`${method}: not now`);
  }
}
