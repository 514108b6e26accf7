import type * as z from "zod";

import {
  canonicalDigest,
  formatInstant,
  isReversalId,
  parseInstant,
  PAYLOAD_VERSION,
  REVERSAL_EVENT,
  REVERSAL_SOURCE,
  type Outcome,
} from "../../core";
import type { Approval, Policy, Scalar } from "../../policy/model";
import type { Reversal, WriteBackRequest } from "../../policy/request";
import type { Reason } from "../../policy/verdict";
import { configSchema as configOf, membersOf, type Environment } from "../config";
import { PolicyInTransition } from "../errors";
import { readGrant } from "../grants";
import { ledgerKeys, type OutcomeItem, type RequestItem, type ReversalItem } from "../ledger";
import { fieldLabel } from "../names";
import { reversalInputSchema } from "../payloads";
import { watchUndecided } from "../open-changes";
import { createPolicySource } from "../policy-source";
import { ConditionFailed, type Clock, type Log, type Store, type Workflow } from "../ports";
import { getChangeOutcome, getDecision, getInspection, getRequest, listReversals, putIfAbsent } from "../records";
import { verdictNow } from "../verdicts";

export interface ReversalPorts {
  readonly store: Store;
  readonly workflow: Pick<Workflow, "start">;
  readonly clock: Clock;
  readonly log: Log;
}

export const configSchema = configOf("manifestHash", "reversalDays");
export type ReversalConfig = z.infer<typeof configSchema>;

export function parseConfig(env: Environment): ReversalConfig {
  return configSchema.parse(membersOf(env));
}

/** Why a write is not taken back, beyond the reasons of `decide`. Public: the command shows them. */
export type ReversalRefusal =
  | "UnknownRequest"
  | "UnknownChange"
  /** It is still on its way, or what came of it is not known yet. */
  | "NotSettled"
  /** Nothing was written, or not what was asked for. */
  | "NeverApplied"
  /** The HRIS has taken it for a day to come. */
  | "PendingInHris"
  /** The HRIS took it back by itself. */
  | "RevertedByHris"
  | "AlreadyReversed"
  | "ReversalUnderWay"
  /** It was written longer ago than a write can be taken back. */
  | "RetentionOver"
  /** The ledger does not hold what the HRIS held before. */
  | "PreviousValueGone"
  /** The policy means another field of the HRIS by this name now. */
  | "FieldMoved"
  /** The same id was given for another reversal. */
  | "ReversalIdReused"
  /** An apply of the policy is under way: ask again when it is done. */
  | "PolicyInTransition";

/** What came of asking. `since`: the reversal that stands in the way, or when the time was over. */
export type ReversalOutput =
  | {
      readonly version: typeof PAYLOAD_VERSION;
      readonly status: "started";
      readonly reversalId: string;
      /** Who has to approve it. */
      readonly approval: Approval;
    }
  | {
      readonly version: typeof PAYLOAD_VERSION;
      readonly status: "refused";
      readonly code: ReversalRefusal | Reason;
      readonly detail?: string;
    };

/** Thrown where it is found that a write is not taken back. */
class Refused extends Error {
  override readonly name = "Refused";

  constructor(
    readonly code: ReversalRefusal | Reason,
    readonly detail?: string,
  ) {
    super(code);
  }
}

/** A reversal that was not decided after so long never will be: its execution has ended. In milliseconds. */
const NEVER_DECIDED_MS = 3 * 86_400_000;

const DAY_MS = 86_400_000;

/**
 * Begins to take back what a change wrote. Who asks names the change and says why; the values come from the ledger alone: what was
 * written is what the HRIS must hold still, what it held before is what it gets. It becomes a request like any other, under an id that the
 * workflow leads through an approval whatever the class, and nothing is written before the field's owner approved the exact change.
 *
 * Refused at once is what the ledger and the policy can tell. Whether HR has moved on, Inspect sees. The same call again is the same
 * reversal, and finishes what a crash cut off. Throws `ServiceUnavailable`.
 */
