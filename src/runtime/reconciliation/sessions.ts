import { formatInstant, isGrantId } from "../../core";
import { controlKeys, ledgerKeys, type GrantItem } from "../ledger";
import type { RecordedSession, StoreReads } from "../ports";
import type { Found } from "./finding";
import { BUDGET_MS, tell, type PartProgress } from "./read-part";
import { recordFound, type RunItem } from "./records";
import { instant, ownersOf, type ReconcilerPorts, type World } from "./world";

/** How long CloudTrail may take to show an event, in milliseconds. @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html (read 2026-11-28) */
const DELIVERY_MS = 15 * 60_000;

/** How far the first run looks back, and how far any may: CloudTrail keeps 90 days. */
const FIRST_LOOK_MS = 7 * 86_400_000;
const LONGEST_LOOK_MS = 89 * 86_400_000;

/** Records that one run reads again of what the one before read: some are late. */
const OVERLAP_MS = 60 * 60_000;

/** Time whose records are read at once. */
const WINDOW_MS = 6 * 60 * 60_000;

/** By how much clocks may differ, in milliseconds. */
const SKEW_MS = 60_000;

/** How far a run is in CloudTrail's records. */
interface SessionsItem {
  readonly pk: string;
  readonly until: string;
  readonly sessions: number;
}

/** From when until when a run reads CloudTrail's records, as instants. */
export function sessionWindow(
  lastUntil: string | undefined,
  startedMs: number,
): Pick<RunItem, "sessionsFrom" | "sessionsUntil"> {
  const untilMs = startedMs - DELIVERY_MS;
  const fromMs = lastUntil === undefined ? untilMs - FIRST_LOOK_MS : instant(lastUntil) - OVERLAP_MS;
  return {
    sessionsFrom: formatInstant(Math.min(Math.max(fromMs, startedMs - LONGEST_LOOK_MS), untilMs)),
    sessionsUntil: formatInstant(untilMs),
  };
}

/** Holds every session of the connector role that CloudTrail recorded against the grant that it names. */
export async function readSessions(world: World, { trail }: Pick<ReconcilerPorts, "trail">): Promise<PartProgress> {
  const { store, clock } = world.ports;
  const { run } = world;
  const startedMs = clock.now();
  const key = controlKeys.part(run.runId, "sessions");
  for (;;) {
    const before = await readSessionProgress(store, run);
    const fromMs = instant(before.until);
    const endMs = instant(run.sessionsUntil);
    if (fromMs >= endMs) return { status: "done", waitSeconds: 0 };
    if (clock.now() - startedMs > BUDGET_MS) return { status: "more", waitSeconds: 0 };
    const untilMs = Math.min(fromMs + WINDOW_MS, endMs);
    const sessions = await trail.sessions(fromMs, untilMs);
    for (const session of sessions) {
      const found = await judgeSession(world, session);
      if (found === undefined) continue;
      if ((await recordFound(store, run, found, clock.now())) === "opened") tell(world, found);
    }
    // Two invocations at once read the same windows and come to the same.
    const item: SessionsItem = {
      ...key,
      until: formatInstant(untilMs),
      sessions: before.sessions + sessions.length,
    };
    await store.write([{ kind: "put", table: "control", item: { ...item } }]);
  }
}

/** How far a run is, and how many sessions it saw. */
export async function readSessionProgress(store: StoreReads, run: RunItem): Promise<SessionsItem> {
  const key = controlKeys.part(run.runId, "sessions");
  const item = (await store.get("control", key)) as unknown as SessionsItem | undefined;
  return item ?? { ...key, until: run.sessionsFrom, sessions: 0 };
}

async function judgeSession(world: World, session: RecordedSession): Promise<Found | undefined> {
  const { sessionName } = session;
  // The session's name is whatever its opener chose, within the characters that STS takes.
  const grant = (await world.ports.store.get("ledger", ledgerKeys.grant(sessionName))) as unknown as
    GrantItem | undefined;
  if (grant === undefined) return sessionFinding(world, session, "UnknownSession");
  const openedMs = instant(session.openedAt);
  const isInTime = openedMs >= instant(grant.openedAt) - SKEW_MS && openedMs <= instant(grant.expiresAt) + SKEW_MS;
  return isInTime ? undefined : sessionFinding(world, session, "SessionOutsideGrant", grant);
}

/** Only a name that can be a grant's is told. */
function sessionFinding(
  world: World,
  { eventId, sessionName }: RecordedSession,
  reason: Found["reason"],
  grant?: GrantItem,
): Found {
  return {
    class: "SessionWithoutGrant",
    reason,
    subject: eventId,
    ...(isGrantId(sessionName) ? { grantId: sessionName } : {}),
    ...(grant === undefined
      ? {}
      : { requestId: grant.requestId, index: grant.index, field: grant.field, workerRef: grant.workerRef }),
    owners: ownersOf(world, grant?.field),
  };
}
