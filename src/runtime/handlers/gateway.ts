import type * as z from "zod";

import { DEADLINES_MS, formatInstant, parseInstant, type Outcome } from "../../core";
import { matchesField } from "../../hris/catalogue";
import type { HrisAdapter } from "../../hris/contract";
import { isStricter } from "../../policy/classes";
import type { Breaker, Field, Scalar } from "../../policy/model";
import type { WriteBackRequest } from "../../policy/request";
import { approvalOnRecord } from "../approvals-on-record";
import { tripBreaker } from "../breaker";
import { configSchema as configOf, membersOf, type Environment } from "../config";
import { changeMessage } from "../exact-change";
import { readGatewayRequest, type GatewayRequest, type RequestRefusal } from "../gateway-request";
import {
  checkAbsent,
  endItem,
  fileLook,
  mayHaveChanged,
  pointerOf,
  readGrant,
  releasePointer,
  THROTTLED,
} from "../grants";
import { writeOnce, type WriteResult } from "../hris-write";
import { controlKeys, ledgerKeys, type GrantItem, type InspectionItem, type IntentItem } from "../ledger";
import { changeOutcomeItem, grantOutcomeItem, type Ending } from "../outcomes";
import type { GatewayAnswer } from "../payloads";
import { createPolicySource, policyHolds, type PinnedPolicy } from "../policy-source";
import {
  ConditionFailed,
  type Clock,
  type Condition,
  type Key,
  type Keys,
  type Log,
  type NewUlid,
  type Store,
  type Systems,
  type WriteAction,
} from "../ports";
import { getDecision, getInspection, getRequest, putIfAbsent } from "../records";
import { breakerHolds, switchRuns } from "../system-state";
import { narrowedBy, standingVerdict } from "../verdicts";

export interface GatewayPorts {
  readonly store: Store;
  /** May verify MACs. */
  readonly keys: Pick<Keys, "verifyMac">;
  /** The HRIS with the writer's credential, which nobody else can read. */
  readonly systems: Pick<Systems, "hris">;
  /** Names each request apart from every other, also of the same session. */
  readonly newUlid: NewUlid;
  readonly clock: Clock;
  readonly log: Log;
}

export const configSchema = configOf("manifestHash", "connectorRoleArn", "vpcEndpointId");
export type GatewayConfig = z.infer<typeof configSchema>;

export function parseConfig(env: Environment): GatewayConfig {
  return configSchema.parse(membersOf(env));
}

/** Why the gateway refuses. Public: the answer, the log and tests name them. A refusal writes nothing and uses no grant. */
export type GatewayRefusal =
  | RequestRefusal
  | FinalRefusal
  | "UnknownGrant"
  | "GrantUsed"
  | "GrantEnded"
  | "GrantExpired"
  | "FieldNotGranted"
  | "PolicyInTransition"
  | "PolicyChanged"
  | "ClassRefused"
  | "DryRun"
  | "ApprovalMissing"
  | "ApprovalDenied"
  | "ValueMismatch"
  | "LeaseHeld"
  | "LeaseLost"
  | "HrisUnavailable"
  | "FromMoved"
  | "TooLate"
  | "ChangeEnded"
  | "SwitchStopped"
  | "BreakerTripped"
  | "ServiceUnavailable";

/** Statuses of refusals that are not a plain 403. */
const STATUS: Readonly<Partial<Record<GatewayRefusal, number>>> = {
  MalformedRequest: 400,
  MalformedBody: 400,
  LeaseHeld: 409,
  LeaseLost: 409,
  FromMoved: 409,
  GrantUsed: 409,
  GrantEnded: 409,
  HrisUnavailable: 503,
  PolicyInTransition: 503,
  ServiceUnavailable: 503,
  TooLate: 503,
};

/** An answer of a REST proxy integration. */
export interface RestProxyResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How long a request waits for the worker's lease, and between two tries, in milliseconds. */
const LEASE_PATIENCE_MS = 2_500;
const LEASE_POLL_MS = 250;

/** Time that the compare, the transaction and the outcome may take beside the HRIS call, in milliseconds. */
const BEFORE_WRITE_MS = DEADLINES_MS.gateway - DEADLINES_MS.hrisCall;

