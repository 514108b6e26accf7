/** What the approvals API answers, as far as the page reads it. */

export type Scalar = string | number | boolean;

/** A change that waits for the reader's groups. */
export interface Waiting {
  readonly requestId: string;
  readonly index: number;
  readonly field: string;
  readonly digest: string;
  readonly groups: readonly string[];
  readonly expiresAt: string;
}

export interface MadeDecision {
  readonly decision: "approve" | "deny";
  readonly approver: { readonly issuer: string; readonly subject: string };
  readonly groups: readonly string[];
  readonly delegations?: readonly Delegation[];
  readonly reason?: string;
  readonly decidedAt: string;
}

/** What lends somebody a seat of a group that is not theirs. */
export interface Delegation {
  readonly id: string;
  readonly group: string;
  /** UTC day `YYYY-MM-DD`. */
  readonly until: string;
}

/** The exact change with its values. */
export interface Change {
  readonly requestId: string;
  readonly index: number;
  /** `waiting`, `under-way` or an outcome. */
  readonly status: string;
  readonly field: string;
  readonly class: string;
  readonly effectiveClass: string;
  readonly owner: string;
  readonly worker: { readonly id: string };
  readonly from: Scalar | null;
  readonly to: Scalar | null;
  readonly digest: string;
  readonly event: string;
  readonly source: string;
  readonly occurredAt: string;
  readonly initiator: { readonly kind: string; readonly id: string; readonly intent?: string };
  readonly dryRun?: boolean;
  readonly checked: string;
  readonly inspectedAt: string;
  readonly approval?: { readonly groups: readonly { readonly group: string; readonly count: number }[] };
  readonly expiresAt?: string;
  readonly decisions: readonly MadeDecision[];
  /** Whose seats the reader may take by delegation. */
  readonly standingIn?: readonly Delegation[];
  readonly mayDecide: boolean;
  readonly mayNotBecause?: { readonly code: string; readonly title: string };
  readonly consequence: "written" | "planned";
}

/** What became of one change of a decision on several. */
export interface Result {
  readonly index: number;
  readonly complete?: boolean;
  readonly tooLate?: boolean;
  readonly problem?: { readonly code: string; readonly title: string };
}

export interface Notice {
  readonly requestId: string;
  readonly index: number;
  readonly field: string;
  readonly noticedAt: string;
}

/** A fact that somebody is told and nothing is done about. */
export interface NoticeFact extends Notice {
  readonly worker?: { readonly id: string };
  readonly value?: Scalar;
  readonly to?: Scalar;
  readonly from?: Scalar | null;
  readonly event?: string;
  readonly occurredAt?: string;
  readonly initiator?: { readonly kind: string; readonly id: string; readonly intent?: string };
}

interface Agreement {
  readonly issuer: string;
  readonly subject: string;
  readonly at: string;
}

export interface System {
  readonly switch: {
    readonly state: string;
    readonly stopId?: string;
    readonly stoppedAt?: string;
    readonly reason?: string;
    readonly agreed?: readonly Agreement[];
  };
  readonly breaker: {
    readonly state: string;
    readonly id?: string;
    readonly trippedAt?: string;
    readonly agreed?: readonly Agreement[];
  };
}
