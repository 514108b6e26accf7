import { setImmediate as nextTurn } from "node:timers/promises";

import type { DelayKind, WorkflowTimers } from "../../src/local/workflow-timers";

interface Timer {
  readonly dueAt: number;
  readonly kind: DelayKind;
  readonly action: () => void;
}

/** The workflow engine's timers on a clock that others move too, as a handler does that sleeps. Nothing waits for real. */
export class Timeline implements WorkflowTimers {
  #timers: Timer[] = [];

  constructor(private readonly clock: { now: number }) {}

  now(): number {
    return this.clock.now;
  }

  after(delayMs: number, kind: DelayKind, action: () => void): () => void {
    const timer = { dueAt: this.clock.now + delayMs, kind, action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Lets everything run that awaits nothing but promises. One turn of the event loop ends them all; a second is for good measure. */
  async rest(): Promise<void> {
    await nextTurn();
    await nextTurn();
  }

  /** Moves the clock and fires what falls due on the way, in order. */
  async advance(ms: number): Promise<void> {
    const until = this.clock.now + ms;
    await this.rest();
    for (let due = this.#first(until); due !== undefined; due = this.#first(until)) {
      const { dueAt, action } = due;
      this.#timers = this.#timers.filter((other) => other !== due);
      this.clock.now = Math.max(this.clock.now, dueAt);
      action();
      await this.rest();
    }
    this.clock.now = Math.max(this.clock.now, until);
  }

  #first(until: number): Timer | undefined {
    return this.#timers
      .filter(({ dueAt }) => dueAt <= until)
      .reduce<Timer | undefined>(
        (first, timer) => (first === undefined || timer.dueAt < first.dueAt ? timer : first),
        undefined,
      );
  }
}
