import type { Approval } from "./model";
import type { Reason, Verdict } from "./verdict";

/** Each reason in words, and what must happen next for the change to go on, where anything can. */
export const REASON_TEXT: Readonly<Record<Reason, { readonly because: string; readonly next: string }>> = {
  DuplicateChange: {
    because: "the event changes this field more than once",
    next: "send one change per field, in a new request",
  },
  UnclassifiedField: {
    because: "the policy does not list this field",
    next: "nothing; what is not listed is never written",
  },
  NeverField: { because: "the field's class is never", next: "nothing; its owner changes it in the HR system" },
  SegmentNever: {
    because: "a segment that this worker is in forbids it",
    next: "nothing, unless an exception is approved",
  },
  InitiatorNever: {
    because: "this kind of initiator may not change it",
    next: "have another kind of initiator send it",
  },
  EventNotAuthorized: {
    because: "this event, from this publisher, does not authorise the field",
    next: "send an event that the field lists, from a publisher that the event lists",
  },
  OutsideWindow: {
    because: "the event is too old, or in the future",
    next: "send a new event if the fact still holds",
  },
  NotFinalized: { because: "the value is not finalised", next: "send it again once it is, with `finalizedAt`" },
  InvalidValue: { because: "the value does not fit the field's rules", next: "send a value that fits" },
  IntentMissing: { because: "this kind of initiator must say why", next: "send it again with `initiator.intent`" },
  SegmentNotifyOnly: {
    because: "for this worker the owner is only told",
    next: "the owner decides outside of this system",
  },
  ApprovalRequired: { because: "the field needs an approval for this change", next: "waits for approval" },
  SafeField: { because: "the field is safe, and the event authorises it", next: "written after compare and check" },
};

/** What must happen next with a change, in words; names the groups and the time that an approval needs. */
export function renderNext(verdict: Verdict): string {
  if (verdict.verdict === "approve" && verdict.approval !== undefined)
    return `waits for ${renderApproval(verdict.approval)}`;
  if (verdict.verdict === "deny" && verdict.reason === "ApprovalRequired") return "nothing; no group could approve it";
  return REASON_TEXT[verdict.reason].next;
}

function renderApproval({ groups, expires }: Approval): string {
  const people = groups.map(({ group, count }) => `${String(count)} of ${group}`).join(" and ");
  return `approval by ${people} within ${expires}`;
}