export function createHandler(
  ports: ReversalPorts,
  config: ReversalConfig,
): (event: unknown) => Promise<ReversalOutput> {
  const { store, clock, log } = ports;
  const pinned = createPolicySource(store, config.manifestHash);

  return async (event) => {
    const asked = reversalInputSchema.parse(event);
    const { reversalId, requestId } = asked;
    try {
      const stored = (await getRequest(store, reversalId)) ?? (await begin(asked));
      const approval = await start(asked, stored);
      log.info("reversal-begun", { reversalId, requestId, field: fieldLabel(asked.field) });
      return { version: PAYLOAD_VERSION, status: "started", reversalId, approval };
    } catch (error) {
      const refusal = error instanceof PolicyInTransition ? new Refused("PolicyInTransition") : error;
      if (!(refusal instanceof Refused)) throw error;
      const { code, detail } = refusal;
      log.warn("reversal-refused", { requestId, field: fieldLabel(asked.field), code });
      return { version: PAYLOAD_VERSION, status: "refused", code, ...(detail === undefined ? {} : { detail }) };
    }
  };

  /** Keeps the request that takes the write back, with the mark of it beside the write. */
  async function begin(asked: z.infer<typeof reversalInputSchema>): Promise<RequestItem> {
    const { reversalId, field, askedBy } = asked;
    const now = clock.now();
    const { policy } = await pinned();
    const found = await writtenChange(store, policy, asked.requestId, field);
    refuseLate(found.written, now, config.reversalDays);
    await refuseSecond(ports, found.place, reversalId);
    const request = requestOf(asked, found, formatInstant(now));
    const item: RequestItem = {
      ...ledgerKeys.request(reversalId),
      request,
      contentDigest: canonicalDigest({ ...request, receivedAt: undefined }),
      receivedAt: formatInstant(now),
    };
    await approvalOf(request);
    const mark: ReversalItem = {
      ...ledgerKeys.reversal(found.place.requestId, found.place.index, reversalId),
      reversalId,
      field,
      askedBy,
      askedAt: formatInstant(now),
    };
    try {
      await store.write([putIfAbsent("ledger", item), putIfAbsent("ledger", mark)]);
      return item;
    } catch (error) {
      const before = error instanceof ConditionFailed ? await getRequest(store, reversalId) : undefined;
      if (before === undefined) throw error;
      return before;
    }
  }

  /** Starts the workflow on a reversal that is kept; who has to approve it. */
  async function start(asked: z.infer<typeof reversalInputSchema>, { request }: RequestItem): Promise<Approval> {
    const { reversalId, requestId, field } = asked;
    const isSame = request.reversal?.requestId === requestId && request.changes[0]?.field === field;
    if (!isSame) throw new Refused("ReversalIdReused");
    const approval = await approvalOf(request);
    await ports.workflow.start(reversalId, { version: PAYLOAD_VERSION, requestId: reversalId });
    await watchUndecided(store, reversalId, field, clock.now());
    return approval;
  }

  /** The approval that the policy of now asks for. Throws `Refused` for what it does not let anybody write. */
  async function approvalOf(request: WriteBackRequest): Promise<Approval> {
    const { verdict, reason, approval } = verdictNow(await pinned(), request, 0, clock.now());
    if (verdict === "approve" && approval !== undefined) return approval;
    throw new Refused(reason);
  }
}

/** A write on record, and what the HRIS held before it. */
interface WrittenChange {
  readonly place: { readonly requestId: string; readonly index: number };
  readonly request: WriteBackRequest;
  readonly written: OutcomeItem;
  readonly grantId: string;
  readonly previous: Scalar | null;
  readonly expected: Scalar | null;
}

