import type * as z from "zod";

import { formatInstant, PAYLOAD_VERSION, type Outcome } from "../../core";
import { matchesField } from "../../hris/catalogue";
import type { FieldRead, HrisAdapter, RecordFound, SourceReader } from "../../hris/contract";
import { isStricter } from "../../policy/classes";
import { strictest } from "../../policy/decide";
import type { Approval, Field, Policy, Scalar } from "../../policy/model";
import type { AttributeValue, Reversal, WriteBackRequest } from "../../policy/request";
import type { Verdict } from "../../policy/verdict";
import { approvalDeadlineMs, weigh } from "../approvals-on-record";
import { configSchema as configOf, membersOf, type Environment } from "../config";
import { ReadUnavailable, UnknownReference } from "../errors";
import { changeMessage, workerMessage, workerRefOf } from "../exact-change";
import { ledgerKeys, type InspectionItem } from "../ledger";
import { inspectInputSchema, type InspectOutput } from "../payloads";
import { createPolicySource, type PinnedPolicy } from "../policy-source";
import type { Clock, Keys, Log, Store, Systems } from "../ports";
import {
  getChangeOutcome,
  getDecision,
  getInspection,
  listApprovals,
  proposedValue,
  putOnce,
  requireRequest,
} from "../records";
import { narrowedBy, standingVerdict, verdictNow } from "../verdicts";

export interface InspectPorts {
  readonly store: Store;
  /** May generate MACs. */
  readonly keys: Pick<Keys, "generateMac">;
  /** With the reader's credentials. */
  readonly systems: Systems;
  readonly clock: Clock;
  readonly log: Log;
}

export const configSchema = configOf("manifestHash", "hrisSystem");
export type InspectConfig = z.infer<typeof configSchema>;

export function parseConfig(env: Environment): InspectConfig {
  return configSchema.parse(membersOf(env));
}

/** Why an inspection ended a change, beyond the reasons of `decide`. Public: outcome events carry them. */
export type InspectReason =
  /** The HRIS's own catalogue says that nothing may write this field. */
  | "NeverInHris"
  | "NoSuchWorker"
  | "WorkerInactive"
  /** The reader may not see the field, or the HRIS's answer does not contain it. */
  | "ReadForbidden"
  | "AlreadyEqual"
  | "WriteOnceNotEmpty"
  | "SourceCheckFailed"
  /** What a reversal would take back is not there any more: somebody else changed it, and HR wins. */
  | "HrMovedOn"
  /** The field was empty before, and this HRIS has no way to empty it that is known for sure. */
  | "ClearUnsupported"
  /** The change on record was found under a looser class than now. */
  | "ClassMoved"
  /** The HRIS's value or the policy moved while the approval was waited for. */
  | "ChangeMoved"
  | "ApprovalDenied"
  | "ApprovalExpired"
  | "DryRun";

/** How an inspection ends where the change goes no further. */
interface End {
  readonly outcome: Outcome;
  readonly reason: InspectReason | Verdict["reason"];
}

/**
 * Looks at one change with the reader's credentials: decides again with the attributes as their systems hold them, compares with the
 * HRIS and the source of truth, and records the exact change. Phase `first` routes to approval or write; phase `again` lets a
 * change through only if the approvals on record are for the exact change as it is now.
 *
 * Nothing is read for a change that is denied or only notified. Throws `PolicyInTransition`, `ReadUnavailable` and
 * `ServiceUnavailable`, all before anything was recorded or after a record that a repeat finds again.
 */
