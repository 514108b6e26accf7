import * as z from "zod";

import { isEncryptedOrLocal, NAME } from "../core";
import { createBambooHrAdapter } from "./bamboohr";
import type { AdapterPorts, ConnectionConfig, HrisAdapter, SourceReader } from "./contract";
import { isTimeZone } from "./day";
import { checkRestOptions, createRestAdapter } from "./rest";
import type { JsonTemplate, RestOptions } from "./rest-options";
import { createScimReader } from "./scim";
import { parseScimPath } from "./scim-path";
import { TemplateError } from "./template";

/** A URL whose place is fixed at deploy: https (http on loopback only), no credentials, no query, no fragment. */
const fixedUrl = z.string().superRefine((text, context) => {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    context.addIssue("expected an absolute URL");
    return;
  }
  if (!isEncryptedOrLocal(url)) context.addIssue("expected https");
  if (url.username !== "" || url.password !== "") context.addIssue("a URL must not hold credentials");
  if (text.includes("?") || text.includes("#")) context.addIssue("expected a URL without query and fragment");
});

/** ARN of a secret in AWS Secrets Manager. */
const secretArn = z
  .string()
  .regex(
    /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]{1,519}$/,
    "expected the ARN of a secret in Secrets Manager",
  );

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const seconds = z.int().min(0).max(86_400);
const timeZone = z.string().refine(isTimeZone, "expected an IANA time zone, as `America/Denver`");
const countryCode = z.string().regex(/^[1-9]\d{0,2}$/, "expected a country calling code without `+`");
const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, "expected the name of a header");
const headerValue = z.string().regex(/^[\x20-\x7e]*$/, "expected the value of a header");
const headers = z.record(headerName, headerValue);
const query = z.record(z.string().min(1), z.string());
const selector = z.string().max(512);

const json: z.ZodType<JsonTemplate> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(json), z.record(z.string(), json)]),
);

const assertion = z.union([
  z.strictObject({ at: selector, equals: scalar.nullable() }),
  z.strictObject({ at: selector, oneOf: z.array(scalar.nullable()).min(1) }),
  z.strictObject({ at: selector, length: z.int().min(0) }),
]);

const headerOrPlace = z.union([z.strictObject({ header: headerName }), z.strictObject({ at: selector })]);

const test = { status: z.array(z.int().min(100).max(599)).min(1), assert: z.array(assertion).optional() };

const auth = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("basic"), user: z.string(), password: z.string() }),
  z.strictObject({ type: z.literal("bearer"), token: z.string().optional() }),
  z.strictObject({ type: z.literal("header"), name: headerName, value: headerValue }),
  z.strictObject({
    type: z.literal("oauth2-client-credentials"),
    tokenUrl: fixedUrl,
    clientId: z.string().optional(),
    clientSecret: z.string().optional(),
    credentialsIn: z.enum(["basic", "body"]).optional(),
    scope: z.string().optional(),
    parameters: z.record(z.string(), z.string()).optional(),
  }),
]);

const restOptions = {
  auth: auth.optional(),
  headers: headers.optional(),
  read: z.strictObject({
    method: z.enum(["GET", "POST"]).optional(),
    path: z.string(),
    query: query.optional(),
    headers: headers.optional(),
    body: json.optional(),
    value: selector.optional(),
    unwrap: selector.optional(),
    absent: z.enum(["forbidden", "empty"]).optional(),
    worker: selector.optional(),
    active: z.array(assertion).optional(),
    version: headerOrPlace.optional(),
  }),
  write: z
    .strictObject({
      method: z.enum(["POST", "PUT", "PATCH"]),
      path: z.string(),
      query: query.optional(),
      headers: headers.optional(),
      body: json,
      clear: z.enum(["null", "empty-text"]).optional(),
      ifMatch: z.boolean().optional(),
      success: z.strictObject(test).optional(),
      outcomes: z
        .array(
          z.strictObject({
            outcome: z.enum(["accepted", "pending", "conflict", "duplicate", "forbidden", "rejected", "unknown"]),
            ...test,
          }),
        )
        .optional(),
    })
    .optional(),
  records: z
    .record(
      z.string(),
      z.strictObject({
        path: z.string(),
        query: query.optional(),
        at: selector.optional(),
        key: selector.optional(),
        active: z.array(assertion).optional(),
      }),
    )
    .optional(),
  fields: z
    .record(
      z.string(),
      z.strictObject({
        value: selector.optional(),
        compare: z.enum(["exact", "email", "phone", "date"]).optional(),
      }),
    )
    .optional(),
  error: headerOrPlace.optional(),
  timeZone: timeZone.optional(),
  phoneCountryCode: countryCode.optional(),
  neverFields: z.array(z.string().min(1)).optional(),
  settleSeconds: seconds.optional(),
  secondLookSeconds: seconds.optional(),
} satisfies { [Option in keyof Required<RestOptions>]: z.ZodType<RestOptions[Option]> };

