import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

import { calling } from "./failures";
import { EXCHANGE, REPEATABLE_ATTEMPTS } from "./settings";

/** How long a secret's text is kept, in milliseconds: a rotation shows within it, or at once after a 401. */
const KEEP_MS = 300_000;

/** Reads a secret's text by its ARN; `fresh` skips what was kept. */
export type ReadSecret = (secretArn: string, fresh: boolean) => Promise<string>;

/** Secrets Manager, each secret kept for five minutes in this process. Parallel readers share one call. */
export function createSecrets(
  client: SecretsManagerClient = new SecretsManagerClient({
    maxAttempts: REPEATABLE_ATTEMPTS,
    requestHandler: EXCHANGE,
  }),
  now: () => number = Date.now,
): ReadSecret {
  const kept = new Map<string, { readonly text: Promise<string>; readonly untilMs: number }>();
  const read = async (secretArn: string): Promise<string> => {
    const { SecretString } = await calling(() => client.send(new GetSecretValueCommand({ SecretId: secretArn })));
    if (SecretString === undefined) throw new TypeError("the secret is not a text");
    return SecretString;
  };
  return async (secretArn, fresh) => {
    const known = kept.get(secretArn);
    if (known !== undefined && !fresh && now() < known.untilMs) return known.text;
    const text = read(secretArn);
    kept.set(secretArn, { text, untilMs: now() + KEEP_MS });
    try {
      return await text;
    } catch (error) {
      // A failure is not kept; what another reader put there meanwhile is.
      if (kept.get(secretArn)?.text === text) kept.delete(secretArn);
      throw error;
    }
  };
}
