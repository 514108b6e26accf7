import type * as z from "zod";

import {
  canonicalDigest,
  DEADLINES_MS,
  FIELD_TAG,
  formatInstant,
  formatInstantSeconds,
  GRANT_TAG,
  grantIdOf,
  MAX_ATTEMPTS,
  PAYLOAD_VERSION,
  RETRYABLE_ERRORS,
  SESSION_SECONDS,
  type Outcome,
} from "../../core";
import { fillSessionPolicy } from "../../iam/session-policy";
import { isStricter } from "../../policy/classes";
import type { Policy, Scalar } from "../../policy/model";
import { approvalOnRecord } from "../approvals-on-record";
import { configSchema as configOf, membersOf, type Environment } from "../config";
import { endChange } from "../end-change";
import { checkAbsent, closeUnused, pointerOf, readGrant, THROTTLED, type GrantRecord } from "../grants";
import { controlKeys, ledgerKeys, type AttemptItem, type GrantItem, type InspectionItem } from "../ledger";
import type { Ending } from "../outcomes";
import {
  connectorOutputSchema,
  writeInputSchema,
  type ConnectorInput,
  type WriteInput,
  type WriteOutput,
} from "../payloads";
import { createPolicySource, type PinnedPolicy } from "../policy-source";
import {
  ConditionFailed,
  type Clock,
  type Functions,
  type Log,
  type NewUlid,
  type SessionCredentials,
  type Store,
  type Sts,
  type WriteAction,
} from "../ports";
import {
  getAttempt,
  getChangeOutcome,
  getDecision,
  getInspection,
  putIfAbsent,
  requireRequest,
  type ChangePlace,
} from "../records";
import { breakerHolds, switchRuns } from "../system-state";
import { narrowedBy, standingVerdict } from "../verdicts";

export interface BrokerPorts {
  readonly store: Store;
  readonly sts: Sts;
  readonly functions: Functions;
  readonly newUlid: NewUlid;
  readonly clock: Clock;
  readonly log: Log;
}

export const configSchema = configOf(
  "manifestHash",
  "connectorRoleArn",
  "connectorFunctionName",
  "gatewayUrl",
  "sessionPolicyTemplate",
);
export type BrokerConfig = z.infer<typeof configSchema> & {
  /** Region that the gateway's requests are signed for. */
  readonly region: string;
};

export function parseConfig(env: Environment): BrokerConfig {
  const region = env["AWS_REGION"];
  if (region === undefined || region === "") throw new TypeError("the environment names no AWS_REGION");
  return { ...configSchema.parse(membersOf(env)), region };
}

/** Why a write ended or waits, beyond the outcomes that the gateway recorded. Public: outcome events carry them. */
export type WriteReason =
  | "SwitchStopped"
  | "BreakerTripped"
  | "DryRun"
  | "ApprovalMissing"
  | "ApprovalDenied"
  | "ClassMoved"
  | "PolicyChanged"
  | "PolicyInTransition"
  | "ServiceUnavailable"
  | "WorkerFieldBusy"
  | "SessionRefused"
  /** The connector did not use its grant, for whatever reason: refused by the gateway, failed, too late. */
  | "GrantNotUsed"
  | "AttemptsExhausted"
  | "Unsettled"
  | typeof THROTTLED;

/** Longest wait before another attempt, in seconds. */
const MAX_WAIT_SECONDS = 3_600;

/** Least wait after the first attempt, in seconds, and how many times longer it is after each one more. */
const FIRST_WAIT_SECONDS = 10;
const WAIT_GROWTH = 4;

/** Longest wait that the HRIS itself may ask for, by the ledger: its daily quotas count in hours. The workflow's life covers it. */
const MAX_THROTTLED_SECONDS = 86_400;

/** Longest time by which waits of one moment are spread, in seconds. */
const MAX_SPREAD_SECONDS = 30;

/** Seconds after the session's end when an unused grant is surely over: clocks differ. */
const EXPIRY_MARGIN_MS = 60_000;

/**
 * The Write task. Opens at most one grant per attempt, in a transaction that also finds the switch running, the breaker ok and
 * no other unsettled grant on the worker's field; mints the connector's session for it; invokes the connector once; and then
 * believes the ledger alone.
 *
 * An attempt that comes again never opens a second grant: it reports what the first came to. A grant that was not used is ended
 * by a transaction against its use, after which even a live session can do nothing; so `retry` is only ever answered when
 * nothing was written. What cannot be told is `unsettled` and left to the sweeper.
 */
