import type { HttpApiEvent } from "./http-api";

type Claims = Readonly<Record<string, unknown>>;

/** The one form of the header that is read: a compact JWS, alone or after `Bearer`. Two headers arrive joined by a comma. */
const AUTHORIZATION = /^(?:Bearer )?[\w-]+\.([\w-]+)\.[\w-]+$/i;

/** What API Gateway's text of a list, `[a b]`, and the list itself may differ in. */
const LIST_MARKS = /[\s,[\]"']/g;

/**
 * The claims as the token itself holds them. API Gateway hands lists on as the text `[a b]`, in which a group whose name holds a
 * space cannot be told from two groups; so they are read from the token that its authorizer has just verified, the one in
 * the `Authorization` header, after making sure that it is that token: same issuer, subject and expiry, same `iat` and `jti` where
 * the authorizer shows them, same worker, and the same groups but for where one name ends and the next begins.
 *
 * `undefined` where there is no such token.
 */
export function tokenClaims(
  event: HttpApiEvent,
  { groupClaim, workerIdClaim }: { readonly groupClaim: string; readonly workerIdClaim: string },
): Claims | undefined {
  const verified = event.requestContext.authorizer?.jwt.claims;
  const payload = AUTHORIZATION.exec(event.headers?.["authorization"] ?? "")?.[1];
  if (verified === undefined || payload === undefined) return undefined;
  const claims = claimsOf(payload);
  if (claims === undefined) return undefined;
  const shown = ["iat", "jti"].filter((name) => verified[name] !== undefined);
  const isVerified =
    ["iss", "sub", "exp", workerIdClaim, ...shown].every((name) => textOf(claims[name]) === textOf(verified[name])) &&
    listText(claims[groupClaim]) === listText(verified[groupClaim]);
  return isVerified ? claims : undefined;
}

/** The claims of a payload; `undefined` where it holds none. */
function claimsOf(payload: string): Claims | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    return typeof claims === "object" && claims !== null && !Array.isArray(claims) ? (claims as Claims) : undefined;
  } catch {
    return undefined;
  }
}

/** A claim as text: API Gateway writes numbers as text. */
function textOf(claim: unknown): string | undefined {
  return typeof claim === "number" ? String(claim) : typeof claim === "string" ? claim : undefined;
}

/** The names of a list one after the other, without what sets them apart. Nothing where there is no list and no name. */
function listText(claim: unknown): string {
  const entries: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  return entries.map((entry) => textOf(entry)?.replace(LIST_MARKS, "") ?? "").join("");
}
