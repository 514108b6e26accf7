/** How much a finding weighs. `alarm`: somebody may have got past the system. `review`: a person must look. `record`: kept, nothing to do. */
export type Weight = "alarm" | "review" | "record";

/** What a class of finding depends on: when it is looked for again, and so when it can close. */
export type Scope =
  /** A worker's field: looked at when the field is due. */
  | "field"
  /** The ledger alone: looked at in every run. */
  | "ledger"
  /** CloudTrail's records. */
  | "sessions"
  /** What the run came to. */
  | "run"
  /** The policy and the clock. */
  | "policy";

interface FindingClassRules {
  readonly weight: Weight;
  readonly scope: Scope;
  /** What it means, for a report. */
  readonly meaning: string;
  /** What to do next. */
  readonly next: string;
}

/**
 * Every class of finding, exactly. *Effect* below is a grant's outcome that may have changed the HRIS: everything but `noop`,
 * `not-applied`, `denied`, `forbidden`, `rejected` and `duplicate`. The *last write* of a worker's field is the grant that its pointer names.
 * What is in flight (a grant not settled) is left alone, and so is everything younger than an hour that only time can settle.
 */
export const FINDING_CLASSES = {
  /**
   * A write that no grant stands behind. By the ledger: an intent whose grant is not on record, was expired, or was not approved as its exact
   * change asked; an effect without an intent; an end `applied`, `pending-in-hris` or `reverted-by-hris` without a used grant. By the HRIS:
   * it holds the value of an exact change of the last 30 days that no grant was used for, which it did not hold when that was inspected,
   * and the last write of that field neither wrote that value nor came later.
   */
  WrittenWithoutGrant: {
    weight: "alarm",
    scope: "ledger",
    meaning: "a write that no grant stands behind",
    next: "ask HR who entered it; unless somebody did by hand, stop the system and look for whose credential wrote it",
  },
  /** CloudTrail recorded a session of the connector role under a name that is no grant's, or outside its grant's time by more than a minute. */
  SessionWithoutGrant: {
    weight: "alarm",
    scope: "sessions",
    meaning: "a session of the connector role that no grant stands behind",
    next: "stop the system, and look in CloudTrail for who opened the session and what it did",
  },
  /** A grant was used, the ledger says that nothing came of it, and the HRIS holds its value: the HRIS committed late. */
  WrittenLate: {
    weight: "review",
    scope: "field",
    meaning: "the HRIS took a write that the ledger says it did not take",
    next: "tell the field's owner that the value is there; the record of the change stays `not-applied`",
  },
  /** The last write is `applied`, and the HRIS holds the value from before it, or the second look found it reverted and it still is. */
  RevertedByHris: {
    weight: "review",
    scope: "field",
    meaning: "the HRIS took back what was written",
    next: "ask the HR system's owner which rule did it before it is asked for again",
  },
  /** The last write was applied or is pending, and the HRIS holds a third value, or does not know the worker any more. HR wins. */
  ChangedByHr: {
    weight: "record",
    scope: "field",
    meaning: "HR changed what was written: HR wins",
    next: "nothing: nothing is written over it",
  },
  /**
   * The HRIS holds what was written, and the field's check says otherwise by now: the source of truth holds another value (`equals-source`),
   * or the record that the value names is not active there (`exists-in-source`).
   */
  SourceChanged: {
    weight: "review",
    scope: "field",
    meaning: "the source of truth has moved on from what was written",
    next: "let a publisher propose the new value by one of the field's events; nothing is written by itself",
  },
  /** A grant that ended unused, of a change that was not written otherwise. For 30 days, or until the field is written. */
  GrantWithoutWrite: {
    weight: "review",
    scope: "ledger",
    meaning: "a grant was opened and nothing was written by it",
    next: "look in the connector's log for why it did not use its grant",
  },
  /** An exact change was approved as it asked, and no grant was opened for it within a day, or its change has ended otherwise. For 30 days. */
  ApprovalWithoutGrant: {
    weight: "review",
    scope: "ledger",
    meaning: "people approved a change that was not written",
    next: "tell the approvers how the change ended; it needs a new request",
  },
  /** A grant an hour after its expiry neither used nor ended, or used and still without an outcome; a change days after its last deadline without an end. */
  OpenPastExpiry: {
    weight: "review",
    scope: "ledger",
    meaning: "something is still open that should have ended",
    next: "look at the sweeper's errors: it ends what is left open",
  },
  /** A field that was ever written and was not wholly reconciled within its cadence and a quarter of it; or sessions that CloudTrail does not show. */
  NotReconciledInTime: {
    weight: "review",
    scope: "run",
    meaning: "a field was not reconciled in its time",
    next: "look at why runs ended early, and at what the reader may not see",
  },
  /** An exception ends within 14 days. */
  ExceptionEnds: {
    weight: "review",
    scope: "policy",
    meaning: "an exception is about to end",
    next: "let field owner and identity renew it in the policy, or let it end",
  },
  /** In the first 14 days of a review period: a conditional field and the groups that approve it, or an exception, for owner and identity to look at together. */
  JointReview: {
    weight: "review",
    scope: "policy",
    meaning: "field owner and identity look together at who may approve what",
    next: "agree that class, groups and exceptions are still right, or change the policy",
  },
} as const satisfies Readonly<Record<string, FindingClassRules>>;
export type FindingClass = keyof typeof FINDING_CLASSES;

/** The classes, the heaviest first. */
export const CLASSES = Object.keys(FINDING_CLASSES) as readonly FindingClass[];

/** Whether a person must look at a finding of this class. */
export function needsHuman(findingClass: FindingClass): boolean {
  return FINDING_CLASSES[findingClass].weight !== "record";
}
