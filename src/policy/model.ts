/**
 * The parsed policy: what `src/policy/schema.ts` yields after defaults are filled in and set-like lists are sorted.
 * Every part of the library reads this and nothing else of a policy. Plain JSON, so that its canonical form has one digest.
 */

/** The classes, from the loosest to the strictest. */
export const FIELD_CLASSES = ["safe", "conditional", "never"] as const;
export type FieldClass = (typeof FIELD_CLASSES)[number];

/** Kinds of initiators. What is unknown is an agent. */
export const INITIATOR_KINDS = ["human", "automation", "agent"] as const;
export type InitiatorKind = (typeof INITIATOR_KINDS)[number];

/** How the proposed value is held against the source of truth before a write. */
export type SourceCheck = "equals-source" | "exists-in-source" | "none";

/** A value that a change may carry. */
export type Scalar = string | number | boolean;

export interface Owner {
  readonly name: string;
  readonly contact: string;
  readonly approvers?: { readonly group: string };
}

export interface System {
  readonly kind: "directory" | "hris" | "finance" | "payroll" | "facilities" | "other";
}

export interface Publisher {
  readonly initiator: InitiatorKind;
}

export interface LifecycleEvent {
  /** Names of publishers, sorted. */
  readonly source: readonly string[];
  /** ISO 8601 duration after `occurredAt` within which the event authorises a write. */
  readonly window: string;
}

export interface Reconcile {
  /** ISO 8601 duration between two reconciliations. */
  readonly every: string;
  /** Where the reconciliation is recorded. */
  readonly log: string;
}

export interface Attribute {
  readonly system: string;
  /** The system's own name of the field that holds the attribute. */
  readonly field: string;
}

export interface Approval {
  /** Groups that must all agree, each by `count` different people; sorted by group. */
  readonly groups: readonly { readonly group: string; readonly count: number }[];
  /** ISO 8601 duration after which an undecided approval is a denial. */
  readonly expires: string;
}

export interface Field {
  readonly class: FieldClass;
  readonly owner: string;
  readonly sourceOfTruth: string;
  /** Sorted; empty for `never` only. */
  readonly events: readonly string[];
  /** The field's name in the HRIS; the policy's own name unless written. */
  readonly hrisField: string;
  /** The field's name in its source of truth; the policy's own name unless written. */
  readonly sourceField: string;
  readonly description?: string;
  readonly type?: "string" | "number" | "boolean";
  readonly format?: "email" | "phone";
  /** ECMAScript regular expression that the whole value must match. */
  readonly pattern?: string;
  readonly enum?: readonly Scalar[];
  /** In UTF-16 code units, as `String.length`. */
  readonly maxLength?: number;
  readonly writeOnce: boolean;
  /** Absent for `never` only. */
  readonly check?: SourceCheck;
  readonly approval?: Approval;
  /** Absent for `never` fields that name none. */
  readonly reconcile?: Reconcile;
}

export interface Segment {
  /** Attribute name to accepted values (sorted); all attributes must match, an absent or blank attribute matches. */
  readonly when: Readonly<Record<string, readonly Scalar[]>>;
  readonly mode?: "notify";
  /** Field to a class stricter than the field's own. */
  readonly fields: Readonly<Record<string, "conditional" | "never">>;
}

export interface InitiatorRule {
  /** The loosest class that a change by this kind of initiator may have. */
  readonly minimumClass?: "conditional" | "never";
  readonly requireIntent: boolean;
}

export interface Breaker {
  readonly maxWritesPerHour: number;
  readonly maxWritesPerDay: number;
}

export interface PolicyException {
  readonly id: string;
  readonly field: string;
  readonly segment: string;
  readonly allow: "safe" | "conditional";
  readonly reason: string;
  /** UTC day `YYYY-MM-DD`. */
  readonly approvedOn: string;
  /** Owner to the person who signed for it. */
  readonly approvedBy: Readonly<Record<string, string>>;
  /** UTC day `YYYY-MM-DD`; the exception holds through it. */
  readonly expires: string;
}

/** One person who takes a seat of a group that is not theirs, for a time. */
export interface Delegation {
  readonly id: string;
  /** The group whose seats the person may take. */
  readonly group: string;
  /** The person: the subject of their token, and what people call them. */
  readonly to: { readonly subject: string; readonly name: string };
  readonly reason: string;
  /** Owner to the person who signed for it. */
  readonly approvedBy: Readonly<Record<string, string>>;
  /** UTC day `YYYY-MM-DD` from which it holds. */
  readonly from: string;
  /** UTC day `YYYY-MM-DD`; it holds through it. */
  readonly until: string;
}

export interface Policy {
  readonly version: 1;
  readonly owners: Readonly<Record<string, Owner>>;
  readonly systems: Readonly<Record<string, System>>;
  readonly publishers: Readonly<Record<string, Publisher>>;
  readonly events: Readonly<Record<string, LifecycleEvent>>;
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly fields: Readonly<Record<string, Field>>;
  readonly segments: Readonly<Record<string, Segment>>;
  /** Always holds `agent`; its absence in the file means the strict rule. */
  readonly initiators: Readonly<Partial<Record<InitiatorKind, InitiatorRule>>>;
  readonly breaker: Breaker;
  /** Sorted by id. */
  readonly exceptions: readonly PolicyException[];
  /** Sorted by id; absent where there are none. */
  readonly delegations?: readonly Delegation[];
}
