import { readFileSync } from "node:fs";
import { join } from "node:path";

import { createSessionTrail } from "../../../src/runtime/aws/trail";

const ROLE = "arn:aws:iam::111122223333:role/acme-writeback-connector";
const FROM = Date.parse("2026-11-24T06:00:00Z");

interface Sent {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly input: Readonly<Record<string, unknown>>;
}

/** CloudTrail as a list of answers. */
function trailOf(answers: readonly { readonly status?: number; readonly body: unknown }[]) {
  const sent: Sent[] = [];
  const waits: number[] = [];
  const rest = [...answers];
  const send = ((url: URL, init: { headers: Record<string, string>; body: string }) => {
    sent.push({ url: String(url), headers: init.headers, input: JSON.parse(init.body) as Sent["input"] });
    const { status = 200, body } = rest.shift() ?? { body: {} };
    return Promise.resolve(new Response(JSON.stringify(body), { status }));
  }) as unknown as typeof fetch;
  const trail = createSessionTrail(ROLE, {
    region: "eu-west-1",
    credentials: () => ({ accessKeyId: "AKIA", secretAccessKey: "secret", sessionToken: "token" }),
    send,
    sleep: (ms) => {
      waits.push(ms);
      return Promise.resolve();
    },
  });
  return { trail, sent, waits };
}

/** A recorded event, as LookupEvents answers it. */
function eventOf(name: string, change: object = {}): object {
  const file = join(__dirname, "../../cases/cloudtrail/records", `${name}.json`);
  const record = { ...(JSON.parse(readFileSync(file, "utf8")) as Record<string, string>), ...change };
  return {
    EventId: record["eventID"],
    EventName: record["eventName"],
    EventTime: Date.parse(record["eventTime"] ?? "") / 1000,
    CloudTrailEvent: JSON.stringify(record),
  };
}

test("sessions are found by the role that they are of, page by page, at CloudTrail's pace", async () => {
  const { trail, sent, waits } = trailOf([
    { body: { Events: [eventOf("sts-assume-connector")], NextToken: "more" } },
    { body: { Events: [eventOf("sts-assume-connector", { eventID: "second" })] } },
  ]);
  expect(await trail.sessions(FROM, FROM + 3_600_000)).toEqual([
    {
      eventId: "0c9b8a76-5d4e-4f3a-8b2c-1d0e9f8a7b6c",
      openedAt: "2026-11-24T09:12:44.000Z",
      sessionName: "g-01JDEXAMPLE0000000000000A",
      openedBy: "arn:aws:sts::111122223333:assumed-role/acme-writeback-broker/acme-writeback-broker",
    },
    expect.objectContaining({ eventId: "second" }),
  ]);
  expect(sent[0]?.url).toBe("https://cloudtrail.eu-west-1.amazonaws.com/");
  expect(sent[0]?.headers["x-amz-target"]).toMatch(/\.LookupEvents$/);
  expect(sent[0]?.headers["authorization"]).toMatch(/Credential=AKIA\/\d{8}\/eu-west-1\/cloudtrail\/aws4_request/);
  expect(sent.map(({ input }) => input)).toEqual([
    {
      LookupAttributes: [{ AttributeKey: "ResourceName", AttributeValue: ROLE }],
      StartTime: FROM / 1000,
      EndTime: FROM / 1000 + 3_600,
      MaxResults: 50,
    },
    expect.objectContaining({ NextToken: "more" }),
  ]);
  expect(waits).toEqual([600]);
});

test("a refused call opened no session, nor did a call about the role that is none of STS's", async () => {
  const refused = eventOf("sts-assume-refused");
  const ofAnother = eventOf("sts-assume-connector", {
    requestParameters: { roleArn: `${ROLE}-2`, roleSessionName: "x" },
  });
  const read = eventOf("sts-assume-connector", { eventName: "GetRole" });
  const { trail } = trailOf([{ body: { Events: [refused, ofAnother, read] } }]);
  expect(await trail.sessions(FROM, FROM + 1)).toEqual([]);
});

test("what is too much is asked again after a wait, four times in all", async () => {
  const throttled = { status: 400, body: { __type: "ThrottlingException" } };
  const { trail, waits } = trailOf([throttled, throttled, { body: { Events: [] } }]);
  expect(await trail.sessions(FROM, FROM + 1)).toEqual([]);
  expect(waits).toEqual([1_000, 2_000]);
  const worn = trailOf([throttled, throttled, throttled, throttled]);
  await expect(worn.trail.sessions(FROM, FROM + 1)).rejects.toMatchObject({ name: "ServiceUnavailable" });
});

test("a refusal, and an answer that is none, are errors and never `no sessions`", async () => {
  const refused = trailOf([{ status: 400, body: { __type: "AccessDeniedException" } }]);
  await expect(refused.trail.sessions(FROM, FROM + 1)).rejects.toMatchObject({ name: "AccessDenied" });
  const strange = trailOf([{ status: 400, body: { __type: "InvalidTimeRangeException" } }]);
  await expect(strange.trail.sessions(FROM, FROM + 1)).rejects.toThrow("400");
  const odd = trailOf([{ body: { Events: [{ EventId: "x" }] } }]);
  await expect(odd.trail.sessions(FROM, FROM + 1)).rejects.toThrow("EventTime");
});
