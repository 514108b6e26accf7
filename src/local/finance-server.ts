import {
  segmentsOf,
  startLoopbackServer,
  type FaultPlan,
  type LocalAnswer,
  type LocalRequest,
  type LocalServer,
} from "./loopback-server";

export interface FinanceServerOptions {
  /** Names of callers by their bearer token. */
  readonly tokens: Readonly<Record<string, string>>;
  /** Records by collection and id, as cost centres. */
  readonly collections: Readonly<Record<string, Readonly<Record<string, { readonly active: boolean }>>>>;
  /** Fields that finance holds of a worker, by worker id. */
  readonly workers?: Readonly<Record<string, Readonly<Record<string, string | number | boolean | null>>>>;
  readonly faults?: FaultPlan;
}

/**
 * Starts a small finance system, as many are: `GET /{collection}/{id}` answers `{ "id", "active" }`, `GET /workers/{id}` answers the
 * worker's fields. It is only read.
 */
export function startFinanceServer(options: FinanceServerOptions): Promise<LocalServer> {
  const credentialOf = (request: LocalRequest): string | undefined => {
    const token = /^Bearer (\S+)$/.exec(request.headers["authorization"] ?? "")?.[1];
    return token === undefined ? undefined : own(options.tokens, token);
  };
  return startLoopbackServer(
    {
      credentialOf,
      respond: (request) =>
        credentialOf(request) === undefined ? error(401, "a bearer token is required") : respond(request, options),
    },
    options.faults,
  );
}

function respond(request: LocalRequest, { collections, workers = {} }: FinanceServerOptions): LocalAnswer {
  const [collection, id, ...more] = segmentsOf(request.path) ?? [];
  if (collection === undefined || id === undefined || more.length > 0) return error(404, "not found");
  if (request.method !== "GET") return error(405, "this system is only read");
  if (collection === "workers") {
    const worker = own(workers, id);
    return worker === undefined ? error(404, "not found") : { status: 200, body: { id, ...worker } };
  }
  const record = own(own(collections, collection) ?? {}, id);
  return record === undefined ? error(404, "not found") : { status: 200, body: { id, ...record } };
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function error(status: number, message: string): LocalAnswer {
  return { status, body: { error: message } };
}
