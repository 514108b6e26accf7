import { OUTCOMES, PAYLOAD_VERSION, type Outcome } from "../../core";
import { endChange } from "../end-change";
import { fieldLabel } from "../names";
import { fileNotice } from "../notices";
import { forgetOpen, settleLater } from "../open-changes";
import { announceEnding, type Ending } from "../outcomes";
import { announceInputSchema, type AnnounceInput, type AnnounceOutput } from "../payloads";
import type { Bus, Clock, Log, Store } from "../ports";
import { getDecision } from "../records";

export interface AnnouncePorts {
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
}

/** An error's name as it may travel on: a code, not a text. */
const CODE = /^[A-Za-z][A-Za-z0-9.]{0,79}$/;

/**
 * Ends the scope of one change: records how it ended, if that is not on record, and puts the outcome event. What the ledger shows
 * of the change's grants comes before what the workflow says: a change with a grant that may be in use is announced as `unknown`
 * and left without an end. It is filed for the sweeper before the ledger is asked once more, so that whoever settles the grant
 * meanwhile, the final outcome is announced: by this call or by the sweeper, which looks after the change until its end is on the bus.
 */
export function createHandler(ports: AnnouncePorts): (event: unknown) => Promise<AnnounceOutput> {
  const { store, bus, clock, log } = ports;
  return async (event) => {
    const input = announceInputSchema.parse(event);
    const { requestId, index, field } = input;
    const decision = await getDecision(store, input);
    const label = decision?.field ?? field;
    const { outcome, reason, grantId, endedAt } = await endingOf(input, fieldLabel(label));
    if (outcome === "notified" && endedAt !== undefined) {
      await fileNotice(store, input, { field: label, owner: decision?.owner, noticedAt: endedAt });
    }
    await announceEnding(store, bus, input, label, decision, { outcome, reason, grantId });
    if (outcome !== "unknown") await forget(input);
    log.info("change-ended", { requestId, index, field, outcome, reason });
    return { version: PAYLOAD_VERSION, requestId, index, field, outcome, reason };
  };

  async function endingOf(input: AnnounceInput, field: string): Promise<Ending & { readonly endedAt?: string }> {
    const claimed = claimedEnding(input);
    const first = await endChange(store, input, claimed, clock.now());
    if (first.kind === "ended") return first.outcome;
    await store.write([settleLater(input, field, clock.now(), first.untilMs)]);
    const second = await endChange(store, input, claimed, clock.now());
    return second.kind === "ended" ? second.outcome : { outcome: "unknown", reason: "Unsettled" };
  }

  /** The event is on the bus. Whatever fails here costs a second event, by the sweeper, and nothing else. */
  async function forget(input: AnnounceInput): Promise<void> {
    try {
      await store.write([forgetOpen(input)]);
    } catch (error) {
      const { requestId, index, field } = input;
      log.warn("open-change-kept", { requestId, index, field, code: error instanceof Error ? error.name : "Error" });
    }
  }
}

/**
 * The end of a change of which the ledger shows no write. A failure comes last in the scope, so it is the latest news; so is an
 * inspection that ended the change after an attempt.
 */
function claimedEnding({ inspection, write, failure }: AnnounceInput): Ending {
  if (failure !== undefined) {
    const code = failure.Error ?? "";
    return { outcome: "not-applied", reason: CODE.test(code) ? code : "WorkflowFailed" };
  }
  if (write !== undefined && write.status === "ended") return ending(write.outcome, write.reason);
  if (inspection !== undefined && inspection.outcome !== "none") return ending(inspection.outcome, inspection.reason);
  // Neither: a wait whose callback or time-out led nowhere, or a write of which nothing is left to settle.
  return { outcome: "not-applied", reason: write === undefined ? "NotWritten" : "GrantNotUsed" };
}

/** Outcomes that only a grant can show: what the workflow claims of them without one is not believed. */
const SHOWN_BY_GRANTS: readonly Outcome[] = ["applied", "pending-in-hris", "reverted-by-hris", "unknown"];

function ending(claimed: string, reason: string): Ending {
  const outcome = OUTCOMES.find((each) => each === claimed);
  if (outcome === undefined || SHOWN_BY_GRANTS.includes(outcome))
    return { outcome: "not-applied", reason: "NotWritten" };
  return { outcome, reason };
}
