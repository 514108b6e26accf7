import * as z from "zod";

import type { Bar } from "./approvals-on-record";

/** Longest body that is read, in UTF-16 code units: a decision on every change that a request can hold, with a reason. */
const MAX_BODY = 16_384;

const JSON_TYPE = /^application\/json(?:\s*;.*)?$/i;

/** What we read of an API Gateway HTTP API event, payload format 2.0. */
export const httpApiEventSchema = z.object({
  routeKey: z.string(),
  /** Names in lower case. */
  headers: z.record(z.string(), z.string()).optional(),
  pathParameters: z.record(z.string(), z.string()).optional(),
  body: z.string().optional(),
  isBase64Encoded: z.boolean().optional(),
  requestContext: z.object({
    authorizer: z.object({ jwt: z.object({ claims: z.record(z.string(), z.unknown()) }) }).optional(),
  }),
});
export type HttpApiEvent = z.infer<typeof httpApiEventSchema>;

/** An answer of an HTTP API function, payload format 2.0. */
export interface HttpApiResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Headers of every answer: it holds, or says something about, a record of a person. */
const HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  // An answer is data, also where somebody opens it as a page.
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
} as const;

export function jsonResponse(statusCode: number, body: object): HttpApiResponse {
  return { statusCode, headers: { ...HEADERS, "content-type": "application/json" }, body: JSON.stringify(body) };
}

/** Codes of refusals. Public: whoever calls the API tells them apart. */
export type ProblemCode =
  | Bar
  | "AlreadyDecided"
  | "AnotherStop"
  | "ApprovalExpired"
  | "BodyTooLarge"
  | "ChangeEnded"
  | "DigestMismatch"
  | "Failed"
  | "MalformedBody"
  | "NoApprovalNeeded"
  | "NoSuchChange"
  | "NoSuchFile"
  | "NoSuchRoute"
  | "NotAnApprover"
  | "NotAnOperator"
  | "NotAuthenticated"
  | "NotJson"
  | "NotTheOwner"
  | "NotWaiting"
  | "PolicyInTransition"
  | "ReasonMissing"
  | "SamePerson"
  | "ServiceUnavailable"
  | "StopUnnamed"
  | "WorkerIdMissing";

/** A refusal with its status and code, thrown where it is found. */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    readonly status: number,
    readonly code: ProblemCode,
    /** For a person; no value of a record. */
    readonly title: string,
    readonly retryAfterSeconds?: number,
  ) {
    super(code);
  }
}

/** A refusal as a problem document. @see https://www.rfc-editor.org/rfc/rfc9457 (read 2026-11-23) */
export function problemResponse({ status, code, title, retryAfterSeconds }: Problem): HttpApiResponse {
  return {
    statusCode: status,
    headers: {
      ...HEADERS,
      "content-type": "application/problem+json",
      ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }),
    },
    body: JSON.stringify({ type: "about:blank", status, title, code }),
  };
}

/** What an error says to the caller: itself if it is a problem, no more than its kind otherwise. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const name = error instanceof Error ? error.name : "Error";
  if (name === "PolicyInTransition" || name === "ServiceUnavailable") {
    return new Problem(503, name, "not now; try again", 30);
  }
  return new Problem(500, "Failed", "the request could not be answered");
}

/**
 * The JSON body of a request, which says that it is JSON: no form of another site's page can say so, and no script of one without
 * asking first, which nobody answers. Throws `Problem` for what is absent, too long or not JSON. */
export function bodyOf(event: HttpApiEvent): unknown {
  if (!JSON_TYPE.test(event.headers?.["content-type"] ?? "")) {
    throw new Problem(415, "NotJson", "expected `content-type: application/json`");
  }
  const raw = event.body ?? "";
  const text = event.isBase64Encoded === true ? Buffer.from(raw, "base64").toString("utf8") : raw;
  if (text.length > MAX_BODY) throw new Problem(413, "BodyTooLarge", "the body is longer than a decision needs");
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem(400, "MalformedBody", "the body is not JSON");
  }
}