export function createHandler(ports: InspectPorts, config: InspectConfig): (event: unknown) => Promise<InspectOutput> {
  const { store, clock, log } = ports;
  const source = createPolicySource(store, config.manifestHash);

  return async (event) => {
    const { requestId, index, field, phase } = inspectInputSchema.parse(event);
    const place = { requestId, index };

    const { request } = await requireRequest(store, requestId);
    const decision = await getDecision(store, place);
    if (decision === undefined) throw new UnknownReference(`change ${index} of \`${requestId}\` was never decided`);

    const ended = await getChangeOutcome(store, place);
    if (ended !== undefined) {
      return output("announce", { ...decision, outcome: ended.outcome, reason: ended.reason });
    }

    const pinned = await source();
    const now = clock.now();
    let verdict = standingVerdict(decision, pinned, request, index, now);
    const announce = (end: End, digest = ""): InspectOutput => {
      log.info("change-inspected", { requestId, index, field, outcome: end.outcome, reason: end.reason });
      return output("announce", { ...verdict, ...end, digest });
    };
    if (isClosed(verdict)) return announce(endOf(verdict));

    if (phase === "again" && (await listApprovals(store, place)).some((item) => item.decision === "deny")) {
      return announce({ outcome: "denied", reason: "ApprovalDenied" });
    }

    const to = proposedValue(request, index, field);
    const rules = rulesOf(pinned.policy, field);
    const hris = ports.systems.hris();
    if (matchesField(hris.neverFields, rules.hrisField)) return announce({ outcome: "denied", reason: "NeverInHris" });

    const attributes = await readAttributes(ports, config, pinned.policy, field, request);
    const seen: WriteBackRequest = { ...request, worker: { ...request.worker, attributes } };
    verdict = strictest(verdict, verdictNow(pinned, seen, index, now));
    if (isClosed(verdict)) return announce(endOf(verdict));

    const read = await hris.readField(request.worker.id, rules.hrisField);
    const unreadable = endOfRead(read);
    if (unreadable !== undefined) return announce(unreadable);
    const from = valueOf(read, config.hrisSystem);
    if (hris.sameValue(rules.hrisField, from, to)) return announce({ outcome: "noop", reason: "AlreadyEqual" });
    const unfit =
      request.reversal === undefined
        ? await unfitChange(ports, config, rules, request.worker.id, { from, to })
        : unfitReversal(hris, rules, request.reversal, { from, to });
    if (unfit !== undefined) return announce(unfit);

    const exact = await exactChange(ports, pinned, request, field, { from, to });
    const existing = await getInspection(store, place, exact.digest);
    if (existing !== undefined) {
      if (isStricter(verdict.effectiveClass, existing.effectiveClass)) {
        return announce({ outcome: "conflict", reason: "ClassMoved" }, exact.digest);
      }
      verdict = narrowedBy(verdict, existing);
    }
    const { approval } = verdict;
    const needed = verdict.verdict === "approve" ? requireApproval(approval) : undefined;

    // What is approved is the change that was shown: a waiting change that moved is not recorded anew.
    if (phase === "again" && needed !== undefined && existing === undefined) {
      return announce({ outcome: "conflict", reason: "ChangeMoved" }, exact.digest);
    }

    const inspection: InspectionItem = existing ?? {
      ...ledgerKeys.inspection(requestId, index, exact.digest),
      field,
      ...exact,
      from,
      to,
      policyDigest: pinned.policyDigest,
      checked:
        request.reversal === undefined
          ? `${rules.check ?? "none"}: ${rules.sourceOfTruth}`
          : `takes back change ${String(request.reversal.index)} of ${request.reversal.requestId}: the HRIS holds what it wrote`,
      class: verdict.class,
      effectiveClass: verdict.effectiveClass,
      ...(needed === undefined ? {} : { approval: needed }),
      inspectedAt: formatInstant(now),
    };
    if (existing === undefined) await putOnce(store, inspection);

    if (request.dryRun) return announce({ outcome: "planned", reason: "DryRun" }, exact.digest);
    if (needed === undefined) return route("write", verdict, inspection.digest);

    if (phase === "again") {
      const decisions = await listApprovals(store, place, inspection.digest);
      const { satisfied } = weigh(decisions, { request, policy: pinned.policy, inspection, approval: needed });
      return satisfied
        ? route("write", verdict, inspection.digest)
        : announce({ outcome: "expired", reason: "ApprovalExpired" }, exact.digest);
    }
    const left = Math.ceil((approvalDeadlineMs(inspection, needed) - now) / 1000);
    return left < 1
      ? announce({ outcome: "expired", reason: "ApprovalExpired" }, exact.digest)
      : route("approve", verdict, inspection.digest, left);

    function route(to: "write" | "approve", by: Verdict, digest: string, approvalTimeoutSeconds = 0): InspectOutput {
      log.info("change-inspected", { requestId, index, field, route: to, verdict: by.verdict, reason: by.reason });
      return output(to, { ...by, outcome: "none", digest, approvalTimeoutSeconds });
    }
  };
}

function output(
  route: InspectOutput["route"],
  members: Pick<InspectOutput, "class" | "verdict" | "reason" | "outcome"> &
    Partial<Pick<InspectOutput, "digest" | "approvalTimeoutSeconds">>,
): InspectOutput {
  return {
    version: PAYLOAD_VERSION,
    route,
    class: members.class,
    verdict: members.verdict,
    reason: members.reason,
    outcome: members.outcome,
    digest: members.digest ?? "",
    approvalTimeoutSeconds: members.approvalTimeoutSeconds ?? 0,
  };
}

function isClosed(verdict: Verdict): boolean {
  return verdict.verdict === "deny" || verdict.verdict === "notify";
}

function endOf(verdict: Verdict): End {
  return { outcome: verdict.verdict === "notify" ? "notified" : "denied", reason: verdict.reason };
}

/** The rules of a field that a verdict let through. */
function rulesOf(policy: Policy, field: string): Field {
  const rules = Object.hasOwn(policy.fields, field) ? policy.fields[field] : undefined;
  if (rules === undefined) throw new UnknownReference(`the policy has no field \`${field}\``);
  return rules;
}

function requireApproval(approval: Approval | undefined): Approval {
  if (approval === undefined) throw new UnknownReference("a change that needs an approval names none");
  return approval;
}

function isEmpty(value: Scalar | null): boolean {
  return value === null || (typeof value === "string" && value.trim() === "");
}

/**
 * The worker's attributes as their systems hold them, for those that segments touching the field ask for. What the policy reads
 * from a system counts as missing where that system is not connected, does not know the worker or does not show it; a
 * missing attribute matches, so that ignorance only narrows. Others stay as the event gave them.
 */
