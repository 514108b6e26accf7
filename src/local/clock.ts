import { setTimeout } from "node:timers/promises";

import type { Clock } from "../runtime/ports";
import { manualTimers, scaledTimers, type WorkflowTimers } from "./workflow-timers";

/** Time on this machine's cloud. Handlers, the workflow engine and IAM's `aws:CurrentTime` all read it. */
export interface LocalClock extends Clock {
  readonly timers: WorkflowTimers;
  /** Lets time pass, and what falls due happen. */
  advance(ms: number): Promise<void>;
}

/** Time that stands still until somebody sleeps or moves it, so that a story of hours takes seconds and is the same every time. */
export function localClock(startMs: number): LocalClock {
  const timers = manualTimers(startMs);
  return {
    timers,
    now: () => timers.now(),
    sleep: (ms) => timers.advance(ms),
    advance: (ms) => timers.advance(ms),
  };
}

/** Time as people at a browser have it. */
export function realClock(): LocalClock {
  const pass = async (ms: number): Promise<void> => {
    await setTimeout(ms);
  };
  return { timers: scaledTimers(), now: () => Date.now(), sleep: pass, advance: pass };
}
