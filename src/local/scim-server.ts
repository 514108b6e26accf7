import {
  segmentsOf,
  startLoopbackServer,
  type FaultPlan,
  type LocalAnswer,
  type LocalRequest,
  type LocalServer,
} from "./loopback-server";

/** A user resource; `schemas` and `meta` are added. */
export interface ScimUser {
  readonly id: string;
  readonly externalId?: string;
  readonly userName: string;
  readonly active?: boolean;
  readonly [attribute: string]: unknown;
}

export interface ScimServerOptions {
  /** Names of callers by their bearer token. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly users: readonly ScimUser[];
  readonly faults?: FaultPlan;
}

export interface ScimServer extends LocalServer {
  /** Base URL of the API: the server's URL and `/scim/v2`. */
  readonly baseUrl: string;
  /** Adds a user, or puts one in the place of the one with its id. */
  putUser(user: ScimUser): void;
}

const USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User";
const LIST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error";

/**
 * Starts a SCIM 2.0 directory that is read: `GET /Users` with an `eq` filter, `GET /Users/{id}`, `GET /ServiceProviderConfig`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7644 (read 2026-11-23)
 */
export async function startScimServer(options: ScimServerOptions): Promise<ScimServer> {
  const users = new Map(options.users.map((user) => [user.id, user]));
  const credentialOf = (request: LocalRequest): string | undefined => {
    const token = /^Bearer (\S+)$/.exec(request.headers["authorization"] ?? "")?.[1];
    return token !== undefined && Object.hasOwn(options.tokens, token) ? options.tokens[token] : undefined;
  };
  const server = await startLoopbackServer(
    {
      credentialOf,
      respond: (request) =>
        credentialOf(request) === undefined ? error(401, "Authorization is required") : respond(request, users),
    },
    options.faults,
  );
  return {
    ...server,
    baseUrl: `${server.url}/scim/v2`,
    putUser: (user) => {
      users.set(user.id, user);
    },
  };
}

function respond(request: LocalRequest, users: ReadonlyMap<string, ScimUser>): LocalAnswer {
  const [scim, version, area, id, ...more] = segmentsOf(request.path) ?? [];
  if (scim !== "scim" || version !== "v2" || more.length > 0) return error(404, "Resource not found");
  if (request.method !== "GET") return error(405, "This directory is only read");
  if (area === "ServiceProviderConfig" && id === undefined) return answer(200, SERVICE_PROVIDER_CONFIG);
  if (area !== "Users") return error(404, "Resource not found");
  if (id !== undefined) {
    const user = users.get(id);
    return user === undefined ? error(404, "Resource not found") : answer(200, resourceOf(user));
  }
  const filter = request.query.get("filter");
  const matches = filter === null ? () => true : parseFilter(filter);
  if (matches === undefined) return error(400, "The filter is not supported", "invalidFilter");
  const found = [...users.values()].map(resourceOf).filter(matches);
  const count = Number(request.query.get("count") ?? "100");
  const page = found.slice(0, Number.isSafeInteger(count) && count >= 0 ? count : 100);
  return answer(200, {
    schemas: [LIST_SCHEMA],
    totalResults: found.length,
    startIndex: 1,
    itemsPerPage: page.length,
    Resources: page,
  });
}

type Matcher = (resource: unknown) => boolean;

const NAME = "[A-Za-z$][A-Za-z0-9_$-]*";
const LITERAL = '"(?:[^"\\\\]|\\\\.)*"|true|false|-?\\d+(?:\\.\\d+)?';
const FILTER = new RegExp(`^(?:(urn:[A-Za-z0-9:._-]+):)?(${NAME})(?:\\.(${NAME}))? eq (${LITERAL})$`, "i");
const VALUE_FILTER = new RegExp(
  `^(?:(urn:[A-Za-z0-9:._-]+):)?(${NAME})\\[(${NAME}) eq (${LITERAL}) and (${NAME}) eq (${LITERAL})\\]$`,
  "i",
);

/** The filters that this server understands: `attr eq "x"`, `attr.sub eq "x"`, `attr[type eq "a" and value eq "x"]`. */
function parseFilter(text: string): Matcher | undefined {
  try {
    const simple = FILTER.exec(text);
    if (simple !== null) {
      const [, schema, attribute = "", sub, literal = ""] = simple as (string | undefined)[];
      const wanted: unknown = JSON.parse(literal);
      return (resource) =>
        elementsOf(member(schema === undefined ? resource : member(resource, schema), attribute)).some((element) =>
          same(
            sub === undefined && isObject(element)
              ? member(element, "value")
              : sub === undefined
                ? element
                : member(element, sub),
            wanted,
          ),
        );
    }
    const complex = VALUE_FILTER.exec(text);
    if (complex === null) return undefined;
    const [, schema, attribute = "", by = "", byLiteral = "", sub = "", literal = ""] = complex as (
      string | undefined
    )[];
    const [byWanted, wanted] = [JSON.parse(byLiteral) as unknown, JSON.parse(literal) as unknown];
    return (resource) =>
      elementsOf(member(schema === undefined ? resource : member(resource, schema), attribute)).some(
        (element) => same(member(element, by), byWanted) && same(member(element, sub), wanted),
      );
  } catch {
    return undefined;
  }
}

/** `externalId` and `id` are case-exact; texts of the core schema mostly are not, and a directory that is laxer finds more. */
function same(found: unknown, wanted: unknown): boolean {
  return found === wanted;
}

function elementsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : value === undefined ? [] : [value];
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  const wanted = name.toLowerCase();
  return Object.entries(value).find(([key]) => key.toLowerCase() === wanted)?.[1] as unknown;
}

function resourceOf(user: ScimUser): Readonly<Record<string, unknown>> {
  return {
    schemas: [USER_SCHEMA, ...Object.keys(user).filter((name) => name.startsWith("urn:"))],
    ...user,
    meta: { resourceType: "User", location: `/scim/v2/Users/${user.id}` },
  };
}

function answer(status: number, body: object): LocalAnswer {
  return { status, headers: { "content-type": "application/scim+json" }, body };
}

function error(status: number, detail: string, scimType?: string): LocalAnswer {
  return answer(status, {
    schemas: [ERROR_SCHEMA],
    status: String(status),
    ...(scimType === undefined ? {} : { scimType }),
    detail,
  });
}

const SERVICE_PROVIDER_CONFIG = {
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
  patch: { supported: false },
  bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
  filter: { supported: true, maxResults: 100 },
  changePassword: { supported: false },
  sort: { supported: false },
  etag: { supported: false },
  authenticationSchemes: [
    { type: "oauthbearertoken", name: "OAuth Bearer Token", description: "Authentication with a bearer token" },
  ],
};
