import { isReversalId, LEDGER } from "../../core";
import type { FieldRead } from "../../hris/contract";
import { mayHaveChanged, pointerOf, readGrant, type GrantRecord } from "../grants";
import { seenIn } from "../hris-write";
import {
  controlKeys,
  ledgerKeys,
  type GrantItem,
  type InspectionItem,
  type PointerItem,
  type RequestItem,
} from "../ledger";
import type { StoreReads } from "../ports";
import { getChangeOutcome, getInspection, getRequest, listApprovals, listAttempts, type ChangePlace } from "../records";
import { isApprovedBy } from "../verify-history";
import { compareWithHris } from "./compare";
import { changeSubject, fieldSubject, type Found } from "./finding";
import { fieldOf, instant, isDue, ownersOf, REMEMBER_MS, SETTLE_MS, SystemSilent, type World } from "./world";

/** What came of looking at one record. */
export interface Judged {
  readonly found: readonly Found[];
  /** A last write that was held against the HRIS, or could not be. */
  readonly compared?: {
    readonly field: string;
    readonly as: "in-sync" | "pending" | "found" | "unread";
    readonly writtenAt: string;
  };
}

export const NOTHING: Judged = { found: [] };

/** An approval for which nothing was opened is a day old before it is a finding. */
const OPENED_WITHIN_MS = 24 * SETTLE_MS;

/** A grant of an exact change, with its opening. */
type Granted = GrantRecord & { readonly open: GrantItem };

/**
 * Looks at one exact change: whether it is the last write of its field and what HRIS and source of truth hold by now; whether the HRIS holds it
 * although it was not written; and whether people approved it in vain. Throws `SystemSilent`.
 */
export async function judgeInspection(world: World, item: InspectionItem): Promise<Judged> {
  const { store } = world.ports;
  const place = placeOf(item.pk, LEDGER.inspectionPrefix);
  const [stored, grants] = await Promise.all([getRequest(store, place.requestId), grantsOf(store, place, item.digest)]);
  if (stored === undefined) return NOTHING;
  const found = await approvedInVain(world, stored, item, place, grants);
  if (!isDue(world, item.field)) return { found };
  const judged = await judgeValue(world, stored, item, place, grants);
  return { ...judged, found: [...found, ...judged.found] };
}

async function judgeValue(
  world: World,
  stored: RequestItem,
  item: InspectionItem,
  place: ChangePlace,
  grants: readonly Granted[],
): Promise<Judged> {
  const { store } = world.ports;
  const hrisField = grants[0]?.open.hrisField ?? fieldOf(world, item.field)?.hrisField;
  if (hrisField === undefined) return NOTHING;
  const pointerKey =
    grants[0] === undefined ? controlKeys.pointer(item.workerRef, hrisField) : pointerOf(grants[0].open);
  const readPointer = async (): Promise<Partial<PointerItem>> => (await store.get("control", pointerKey)) ?? {};
  const pointer = await readPointer();
  if (pointer.grantId !== undefined) return NOTHING;

  const last = lastOf(grants, pointer.lastGrantId);
  const { worker, reversal } = stored.request;
  const pair: Pair = { ...place, worker: worker.id, hrisField, item, isReversal: reversal !== undefined };
  const judged =
    last === undefined
      ? await judgeUnwritten(world, stored, pair, grants, pointer.lastGrantId)
      : await judgeLast(world, pair, last);
  if (judged.found.length === 0) return judged;
  // What began while the systems were read explains whatever they show.
  const now = await readPointer();
  return now.grantId === undefined && now.lastGrantId === pointer.lastGrantId ? judged : NOTHING;
}

/** The field of a worker that an exact change is about. */
interface Pair extends ChangePlace {
  readonly worker: string;
  readonly hrisField: string;
  readonly item: InspectionItem;
  readonly isReversal: boolean;
}

