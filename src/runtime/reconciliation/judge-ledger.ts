import { LEDGER, parseDuration, type Outcome } from "../../core";
import { mayHaveChanged, pointerOf, readGrant } from "../grants";
import {
  ledgerKeys,
  type DecisionItem,
  type GrantItem,
  type IntentItem,
  type OutcomeItem,
  type PointerItem,
} from "../ledger";
import {
  attemptNumber,
  getChangeOutcome,
  getInspection,
  getRequest,
  listApprovals,
  listAttempts,
  listInspections,
} from "../records";
import { isApprovedBy } from "../verify-history";
import { changeSubject, type Found } from "./finding";
import { placeOf } from "./judge-field";
import { instant, ownersOf, REMEMBER_MS, SETTLE_MS, type World } from "./world";

/** By how much clocks may differ, in milliseconds. */
const SKEW_MS = 60_000;

/** What a change may take after its last deadline: a night of retries, an apply that hangs for a day, a quota of a day. */
const LATEST_MS = 3 * 86_400_000;

/** Ends that only a used grant brings about. */
const EFFECTS: readonly Outcome[] = ["applied", "pending-in-hris", "reverted-by-hris"];

/** A grant: was it used as it was given, and did it end? */
export async function judgeGrant(world: World, grant: GrantItem): Promise<Found[]> {
  const { store, clock } = world.ports;
  const nowMs = clock.now();
  const { intent, outcome, end } = await readGrant(store, grant.grantId);
  if (intent !== undefined) {
    if (outcome === undefined) {
      const isOver = nowMs > instant(intent.settledBy) + SETTLE_MS;
      if (isOver) return [grantFinding(world, grant, "OpenPastExpiry", "WriteOpen")];
    }
    return wrongUse(world, grant);
  }
  if (end === undefined) {
    const isOver = nowMs > instant(grant.expiresAt) + SETTLE_MS;
    return isOver ? [grantFinding(world, grant, "OpenPastExpiry", "GrantOpen")] : [];
  }
  return unused(world, grant, instant(end.endedAt));
}

/** A used grant that was no grant: of no exact change on record, or not approved as that asked. */
async function wrongUse(world: World, grant: GrantItem): Promise<Found[]> {
  const { store } = world.ports;
  const [stored, inspection] = await Promise.all([
    getRequest(store, grant.requestId),
    getInspection(store, grant, grant.digest),
  ]);
  if (stored === undefined || inspection === undefined)
    return [grantFinding(world, grant, "WrittenWithoutGrant", "GrantOfNoChange")];
  if (inspection.approval === undefined) return [];
  const approvals = await listApprovals(store, grant, grant.digest);
  return isApprovedBy(stored.request, inspection, approvals, grant.openedAt)
    ? []
    : [grantFinding(world, grant, "WrittenWithoutGrant", "GrantNotApproved")];
}

/** A grant that ended unused counts once for its change, and no longer than until the field is written. */
async function unused(world: World, grant: GrantItem, endedMs: number): Promise<Found[]> {
  const { store, clock } = world.ports;
  if (clock.now() - endedMs > REMEMBER_MS) return [];
  const ended = await getChangeOutcome(store, grant);
  if (ended?.outcome !== "not-applied") return [];
  const attempts = (await listAttempts(store, grant)).sort((a, b) => attemptNumber(a) - attemptNumber(b));
  const grants = await Promise.all(attempts.map(({ grantId }) => readGrant(store, grantId)));
  if (grants.some(({ intent }) => intent !== undefined)) return [];
  const pointer: Partial<PointerItem> = (await store.get("control", pointerOf(grant))) ?? {};
  if (pointer.lastGrantId !== undefined && pointer.lastGrantId > grant.grantId) return [];
  return [
    {
      ...grantFinding(world, grant, "GrantWithoutWrite", "GrantUnused"),
      subject: changeSubject(grant.requestId, grant.index),
      grantId: attempts.at(-1)?.grantId ?? grant.grantId,
    },
  ];
}

