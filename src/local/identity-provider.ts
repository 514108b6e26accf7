import { UsageError } from "../core";
import { startLoopbackServer, type LocalServer } from "./loopback-server";

/** A person of the local identity provider. */
export interface Person {
  readonly subject: string;
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
  /** The claims of a token that meets the demands, else `undefined`: wrong signature, issuer, audience or time. */
  claimsOf(token: string, demands: JwtDemands, now: number): Promise<Readonly<Record<string, unknown>> | undefined>;
}

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
  return {
    keySet: { keys: [{ ...(await jose.exportJWK(publicKey)), kid: keyId, alg: "RS256", use: "sig" }] },
    tokenFor: (person, now) =>
      new jose.SignJWT({ [claims.group]: [...person.groups], [claims.workerId]: person.workerId })
        .setProtectedHeader({ alg: "RS256", kid: keyId })
        .setIssuer(demands.issuer)
        .setAudience(audience)
        .setSubject(person.subject)
        .setIssuedAt(Math.floor(now / 1000))
        .setExpirationTime(Math.floor(now / 1000) + 300)
        .sign(privateKey),
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

/** An OpenID provider that can be asked over HTTP where its keys are. */
export interface IdentityServer {
  /** The issuer: `http://127.0.0.1:port`. */
  readonly issuer: string;
  readonly provider: IdentityProvider;
  stop(): Promise<void>;
}

/** Serves a provider's discovery document and keys on loopback. Its issuer is its own address. */
export async function startIdentityServer(
  audience: string,
  claims: Parameters<typeof startIdentityProvider>[1],
): Promise<IdentityServer> {
  const answers = new Map<string, object>();
  const server: LocalServer = await startLoopbackServer({
    credentialOf: () => undefined,
    respond: ({ method, path }) => {
      const body = method === "GET" ? answers.get(path) : undefined;
      return body === undefined ? { status: 404 } : { status: 200, body };
    },
  });
  const issuer = server.url;
  const provider = await startIdentityProvider({ issuer, audience: [audience] }, claims);
  answers.set("/.well-known/openid-configuration", { issuer, jwks_uri: `${issuer}/jwks` });
  answers.set("/jwks", provider.keySet);
  return { issuer, provider, stop: () => server.stop() };
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
