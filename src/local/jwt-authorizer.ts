import type { Reach } from "./hosts";

/** What a JWT authorizer demands, as synthesized. */
export interface JwtDemands {
  readonly issuer: string;
  readonly audience: readonly string[];
}

/** Longest wait for an issuer's discovery document, in milliseconds. */
const DISCOVERY_MS = 1_500;

/**
 * Verifies tokens as API Gateway's JWT authorizer does: by the keys that the issuer's discovery document leads to, RSA signatures alone,
 * with issuer, audience (`aud` or `client_id`), `exp`, `nbf` and `iat` as they must be. The claims of a token that meets all, else `undefined`.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html (read 2026-11-25)
 */
export async function verifyByDiscovery(
  token: string,
  { issuer, audience }: JwtDemands,
  { reach = fetch, now = Date.now }: { readonly reach?: Reach; readonly now?: () => number } = {},
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const jose = await import("jose");
  try {
    const found = await reach(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, {
      signal: AbortSignal.timeout(DISCOVERY_MS),
    });
    const { jwks_uri: keysAt } = (await found.json()) as { readonly jwks_uri: string };
    const keys = jose.createRemoteJWKSet(new URL(keysAt), { [jose.customFetch]: reach });
    const { payload } = await jose.jwtVerify(token, keys, {
      issuer,
      algorithms: ["RS256", "RS384", "RS512"],
      requiredClaims: ["exp", "sub"],
      currentDate: new Date(now()),
    });
    if (payload.iat !== undefined && payload.iat * 1000 > now()) return undefined;
    const named = payload.aud === undefined ? payload["client_id"] : payload.aud;
    return [named].flat().some((name) => typeof name === "string" && audience.includes(name)) ? payload : undefined;
  } catch {
    return undefined;
  }
}
