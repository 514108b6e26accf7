import type { Severity } from "../core";

/** What one finding code means, for a person who meets it in a terminal, a pull request or an editor. */
export interface PolicyCode {
  readonly severity: Severity;
  /** What is wrong, without the particulars. */
  readonly cause: string;
  /** The next step where nothing more particular is known; the finding's hint. */
  readonly mend: string;
}

function error(cause: string, mend: string): PolicyCode {
  return { severity: "error", cause, mend };
}

function warning(cause: string, mend: string): PolicyCode {
  return { severity: "warning", cause, mend };
}

/**
 * Every code that `check` can report, with its severity, cause and mend. Codes are public: tests, waivers and documents
 * cite them; wording may improve freely.
 */
export const POLICY_CODES = {
  InvalidYaml: error("the text is not YAML", "correct the syntax at this place"),
  UnsupportedYaml: error(
    "a YAML feature that hides what the policy says",
    "write the value out plainly, without tags, merge keys, directives or nested aliases, in one document",
  ),
  DuplicateKey: error("a key is given twice in one mapping", "remove one of the two"),
  ReservedKey: error("a key that would change an object instead of naming something in it", "choose another name"),
  InvalidName: error("a name outside the allowed form", "rename it, everywhere it is used"),
  UnknownKey: error("a key that the policy does not know", "remove it or correct its spelling"),
  MissingKey: error("a required key is absent", "add it"),
  InvalidType: error("a value of the wrong kind", "write a value of the expected kind"),
  InvalidValue: error("a value outside what is allowed", "write an allowed value"),
  InvalidPattern: error(
    "not an ECMAScript regular expression",
    "correct the expression; it is compiled with the `u` flag",
  ),
  UnsafePattern: error(
    "a regular expression that can take very long on a crafted value",
    "avoid repeating what itself repeats, alternatives that begin alike under a repetition, neighbouring repetitions of the same characters, and back-references",
  ),
  ContradictoryRules: error("rules of one field that no value can satisfy together", "keep the rules that are meant"),
  DuplicateEntry: warning("an entry is listed twice", "remove one of the two"),

  UnknownOwner: error("no owner of this name", "declare it under `owners` or use a declared one"),
  UnknownEvent: error("no event of this name", "declare it under `events` or use a declared one"),
  UnknownPublisher: error("no publisher of this name", "declare it under `publishers` or use a declared one"),
  UnknownGroup: error(
    "no owner's approvers are this group",
    "name it as some owner's `approvers.group` or use a declared one",
  ),
  UnknownSystem: error("no system of this name", "declare it under `systems` or use a declared one"),
  UnknownSegment: error("no segment of this name", "declare it under `segments` or use a declared one"),
  UnknownField: error("no field of this name", "declare it under `fields` or use a declared one"),
  UnknownAttribute: warning(
    "a segment asks for an attribute that nothing reads, so it matches every worker",
    "declare it under `attributes`, with the system and field that hold it",
  ),

  MissingIdentityOwner: error(
    "no owner `identity`",
    "declare `owners.identity`; its signature is needed on exceptions",
  ),
  MissingClass: error("a field has no class", "write `class: safe`, `conditional` or `never`"),
  MissingOwner: error("a field has no owner", "write `owner:` with the name of the one owner who answers for it"),
  MissingSourceOfTruth: error(
    "a field has no source of truth",
    "write `sourceOfTruth:` with the system that holds the true value",
  ),
  MissingEvents: error(
    "a writable field names no authorising event",
    "list the events that may write it, or make it `never`",
  ),
  MissingApproval: error("a conditional field has no approval", "write `approval:` with groups and `expires`"),
  MissingCheck: error(
    "a conditional field says nothing about its check",
    "write `check: equals-source`, `exists-in-source` or, to do without, `none`",
  ),
  MissingReconcile: error(
    "a writable field is reconciled nowhere",
    "write `reconcile:` on the field or under `defaults`",
  ),

  NeverFieldHasRules: error(
    "a never field has events, an approval or a check, as if it could be written",
    "remove them, or choose the class that is meant",
  ),
  DuplicateHrisField: error(
    "two fields stand for one field of the HRIS, so the looser would bypass the stricter",
    "keep one of them",
  ),
  CheckAgainstHris: error(
    "the value would be held against the system it is written to, which shows nothing",
    "use `exists-in-source`, `none`, or another source of truth",
  ),
  OwnerWithoutApprovers: error(
    "a safe field can be raised to conditional, and nobody could approve it",
    "give the owner an `approvers.group` or the field an `approval`",
  ),
  DuplicateApprovalGroup: error("an approval names one group twice", "name it once, with the count that is meant"),

  SegmentWidens: error(
    "a segment gives a field a looser class than its own",
    "a segment can only narrow; remove the entry",
  ),
  SegmentNarrowsNothing: warning("a segment repeats the field's own class", "remove the entry"),
  EmptySegment: error("a segment has neither `mode` nor `fields`", "say what it narrows, or remove it"),
  EmptySegmentCondition: error(
    "a segment's `when` names no attribute",
    "name the attributes of the population it is about",
  ),

  DuplicateExceptionId: error("two exceptions have one id", "give each its own id"),
  ExceptionOnNeverField: error("the field's own class is never, which is final", "remove the exception"),
  ExceptionLiftsNothing: error("the segment does not narrow this field below what is allowed", "remove the exception"),
  ExceptionTooWide: error("an exception allows more than the field's own class", "allow at most the field's own class"),
  ExceptionUnsigned: error(
    "a required signature is missing",
    "it needs the field's owner and `identity`; where identity owns the field, any second owner",
  ),
  ExceptionSamePerson: error(
    "the required signatures are one person's",
    "have two different people sign for the field's owner and `identity`",
  ),
  ExceptionEndsBeforeStart: error("an exception ends before it is approved", "correct `approvedOn` or `expires`"),
  ExceptionTooLong: error("an exception lasts longer than 90 days", "end it within 90 days of `approvedOn`"),
  ExceptionExpired: error("an exception has expired", "remove it, or have it approved anew"),
  ExceptionNotYetInForce: warning(
    "an exception is approved on a later day and does not hold yet",
    "check `approvedOn`",
  ),
  DuplicateDelegationId: error("two delegations have one id", "give each its own id"),
  DelegationUnsigned: error(
    "no owner whose approvers the group is signed",
    "have such an owner sign under `approvedBy`: nobody else may lend its seats",
  ),
  DelegationEndsBeforeStart: error("a delegation ends before it begins", "correct `from` or `until`"),
  DelegationTooLong: error("a delegation lasts longer than 90 days", "end it within 90 days of `from`"),
  DelegationExpired: error("a delegation has ended", "remove it, or have it signed anew"),
  DelegationNotYetInForce: warning("a delegation begins on a later day and does not hold yet", "check `from`"),

  BreakerHourAboveDay: warning(
    "more writes allowed in an hour than in a day, so that the limit of an hour never applies",
    "lower `maxWritesPerHour` or raise `maxWritesPerDay`",
  ),
  NothingWritable: warning("no field may be written", "give at least one field the class `safe` or `conditional`"),
} as const satisfies Record<string, PolicyCode>;

/** A code of a finding about a policy. */
export type PolicyFindingCode = keyof typeof POLICY_CODES;