/** Beyond the gateway's own time and the HRIS's settling: a call that is still on its way when the gateway was ended. */
const SETTLE_MARGIN_MS = 60_000;

/** A refusal, thrown where it is found. */
class Refused extends Error {
  override readonly name = "Refused";

  constructor(
    readonly code: GatewayRefusal,
    readonly retryAfterSeconds?: number,
  ) {
    super(code);
  }
}

const inTransition = (): Refused => new Refused("PolicyInTransition", 30);

/** Thrown where the change is found to have come to its end without a write: nothing that a later attempt could do would change it. */
class EndsUnused extends Error {
  override readonly name = "EndsUnused";

  constructor(
    readonly outcome: Extract<Outcome, "denied" | "forbidden" | "noop">,
    readonly reason: FinalRefusal | typeof ALREADY_EQUAL,
  ) {
    super(reason);
  }
}

/** Refusals for which waiting is no cure: the change ends by them. */
type FinalRefusal =
  "ClearUnsupported" | "NeverInHris" | "NoSuchWorker" | "ReadForbidden" | "WorkerInactive" | "WriteOnceNotEmpty";

const ALREADY_EQUAL = "AlreadyEqual";

/** Everything that the ledger and the policy say about a grant in use. */
interface Case {
  readonly grant: GrantItem;
  readonly request: WriteBackRequest;
  readonly inspection: InspectionItem;
  readonly pinned: PinnedPolicy;
  readonly rules: Field;
}

/**
 * The field gateway: the only reader of the writer credential, and the only code that writes to the HRIS.
 *
 * In this order: authenticate the caller; grant open, unused and unexpired; policy pinned, class now, approvals on record; the
 * value, by the MAC over the exact change; the worker's lease; compare the HRIS with `from`; one transaction that uses the grant,
 * records the intent and finds the policy unchanged, the switch running and the breaker ok; the one HRIS call; read-back; one transaction with the
 * outcome. A refusal uses nothing.
 *
 * What no later attempt could change is an outcome without a call: a value that the HRIS holds already (`noop`), a worker who is gone or
 * inactive, a field that the credential does not see or that nothing may write. It ends the grant in one transaction against its use.
 * Every failure after the intent leaves it open, and the sweeper settles it by reads.
 */