/** An intent: does a grant stand behind it, and was there time? */
export async function judgeIntent(world: World, intent: IntentItem): Promise<Found[]> {
  const grant = (await world.ports.store.get("ledger", ledgerKeys.grant(intent.grantId))) as unknown as
    GrantItem | undefined;
  if (grant === undefined) return [orphan(world, intent.grantId, "IntentWithoutGrant")];
  return instant(intent.intendedAt) > instant(grant.expiresAt) + SKEW_MS
    ? [grantFinding(world, grant, "WrittenWithoutGrant", "UsedAfterExpiry")]
    : [];
}

/** What a grant's use came to: was it used? */
export async function judgeGrantOutcome(world: World, item: OutcomeItem): Promise<Found[]> {
  const grantId = item.pk.slice(LEDGER.grantOutcomePrefix.length);
  if (!mayHaveChanged(item)) return [];
  const intent = await world.ports.store.get("ledger", ledgerKeys.intent(grantId));
  return intent === undefined ? [orphan(world, grantId, "EffectWithoutIntent")] : [];
}

/** How a change ended: by a grant that was used? */
export async function judgeOutcome(world: World, item: OutcomeItem): Promise<Found[]> {
  if (!EFFECTS.includes(item.outcome)) return [];
  const { grantId } = item;
  const intent = grantId === undefined ? undefined : await world.ports.store.get("ledger", ledgerKeys.intent(grantId));
  if (intent !== undefined) return [];
  const place = placeOf(item.pk, LEDGER.outcomePrefix);
  if (grantId !== undefined) return [{ ...orphan(world, grantId, "EndWithoutGrant"), ...place }];
  const subject = changeSubject(place.requestId, place.index);
  return [{ class: "WrittenWithoutGrant", reason: "EndWithoutGrant", subject, ...place, owners: ownersOf(world) }];
}

/** A decided change: has it ended, where everything that it could wait for is over? */
export async function judgeDecision(world: World, item: DecisionItem): Promise<Found[]> {
  const { store, clock } = world.ports;
  const nowMs = clock.now();
  if (!(nowMs > instant(item.decidedAt) + LATEST_MS)) return [];
  const place = { requestId: item.pk.slice(LEDGER.decisionPrefix.length), index: Number(item.sk?.split("#")[1]) };
  if ((await getChangeOutcome(store, place)) !== undefined) return [];
  const [inspections, attempts] = await Promise.all([listInspections(store, place), listAttempts(store, place)]);
  const deadlines = [
    ...inspections.map(
      ({ inspectedAt, approval }) =>
        instant(inspectedAt) + (approval === undefined ? 0 : (parseDuration(approval.expires) ?? 0)),
    ),
    ...attempts.map(({ openedAt }) => instant(openedAt)),
  ];
  if (deadlines.some((deadline) => nowMs <= deadline + LATEST_MS)) return [];
  const grants = await Promise.all(attempts.map(({ grantId }) => readGrant(store, grantId)));
  // An open grant is a finding of its own.
  if (grants.some(({ intent, outcome, end }) => (intent === undefined ? end === undefined : outcome === undefined)))
    return [];
  return [
    {
      class: "OpenPastExpiry",
      reason: "ChangeOpen",
      subject: changeSubject(place.requestId, place.index),
      field: item.field,
      ...place,
      owners: ownersOf(world, item.field),
    },
  ];
}

function grantFinding(world: World, grant: GrantItem, of: Found["class"], reason: Found["reason"]): Found {
  const { grantId, requestId, index, field, workerRef } = grant;
  return {
    class: of,
    reason,
    subject: grantId,
    field,
    workerRef,
    requestId,
    index,
    grantId,
    owners: ownersOf(world, field),
  };
}

/** A grant that is known by its effects alone. */
function orphan(world: World, grantId: string, reason: Found["reason"]): Found {
  return { class: "WrittenWithoutGrant", reason, subject: grantId, grantId, owners: ownersOf(world) };
}
