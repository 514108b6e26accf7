import type { Clock } from "../runtime/ports";
import { manualTimers, type ManualTimers } from "./workflow-timers";

/**
 * Time on this machine's cloud: it stands still until somebody sleeps or moves it, so that a story of hours takes seconds and is
 * the same every time. Handlers, the workflow engine and IAM's `aws:CurrentTime` all read it.
 */
export interface LocalClock extends Clock {
  readonly timers: ManualTimers;
  /** Moves the clock and lets what falls due happen. */
  advance(ms: number): Promise<void>;
}

export function localClock(startMs: number): LocalClock {
  const timers = manualTimers(startMs);
  return {
    timers,
    now: () => timers.now(),
    sleep: (ms) => timers.advance(ms),
    advance: (ms) => timers.advance(ms),
  };
}
