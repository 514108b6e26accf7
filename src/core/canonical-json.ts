import { createHash } from "node:crypto";

/** A value that JSON can carry without loss. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/**
 * One text for one value: keys sorted by UTF-16 code unit, no white space, so that equal values give equal bytes and
 * equal digests whatever order they were written in.
 *
 * `undefined` members are left out, as JSON does. Throws `TypeError` for what JSON cannot carry (non-finite numbers,
 * functions, `bigint`), because a digest over a silently changed value would bind nothing.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8785 (read 2026-11-23): sorting and number form
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case "string":
    case "boolean":
      return JSON.stringify(value);
    case "number":
      if (!Number.isFinite(value)) throw new TypeError(`canonical JSON cannot carry the number ${String(value)}`);
      return JSON.stringify(value);
    case "object": {
      if (value === null) return "null";
      if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
      const members = Object.entries(value)
        .filter(([, member]) => member !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
        .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
      return `{${members.join(",")}}`;
    }
    default:
      throw new TypeError(`canonical JSON cannot carry a ${typeof value}`);
  }
}

/** SHA-256 of the canonical JSON of `value`, as 64 lower-case hexadecimal digits. */
export function canonicalDigest(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value), "utf8").digest("hex");
}
