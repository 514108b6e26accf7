import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";

import type { Sts } from "../ports";
import { calling } from "./failures";
import { EXCHANGE, REPEATABLE_ATTEMPTS } from "./settings";

/** STS of the function's own region. A repeat mints another session for the same one request, so it is harmless. */
export function createSts(
  client: STSClient = new STSClient({ maxAttempts: REPEATABLE_ATTEMPTS, requestHandler: EXCHANGE }),
): Sts {
  return {
    async assumeConnectorRole({ roleArn, sessionName, tags, policy, durationSeconds }) {
      const { Credentials } = await calling(() =>
        client.send(
          new AssumeRoleCommand({
            RoleArn: roleArn,
            RoleSessionName: sessionName,
            SourceIdentity: sessionName,
            Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
            Policy: policy,
            DurationSeconds: durationSeconds,
          }),
        ),
      );
      const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials ?? {};
      if (AccessKeyId === undefined || SecretAccessKey === undefined || SessionToken === undefined) {
        throw new TypeError("STS answered without credentials");
      }
      return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
    },
  };
}
