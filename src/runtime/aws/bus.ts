import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";

import { ServiceUnavailable } from "../errors";
import type { Bus } from "../ports";
import { calling } from "./failures";
import { EXCHANGE, REPEATABLE_ATTEMPTS } from "./settings";

/** EventBridge. A call may succeed and its entry fail: that is a failure too. */
export function createBus(
  busName: string,
  client: EventBridgeClient = new EventBridgeClient({ maxAttempts: REPEATABLE_ATTEMPTS, requestHandler: EXCHANGE }),
): Bus {
  return {
    async put({ source, detailType, detail }) {
      const { FailedEntryCount, Entries } = await calling(() =>
        client.send(
          new PutEventsCommand({
            Entries: [
              { EventBusName: busName, Source: source, DetailType: detailType, Detail: JSON.stringify(detail) },
            ],
          }),
        ),
      );
      if (FailedEntryCount !== 0) {
        throw new ServiceUnavailable(`the bus did not take the event: ${Entries?.[0]?.ErrorCode ?? "no code"}`);
      }
    },
  };
}
