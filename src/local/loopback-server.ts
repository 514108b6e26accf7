import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Longest body that a local server reads. */
const MAX_BODY_BYTES = 1_048_576;

/** A request as a local server sees it. */
export interface LocalRequest {
  readonly method: string;
  /** Path with its escapes, as sent. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface LocalAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, or text as it is. */
  readonly body?: unknown;
}

/**
 * What goes wrong with one request, for tests and for showing what the system does about it.
 * `cut` breaks the connection without an answer, before or after the request had its effect; `ignore` answers as if it had had
 * one; `replace` gives the answer of something else on the way, without effect; `hang` never answers, with the effect or without it.
 */
export type Fault =
  | { readonly kind: "replace"; readonly answer: LocalAnswer }
  | { readonly kind: "delay"; readonly ms: number }
  | { readonly kind: "cut"; readonly when: "before" | "after" }
  | { readonly kind: "ignore" }
  | { readonly kind: "hang"; readonly effect: boolean };

/** Chooses the fault of a request; `undefined` for none. `count` is the request's number since the start, from 1. */
export type FaultPlan = (request: LocalRequest, count: number) => Fault | undefined;

/** One line of a server's log. No body and no query: they hold values. */
export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  /** Name of the credential, as the server was told; absent for a request without a known one. */
  readonly credential?: string;
  readonly status?: number;
}

export interface LocalServer {
  /** `http://127.0.0.1:port`, without a trailing slash. */
  readonly url: string;
  /** Every request so far, in order of arrival. */
  readonly log: readonly LoggedRequest[];
  /** Replaces the fault plan. */
  setFaults(plan: FaultPlan | undefined): void;
  /** Closes the server and every connection to it. */
  stop(): Promise<void>;
}

/** What a server is made of. `respond` is where a request has its effect; with `ignore` it must have none. */
export interface LocalService {
  credentialOf(request: LocalRequest): string | undefined;
  respond(request: LocalRequest, ignore: boolean): LocalAnswer | Promise<LocalAnswer>;
}

/** Starts a server on a free port of this machine's loopback address. It does not keep the process alive. */
export async function startLoopbackServer(service: LocalService, faults?: FaultPlan): Promise<LocalServer> {
  const log: LoggedRequest[] = [];
  let plan = faults;
  let count = 0;

  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const request = await readRequest(incoming);
    const credential = service.credentialOf(request);
    const place = log.length;
    const line = {
      method: request.method,
      path: request.path,
      ...(credential === undefined ? {} : { credential }),
    };
    log.push(line);
    count += 1;
    const fault = plan?.(request, count);
    if (fault?.kind === "delay") await new Promise((resolve) => setTimeout(resolve, fault.ms).unref());
    if (fault?.kind === "hang" && !fault.effect) return;
    if (fault?.kind === "cut" && fault.when === "before") {
      incoming.socket.destroy();
      return;
    }
    const answer = fault?.kind === "replace" ? fault.answer : await service.respond(request, fault?.kind === "ignore");
    if (fault?.kind === "hang") return;
    if (fault?.kind === "cut") {
      incoming.socket.destroy();
      return;
    }
    log[place] = { ...line, status: answer.status };
    const text =
      answer.body === undefined ? "" : typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body);
    outgoing.writeHead(answer.status, {
      ...(typeof answer.body === "object" ? { "content-type": "application/json" } : {}),
      ...answer.headers,
    });
    outgoing.end(text);
  };

  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  server.unref();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    log,
    setFaults(next) {
      plan = next;
    },
    stop: () =>
      new Promise((resolve, reject) => {
        server.close((error) => {
          if (error === undefined) resolve();
          else reject(error);
        });
        server.closeAllConnections();
      }),
  };
}

/** The decoded segments of a path; `undefined` for a broken escape. */
export function segmentsOf(path: string): readonly string[] | undefined {
  try {
    return path.split("/").slice(1).map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

/** Reads a JSON object; `undefined` for anything else. */
export function jsonObjectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

async function readRequest(incoming: IncomingMessage): Promise<LocalRequest> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of incoming) {
    sizeBytes += (chunk as Buffer).length;
    if (sizeBytes > MAX_BODY_BYTES) throw new Error("the body is too long");
    chunks.push(chunk as Buffer);
  }
  const [path = "/", query = ""] = (incoming.url ?? "/").split("?", 2);
  return {
    method: incoming.method ?? "GET",
    path,
    query: new URLSearchParams(query),
    headers: Object.fromEntries(
      Object.entries(incoming.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(", ") : (value ?? ""),
      ]),
    ),
    body: Buffer.concat(chunks).toString("utf8"),
  };
}
