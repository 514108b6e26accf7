import { join } from "node:path";

import { prove, stackOfConfiguration, type Proof } from "../../src/review";
import { synthExample } from "../helpers/examples";

let small: object | undefined;

/** The example's stack over a few fields, synthesized once per test file. */
export function smallExample(): object {
  small ??= synthExample("acme", { WRITEBACK_POLICY: join(__dirname, "small.policy.yaml") }).json;
  return small;
}

export function proofOf(json: unknown): Proof {
  return prove(stackOfConfiguration(json));
}

/** Everything that keeps a proof from being one, for messages. */
export function objections(proof: Proof): string[] {
  return proof.invariants.flatMap(({ number, counterexamples, unread }) =>
    [...counterexamples, ...unread].map(({ code, message }) => `${number} ${code}: ${message}`),
  );
}