/** A connection to a system, checked down to its templates. Unknown members are errors. */
export const connectionSchema: z.ZodType<ConnectionConfig> = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("bamboohr"),
      baseUrl: fixedUrl,
      secretArn,
      settleSeconds: seconds.optional(),
      secondLookSeconds: seconds.optional(),
      timeZone: timeZone.optional(),
      phoneCountryCode: countryCode.optional(),
    }),
    z.strictObject({
      kind: z.literal("scim"),
      baseUrl: fixedUrl,
      secretArn,
      attributes: z
        .record(
          z.string().min(1),
          z.string().refine((path) => parseScimPath(path) !== undefined, "expected a SCIM attribute path"),
        )
        .optional(),
    }),
    z.strictObject({ kind: z.literal("rest"), baseUrl: fixedUrl, secretArn, ...restOptions }),
  ])
  .superRefine((connection, context) => {
    if (connection.kind !== "rest") return;
    try {
      checkRestOptions(connection);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      context.addIssue(error.message);
    }
    if (connection.write !== undefined && connection.read.worker === undefined) {
      context.addIssue(
        "`write` needs `read.worker`: a write must not be compared with what somebody else's record holds",
      );
    }
    if (connection.write?.ifMatch === true && connection.read.version === undefined) {
      context.addIssue("`write.ifMatch` needs `read.version`, or there is nothing to expect");
    }
    if (connection.timeZone === undefined && /\{effectiveDate[|}]/.test(JSON.stringify(connection.write ?? {}))) {
      context.addIssue("`write` has the hole `{effectiveDate}` and needs `timeZone`: which day it is depends on where");
    }
  });

/** Connections by the name of their system in the policy. */
export type Connections = Readonly<Record<string, ConnectionConfig>>;

/** A connection that cannot be used, with everything that is wrong with it. Names settings, never secrets: there are none in it. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}

/** Reads connections from the JSON of the environment variable `CONNECTIONS`. Throws `ConnectionError`. */
export function parseConnections(text: string): Connections {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ConnectionError("the connections are not JSON", { cause: error });
  }
  const parsed = z.record(z.string().regex(NAME), connectionSchema).safeParse(value);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => {
      const message = issue.code === "invalid_key" ? "expected the name of a system" : issue.message;
      return `${issue.path.map(String).join(".")}: ${message}`;
    });
    throw new ConnectionError(
      `the connections have ${String(lines.length)} mistake${lines.length === 1 ? "" : "s"}\n${lines.join("\n")}`,
    );
  }
  // zod reads members by assignment and so drops `__proto__`, which is no system anyway.
  return parsed.data;
}

/** An adapter for who may write or compare, a reader for everyone. */
export type SystemAdapter = (HrisAdapter & SourceReader) | SourceReader;

/** Makes the adapter of a connection. */
export function createAdapter(connection: ConnectionConfig, ports: AdapterPorts): SystemAdapter {
  switch (connection.kind) {
    case "bamboohr":
      return createBambooHrAdapter(connection, ports);
    case "rest":
      return createRestAdapter(connection, ports);
    case "scim":
      return createScimReader(connection, ports);
  }
}

/** The systems that a function reaches, by their names in the policy. */
export interface ConnectedSystems {
  /** The HRIS. Throws `ConnectionError` where the connections hold none that can be written. */
  hris(): HrisAdapter & SourceReader;
  /** A source of truth or of attributes; `undefined` where it is not connected. */
  source(system: string): SourceReader | undefined;
}

/**
 * The systems of these connections. `portsFor` gives the ports of one connection, its secret bound to `secretArn`. Adapters are
 * made when they are first asked for and kept, with their tokens.
 */
export function systemsOf(
  connections: Connections,
  hrisSystem: string,
  portsFor: (connection: ConnectionConfig, system: string) => AdapterPorts,
): ConnectedSystems {
  const made = new Map<string, SystemAdapter>();
  const adapterOf = (system: string): SystemAdapter | undefined => {
    const known = made.get(system);
    if (known !== undefined) return known;
    const connection = Object.hasOwn(connections, system) ? connections[system] : undefined;
    if (connection === undefined) return undefined;
    const adapter = createAdapter(connection, portsFor(connection, system));
    made.set(system, adapter);
    return adapter;
  };
  return {
    source: adapterOf,
    hris() {
      const adapter = adapterOf(hrisSystem);
      if (adapter === undefined) throw new ConnectionError(`the HRIS \`${hrisSystem}\` is not connected`);
      if (!("writeField" in adapter)) {
        throw new ConnectionError(`the system \`${hrisSystem}\` is only read and cannot be the HRIS`);
      }
      return adapter;
    },
  };
}
