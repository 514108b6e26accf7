import type { Approval } from "../policy/model";
import type { Person } from "../policy/approvals";
import { readGrant } from "./grants";
import { ledgerKeys, type AcknowledgedItem, type ApprovalItem, type InspectionItem, type RefusalItem } from "./ledger";
import type { StoreReads } from "./ports";
import {
  attemptNumber,
  getChangeOutcome,
  getDecision,
  getRequest,
  listApprovals,
  listAttempts,
  listInspections,
  listReversals,
  type ChangePlace,
} from "./records";

/** What the ledger holds of one request, told in order. Digests and names; no value of a record and no worker's id. */
export interface RequestHistory {
  readonly requestId: string;
  readonly receivedAt: string;
  readonly contentDigest: string;
  readonly event: string;
  readonly source: string;
  readonly occurredAt: string;
  readonly initiator: { readonly kind?: string; readonly id: string } & Partial<Person>;
  readonly dryRun: boolean;
  /** The change that this request takes back. */
  readonly reverses?: { readonly requestId: string; readonly index: number };
  readonly changes: readonly ChangeHistory[];
}

/** One change: what was decided of it, seen, approved, tried and shown. */
export interface ChangeHistory {
  readonly index: number;
  readonly field: string;
  readonly class: string;
  readonly effectiveClass: string;
  readonly owner?: string;
  readonly verdict: string;
  readonly reason: string;
  readonly policyDigest: string;
  readonly decidedAt: string;
  readonly exactChanges: readonly ExactChangeHistory[];
  readonly refusals: readonly RefusalHistory[];
  readonly attempts: readonly AttemptHistory[];
  readonly acknowledgements: readonly { readonly acknowledger: Person; readonly acknowledgedAt: string }[];
  /** The requests that were to take it back, and what came of each. */
  readonly reversals: readonly ReversalHistory[];
  /** Absent while the change has no end. */
  readonly outcome?: { readonly outcome: string; readonly reason: string; readonly endedAt: string };
  /** What a look some time after the write showed. */
  readonly secondLook?: { readonly outcome: string; readonly reason: string; readonly endedAt: string };
}

/** One exact change, by its digest, and what people said about it. */
export interface ExactChangeHistory {
  readonly digest: string;
  readonly workerRef: string;
  readonly policyDigest: string;
  readonly checked: string;
  readonly inspectedAt: string;
  /** Absent where none was needed. */
  readonly approval?: Approval;
  readonly decisions: readonly Omit<ApprovalItem, "pk" | "sk">[];
}

type RefusalHistory = Omit<RefusalItem, "pk" | "sk">;

/** One grant: opened, used or ended, and what came of it. */
export interface AttemptHistory {
  readonly attempt: number;
  readonly grantId: string;
  readonly digest?: string;
  readonly openedAt: string;
  readonly usedAt?: string;
  readonly accessKeyId?: string;
  readonly ended?: { readonly reason: string; readonly endedAt: string };
  readonly outcome?: { readonly outcome: string; readonly reason: string; readonly endedAt: string };
}

/** One request to take a change back. */
export interface ReversalHistory {
  readonly reversalId: string;
  /** By their own word. */
  readonly askedBy: string;
  readonly askedAt: string;
  /** Absent while it has no end. */
  readonly outcome?: { readonly outcome: string; readonly reason: string; readonly endedAt: string };
}

/** The history of a request, from the ledger alone; nothing where the ledger does not know it. */
export async function readHistory(store: StoreReads, requestId: string): Promise<RequestHistory | undefined> {
  const stored = await getRequest(store, requestId);
  if (stored === undefined) return undefined;
  const { request, contentDigest, receivedAt } = stored;
  const { kind, id, issuer, subject } = request.initiator;
  const changes: ChangeHistory[] = [];
  for (let index = 0; index < request.changes.length; index += 1) {
    const change = await readChange(store, { requestId, index });
    if (change !== undefined) changes.push(change);
  }
  return {
    requestId,
    receivedAt,
    contentDigest,
    event: request.event,
    source: request.source,
    occurredAt: request.occurredAt,
    initiator: { ...(kind === undefined ? {} : { kind }), id, issuer, subject },
    dryRun: request.dryRun,
    ...(request.reversal === undefined
      ? {}
      : { reverses: { requestId: request.reversal.requestId, index: request.reversal.index } }),
    changes,
  };
}

