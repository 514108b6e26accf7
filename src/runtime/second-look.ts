import type { Outcome } from "../core";
import { exactChangeOf, pointerOf, readGrant } from "./grants";
import { seenIn } from "./hris-write";
import { controlKeys, ledgerKeys, type GrantItem, type LookItem, type OutcomeItem } from "./ledger";
import { announceOutcome, endingMembers, type Ending } from "./outcomes";
import { ConditionFailed, type Bus, type Clock, type Condition, type Log, type Store, type Systems } from "./ports";
import { getDecision, getSecondLook, putIfAbsent, putOnce } from "./records";

/** What a second look needs of the sweeper's world. */
export interface LookPorts {
  readonly store: Store;
  readonly bus: Bus;
  readonly systems: Pick<Systems, "hris">;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long a second look is tried, in milliseconds. */
const LOOK_FOR_MS = 30 * 86_400_000;

/**
 * The second look: does the HRIS still hold what was written? What it shows is recorded, then told where it differs from the
 * outcome, once that was told, then the look is removed.
 */
export async function takeLook(ports: LookPorts, look: LookItem): Promise<"looked" | "left"> {
  const { store, bus, log } = ports;
  const { open: grant, outcome } = await readGrant(store, look.grantId);
  if (grant === undefined || outcome === undefined) return "left";
  const seen = (await getSecondLook(store, grant)) ?? (await lookOrGiveUp(ports, grant, outcome));
  if (seen === undefined) return "left";
  if (seen.outcome !== outcome.outcome) {
    // What a change ended as is told first: who hears both must not take it for the later one.
    if ((await store.get("control", controlKeys.open(grant.requestId, grant.index))) !== undefined) return "left";
    await announceOutcome(bus, grant, grant.field, await getDecision(store, grant), seen);
  }
  const members = { grantId: grant.grantId, field: grant.field, outcome: seen.outcome, reason: seen.reason };
  if (seen.outcome === "reverted-by-hris") log.error("write-reverted", members);
  else log.info("second-look", members);
  await store.write([{ kind: "delete", table: "control", key: controlKeys.look(look.grantId) }]);
  return "looked";
}

/** Looks; after all the time that a look is tried for, records that nothing was seen. `undefined`: not yet. */
async function lookOrGiveUp(
  ports: LookPorts,
  grant: GrantItem,
  written: OutcomeItem,
): Promise<OutcomeItem | undefined> {
  const { store, clock, log } = ports;
  const dueMs = Date.parse(written.endedAt) + ports.systems.hris().secondLookSeconds * 1000;
  if (clock.now() < dueMs + LOOK_FOR_MS) return recordLook(ports, grant, written.outcome);
  try {
    const seen = await recordLook(ports, grant, written.outcome);
    if (seen !== undefined) return seen;
  } catch (error) {
    log.error("look-failed", { grantId: grant.grantId, code: error instanceof Error ? error.name : "Error" });
  }
  const ending: Ending = { outcome: "unknown", reason: "LookGivenUp", grantId: grant.grantId };
  await putOnce(store, {
    ...ledgerKeys.secondLook(grant.requestId, grant.index),
    ...endingMembers(ending, clock.now()),
  });
  return getSecondLook(store, grant);
}

/**
 * Looks, and records what was seen if the grant is still the last that may have changed the field: a value that a later grant
 * replaced was not reverted by anyone. `undefined` where it cannot be told yet.
 */
async function recordLook(ports: LookPorts, grant: GrantItem, written: Outcome): Promise<OutcomeItem | undefined> {
  const { store, clock } = ports;
  const found = await exactChangeOf(ports, grant);
  if (found === undefined) return undefined;
  const hris = ports.systems.hris();
  const read = await hris.readField(found.workerId, grant.hrisField);
  if (read.kind === "unavailable") return undefined;
  const { from, to } = found.inspection;
  const ending: Ending =
    read.kind === "value"
      ? lookedEnding(written, seenIn(read, hris, grant.hrisField, from, to))
      : { outcome: "unknown", reason: read.kind === "forbidden" ? "ReadForbidden" : "NoSuchWorker" };

  const itemOf = (of: Ending): OutcomeItem => ({
    ...ledgerKeys.secondLook(grant.requestId, grant.index),
    ...endingMembers({ ...of, grantId: grant.grantId }, clock.now()),
  });
  const key = pointerOf(grant);
  const record = async (item: OutcomeItem, condition: Condition): Promise<OutcomeItem | undefined> => {
    try {
      await store.write([putIfAbsent("ledger", item), { kind: "check", table: "control", key, condition }]);
      return item;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      return getSecondLook(store, grant);
    }
  };
  const last = (is: "=" | "<" | ">"): Condition => ({ attribute: "lastGrantId", is, value: grant.grantId });
  return (
    (await record(itemOf(ending), { all: [last("="), { attribute: "grantId", is: "absent" }] })) ??
    (await record(itemOf({ outcome: written, reason: "Superseded" }), { any: [last("<"), last(">")] }))
  );
}

function lookedEnding(written: Outcome, seen: ReturnType<typeof seenIn>): Ending {
  if (seen === "to") return { outcome: "applied", reason: written === "applied" ? "StillThere" : "Observed" };
  if (written === "applied") return { outcome: "reverted-by-hris", reason: "Reverted" };
  return seen === "from"
    ? { outcome: written, reason: "StillPending" }
    : { outcome: "conflict", reason: "ObservedOther" };
}
