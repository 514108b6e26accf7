import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from "node:crypto";

import { canonicalJson } from "../core";
import type { Keys } from "../runtime/ports";

/** Longest message of a MAC, in bytes, as in KMS. */
const MAX_MESSAGE_BYTES = 4_096;

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Asked before each use with the action of KMS, and the encryption context where there is one. May throw. */
export type AuthorizeKeys = (action: string, context: Readonly<Record<string, string>> | undefined) => void;

/** The two keys of a stack: one for digests, one for texts. */
export interface MemoryKeyMaterial {
  readonly digestKey: Buffer;
  readonly dataKey: Buffer;
}

/** Fresh keys, which live as long as the process. */
export function createKeyMaterial(): MemoryKeyMaterial {
  return { digestKey: randomBytes(32), dataKey: randomBytes(32) };
}

/**
 * KMS in memory: real HMAC-SHA-256, and AES-256-GCM with the encryption context as authenticated data, so that a text does not
 * decrypt under another context.
 */
export function createMemoryKeys(material: MemoryKeyMaterial = createKeyMaterial(), authorize?: AuthorizeKeys): Keys {
  const mac = (message: string): Buffer => {
    const bytes = Buffer.from(message, "utf8");
    if (bytes.length > MAX_MESSAGE_BYTES) throw new TypeError(`a MAC covers at most ${MAX_MESSAGE_BYTES} bytes`);
    return createHmac("sha256", material.digestKey).update(bytes).digest();
  };
  const call = <T>(
    action: string,
    context: Readonly<Record<string, string>> | undefined,
    effect: () => T,
  ): Promise<T> =>
    new Promise((resolve) => {
      authorize?.(action, context);
      resolve(effect());
    });
  return {
    generateMac: (message) => call("kms:GenerateMac", undefined, () => mac(message).toString("hex")),
    verifyMac: (message, claimed) =>
      call("kms:VerifyMac", undefined, () => {
        const expected = mac(message);
        const given = Buffer.from(claimed, "hex");
        return given.length === expected.length && timingSafeEqual(given, expected);
      }),
    encrypt: (plaintext, context) =>
      call("kms:Encrypt", context, () => {
        const iv = randomBytes(IV_BYTES);
        const cipher = createCipheriv("aes-256-gcm", material.dataKey, iv);
        cipher.setAAD(Buffer.from(canonicalJson(context), "utf8"));
        const body = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final()]);
        return Buffer.concat([iv, cipher.getAuthTag(), body]).toString("base64");
      }),
    decrypt: (ciphertext, context) =>
      call("kms:Decrypt", context, () => {
        const bytes = Buffer.from(ciphertext, "base64");
        const decipher = createDecipheriv("aes-256-gcm", material.dataKey, bytes.subarray(0, IV_BYTES));
        decipher.setAAD(Buffer.from(canonicalJson(context), "utf8"));
        decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
        const body = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
        return body.toString("utf8");
      }),
  };
}
