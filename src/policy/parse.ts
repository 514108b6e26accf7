import { hasErrors, PolicyError } from "../core";
import { checkRules, checkTimes } from "./checks";
import { readPolicyObject, readPolicyText, type PolicySource } from "./document";
import type { Policy } from "./model";
import { timeMs } from "./moment";
import { normalisePolicy } from "./normalise";
import { findingsOf, type PolicyFinding } from "./problem";
import type { PolicyInput } from "./schema";
import { checkShape, withoutEmptySections } from "./shape";

/** What was found, and the policy where no finding is an error. */
export interface CheckedPolicy {
  /** Sorted by path, then code. */
  readonly findings: readonly PolicyFinding[];
  readonly policy?: Policy;
}

export interface CheckOptions {
  /**
   * When: milliseconds since the epoch, or an ISO 8601 instant.
   * @default - nothing is said about what depends on the day (exceptions that ended or have not begun)
   */
  readonly now?: number | string;
}

/** All findings about a policy file, with line and column. Throws for an invalid `now` only. */
export function checkPolicyText(yamlText: string, options: CheckOptions = {}): CheckedPolicy {
  return checkSource(readPolicyText(yamlText), options);
}

/** All findings about a policy given as a typed object; without places, as there is no text. */
export function checkPolicy(input: unknown, options: CheckOptions = {}): CheckedPolicy {
  return checkSource(readPolicyObject(input), options);
}

/**
 * The policy of a YAML text or a typed object. Throws one `PolicyError` with every finding where any is an error. Takes no
 * clock: an exception that has ended is no error here (`decide` counts it as absent).
 */
export function parsePolicy(input: string | PolicyInput): Policy {
  const { findings, policy } = typeof input === "string" ? checkPolicyText(input) : checkPolicy(input);
  if (policy === undefined) throw new PolicyError(findings);
  return policy;
}

function checkSource({ value: written, problems, locate }: PolicySource, { now }: CheckOptions): CheckedPolicy {
  const nowMs = now === undefined ? undefined : timeMs(now);
  if (written === undefined) return { findings: findingsOf(problems, locate) };
  const value = withoutEmptySections(written);
  const shape = checkShape(value);
  const findings = findingsOf(
    [...problems, ...shape.problems, ...checkRules(value), ...(nowMs === undefined ? [] : checkTimes(value, nowMs))],
    locate,
  );
  return hasErrors(findings) || shape.file === undefined
    ? { findings }
    : { findings, policy: normalisePolicy(shape.file) };
}
