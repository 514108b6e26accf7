import { canonicalDigest } from "../../core";
import type { Change, Effect } from "./change";
import { REVIEW_CODES, type ReviewCode, type ReviewRule } from "./codes";
import type { Review } from "./review";

/** Where a change stands in a file. */
export interface FilePlace {
  /** As a URI reference, relative to the repository's root where the file is in it. */
  readonly uri: string;
  /** From 1. */
  readonly line: number;
}

/** How loud a change is: what is wider, or what nobody can judge, is a warning. */
const LEVELS: Readonly<Record<Effect, "warning" | "note" | "none">> = {
  widens: "warning",
  look: "warning",
  narrows: "note",
  neutral: "none",
};

/**
 * A review in the Static Analysis Results Interchange Format: every rule of the catalogue, and every change that is not neutral as a result. `semanticVersion`
 * is this package's.
 *
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html (read 2026-11-28)
 */
export function sarifOf(
  review: Review,
  placesOf: (change: Change) => readonly FilePlace[],
  semanticVersion: string,
): object {
  const codes = Object.keys(REVIEW_CODES) as ReviewCode[];
  return {
    $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "hris-writeback review",
            semanticVersion,
            rules: codes.map((code) => ruleOf(code, REVIEW_CODES[code])),
          },
        },
        columnKind: "utf16CodeUnits",
        results: review.changes
          .filter(({ effect }) => effect !== "neutral")
          .map((change) => resultOf(change, codes.indexOf(change.code), placesOf(change))),
      },
    ],
  };
}

function ruleOf(code: ReviewCode, { cause, example, mend }: ReviewRule): object {
  return {
    id: code,
    shortDescription: { text: sentence(cause) },
    fullDescription: { text: `${sentence(cause)} As in: ${sentence(example)}` },
    help: { text: `Next: ${sentence(mend)}`, markdown: `**Next:** ${sentence(mend)}` },
    defaultConfiguration: { level: "warning" },
  };
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function resultOf(change: Change, ruleIndex: number, files: readonly FilePlace[]): object {
  const { code, effect, message, who, places, policyPath } = change;
  const asked = who.length === 0 ? "" : ` Must agree: ${who.map(({ name }) => name).join(", ")}.`;
  const logical = places.map(({ address, attribute }) => ({
    fullyQualifiedName: attribute === undefined ? address : `${address}.${attribute}`,
    kind: "resource",
  }));
  const locations = files.map(({ uri, line }) => ({
    physicalLocation: { artifactLocation: { uri }, region: { startLine: line } },
    ...(logical.length === 0 ? {} : { logicalLocations: logical }),
  }));
  return {
    ruleId: code,
    ruleIndex,
    level: LEVELS[effect],
    message: { text: `${message}.${asked}` },
    locations: locations.length === 0 && logical.length > 0 ? [{ logicalLocations: logical }] : locations,
    partialFingerprints: { "change/v1": canonicalDigest([code, effect, message]) },
    properties: {
      effect,
      mustAgree: who.map(({ kind, id }) => `${kind}:${id}`),
      ...(policyPath === undefined ? {} : { policyPath }),
    },
  };
}
