import type { Claim, MadeClaim } from "./claim";
import { ACCESS_CLAIMS } from "./claims-of-access";
import { RECORD_CLAIMS } from "./claims-of-records";
import { sorted } from "../system";
import type { Facts } from "./facts";

/** Every claim that a stack may carry. */
export const CLAIMS: readonly Claim[] = [...ACCESS_CLAIMS, ...RECORD_CLAIMS];

/** The claims that a stack really carries: in every group of resources there is one. */
export function claimsOf(facts: Facts): MadeClaim[] {
  const declared = new Set(facts.stack.all.map(({ address }) => address));
  return CLAIMS.flatMap((claim) => {
    const groups = claim.carriers(facts).map((group) => group.filter((address) => declared.has(address)));
    if (groups.length === 0 || groups.some((group) => group.length === 0)) return [];
    return [{ ...claim, groups, resources: sorted(groups.flat()) }];
  });
}
