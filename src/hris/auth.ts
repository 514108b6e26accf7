import type { AdapterPorts } from "./contract";
import { HttpError } from "./contract";
import type { RestAuth } from "./rest-options";
import {
  escapeComponent,
  parseTemplate,
  renderHeader,
  renderText,
  TemplateError,
  UnrepresentableError,
  type HoleValues,
  type Template,
} from "./template";

/** Holes of credentials: the secret, and members of its JSON object. */
const SECRET_HOLES = ["secret", "secret.*"];

/** Milliseconds before its end that a token is no longer used. */
const TOKEN_MARGIN_MS = 60_000;

/** Seconds that a token is used whose end was not told. */
const DEFAULT_TOKEN_SECONDS = 300;

/** No credential could be made: `forbidden` for good, or not now. Nothing was sent to the system itself. */
export class AuthError extends Error {
  override readonly name = "AuthError";

  constructor(
    message: string,
    readonly forbidden: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What authenticates a request, and the text of the secret that it was made of. */
export interface Credential {
  readonly headers: Readonly<Record<string, string>>;
  readonly secret: string;
}

export interface Authenticator {
  /** The credential of a request. `fresh` reads the secret and asks for a token anew. Throws `AuthError`. */
  credential(fresh: boolean, timeoutMs: number): Promise<Credential>;
  /** Whether the secret is another by now than the one that a credential was made of. Reads it anew; throws `AuthError`. */
  isReplaced(credential: Credential): Promise<boolean>;
}

/** Makes the authenticator of a connection; tokens are kept while they hold. Throws `TemplateError` for a broken template. */
export function createAuthenticator(auth: RestAuth, ports: AdapterPorts): Authenticator {
  const { headers, form } = parseAuth(auth);
  const now = ports.now ?? Date.now;
  let token: (Token & { readonly secret: string }) | undefined;

  const newToken = async (fresh: boolean, timeoutMs: number): Promise<Token & { readonly secret: string }> => {
    if (auth.type !== "oauth2-client-credentials") throw new TemplateError("this authentication has no tokens");
    const secret = await readSecret(ports, fresh);
    try {
      return { ...(await requestToken(auth, form(secret.holes), ports, timeoutMs, now())), secret: secret.text };
    } catch (error) {
      if (fresh || !(error instanceof AuthError) || !error.forbidden) throw error;
      // The kept secret may be stale: try the fresh one, if it is another.
      if ((await readSecret(ports, true)).text === secret.text) throw error;
      return newToken(true, timeoutMs);
    }
  };

  return {
    async credential(fresh, timeoutMs) {
      if (auth.type !== "oauth2-client-credentials") {
        const secret = await readSecret(ports, fresh);
        return { headers: headers(secret.holes), secret: secret.text };
      }
      if (fresh || token === undefined || now() >= token.untilMs) {
        token = undefined;
        token = await newToken(fresh, timeoutMs);
      }
      return { headers: { authorization: `Bearer ${token.text}` }, secret: token.secret };
    },
    async isReplaced({ secret }) {
      return (await readSecret(ports, true)).text !== secret;
    },
  };
}

interface Token {
  readonly text: string;
  readonly untilMs: number;
}

interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Checks the templates of an authentication, and makes the functions that fill them. Throws `TemplateError`. */
export function parseAuth(auth: RestAuth): {
  readonly headers: (secret: HoleValues) => Readonly<Record<string, string>>;
  readonly form: (secret: HoleValues) => ClientCredentials;
} {
  const parse = (text: string): Template => parseTemplate(text, SECRET_HOLES);
  const none = (): never => {
    throw new TemplateError("this authentication has no such part");
  };
  switch (auth.type) {
    case "basic": {
      const [user, password] = [parse(auth.user), parse(auth.password)];
      return {
        headers: (secret) => ({ authorization: basic(fill(user, secret), fill(password, secret)) }),
        form: none,
      };
    }
    case "bearer": {
      const value = parse(`Bearer ${auth.token ?? "{secret}"}`);
      return { headers: (secret) => ({ authorization: fillHeader(value, secret) }), form: none };
    }
    case "header": {
      const value = parse(auth.value);
      return { headers: (secret) => ({ [auth.name.toLowerCase()]: fillHeader(value, secret) }), form: none };
    }
    case "oauth2-client-credentials": {
      const [id, secretTemplate] = [
        parse(auth.clientId ?? "{secret.clientId}"),
        parse(auth.clientSecret ?? "{secret.clientSecret}"),
      ];
      return {
        headers: none,
        form: (secret) => ({ clientId: fill(id, secret), clientSecret: fill(secretTemplate, secret) }),
      };
    }
  }
}

/**
 * The holes that a secret's text fills: `secret`, and `secret.<name>` for members of a JSON object. An object with several texts has no
 * one that is the secret: the whole of it would be sent where one of them was meant.
 */
function secretHoles(text: string): HoleValues {
  const trimmed = text.trim();
  let parsed: unknown;
  try {
    parsed = trimmed.startsWith("{") ? JSON.parse(trimmed) : undefined;
  } catch {
    parsed = undefined;
  }
  if (typeof parsed !== "object" || parsed === null) return { secret: trimmed };
  const members = Object.entries(parsed).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  const [only, ...others] = members;
  return {
    ...(only === undefined || others.length > 0 ? {} : { secret: only[1] }),
    ...Object.fromEntries(members.map(([name, value]) => [`secret.${name}`, value])),
  };
}

async function readSecret(
  ports: AdapterPorts,
  fresh: boolean,
): Promise<{ readonly text: string; readonly holes: HoleValues }> {
  let text: string;
  try {
    text = await ports.secret(fresh);
  } catch (error) {
    const forbidden = error instanceof Error && error.name === "AccessDenied";
    throw new AuthError(forbidden ? "the secret may not be read" : "the secret cannot be read now", forbidden, {
      cause: error,
    });
  }
  const holes = secretHoles(text);
  if (holes["secret"] === "") throw new AuthError("the secret is empty", true);
  return { text, holes };
}

async function requestToken(
  auth: Extract<RestAuth, { type: "oauth2-client-credentials" }>,
  client: ClientCredentials,
  ports: AdapterPorts,
  timeoutMs: number,
  nowMs: number,
): Promise<Token> {
  const inBody = auth.credentialsIn === "body";
  const form = new URLSearchParams({
    ...auth.parameters,
    grant_type: "client_credentials",
    ...(auth.scope === undefined ? {} : { scope: auth.scope }),
    ...(inBody ? { client_id: client.clientId, client_secret: client.clientSecret } : {}),
  });
  let response;
  try {
    response = await ports.http({
      method: "POST",
      url: auth.tokenUrl,
      headers: {
        accept: "application/json",
        "content-type": "application/x-www-form-urlencoded",
        // RFC 6749 section 2.3.1 has both parts form-encoded before Basic joins them.
        ...(inBody
          ? {}
          : { authorization: basic(escapeComponent(client.clientId), escapeComponent(client.clientSecret)) }),
      },
      body: form.toString(),
      timeoutMs,
    });
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    throw new AuthError(`no token: ${error.message}`, false, { cause: error });
  }
  if (response.status !== 200) {
    throw new AuthError(
      `no token: status ${String(response.status)}`,
      response.status >= 400 && response.status < 500 && response.status !== 429,
    );
  }
  const token = tokenOf(response.body);
  if (token === undefined) throw new AuthError("no token: the answer holds none", false);
  return {
    text: token.text,
    untilMs: nowMs + Math.max(0, token.seconds * 1000 - TOKEN_MARGIN_MS),
  };
}

function tokenOf(body: string): { readonly text: string; readonly seconds: number } | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof answer !== "object" || answer === null) return undefined;
  const { access_token: text, expires_in: seconds } = answer as Record<string, unknown>;
  if (typeof text !== "string" || !/^[\x21-\x7e]+$/.test(text)) return undefined;
  return { text, seconds: Number.isFinite(Number(seconds ?? NaN)) ? Number(seconds) : DEFAULT_TOKEN_SECONDS };
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, "utf8").toString("base64")}`;
}

function fill(template: Template, secret: HoleValues): string {
  try {
    return renderText(template, secret);
  } catch (error) {
    if (!(error instanceof UnrepresentableError)) throw error;
    throw new AuthError("the secret does not have the form that the connection expects", true, { cause: error });
  }
}

function fillHeader(template: Template, secret: HoleValues): string {
  try {
    return renderHeader(template, secret);
  } catch (error) {
    if (!(error instanceof UnrepresentableError)) throw error;
    throw new AuthError("the secret does not have the form that the connection expects", true, { cause: error });
  }
}
