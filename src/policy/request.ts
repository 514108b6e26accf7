import * as z from "zod";

import { isRequestId, parseInstant } from "../core";
import type { Scalar } from "./model";
import { UNSEEN } from "./values";

/** Longest text we take from an event in one place, in UTF-16 code units: bounds items, messages and pages. */
const MAX_TEXT = 1024;

/** Changes in one event. A joiner finalises a few facts; more is a sync in disguise. */
export const MAX_CHANGES = 100;

const text = z.string().min(1).max(MAX_TEXT);

/** Longest text of an instant: however many decimals a publisher's clock has. */
const MAX_INSTANT = 64;

const instant = z
  .string()
  .max(MAX_INSTANT)
  .refine((value) => parseInstant(value) !== undefined, "expected an ISO 8601 instant with a zone");

const attributeValue = z.union([z.string().max(MAX_TEXT), z.number(), z.boolean(), z.null()]);

/** `detail` of a lifecycle event. Values stay `unknown`: whether one may be written is `decide`'s question, per change. */
export const lifecycleDetailSchema = z.strictObject({
  requestId: z.string().refine(isRequestId, "expected 1 to 64 letters, digits, `-` or `_`, as a UUID has them"),
  occurredAt: instant,
  worker: z.strictObject({
    // Two ids that differ in what cannot be seen look like one person to whoever approves.
    id: text.max(128).refine((id) => !UNSEEN.test(id), "expected no characters that cannot be seen"),
    attributes: z.record(z.string().max(64), attributeValue).optional(),
  }),
  initiator: z.strictObject({
    kind: z.string().max(64).optional(),
    id: text,
    issuer: text.optional(),
    subject: text.optional(),
    intent: z.string().max(MAX_TEXT).optional(),
  }),
  changes: z
    .array(
      z.strictObject({
        field: z.string().max(128),
        value: z.unknown().optional(),
        finalizedAt: z.string().max(MAX_INSTANT).nullish(),
      }),
    )
    .min(1)
    .max(MAX_CHANGES),
  dryRun: z.boolean().optional(),
});

/** The whole EventBridge envelope, of which the bus guarantees `source` and we read three members. */
export const lifecycleEventSchema = z.looseObject({
  source: text,
  "detail-type": text,
  detail: lifecycleDetailSchema,
});

export type LifecycleDetail = z.infer<typeof lifecycleDetailSchema>;
export type LifecycleEnvelope = z.infer<typeof lifecycleEventSchema>;

/** An attribute of the worker: what a segment's `when` is held against. */
export type AttributeValue = string | number | boolean | null;

/** One request, as `decide` judges it. */
export interface WriteBackRequest {
  /** The publisher: EventBridge `source`, bound by IAM. */
  readonly source: string;
  /** The lifecycle event's name: EventBridge `detail-type`. */
  readonly event: string;
  readonly requestId: string;
  readonly occurredAt: string;
  readonly worker: { readonly id: string; readonly attributes: Readonly<Record<string, AttributeValue>> };
  readonly initiator: {
    readonly kind?: string;
    readonly id: string;
    readonly issuer?: string;
    readonly subject?: string;
    readonly intent?: string;
  };
  readonly changes: readonly RequestedChange[];
  readonly dryRun: boolean;
  /** What a reversal takes back. No event carries it: `reversal` reads it in the ledger. */
  readonly reversal?: Reversal;
  /** When intake took the request, ISO 8601 UTC. The window is judged at this time; `now` where it is absent. */
  readonly receivedAt?: string;
}

/** The write that a request takes back. */
export interface Reversal {
  readonly requestId: string;
  readonly index: number;
  /** The grant by which it was written. */
  readonly grantId: string;
  /** What was written: where the HRIS holds anything else by now, nothing is taken back. `null` where it was emptied. */
  readonly expected: Scalar | null;
}

export interface RequestedChange {
  readonly field: string;
  readonly value: unknown;
  readonly finalizedAt?: string | null;
}

/** The request inside an envelope. `receivedAt` is intake's clock; leave it out to judge at `now`. */
export function requestOfEvent(event: LifecycleEnvelope, receivedAt?: string): WriteBackRequest {
  const { requestId, occurredAt, worker, initiator, changes, dryRun } = event.detail;
  return {
    source: event.source,
    event: event["detail-type"],
    requestId,
    occurredAt,
    worker: { id: worker.id, attributes: worker.attributes ?? {} },
    initiator,
    changes: changes.map((change) => ({
      field: change.field,
      value: change.value ?? null,
      finalizedAt: change.finalizedAt,
    })),
    dryRun: dryRun ?? false,
    ...(receivedAt === undefined ? {} : { receivedAt }),
  };
}
