import { jsonAnswer, jsonOf, textOf, type AwsAnswer, type AwsCall } from "./wire";

/** A session that STS opened. */
export interface OpenedSession {
  readonly atMs: number;
  readonly callerArn: string;
  readonly roleArn: string;
  readonly sessionName: string;
}

/** CloudTrail's event history of this machine: the sessions that STS opened, found by the role that they are of. */
export class EventHistory {
  readonly #events: (OpenedSession & { readonly id: string })[] = [];

  record(session: OpenedSession): void {
    this.#events.push({ ...session, id: `event-${this.#events.length + 1}` });
  }

  /** Answers `LookupEvents`, all events at once; leaves every other call alone. */
  handle(call: AwsCall): AwsAnswer | undefined {
    if (call.service !== "cloudtrail" || call.action !== "LookupEvents") return undefined;
    const { StartTime: from, EndTime: until, LookupAttributes: attributes } = jsonOf(call.body);
    const names = (Array.isArray(attributes) ? attributes : []).flatMap((each: Readonly<Record<string, unknown>>) =>
      each["AttributeKey"] === "ResourceName" ? [textOf(each["AttributeValue"])] : [],
    );
    const found = this.#events.filter(
      ({ atMs, roleArn }) =>
        atMs / 1000 >= Number(from) && atMs / 1000 <= Number(until) && names.every((name) => name === roleArn),
    );
    return jsonAnswer({ Events: found.map(eventOf) });
  }
}

function eventOf({ id, atMs, callerArn, roleArn, sessionName }: OpenedSession & { readonly id: string }): object {
  const record = {
    eventID: id,
    eventName: "AssumeRole",
    eventSource: "sts.amazonaws.com",
    eventTime: new Date(atMs).toISOString(),
    userIdentity: { type: "AssumedRole", arn: callerArn },
    requestParameters: { roleArn, roleSessionName: sessionName },
    resources: [{ type: "AWS::IAM::Role", ARN: roleArn }],
  };
  return { EventId: id, EventName: "AssumeRole", EventTime: atMs / 1000, CloudTrailEvent: JSON.stringify(record) };
}
