import { DEADLINES_MS, type Outcome } from "../core";
import type { FieldRead, FieldWrite, FieldWritten, HrisAdapter } from "../hris/contract";
import type { Scalar } from "../policy/model";
import { THROTTLED } from "./grants";
import type { Clock } from "./ports";

/** What one write came to. */
export type WriteResult =
  | { readonly kind: "ended"; readonly outcome: Outcome; readonly reason: string; readonly retryAfterSeconds?: number }
  /** Not known within the gateway's time: nothing is recorded, the sweeper settles it by reads. */
  | { readonly kind: "open" };

/** Why a write ended as it did. Public: outcome events carry them. */
export type WrittenReason =
  | "ReadBack"
  | "ReadBackDiffers"
  | "PendingInHris"
  | "HrisConflict"
  | "HrisDuplicate"
  | "HrisForbidden"
  | "HrisRejected"
  | typeof THROTTLED;

/** Time that a last read and the transaction after it need, in milliseconds. */
const RESERVE_MS = 3_000;

/** Waits between read-backs, in milliseconds. */
const READ_BACK_WAITS_MS = [250, 500, 1_000, 2_000, 4_000] as const;

/**
 * The one HRIS call and what follows: reads only. What the HRIS accepted is `applied` when a read shows it; a value that is
 * neither the old nor the new is a conflict; the old value proves nothing yet and leaves the write open, as does a call whose
 * effect is unknown. Nothing is ever sent twice.
 */
export async function writeOnce(
  hris: HrisAdapter,
  clock: Clock,
  target: { readonly workerId: string; readonly hrisField: string },
  change: FieldWrite,
  deadlineMs: number,
): Promise<WriteResult> {
  const timeoutMs = Math.min(DEADLINES_MS.hrisCall, deadlineMs - RESERVE_MS - clock.now());
  const written = await hris.writeField(target.workerId, target.hrisField, { ...change, timeoutMs });
  const ended = endOf(written);
  if (ended !== undefined) return ended;
  return readBack(hris, clock, target, change, deadlineMs);
}

/** The end that the call itself shows; `undefined` where only reads can tell. */
function endOf(written: FieldWritten): WriteResult | undefined {
  const ended = (outcome: Outcome, reason: WrittenReason): WriteResult => ({ kind: "ended", outcome, reason });
  switch (written.kind) {
    case "accepted":
    case "unknown":
      return undefined;
    case "pending":
      return ended("pending-in-hris", "PendingInHris");
    case "conflict":
      return ended("conflict", "HrisConflict");
    case "duplicate":
      return ended("duplicate", "HrisDuplicate");
    case "forbidden":
      return ended("forbidden", "HrisForbidden");
    case "rejected":
      return ended("rejected", "HrisRejected");
    case "throttled":
      return { kind: "ended", outcome: "not-applied", reason: THROTTLED, retryAfterSeconds: written.retryAfterSeconds };
  }
}

async function readBack(
  hris: HrisAdapter,
  clock: Clock,
  { workerId, hrisField }: { readonly workerId: string; readonly hrisField: string },
  { from, to }: FieldWrite,
  deadlineMs: number,
): Promise<WriteResult> {
  const settledMs = clock.now() + hris.settleSeconds * 1000;
  for (let turn = 0; ; turn += 1) {
    const seen = seenIn(await hris.readField(workerId, hrisField), hris, hrisField, from, to);
    if (seen === "to") return { kind: "ended", outcome: "applied", reason: "ReadBack" };
    if (seen === "other") return { kind: "ended", outcome: "conflict", reason: "ReadBackDiffers" };
    const wait = READ_BACK_WAITS_MS[Math.min(turn, READ_BACK_WAITS_MS.length - 1)] ?? RESERVE_MS;
    const next = clock.now() + wait;
    // One look after the settling time is worth its wait; more are the sweeper's.
    if (next > deadlineMs - RESERVE_MS || next > settledMs + RESERVE_MS) return { kind: "open" };
    await clock.sleep(wait);
  }
}

/** Which of the values of a change a read shows; `nothing` where it could not be read. */
export function seenIn(
  read: FieldRead,
  hris: Pick<HrisAdapter, "sameValue">,
  hrisField: string,
  from: Scalar | null,
  to: Scalar | null,
): "to" | "from" | "other" | "nothing" {
  if (read.kind !== "value") return "nothing";
  if (hris.sameValue(hrisField, read.value, to)) return "to";
  return hris.sameValue(hrisField, read.value, from) ? "from" : "other";
}
