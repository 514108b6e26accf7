import { createHash, randomBytes } from "node:crypto";

import { startLoopbackServer, type LocalAnswer, type LocalRequest, type LocalServer } from "./loopback-server";
import { refusalPage, signedOutPage, signInPage } from "./sign-in-page";
import { createTokenSigner, TOKEN_SECONDS, type Person, type TokenSigner, type TokenTerms } from "./token-signer";

/** An application that people sign in to: a public client, which holds no secret and proves itself by PKCE. */
export interface OpenIdClient {
  readonly clientId: string;
  /** Compared whole, as text. */
  readonly redirectUri: string;
}

/** An OpenID provider on loopback: people sign in by picking who they are. */
export interface IdentityServer {
  /** What it calls itself: where it listens, unless it stands for another. */
  readonly issuer: string;
  /** Where it listens: `http://127.0.0.1:port`. */
  readonly url: string;
  readonly signer: TokenSigner;
  /** Makes a client known. Its redirect URI replaces the one before. */
  register(client: OpenIdClient): void;
  stop(): Promise<void>;
}

export interface IdentityServerOptions extends Omit<TokenTerms, "issuer"> {
  /** The issuer that it stands for, where its callers' requests to that are led here. */
  readonly issuer?: string;
  /** Who can be picked. */
  readonly people: readonly Person[];
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** A sign-in under way: what the client asked for. */
interface Asked {
  readonly client: OpenIdClient;
  readonly state?: string;
  readonly nonce?: string;
  readonly challenge: string;
  readonly untilMs: number;
}

interface Code extends Asked {
  readonly person: Person;
}

/** How long a sign-in page may be looked at, and a code may be on its way, in milliseconds. */
const ASKED_MS = 600_000;
const CODE_MS = 60_000;

/** Remembers who signed in, so that a page that was loaded again need not ask. Cookies know no ports: the name must be our own. */
const COOKIE = "writeback_local_sign_in";

const PATHS = {
  discovery: "/.well-known/openid-configuration",
  keys: "/jwks",
  authorize: "/authorize",
  pick: "/pick",
  token: "/token",
  logout: "/logout",
} as const;

const S256 = /^[A-Za-z0-9_-]{43}$/;
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;

const secret = (): string => randomBytes(24).toString("base64url");

/**
 * Starts an OpenID provider: discovery, keys, authorization with code and PKCE (S256, nothing else), token and sign-out. There are no passwords:
 * it listens on loopback alone, and everybody at this machine may be anybody. What a real provider refuses, it refuses: a client or redirect URI it
 * does not know (without redirecting there), a wrong or missing verifier, a code that was used or is old.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html and https://www.rfc-editor.org/rfc/rfc7636 (read 2026-11-25)
 */
export async function startIdentityServer({
  issuer: standsFor,
  audience,
  claims,
  people,
  now = () => Date.now(),
}: IdentityServerOptions): Promise<IdentityServer> {
  const clients = new Map<string, OpenIdClient>();
  const asked = new Map<string, Asked>();
  const codes = new Map<string, Code>();
  const sessions = new Map<string, Person>();
  let issuer = "";

  const authorize = ({ query, headers }: LocalRequest): LocalAnswer => {
    const client = clients.get(query.get("client_id") ?? "");
    if (client === undefined) return page(400, refusalPage("The application that sent you here is not known."));
    if (query.get("redirect_uri") !== client.redirectUri) {
      return page(400, refusalPage("The application asked to send you to an address that is not registered for it."));
    }
    const state = query.get("state") ?? undefined;
    const refuse = (error: string, description: string): LocalAnswer =>
      redirect(backTo(client, { error, error_description: description, state }));
    if (query.get("response_type") !== "code") {
      return refuse("unsupported_response_type", "only the code flow is offered");
    }
    if (!(query.get("scope") ?? "").split(" ").includes("openid")) {
      return refuse("invalid_scope", "the scope does not hold openid");
    }
    const challenge = query.get("code_challenge") ?? "";
    if (query.get("code_challenge_method") !== "S256" || !S256.test(challenge)) {
      return refuse("invalid_request", "a code_challenge of the method S256 is required");
    }
    const nonce = query.get("nonce") ?? undefined;
    const wish: Asked = { client, state, nonce, challenge, untilMs: now() + ASKED_MS };
    const prompt = (query.get("prompt") ?? "").split(" ");
    const person = sessions.get(cookieOf(headers));
    if (person !== undefined && !prompt.includes("select_account") && !prompt.includes("login")) {
      return redirect(withCode(wish, person));
    }
    if (prompt.includes("none")) return refuse("login_required", "nobody is signed in");
    const id = secret();
    asked.set(id, wish);
    return page(200, signInPage(id, people), new URL(client.redirectUri).origin);
  };

  const pick = ({ body }: LocalRequest): LocalAnswer => {
    const form = new URLSearchParams(body);
    const id = form.get("sign_in") ?? "";
    const wish = asked.get(id);
    const person = people.find(({ subject }) => subject === form.get("person"));
    asked.delete(id);
    if (wish === undefined || person === undefined || wish.untilMs < now()) {
      return page(400, refusalPage("This sign-in is over or was used. Go back to the application and sign in again."));
    }
    const session = secret();
    sessions.set(session, person);
    return redirect(withCode(wish, person), `${COOKIE}=${session}; HttpOnly; SameSite=Lax; Path=/`);
  };

  const withCode = (wish: Asked, person: Person): string => {
    const code = secret();
    codes.set(code, { ...wish, person, untilMs: now() + CODE_MS });
    return backTo(wish.client, { code, state: wish.state, iss: issuer });
  };

  const token = async ({ body, headers }: LocalRequest): Promise<LocalAnswer> => {
    const cors = allowOrigin(headers["origin"]);
    const refuse = (error: string, description: string): LocalAnswer => ({
      status: 400,
      headers: { ...cors, "cache-control": "no-store" },
      body: { error, error_description: description },
    });
    const form = new URLSearchParams(body);
    if (form.get("grant_type") !== "authorization_code") return refuse("unsupported_grant_type", "expected a code");
    const given = form.get("code") ?? "";
    const code = codes.get(given);
    // Whatever becomes of it, a code is shown once.
    codes.delete(given);
    if (code === undefined || code.untilMs < now()) return refuse("invalid_grant", "the code is unknown, used or old");
    if (form.get("client_id") !== code.client.clientId) return refuse("invalid_grant", "the code is another client's");
    if (form.get("redirect_uri") !== code.client.redirectUri) {
      return refuse("invalid_grant", "the redirect_uri is not the one that the code was asked with");
    }
    const verifier = form.get("code_verifier") ?? "";
    if (!VERIFIER.test(verifier) || createHash("sha256").update(verifier).digest("base64url") !== code.challenge) {
      return refuse("invalid_grant", "the code_verifier does not fit the challenge");
    }
    const issuedAt = now();
    return {
      status: 200,
      headers: { ...cors, "cache-control": "no-store" },
      body: {
        access_token: await signer.tokenFor(code.person, issuedAt),
        id_token: await signer.idTokenFor(code.person, { clientId: code.client.clientId, nonce: code.nonce }, issuedAt),
        token_type: "Bearer",
        expires_in: TOKEN_SECONDS,
        scope: "openid",
      },
    };
  };

  const logout = ({ query, headers }: LocalRequest): LocalAnswer => {
    sessions.delete(cookieOf(headers));
    const client = clients.get(query.get("client_id") ?? "");
    const to = query.get("post_logout_redirect_uri");
    const gone = `${COOKIE}=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0`;
    if (client !== undefined && to === client.redirectUri) {
      const state = query.get("state");
      return redirect(state === null ? to : `${to}?${new URLSearchParams({ state }).toString()}`, gone);
    }
    return { ...page(200, signedOutPage()), headers: { ...page(200, "").headers, "set-cookie": gone } };
  };

  /** The applications' pages alone may read what they ask for from their own origins. */
  const allowOrigin = (origin: string | undefined): Record<string, string> =>
    [...clients.values()].some(({ redirectUri }) => new URL(redirectUri).origin === origin)
      ? { "access-control-allow-origin": origin ?? "", vary: "Origin" }
      : {};

  const json = ({ headers }: LocalRequest, body: object): LocalAnswer => ({
    status: 200,
    headers: allowOrigin(headers["origin"]),
    body,
  });

  const respond = (request: LocalRequest): LocalAnswer | Promise<LocalAnswer> => {
    const { method, path } = request;
    switch (`${method} ${path}`) {
      case `GET ${PATHS.discovery}`:
        return json(request, discovery(issuer));
      case `GET ${PATHS.keys}`:
        return json(request, signer.keySet);
      case `GET ${PATHS.authorize}`:
        return authorize(request);
      case `POST ${PATHS.pick}`:
        return pick(request);
      case `POST ${PATHS.token}`:
        return token(request);
      case `GET ${PATHS.logout}`:
        return logout(request);
      default:
        return { status: 404 };
    }
  };

  const server: LocalServer = await startLoopbackServer({ credentialOf: () => undefined, respond });
  issuer = standsFor ?? server.url;
  const signer = await createTokenSigner({ issuer, audience, claims });
  return {
    issuer,
    url: server.url,
    signer,
    register: (client) => {
      clients.set(client.clientId, client);
    },
    stop: () => server.stop(),
  };
}

function discovery(issuer: string): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}${PATHS.authorize}`,
    token_endpoint: `${issuer}${PATHS.token}`,
    jwks_uri: `${issuer}${PATHS.keys}`,
    end_session_endpoint: `${issuer}${PATHS.logout}`,
    response_types_supported: ["code"],
    grant_types_supported: ["authorization_code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    token_endpoint_auth_methods_supported: ["none"],
    code_challenge_methods_supported: ["S256"],
    scopes_supported: ["openid"],
    authorization_response_iss_parameter_supported: true,
  };
}

function backTo({ redirectUri }: OpenIdClient, members: Readonly<Record<string, string | undefined>>): string {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(members)) if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}

function redirect(location: string, cookie?: string): LocalAnswer {
  return {
    status: 303,
    headers: { location, "cache-control": "no-store", ...(cookie === undefined ? {} : { "set-cookie": cookie }) },
  };
}

/** A page of our own. A form's answer may lead to the application alone. */
function page(status: number, body: string, formLeadsTo?: string): LocalAnswer {
  const style = /<style>([\s\S]*?)<\/style>/.exec(body)?.[1] ?? "";
  const hash = createHash("sha256").update(style).digest("base64");
  return {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "content-security-policy": `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self' ${formLeadsTo ?? ""}; frame-ancestors 'none'; base-uri 'none'`,
    },
    body,
  };
}

function cookieOf(headers: LocalRequest["headers"]): string {
  return new RegExp(`(?:^|;\\s*)${COOKIE}=([\\w-]+)`).exec(headers["cookie"] ?? "")?.[1] ?? "";
}
