import { MANIFEST_KEY, POLICY_PARTITION } from "../core";
import { policyFromItems, PolicyItemsError } from "../policy/items";
import type { Policy } from "../policy/model";
import { policyDigest as digestOf } from "../policy/normalise";
import { PolicyInTransition } from "./errors";
import type { Key, Store, WriteAction } from "./ports";

/** A policy, and the digest that decisions and exact changes name it by. */
export interface PinnedPolicy {
  readonly policy: Policy;
  readonly policyDigest: string;
  /** Hashes of its items in the classification table, by sort key, the manifest's among them. */
  readonly hashes: ReadonlyMap<string, string>;
}

/**
 * Reads the policy that this handler was deployed with. The manifest is read at every call: while it names another policy, an
 * apply is under way and `PolicyInTransition` is thrown. The items themselves are read once per process and manifest.
 */
export function createPolicySource(store: Store, manifestHash: string): () => Promise<PinnedPolicy> {
  let cached: PinnedPolicy | undefined;
  return async () => {
    const manifest = await store.get("classification", itemKey(MANIFEST_KEY));
    if (manifest?.["hash"] !== manifestHash) {
      throw new PolicyInTransition("the classification table holds another policy than this handler was deployed with");
    }
    cached ??= await readPolicy(store, manifestHash);
    return cached;
  };
}

/**
 * Hold in a transaction while the table holds this policy, and of one field the same. An apply writes the manifest last, and a field's own item
 * some seconds before: from the first of them on, neither begins anything that was judged by what stood there before.
 */
export function policyHolds({ hashes }: PinnedPolicy, field: string): readonly WriteAction[] {
  return [MANIFEST_KEY, `field#${field}`].map((sk) => ({
    kind: "check",
    table: "classification",
    key: itemKey(sk),
    condition: { attribute: "hash", is: "=", value: hashes.get(sk) ?? "" },
  }));
}

function itemKey(sk: string): Key {
  return { pk: POLICY_PARTITION, sk };
}

async function readPolicy(store: Store, manifestHash: string): Promise<PinnedPolicy> {
  const items = await store.query("classification", POLICY_PARTITION);
  const manifest = items.find((item) => item["sk"] === MANIFEST_KEY);
  if (manifest?.["hash"] !== manifestHash) {
    throw new PolicyInTransition("the classification table changed while it was read");
  }
  try {
    const policy = policyFromItems(items);
    const hashes = new Map(items.map(({ sk, hash }) => [String(sk), String(hash)]));
    return { policy, policyDigest: digestOf(policy), hashes };
  } catch (error) {
    // Half of an apply looks like this; so does a table that was tampered with, which then stays closed.
    if (!(error instanceof PolicyItemsError)) throw error;
    throw new PolicyInTransition(`the classification table does not hold one policy: ${error.code}`, { cause: error });
  }
}
