import { PolicyError, sortFindings } from "../core";
import type { Policy } from "../policy/model";
import { checkEventPattern } from "./limits";

/** What an event rule needs of a policy. */
export type EventPolicy = Pick<Policy, "events" | "fields">;

/** The pattern of one rule: this event, from these publishers. */
export interface EventPattern {
  readonly source: readonly string[];
  readonly "detail-type": readonly string[];
}

/**
 * One pattern per lifecycle event that authorises at least one writable field, by the event's name. Publishers and names are
 * matched whole: a pattern has no wildcard. Throws `PolicyError` (`EventPatternTooLong`) where one exceeds EventBridge's limit.
 */
export function compileEventPatterns(policy: EventPolicy): Readonly<Record<string, EventPattern>> {
  const used = new Set(Object.values(policy.fields).flatMap((field) => (field.class === "never" ? [] : field.events)));
  const patterns = Object.entries(policy.events)
    .filter(([name]) => used.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, event]): [string, EventPattern] => [
      name,
      { source: [...event.source].sort(), "detail-type": [name] },
    ]);
  const findings = sortFindings(patterns.flatMap(([name, pattern]) => checkEventPattern(name, pattern)));
  if (findings.length > 0) throw new PolicyError(findings);
  return Object.fromEntries(patterns);
}