async function readChange(store: StoreReads, place: ChangePlace): Promise<ChangeHistory | undefined> {
  const { requestId, index } = place;
  const decision = await getDecision(store, place);
  if (decision === undefined) return undefined;
  const [inspections, approvals, attempts, outcome, secondLook, refusals, acknowledged, reversals] = await Promise.all([
    listInspections(store, place),
    listApprovals(store, place),
    listAttempts(store, place),
    getChangeOutcome(store, place),
    store.get("ledger", ledgerKeys.secondLook(requestId, index)),
    store.query("ledger", ledgerKeys.refusals(requestId, index)),
    store.query("ledger", ledgerKeys.acknowledgements(requestId, index)),
    listReversals(store, place),
  ]);
  const { field, effectiveClass, owner, verdict, reason, policyDigest, decidedAt } = decision;
  return {
    index,
    field,
    class: decision.class,
    effectiveClass,
    ...(owner === undefined ? {} : { owner }),
    verdict,
    reason,
    policyDigest,
    decidedAt,
    exactChanges: inspections.map((inspection) => exactChangeOf(inspection, approvals)),
    refusals: refusals.map((item) => withoutKey(item as unknown as RefusalItem)),
    attempts: await Promise.all(
      attempts
        .sort((a, b) => attemptNumber(a) - attemptNumber(b))
        .map(async (item): Promise<AttemptHistory> => {
          const { grantId, openedAt } = item;
          const { open, intent, end, outcome: came } = await readGrant(store, grantId);
          return {
            attempt: attemptNumber(item),
            grantId,
            digest: open?.digest,
            openedAt,
            usedAt: intent?.intendedAt,
            accessKeyId: intent?.accessKeyId,
            ended: end === undefined ? undefined : { reason: end.reason, endedAt: end.endedAt },
            outcome: endingOf(came),
          };
        }),
    ),
    acknowledgements: (acknowledged as unknown as AcknowledgedItem[]).map(({ acknowledger, acknowledgedAt }) => ({
      acknowledger,
      acknowledgedAt,
    })),
    reversals: await Promise.all(
      reversals.map(async ({ reversalId, askedBy, askedAt }) => ({
        reversalId,
        askedBy,
        askedAt,
        outcome: endingOf(await getChangeOutcome(store, { requestId: reversalId, index: 0 })),
      })),
    ),
    outcome: endingOf(outcome),
    secondLook: endingOf(secondLook as { outcome: string; reason: string; endedAt: string } | undefined),
  };
}

function exactChangeOf(inspection: InspectionItem, approvals: readonly ApprovalItem[]): ExactChangeHistory {
  const { digest, workerRef, policyDigest, checked, inspectedAt, approval } = inspection;
  return {
    digest,
    workerRef,
    policyDigest,
    checked,
    inspectedAt,
    ...(approval === undefined ? {} : { approval }),
    decisions: approvals
      .filter((item) => item.digest === digest)
      .map((item) => withoutKey(item))
      .sort((a, b) => (a.decidedAt < b.decidedAt ? -1 : 1)),
  };
}

function endingOf(
  item: { readonly outcome: string; readonly reason: string; readonly endedAt: string } | undefined,
): ChangeHistory["outcome"] {
  return item === undefined ? undefined : { outcome: item.outcome, reason: item.reason, endedAt: item.endedAt };
}

function withoutKey<T extends { readonly pk: string; readonly sk?: string }>(item: T): Omit<T, "pk" | "sk"> {
  return Object.fromEntries(Object.entries(item).filter(([name]) => name !== "pk" && name !== "sk")) as Omit<
    T,
    "pk" | "sk"
  >;
}
