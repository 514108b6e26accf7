import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import {
  DecryptCommand,
  EncryptCommand,
  GenerateMacCommand,
  KMSClient,
  KMSInvalidMacException,
  VerifyMacCommand,
} from "@aws-sdk/client-kms";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import {
  DescribeExecutionCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { mockClient } from "aws-sdk-client-mock";

import { createBus } from "../../../src/runtime/aws/bus";
import { createFunctions } from "../../../src/runtime/aws/functions";
import { createKeys } from "../../../src/runtime/aws/keys";
import { createLog } from "../../../src/runtime/aws/log";
import { createSecrets } from "../../../src/runtime/aws/secrets";
import { createSignedHttp } from "../../../src/runtime/aws/signed-http";
import { createSts } from "../../../src/runtime/aws/sts";
import { createTopics } from "../../../src/runtime/aws/topics";
import { createResumer, createStarter, createWatcher } from "../../../src/runtime/aws/workflow";
import { createHandler as createConnector } from "../../../src/runtime/handlers/connector";

const named = (name: string, more: object = {}): Error => Object.assign(new Error(name), { name, ...more });
const throttled = named("ThrottlingException");

describe("SNS", () => {
  const client = mockClient(SNSClient);
  const topics = createTopics(client as unknown as SNSClient);
  const notice = { subject: "2 changes wait", text: "look there", attributes: { kind: "new" } };
  beforeEach(() => client.reset());

  test("publishes a message with what subscriptions filter by", async () => {
    client.on(PublishCommand).resolves({ MessageId: "m" });
    await topics.publish("arn:topic", notice);
    expect(client.commandCalls(PublishCommand)[0]?.args[0].input).toEqual({
      TopicArn: "arn:topic",
      Subject: "2 changes wait",
      Message: "look there",
      MessageAttributes: { kind: { DataType: "String", StringValue: "new" } },
    });
  });

  test.each([
    ["AuthorizationErrorException", "AccessDenied"],
    ["ThrottlingException", "ServiceUnavailable"],
    ["NotFoundException", "NotFoundException"],
  ])("a failure keeps its kind: %s", async (name, kind) => {
    client.on(PublishCommand).rejects(named(name));
    await expect(topics.publish("arn:topic", notice)).rejects.toMatchObject({ name: kind });
  });
});

describe("KMS", () => {
  const client = mockClient(KMSClient);
  const keys = createKeys({ digestKeyArn: "arn:digest", dataKeyArn: "arn:data" }, client as unknown as KMSClient);
  beforeEach(() => client.reset());

  test("generates and verifies MACs with the digest key", async () => {
    client.on(GenerateMacCommand).resolves({ Mac: Buffer.from("abcd", "hex") });
    client.on(VerifyMacCommand).resolves({ MacValid: true });
    expect(await keys.generateMac("m")).toBe("abcd");
    expect(await keys.verifyMac("m", "abcd")).toBe(true);
    const message = { KeyId: "arn:digest", MacAlgorithm: "HMAC_SHA_256", Message: Buffer.from("m") };
    expect(client.commandCalls(GenerateMacCommand)[0]?.args[0].input).toEqual(message);
    expect(client.commandCalls(VerifyMacCommand)[0]?.args[0].input).toEqual({
      ...message,
      Mac: Buffer.from("abcd", "hex"),
    });
  });

  test("a MAC that does not fit is false, anything else is a failure", async () => {
    client.on(VerifyMacCommand).rejects(new KMSInvalidMacException({ message: "no", $metadata: {} }));
    expect(await keys.verifyMac("m", "00")).toBe(false);
    client.on(VerifyMacCommand).resolves({});
    expect(await keys.verifyMac("m", "00")).toBe(false);
    client.on(VerifyMacCommand).rejects(named("AccessDeniedException"));
    await expect(keys.verifyMac("m", "00")).rejects.toMatchObject({ name: "AccessDenied" });
    client.on(VerifyMacCommand).rejects(named("KMSInternalException"));
    await expect(keys.verifyMac("m", "00")).rejects.toMatchObject({ name: "ServiceUnavailable" });
  });

  test("encrypts and decrypts with the data key, under a context", async () => {
    client.on(EncryptCommand).resolves({ CiphertextBlob: Buffer.from("cipher") });
    client.on(DecryptCommand).resolves({ Plaintext: Buffer.from("plain") });
    const text = await keys.encrypt("plain", { purpose: "task-token" });
    expect(await keys.decrypt(text, { purpose: "task-token" })).toBe("plain");
    expect(client.commandCalls(DecryptCommand)[0]?.args[0].input).toEqual({
      KeyId: "arn:data",
      CiphertextBlob: Buffer.from("cipher"),
      EncryptionContext: { purpose: "task-token" },
    });
  });

  test("fails for a key that the function has not", async () => {
    const without = createKeys({}, client as unknown as KMSClient);
    await expect(without.generateMac("m")).rejects.toThrow(TypeError);
  });
});

describe("STS", () => {
  const client = mockClient(STSClient);
  const sts = createSts(client as unknown as STSClient);
  const request = {
    roleArn: "arn:aws:iam::111122223333:role/demo-connector",
    sessionName: "g-1",
    tags: { grantId: "g-1", field: "work_email" },
    policy: "{}",
    durationSeconds: 900,
  };
  beforeEach(() => client.reset());

  test("assumes the role under one name: session, source identity, tags", async () => {
    const Credentials = { AccessKeyId: "a", SecretAccessKey: "s", SessionToken: "t", Expiration: new Date(0) };
    client.on(AssumeRoleCommand).resolves({ Credentials });
    expect(await sts.assumeConnectorRole(request)).toEqual({
      accessKeyId: "a",
      secretAccessKey: "s",
      sessionToken: "t",
    });
    expect(client.commandCalls(AssumeRoleCommand)[0]?.args[0].input).toEqual({
      RoleArn: request.roleArn,
      RoleSessionName: "g-1",
      SourceIdentity: "g-1",
      Tags: [
        { Key: "grantId", Value: "g-1" },
        { Key: "field", Value: "work_email" },
      ],
      Policy: "{}",
      DurationSeconds: 900,
    });
  });

  test("fails for a refusal and for an answer without credentials", async () => {
    client.on(AssumeRoleCommand).rejects(named("AccessDenied"));
    await expect(sts.assumeConnectorRole(request)).rejects.toMatchObject({ name: "AccessDenied" });
    client.on(AssumeRoleCommand).resolves({});
    await expect(sts.assumeConnectorRole(request)).rejects.toThrow(TypeError);
  });
});

describe("Step Functions", () => {
  const client = mockClient(SFNClient);
  beforeEach(() => client.reset());

  test("an execution that exists is a success of its own kind", async () => {
    const starter = createStarter("arn:machine", client as unknown as SFNClient);
    client.on(StartExecutionCommand).resolvesOnce({}).rejects(named("ExecutionAlreadyExists"));
    expect(await starter.start("r-1", { version: 1 })).toBe("started");
    expect(await starter.start("r-1", { version: 1 })).toBe("already-exists");
    expect(client.commandCalls(StartExecutionCommand)[0]?.args[0].input).toEqual({
      stateMachineArn: "arn:machine",
      name: "r-1",
      input: '{"version":1}',
    });
    client.on(StartExecutionCommand).rejects(throttled);
    await expect(starter.start("r-1", {})).rejects.toMatchObject({ name: "ServiceUnavailable" });
  });

  test.each([
    ["RUNNING", "running"],
    ["PENDING_REDRIVE", "running"],
    ["SUCCEEDED", "ended"],
    ["FAILED", "ended"],
    ["TIMED_OUT", "stopped"],
    ["ABORTED", "stopped"],
  ] as const)("an execution that is %s is %s", async (status, expected) => {
    const watcher = createWatcher(
      "arn:aws:states:eu-west-1:111122223333:stateMachine:demo-workflow",
      client as unknown as SFNClient,
    );
    client.on(DescribeExecutionCommand).resolves({ status });
    expect(await watcher.status("r-1")).toBe(expected);
    expect(client.commandCalls(DescribeExecutionCommand)[0]?.args[0].input).toEqual({
      executionArn: "arn:aws:states:eu-west-1:111122223333:execution:demo-workflow:r-1",
      includedData: "METADATA_ONLY",
    });
  });

  test("an execution that the service does not know is unknown, and a failure is none", async () => {
    const watcher = createWatcher("arn:machine", client as unknown as SFNClient);
    client.on(DescribeExecutionCommand).rejects(named("ExecutionDoesNotExist"));
    expect(await watcher.status("r-1")).toBe("unknown");
    client.on(DescribeExecutionCommand).rejects(throttled);
    await expect(watcher.status("r-1")).rejects.toMatchObject({ name: "ServiceUnavailable" });
    client.on(DescribeExecutionCommand).rejects(named("AccessDeniedException"));
    await expect(watcher.status("r-1")).rejects.toMatchObject({ name: "AccessDenied" });
  });

  test.each(["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])("a wait that ended by %s is gone", async (name) => {
    client.on(SendTaskSuccessCommand).rejects(named(name));
    expect(await createResumer(client as unknown as SFNClient).sendTaskSuccess("t", {})).toBe("gone");
  });

  test("a wait is ended with the output, and a refusal is none", async () => {
    const resumer = createResumer(client as unknown as SFNClient);
    client.on(SendTaskSuccessCommand).resolves({});
    expect(await resumer.sendTaskSuccess("t", { version: 1 })).toBe("sent");
    expect(client.commandCalls(SendTaskSuccessCommand)[0]?.args[0].input).toEqual({
      taskToken: "t",
      output: '{"version":1}',
    });
    client.on(SendTaskSuccessCommand).rejects(named("AccessDeniedException"));
    await expect(resumer.sendTaskSuccess("t", {})).rejects.toMatchObject({ name: "AccessDenied" });
  });
});

describe("Lambda", () => {
  const client = mockClient(LambdaClient);
  const functions = createFunctions(client as unknown as LambdaClient);
  const reply = (text: string) => Buffer.from(text) as never;
  beforeEach(() => client.reset());

  test("invokes a function and waits for its reply", async () => {
    client.on(InvokeCommand).resolves({ Payload: reply('{"status":200}') });
    expect(await functions.invoke("demo-connector", { value: 1 }, 1_000)).toEqual({ status: 200 });
    expect(client.commandCalls(InvokeCommand)[0]?.args[0].input).toEqual({
      FunctionName: "demo-connector",
      InvocationType: "RequestResponse",
      Payload: Buffer.from('{"value":1}'),
    });
  });

  test("fails for a function that failed, and takes nothing of its words over", async () => {
    client.on(InvokeCommand).resolves({ FunctionError: "Unhandled", Payload: reply('{"errorMessage":"secret"}') });
    const failure: unknown = await functions.invoke("f", {}, 1_000).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: "FunctionFailed" });
    expect(String(failure)).not.toContain("secret");
    client.on(InvokeCommand).resolves({ Payload: reply("no json: secret") });
    const other: unknown = await functions.invoke("f", {}, 1_000).catch((error: unknown) => error);
    expect(other).toMatchObject({ name: "FunctionFailed" });
    expect(String(other)).not.toContain("secret");
  });

  test("the client made by default is never tried twice", async () => {
    const made = mockClient(LambdaClient);
    made.on(InvokeCommand).callsFake(async (_input, getClient: () => LambdaClient) => {
      expect(await getClient().config.maxAttempts()).toBe(1);
      return {};
    });
    await createFunctions().invoke("f", {}, 1_000);
    expect(made.commandCalls(InvokeCommand)).toHaveLength(1);
  });
});

