import * as z from "zod";

import { canonicalDigest, formatInstant, hasExactNumbers, isReversalId, PAYLOAD_VERSION } from "../../core";
import { lifecycleEventSchema, requestOfEvent, type WriteBackRequest } from "../../policy/request";
import { ledgerKeys, type RequestItem } from "../ledger";
import { watchUndecided } from "../open-changes";
import type { Clock, Log, Store, Workflow } from "../ports";
import { getRequest, putOnce } from "../records";
import { TABLE_LIMITS } from "../table-limits";

export interface IntakePorts {
  readonly store: Store;
  readonly workflow: Pick<Workflow, "start">;
  readonly clock: Clock;
  readonly log: Log;
}

/** A batch of the intake queue; the body of each message is the whole EventBridge envelope. */
const batchSchema = z.object({
  Records: z.array(z.object({ messageId: z.string().min(1), body: z.string() })).max(10_000),
});

/** The messages that stay in the queue, and reach the dead-letter queue when they have failed often enough. */
export interface IntakeOutput {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** Longest envelope that is stored, in UTF-16 code units: well inside DynamoDB's 400 KB for one item whatever the letters. */
const MAX_BODY = 100_000;

/** Why an event was refused. Both fail the message: it can never succeed, and the dead-letter queue keeps it as evidence. */
export type IntakeRefusal = "MalformedEvent" | "OversizedEvent" | "RequestIdReused";

/** The execution of the request has ended without deciding it: operators redrive it, and the message waits for that. */
const NOT_DECIDED = "NotDecided";

/**
 * Takes lifecycle events: parses, stores the request with its values if absent, and always starts the workflow under the
 * request's id, then files it for the sweeper until it is decided. A crash in between loses nothing, because the message comes again and all
 * steps are idempotent.
 *
 * An event that is too old for its window is stored like any other: `decide` denies it by `OutsideWindow`, on record. What
 * cannot be parsed, and a request id that comes again with other content, is logged as an error by a code and fails its message,
 * so that it ends in the (encrypted) dead-letter queue: refused, not started and not lost. So does a request whose
 * execution has ended without a decision on record, since its id starts no other one: acknowledged, it would be lost in silence.
 */
export function createHandler(ports: IntakePorts): (event: unknown) => Promise<IntakeOutput> {
  const { log } = ports;
  return async (event) => {
    const { Records } = batchSchema.parse(event);
    const failures: { itemIdentifier: string }[] = [];
    for (const { messageId, body } of Records) {
      try {
        const refusal = await take(ports, body);
        if (refusal === undefined) continue;
        if (refusal === NOT_DECIDED) log.warn("event-not-taken", { messageId, code: refusal });
        else log.error("event-refused", { messageId, code: refusal });
      } catch (error) {
        log.warn("event-not-taken", { messageId, code: error instanceof Error ? error.name : "Error" });
      }
      failures.push({ itemIdentifier: messageId });
    }
    return { batchItemFailures: failures };
  };
}

async function take(ports: IntakePorts, body: string): Promise<IntakeRefusal | typeof NOT_DECIDED | undefined> {
  const { store, workflow, clock, log } = ports;
  if (body.length > MAX_BODY) return "OversizedEvent";
  const taken = parseRequest(body);
  if (taken === undefined) return "MalformedEvent";

  const { request, contentDigest } = taken;
  const { requestId } = request;
  const receivedAt = formatInstant(clock.now());
  const item: RequestItem = {
    ...ledgerKeys.request(requestId),
    request: { ...storable(request), receivedAt },
    contentDigest,
    receivedAt,
  };
  if (!(await putOnce(store, item))) {
    const stored = await getRequest(store, requestId);
    if (stored?.contentDigest !== item.contentDigest) return "RequestIdReused";
  }
  const started = await workflow.start(requestId, { version: PAYLOAD_VERSION, requestId });
  // The first decision is stored last. Decided or not, the sweeper looks after what the execution leaves.
  const isUndecided = await watchUndecided(store, requestId, request.changes[0]?.field ?? "", clock.now());
  if (started === "already-exists" && isUndecided) return NOT_DECIDED;
  log.info("request-taken", { requestId, changes: request.changes.length, started: started === "started" });
  return undefined;
}

/**
 * The request as a table can hold it: a proposed value that is neither text, number nor truth value, and so can be nested deeper
 * than DynamoDB takes, is kept as `null`. `decide` finds either to be `InvalidValue`.
 */
function storable(request: WriteBackRequest): WriteBackRequest {
  const changes = request.changes.map((change) => {
    const isScalar = ["string", "number", "boolean"].includes(typeof change.value);
    return isScalar ? change : { ...change, value: null };
  });
  return { ...request, changes };
}

interface Taken {
  readonly request: WriteBackRequest;
  readonly contentDigest: string;
}

/** Half of a character: JSON can escape it, and no store or digest carries it. */
const HALF_CHARACTER = /\p{Surrogate}/u;

/**
 * The request inside an envelope's text, without intake's time; `undefined` where it is none. Pure, so that whatever fails here
 * fails at every repetition too: what is not JSON, is nested deeper than the stack, or holds what JSON cannot carry. A number that
 * would be altered by reading it is refused: two that differ would be one request, and neither what its publisher meant.
 */
function parseRequest(body: string): Taken | undefined {
  if (!hasExactNumbers(body)) return undefined;
  try {
    const parsed = lifecycleEventSchema.safeParse(JSON.parse(body, carried));
    // Ids of reversals are kept for those: no event makes one.
    if (!parsed.success || isReversalId(parsed.data.detail.requestId)) return undefined;
    const request = requestOfEvent(parsed.data);
    return { request, contentDigest: canonicalDigest(request) };
  } catch {
    return undefined;
  }
}

/** A member as it was parsed; throws for half characters, and for numbers too small to be kept. */
function carried(key: string, value: unknown): unknown {
  if (typeof value === "number" && value !== 0 && Math.abs(value) < TABLE_LIMITS.smallestNumber) {
    throw new TypeError("a number too small to be kept");
  }
  if (HALF_CHARACTER.test(key) || (typeof value === "string" && HALF_CHARACTER.test(value))) {
    throw new TypeError("half a character");
  }
  return value;
}