export function createHandler(ports: BrokerPorts, config: BrokerConfig): (event: unknown) => Promise<WriteOutput> {
  const { store, clock, log } = ports;
  const source = createPolicySource(store, config.manifestHash);

  return async (event) => {
    const input = writeInputSchema.parse(event);
    const answer = new Answers(ports, input);
    try {
      return await attempt(answer, input);
    } catch (error) {
      // This call opened nothing: what follows an opening handles its own failures. Should an earlier call of the attempt have
      // opened a grant, the next attempt finds it holding the worker's field.
      const code = error instanceof Error ? error.name : "";
      if (code === RETRYABLE_ERRORS.policyInTransition || code === RETRYABLE_ERRORS.serviceUnavailable) {
        return answer.retry(code, 30);
      }
      throw error;
    }
  };

  async function attempt(answer: Answers, input: WriteInput): Promise<WriteOutput> {
    const { requestId, index, digest, field } = input;
    const ended = await getChangeOutcome(store, input);
    if (ended !== undefined) return answer.ended(ended);

    const before = await getAttempt(store, input, input.attempt);
    if (before !== undefined) return answer.fromGrant(await readGrant(store, before.grantId));
    if (input.attempt > MAX_ATTEMPTS) return answer.end("not-applied", "AttemptsExhausted");

    const { request } = await requireRequest(store, requestId);
    if (request.dryRun) return answer.end("planned", "DryRun");
    const [decision, inspection] = [await getDecision(store, input), await getInspection(store, input, digest)];
    if (decision === undefined || inspection?.field !== field) {
      return answer.end("not-applied", "ClassMoved");
    }
    const pinned = await source();
    if (inspection.policyDigest !== pinned.policyDigest) return answer.retry("PolicyChanged");
    const refusal = await refusalOf(input, pinned, inspection);
    if (refusal !== undefined) return answer.end(refusal.outcome, refusal.reason);

    const grant = grantOf(input, inspection, pinned.policy);
    const obstacle = await open(grant, answer, input);
    if (obstacle !== undefined) return obstacle;
    log.info("grant-opened", { requestId, index, field, attempt: input.attempt, grantId: grant.grantId });
    return use(grant, inspection.to, answer);

    /** Why the policy of now, or the approvals on record, refuse the write. */
    async function refusalOf(
      place: ChangePlace,
      pin: PinnedPolicy,
      shown: InspectionItem,
    ): Promise<{ outcome: Outcome; reason: string } | undefined> {
      if (decision === undefined) return undefined;
      const standing = standingVerdict(decision, pin, request, index, clock.now());
      if (standing.verdict === "deny") return { outcome: "denied", reason: standing.reason };
      if (standing.verdict === "notify") return { outcome: "notified", reason: standing.reason };
      if (isStricter(standing.effectiveClass, shown.effectiveClass)) {
        return { outcome: "conflict", reason: "ClassMoved" };
      }
      const verdict = narrowedBy(standing, shown);
      if (verdict.verdict === "write") return undefined;
      if (verdict.approval === undefined) return { outcome: "denied", reason: "ApprovalMissing" };
      const { denied, satisfied } = await approvalOnRecord(store, place, {
        request,
        policy: pin.policy,
        inspection: shown,
        approval: verdict.approval,
      });
      if (denied) return { outcome: "denied", reason: "ApprovalDenied" };
      return satisfied ? undefined : { outcome: "denied", reason: "ApprovalMissing" };
    }
  }

  function grantOf(input: WriteInput, inspection: InspectionItem, policy: Policy): GrantItem {
    const now = clock.now();
    const grantId = grantIdOf(ports.newUlid(now));
    const hrisField = policy.fields[inspection.field]?.hrisField ?? inspection.field;
    return {
      ...ledgerKeys.grant(grantId),
      grantId,
      requestId: input.requestId,
      index: input.index,
      attempt: input.attempt,
      field: inspection.field,
      hrisField,
      pointer: controlKeys.pointer(inspection.workerRef, hrisField).pk,
      workerRef: inspection.workerRef,
      digest: inspection.digest,
      policyDigest: inspection.policyDigest,
      openedAt: formatInstant(now),
      expiresAt: formatInstantSeconds(now + SESSION_SECONDS * 1000),
    };
  }

  /** Opens the grant; the answer where it could not be opened. */
  async function open(grant: GrantItem, answer: Answers, input: WriteInput): Promise<WriteOutput | undefined> {
    const { grantId, requestId, index } = grant;
    const attemptItem: AttemptItem = {
      ...ledgerKeys.attempt(requestId, index, grant.attempt),
      grantId,
      openedAt: grant.openedAt,
    };
    const dueAt = formatInstant(Date.parse(grant.expiresAt) + EXPIRY_MARGIN_MS);
    try {
      await store.write(
        [
          putIfAbsent("ledger", attemptItem),
          checkAbsent(ledgerKeys.changeOutcome(requestId, index)),
          switchRuns(),
          breakerHolds(),
          {
            kind: "update",
            table: "control",
            key: pointerOf(grant),
            set: { grantId, requestId, index, queue: "settle", dueAt },
            condition: { attribute: "grantId", is: "absent" },
          },
          putIfAbsent("ledger", grant),
          checkAbsent(ledgerKeys.denied(requestId, index, grant.digest)),
          ...formerPointerFree(grant),
        ],
        grantId,
      );
      return undefined;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) return lost(error, grant, answer);
      const failed = (position: number): boolean => error.failed.includes(position);
      if (failed(0) || failed(1)) {
        const [ended, other] = [await getChangeOutcome(store, input), await getAttempt(store, input, input.attempt)];
        if (ended !== undefined) return answer.ended(ended);
        return answer.fromGrant(other === undefined ? {} : await readGrant(store, other.grantId));
      }
      if (failed(6)) return answer.end("denied", "ApprovalDenied");
      if (failed(2)) return answer.end("not-applied", "SwitchStopped");
      if (failed(3)) return answer.end("not-applied", "BreakerTripped");
      return answer.retry("WorkerFieldBusy", 60 * 2 ** (input.attempt - 1));
    }
  }

  /** The opening failed without an answer: it may have happened all the same. */
  async function lost(error: unknown, grant: GrantItem, answer: Answers): Promise<WriteOutput> {
    const opened = await getAttempt(store, grant, grant.attempt);
    if (opened === undefined) throw error;
    if (opened.grantId !== grant.grantId) return answer.fromGrant(await readGrant(store, opened.grantId));
    return close(grant, answer, "ServiceUnavailable");
  }

  /** Mints the session and has the connector use it; then believes the ledger. */
  async function use(grant: GrantItem, value: Scalar | null, answer: Answers): Promise<WriteOutput> {
    const { grantId, field } = grant;
    let credentials: SessionCredentials;
    try {
      credentials = await mint(grant);
    } catch (error) {
      log.error("session-refused", { grantId, field, code: error instanceof Error ? error.name : "Error" });
      return close(grant, answer, "SessionRefused", 30);
    }
    const payload: ConnectorInput = {
      version: PAYLOAD_VERSION,
      grantId,
      field,
      value,
      url: `${config.gatewayUrl}/grants/${grantId}/fields/${field}`,
      region: config.region,
      credentials,
      expiresAt: grant.expiresAt,
    };
    let hint: number | undefined;
    try {
      const reply = await ports.functions.invoke(config.connectorFunctionName, payload, DEADLINES_MS.connector);
      const parsed = connectorOutputSchema.safeParse(reply);
      if (parsed.success) hint = parsed.data.retryAfterSeconds;
    } catch (error) {
      log.warn("connector-failed", { grantId, field, code: error instanceof Error ? error.name : "Error" });
    }
    return settle(grant, answer, hint);
  }

  async function mint(grant: GrantItem): Promise<SessionCredentials> {
    const { grantId, field, expiresAt } = grant;
    // Checks the length too: STS's client does not.
    const policy = fillSessionPolicy(config.sessionPolicyTemplate, { grantId, field, expiresAt });
    return ports.sts.assumeConnectorRole({
      roleArn: config.connectorRoleArn,
      sessionName: grantId,
      tags: { [GRANT_TAG]: grantId, [FIELD_TAG]: field },
      policy,
      durationSeconds: SESSION_SECONDS,
    });
  }

  /** What the ledger says of a grant after the connector had it. */
  async function settle(grant: GrantItem, answer: Answers, hint: number | undefined): Promise<WriteOutput> {
    try {
      const record = await readGrant(store, grant.grantId);
      if (record.outcome !== undefined || record.end !== undefined || record.intent !== undefined) {
        return await answer.fromGrant(record);
      }
    } catch (error) {
      return answer.unsettled(error);
    }
    return close(grant, answer, "GrantNotUsed", hint);
  }

  /** Ends an unused grant, so that another attempt may follow; `unsettled` where it was used meanwhile. */
  async function close(
    grant: GrantItem,
    answer: Answers,
    reason: WriteReason,
    waitSeconds?: number,
  ): Promise<WriteOutput> {
    try {
      if (await closeUnused(store, grant, reason, clock.now())) return await answer.retry(reason, waitSeconds);
      return await answer.fromGrant(await readGrant(store, grant.grantId));
    } catch (error) {
      return answer.unsettled(error);
    }
  }
}

