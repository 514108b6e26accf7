import { setImmediate as nextTurn } from "node:timers/promises";

/**
 * What a delay is for. `task` bounds a function that really runs; the others are times in which nothing happens: a `Wait`, the
 * pause before a retry, the wait for an approval, the life of the whole execution.
 */
export type DelayKind = "task" | "wait" | "retry" | "approval" | "execution";

/** Time as the engine sees it. */
export interface WorkflowTimers {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `action` once after a delay; the result cancels it. */
  after(delayMs: number, kind: DelayKind, action: () => void): () => void;
}

/** The longest delay that `setTimeout` keeps; longer ones it cuts to 1 ms. @see https://nodejs.org/docs/latest-v20.x/api/timers.html (read 2026-11-23) */
const LONGEST_TIMEOUT_MS = 2_147_483_647;

/**
 * Real timers, for the demo. `scale` shortens the times in which nothing happens: with 0.001 an approval expires after a
 * thousandth of its time. Functions keep their whole deadline, since they really run.
 */
export function scaledTimers(scale = 1): WorkflowTimers {
  if (!(scale > 0)) throw new RangeError("the time scale must be above 0");
  return {
    now: () => Date.now(),
    after(delayMs, kind, action) {
      let timer: NodeJS.Timeout;
      const arm = (leftMs: number): void => {
        const stepMs = Math.min(leftMs, LONGEST_TIMEOUT_MS);
        timer = setTimeout(() => {
          if (leftMs > stepMs) arm(leftMs - stepMs);
          else action();
        }, stepMs);
        // The life of an execution alone keeps no process running.
        if (kind === "execution") timer.unref();
      };
      arm(kind === "task" ? delayMs : delayMs * scale);
      return () => {
        clearTimeout(timer);
      };
    },
  };
}

/** A clock that stands still until it is told to move: hours of waiting in no time, and the same order every time. */
export interface ManualTimers extends WorkflowTimers {
  /** Moves the clock; fires what falls due, in order, and lets what it starts run before the next. */
  advance(ms: number): Promise<void>;
  /** The delays that are running, the earliest first. */
  pending(): readonly { readonly dueAt: number; readonly kind: DelayKind }[];
}

/** Turns of the event loop after which code that awaits nothing but promises has come to rest. */
const TURNS_TO_REST = 10;

export function manualTimers(startMs: number): ManualTimers {
  let nowMs = startMs;
  let running: { readonly dueAt: number; readonly kind: DelayKind; readonly action: () => void }[] = [];
  const rest = async (): Promise<void> => {
    for (let turn = 0; turn < TURNS_TO_REST; turn += 1) await nextTurn();
  };
  return {
    now: () => nowMs,
    after(delayMs, kind, action) {
      const timer = { dueAt: nowMs + delayMs, kind, action };
      running = [...running, timer].sort((a, b) => a.dueAt - b.dueAt);
      return () => {
        running = running.filter((other) => other !== timer);
      };
    },
    async advance(ms) {
      const until = nowMs + ms;
      await rest();
      for (let [first] = running; first !== undefined && first.dueAt <= until; [first] = running) {
        const due = first;
        running = running.filter((other) => other !== due);
        nowMs = due.dueAt;
        due.action();
        await rest();
      }
      nowMs = until;
    },
    pending: () => running.map(({ dueAt, kind }) => ({ dueAt, kind })),
  };
}