/** The grant that is the field's last write: by its pointer, and where that is lost by the ledger. */
function lastOf(grants: readonly Granted[], lastGrantId: string | undefined): Granted | undefined {
  if (lastGrantId !== undefined) return grants.find(({ open }) => open.grantId === lastGrantId);
  return grants.findLast(({ outcome }) => mayHaveChanged(outcome));
}

async function judgeLast(world: World, pair: Pair, last: Granted): Promise<Judged> {
  const { store } = world.ports;
  const { item, hrisField, worker } = pair;
  const { field } = item;
  const { outcome } = last;
  if (outcome === undefined) return NOTHING;
  const as = (kind: NonNullable<Judged["compared"]>["as"], found: readonly Found[] = []): Judged => ({
    found,
    compared: { field, as: kind, writtenAt: last.open.openedAt },
  });
  const finding = (of: Pick<Found, "class" | "reason" | "events">): Found =>
    findingOf(world, pair, of, last.open.grantId);

  const read = await readHris(world, worker, hrisField);
  if (read.kind === "no-such-worker") return as("found", [finding({ class: "ChangedByHr", reason: "WorkerGone" })]);
  const hris = world.ports.systems.hris();
  const holds = seenIn(read, hris, hrisField, item.from, item.to);
  if (holds === "nothing") return as("unread");
  const secondLook = await store.get("ledger", ledgerKeys.secondLook(pair.requestId, pair.index));
  const compared = compareWithHris(outcome.outcome, holds, secondLook?.["outcome"] === "reverted-by-hris");
  if (compared.is === "found") return as("found", [finding(compared)]);
  if (compared.is === "pending" || holds !== "to") return as(compared.is);

  // After a reversal the source of truth holds what was taken back.
  const moved = pair.isReversal ? undefined : await sourceMoved(world, pair);
  if (moved === "unread") return as("unread");
  if (moved === undefined) return as("in-sync");
  const events = fieldOf(world, field)?.events ?? [];
  return as("found", [finding({ class: "SourceChanged", reason: moved, events })]);
}

/** Why the source of truth says otherwise than what is written; `undefined` where it does not, or has nothing to say. */
async function sourceMoved(
  world: World,
  { item, worker, requestId }: Pair,
): Promise<"SourceHoldsAnotherValue" | "RecordNotActive" | "unread" | undefined> {
  const rules = fieldOf(world, item.field);
  if (rules?.check === undefined || rules.check === "none") return undefined;
  // What was taken back differs from the source on its owner's word.
  if (item.to === null || isReversalId(requestId)) return undefined;
  const { sourceOfTruth, sourceField, check } = rules;
  const reader = world.ports.systems.source(sourceOfTruth);
  if (reader === undefined) {
    world.ports.log.error("source-not-connected", { system: sourceOfTruth });
    return "unread";
  }
  await world.pace(sourceOfTruth);
  if (check === "exists-in-source") {
    const record = await reader.findRecord(sourceField, item.to);
    if (record.kind === "unavailable") throw new SystemSilent(sourceOfTruth, record.retryAfterSeconds);
    if (record.kind === "forbidden") return "unread";
    return record.kind === "active" ? undefined : "RecordNotActive";
  }
  const read = await reader.readField(worker, sourceField);
  if (read.kind === "unavailable") throw new SystemSilent(sourceOfTruth, read.retryAfterSeconds);
  if (read.kind === "forbidden") return "unread";
  // A source that holds nothing, as for somebody who left, proposes nothing.
  if (read.kind === "no-such-worker" || read.value === null || read.value === "") return undefined;
  return reader.sameValue(sourceField, read.value, item.to) ? undefined : "SourceHoldsAnotherValue";
}

