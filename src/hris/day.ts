import { parseDate } from "../core";

/** The day `YYYY-MM-DD` that it is in an IANA time zone at a moment. */
export function dayIn(timeZone: string, nowMs: number): string {
  const parts = new Intl.DateTimeFormat("en", {
    timeZone,
    calendar: "gregory",
    numberingSystem: "latn",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  }).formatToParts(nowMs);
  const part = (type: string): string => parts.find((candidate) => candidate.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}`;
}

/** The zone where days begin last. */
export const LAST_ZONE = "Etc/GMT+12";

/** When a day `YYYY-MM-DD` has begun everywhere, in milliseconds since the epoch. */
export function begunEverywhereMs(day: string): number {
  return (parseDate(day) ?? Number.NaN) + 12 * 3_600_000;
}

export function isTimeZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: text });
    return true;
  } catch {
    return false;
  }
}
