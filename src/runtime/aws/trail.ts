import { Sha256 } from "@aws-crypto/sha256-js";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";
import * as z from "zod";

import { formatInstant } from "../../core";
import { AccessDenied, ServiceUnavailable } from "../errors";
import type { RecordedSession, SessionCredentials, SessionTrail } from "../ports";

/** Where CloudTrail is asked, and as whom. */
export interface TrailOptions {
  readonly region: string;
  /** Base URL of the service. @default - the Region's own */
  readonly endpoint?: string;
  readonly credentials: () => SessionCredentials;
  readonly send?: typeof fetch;
  readonly sleep?: (ms: number) => Promise<void>;
}

const TARGET = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";

/**
 * Two requests in a second and 50 events at once is all that CloudTrail gives an account and Region.
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html (read 2026-11-28)
 */
const GAP_MS = 600;
const MOST_EVENTS = 50;

/** Attempts of one request, and the wait before the next, which doubles. */
const ATTEMPTS = 4;
const WAIT_MS = 1_000;
const TIMEOUT_MS = 10_000;

const answerSchema = z.object({
  Events: z
    .array(z.object({ EventId: z.string(), EventTime: z.number(), CloudTrailEvent: z.string() }))
    .default(() => []),
  NextToken: z.string().optional(),
});

/** The parts of an `AssumeRole` record that matter here. */
const recordSchema = z.object({
  eventName: z.string(),
  errorCode: z.string().optional(),
  requestParameters: z.object({ roleArn: z.string(), roleSessionName: z.string() }).nullish(),
  userIdentity: z.object({ arn: z.string().optional() }).optional(),
});

/**
 * CloudTrail's event history, which every account has, with or without a trail. Sessions are found by the role that they are of, so that a busy
 * account's other calls are not read. One signed request of the JSON protocol: a client of its own would be a library for a single call.
 */
export function createSessionTrail(connectorRoleArn: string, options: TrailOptions): SessionTrail {
  const { region, credentials, send = fetch, sleep = wait } = options;
  const suffix = connectorRoleArn.startsWith("arn:aws-cn:") ? "amazonaws.com.cn" : "amazonaws.com";
  const url = new URL(options.endpoint ?? `https://cloudtrail.${region}.${suffix}`);

  const ask = async (input: object): Promise<z.infer<typeof answerSchema>> => {
    const body = JSON.stringify(input);
    for (let attempt = 1; ; attempt += 1) {
      const answer = await exchange(body);
      if (!(answer instanceof Error)) return answer;
      if (!(answer instanceof ServiceUnavailable) || attempt === ATTEMPTS) throw answer;
      await sleep(WAIT_MS * 2 ** (attempt - 1));
    }
  };

  /** One request; an error to throw, or to try again after, where it was not answered. */
  const exchange = async (body: string): Promise<z.infer<typeof answerSchema> | Error> => {
    const signer = new SignatureV4({ service: "cloudtrail", region, credentials: credentials(), sha256: Sha256 });
    const { protocol, hostname, port, host } = url;
    const signed = await signer.sign(
      new HttpRequest({
        method: "POST",
        protocol,
        hostname,
        ...(port === "" ? {} : { port: Number(port) }),
        path: "/",
        headers: { host, "content-type": "application/x-amz-json-1.1", "x-amz-target": TARGET },
        body,
      }),
    );
    // Fetch sets `host` itself, from the same URL.
    const headers = Object.fromEntries(Object.entries(signed.headers).filter(([name]) => name !== "host"));
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const init = { method: "POST", headers, body, redirect: "error", signal } as const;
    const answered = await send(new URL("/", url), init)
      .then(async (response) => ({ status: response.status, ok: response.ok, text: await response.text() }))
      .catch((cause: unknown) => new ServiceUnavailable("CloudTrail did not answer", { cause }));
    if (answered instanceof Error) return answered;
    const { status, ok, text } = answered;
    if (ok) return answerSchema.parse(JSON.parse(text));
    if (/Throttling|ServiceUnavailable/.test(text) || status >= 500) {
      return new ServiceUnavailable(`CloudTrail answered ${status}`);
    }
    return /AccessDenied/.test(text)
      ? new AccessDenied("refused: cloudtrail:LookupEvents")
      : new Error(`CloudTrail answered ${status} to LookupEvents`);
  };

  return {
    async sessions(fromMs, untilMs) {
      const sessions: RecordedSession[] = [];
      let token: string | undefined;
      do {
        const answer = await ask({
          LookupAttributes: [{ AttributeKey: "ResourceName", AttributeValue: connectorRoleArn }],
          StartTime: fromMs / 1000,
          EndTime: untilMs / 1000,
          MaxResults: MOST_EVENTS,
          ...(token === undefined ? {} : { NextToken: token }),
        });
        sessions.push(...answer.Events.flatMap((event) => sessionOf(event, connectorRoleArn)));
        token = answer.NextToken;
        if (token !== undefined) await sleep(GAP_MS);
      } while (token !== undefined);
      return sessions;
    },
  };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The session that an event tells of; nothing where none was opened. */
function sessionOf(
  event: { readonly EventId: string; readonly EventTime: number; readonly CloudTrailEvent: string },
  roleArn: string,
): RecordedSession[] {
  const record = recordSchema.parse(JSON.parse(event.CloudTrailEvent));
  const { requestParameters: asked, userIdentity } = record;
  if (!record.eventName.startsWith("AssumeRole") || record.errorCode !== undefined) return [];
  if (asked == null || asked.roleArn !== roleArn) return [];
  const by = userIdentity?.arn;
  return [
    {
      eventId: event.EventId,
      openedAt: formatInstant(event.EventTime * 1000),
      sessionName: asked.roleSessionName,
      ...(by === undefined ? {} : { openedBy: by }),
    },
  ];
}
