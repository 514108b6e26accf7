import { plain } from "../core";
import type { Approval } from "../policy/model";
import { REASON_TEXT } from "../policy/explain";
import type { Reason } from "../policy/verdict";
import type { InspectReason } from "../runtime/handlers/inspect";
import type { ReversalRefusal } from "../runtime/handlers/reversal";
import type { Format } from "./io";
import { escapeMarkdown, renderJson } from "./render";

/** The change that is taken back. */
interface Reversed {
  readonly requestId: string;
  readonly field: string;
}

interface Begun extends Reversed {
  readonly reversalId: string;
  readonly approval: Approval;
  /** Where it is decided on. */
  readonly url?: string;
  /** Until when it is waited for; absent where it is not known to wait yet. */
  readonly expiresAt?: string;
}

/** What came of asking to take a write back. No value of a record. */
export type ReversalReport =
  | (Reversed & { readonly state: "refused"; readonly code: string; readonly detail?: string })
  | (Begun & { readonly state: "begun" })
  | (Begun & { readonly state: "ended"; readonly outcome: string; readonly reason: string });

/** Why a write is not taken back, for a reader who has not read the code. */
const REFUSALS: Readonly<Record<ReversalRefusal, string>> = {
  UnknownRequest: "the ledger knows no such request",
  UnknownChange: "the request changes no such field",
  NotSettled: "it is not known yet what came of the change; ask again when it has ended",
  NeverApplied: "the change was never written",
  PendingInHris: "the HRIS has taken the change for a day to come; take it back there, or ask again after that day",
  RevertedByHris: "the HRIS took it back by itself",
  AlreadyReversed: "it was taken back already",
  ReversalUnderWay: "it is being taken back already",
  RetentionOver: "it was written longer ago than a write can be taken back; its owner changes it in the HR system",
  PreviousValueGone: "the ledger does not hold what was there before",
  FieldMoved: "the policy means another field of the HRIS by this name now",
  ReversalIdReused: "this id stands for another reversal",
  PolicyInTransition: "an apply of the policy is under way; ask again when it is done",
};

/** Ends that say why, beyond the reasons of `decide`. */
const ENDS: Readonly<Partial<Record<InspectReason, string>>> = {
  HrMovedOn: "somebody changed the field in the HR system since: HR wins",
  ClearUnsupported: "the field was empty before, and this HRIS has no way to empty it that is known for sure",
  AlreadyEqual: "the HRIS holds the previous value already",
  ApprovalExpired: "nobody approved it in time",
  ApprovalDenied: "somebody denied it",
  NoSuchWorker: "the HRIS does not know the worker any more",
  WorkerInactive: "the worker is not active any more",
};

export const RENDER_REVERSAL: Readonly<Record<Format, (report: ReversalReport) => string>> = {
  text: (report) =>
    linesOf(report)
      .map((line) => `${plain(line)}\n`)
      .join(""),
  markdown: (report) =>
    linesOf(report)
      .map((line) => `${escapeMarkdown(line)}\n`)
      .join("\n"),
  json: (report) => renderJson({ reversal: report }),
};

function linesOf(report: ReversalReport): string[] {
  const what = `${report.field} of ${report.requestId}`;
  if (report.state === "refused") {
    const detail = report.detail === undefined ? "" : ` (${report.detail})`;
    return [`Not taken back: ${what}: ${whyOf(report.code)}${detail} [${report.code}]`];
  }
  const { reversalId, approval, url, expiresAt } = report;
  if (report.state === "ended") {
    const { outcome, reason } = report;
    return outcome === "applied"
      ? [`Taken back: ${what}, by ${reversalId}`]
      : [`NOT taken back: ${what}, by ${reversalId}: ${outcome}: ${whyOf(reason)} [${reason}]`];
  }
  const who = approval.groups.map(({ group, count }) => `${String(count)} of ${group}`).join(" and ");
  return [
    `Begun: ${what}, by ${reversalId}`,
    `It ${expiresAt === undefined ? "needs" : "waits for"} the approval of ${who}${expiresAt === undefined ? "" : `, until ${expiresAt}`}`,
    ...(url === undefined ? [] : [`They decide at ${url}`]),
  ];
}

function whyOf(code: string): string {
  return (
    (REFUSALS as Readonly<Record<string, string>>)[code] ??
    (ENDS as Readonly<Record<string, string>>)[code] ??
    reasonOf(code) ??
    "see the ledger's history"
  );
}

function reasonOf(code: string): string | undefined {
  if (code === "ApprovalRequired") return "the field's owner has no group that could approve it";
  return Object.hasOwn(REASON_TEXT, code) ? REASON_TEXT[code as Reason].because : undefined;
}