describe("EventBridge", () => {
  const client = mockClient(EventBridgeClient);
  const bus = createBus("demo-lifecycle", client as unknown as EventBridgeClient);

  test("puts an event, and fails where the bus did not take it although the call succeeded", async () => {
    client
      .on(PutEventsCommand)
      .resolvesOnce({ FailedEntryCount: 0 })
      .resolvesOnce({ FailedEntryCount: 1, Entries: [{ ErrorCode: "InternalFailure" }] });
    const event = { source: "hris-writeback", detailType: "writeback.outcome", detail: { outcome: "applied" } };
    await bus.put(event);
    expect(client.commandCalls(PutEventsCommand)[0]?.args[0].input).toEqual({
      Entries: [
        {
          EventBusName: "demo-lifecycle",
          Source: "hris-writeback",
          DetailType: "writeback.outcome",
          Detail: '{"outcome":"applied"}',
        },
      ],
    });
    await expect(bus.put(event)).rejects.toMatchObject({ name: "ServiceUnavailable" });
  });
});

describe("Secrets Manager", () => {
  const client = mockClient(SecretsManagerClient);
  let now = 0;
  const read = createSecrets(client as unknown as SecretsManagerClient, () => now);
  const calls = () => client.commandCalls(GetSecretValueCommand).length;

  test("keeps a text for five minutes, unless it is asked for afresh, and never a failure", async () => {
    client
      .on(GetSecretValueCommand)
      .rejectsOnce(throttled)
      .resolvesOnce({ SecretString: "one" })
      .resolves({ SecretString: "two" });
    await expect(read("arn:s", false)).rejects.toMatchObject({ name: "ServiceUnavailable" });
    expect(await Promise.all([read("arn:s", false), read("arn:s", false)])).toEqual(["one", "one"]);
    expect(calls()).toBe(2);
    now = 299_999;
    expect(await read("arn:s", false)).toBe("one");
    expect(await read("arn:s", true)).toBe("two");
    expect(calls()).toBe(3);
    now += 300_000;
    await read("arn:s", false);
    expect(calls()).toBe(4);
    await read("arn:other", false);
    expect(client.commandCalls(GetSecretValueCommand)[4]?.args[0].input).toEqual({ SecretId: "arn:other" });
  });

  test("fails for a secret that is no text", async () => {
    client.on(GetSecretValueCommand).resolves({ SecretBinary: Buffer.from("x") });
    await expect(read("arn:binary", false)).rejects.toThrow(TypeError);
  });
});

