import { plain } from "../core";
import type { ChangeHistory, RequestHistory } from "../runtime/history";
import type { Verification, VerificationCode } from "../runtime/verify-history";
import type { DelegationOnRecord } from "../runtime/ledger";
import { escapeMarkdown, renderMarkdownTable, renderTextTable } from "./render";

/** Something that happened, as a line: when, what, by whom, to what. */
interface Happening {
  readonly at: string;
  readonly what: string;
  readonly who: string;
  readonly of: string;
}

const HEADER = ["When", "What", "Who", "Digest, policy, reason"];

/** What each check looked at, for a reader who has not read the code. */
const CHECKS: Readonly<Record<VerificationCode, string>> = {
  RequestUnchanged: "the request is as it was taken",
  DigestMatches: "the digest is of exactly this change, by the digest key",
  ValueRequested: "what was shown for approval is what was asked for",
  DecisionInPlace: "the decision is of this person, on an exact change on record",
  DenialMarked: "the denial stops every grant",
  DelegationInForce: "the delegation that lent the seat held at that time",
  GrantForExactChange: "the grant is for an exact change on record",
  ApprovedBeforeGrant: "the approval was complete before the grant was opened",
  NotUsedAfterDenial: "nothing was written after a denial",
};

export function renderHistoryText(history: RequestHistory, verified?: readonly Verification[]): string {
  const changes = history.changes.map((change) => `\n${titleOf(change)}\n${table(change, renderTextTable)}`);
  const checks =
    verified === undefined ? "" : `\n${summaryOf(verified)}\n${renderTextTable(CHECK_HEADER, checkRows(verified))}`;
  return `${introOf(history)}\n${changes.join("")}${checks}`;
}

export function renderHistoryMarkdown(history: RequestHistory, verified?: readonly Verification[]): string {
  const changes = history.changes.map(
    (change) => `\n## ${escapeMarkdown(titleOf(change))}\n\n${table(change, renderMarkdownTable)}`,
  );
  const checks =
    verified === undefined
      ? ""
      : `\n## Verification\n\n${summaryOf(verified)}\n\n${renderMarkdownTable(CHECK_HEADER, checkRows(verified))}`;
  return `# ${escapeMarkdown(introOf(history))}\n${changes.join("")}${checks}`;
}

function introOf(history: RequestHistory): string {
  const { requestId, receivedAt, event, source, initiator, dryRun, contentDigest, reverses } = history;
  const by = initiator.subject === undefined ? initiator.id : `${initiator.id} (${initiator.subject})`;
  const what = `Request ${requestId}: ${event} from ${source}, asked for by ${initiator.kind ?? "unnamed kind"} ${by}`;
  const back = reverses === undefined ? "" : `, to take back change ${String(reverses.index)} of ${reverses.requestId}`;
  return plain(`${what}${back}, taken ${receivedAt}${dryRun ? ", as a dry run" : ""}, content ${contentDigest}`);
}

function titleOf({ index, field, effectiveClass, owner, outcome }: ChangeHistory): string {
  const end = outcome === undefined ? "no end yet" : `${outcome.outcome} (${outcome.reason})`;
  return plain(`Change ${String(index)}: ${field}, ${effectiveClass}, owned by ${owner ?? "nobody"}: ${end}`).trim();
}

function standingInOf({ delegations }: { readonly delegations?: readonly DelegationOnRecord[] }): string {
  const lent = (delegations ?? []).map(({ id, group, until }) => `${group} by delegation ${id} until ${until}`);
  return lent.length === 0 ? "" : `, standing in for ${lent.join(" and ")}`;
}

function table(change: ChangeHistory, render: typeof renderTextTable): string {
  return render(
    HEADER,
    happeningsOf(change).map(({ at, what, who, of }) => [at, what, who, of]),
  );
}

