import { createHash } from "node:crypto";

/** The namespace of all ids here: a version 4 UUID, chosen once. */
const NAMESPACE = "5c2a6b1e-8f0d-4a37-9b54-3d1e7c90f2a8";

/** The id of a part by its name in our own namespace: two builds of one stack agree on it. */
export function uuidOf(...name: readonly string[]): string {
  return uuidOfName(NAMESPACE, name.join("\n"));
}

/** A version 5 UUID: the same namespace and name, the same id. @see https://www.rfc-editor.org/rfc/rfc9562#section-5.5 (read 2026-11-29) */
export function uuidOfName(namespace: string, name: string): string {
  const digest = createHash("sha1")
    .update(Buffer.from(namespace.replaceAll("-", ""), "hex"))
    .update(name, "utf8")
    .digest();
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x50;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  const hex = digest.subarray(0, 16).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
