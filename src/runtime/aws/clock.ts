import { ulid } from "ulid";

import type { Clock, NewUlid } from "../ports";

/** This machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** A ULID of a moment and fresh randomness. */
export const newUlid: NewUlid = (nowMs) => ulid(nowMs);
