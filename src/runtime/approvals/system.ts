import * as z from "zod";

import { formatInstant, PAYLOAD_VERSION } from "../../core";
import { sameId, type Person } from "../../policy/approvals";
import { breakerStopId, listAgreements, OPERATORS_NEEDED, peopleAgreed } from "../agreements";
import { personKey } from "../approvals-on-record";
import { Problem } from "../http-api";
import {
  controlKeys,
  ledgerKeys,
  type AgreementItem,
  type BreakerItem,
  type ResumedItem,
  type ResumeRefusalItem,
  type Stopped,
  type SwitchItem,
} from "../ledger";
import { ConditionFailed, type Store, type WriteAction } from "../ports";
import { putIfAbsent, putOnce } from "../records";
import { personOf, requireWorkerId, type Caller } from "./caller";
import type { ApprovalsPorts } from "./world";

const resumeSchema = z.strictObject({
  what: z.enum(["switch", "breaker"]),
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9:._-]{0,127}$/),
  reason: z.string().max(1024),
});
type Resume = z.infer<typeof resumeSchema>;

/** An agreement as a body holds it. Throws `Problem`. */
export function resumeOf(body: unknown): Resume {
  const parsed = resumeSchema.safeParse(body);
  if (!parsed.success) throw new Problem(400, "MalformedBody", "expected `what`, `id` and `reason`");
  if (parsed.data.reason.trim() === "") {
    throw new Problem(400, "ReasonMissing", "an agreement says why the system may run again");
  }
  return parsed.data;
}

/** Whether the system runs, what stopped it, and who agreed so far that it runs again. Throws `Problem`. */
export async function showSystem(
  { store }: ApprovalsPorts,
  operatorsGroup: string | undefined,
  caller: Caller,
): Promise<object> {
  demandOperator(operatorsGroup, caller);
  const [pull, trip] = await Promise.all([stopOf(store, "switch"), stopOf(store, "breaker")]);
  const [pullAgreed, tripAgreed] = await Promise.all([agreedOn(store, pull), agreedOn(store, trip)]);
  const { stoppedAt, reason } = pull.item as Partial<SwitchItem>;
  return {
    switch: {
      state: pull.holds ? "stopped" : "running",
      ...(pull.holds ? { stopId: pull.id, stoppedAt, reason } : {}),
      agreed: pullAgreed,
    },
    breaker: {
      state: trip.holds ? "tripped" : "ok",
      ...(trip.holds ? { id: trip.id, trippedAt: (trip.item as Partial<BreakerItem>).trippedAt } : {}),
      agreed: tripAgreed,
    },
  };
}

/**
 * Records that an operator agrees to the end of one stop. With the second person's agreement switch or breaker is set back, in one
 * transaction with the record of it and only while that very stop holds; then the kill switch's state machine undoes what else the
 * stop did. The same request again finishes what a crash cut off. Throws `Problem`.
 */
export async function resume(
  ports: ApprovalsPorts,
  operatorsGroup: string | undefined,
  caller: Caller,
  asked: Resume,
): Promise<{ readonly agreed: number; readonly needed: number; readonly resumed: boolean }> {
  try {
    return await agree(ports, operatorsGroup, caller, asked);
  } catch (error) {
    if (error instanceof Problem && (error.status === 403 || error.status === 409)) {
      await keepRefusal(ports, caller, asked, error);
    }
    throw error;
  }
}

/** Keeps a refused agreement. It stays refused where that fails, and the log says so. */
async function keepRefusal(
  { store, clock, log, newUlid }: ApprovalsPorts,
  caller: Caller,
  { what, id }: Resume,
  { code }: Problem,
): Promise<void> {
  const now = clock.now();
  log.error("resume-refused", { code, what });
  const item: ResumeRefusalItem = {
    ...ledgerKeys.resumeRefusal(newUlid(now)),
    code,
    what,
    stopId: id,
    caller: personOf(caller),
    ...(caller.workerId === undefined ? {} : { workerId: caller.workerId }),
    refusedAt: formatInstant(now),
  };
  try {
    await putOnce(store, item);
  } catch (error) {
    log.error("approvals-refused", { what, code: error instanceof Error ? error.name : "Error" });
  }
}

