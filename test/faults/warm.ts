import type * as Items from "../../src/policy/items";
import type * as Normalise from "../../src/policy/normalise";

/**
 * `src/policy/items` and `normalise` as a warm process has them: what was once read from items of some content is not read from the same
 * content again. Sites are made by the thousand here, and each has five processes that read the policy.
 */
export function warmItems(actual: typeof Items): typeof Items {
  const read = new Map<string, ReturnType<typeof Items.policyFromItems>>();
  return {
    ...actual,
    policyFromItems: (items) => {
      const content = JSON.stringify(items);
      const policy = read.get(content) ?? actual.policyFromItems(items);
      read.set(content, policy);
      return policy;
    },
  };
}

export function warmNormalise(actual: typeof Normalise): typeof Normalise {
  const digests = new WeakMap<object, string>();
  return {
    ...actual,
    policyDigest: (policy) => {
      const digest = digests.get(policy) ?? actual.policyDigest(policy);
      if (Object.isFrozen(policy)) digests.set(policy, digest);
      return digest;
    },
  };
}
