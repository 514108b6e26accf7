import { canonicalDigest } from "../../core";
import type { FindingClass } from "./classes";

/** Why a finding was made, within its class. Public: reports and events carry them. */
export type FindingReason =
  | "ApprovedNotWritten"
  | "ChangeOpen"
  | "CommittedLate"
  | "ConditionalField"
  | "EffectWithoutIntent"
  | "EndWithoutGrant"
  | "Exception"
  | "ExceptionEnding"
  | "GrantOpen"
  | "GrantNotApproved"
  | "GrantOfNoChange"
  | "GrantUnused"
  | "HoldsAnotherValue"
  | "HoldsTheOldValue"
  | "HoldsUngrantedValue"
  | "IntentWithoutGrant"
  | "NotReconciled"
  | "RecordNotActive"
  | "SecondLook"
  | "SessionOutsideGrant"
  | "SourceHoldsAnotherValue"
  | "TrailShowsNone"
  | "UnknownSession"
  | "UsedAfterExpiry"
  | "WorkerGone"
  | "WriteOpen";

/** What is found, before it is on record. Ids, names and codes; no value of a record and no worker's id. */
export interface Found {
  readonly class: FindingClass;
  readonly reason: FindingReason;
  /** What it is about, unique within its class: the same cause found again is the same finding. */
  readonly subject: string;
  /** The policy's name of the field, where it is about one. */
  readonly field?: string;
  readonly workerRef?: string;
  readonly requestId?: string;
  readonly index?: number;
  readonly grantId?: string;
  /** Who is to look: names of the policy's owners. */
  readonly owners: readonly string[];
  /** Events by which a new request may be proposed. */
  readonly events?: readonly string[];
  /** Who approves, for a joint review. */
  readonly groups?: readonly string[];
  /** ISO 8601 UTC: when what it speaks of ends. */
  readonly endsAt?: string;
}

/** Id of a finding: the same for the same class and subject, whoever finds it and when. */
export function findingId({ class: findingClass, subject }: Pick<Found, "class" | "subject">): string {
  return `f-${canonicalDigest({ class: findingClass, subject }).slice(0, 32)}`;
}

/** Subject of a finding about a worker's field: names in the HRIS are one whatever their case. */
export function fieldSubject(workerRef: string, hrisField: string): string {
  return `${workerRef}#${hrisField.toLowerCase()}`;
}

/** Subject of a finding about a change. */
export function changeSubject(requestId: string, index: number): string {
  return `${requestId}#${String(index)}`;
}