/** A grant of before may hold the field by the policy's name for it. */
function formerPointerFree({ pointer, workerRef, field }: GrantItem): WriteAction[] {
  const key = controlKeys.formerPointer(workerRef, field);
  if (key.pk === pointer) return [];
  return [{ kind: "check", table: "control", key, condition: { attribute: "grantId", is: "absent" } }];
}

/** Whole seconds that an attempt waits beyond what it must: its own, and so the same when the call is repeated. */
function spreadSeconds({ requestId, index, attempt }: WriteInput): number {
  const digest = canonicalDigest([requestId, index, attempt]);
  return Number.parseInt(digest.slice(0, 8), 16) % (MAX_SPREAD_SECONDS + 1);
}

/** The answers of one attempt. */
class Answers {
  constructor(
    private readonly ports: BrokerPorts,
    private readonly input: WriteInput,
  ) {}

  /** The change has ended: what is on record. */
  ended({ outcome, reason }: { readonly outcome: Outcome; readonly reason: string }): WriteOutput {
    return this.output("ended", outcome, reason);
  }

  /** Ends the change without a write, unless one of its grants tells otherwise or may still do so. */
  async end(outcome: Outcome, reason: string): Promise<WriteOutput> {
    return this.record({ outcome, reason });
  }

  private async record(ending: Ending): Promise<WriteOutput> {
    const { store, clock, log } = this.ports;
    const { requestId, index, field } = this.input;
    const end = await endChange(store, this.input, ending, clock.now());
    if (end.kind === "open") return this.unsettled();
    const { outcome, reason } = end.outcome;
    log.info("write-ended", { requestId, index, field, outcome, reason });
    return this.ended({ outcome, reason });
  }

