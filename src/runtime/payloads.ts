import * as z from "zod";

import { isGrantId, isRequestId, isWholeReversalId, PAYLOAD_VERSION, type OUTCOMES } from "../core";
import type { FIELD_CLASSES } from "../policy/model";

/**
 * What travels between the workflow and the handlers: references and codes, never a value of a record. Each carries a version.
 * Every schema accepts the current one and the one before, where there is one, so that a deploy strands no work in flight: whoever
 * raises the version sees to it that the schemas understand both, and raises it once per deploy.
 */
const version = z.literal([PAYLOAD_VERSION - 1, PAYLOAD_VERSION].filter((number) => number > 0));
const requestId = z.string().refine(isRequestId, "expected a request id");
const grantId = z.string().refine(isGrantId, "expected a grant id");
const index = z.int().min(0).max(999);

/** One change of one request. */
export const changeRefSchema = z.object({ version, requestId, index, field: z.string().min(1).max(128) });

/** Input of the workflow and of `decide`. */
export const decideInputSchema = z.object({ version, requestId });

/** Output of `decide`: the Map runs over `changes`. */
export interface DecideOutput {
  readonly version: typeof PAYLOAD_VERSION;
  readonly requestId: string;
  readonly changes: readonly { readonly index: number; readonly field: string }[];
}

/** `first` before any approval; `again` after the wait, where an approval counts. */
export const inspectInputSchema = changeRefSchema.extend({ phase: z.enum(["first", "again"]) });

/** Output of `inspect`: where the change goes next. `digest` where there is an exact change. */
export interface InspectOutput {
  readonly version: typeof PAYLOAD_VERSION;
  readonly route: "write" | "approve" | "announce";
  readonly class: (typeof FIELD_CLASSES)[number];
  readonly verdict: string;
  readonly reason: string;
  /** The end of the change, where `route` is `announce`. */
  readonly outcome: (typeof OUTCOMES)[number] | "none";
  readonly digest: string;
  /** Seconds that RequestApproval may wait; 0 where nobody is asked. */
  readonly approvalTimeoutSeconds: number;
}

export const requestApprovalInputSchema = changeRefSchema.extend({
  digest: z.string().min(1),
  approvalTimeoutSeconds: z.int().min(1),
  taskToken: z.string().min(1).max(2048),
  /** When the workflow entered the state that waits, and how often it has tried again since. Absent from a workflow of before. */
  enteredAt: z.string().max(64).optional(),
  retryCount: z.int().min(0).optional(),
});

export type RequestApprovalInput = z.infer<typeof requestApprovalInputSchema>;

/** Input of `reversal`: somebody asks to take back what a change wrote. No value: what was before, and what was written, is in the ledger. */
export const reversalInputSchema = z.object({
  version,
  /** Of the one who asks: the same again is the same reversal. */
  reversalId: z.string().refine(isWholeReversalId, "expected `reversal-` and a ULID"),
  requestId,
  field: z.string().min(1).max(128),
  /** Why, for who decides. */
  reason: z.string().max(1024).optional(),
  /** Who asks, by their own word: ARN of their credentials. */
  askedBy: z.string().min(1).max(256),
});

/** Input of the sweeper from the kill switch: a look at HR's records for a drill. What the schedule sends is none. */
export const drillLookInputSchema = z.object({
  version,
  step: z.literal("look"),
  stopId: requestId,
  when: z.enum(["stopped", "resumed"]),
});

/** Input of the broker: the Write task. */
export const writeInputSchema = changeRefSchema.extend({ digest: z.string().min(1), attempt: z.int().min(1).max(99) });
export type WriteInput = z.infer<typeof writeInputSchema>;

/**
 * Output of the broker. `ended`: the ledger holds the outcome. `retry`: nothing was used or changed, wait and come again as
 * the next attempt. `unsettled`: an intent may be open, the sweeper will tell.
 */
export interface WriteOutput {
  readonly version: typeof PAYLOAD_VERSION;
  readonly status: "ended" | "retry" | "unsettled";
  readonly reason: string;
  readonly outcome: (typeof OUTCOMES)[number];
  /** Seconds to wait before the next attempt; 0 unless `retry`. */
  readonly retryAfterSeconds: number;
}

/** Payload from the broker to the connector, the only place where credentials travel. */
export const connectorInputSchema = z.object({
  version,
  grantId,
  field: z.string().min(1),
  /** `null` empties the field: a reversal of a write into an empty one. */
  value: z.union([z.string(), z.number(), z.boolean(), z.null()]),
  /** The whole URL of the one request that the session allows. */
  url: z.url(),
  region: z.string().min(1),
  credentials: z.object({ accessKeyId: z.string(), secretAccessKey: z.string(), sessionToken: z.string() }),
  expiresAt: z.iso.datetime({ offset: true }),
});
export type ConnectorInput = z.infer<typeof connectorInputSchema>;

/** The connector's reply. The broker does not trust it: it reads the ledger. */
export const connectorOutputSchema = z.object({
  version,
  status: z.int(),
  /** Where the gateway asked to wait. */
  retryAfterSeconds: z.number().min(0).optional(),
});
export type ConnectorOutput = z.infer<typeof connectorOutputSchema>;

/** Body of the gateway's one request. */
export const gatewayBodySchema = z.strictObject({ value: z.union([z.string(), z.number(), z.boolean(), z.null()]) });

/** Body of the gateway's answer: an outcome, or the code of a refusal that used nothing; both where the refusal ends the change. */
export interface GatewayAnswer {
  readonly outcome?: (typeof OUTCOMES)[number];
  readonly refused?: string;
  readonly retryAfterSeconds?: number;
}

/** Input of `announce`: the whole scope of one change. Members that a way did not pass are absent. */
export const announceInputSchema = z.object({
  version,
  requestId,
  index,
  field: z.string(),
  inspection: z
    .object({ outcome: z.string(), reason: z.string(), verdict: z.string(), class: z.string() })
    .loose()
    .optional(),
  write: z.object({ status: z.string(), outcome: z.string(), reason: z.string() }).loose().optional(),
  failure: z.object({ Error: z.string().optional(), Cause: z.string().optional() }).loose().optional(),
});
export type AnnounceInput = z.infer<typeof announceInputSchema>;

export interface AnnounceOutput {
  readonly version: typeof PAYLOAD_VERSION;
  readonly requestId: string;
  readonly index: number;
  readonly field: string;
  readonly outcome: (typeof OUTCOMES)[number];
  readonly reason: string;
}
