import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";

import type { Topics } from "../ports";
import { calling } from "./failures";
import { EXCHANGE, REPEATABLE_ATTEMPTS } from "./settings";

/** SNS topics, one for each group. A repeat after a lost answer may send a message twice; it says the same. */
export function createTopics(
  client: SNSClient = new SNSClient({ maxAttempts: REPEATABLE_ATTEMPTS, requestHandler: EXCHANGE }),
): Topics {
  return {
    async publish(topicArn, { subject, text, attributes }) {
      const MessageAttributes = Object.fromEntries(
        Object.entries(attributes).map(([name, value]) => [name, { DataType: "String", StringValue: value }]),
      );
      await calling(() =>
        client.send(new PublishCommand({ TopicArn: topicArn, Subject: subject, Message: text, MessageAttributes })),
      );
    },
  };
}
