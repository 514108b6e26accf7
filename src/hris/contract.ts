import type { Scalar } from "../policy/model";
import type { RestOptions } from "./rest-options";

/**
 * What the gateway, Inspect and the sweeper ask of an HRIS, and what may be answered. One adapter per HRIS implements it.
 * No method throws for what the other side says; a method throws only on a programming error.
 */
export interface HrisAdapter {
  /** `prevents`: the HRIS itself refuses a write whose expectation is stale (If-Match). `detects`: we read just before and after; a race can be seen, not stopped. */
  readonly compareAndSet: "prevents" | "detects";
  /** Seconds after a write within which a read may still show the old value. */
  readonly settleSeconds: number;
  /** Seconds after an applied write when a second look tells whether the HRIS kept it. */
  readonly secondLookSeconds: number;
  /** Names of the HRIS's own fields that nothing may ever write, matched case-insensitively; `*` at the end matches a prefix. */
  readonly neverFields: readonly string[];
  /** Reads one field of one worker. */
  readField(workerId: string, hrisField: string): Promise<FieldRead>;
  /**
   * Whether the HRIS holds `to` for a day to come: a write that had its effect and that no read shows yet. Who finds the old value
   * where a write may have happened asks this before saying that it did not. Absent where the HRIS keeps nothing by date.
   */
  readScheduled?(workerId: string, hrisField: string, to: Scalar | null): Promise<ScheduledRead>;
  /** Whether `writeField` can empty a field. Absent where it can empty none: nobody guesses how an HRIS takes an empty value. */
  canClear?(hrisField: string): boolean;
  /** Writes one field of one worker, one HTTP call with an effect at most, no retry inside. */
  writeField(workerId: string, hrisField: string, change: FieldWrite): Promise<FieldWritten>;
  /** Whether two values of a field mean the same in this HRIS (case of an email, form of a phone number). */
  sameValue(hrisField: string, a: Scalar | null, b: Scalar | null): boolean;
}

/** What Inspect asks of any system that is a source of truth or holds segment attributes. The HRIS answers it too. */
export interface SourceReader {
  /** The value that the source holds for this worker. */
  readField(workerId: string, sourceField: string): Promise<FieldRead>;
  /** Whether `value` names an active record in the source, for `check: exists-in-source`. */
  findRecord(sourceField: string, value: Scalar): Promise<RecordFound>;
  sameValue(sourceField: string, a: Scalar | null, b: Scalar | null): boolean;
}

export type FieldRead =
  /** `null` is a field that exists and is empty. */
  | {
      readonly kind: "value";
      readonly value: Scalar | null;
      readonly version?: string;
      /** Whether the worker's record is active (a future hire counts as active), where the system tells; `writeField` refuses an inactive one. */
      readonly active?: boolean;
    }
  /** The credential may not see it, which includes a field that the answer does not contain. */
  | { readonly kind: "forbidden"; readonly detail: string }
  | { readonly kind: "no-such-worker"; readonly detail: string }
  | { readonly kind: "unavailable"; readonly detail: string; readonly retryAfterSeconds?: number };

export type ScheduledRead =
  | { readonly kind: "none" }
  /** `begunBy`: ISO 8601 UTC instant by which the day has begun, wherever the tenant is. */
  | { readonly kind: "scheduled"; readonly begunBy: string }
  | { readonly kind: "forbidden"; readonly detail: string }
  | { readonly kind: "unavailable"; readonly detail: string; readonly retryAfterSeconds?: number };

export type RecordFound =
  | { readonly kind: "active" }
  | { readonly kind: "inactive" }
  | { readonly kind: "absent" }
  | { readonly kind: "forbidden"; readonly detail: string }
  | { readonly kind: "unavailable"; readonly detail: string; readonly retryAfterSeconds?: number };

/** A write takes effect now. Where an HRIS keeps a field by date, its adapter knows which day that is for the tenant. */
export interface FieldWrite {
  /** What the gateway read just before; sent as the expectation where the HRIS understands one. */
  readonly from: Scalar | null;
  /** `null` empties the field, where `canClear` says so. */
  readonly to: Scalar | null;
  /** Version of that read, where the HRIS has one. */
  readonly version?: string;
  /** Milliseconds that the write may take altogether, its own guard reads included. @default DEADLINES_MS.hrisCall */
  readonly timeoutMs?: number;
}

/** What the write call itself showed. `accepted` is not yet `applied`: only the read-back decides that. */
export type FieldWritten =
  | { readonly kind: "accepted" }
  | { readonly kind: "pending"; readonly detail: string }
  | { readonly kind: "conflict"; readonly detail: string }
  | { readonly kind: "duplicate"; readonly detail: string }
  | { readonly kind: "forbidden"; readonly detail: string }
  | { readonly kind: "rejected"; readonly detail: string }
  /** Refused before any effect; may be tried again with a new grant. */
  | { readonly kind: "throttled"; readonly detail: string; readonly retryAfterSeconds: number }
  /** The effect is not known: time-out, broken connection, 5xx after sending. Read, never retry. */
  | { readonly kind: "unknown"; readonly detail: string };

/** One HTTP exchange as adapters make it: no redirects followed, bounded time and size. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Sends one request. Rejects with `HttpError`: `sent: false` where nothing can have reached the other side (name not
 * resolved, connection refused), `sent: true` where the effect is unknown.
 */
export type HttpClient = (request: HttpRequest) => Promise<HttpResponse>;

export class HttpError extends Error {
  override readonly name = "HttpError";

  constructor(
    message: string,
    readonly sent: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What an adapter is made of: how to send, its credential (read afresh at each call, cached by the port), and the clock. */
export interface AdapterPorts {
  readonly http: HttpClient;
  /** The secret's text. `fresh` skips the cache, for one more try after a 401. */
  readonly secret: (fresh: boolean) => Promise<string>;
  /** Milliseconds since the epoch: lifetime of tokens, `Retry-After` dates, time left for a write. @default Date.now */
  readonly now?: () => number;
}

/** Connection to a system as it travels to a handler: no secret value, one secret ARN. `src/hris/connection.ts` parses it. */
export type ConnectionConfig =
  | {
      readonly kind: "bamboohr";
      /** `https://{companyDomain}.bamboohr.com`, or a test server. */
      readonly baseUrl: string;
      readonly secretArn: string;
      readonly settleSeconds?: number;
      readonly secondLookSeconds?: number;
      /**
       * IANA time zone of the tenant: a dated row begins on the day that it is there.
       * @default - fields that are kept by date are not written
       */
      readonly timeZone?: string;
      /** Country calling code without `+`, which phone numbers without one are read with, as in `44`. @default - none: they are equal only to themselves */
      readonly phoneCountryCode?: string;
    }
  | {
      readonly kind: "scim";
      readonly baseUrl: string;
      readonly secretArn: string;
      readonly attributes?: Readonly<Record<string, string>>;
    }
  | ({ readonly kind: "rest"; readonly baseUrl: string; readonly secretArn: string } & RestOptions);

export type { RestOptions } from "./rest-options";
