import {
  DecryptCommand,
  EncryptCommand,
  GenerateMacCommand,
  KMSClient,
  KMSInvalidMacException,
  VerifyMacCommand,
} from "@aws-sdk/client-kms";

import type { Keys } from "../ports";
import { calling, translated } from "./failures";
import { EXCHANGE, REPEATABLE_ATTEMPTS } from "./settings";

const MAC_ALGORITHM = "HMAC_SHA_256";

/** The keys that a function may use, by ARN. */
export interface KeyArns {
  readonly digestKeyArn?: string;
  readonly dataKeyArn?: string;
}

/** KMS. What a role may do with which key is the key policy's and the role's business. */
export function createKeys(
  arns: KeyArns,
  client: KMSClient = new KMSClient({ maxAttempts: REPEATABLE_ATTEMPTS, requestHandler: EXCHANGE }),
): Keys {
  const required = (name: keyof KeyArns): string => {
    const arn = arns[name];
    if (arn === undefined) throw new TypeError(`the function has no ${name}`);
    return arn;
  };
  return {
    async generateMac(message) {
      const { Mac } = await calling(() =>
        client.send(
          new GenerateMacCommand({
            KeyId: required("digestKeyArn"),
            MacAlgorithm: MAC_ALGORITHM,
            Message: Buffer.from(message, "utf8"),
          }),
        ),
      );
      return Buffer.from(answered(Mac)).toString("hex");
    },

    async verifyMac(message, mac) {
      try {
        const { MacValid } = await client.send(
          new VerifyMacCommand({
            KeyId: required("digestKeyArn"),
            MacAlgorithm: MAC_ALGORITHM,
            Message: Buffer.from(message, "utf8"),
            Mac: Buffer.from(mac, "hex"),
          }),
        );
        return MacValid === true;
      } catch (error) {
        if (error instanceof KMSInvalidMacException) return false;
        throw translated(error);
      }
    },

    async encrypt(plaintext, context) {
      const { CiphertextBlob } = await calling(() =>
        client.send(
          new EncryptCommand({
            KeyId: required("dataKeyArn"),
            Plaintext: Buffer.from(plaintext, "utf8"),
            EncryptionContext: { ...context },
          }),
        ),
      );
      return Buffer.from(answered(CiphertextBlob)).toString("base64");
    },

    async decrypt(ciphertext, context) {
      const { Plaintext } = await calling(() =>
        client.send(
          new DecryptCommand({
            KeyId: required("dataKeyArn"),
            CiphertextBlob: Buffer.from(ciphertext, "base64"),
            EncryptionContext: { ...context },
          }),
        ),
      );
      return Buffer.from(answered(Plaintext)).toString("utf8");
    },
  };
}

function answered(bytes: Uint8Array | undefined): Uint8Array {
  if (bytes === undefined) throw new TypeError("KMS answered without content");
  return bytes;
}
