import { UsageError } from "../core";

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
  /** An ES256 token for a person, good for five minutes. */
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
  const { publicKey, privateKey } = await jose.generateKeyPair("ES256");
  return {
    tokenFor: (person, now) =>
      new jose.SignJWT({ [claims.group]: [...person.groups], [claims.workerId]: person.workerId })
        .setProtectedHeader({ alg: "ES256" })
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
          algorithms: ["ES256"],
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
