import { parseInstant } from "../core";

/** Milliseconds since the epoch of a time given as a number or as ISO 8601 text. Throws `TypeError` for any other. */
export function timeMs(time: number | string): number {
  const ms = typeof time === "number" ? time : parseInstant(time);
  if (ms === undefined || !Number.isFinite(ms))
    throw new TypeError("expected milliseconds or an ISO 8601 instant with a zone");
  return ms;
}
