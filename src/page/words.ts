/** Plain words for what the API says in codes. */

/** A field's name as a person says it: `work_email` is "work email". */
export function fieldName(field: string): string {
  return field.replaceAll("_", " ");
}

/** Fields' names as a heading: "Work email, manager". */
export function fieldTitle(...fields: readonly string[]): string {
  const text = fields.map(fieldName).join(", ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const INITIATORS: Readonly<Record<string, string>> = {
  human: "a person",
  automation: "an automated system",
  agent: "an AI agent",
};

/** What kind of initiator asked. */
export function initiatorKind(kind: string): string {
  return INITIATORS[kind] ?? "somebody of an unknown kind";
}

/** The class that a field is held to here. */
export function classWords(own: string, effective: string): string {
  if (own === effective) return own === "safe" ? "Safe field" : own === "conditional" ? "Needs approval" : own;
  return effective === "conditional" ? "Safe field, needs approval here" : effective;
}

export interface CheckWords {
  readonly text: string;
  /** Whether a system confirmed anything. */
  readonly isConfirmed: boolean;
}

/** What was held against the source of truth, from `check: system`. */
export function checkWords(checked: string): CheckWords {
  const [, check, system] = /^(equals-source|exists-in-source|none): (.+)$/.exec(checked) ?? [];
  if (check === "equals-source") return { text: `${system} holds this same value now.`, isConfirmed: true };
  if (check === "exists-in-source") return { text: `${system} knows it as an active record.`, isConfirmed: true };
  if (check === "none")
    return { text: "No system can confirm it. Please make sure yourself that it is right.", isConfirmed: false };
  return { text: checked, isConfirmed: false };
}

/** What happens when the approval is complete. */
export function consequenceWords(consequence: "written" | "planned"): string {
  return consequence === "planned"
    ? "Nothing is written. This is a dry run: it shows what would be written."
    : "The proposed value is written to the HR system. If the value there has changed by then, nothing is written.";
}

const STATUSES: Readonly<Record<string, string>> = {
  waiting: "Waits for decisions",
  "under-way": "Decided, on its way",
  applied: "Written to the HR system",
  noop: "The HR system held this value already",
  conflict: "Not written: the value in the HR system had changed",
  duplicate: "Not written: it was a duplicate",
  forbidden: "Not written: it was not allowed any more",
  rejected: "The HR system refused it",
  "not-applied": "Not written",
  "pending-in-hris": "Taken by the HR system, pending there",
  "reverted-by-hris": "Written, and reverted by the HR system",
  denied: "Denied, nothing is written",
  expired: "Expired, nothing is written",
  notified: "For information only, nothing is written",
  planned: "Dry run, nothing is written",
  unknown: "Not known yet whether it was written; it is being looked up",
};

export function statusWords(status: string): string {
  return STATUSES[status] ?? status;
}

/** How a status looks. */
export function statusTone(status: string): "wait" | "good" | "bad" | "calm" {
  if (status === "waiting" || status === "under-way" || status === "pending-in-hris" || status === "unknown")
    return "wait";
  if (status === "applied" || status === "noop") return "good";
  return ["denied", "expired", "notified", "planned", "duplicate"].includes(status) ? "calm" : "bad";
}

const PROBLEMS: Readonly<Record<string, string>> = {
  NotAnApprover: "You are not in a group that is asked to decide on this, and you do not own the field.",
  SelfApproval: "You asked for this change yourself. Somebody else must decide on it.",
  ApproverIsWorker: "This is a change of your own record. Somebody else must decide on it.",
  InitiatorUnidentified:
    "It is not known which person asked for this change, so nobody can be told apart from them. It cannot be approved.",
  SamePerson: "You have decided already, with another account of yours. That decision stands.",
  AlreadyDecided: "You have decided already. That decision stands.",
  ChangeEnded: "This change has ended already.",
  ApprovalExpired: "The time to decide is over. Nothing is written; whoever needs the change must ask again.",
  NotWaiting: "This change does not wait for a decision any more: others have decided.",
  DigestMismatch: "The change moved while you were looking. Please look at it again before you decide.",
  WorkerIdMissing:
    "Your sign-in does not say which worker record is your own, so you may read and not decide. Please tell your administrator.",
  ReasonMissing: "A denial needs a reason.",
  NoSuchChange: "There is no such change. The link may be wrong or too old.",
  NotAnOperator: "Only members of the operators' group may do this.",
  PolicyInTransition: "The policy is being changed at this moment. Please try again in a minute.",
};

/** What a refusal means, by its code; else the API's own words. */
export function problemWords(code: string, title: string): string {
  return PROBLEMS[code] ?? (title === "" ? "It was refused." : `${title.charAt(0).toUpperCase()}${title.slice(1)}.`);
}

/** `1 change`, `2 changes`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${String(number)} ${number === 1 ? one : many}`;
}

/** A moment as people write it, in their own time zone, which it names. */
export function moment(instant: string): string {
  const time = Date.parse(instant);
  if (Number.isNaN(time)) return instant;
  return new Intl.DateTimeFormat("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
  }).format(time);
}

/** The whole of a UTC day `YYYY-MM-DD`, by its end. */
export function endOfDay(day: string): string {
  const time = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(time)) return day;
  const format = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
  return `the end of ${format.format(time)} (UTC)`;
}

const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

/** How far a moment is from now: "in 3 hours", "2 days ago". */
export function fromNow(instant: string, now: number): string {
  const difference = Date.parse(instant) - now;
  if (Number.isNaN(difference)) return "";
  const format = new Intl.RelativeTimeFormat("en-GB", { numeric: "always" });
  for (const [unit, ms] of UNITS) {
    if (Math.abs(difference) >= ms) return format.format(Math.trunc(difference / ms), unit);
  }
  return difference >= 0 ? "in less than a minute" : "a moment ago";
}
