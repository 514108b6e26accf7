import type { Context } from "./context";
import { IamDocumentError } from "./errors";
import { compilePattern, parsePattern, type Matcher, type PatternPart } from "./pattern";

/** `arn:partition:service:region:account:resource`; the resource may hold colons of its own. */
const SEGMENTS = 6;

/** An ARN of a request, split once. `segments` is absent for `*` and for what is no ARN. */
export interface ArnTarget {
  readonly text: string;
  readonly segments?: readonly string[];
}

/** Whether an ARN of the request matches, given the request's context. */
export type ArnMatcher = (target: ArnTarget, context: Context) => boolean;

/** Splits an ARN at its first five colons. */
export function readArn(text: string): ArnTarget {
  const segments: string[] = [];
  let from = 0;
  for (let count = 1; count < SEGMENTS; count += 1) {
    const colon = text.indexOf(":", from);
    if (colon === -1) return { text };
    segments.push(text.slice(from, colon));
    from = colon + 1;
  }
  segments.push(text.slice(from));
  return segments[0] === "arn" ? { text, segments } : { text };
}

/** The account in an ARN: its fifth segment, or `undefined` where it names none. */
export function accountOf(arn: string): string | undefined {
  let colon = -1;
  for (let count = 0; count < 4; count += 1) {
    colon = arn.indexOf(":", colon + 1);
    if (colon === -1) return undefined;
  }
  const end = arn.indexOf(":", colon + 1);
  return !arn.startsWith("arn:") || end <= colon + 1 ? undefined : arn.slice(colon + 1, end);
}

/**
 * Compiles an ARN pattern. Wildcards of the first five segments stay inside their segment; in the resource they cross
 * `/` and `:`. A pattern that ends early must end in `*`, which then covers the rest (`arn:aws:s3:*`).
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html (read 2026-11-23)
 */
export function compileArn(source: string, path: string): ArnMatcher {
  const parts = parsePattern(source, path, { wildcards: true });
  if (parts.length === 1 && parts[0]?.kind === "any") return () => true;
  const segments = splitParts(parts);
  const last = segments.at(-1) ?? [];
  if (segments.length < SEGMENTS && last.at(-1)?.kind !== "any") {
    throw new IamDocumentError(path, `\`${source}\` is not an ARN of six segments`);
  }
  const scheme = segments[0]?.[0];
  if (scheme?.kind !== "text" || scheme.text !== "arn" || segments[0]?.length !== 1) {
    throw new IamDocumentError(path, `\`${source}\` does not begin with \`arn:\``);
  }
  const matchers: Matcher[] = segments.map((segment) => compilePattern(segment));
  return (target, context) => {
    const actual = target.segments;
    if (actual === undefined) return false;
    // The resource differs most often between requests: it is compared first.
    for (let index = matchers.length - 1; index >= 0; index -= 1) {
      const text =
        index === matchers.length - 1 && index < SEGMENTS - 1 ? actual.slice(index).join(":") : (actual[index] ?? "");
      if (matchers[index]?.(text, context) !== true) return false;
    }
    return true;
  };
}

/** Splits a pattern at the first five colons of its literal text. A colon inside a variable's value never splits. */
function splitParts(parts: readonly PatternPart[]): PatternPart[][] {
  const segments: PatternPart[][] = [[]];
  for (const part of parts) {
    if (part.kind !== "text") {
      segments.at(-1)?.push(part);
      continue;
    }
    let rest = part.text;
    while (segments.length < SEGMENTS) {
      const colon = rest.indexOf(":");
      if (colon === -1) break;
      if (colon > 0) segments.at(-1)?.push({ kind: "text", text: rest.slice(0, colon) });
      segments.push([]);
      rest = rest.slice(colon + 1);
    }
    if (rest !== "") segments.at(-1)?.push({ kind: "text", text: rest });
  }
  return segments;
}
