import type { Invariant } from "./finding";

/** Something that no policy can hold: the code of a handler does, and tests show it. */
export interface HeldByHandlers {
  readonly invariant: Invariant;
  readonly what: string;
  /** File and name of each test in this project's repository. */
  readonly tests: readonly { readonly file: string; readonly test: string }[];
}

function held(invariant: Invariant, what: string, file: string, ...tests: readonly string[]): HeldByHandlers {
  return { invariant, what, tests: tests.map((test) => ({ file, test })) };
}

/**
 * What rests on handler code. It is listed with every proof and has no effect on it: a stack says which function has which powers, and
 * not what its code does with them.
 */
export const HELD_BY_HANDLERS: readonly HeldByHandlers[] = [
  held(
    1,
    "an inspection after the wait lets a change through only with its approval on record, for the change as it is then",
    "test/runtime/inspect.test.ts",
    "an approval that nobody gave is expired, one that was given lets the change through",
    "a waiting change that moved is not recorded, so that nobody approves it unseen",
  ),
  held(
    1,
    "the broker opens no grant for a change that needs an approval and has none, even when the workflow sends it",
    "test/runtime/broker.test.ts",
    "a conditional change without its approval opens no grant, even when the workflow sends it",
  ),
  held(
    1,
    "what was written is taken back by the values of the ledger, and by nobody's word",
    "test/runtime/reversal.test.ts",
    "takes no value: what is not the change's reference is not read",
    "asks for an approval of a safe field, and nothing is written with one of two, or with a denial",
  ),
  held(
    2,
    "task tokens are kept encrypted, bound to their change, and used once",
    "test/runtime/approvals.test.ts",
    "keeps its token encrypted, and under this change alone",
  ),
  held(
    3,
    "session name, tag and path are the same grant: IAM cannot compare them, the gateway does",
    "test/runtime/guards.test.ts",
    "refuses a path of no grant or no field, also where parameters and path agree",
  ),
  held(
    3,
    "a session is minted for one grant and one field until one second, and its credentials go nowhere else",
    "test/runtime/broker.test.ts",
    "is for one grant and one field until one second, and no other place sees its credentials",
  ),
  held(
    4,
    "the gateway holds the value to the digest of what was inspected and approved: IAM sees no bodies",
    "test/runtime/gateway.test.ts",
    "refuses another value than the one that was inspected",
    "refuses the same value as another type",
    "refuses a conditional change whose approval is not on record",
  ),
  held(
    4,
    "approvers are authenticated, of the groups asked, and different people from initiator, worker and each other",
    "test/runtime/approvals.test.ts",
    "of every group is needed where several are asked, each by another person",
    "fills one seat: the second account is refused",
  ),
  held(
    5,
    "a grant is used once, in one transaction with the intent, before the one call",
    "test/runtime/gateway.test.ts",
    "refuses a second use",
    "refuses one of two requests at once",
  ),
  held(
    5,
    "one attempt has one grant, and one worker's field one unsettled grant",
    "test/runtime/broker.test.ts",
    "two brokers at once open one grant",
    "another change of the same worker and field waits for the first",
  ),
  held(
    5,
    "a crash at any point ends in a true outcome",
    "test/runtime/crash.test.ts",
    "wherever between two calls of Announce the other process finishes",
    "and an end of no write is never recorded over a grant that opens meanwhile",
  ),
  held(
    6,
    "after the switch is stopped no intent commits",
    "test/runtime/gateway.test.ts",
    "after the switch is stopped no intent commits, and a start uses the same grant",
    "the switch counts at the moment of the intent, not before",
  ),
  held(
    7,
    "no value of a record leaves the ledger in logs, events, workflow states or keys",
    "test/runtime/intake-decide-announce.test.ts",
    "in logs, events, workflow states or keys, along every way",
  ),
  held(
    7,
    "no value and no credential is in the history of any execution",
    "test/system/story.test.ts",
    "not in the history of any execution",
    "no credential of a session in the ledger, the control table, a log or a history",
  ),
];
