import type { Approval, Field, FieldClass } from "./model";

/** What may happen with one change. */
export type VerdictKind = "write" | "approve" | "notify" | "deny";

/** Why; the first that applies, in this order. */
export const REASONS = [
  "DuplicateChange",
  "UnclassifiedField",
  "NeverField",
  "SegmentNever",
  "InitiatorNever",
  "EventNotAuthorized",
  "OutsideWindow",
  "NotFinalized",
  "InvalidValue",
  "IntentMissing",
  "SegmentNotifyOnly",
  "ApprovalRequired",
  "SafeField",
] as const;
export type Reason = (typeof REASONS)[number];

/** The decision on one change of a request, in the request's order. */
export interface Verdict {
  /** Position in `request.changes`: the change's identity within its request, also where a field is repeated. */
  readonly index: number;
  readonly field: string;
  readonly verdict: VerdictKind;
  readonly reason: Reason;
  /** The field's declared class; `never` for what is not declared. */
  readonly class: FieldClass;
  /** The class that holds for this worker and initiator now; at least as strict as `class`. */
  readonly effectiveClass: FieldClass;
  /** The field's owner; absent for what is not declared. */
  readonly owner?: string;
  /** The approval that this change needs; present exactly where `verdict` is `approve`. */
  readonly approval?: Approval;
  /** The field's rules; absent for what is not declared. */
  readonly rules?: Field;
}