describe("a signed request", () => {
  const credentials = { accessKeyId: "ASIAEXAMPLE", secretAccessKey: "secret", sessionToken: "token" };
  const url = "https://a1b2c3.execute-api.eu-west-1.amazonaws.com/live/grants/g-1/fields/work_email";
  const payload = {
    version: 1,
    grantId: "g-01JAAAAAAAAAAAAAAAAAAAAAAA",
    field: "work_email",
    value: "v",
    url,
    region: "eu-west-1",
    credentials,
    expiresAt: "2026-11-02T09:20:00Z",
  };

  test("is signed for the gateway, sent once, and follows no redirect", async () => {
    const sent: [string, RequestInit][] = [];
    const http = createSignedHttp(((input: string, init: RequestInit) => {
      sent.push([input, init]);
      return Promise.resolve(
        new Response('{"outcome":"applied"}', { status: 302, headers: { location: "https://evil.example.com" } }),
      );
    }) as typeof fetch);
    const reply = await http.send({
      method: "PATCH",
      url,
      body: '{"value":"v"}',
      credentials,
      region: "eu-west-1",
      timeoutMs: 1_000,
    });
    expect(reply).toEqual({ status: 302, body: '{"outcome":"applied"}' });
    expect(sent).toHaveLength(1);
    const [target, init] = sent[0]!;
    expect(target).toBe(url);
    expect(init).toMatchObject({ method: "PATCH", body: '{"value":"v"}', redirect: "manual" });
    const headers = init.headers as Record<string, string>;
    expect(headers["x-amz-security-token"]).toBe("token");
    expect(headers["authorization"]).toMatch(
      /^AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE\/\d{8}\/eu-west-1\/execute-api\/aws4_request, SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=[0-9a-f]{64}$/,
    );
    expect(headers).not.toHaveProperty("host");
    expect(init.signal).toBeInstanceOf(AbortSignal);
  });

  test("by the managed connector carries the value to the one place, and its reply no word of the answer", async () => {
    const sent: object[] = [];
    const connector = createConnector({
      http: {
        send: (request) => {
          sent.push(request);
          return Promise.resolve({ status: 409, body: '{"refused":"LeaseHeld","retryAfterSeconds":7,"value":"v"}' });
        },
      },
    });
    expect(await connector(payload)).toEqual({ version: 1, status: 409, retryAfterSeconds: 7 });
    expect(sent).toEqual([
      { method: "PATCH", url, body: '{"value":"v"}', credentials, region: "eu-west-1", timeoutMs: 30_000 },
    ]);
  });

  test("fails for a payload that is not the broker's, and shows nothing of it", async () => {
    const connector = createConnector({ http: { send: () => Promise.resolve({ status: 200, body: "" }) } });
    const failure: unknown = await connector({ ...payload, grantId: "x", value: "MARK" }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(TypeError);
    expect(String(failure)).not.toContain("MARK");
    expect(await connector(payload)).toEqual({ version: 1, status: 200 });
  });
});

describe("the log", () => {
  test("is one line of JSON per event, with members of the allowed types alone", () => {
    const lines: string[] = [];
    const log = createLog("gateway", (line) => lines.push(line));
    log.warn("grant-refused", {
      grantId: "g-1",
      count: 2,
      ok: false,
      none: undefined,
      deep: { value: "MARK" } as never,
      long: "x".repeat(500),
    });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toEqual({
      grantId: "g-1",
      count: 2,
      ok: false,
      long: "x".repeat(200),
      level: "WARN",
      handler: "gateway",
      event: "grant-refused",
    });
    log.info("a", { event: "forged", level: "ERROR" });
    expect(JSON.parse(lines[1]!)).toMatchObject({ event: "a", level: "INFO" });
  });
});
