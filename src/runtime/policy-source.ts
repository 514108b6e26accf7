import { MANIFEST_KEY, POLICY_PARTITION } from "../core";
import { policyFromItems, PolicyItemsError } from "../policy/items";
import type { Policy } from "../policy/model";
import { policyDigest as digestOf } from "../policy/normalise";
import { PolicyInTransition } from "./errors";
import type { Store } from "./ports";

/** A policy, and the digest that decisions and exact changes name it by. */
export interface PinnedPolicy {
  readonly policy: Policy;
  readonly policyDigest: string;
}

/**
 * Reads the policy that this handler was deployed with. The manifest is read at every call: while it names another policy, an
 * apply is under way and `PolicyInTransition` is thrown. The items themselves are read once per process and manifest.
 */
export function createPolicySource(store: Store, manifestHash: string): () => Promise<PinnedPolicy> {
  let cached: PinnedPolicy | undefined;
  return async () => {
    const manifest = await store.get("classification", { pk: POLICY_PARTITION, sk: MANIFEST_KEY });
    if (manifest?.["hash"] !== manifestHash) {
      throw new PolicyInTransition("the classification table holds another policy than this handler was deployed with");
    }
    cached ??= await readPolicy(store, manifestHash);
    return cached;
  };
}

async function readPolicy(store: Store, manifestHash: string): Promise<PinnedPolicy> {
  const items = await store.query("classification", POLICY_PARTITION);
  const manifest = items.find((item) => item["sk"] === MANIFEST_KEY);
  if (manifest?.["hash"] !== manifestHash) {
    throw new PolicyInTransition("the classification table changed while it was read");
  }
  try {
    const policy = policyFromItems(items);
    return { policy, policyDigest: digestOf(policy) };
  } catch (error) {
    // Half of an apply looks like this; so does a table that was tampered with, which then stays closed.
    if (!(error instanceof PolicyItemsError)) throw error;
    throw new PolicyInTransition(`the classification table does not hold one policy: ${error.code}`, { cause: error });
  }
}
