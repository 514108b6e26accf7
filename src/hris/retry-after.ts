/** Seconds to wait where the other side asked for patience without saying how long. */
export const DEFAULT_RETRY_SECONDS = 60;

/** Longest wait that we take from the other side: a day. */
export const MAX_RETRY_SECONDS = 86_400;

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** IMF-fixdate, the one form of a date that HTTP lets a server send. */
const HTTP_DATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d{2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;

/**
 * Whole seconds that a `Retry-After` header asks to wait, from 1 to `MAX_RETRY_SECONDS`; `undefined` for an absent header or
 * one in neither of its two forms, seconds and HTTP date.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 (read 2026-11-23)
 */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim();
  if (text === undefined) return undefined;
  if (/^\d{1,10}$/.test(text)) return clamp(Number(text));
  const date = HTTP_DATE.exec(text);
  if (date === null) return undefined;
  const [day, month, year, hour, minute, second] = date.slice(1) as [string, string, string, string, string, string];
  const at = Date.UTC(+year, MONTHS.indexOf(month), +day, +hour, +minute, +second);
  return clamp(Math.ceil((at - nowMs) / 1000));
}

function clamp(seconds: number): number {
  return Math.min(Math.max(seconds, 1), MAX_RETRY_SECONDS);
}
