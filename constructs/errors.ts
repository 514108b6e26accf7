import type { Construct } from "constructs";

import { hasErrors, renderFinding, sortFindings, type Finding } from "../src/core";

/** What was given to a construct does not make a stack; holds everything that is wrong, not the first only. */
export class SynthError extends Error {
  override readonly name = "SynthError";
  readonly findings: readonly Finding[];

  constructor(scope: Construct, findings: readonly Finding[]) {
    const sorted = sortFindings(findings);
    super(
      `${scope.node.path}: this write-back cannot be synthesized\n${sorted.map((finding) => renderFinding(finding)).join("\n")}`,
    );
    this.findings = sorted;
  }
}

/** Throws `SynthError` where there is an error among the findings. */
export function refuse(scope: Construct, findings: readonly Finding[]): void {
  if (hasErrors(findings)) throw new SynthError(scope, findings);
}
