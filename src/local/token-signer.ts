/** A person of the local identity provider. */
export interface Person {
  readonly subject: string;
  /** As people call them; the subject where there is none. */
  readonly name?: string;
  readonly groups: readonly string[];
  /** The person's own id in the HRIS: nobody approves a change of their own record. */
  readonly workerId: string;
}

/** Whom a provider's tokens are from and for, and how it names what they say of a person. */
export interface TokenTerms {
  readonly issuer: string;
  /** The audience of access tokens. */
  readonly audience: string;
  /** Names of the claims, as the stack expects them. */
  readonly claims: { readonly group: string; readonly workerId: string };
}

/** Signs tokens with a key of its own, as an OpenID provider does. */
export interface TokenSigner {
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
}

/** How long a token is good, in seconds. */
export const TOKEN_SECONDS = 300;

/** Makes a key, and signs by it. */
export async function createTokenSigner({ issuer, audience, claims }: TokenTerms): Promise<TokenSigner> {
  const jose = await import("jose");
  const { publicKey, privateKey } = await jose.generateKeyPair("RS256", { extractable: true });
  const keyId = "local";
  const sign = (payload: Record<string, unknown>, to: string, { subject }: Person, now: number): Promise<string> =>
    new jose.SignJWT(payload)
      .setProtectedHeader({ alg: "RS256", kid: keyId })
      .setIssuer(issuer)
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
  };
}
