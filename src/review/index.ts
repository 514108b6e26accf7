export { COUNTEREXAMPLE_CODES, UNREAD_CODES, type CounterexampleCode, type ProofCode, type UnreadCode } from "./codes";
export { nameOfStatement, type StatementRef } from "./documents";
export { INVARIANTS, type Counterexample, type Evidence, type Invariant, type NotRead } from "./finding";
export { HELD_BY_HANDLERS, type HeldByHandlers } from "./handlers";
export { loadPlan, loadStack } from "./load";
export { proofJsonSchema, proofOutput, type ProofOutput } from "./output";
export { stackOfPlan } from "./plan";
export { prove, type InvariantProof, type PowerRow, type Proof, type Verdict } from "./prove";
export { stackOfConfiguration, Unreadable, type Resource, type Stack, type Value } from "./stack";
