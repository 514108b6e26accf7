import { Hand } from "./hand";
import type { Sabotage } from "./sabotages/sabotage";
import { proofOf, smallExample } from "./stacks";

/** What a proof says of a changed stack: of the invariant that the change breaks, with the code and the resource that it should name. */
export function noticed({ change, code, invariant }: Sabotage): {
  readonly verdict: string;
  readonly isFound: boolean;
  readonly isCited: boolean;
} {
  const hand = new Hand(smallExample());
  const address = change(hand);
  const proof = proofOf(hand.json).invariants.find(({ number }) => number === invariant)!;
  const found = [...proof.counterexamples, ...proof.unread].filter((each) => each.code === code);
  return {
    verdict: proof.verdict,
    isFound: found.length > 0,
    isCited: found.some(({ resources }) => resources.some((resource) => resource.includes(address))),
  };
}
