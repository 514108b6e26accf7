import type * as z from "zod";

import { formatInstant, PAYLOAD_VERSION } from "../../core";
import { decide } from "../../policy/decide";
import type { Verdict } from "../../policy/verdict";
import { configSchema as configOf, membersOf, type Environment } from "../config";
import { ledgerKeys, type DecisionItem } from "../ledger";
import { fieldLabel } from "../names";
import { decideInputSchema, type DecideOutput } from "../payloads";
import { watchChange } from "../open-changes";
import { createPolicySource } from "../policy-source";
import { ConditionFailed, type Clock, type Log, type Store } from "../ports";
import { getDecision, putIfAbsent, requireRequest } from "../records";

export interface DecidePorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

/** Changes that one transaction decides: it takes 100 actions, and each change is two of them. */
const AT_ONCE = 50;

export const configSchema = configOf("manifestHash");
export type DecideConfig = z.infer<typeof configSchema>;

export function parseConfig(env: Environment): DecideConfig {
  return configSchema.parse(membersOf(env));
}

/**
 * Decides a request once: the verdicts on its changes are stored if absent, and a replay returns the stored ones. Each transaction
 * also files its changes for the sweeper, so that a change that was decided comes to an announced end whatever becomes of its
 * execution. The first change's decision is stored last: with it, all are. Later steps ask `decide` again and take the stricter answer, so a stored verdict never outlives a narrower policy.
 */
export function createHandler(ports: DecidePorts, config: DecideConfig): (event: unknown) => Promise<DecideOutput> {
  const { store, clock, log } = ports;
  const pinned = createPolicySource(store, config.manifestHash);

  return async (event) => {
    const { requestId } = decideInputSchema.parse(event);
    if ((await getDecision(store, { requestId, index: 0 })) !== undefined) {
      return outputOf(requestId, await storedDecisions(store, requestId));
    }

    const { request } = await requireRequest(store, requestId);
    const { policy, policyDigest } = await pinned();
    const now = clock.now();
    const verdicts = decide(policy, request, now);
    const decidedAt = formatInstant(now);
    for (let start = lastStart(verdicts.length); start >= 0; start -= AT_ONCE) {
      const some = verdicts.slice(start, start + AT_ONCE);
      try {
        await store.write([
          ...some.map((verdict) => putIfAbsent("ledger", decisionItem(requestId, verdict, policyDigest, decidedAt))),
          ...some.map(({ index, field }) => watchChange({ requestId, index }, field, now)),
        ]);
      } catch (error) {
        // Someone else decided these: the first record stands.
        if (!(error instanceof ConditionFailed)) throw error;
        continue;
      }
      for (const { index, field, verdict, reason } of some) {
        log.info("change-decided", { requestId, index, field: fieldLabel(field), verdict, reason });
      }
    }
    return outputOf(requestId, await storedDecisions(store, requestId));
  };
}

/** Where the last of the transactions begins that so many verdicts take. */
function lastStart(verdicts: number): number {
  return Math.floor((verdicts - 1) / AT_ONCE) * AT_ONCE;
}

async function storedDecisions(store: Store, requestId: string): Promise<{ index: number; field: string }[]> {
  const prefix = "decision#";
  const items = await store.query("ledger", ledgerKeys.decisions(requestId), prefix);
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
