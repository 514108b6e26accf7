import { stepsOf } from "./pattern-cost";
import { BackReference, parsePattern } from "./pattern-syntax";

/** Longest expression, in UTF-16 code units. */
export const MAX_PATTERN_LENGTH = 512;

/** Longest value that an expression meets, in UTF-16 code units. */
export const MAX_VALUE_LENGTH = 1024;

/** Most steps that one value may cost: three times the square of the longest one's length, which takes milliseconds. */
export const MAX_STEPS = 3 * MAX_VALUE_LENGTH ** 2;

/**
 * Whether a regular expression of a policy can be run on a value from outside without hanging: a backtracking engine takes
 * exponential (or high polynomial) time where one text can be matched in many ways. The judgement is a bound on the engine's
 * steps, and conservative: what it calls safe stays within three times the square of the longest value; some harmless
 * expressions are refused, and can be written plainer. Never throws: what cannot be judged is unsafe.
 *
 * @see https://owasp.org/www-community/attacks/Regular_expression_Denial_of_Service_-_ReDoS (read 2026-11-23)
 */
export function patternProblem(
  pattern: string,
): { readonly kind: "invalid" | "unsafe"; readonly detail: string } | undefined {
  try {
    compilePattern(pattern);
  } catch (error) {
    return { kind: "invalid", detail: reasonOf(error) };
  }
  const unsafe = hazardOf(pattern);
  if (unsafe !== undefined) return { kind: "unsafe", detail: unsafe };
  try {
    // The engine compiles an expression when it is first run, and may refuse it then as too large.
    compilePattern(pattern).test("");
    return undefined;
  } catch (error) {
    return { kind: "invalid", detail: reasonOf(error) };
  }
}

/** The expression that matches the whole value. Throws `SyntaxError` for text that is none. */
export function compilePattern(pattern: string): RegExp {
  new RegExp(pattern, "u");
  return new RegExp(`^(?:${pattern})$`, "u");
}

function hazardOf(pattern: string): string | undefined {
  if (pattern.length > MAX_PATTERN_LENGTH) return `it is longer than ${String(MAX_PATTERN_LENGTH)} characters`;
  try {
    const steps = stepsOf(parsePattern(pattern), MAX_VALUE_LENGTH);
    if (typeof steps === "string") return steps;
    return steps <= MAX_STEPS ? undefined : "neighbouring or nested repetitions match the same characters";
  } catch (error) {
    return error instanceof BackReference ? error.message : "it cannot be judged";
  }
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : "").replace(/^.*: /, "");
}
