import { renderFinding, type Finding } from "./findings";

/** A document (policy, stack input) that was refused, with everything that is wrong with it. */
export class PolicyError extends Error {
  override readonly name = "PolicyError";

  constructor(
    readonly findings: readonly Finding[],
    file?: string,
  ) {
    const lines = findings.map((finding) => renderFinding(finding, file));
    super(`the policy has ${String(findings.length)} finding${findings.length === 1 ? "" : "s"}\n${lines.join("\n")}`);
  }
}

/** The command cannot run: unreadable file, wrong usage. Exit code 1. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
