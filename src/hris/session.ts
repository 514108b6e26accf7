import { DEADLINES_MS } from "../core";
import { AuthError, createAuthenticator, type Credential } from "./auth";
import { HttpError, type AdapterPorts, type HttpRequest, type HttpResponse } from "./contract";
import type { RestAuth } from "./rest-options";

/** Milliseconds that one read may take: two reads and a write fit into the gateway's deadline. */
const READ_TIMEOUT_MS = 8_000;

/** Milliseconds that must be left to send a request with an effect; with less, its answer would likely be missed. */
const MIN_EFFECT_MS = 2_000;

/** Below this, a read is not begun. */
const MIN_READ_MS = 100;

/** One request of an adapter to its system. */
export interface Call {
  readonly method: HttpRequest["method"];
  /** Path and query below the base URL. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Whether the call may change the system. Such a call is sent once, whatever is answered. */
  readonly effect: boolean;
  /** When the work that the call belongs to must be over, milliseconds since the epoch. @default - the call's own time-out alone */
  readonly deadlineMs?: number;
}

/** What became of a call. */
export type Exchange =
  | { readonly kind: "answered"; readonly response: HttpResponse }
  /** Nothing reached the system, or nothing but a credential that was replaced meanwhile. `forbidden`: there is no usable credential. */
  | { readonly kind: "not-sent"; readonly detail: string; readonly forbidden: boolean }
  /** It may have reached the system; there is no answer. */
  | { readonly kind: "lost"; readonly detail: string };

/** Authenticated exchanges with one system at a fixed base URL. */
export interface Session {
  readonly now: () => number;
  send(call: Call): Promise<Exchange>;
}

/** Makes the session of a connection. `baseUrl` is one that `parseConnections` accepts. */
export function createSession(
  baseUrl: string,
  auth: RestAuth,
  ports: AdapterPorts,
  headers: Readonly<Record<string, string>> = {},
): Session {
  const base = baseUrl.replace(/\/+$/, "");
  const authenticator = createAuthenticator(auth, ports);
  const now = ports.now ?? Date.now;
  const common = { accept: "application/json", ...lowerCased(headers) };

  const timeLeft = (call: Call): number => {
    const own = call.effect ? DEADLINES_MS.hrisCall : READ_TIMEOUT_MS;
    return call.deadlineMs === undefined ? own : Math.min(own, call.deadlineMs - now());
  };
  const exchange = async (call: Call, credential: Credential): Promise<Exchange> => {
    const timeoutMs = timeLeft(call);
    if (timeoutMs < (call.effect ? MIN_EFFECT_MS : MIN_READ_MS)) {
      return { kind: "not-sent", detail: "no time was left to send it", forbidden: false };
    }
    const request = {
      method: call.method,
      url: `${base}${call.target}`,
      headers: {
        ...common,
        ...(call.body === undefined ? {} : { "content-type": "application/json" }),
        ...lowerCased(call.headers ?? {}),
        ...credential.headers,
      },
      ...(call.body === undefined ? {} : { body: call.body }),
      timeoutMs: Math.floor(timeoutMs),
    };
    try {
      return { kind: "answered", response: await ports.http(request) };
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return error.sent
        ? { kind: "lost", detail: error.message }
        : { kind: "not-sent", detail: error.message, forbidden: false };
    }
  };

  return {
    now,
    async send(call) {
      try {
        const timeoutMs = Math.max(timeLeft({ ...call, effect: false }), MIN_READ_MS);
        const credential = await authenticator.credential(false, timeoutMs);
        const first = await exchange(call, credential);
        if (first.kind !== "answered" || first.response.status !== 401) return first;
        if (call.effect) {
          // A write is never sent twice, not even after an answer that says it had no effect: another grant may, by the new secret.
          const isReplaced = await authenticator.isReplaced(credential);
          return isReplaced
            ? { kind: "not-sent", detail: "the secret was replaced meanwhile", forbidden: false }
            : first;
        }
        // The kept secret or token may be stale: try the fresh one, if it is another. Failed logins count at some systems.
        const renewed = await authenticator.credential(true, Math.max(timeLeft(call), MIN_READ_MS));
        return sameHeaders(credential.headers, renewed.headers) ? first : await exchange(call, renewed);
      } catch (error) {
        if (!(error instanceof AuthError)) throw error;
        return { kind: "not-sent", detail: error.message, forbidden: error.forbidden };
      }
    },
  };
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function sameHeaders(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  return (
    Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([name, value]) => b[name] === value)
  );
}