/** What happened to a change, in order of time; what is of one time in order of the way of a change. */
function happeningsOf(change: ChangeHistory): Happening[] {
  const happenings: Happening[] = [
    {
      at: change.decidedAt,
      what: `verdict ${change.verdict}`,
      who: "the policy",
      of: `${change.reason}, policy ${change.policyDigest}`,
    },
  ];
  for (const { digest, inspectedAt, checked, approval, policyDigest, decisions } of change.exactChanges) {
    const asked = approval?.groups.map(({ group, count }) => `${String(count)} of ${group}`).join(" and ");
    happenings.push({
      at: inspectedAt,
      what: "exact change",
      who: asked === undefined ? "nobody is asked" : `asked: ${asked}, within ${approval?.expires ?? ""}`,
      of: `${digest}, policy ${policyDigest}, checked ${checked}`,
    });
    for (const made of decisions) {
      happenings.push({
        at: made.decidedAt,
        what: made.decision === "approve" ? "approved" : "denied",
        who: `${made.approver.subject} of ${made.groups.join(", ")}${standingInOf(made)} (${made.approver.issuer})`,
        of: `${made.digest}, policy ${made.policyDigest}${made.reason === undefined ? "" : `: ${made.reason}`}`,
      });
    }
  }
  for (const { code, caller, decision, digest, refusedAt } of change.refusals) {
    happenings.push({
      at: refusedAt,
      what: `refused to ${decision}`,
      who: `${caller.subject} (${caller.issuer})`,
      of: `${code}, claimed ${digest}`,
    });
  }
  for (const { attempt, grantId, digest, openedAt, usedAt, accessKeyId, ended, outcome } of change.attempts) {
    const grant = `grant ${grantId} of attempt ${String(attempt)}`;
    happenings.push({ at: openedAt, what: "grant opened", who: grant, of: digest ?? "" });
    if (usedAt !== undefined) {
      happenings.push({ at: usedAt, what: "grant used", who: grant, of: `session ${accessKeyId ?? ""}` });
    }
    if (ended !== undefined) {
      happenings.push({ at: ended.endedAt, what: "grant ended unused", who: grant, of: ended.reason });
    }
    if (outcome !== undefined) {
      happenings.push({ at: outcome.endedAt, what: `write ${outcome.outcome}`, who: grant, of: outcome.reason });
    }
  }
  for (const { acknowledger, acknowledgedAt } of change.acknowledgements) {
    happenings.push({
      at: acknowledgedAt,
      what: "acknowledged",
      who: `${acknowledger.subject} (${acknowledger.issuer})`,
      of: "",
    });
  }
  for (const { reversalId, askedBy, askedAt, outcome } of change.reversals) {
    const end = outcome === undefined ? "no end yet" : `${outcome.outcome} (${outcome.reason})`;
    happenings.push({ at: askedAt, what: "reversal asked for", who: askedBy, of: `${reversalId}: ${end}` });
  }
  if (change.outcome !== undefined) {
    const { outcome, reason, endedAt } = change.outcome;
    happenings.push({ at: endedAt, what: `ended ${outcome}`, who: "", of: reason });
  }
  if (change.secondLook !== undefined) {
    const { outcome, reason, endedAt } = change.secondLook;
    happenings.push({ at: endedAt, what: `looked again: ${outcome}`, who: "", of: reason });
  }
  // Stable: what is of one time stays in the order above.
  return happenings.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

const CHECK_HEADER = ["Holds", "What was recomputed", "About", "Code"];

function checkRows(verified: readonly Verification[]): string[][] {
  return verified.map(({ code, about, holds }) => [holds ? "yes" : "NO", CHECKS[code], about, code]);
}

function summaryOf(verified: readonly Verification[]): string {
  const failed = verified.filter(({ holds }) => !holds).length;
  return failed === 0
    ? `Verified: all ${String(verified.length)} checks hold`
    : `NOT verified: ${String(failed)} of ${String(verified.length)} checks do not hold`;
}