  /**
   * Nothing was written: wait, look again, and come as the next attempt; after the last one the change ends. Whatever wait is given, waits
   * grow from attempt to attempt, so that the attempts outlast an outage of most of an hour. Whoever was told to wait at one moment comes back spread, never sooner than was asked:
   * together they would meet at one worker's lease, or at the service that had too much, again.
   */
  async retry(reason: WriteReason, waitSeconds?: number): Promise<WriteOutput> {
    const { attempt } = this.input;
    if (attempt >= MAX_ATTEMPTS) return this.end("not-applied", "AttemptsExhausted");
    const wait = Math.max(waitSeconds ?? 0, FIRST_WAIT_SECONDS * WAIT_GROWTH ** (attempt - 1));
    // A connector's word, the only other source of a long wait, is not trusted with more.
    const longest = reason === THROTTLED ? MAX_THROTTLED_SECONDS : MAX_WAIT_SECONDS;
    const { requestId, index, field } = this.input;
    this.ports.log.info("write-waits", { requestId, index, field, attempt, reason });
    return {
      ...this.output("retry", "not-applied", reason),
      retryAfterSeconds: Math.ceil(Math.min(wait, longest)) + spreadSeconds(this.input),
    };
  }

  /** What an attempt's grant came to, by the ledger. */
  async fromGrant({ outcome, end }: GrantRecord): Promise<WriteOutput> {
    if (outcome !== undefined) {
      if (outcome.reason === THROTTLED) return this.retry(THROTTLED, outcome.retryAfterSeconds);
      return this.record({ outcome: outcome.outcome, reason: outcome.reason, grantId: outcome.grantId });
    }
    return end === undefined ? this.unsettled() : this.retry(end.reason as WriteReason);
  }

  /** It cannot be told whether a write happened, or may still happen: the sweeper will. */
  unsettled(error?: unknown): WriteOutput {
    const { requestId, index, field } = this.input;
    const code = error instanceof Error ? error.name : undefined;
    this.ports.log.warn("write-unsettled", { requestId, index, field, code });
    return this.output("unsettled", "unknown", "Unsettled");
  }

  private output(status: WriteOutput["status"], outcome: Outcome, reason: string): WriteOutput {
    return { version: PAYLOAD_VERSION, status, reason, outcome, retryAfterSeconds: 0 };
  }
}
