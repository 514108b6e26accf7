import { daysBetween, endOfUtcDay, formatInstant, parseDate, parseDuration } from "../../core";
import type { Policy } from "../../policy/model";
import type { Found } from "./finding";
import { ownersOf } from "./world";

const DAY_MS = 86_400_000;

/** How long before its end an exception is looked at, and how long a joint review stays open, in days. */
export const NOTICE_DAYS = 14;

/** What field owners and identity must look at together, at a moment. `periodDays`: how often what does not end is looked at. */
export function reviewPolicy(policy: Policy, nowMs: number, periodDays: number): Found[] {
  const day = Math.floor(nowMs / DAY_MS);
  const period = Math.floor(day / periodDays);
  const isReviewTime = day - period * periodDays < NOTICE_DAYS;
  const found: Found[] = [];
  for (const { id, field, expires } of policy.exceptions) {
    const endsMs = parseDate(expires);
    if (endsMs === undefined || nowMs > endOfUtcDay(endsMs)) continue;
    const of = { field, owners: ownersOf({ policy }, field), endsAt: formatInstant(endOfUtcDay(endsMs)) };
    if (daysBetween(day * DAY_MS, endsMs) <= NOTICE_DAYS) {
      found.push({ class: "ExceptionEnds", reason: "ExceptionEnding", subject: `${id}#${expires}`, ...of });
    }
    if (isReviewTime) {
      found.push({ class: "JointReview", reason: "Exception", subject: `exception ${id}#${String(period)}`, ...of });
    }
  }
  if (!isReviewTime) return found;
  for (const [field, { class: fieldClass, approval }] of Object.entries(policy.fields)) {
    if (fieldClass !== "conditional") continue;
    found.push({
      class: "JointReview",
      reason: "ConditionalField",
      subject: `field ${field}#${String(period)}`,
      field,
      owners: ownersOf({ policy }, field),
      groups: (approval?.groups ?? []).map(({ group }) => group),
    });
  }
  return found;
}

/** How early a field may be looked at again, so that a schedule that runs a little early skips none, in milliseconds. */
const EARLY_MS = 60 * 60_000;

/** Whether a field is due for a run that starts now. `lastMs`: when the last run that wholly reconciled it started. */
export function isCadenceDue(every: string, lastMs: number | undefined, nowMs: number): boolean {
  const everyMs = parseDuration(every) ?? 0;
  return lastMs === undefined || nowMs >= lastMs + everyMs - Math.min(EARLY_MS, everyMs / 10);
}

/** Whether a field is overdue: its cadence and a quarter of it have passed since it was reconciled, or first written. */
export function isOverdue(every: string, sinceMs: number, nowMs: number): boolean {
  return nowMs > sinceMs + (parseDuration(every) ?? 0) * 1.25;
}
