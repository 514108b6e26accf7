import type { Scalar } from "../policy/model";

/**
 * What the generic REST adapter must be told about a system. Plain JSON: it travels in an environment variable, so every
 * part has the default that keeps it short.
 *
 * **Templates** are texts with holes in braces: `{worker}`, `{field}`, `{value}`, `{from}`, `{effectiveDate}` (today in `timeZone`). A hole is escaped for
 * the place it stands in (URL segment, query, header, JSON), so no value can leave its place; `{worker|odata}` first doubles `'` as
 * an OData literal needs it. Braces have no other use.
 *
 * **Selectors** are JSON Pointers (RFC 6901) whose segments may pick from an array by a member, exactly one:
 * `/d/results[emailType=8448]/emailAddress`. Segments may have holes: `/{field}`.
 *
 * A finance system with its cost centres, as an example:
 *
 * ```json
 * { "kind": "rest", "baseUrl": "https://finance.example.com/api", "secretArn": "arn:aws:secretsmanager:...",
 *   "auth": { "type": "bearer" },
 *   "read": { "path": "/workers/{worker}" },
 *   "records": { "*": { "path": "/{field}/{value}", "active": [{ "at": "/active", "equals": true }] } } }
 * ```
 *
 * @see https://www.rfc-editor.org/rfc/rfc6901 (read 2026-11-23)
 */
export interface RestOptions {
  /** @default bearer, with the secret's text as the token */
  readonly auth?: RestAuth;
  /** Headers of every request; literal. `accept: application/json` unless named here. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly read: RestRead;
  /** @default - the system is only read; every write is refused */
  readonly write?: RestWrite;
  /** How a record is found for `check: exists-in-source`, by field name; `*` stands for every other. @default - none is found */
  readonly records?: Readonly<Record<string, RestRecord>>;
  /** What is different for one field. */
  readonly fields?: Readonly<Record<string, RestField>>;
  /** Where a refusal says why. Known words alone are kept of it. @default - only the status is reported */
  readonly error?: { readonly header: string } | { readonly at: string };
  /** IANA time zone of the tenant, as `America/Denver`: the day there is what `{effectiveDate}` stands for, and a write that has that hole needs it. */
  readonly timeZone?: string;
  /** Country calling code without `+` for phone numbers written without one, as in `44`. */
  readonly phoneCountryCode?: string;
  /** Names that nothing may write, next to the catalogue's; `*` at the end matches a prefix. */
  readonly neverFields?: readonly string[];
  /** @default 0 */
  readonly settleSeconds?: number;
  /** @default 900 */
  readonly secondLookSeconds?: number;
}

/**
 * How requests are authenticated. The holes are `{secret}`, the secret's text (of a JSON object with one text among its members, that
 * one; with several, none), and `{secret.name}`, a member of the secret's JSON object.
 */
export type RestAuth =
  | { readonly type: "basic"; readonly user: string; readonly password: string }
  /** @default token "{secret}" */
  | { readonly type: "bearer"; readonly token?: string }
  | { readonly type: "header"; readonly name: string; readonly value: string }
  | {
      readonly type: "oauth2-client-credentials";
      /** Absolute, https; fixed at deploy as the base URL is. */
      readonly tokenUrl: string;
      /** @default "{secret.clientId}" */
      readonly clientId?: string;
      /** @default "{secret.clientSecret}" */
      readonly clientSecret?: string;
      /** Where the client's id and secret go: HTTP Basic, or the form's body. @default "basic" */
      readonly credentialsIn?: "basic" | "body";
      readonly scope?: string;
      /** Further members of the form, such as `audience` or `resource`; literal. */
      readonly parameters?: Readonly<Record<string, string>>;
    };

/** JSON with templates in its texts and keys. A text that is one hole alone keeps the type of what fills it. */
export type JsonTemplate =
  string | number | boolean | null | readonly JsonTemplate[] | { readonly [key: string]: JsonTemplate };

export interface RestRead {
  /** @default "GET" */
  readonly method?: "GET" | "POST";
  /** Template below the base URL, with a leading slash. */
  readonly path: string;
  /** Templates by parameter. */
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** For POST. */
  readonly body?: JsonTemplate;
  /** Selector of the value. @default "/{field}" */
  readonly value?: string;
  /** Selector from there to the scalar, where values come wrapped, as in `/value`. */
  readonly unwrap?: string;
  /**
   * What it means that the answer does not contain the field. Most HR systems leave out what the credential may not see, so
   * only a system that is known to leave out empty fields may say `empty`. @default "forbidden"
   */
  readonly absent?: "forbidden" | "empty";
  /**
   * Selector that must hold the worker's id, so that an answer about somebody else is not taken. A system that is written needs it.
   * @default - the answer is taken for what was asked
   */
  readonly worker?: string;
  /** Must all hold for the worker to count as active. */
  readonly active?: readonly RestAssertion[];
  /** Version of the record. */
  readonly version?: { readonly header: string } | { readonly at: string };
}

export interface RestWrite {
  readonly method: "POST" | "PUT" | "PATCH";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: JsonTemplate;
  /**
   * How a field is emptied, which a reversal of a write into an empty one needs: `{value}` is JSON's `null`, or an empty text.
   * @default - no field is emptied; such a reversal is refused
   */
  readonly clear?: "null" | "empty-text";
  /** Sends the read's version as `If-Match`; the system must answer 412 to a stale one. Then compare-and-set prevents races. @default false */
  readonly ifMatch?: boolean;
  /** All must hold, else the effect is unknown. @default { "status": [200, 201, 204] } */
  readonly success?: RestTest;
  /** Tried in order before success and before what the status means by itself. */
  readonly outcomes?: readonly ({
    readonly outcome: "accepted" | "pending" | "conflict" | "duplicate" | "forbidden" | "rejected" | "unknown";
  } & RestTest)[];
}

/** Holds where the status is one of these and every assertion on the body does. */
export interface RestTest {
  readonly status: readonly number[];
  readonly assert?: readonly RestAssertion[];
}

/** A condition on a JSON document: exactly one of the three. */
export type RestAssertion =
  | { readonly at: string; readonly equals: Scalar | null }
  | { readonly at: string; readonly oneOf: readonly (Scalar | null)[] }
  /** Number of elements of an array. */
  | { readonly at: string; readonly length: number };

export interface RestRecord {
  /** Template; `{field}` is the field's name in the source, `{value}` the record's key. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Selector of the record in the answer, where it is wrapped or one of a list. @default "" */
  readonly at?: string;
  /** Selector, from the record, that must hold the key, so that another record is not taken for it. */
  readonly key?: string;
  /** Must all hold, from the record, for it to be active. @default - a record that exists is active */
  readonly active?: readonly RestAssertion[];
}

export interface RestField {
  /** Selector instead of `read.value`. */
  readonly value?: string;
  /** How two values compare. @default - by the field's name: email, phone and date endings; else exact */
  readonly compare?: CompareRule;
}

/** How two values of a field are held against each other. */
export type CompareRule = "exact" | "email" | "phone" | "date";
