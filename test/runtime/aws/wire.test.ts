import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { createFunctions } from "../../../src/runtime/aws/functions";
import { createSignedHttp } from "../../../src/runtime/aws/signed-http";
import { createStore, documentClient } from "../../../src/runtime/aws/store";

/** A server on this machine that keeps what it was sent and answers as a test likes. */
let server: Server;
let endpoint: string;
let received: { readonly path: string; readonly headers: IncomingMessage["headers"]; readonly body: string }[] = [];
let answer: { readonly status: number; readonly body: string; readonly delayMs?: number };
/** Requests whose answers are lost: the connection breaks when the server has done its work. */
let lost = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({
        path: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(chunks).toString("utf8"),
      });
      if (lost > 0) {
        lost -= 1;
        request.socket.destroy();
        return;
      }
      setTimeout(() => {
        response.writeHead(answer.status, { "content-type": "application/x-amz-json-1.0", location: "/elsewhere" });
        response.end(answer.body);
      }, answer.delayMs ?? 0);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});
afterAll(
  () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => {
        resolve();
      });
    }),
);
beforeEach(() => {
  received = [];
  lost = 0;
});

const settings = () => ({
  endpoint,
  region: "eu-west-1",
  credentials: { accessKeyId: "x", secretAccessKey: "x" },
  maxAttempts: 1,
});

test("numbers come back from DynamoDB as JavaScript's, and what is undefined is not sent", async () => {
  const store = createStore({ ledger: "demo-ledger" }, documentClient(new DynamoDBClient(settings())));
  answer = { status: 200, body: "{}" };
  const item = { pk: "a", none: undefined, deep: { none: undefined, n: 1e21 } };
  await store.write([{ kind: "put", table: "ledger", item }]);
  expect(JSON.parse(received[0]!.body)).toMatchObject({
    Item: { pk: { S: "a" }, deep: { M: { n: { N: "1e+21" } } } },
  });
  expect(received[0]!.body).not.toContain("none");

  // A read never gives a bigint, which canonical JSON could not carry.
  answer = { status: 200, body: '{"Item":{"pk":{"S":"a"},"big":{"N":"12345678901234567000"},"half":{"N":"0.5"}}}' };
  expect(await store.get("ledger", { pk: "a", sk: "b" })).toEqual({ pk: "a", big: 12345678901234567000, half: 0.5 });
});

test("a cancelled transaction comes back from DynamoDB with the positions of its conditions", async () => {
  const store = createStore({ control: "demo-control" }, documentClient(new DynamoDBClient(settings())));
  answer = {
    status: 400,
    body: JSON.stringify({
      __type: "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
      Message: "cancelled",
      CancellationReasons: [{ Code: "None" }, { Code: "ConditionalCheckFailed", Message: "no" }],
    }),
  };
  const write = store.write([
    { kind: "put", table: "control", item: { pk: "a" } },
    { kind: "check", table: "control", key: { pk: "b" }, condition: { attribute: "pk", is: "absent" } },
  ]);
  await expect(write).rejects.toMatchObject({ name: "ConditionFailed", failed: [1] });
  const [first] = received;
  expect(JSON.parse(first!.body)).toMatchObject({
    ClientRequestToken: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
  });
});

test("the answer of a conditional write is lost, and the client asks again under the same token", async () => {
  const store = createStore(
    { ledger: "demo-ledger" },
    documentClient(new DynamoDBClient({ ...settings(), maxAttempts: 3 })),
  );
  answer = { status: 200, body: "{}" };
  lost = 1;
  await store.write([
    { kind: "put", table: "ledger", item: { pk: "a" }, condition: { attribute: "pk", is: "absent" } },
  ]);
  const tokens = received.map(({ body }) => (JSON.parse(body) as { ClientRequestToken?: string }).ClientRequestToken);
  expect(tokens).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), tokens[0]]);
});

test("two transactions without a token have two tokens", async () => {
  const store = createStore({ control: "demo-control" }, documentClient(new DynamoDBClient(settings())));
  answer = { status: 200, body: "{}" };
  const check = {
    kind: "check",
    table: "control",
    key: { pk: "b" },
    condition: { attribute: "pk", is: "absent" },
  } as const;
  await Promise.all([store.write([check]), store.write([check])]);
  const tokens = received.map(({ body }) => (JSON.parse(body) as { ClientRequestToken: string }).ClientRequestToken);
  expect(new Set(tokens).size).toBe(2);
});

test("a connector is not invoked again after a failure of the service, nor after its time", async () => {
  const functions = createFunctions(new LambdaClient(settings()));
  answer = { status: 503, body: "{}" };
  await expect(functions.invoke("demo-connector", { value: "v" }, 2_000)).rejects.toMatchObject({
    name: "ServiceUnavailable",
  });
  expect(received).toHaveLength(1);
  answer = { status: 200, body: "{}", delayMs: 500 };
  await expect(functions.invoke("demo-connector", { value: "v" }, 50)).rejects.toMatchObject({
    name: "ServiceUnavailable",
  });
  expect(received).toHaveLength(2);
});

test("a signed request arrives with the host that was signed, and a redirect is not followed", async () => {
  answer = { status: 307, body: "{}" };
  const reply = await createSignedHttp().send({
    method: "PATCH",
    url: `${endpoint}/live/grants/g-1/fields/work_email`,
    body: '{"value":"v"}',
    credentials: { accessKeyId: "ASIAEXAMPLE", secretAccessKey: "s", sessionToken: "t" },
    region: "eu-west-1",
    timeoutMs: 2_000,
  });
  expect(reply.status).toBe(307);
  expect(received).toHaveLength(1);
  expect(received[0]).toMatchObject({
    path: "/live/grants/g-1/fields/work_email",
    body: '{"value":"v"}',
    headers: { host: endpoint.slice("http://".length), "x-amz-security-token": "t" },
  });
  expect(received[0]!.headers.authorization).toContain("SignedHeaders=content-type;host;");
});
