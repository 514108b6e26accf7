import { UsageError } from "../core";

/** A person of the local identity provider. */
export interface Person {
  readonly subject: string;
  /** As people call them; the subject where there is none. */
  readonly name?: string;
  readonly groups: readonly string[];
  /** The person's own id in the HRIS: nobody approves a change of their own record. */
  readonly workerId: string;
}

/** What a JWT authorizer demands, as synthesized. */
export interface JwtDemands {
  readonly issuer: string;
  readonly audience: readonly string[];
}

/** Signs and verifies tokens with a key of its own, as an OpenID provider and API Gateway's JWT authorizer would. */
export interface IdentityProvider {
  /** Its public keys, as a JSON Web Key Set. */
  readonly keySet: object;
  /** An RS256 token for a person, good for five minutes: API Gateway verifies RSA signatures alone. */
  tokenFor(person: Person, now: number): Promise<string>;
  /** What tells a client who signed in: no API takes it, its audience is the client. */
  idTokenFor(
    person: Person,
    signIn: { readonly clientId: string; readonly nonce?: string },
    now: number,
  ): Promise<string>;
  /** The claims of a token that meets the demands, else `undefined`: wrong signature, issuer, audience or time. */
  claimsOf(token: string, demands: JwtDemands, now: number): Promise<Readonly<Record<string, unknown>> | undefined>;
}

/** How long a token is good, in seconds. */
export const TOKEN_SECONDS = 300;

/** A provider that issues tokens for one issuer and audience, with the claims named as the stack expects them. */
export async function startIdentityProvider(
  demands: JwtDemands,
  claims: { readonly group: string; readonly workerId: string },
): Promise<IdentityProvider> {
  const jose = await import("jose");
  const [audience] = demands.audience;
  if (audience === undefined) throw new UsageError("the approvals API names no audience");
  const { publicKey, privateKey } = await jose.generateKeyPair("RS256", { extractable: true });
  const keyId = "local";
  const sign = (payload: Record<string, unknown>, to: string, { subject }: Person, now: number): Promise<string> =>
    new jose.SignJWT(payload)
      .setProtectedHeader({ alg: "RS256", kid: keyId })
      .setIssuer(demands.issuer)
      .setAudience(to)
      .setSubject(subject)
      .setIssuedAt(Math.floor(now / 1000))
      .setExpirationTime(Math.floor(now / 1000) + TOKEN_SECONDS)
      .sign(privateKey);
  return {
    keySet: { keys: [{ ...(await jose.exportJWK(publicKey)), kid: keyId, alg: "RS256", use: "sig" }] },
    tokenFor: (person, now) =>
      sign({ [claims.group]: [...person.groups], [claims.workerId]: person.workerId }, audience, person, now),
    idTokenFor: (person, { clientId, nonce }, now) =>
      sign({ name: person.name ?? person.subject, ...(nonce === undefined ? {} : { nonce }) }, clientId, person, now),
    claimsOf: async (token, { issuer, audience: audiences }, now) => {
      try {
        const { payload } = await jose.jwtVerify(token, publicKey, {
          issuer,
          audience: [...audiences],
          algorithms: ["RS256"],
          requiredClaims: ["sub", "exp"],
          currentDate: new Date(now),
        });
        return payload;
      } catch {
        return undefined;
      }
    },
  };
}

/**
 * Verifies tokens as API Gateway's JWT authorizer does: by the keys that the issuer's discovery document leads to, RSA signatures alone,
 * with issuer, audience (`aud` or `client_id`), `exp`, `nbf` and `iat` as they must be.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html (read 2026-11-25)
 */
export async function verifyByDiscovery(
  token: string,
  { issuer, audience }: JwtDemands,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const jose = await import("jose");
  try {
    const found = await fetch(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, {
      signal: AbortSignal.timeout(1_500),
    });
    const { jwks_uri: keysAt } = (await found.json()) as { readonly jwks_uri: string };
    const { payload } = await jose.jwtVerify(token, jose.createRemoteJWKSet(new URL(keysAt)), {
      issuer,
      algorithms: ["RS256", "RS384", "RS512"],
      requiredClaims: ["exp", "sub"],
    });
    const named = payload.aud === undefined ? payload["client_id"] : payload.aud;
    return [named].flat().some((name) => typeof name === "string" && audience.includes(name)) ? payload : undefined;
  } catch {
    return undefined;
  }
}