/** Whether the HRIS holds an exact change that no effect of a grant explains. */
async function judgeUnwritten(
  world: World,
  stored: RequestItem,
  pair: Pair,
  grants: readonly Granted[],
  lastGrantId: string | undefined,
): Promise<Judged> {
  const { ports } = world;
  const { item, hrisField, worker } = pair;
  const inspectedMs = instant(item.inspectedAt);
  const ageMs = ports.clock.now() - inspectedMs;
  if (!(ageMs > SETTLE_MS && ageMs < REMEMBER_MS)) return NOTHING;
  // A plan is there to be acted on.
  if (stored.request.dryRun) return NOTHING;
  if (grants.some(({ intent, outcome }) => intent !== undefined && outcome === undefined)) return NOTHING;
  const hris = ports.systems.hris();
  if (lastGrantId !== undefined) {
    const last = (await readGrant(ports.store, lastGrantId)).open;
    if (last === undefined || instant(last.openedAt) > inspectedMs) return NOTHING;
    const written = await getInspection(ports.store, last, last.digest);
    if (written === undefined || hris.sameValue(hrisField, written.to, item.to)) return NOTHING;
  }
  const read = await readHris(world, worker, hrisField);
  if (read.kind !== "value" || !hris.sameValue(hrisField, read.value, item.to)) return NOTHING;
  const used = grants.find(({ intent }) => intent !== undefined);
  const of =
    used === undefined
      ? ({ class: "WrittenWithoutGrant", reason: "HoldsUngrantedValue" } as const)
      : ({ class: "WrittenLate", reason: "CommittedLate" } as const);
  return { found: [findingOf(world, pair, of, used?.open.grantId)] };
}

/** People approved an exact change, and nothing was opened for it. */
async function approvedInVain(
  world: World,
  { request }: RequestItem,
  item: InspectionItem,
  place: ChangePlace,
  grants: readonly Granted[],
): Promise<Found[]> {
  const { store, clock } = world.ports;
  if (item.approval === undefined || grants.length > 0) return [];
  const nowMs = clock.now();
  const approvals = await listApprovals(store, place, item.digest);
  const lastMs = Math.max(...approvals.map(({ decidedAt }) => instant(decidedAt)));
  if (approvals.length === 0 || nowMs - lastMs > REMEMBER_MS) return [];
  if (!isApprovedBy(request, item, approvals, new Date(nowMs).toISOString())) return [];
  const ended = await getChangeOutcome(store, place);
  if (ended === undefined ? nowMs - lastMs < OPENED_WITHIN_MS : ended.outcome === "noop") return [];
  return [
    {
      class: "ApprovalWithoutGrant",
      reason: "ApprovedNotWritten",
      subject: changeSubject(place.requestId, place.index),
      field: item.field,
      workerRef: item.workerRef,
      ...place,
      owners: ownersOf(world, item.field),
    },
  ];
}

async function readHris(
  world: World,
  worker: string,
  hrisField: string,
): Promise<Exclude<FieldRead, { readonly kind: "unavailable" }>> {
  await world.pace(world.hrisSystem);
  const read = await world.ports.systems.hris().readField(worker, hrisField);
  if (read.kind === "unavailable") throw new SystemSilent(world.hrisSystem, read.retryAfterSeconds);
  return read;
}

async function grantsOf(store: StoreReads, place: ChangePlace, digest: string): Promise<Granted[]> {
  const attempts = await listAttempts(store, place);
  const records = await Promise.all(attempts.map(({ grantId }) => readGrant(store, grantId)));
  return records.filter((record): record is Granted => record.open?.digest === digest);
}

/** A finding about the worker's field. */
function findingOf(
  world: World,
  { item, requestId, index, hrisField }: Pair,
  of: Pick<Found, "class" | "reason" | "events">,
  grantId?: string,
): Found {
  return {
    class: of.class,
    reason: of.reason,
    subject: fieldSubject(item.workerRef, hrisField),
    field: item.field,
    workerRef: item.workerRef,
    requestId,
    index,
    ...(grantId === undefined ? {} : { grantId }),
    owners: ownersOf(world, item.field),
    ...(of.events === undefined ? {} : { events: of.events }),
  };
}

/** The change that a partition of the ledger is about: what follows its prefix, `<requestId>#<index>`. */
export function placeOf(pk: string, prefix: string): ChangePlace {
  const [requestId = "", index = ""] = pk.slice(prefix.length).split("#");
  return { requestId, index: Number(index) };
}