async function readAttributes(
  ports: InspectPorts,
  config: InspectConfig,
  policy: Policy,
  field: string,
  request: WriteBackRequest,
): Promise<Record<string, AttributeValue>> {
  const attributes = new Map<string, AttributeValue>(Object.entries(request.worker.attributes));
  const asked = new Set(
    Object.values(policy.segments)
      .filter((segment) => segment.mode === "notify" || Object.hasOwn(segment.fields, field))
      .flatMap((segment) => Object.keys(segment.when)),
  );
  for (const name of [...asked].sort()) {
    const place = Object.hasOwn(policy.attributes, name) ? policy.attributes[name] : undefined;
    if (place === undefined) continue;
    const read = await sourceOf(ports, config, place.system)?.readField(request.worker.id, place.field);
    const value = read === undefined ? null : readable(read, place.system);
    if (value === null || value === "") attributes.delete(name);
    else attributes.set(name, value);
  }
  return Object.fromEntries(attributes);
}

/** A system by its name in the policy. */
function sourceOf(
  ports: InspectPorts,
  config: InspectConfig,
  system: string,
): Pick<SourceReader, "readField"> | undefined {
  return ports.systems.source(system) ?? (system === config.hrisSystem ? ports.systems.hris() : undefined);
}

/** The value of a read, `null` where there is none to see. Throws `ReadUnavailable`. */
function readable(read: FieldRead, system: string): Scalar | null {
  if (read.kind === "unavailable") throw unavailable(system);
  return read.kind === "value" ? read.value : null;
}

function unavailable(system: string): ReadUnavailable {
  return new ReadUnavailable(`the system \`${system}\` did not answer a read`);
}

/** The end of a change whose HRIS value cannot be compared. */
function endOfRead(read: FieldRead): End | undefined {
  if (read.kind === "forbidden") return { outcome: "forbidden", reason: "ReadForbidden" };
  if (read.kind === "no-such-worker") return { outcome: "denied", reason: "NoSuchWorker" };
  if (read.kind === "value" && read.active === false) return { outcome: "denied", reason: "WorkerInactive" };
  return undefined;
}

function valueOf(read: FieldRead, system: string): Scalar | null {
  if (read.kind !== "value") throw unavailable(system);
  return read.value;
}

/** Values of one change. */
interface Values {
  readonly from: Scalar | null;
  readonly to: Scalar | null;
}

/** Why a change may not follow the value that the HRIS holds, or the source of truth. Throws `ReadUnavailable`. */
async function unfitChange(
  ports: InspectPorts,
  config: InspectConfig,
  rules: Field,
  workerId: string,
  { from, to }: Values,
): Promise<End | undefined> {
  if (rules.writeOnce && !isEmpty(from)) return { outcome: "denied", reason: "WriteOnceNotEmpty" };
  const passes = to !== null && (await passesCheck(ports, config, rules, workerId, to));
  return passes ? undefined : { outcome: "denied", reason: "SourceCheckFailed" };
}

/**
 * Why a reversal may not follow. The source of truth is not asked: it holds what was written, and the question is whether HR wants that. What a
 * write-once field held before is nothing, so that it is emptied.
 */
function unfitReversal(hris: HrisAdapter, rules: Field, { expected }: Reversal, { from, to }: Values): End | undefined {
  if (!hris.sameValue(rules.hrisField, from, expected)) return { outcome: "conflict", reason: "HrMovedOn" };
  if (to === null && hris.canClear?.(rules.hrisField) !== true) {
    return { outcome: "denied", reason: "ClearUnsupported" };
  }
  return undefined;
}

/** Holds the proposed value against the source of truth, as the field's `check` says. Throws `ReadUnavailable`. */
async function passesCheck(
  ports: InspectPorts,
  config: InspectConfig,
  rules: Field,
  workerId: string,
  to: Scalar,
): Promise<boolean> {
  const { check, sourceOfTruth, sourceField } = rules;
  if (check === "none") return true;
  const reader = ports.systems.source(sourceOfTruth);
  if (reader === undefined) {
    ports.log.error("source-not-connected", { system: sourceOfTruth });
    return false;
  }
  if (check === "exists-in-source") {
    const found: RecordFound = await reader.findRecord(sourceField, to);
    if (found.kind === "unavailable") throw unavailable(sourceOfTruth);
    return found.kind === "active";
  }
  // `equals-source`; a field without a written check is held to it too.
  const read = await reader.readField(workerId, sourceField);
  if (read.kind === "unavailable") throw unavailable(sourceOfTruth);
  return read.kind === "value" && read.value !== null && reader.sameValue(sourceField, read.value, to);
}

async function exactChange(
  ports: InspectPorts,
  pinned: PinnedPolicy,
  request: WriteBackRequest,
  field: string,
  values: Values,
): Promise<{ digest: string; workerRef: string }> {
  const { keys } = ports;
  const worker = request.worker.id;
  const { policyDigest } = pinned;
  const [digest, workerMac] = await Promise.all([
    keys.generateMac(changeMessage({ worker, field, ...values, event: request.event, policyDigest })),
    keys.generateMac(workerMessage(worker)),
  ]);
  return { digest, workerRef: workerRefOf(workerMac) };
}
