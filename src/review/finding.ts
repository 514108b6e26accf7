import type { Step } from "../compile/asl-approval";
import type { ContextInput } from "../iam";
import type { CounterexampleCode, UnreadCode } from "./codes";
import type { StatementRef } from "./documents";

/** The invariants of the design, by their number. */
export const INVARIANTS = {
  1: "No path of the workflow reaches Write for a field that needs an approval without passing RequestApproval",
  2: "Only the gateway can read the writer credential, only the broker can assume the connector role, only approvals can send task results",
  3: "Of all requests a connector's session may make exactly one, and every other is denied by more than one layer",
  4: "A value that was not approved is not written",
  5: "At most one write per grant, every grant from one decision, every crash in a true outcome",
  6: "Stopping the connector leaves HR's records as they were",
  7: "No secret value and no HR value in state, history, logs, metrics, CloudTrail or outcome events",
} as const;
export type Invariant = keyof typeof INVARIANTS;

export const INVARIANT_NUMBERS: readonly Invariant[] = [1, 2, 3, 4, 5, 6, 7];

/** A request that IAM would allow. */
export interface ExampleRequest {
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly context: ContextInput;
}

/** What breaks an invariant, with what shows it. */
export interface Counterexample {
  readonly code: CounterexampleCode;
  readonly invariants: readonly Invariant[];
  /** Lower-case start, no final period. */
  readonly message: string;
  /** Addresses of the resources that are to blame. */
  readonly resources: readonly string[];
  /** The statements that allow what must not be allowed. */
  readonly statements?: readonly StatementRef[];
  readonly request?: ExampleRequest;
  /** The way through a workflow. */
  readonly path?: readonly Step[];
}

/** What could not be read, and which invariants are therefore not proved. */
export interface NotRead {
  readonly code: UnreadCode;
  readonly invariants: readonly Invariant[];
  readonly message: string;
  readonly resources: readonly string[];
}

/** What carries an invariant. */
export interface Evidence {
  readonly invariant: Invariant;
  readonly text: string;
  readonly resources: readonly string[];
}

/** What one part of the proof found. */
export interface Findings {
  readonly counterexamples: readonly Counterexample[];
  readonly unread: readonly NotRead[];
  readonly evidence: readonly Evidence[];
}

/** Findings of several parts as one. */
export function together(parts: readonly Partial<Findings>[]): Findings {
  return {
    counterexamples: parts.flatMap((part) => part.counterexamples ?? []),
    unread: parts.flatMap((part) => part.unread ?? []),
    evidence: parts.flatMap((part) => part.evidence ?? []),
  };
}