async function agree(
  ports: ApprovalsPorts,
  operatorsGroup: string | undefined,
  caller: Caller,
  { what, id, reason }: Resume,
): Promise<{ readonly agreed: number; readonly needed: number; readonly resumed: boolean }> {
  const { store, clock, log } = ports;
  const group = demandOperator(operatorsGroup, caller);
  const workerId = requireWorkerId(caller);
  const stop = await stopOf(store, what);
  if (!stop.holds) return finished(ports, what, id);
  if (stop.id === undefined) {
    throw new Problem(
      409,
      "StopUnnamed",
      "the stop has no id that people could agree about; stop the system once more with one, then agree to that",
    );
  }
  if (stop.id !== id) throw anotherStop();

  const earlier = await listAgreements(store, id);
  const own = personKey(caller);
  const isFirst = earlier.every(({ operator }) => personKey(operator) !== own);
  if (isFirst && earlier.some((item) => sameId(item.workerId, workerId))) {
    throw new Problem(403, "SamePerson", "another account of yours has agreed already; a second person has to");
  }
  const agreement: AgreementItem = {
    ...ledgerKeys.agreement(id, own),
    what,
    stopId: id,
    operator: personOf(caller),
    workerId,
    reason,
    agreedAt: formatInstant(clock.now()),
  };
  if (isFirst && (await putOnce(store, agreement))) log.info("resume-agreed", { what, group });
  const agreements = await listAgreements(store, id);
  const agreed = peopleAgreed(agreements);
  if (agreed < OPERATORS_NEEDED) return { agreed, needed: OPERATORS_NEEDED, resumed: false };
  const resumed: ResumedItem = {
    ...ledgerKeys.resumed(id),
    what,
    stopId: id,
    agreed: agreements.map(({ operator }) => personOf(operator)),
    resumedAt: formatInstant(clock.now()),
  };
  try {
    await store.write([putIfAbsent("ledger", resumed), ...setBack(what, stop, clock.now())]);
    log.info("system-resumed", { what });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
  return finished(ports, what, id);
}

/** The answer for a stop that has ended by people's agreement, after the rest of it was set going. Throws `Problem` for any other. */
async function finished(
  { store, killSwitch }: ApprovalsPorts,
  what: Stopped,
  id: string,
): Promise<{ readonly agreed: number; readonly needed: number; readonly resumed: boolean }> {
  const record = (await store.get("ledger", ledgerKeys.resumed(id))) as unknown as ResumedItem | undefined;
  if (record?.what !== what) throw anotherStop();
  // The name makes a second start the first.
  if (what === "switch")
    await killSwitch?.start(`undo-${id}`, { version: PAYLOAD_VERSION, action: "undo", stopId: id });
  return { agreed: record.agreed.length, needed: OPERATORS_NEEDED, resumed: true };
}

function anotherStop(): Problem {
  return new Problem(409, "AnotherStop", "that stop does not hold, or not any more; read again how the system stands");
}

/** The operators' group, of which the caller is. Throws `Problem`. */
function demandOperator(operatorsGroup: string | undefined, caller: Caller): string {
  if (operatorsGroup !== undefined && caller.groups.includes(operatorsGroup)) return operatorsGroup;
  throw new Problem(403, "NotAnOperator", "only members of the operators' group see and resume the system");
}

/** A stop as it holds now. Without an id nobody can agree to its end: an agreement must not outlive its stop. */
interface Stop {
  readonly what: Stopped;
  readonly holds: boolean;
  readonly id: string | undefined;
  readonly item: Partial<SwitchItem> | Partial<BreakerItem>;
}

async function stopOf(store: Store, what: Stopped): Promise<Stop> {
  if (what === "switch") {
    const item = ((await store.get("control", controlKeys.switch())) ?? {}) as Partial<SwitchItem>;
    return { what, holds: item.state !== "running", id: item.stopId, item };
  }
  const item = ((await store.get("control", controlKeys.breaker())) ?? {}) as Partial<BreakerItem>;
  const id = item.trippedAt === undefined ? undefined : breakerStopId(item.trippedAt);
  return { what, holds: item.state !== "ok", id, item };
}

/** Sets back what was stopped, if it is still by this very stop. A breaker begins to count anew: what tripped it was agreed to. */
function setBack(what: Stopped, { item }: Stop, nowMs: number): WriteAction[] {
  if (what === "switch") {
    return [
      {
        kind: "update",
        table: "control",
        key: controlKeys.switch(),
        set: { state: "running" },
        remove: ["stopId", "stoppedAt", "stoppedBy", "reason"],
        condition: {
          all: [
            { attribute: "state", is: "=", value: "stopped" },
            { attribute: "stopId", is: "=", value: (item as SwitchItem).stopId ?? "" },
          ],
        },
      },
    ];
  }
  const text = formatInstant(nowMs);
  return [
    {
      kind: "update",
      table: "control",
      key: controlKeys.breaker(),
      set: { state: "ok" },
      remove: ["trippedAt"],
      condition: {
        all: [
          { attribute: "state", is: "=", value: "tripped" },
          { attribute: "trippedAt", is: "=", value: (item as BreakerItem).trippedAt ?? "" },
        ],
      },
    },
    ...[`hour#${text.slice(0, 13)}`, `day#${text.slice(0, 10)}`].map((period): WriteAction => ({
      kind: "update",
      table: "control",
      key: controlKeys.count(period),
      set: { count: 0 },
    })),
  ];
}

async function agreedOn(store: Store, { holds, id }: Stop): Promise<readonly (Person & { readonly at: string })[]> {
  if (!holds || id === undefined) return [];
  return (await listAgreements(store, id)).map(({ operator, agreedAt }) => ({ ...personOf(operator), at: agreedAt }));
}
