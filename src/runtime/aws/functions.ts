import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";

import type { Functions } from "../ports";
import { calling } from "./failures";
import { EXCHANGE, ONCE } from "./settings";

/** A function that was invoked and failed. Its error's text is not taken over: it may hold anything of the payload. */
export class FunctionFailed extends Error {
  override readonly name = "FunctionFailed";
}

/** Lambda, each function invoked once: a repeat could be a second use of what the payload carries. */
export function createFunctions(
  client: LambdaClient = new LambdaClient({
    maxAttempts: ONCE,
    // The deadline of a call is its own `timeoutMs`.
    requestHandler: { connectionTimeout: EXCHANGE.connectionTimeout, requestTimeout: 0 },
  }),
): Functions {
  return {
    async invoke(functionName, payload, timeoutMs) {
      const { FunctionError, Payload } = await calling(() =>
        client.send(
          new InvokeCommand({
            FunctionName: functionName,
            InvocationType: "RequestResponse",
            Payload: Buffer.from(JSON.stringify(payload), "utf8"),
          }),
          { abortSignal: AbortSignal.timeout(timeoutMs) },
        ),
      );
      if (FunctionError !== undefined) throw new FunctionFailed(`the function failed: ${FunctionError}`);
      const text = Payload === undefined ? "" : Buffer.from(Payload).toString("utf8");
      try {
        return text === "" ? undefined : (JSON.parse(text) as unknown);
      } catch {
        throw new FunctionFailed("the function's reply is not JSON");
      }
    },
  };
}