export function createHandler(
  ports: GatewayPorts,
  config: GatewayConfig,
): (event: unknown) => Promise<RestProxyResponse> {
  const { store, clock, log } = ports;
  const source = createPolicySource(store, config.manifestHash);

  return async (event) => {
    const startedMs = clock.now();
    const request = readGatewayRequest(event, config);
    if (typeof request === "string") return refuse(new Refused(request));
    const { grantId, field } = request;
    try {
      const { refused, ...answer } = await serve(request, startedMs);
      const { outcome } = answer;
      if (refused !== undefined) {
        log.warn("grant-refused", { grantId, field, code: refused, outcome });
        return response(403, { ...answer, refused });
      }
      log.info("grant-answered", { grantId, field, outcome });
      return response(outcome === "unknown" ? 202 : 200, answer);
    } catch (error) {
      if (!(error instanceof Refused)) log.error("gateway-failed", { grantId, field, code: nameOf(error) });
      return refuse(refusalOf(error), grantId, field);
    }
  };

  function refuse({ code, retryAfterSeconds }: Refused, grantId?: string, field?: string): RestProxyResponse {
    log.warn("grant-refused", { grantId, field, code });
    return response(STATUS[code] ?? 403, {
      refused: code,
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    });
  }

  async function serve(request: GatewayRequest, startedMs: number): Promise<GatewayAnswer> {
    const grant = await openGrant(request);
    try {
      const given = await examine(request, grant);
      const lease = leaseOf(grant, ports.newUlid(startedMs));
      await takeLease(lease, startedMs + LEASE_PATIENCE_MS);
      try {
        // An open write keeps the lease until it runs out: its effect may still be on its way.
        return await underLease(request, given, lease, startedMs);
      } catch (error) {
        await releaseLease(grant, lease);
        throw error;
      }
    } catch (error) {
      if (error instanceof EndsUnused) return endUnused(grant, error);
      throw error;
    }
  }

  /** The grant that a request names, if it may still be used for the request's field. */
  async function openGrant({ grantId, field }: GatewayRequest): Promise<GrantItem> {
    const { open: grant, intent, outcome, end } = await readGrant(store, grantId);
    if (grant === undefined) throw new Refused("UnknownGrant");
    if (intent !== undefined || outcome !== undefined) throw new Refused("GrantUsed");
    if (end !== undefined) throw new Refused("GrantEnded");
    if (clock.now() >= (parseInstant(grant.expiresAt) ?? 0)) throw new Refused("GrantExpired");
    if (grant.field !== field) throw new Refused("FieldNotGranted");
    return grant;
  }

  /** Policy, class, approvals and value, by reads alone. */
  async function examine({ field, value }: GatewayRequest, grant: GrantItem): Promise<Case> {
    const pinned = await source();
    if (grant.policyDigest !== pinned.policyDigest) throw new Refused("PolicyChanged");
    const [stored, decision, inspection] = await Promise.all([
      getRequest(store, grant.requestId),
      getDecision(store, grant),
      getInspection(store, grant, grant.digest),
    ]);
    const rules = Object.hasOwn(pinned.policy.fields, field) ? pinned.policy.fields[field] : undefined;
    if (stored === undefined || decision === undefined || inspection === undefined || rules === undefined) {
      throw new Refused("UnknownGrant");
    }
    const { request } = stored;
    if (request.dryRun) throw new Refused("DryRun");
    const standing = standingVerdict(decision, pinned, request, grant.index, clock.now());
    if (standing.field !== field || standing.verdict === "deny" || standing.verdict === "notify") {
      throw new Refused("ClassRefused");
    }
    if (isStricter(standing.effectiveClass, inspection.effectiveClass)) throw new Refused("ClassRefused");
    const { verdict, approval } = narrowedBy(standing, inspection);
    if (verdict !== "write") {
      if (approval === undefined) throw new Refused("ApprovalMissing");
      const record = await approvalOnRecord(store, grant, { request, policy: pinned.policy, inspection, approval });
      if (record.denied) throw new Refused("ApprovalDenied");
      if (!record.satisfied) throw new Refused("ApprovalMissing");
    }

    const message = changeMessage({
      worker: request.worker.id,
      field,
      from: inspection.from,
      to: value,
      event: request.event,
      policyDigest: pinned.policyDigest,
    });
    if (!(await ports.keys.verifyMac(message, grant.digest))) throw new Refused("ValueMismatch");
    if (matchesField(ports.systems.hris().neverFields, rules.hrisField)) throw new EndsUnused("denied", "NeverInHris");
    return { grant, request, inspection, pinned, rules };
  }

  /** Takes the worker's lease, waiting a little for another request on the same worker. Nobody takes a lease twice. */
  async function takeLease({ key, holder }: Lease, patienceMs: number): Promise<void> {
    for (;;) {
      const now = clock.now();
      try {
        await store.write([
          {
            kind: "update",
            table: "control",
            key,
            set: { holder, expiresAt: formatInstant(now + DEADLINES_MS.lease) },
            condition: {
              any: [
                { attribute: "holder", is: "absent" },
                { attribute: "expiresAt", is: "<", value: formatInstant(now) },
              ],
            },
          },
        ]);
        return;
      } catch (error) {
        if (!(error instanceof ConditionFailed)) throw error;
        if (now + LEASE_POLL_MS > patienceMs) throw new Refused("LeaseHeld");
        await clock.sleep(LEASE_POLL_MS);
      }
    }
  }

  async function releaseLease({ grantId }: GrantItem, lease: Lease): Promise<void> {
    try {
      await store.write([leaseRelease(lease)]);
    } catch (error) {
      // It runs out by itself.
      log.warn("lease-kept", { grantId, code: nameOf(error) });
    }
  }

  async function underLease(
    request: GatewayRequest,
    given: Case,
    lease: Lease,
    startedMs: number,
  ): Promise<GatewayAnswer> {
    const { grant, inspection, rules } = given;
    const { from: expected, to } = inspection;
    const workerId = given.request.worker.id;
    const hris = ports.systems.hris();

    const read = await hris.readField(workerId, rules.hrisField);
    if (read.kind === "unavailable") throw new Refused("HrisUnavailable", read.retryAfterSeconds);
    if (read.kind === "forbidden") throw new EndsUnused("forbidden", "ReadForbidden");
    if (read.kind === "no-such-worker") throw new EndsUnused("denied", "NoSuchWorker");
    if (read.active === false) throw new EndsUnused("denied", "WorkerInactive");
    const { value: from, version } = read;
    if (hris.sameValue(rules.hrisField, from, to)) throw new EndsUnused("noop", ALREADY_EQUAL);
    if (!hris.sameValue(rules.hrisField, from, expected)) throw new Refused("FromMoved");
    const isReversal = given.request.reversal !== undefined;
    if (rules.writeOnce && !isReversal && !isEmpty(from)) throw new EndsUnused("denied", "WriteOnceNotEmpty");
    if (to === null && hris.canClear?.(rules.hrisField) !== true) throw new EndsUnused("denied", "ClearUnsupported");
    if (clock.now() - startedMs > BEFORE_WRITE_MS) throw new Refused("TooLate");

    await useGrant(request, given, lease, hris, startedMs);

    let result: WriteResult;
    try {
      result = await writeOnce(
        hris,
        clock,
        { workerId, hrisField: rules.hrisField },
        { from, to, ...(version === undefined ? {} : { version }) },
        startedMs + DEADLINES_MS.gateway,
      );
      if (result.kind === "ended") return await record(grant, lease, result, hris);
    } catch (error) {
      // The intent is on record: whatever happened after it, only a read can tell.
      log.error("write-open", { grantId: grant.grantId, field: grant.field, code: nameOf(error) });
    }
    return { outcome: "unknown" };
  }

  /** Ends the grant unused and its change with it, in one transaction against its use: a true outcome and no call. */
  async function endUnused(grant: GrantItem, { outcome, reason }: EndsUnused): Promise<GatewayAnswer> {
    const now = clock.now();
    const ending: Ending = { outcome, reason, grantId: grant.grantId };
    try {
      await store.write([
        putIfAbsent("ledger", grantOutcomeItem(grant.grantId, ending, now)),
        putIfAbsent("ledger", endItem(grant.grantId, ending.reason, now)),
        checkAbsent(ledgerKeys.intent(grant.grantId)),
        putIfAbsent("ledger", changeOutcomeItem(grant, ending, now)),
        releasePointer(grant, false),
      ]);
    } catch (error) {
      throw error instanceof ConditionFailed
        ? new Refused(error.failed.includes(2) ? "GrantUsed" : "GrantEnded")
        : error;
    }
    return { outcome, ...(reason === ALREADY_EQUAL ? {} : { refused: reason }) };
  }

  /**
   * The transaction before the one call. No token makes it repeatable: two requests of one session must not both pass as the
   * same transaction.
   */
  async function useGrant(
    request: GatewayRequest,
    { grant, pinned }: Case,
    lease: Lease,
    hris: HrisAdapter,
    startedMs: number,
  ): Promise<void> {
    const now = clock.now();
    const { grantId } = grant;
    const settledBy = formatInstant(startedMs + DEADLINES_MS.gateway + hris.settleSeconds * 1000 + SETTLE_MARGIN_MS);
    const intent: IntentItem = {
      ...ledgerKeys.intent(grantId),
      grantId,
      intendedAt: formatInstant(now),
      accessKeyId: request.accessKeyId,
      settledBy,
    };
    const [hour, day] = countActions(now, pinned.policy.breaker);
    const uses: readonly (readonly [GatewayRefusal, WriteAction])[] = [
      ["GrantUsed", putIfAbsent("ledger", intent)],
      ["GrantEnded", checkAbsent(ledgerKeys.grantEnd(grantId))],
      ["ChangeEnded", checkAbsent(ledgerKeys.changeOutcome(grant.requestId, grant.index))],
      ["ApprovalDenied", checkAbsent(ledgerKeys.denied(grant.requestId, grant.index, grant.digest))],
      ...policyHolds(pinned, grant.field).map((action) => ["PolicyInTransition", action] as const),
      ["SwitchStopped", switchRuns()],
      ["BreakerTripped", breakerHolds()],
      ["BreakerTripped", hour],
      ["BreakerTripped", day],
      [
        "LeaseLost",
        {
          kind: "update",
          table: "control",
          key: lease.key,
          set: { expiresAt: formatInstant(now + DEADLINES_MS.lease) },
          condition: { all: [isMine(lease), { attribute: "expiresAt", is: ">", value: formatInstant(now) }] },
        },
      ],
      [
        "GrantEnded",
        {
          kind: "update",
          table: "control",
          key: pointerOf(grant),
          set: { dueAt: settledBy },
          condition: { attribute: "grantId", is: "=", value: grantId },
        },
      ],
    ];
    try {
      await store.write(uses.map(([, action]) => action));
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      const [code, action] = uses[error.failed[0] ?? 0] ?? ["GrantUsed"];
      // A counter alone: the limit is reached at this write.
      if (action === hour || action === day) await tripBreaker(ports, grantId);
      throw code === "PolicyInTransition" ? inTransition() : new Refused(code);
    }
  }

  /**
   * Records what the write came to, frees field and worker, files the second look: all at once. Without the lease, should it have run
   * out and be someone else's.
   */
  async function record(
    grant: GrantItem,
    lease: Lease,
    result: Extract<WriteResult, { kind: "ended" }>,
    hris: HrisAdapter,
  ): Promise<GatewayAnswer> {
    const now = clock.now();
    const { outcome, reason, retryAfterSeconds } = result;
    const ending: Ending = { outcome, reason, grantId: grant.grantId };
    const isThrottled = reason === THROTTLED;
    const actions: readonly WriteAction[] = [
      putIfAbsent("ledger", grantOutcomeItem(grant.grantId, ending, now, retryAfterSeconds)),
      releasePointer(grant, mayHaveChanged(ending)),
      // A throttled write ends its grant and not the change: the workflow comes again.
      ...(isThrottled ? [] : [putIfAbsent("ledger", changeOutcomeItem(grant, ending, now))]),
      ...(outcome === "applied" || outcome === "pending-in-hris"
        ? [fileLook(grant.grantId, now, hris.secondLookSeconds)]
        : []),
    ];
    try {
      await store.write([...actions, leaseRelease(lease)]);
    } catch (error) {
      if (!(error instanceof ConditionFailed) || error.failed[0] !== actions.length) throw error;
      await store.write(actions);
    }
    return { outcome, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
  }
}

function refusalOf(error: unknown): Refused {
  if (error instanceof Refused) return error;
  const name = nameOf(error);
  if (name === "PolicyInTransition") return inTransition();
  return new Refused("ServiceUnavailable", 30);
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "Error";
}

function response(statusCode: number, body: GatewayAnswer): RestProxyResponse {
  return {
    statusCode,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
    body: JSON.stringify(body),
  };
}

/** A worker's lease as one request holds it. */
interface Lease {
  readonly key: Key;
  readonly holder: string;
}

/**
 * The lease of a request. The holder is the request and not its grant: of two parallel requests of one session the one that is
 * refused must not release what the other one writes under.
 */
function leaseOf({ grantId, workerRef }: GrantItem, requestUlid: string): Lease {
  return { key: controlKeys.lease(workerRef), holder: `${grantId}#${requestUlid}` };
}

function leaseRelease(lease: Lease): WriteAction {
  return {
    kind: "update",
    table: "control",
    key: lease.key,
    remove: ["holder", "expiresAt"],
    condition: isMine(lease),
  };
}

function isMine({ holder }: Lease): Condition {
  return { attribute: "holder", is: "=", value: holder };
}

function isEmpty(value: Scalar | null): boolean {
  return value === null || (typeof value === "string" && value.trim() === "");
}

/** Counts one write of the UTC hour and one of the UTC day, each below its limit. */
function countActions(nowMs: number, breaker: Breaker): readonly [WriteAction, WriteAction] {
  const text = formatInstant(nowMs);
  const count = (period: string, limit: number): WriteAction => ({
    kind: "update",
    table: "control",
    key: controlKeys.count(period),
    add: { count: 1 },
    condition: {
      any: [
        { attribute: "count", is: "absent" },
        { attribute: "count", is: "<", value: limit },
      ],
    },
  });
  return [
    count(`hour#${text.slice(0, 13)}`, breaker.maxWritesPerHour),
    count(`day#${text.slice(0, 10)}`, breaker.maxWritesPerDay),
  ];
}
