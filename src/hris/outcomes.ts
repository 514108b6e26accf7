import { parseExactJson } from "../core";
import type { FieldRead, FieldWritten, HttpResponse } from "./contract";
import { DEFAULT_RETRY_SECONDS, parseRetryAfter } from "./retry-after";
import type { Exchange } from "./session";

/** A read that gave no document, in the words that reads of fields and of records share. */
export type ReadFailure = Extract<FieldRead, { kind: "forbidden" | "no-such-worker" | "unavailable" }>;

/** Reads an answer's body as JSON; `undefined` for what is none. A number that reading would alter is no scalar. */
export function parseJson(body: string): unknown {
  try {
    return parseExactJson(body);
  } catch {
    return undefined;
  }
}

/** The document of a read's answer 200, or why there is none. */
export function documentOf(
  exchange: Exchange,
  nowMs: number,
  explain: (response: HttpResponse) => string,
): { readonly kind: "document"; readonly document: unknown; readonly response: HttpResponse } | ReadFailure {
  if (exchange.kind === "not-sent" && exchange.forbidden) return { kind: "forbidden", detail: exchange.detail };
  if (exchange.kind !== "answered") return { kind: "unavailable", detail: exchange.detail };
  const { response } = exchange;
  const { status } = response;
  const detail = explain(response);
  switch (status) {
    case 200: {
      const document = parseJson(response.body);
      return document === undefined
        ? { kind: "unavailable", detail: "the answer is not JSON" }
        : { kind: "document", document, response };
    }
    case 401:
    case 403:
      return { kind: "forbidden", detail };
    case 404:
      return { kind: "no-such-worker", detail };
    default: {
      const retryAfterSeconds =
        parseRetryAfter(response.headers["retry-after"], nowMs) ?? (status === 429 ? DEFAULT_RETRY_SECONDS : undefined);
      return { kind: "unavailable", detail, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
    }
  }
}

/**
 * What an answer to a write means by its status alone, where the system's own rules say nothing. Never `accepted`: what success
 * looks like is told per system.
 *
 * A 503 with `Retry-After` is a system that declines work; one without may come from anything on the way, after the
 * write, and is unknown as every other 5xx. A redirect that keeps the method (307, 308) was not processed; any other may be what a
 * form answers after it was.
 */
export function writeOutcomeOf(response: HttpResponse, nowMs: number, detail: string): FieldWritten {
  const { status } = response;
  const retryAfterSeconds = parseRetryAfter(response.headers["retry-after"], nowMs);
  if (status === 429 || (status === 503 && retryAfterSeconds !== undefined)) {
    return { kind: "throttled", detail, retryAfterSeconds: retryAfterSeconds ?? DEFAULT_RETRY_SECONDS };
  }
  switch (status) {
    case 202:
      return { kind: "pending", detail };
    case 304:
      // Equal already, or not understood: the read-back tells which.
      return { kind: "accepted" };
    case 401:
    case 403:
      return { kind: "forbidden", detail };
    case 409:
      return { kind: "duplicate", detail };
    case 412:
      return { kind: "conflict", detail };
    case 307:
    case 308:
      return { kind: "rejected", detail };
    case 408:
      return { kind: "unknown", detail };
  }
  return status >= 400 && status < 500 ? { kind: "rejected", detail } : { kind: "unknown", detail };
}

/** What a write without an answer means. */
export function unansweredWrite(exchange: Exclude<Exchange, { kind: "answered" }>): FieldWritten {
  if (exchange.kind === "lost") return { kind: "unknown", detail: exchange.detail };
  return exchange.forbidden
    ? { kind: "forbidden", detail: exchange.detail }
    : { kind: "throttled", detail: exchange.detail, retryAfterSeconds: DEFAULT_RETRY_SECONDS };
}

/** A read that had to precede a write and failed: nothing was written. */
export function writeAfterFailedRead(failure: ReadFailure): FieldWritten {
  switch (failure.kind) {
    case "forbidden":
      return { kind: "forbidden", detail: failure.detail };
    case "no-such-worker":
      return { kind: "rejected", detail: failure.detail };
    case "unavailable":
      return {
        kind: "throttled",
        detail: failure.detail,
        retryAfterSeconds: failure.retryAfterSeconds ?? DEFAULT_RETRY_SECONDS,
      };
  }
}
