import type * as z from "zod";

import { formatInstant, PAYLOAD_VERSION } from "../../core";
import { decide } from "../../policy/decide";
import type { Verdict } from "../../policy/verdict";
import { configSchema as configOf, membersOf, type Environment } from "../config";
import { ledgerKeys, type DecisionItem } from "../ledger";
import { fieldLabel } from "../names";
import { decideInputSchema, type DecideOutput } from "../payloads";
import { createPolicySource } from "../policy-source";
import { ConditionFailed, type Clock, type Log, type Store } from "../ports";
import { putIfAbsent, requireRequest } from "../records";

export interface DecidePorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

export const configSchema = configOf("manifestHash");
export type DecideConfig = z.infer<typeof configSchema>;

export function parseConfig(env: Environment): DecideConfig {
  return configSchema.parse(membersOf(env));
}

/**
 * Decides a request once: the verdicts on all its changes are stored together if absent, and a replay returns the stored ones.
 * Later steps ask `decide` again and take the stricter answer, so a stored verdict never outlives a narrower policy.
 */
export function createHandler(ports: DecidePorts, config: DecideConfig): (event: unknown) => Promise<DecideOutput> {
  const { store, clock, log } = ports;
  const pinned = createPolicySource(store, config.manifestHash);

  return async (event) => {
    const { requestId } = decideInputSchema.parse(event);
    const stored = await storedDecisions(store, requestId);
    if (stored.length > 0) return outputOf(requestId, stored);

    const { request } = await requireRequest(store, requestId);
    const { policy, policyDigest } = await pinned();
    const now = clock.now();
    const verdicts = decide(policy, request, now);
    const decidedAt = formatInstant(now);
    try {
      await store.write(
        verdicts.map((verdict) => putIfAbsent("ledger", decisionItem(requestId, verdict, policyDigest, decidedAt))),
      );
    } catch (error) {
      // Someone else decided meanwhile: the first record stands.
      if (!(error instanceof ConditionFailed)) throw error;
      return outputOf(requestId, await storedDecisions(store, requestId));
    }
    for (const { index, field, verdict, reason } of verdicts) {
      log.info("change-decided", { requestId, index, field: fieldLabel(field), verdict, reason });
    }
    return outputOf(requestId, verdicts);
  };
}

async function storedDecisions(store: Store, requestId: string): Promise<{ index: number; field: string }[]> {
  const prefix = "decision#";
  const items = await store.query("ledger", ledgerKeys.request(requestId).pk, prefix);
  return items
    .map((item) => ({
      index: Number((item["sk"] as string).slice(prefix.length)),
      field: item["field"] as string,
    }))
    .sort((a, b) => a.index - b.index);
}

function decisionItem(requestId: string, verdict: Verdict, policyDigest: string, decidedAt: string): DecisionItem {
  const { index, field, reason, effectiveClass, owner, approval } = verdict;
  return {
    ...ledgerKeys.decision(requestId, index),
    field,
    verdict: verdict.verdict,
    reason,
    class: verdict.class,
    effectiveClass,
    ...(owner === undefined ? {} : { owner }),
    ...(approval === undefined ? {} : { approval }),
    policyDigest,
    decidedAt,
  };
}

function outputOf(
  requestId: string,
  changes: readonly { readonly index: number; readonly field: string }[],
): DecideOutput {
  return {
    version: PAYLOAD_VERSION,
    requestId,
    changes: changes.map(({ index, field }) => ({ index, field: fieldLabel(field) })),
  };
}