/** What a change wrote, from the ledger. Throws `Refused`. */
async function writtenChange(store: Store, policy: Policy, requestId: string, field: string): Promise<WrittenChange> {
  const stored = await getRequest(store, requestId);
  if (stored === undefined) throw new Refused("UnknownRequest");
  const { request } = stored;
  const index = request.changes.findIndex((change) => change.field === field);
  const place = { requestId, index };
  if (index < 0 || (await getDecision(store, place)) === undefined) throw new Refused("UnknownChange");
  const written = await getChangeOutcome(store, place);
  if (written === undefined) throw new Refused("NotSettled");
  const look = (await store.get("ledger", ledgerKeys.secondLook(requestId, index))) as unknown as
    OutcomeItem | undefined;
  const { grantId } = written;
  const refusal = NOT_WRITTEN[look?.outcome ?? written.outcome];
  if (refusal !== undefined) throw new Refused(refusal, look?.outcome ?? written.outcome);
  if (grantId === undefined) throw new Refused("NeverApplied", written.outcome);
  const { open: grant } = await readGrant(store, grantId);
  const exact = grant === undefined ? undefined : await getInspection(store, place, grant.digest);
  if (grant === undefined || exact === undefined) throw new Refused("PreviousValueGone");
  const rules = Object.hasOwn(policy.fields, field) ? policy.fields[field] : undefined;
  if (rules !== undefined && rules.hrisField.toLowerCase() !== grant.hrisField.toLowerCase()) {
    throw new Refused("FieldMoved");
  }
  return { place, request, written, grantId, previous: emptied(exact.from), expected: emptied(exact.to) };
}

/** Ends of a change that left nothing to take back. A look that showed it once more (`applied`), or not clearly, is none. */
const NOT_WRITTEN: Readonly<Partial<Record<Outcome, ReversalRefusal>>> = {
  conflict: "NeverApplied",
  denied: "NeverApplied",
  duplicate: "NeverApplied",
  expired: "NeverApplied",
  forbidden: "NeverApplied",
  noop: "NeverApplied",
  "not-applied": "NeverApplied",
  notified: "NeverApplied",
  planned: "NeverApplied",
  rejected: "NeverApplied",
  "pending-in-hris": "PendingInHris",
  "reverted-by-hris": "RevertedByHris",
};

/** An HRIS answers either for a field that holds nothing. */
function emptied(value: Scalar | null): Scalar | null {
  return typeof value === "string" && value.trim() === "" ? null : value;
}

function refuseLate({ endedAt }: OutcomeItem, nowMs: number, days: number): void {
  const untilMs = (parseInstant(endedAt) ?? Number.NaN) + days * DAY_MS;
  if (!(nowMs <= untilMs)) throw new Refused("RetentionOver", `written ${endedAt}, ${String(days)} days at most`);
}

/** A write is taken back once. One that is under way is started again, should a crash have cut it off. Throws `Refused`. */
async function refuseSecond(
  { store, workflow, clock }: ReversalPorts,
  place: { readonly requestId: string; readonly index: number },
  own: string,
): Promise<void> {
  for (const { reversalId, askedAt } of await listReversals(store, place)) {
    if (reversalId === own || !isReversalId(reversalId)) continue;
    const ended = await getChangeOutcome(store, { requestId: reversalId, index: 0 });
    if (ended?.outcome === "applied" || ended?.outcome === "pending-in-hris") {
      throw new Refused("AlreadyReversed", reversalId);
    }
    if (ended !== undefined) continue;
    const decided = await getDecision(store, { requestId: reversalId, index: 0 });
    if (decided === undefined && clock.now() > (parseInstant(askedAt) ?? 0) + NEVER_DECIDED_MS) continue;
    await workflow.start(reversalId, { version: PAYLOAD_VERSION, requestId: reversalId });
    throw new Refused("ReversalUnderWay", reversalId);
  }
}

/** The request that takes a write back: as the write's own, but for what is asked. */
function requestOf(
  { reversalId, field, reason, askedBy }: z.infer<typeof reversalInputSchema>,
  { place, request, grantId, previous, expected }: WrittenChange,
  at: string,
): WriteBackRequest {
  const reversal: Reversal = { ...place, grantId, expected };
  return {
    source: REVERSAL_SOURCE,
    event: REVERSAL_EVENT,
    requestId: reversalId,
    occurredAt: at,
    worker: request.worker,
    initiator: {
      kind: "human",
      id: askedBy,
      // AWS knows them by their credentials; the identity provider does not.
      issuer: "aws",
      subject: askedBy.slice(askedBy.lastIndexOf("/") + 1),
      ...(reason === undefined ? {} : { intent: reason }),
    },
    changes: [{ field, value: previous, finalizedAt: at }],
    dryRun: false,
    reversal,
    receivedAt: at,
  };
}
