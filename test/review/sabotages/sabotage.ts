import type { Hand } from "../hand";

/** Somebody's change of a stack that must not go unnoticed. */
export interface Sabotage {
  readonly name: string;
  /** The invariant that must be named. */
  readonly invariant: 1 | 2 | 3 | 4 | 5 | 6 | 7;
  /** Code of a counterexample, or of what is not read. */
  readonly code: string;
  /** @default "counterexample" */
  readonly verdict?: "not-proved";
  /** Makes the change; the address that must be cited, or a part of it. */
  readonly change: (hand: Hand) => string;
}
