/** A ULID in upper case: 26 characters of Crockford's base 32. @see https://github.com/ulid/spec (read 2026-11-23) */
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** The form of a grant id as a regular expression's source: `g-` and a ULID. Opaque, and safe in session names, tags and paths. */
export const GRANT_ID_PATTERN = "g-[0-7][0-9A-HJKMNP-TV-Z]{25}";

/** Field names: keys of the policy, path segments, tag values. */
export const FIELD_NAME = /^[a-z][a-z0-9_]{0,62}$/;

/** Names of owners, publishers, events, systems, groups, segments and attributes. */
export const NAME = /^[a-z][a-z0-9_.-]{0,62}$/;

/** Request ids: opaque to us, used as execution names and keys. */
export const REQUEST_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/**
 * How ids of reversals begin, and no other request's: the workflow lets them reach Write through an approval alone, and IAM lets their
 * maker put no others.
 */
export const REVERSAL_ID_PREFIX = "reversal-";

/** Whether a request of this id takes back a written value. */
export function isReversalId(requestId: string): boolean {
  return requestId.startsWith(REVERSAL_ID_PREFIX);
}

/** The id of a reversal, of a ULID. */
export function reversalIdOf(ulid: string): string {
  if (!ULID.test(ulid)) throw new TypeError("the id of a reversal is made of a ULID in upper case");
  return `${REVERSAL_ID_PREFIX}${ulid}`;
}

/** Whether a text is what `reversalIdOf` makes. */
export function isWholeReversalId(text: string): boolean {
  return isReversalId(text) && ULID.test(text.slice(REVERSAL_ID_PREFIX.length));
}

/** The grant id of a ULID. */
export function grantIdOf(ulid: string): string {
  if (!ULID.test(ulid)) throw new TypeError("a grant id is made of a ULID in upper case");
  return `g-${ulid}`;
}

/** Whether a text is a grant id. */
export function isGrantId(text: string): boolean {
  return text.startsWith("g-") && ULID.test(text.slice(2));
}

/** Whether a text can be a request id. */
export function isRequestId(text: string): boolean {
  return REQUEST_ID.test(text);
}
