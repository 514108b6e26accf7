import { createHash } from "node:crypto";

import { createObjects } from "../../../src/runtime/aws/objects";
import { AccessDenied, ServiceUnavailable } from "../../../src/runtime/errors";

interface Sent {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Objects over answers that a test gives, in order. */
function objects(answers: readonly (Response | Error)[], endpoint?: string) {
  const sent: Sent[] = [];
  const send = ((url: string, init: Omit<Sent, "url">) => {
    sent.push({ ...init, url });
    const answer = answers[Math.min(sent.length, answers.length) - 1];
    return answer instanceof Response
      ? Promise.resolve(answer.clone())
      : Promise.reject(answer ?? new Error("no answer"));
  }) as unknown as typeof fetch;
  const made = createObjects({
    url: "https://b-audit-1.s3.eu-west-1.amazonaws.com/evidence/v1",
    region: "eu-west-1",
    credentials: () => Promise.resolve({ accessKeyId: "AKIA", secretAccessKey: "s", sessionToken: "t" }),
    ...(endpoint === undefined ? {} : { endpoint }),
    send,
  });
  return { made, sent };
}

const xml = (status: number, body: string) => new Response(body, { status });
const refused = (status: number, code: string) => xml(status, `<Error><Code>${code}</Code></Error>`);

describe("objects of a bucket", () => {
  test("are put only where nothing is, signed, with a checksum that a locked bucket demands", async () => {
    const { made, sent } = objects([xml(200, "")]);
    expect(await made.putIfAbsent("0001.jsonl", "körper")).toBe("kept");
    const [put] = sent;
    expect(put).toMatchObject({
      url: "https://b-audit-1.s3.eu-west-1.amazonaws.com/evidence/v1/0001.jsonl",
      method: "PUT",
      body: "körper",
      redirect: "manual",
    });
    const sha = createHash("sha256").update("körper");
    expect(put?.headers).toMatchObject({
      "if-none-match": "*",
      "x-amz-checksum-sha256": sha.copy().digest("base64"),
      "x-amz-content-sha256": sha.copy().digest("hex"),
      "x-amz-security-token": "t",
    });
    expect(put?.headers["authorization"]).toMatch(
      /Credential=AKIA\/\d{8}\/eu-west-1\/s3\/aws4_request, SignedHeaders=[^,]*if-none-match[^,]*x-amz-checksum-sha256/,
    );
  });

  test("that are there already are told, not replaced", async () => {
    const { made } = objects([refused(412, "PreconditionFailed")]);
    expect(await made.putIfAbsent("0001.jsonl", "x")).toBe("exists");
  });

  test("are tried again where two puts met, or S3 could not answer", async () => {
    const { made, sent } = objects([
      refused(409, "ConditionalRequestConflict"),
      refused(503, "SlowDown"),
      xml(200, ""),
    ]);
    expect(await made.putIfAbsent("0001.jsonl", "x")).toBe("kept");
    expect(sent).toHaveLength(3);
  });

  test.each([
    ["a refusal", refused(403, "AccessDenied"), AccessDenied],
    ["too much", refused(503, "SlowDown"), ServiceUnavailable],
    ["a connection that broke", new Error("ECONNRESET"), ServiceUnavailable],
    ["anything else", refused(400, "InvalidRequest"), Error],
  ])("fail for %s under the name that handlers know", async (_what, answer, type) => {
    await expect(objects([answer]).made.putIfAbsent("0001.jsonl", "x")).rejects.toBeInstanceOf(type);
    await expect(objects([answer]).made.get("0001.jsonl")).rejects.toBeInstanceOf(type);
  });

  test("are listed page by page, by the rest of their names, and read as they come", async () => {
    const page = (key: string, rest: string) =>
      xml(200, `<ListBucketResult><Contents><Key>evidence/v1/${key}</Key></Contents>${rest}</ListBucketResult>`);
    const { made, sent } = objects([
      page("1&amp;", "<IsTruncated>true</IsTruncated><NextContinuationToken>a+b/=</NextContinuationToken>"),
      page("2", "<IsTruncated>false</IsTruncated>"),
    ]);
    const names: string[] = [];
    for await (const name of made.list()) names.push(name);
    expect(names).toEqual(["1&", "2"]);
    const asked = new URL(sent[1]?.url ?? "");
    expect([asked.pathname, asked.searchParams.get("prefix"), asked.searchParams.get("continuation-token")]).toEqual([
      "/",
      "evidence/v1/",
      "a+b/=",
    ]);
    const pieces: string[] = [];
    for await (const piece of objects([xml(200, "all of it")]).made.open("1"))
      pieces.push(Buffer.from(piece).toString());
    expect(pieces.join("")).toBe("all of it");
  });

  test("are found behind an endpoint in S3's place with the bucket in the path", async () => {
    const { made, sent } = objects([xml(200, "")], "http://127.0.0.1:9000");
    await made.putIfAbsent("0001.jsonl", "x");
    await made.get("0001.jsonl");
    for await (const name of made.list()) expect(name).toBe("never");
    expect(sent.map(({ url }) => url.split("?")[0])).toEqual([
      "http://127.0.0.1:9000/b-audit-1/evidence/v1/0001.jsonl",
      "http://127.0.0.1:9000/b-audit-1/evidence/v1/0001.jsonl",
      "http://127.0.0.1:9000/b-audit-1/",
    ]);
  });
});
