import { createSignedHttp } from "../../../src/runtime/aws/signed-http";
import { signatureProblem } from "../../../src/local/aws/signature";
import { assumeRoleInput } from "../../../src/local/aws/sts";
import { AwsError, type AwsCall } from "../../../src/local/aws/wire";

const CREDENTIALS = { accessKeyId: "ASIAEXAMPLE", secretAccessKey: "secret", sessionToken: "token" };
const HOST = "abcdefghij.execute-api.eu-west-1.amazonaws.com";

/** A request as the real connector signs it, as it arrives. */
async function signed(change: Partial<AwsCall> = {}): Promise<AwsCall> {
  let sent: { url: string; headers: Record<string, string>; body: string } | undefined;
  const http = createSignedHttp(((url: string, init: { headers: Record<string, string>; body: string }) => {
    sent = { url, headers: init.headers, body: init.body };
    return Promise.resolve(new Response("{}"));
  }) as typeof fetch);
  await http.send({
    method: "PATCH",
    url: `https://${HOST}/live/grants/g-1/fields/work_email`,
    body: JSON.stringify({ value: "a@example.com" }),
    credentials: CREDENTIALS,
    region: "eu-west-1",
    timeoutMs: 1_000,
  });
  const { pathname } = new URL(sent!.url);
  return {
    service: "execute-api",
    action: "",
    method: "PATCH",
    url: pathname,
    path: pathname,
    headers: sent!.headers,
    body: Buffer.from(sent!.body),
    ...change,
  };
}

describe("signatures at the local AWS", () => {
  test("hold for what the connector signs", async () => {
    expect(await signatureProblem(await signed(), HOST, CREDENTIALS)).toBeUndefined();
  });

  test.each([
    ["another body", { body: Buffer.from("{}") }],
    ["another method", { method: "PUT" }],
    ["another path", { url: "/live/grants/g-1/fields/base_salary" }],
  ])("fail for %s", async (_name, change) => {
    expect(await signatureProblem(await signed(change), HOST, CREDENTIALS)).toBe("the signature does not match");
  });

  test("fail for another host, another secret, another token, an old date, none", async () => {
    const call = await signed();
    expect(await signatureProblem(call, `x${HOST}`, CREDENTIALS)).toBe("the signature does not match");
    expect(await signatureProblem(call, HOST, { ...CREDENTIALS, secretAccessKey: "guessed" })).toBe(
      "the signature does not match",
    );
    expect(await signatureProblem(call, HOST, { ...CREDENTIALS, sessionToken: "other" })).toBe(
      "the security token is invalid",
    );
    const old = { ...call, headers: { ...call.headers, "x-amz-date": "20200101T000000Z" } };
    expect(await signatureProblem(old, HOST, CREDENTIALS)).toBe("the signature has expired");
    const none = { ...call, headers: {} };
    expect(await signatureProblem(none, HOST, CREDENTIALS)).toBe("the request is not signed");
  });
});

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return (error as AwsError).code;
  }
}

describe("AssumeRole at the local AWS", () => {
  const call = (parameters: Record<string, string>): AwsCall => ({
    service: "sts",
    action: "AssumeRole",
    method: "POST",
    url: "/",
    path: "/",
    headers: {},
    body: Buffer.from(
      new URLSearchParams({ RoleSessionName: "g-1", RoleArn: "arn", DurationSeconds: "900", ...parameters }).toString(),
    ),
  });

  test("reads tags, source identity and policy", () => {
    const input = assumeRoleInput(
      call({ "Tags.member.1.Key": "grantId", "Tags.member.1.Value": "g-1", SourceIdentity: "g-1", Policy: "{}" }),
    );
    expect(input).toMatchObject({
      tags: { grantId: "g-1" },
      sourceIdentity: "g-1",
      policy: "{}",
      durationSeconds: 900,
    });
  });

  test.each([
    ["a policy of 2,049 characters", { Policy: "x".repeat(2_049) }],
    ["a duration under 900 seconds", { DurationSeconds: "899" }],
    ["a chained session of more than an hour", { DurationSeconds: "3601" }],
    ["a session name that is none", { RoleSessionName: "a/b" }],
  ])("fails for %s, as STS does", (_name, parameters) => {
    expect(() => assumeRoleInput(call(parameters))).toThrow(AwsError);
    expect(codeOf(() => assumeRoleInput(call(parameters)))).toBe("ValidationError");
  });
});
