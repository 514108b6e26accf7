/** Milliseconds of a day in UTC, where days have no other length. */
const DAY_MS = 86_400_000;

/** Days of the months of a common year. */
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** Days from 1 March of the year 0 to 1 January 1970. */
const DAYS_TO_EPOCH = 719_468;

const DURATION = /^P(?=\d|T\d)(?:(\d{1,6})W|(?:(\d{1,6})D)?(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?)$/;

/**
 * Milliseconds since the epoch of an ISO 8601 instant with a zone, or `undefined` where the text is none. Seconds may be
 * absent; digits of a second beyond the millisecond are cut off, however many. The one reader of instants: what a schema
 * accepts is what `decide` judges. Read digit by digit, without the engine's `Date.parse`: `decide` reads three per change.
 */
export function parseInstant(text: string): number | undefined {
  const day = dayAt(text);
  if (day === undefined || text[10] !== "T" || text[13] !== ":") return undefined;
  const hours = digitsAt(text, 11, 2);
  const minutes = digitsAt(text, 14, 2);
  const hasSeconds = text[16] === ":";
  const seconds = hasSeconds ? digitsAt(text, 17, 2) : 0;
  if (!(hours <= 23 && minutes <= 59 && seconds <= 59)) return undefined;
  const hasFraction = hasSeconds && text[19] === ".";
  const zoneAt = hasFraction ? endOfDigits(text, 20) : hasSeconds ? 19 : 16;
  if (hasFraction && zoneAt === 20) return undefined;
  const offset = zoneMs(text, zoneAt);
  if (offset === undefined) return undefined;
  const fraction = hasFraction ? fractionMs(text, zoneAt) : 0;
  return day + hours * 3_600_000 + minutes * 60_000 + seconds * 1000 + fraction - offset;
}

/** Milliseconds since the epoch of the first moment of a UTC day `YYYY-MM-DD`, or `undefined` for a day that does not exist. */
export function parseDate(text: string): number | undefined {
  return text.length === 10 ? dayAt(text) : undefined;
}

/** First moment of the day that a text begins with. */
function dayAt(text: string): number | undefined {
  if (text[4] !== "-" || text[7] !== "-") return undefined;
  const year = digitsAt(text, 0, 4);
  const month = digitsAt(text, 5, 2);
  const day = digitsAt(text, 8, 2);
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const length = month === 2 && leap ? 29 : (MONTH_DAYS[month - 1] ?? 0);
  if (Number.isNaN(year) || !(day >= 1 && day <= length)) return undefined;
  // Years are counted from March, so that a leap day is a year's last. @see https://howardhinnant.github.io/date_algorithms.html (read 2026-11-23)
  const shifted = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const leapDays = Math.floor(shifted / 4) - Math.floor(shifted / 100) + Math.floor(shifted / 400);
  return (shifted * 365 + leapDays + dayOfYear - DAYS_TO_EPOCH) * DAY_MS;
}

/** The number that a text holds in so many digits, `NaN` where they are not all digits. */
function digitsAt(text: string, at: number, count: number): number {
  let value = 0;
  for (let index = at; index < at + count; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (!(digit >= 0 && digit <= 9)) return NaN;
    value = value * 10 + digit;
  }
  return value;
}

function endOfDigits(text: string, from: number): number {
  let at = from;
  while (digitsAt(text, at, 1) >= 0) at++;
  return at;
}

/** The first three digits after the point, which is before the zone. */
function fractionMs(text: string, zoneAt: number): number {
  const count = Math.min(zoneAt - 20, 3);
  return digitsAt(text, 20, count) * 10 ** (3 - count);
}

function zoneMs(text: string, at: number): number | undefined {
  if (text[at] === "Z") return text.length === at + 1 ? 0 : undefined;
  if ((text[at] !== "+" && text[at] !== "-") || text[at + 3] !== ":" || text.length !== at + 6) return undefined;
  const hours = digitsAt(text, at + 1, 2);
  const minutes = digitsAt(text, at + 4, 2);
  if (!(hours <= 23 && minutes <= 59)) return undefined;
  return (text[at] === "+" ? 1 : -1) * (hours * 60 + minutes) * 60_000;
}

/** The last millisecond of the UTC day that begins at `dayStartMs`. */
export function endOfUtcDay(dayStartMs: number): number {
  return dayStartMs + DAY_MS - 1;
}

/** Whole days from one UTC day to another. */
export function daysBetween(fromMs: number, toMs: number): number {
  return Math.round((toMs - fromMs) / DAY_MS);
}

/**
 * Milliseconds of an ISO 8601 duration of fixed length: weeks, days, hours, minutes, seconds.
 * Years and months are refused (`undefined`): their length depends on the calendar. So is a duration of nothing.
 */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  const [weeks, days, hours, minutes, seconds] = match
    .slice(1)
    .map((part) => Number((part as string | undefined) ?? 0));
  const ms =
    ((weeks ?? 0) * 7 + (days ?? 0)) * DAY_MS +
    (hours ?? 0) * 3_600_000 +
    (minutes ?? 0) * 60_000 +
    (seconds ?? 0) * 1000;
  return ms > 0 ? ms : undefined;
}

/** ISO 8601 UTC text of an instant with milliseconds, as stored everywhere. */
export function formatInstant(ms: number): string {
  return new Date(ms).toISOString();
}

/** ISO 8601 UTC text cut to the whole second, the form IAM date conditions take. */
export function formatInstantSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
