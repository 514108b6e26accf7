import { TransactionCanceledException } from "@aws-sdk/client-dynamodb";
import {
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import { mockClient } from "aws-sdk-client-mock";

import { conditionExpression, Placeholders } from "../../../src/runtime/aws/expressions";
import { createStore } from "../../../src/runtime/aws/store";
import type { WriteAction } from "../../../src/runtime/ports";

const client = mockClient(DynamoDBDocumentClient);
const waits: number[] = [];
const store = createStore(
  { ledger: "demo-ledger", control: "demo-control" },
  client as unknown as DynamoDBDocumentClient,
  (ms) => {
    waits.push(ms);
    return Promise.resolve();
  },
);

beforeEach(() => {
  client.reset();
  waits.length = 0;
});

const inputs = (command: Parameters<typeof client.commandCalls>[0]): unknown[] =>
  client.commandCalls(command).map((call): unknown => call.args[0].input);

describe("reads", () => {
  test("are strongly consistent", async () => {
    client.on(GetCommand).resolves({ Item: { pk: "a", sk: "b", n: 1 } });
    client.on(QueryCommand).resolves({ Items: [] });
    expect(await store.get("ledger", { pk: "a", sk: "b" })).toEqual({ pk: "a", sk: "b", n: 1 });
    await store.query("ledger", "a", "b#");
    expect(inputs(GetCommand)).toEqual([{ TableName: "demo-ledger", Key: { pk: "a", sk: "b" }, ConsistentRead: true }]);
    expect(inputs(QueryCommand)).toEqual([
      {
        TableName: "demo-ledger",
        KeyConditionExpression: "#n0 = :v0 AND begins_with(#n1, :v1)",
        ExpressionAttributeNames: { "#n0": "pk", "#n1": "sk" },
        ExpressionAttributeValues: { ":v0": "a", ":v1": "b#" },
        ConsistentRead: true,
      },
    ]);
  });

  test("a query goes through all pages", async () => {
    client
      .on(QueryCommand)
      .resolvesOnce({ Items: [{ pk: "a", sk: "1" }], LastEvaluatedKey: { pk: "a", sk: "1" } })
      .resolvesOnce({ Items: [{ pk: "a", sk: "2" }] });
    expect((await store.query("ledger", "a")).map(({ sk }) => sk)).toEqual(["1", "2"]);
    expect(inputs(QueryCommand)[1]).toMatchObject({ ExclusiveStartKey: { pk: "a", sk: "1" } });
  });

  test("what is due comes through the index, as many as asked for", async () => {
    client.on(QueryCommand).resolves({ Items: [{ pk: "a" }, { pk: "b" }], LastEvaluatedKey: { pk: "b" } });
    expect(await store.due("settle", "2026-11-02T09:00:00.000Z", 2)).toHaveLength(2);
    expect(inputs(QueryCommand)).toEqual([
      {
        TableName: "demo-control",
        IndexName: "due",
        KeyConditionExpression: "#n0 = :v0 AND #n1 <= :v1",
        ExpressionAttributeNames: { "#n0": "queue", "#n1": "dueAt" },
        ExpressionAttributeValues: { ":v0": "settle", ":v1": "2026-11-02T09:00:00.000Z" },
        Limit: 2,
      },
    ]);
  });

  test("fails for a table that the function does not use", async () => {
    await expect(store.get("classification", { pk: "policy", sk: "manifest" })).rejects.toThrow(TypeError);
  });
});

describe("one action", () => {
  test("that comes to the same twice is a write of its own kind", async () => {
    client.on(PutCommand).resolves({});
    client.on(UpdateCommand).resolves({});
    client.on(DeleteCommand).resolves({});
    await store.write([{ kind: "put", table: "ledger", item: { pk: "a", sk: "b" } }]);
    await store.write([{ kind: "update", table: "control", key: { pk: "a" }, set: { x: 1 }, remove: ["y"] }]);
    await store.write([{ kind: "delete", table: "control", key: { pk: "a" } }]);
    expect(inputs(PutCommand)).toEqual([{ TableName: "demo-ledger", Item: { pk: "a", sk: "b" } }]);
    expect(inputs(UpdateCommand)).toEqual([
      {
        TableName: "demo-control",
        Key: { pk: "a" },
        UpdateExpression: "SET #n0 = :v0 REMOVE #n1",
        ExpressionAttributeNames: { "#n0": "x", "#n1": "y" },
        ExpressionAttributeValues: { ":v0": 1 },
      },
    ]);
    expect(inputs(DeleteCommand)).toEqual([{ TableName: "demo-control", Key: { pk: "a" } }]);
    expect(client.commandCalls(TransactWriteCommand)).toEqual([]);
  });

  const absent = { attribute: "pk", is: "absent" } as const;
  test.each<WriteAction>([
    { kind: "put", table: "ledger", item: { pk: "a" }, condition: absent },
    { kind: "update", table: "control", key: { pk: "a" }, set: { x: 1 }, condition: absent },
    { kind: "update", table: "control", key: { pk: "a" }, add: { count: 1 } },
    { kind: "delete", table: "control", key: { pk: "a" }, condition: absent },
  ])("that a repeat would meet is a transaction: $kind $condition $add", async (action) => {
    client.on(TransactWriteCommand).resolves({});
    await store.write([action]);
    expect(client.commandCalls(TransactWriteCommand)).toHaveLength(1);
    expect(client.calls()).toHaveLength(1);
  });

  test("has its expressions in the transaction", async () => {
    client.on(TransactWriteCommand).resolves({});
    await store.write([
      { kind: "put", table: "ledger", item: { pk: "a", sk: "b" }, condition: { attribute: "pk", is: "absent" } },
    ]);
    await store.write([
      {
        kind: "update",
        table: "control",
        key: { pk: "a" },
        set: { holder: "g", nothing: undefined },
        add: { count: 1 },
        remove: ["dueAt"],
        condition: {
          any: [
            { attribute: "holder", is: "absent" },
            {
              all: [
                { attribute: "holder", is: "=", value: "g" },
                { attribute: "expiresAt", is: "<", value: "2026" },
              ],
            },
          ],
        },
      },
    ]);
    expect(inputs(TransactWriteCommand)).toEqual([
      {
        TransactItems: [
          {
            Put: {
              TableName: "demo-ledger",
              Item: { pk: "a", sk: "b" },
              ConditionExpression: "attribute_not_exists(#n0)",
              ExpressionAttributeNames: { "#n0": "pk" },
            },
          },
        ],
      },
      {
        TransactItems: [
          {
            Update: {
              TableName: "demo-control",
              Key: { pk: "a" },
              UpdateExpression: "SET #n0 = :v0 ADD #n1 :v1 REMOVE #n2",
              ConditionExpression: "(attribute_not_exists(#n0) OR (#n0 = :v2 AND #n3 < :v3))",
              ExpressionAttributeNames: { "#n0": "holder", "#n1": "count", "#n2": "dueAt", "#n3": "expiresAt" },
              ExpressionAttributeValues: { ":v0": "g", ":v1": 1, ":v2": "g", ":v3": "2026" },
            },
          },
        ],
      },
    ]);
  });

  test("whose condition does not hold fails as such", async () => {
    client.on(TransactWriteCommand).rejects(
      new TransactionCanceledException({
        message: "cancelled",
        $metadata: {},
        CancellationReasons: [{ Code: "ConditionalCheckFailed" }],
      }),
    );
    const write = store.write([{ kind: "put", table: "ledger", item: { pk: "a" }, condition: absent }]);
    await expect(write).rejects.toMatchObject({ name: "ConditionFailed", failed: [0] });
  });

  test.each([
    ["ProvisionedThroughputExceededException", {}, "ServiceUnavailable"],
    ["InternalServerError", {}, "ServiceUnavailable"],
    ["TimeoutError", {}, "ServiceUnavailable"],
    ["Error", { code: "ECONNRESET" }, "ServiceUnavailable"],
    ["SomethingNew", { $metadata: { httpStatusCode: 503 } }, "ServiceUnavailable"],
    ["AccessDeniedException", {}, "AccessDenied"],
    ["ValidationException", {}, "ValidationException"],
  ])("that fails by %s %j is told as %s", async (name, more, told) => {
    client.on(PutCommand).rejects(Object.assign(new Error("x"), { name, ...more }));
    await expect(store.write([{ kind: "put", table: "ledger", item: { pk: "a" } }])).rejects.toMatchObject({
      name: told,
    });
  });
});

describe("a transaction", () => {
  const check: WriteAction = {
    kind: "check",
    table: "control",
    key: { pk: "switch" },
    condition: { attribute: "state", is: "=", value: "running" },
  };
  const cancelled = (...codes: string[]) =>
    new TransactionCanceledException({
      message: "cancelled",
      $metadata: {},
      CancellationReasons: codes.map((Code) => ({ Code })),
    });

  test("holds every action in its place, and the caller's token", async () => {
    client.on(TransactWriteCommand).resolves({});
    await store.write(
      [
        { kind: "put", table: "ledger", item: { pk: "a", sk: "b" } },
        check,
        { kind: "update", table: "control", key: { pk: "c" }, set: { x: 1 } },
        { kind: "delete", table: "control", key: { pk: "d" } },
      ],
      "g-1",
    );
    expect(inputs(TransactWriteCommand)).toEqual([
      {
        ClientRequestToken: "g-1",
        TransactItems: [
          { Put: { TableName: "demo-ledger", Item: { pk: "a", sk: "b" } } },
          {
            ConditionCheck: {
              TableName: "demo-control",
              Key: { pk: "switch" },
              ConditionExpression: "#n0 = :v0",
              ExpressionAttributeNames: { "#n0": "state" },
              ExpressionAttributeValues: { ":v0": "running" },
            },
          },
          {
            Update: {
              TableName: "demo-control",
              Key: { pk: "c" },
              UpdateExpression: "SET #n0 = :v0",
              ExpressionAttributeNames: { "#n0": "x" },
              ExpressionAttributeValues: { ":v0": 1 },
            },
          },
          { Delete: { TableName: "demo-control", Key: { pk: "d" } } },
        ],
      },
    ]);
  });

  test("without a token leaves it to the SDK, which makes a new one for each", async () => {
    client.on(TransactWriteCommand).resolves({});
    await store.write([check]);
    expect(inputs(TransactWriteCommand)[0]).not.toHaveProperty("ClientRequestToken");
  });

  test("names the conditions that failed, also beside a conflict, and is not tried again", async () => {
    client
      .on(TransactWriteCommand)
      .rejects(cancelled("None", "ConditionalCheckFailed", "TransactionConflict", "ConditionalCheckFailed"));
    await expect(store.write([check])).rejects.toMatchObject({ name: "ConditionFailed", failed: [1, 3] });
    expect(client.commandCalls(TransactWriteCommand)).toHaveLength(1);
  });

  test("that met another one was cancelled, and is tried again a few times", async () => {
    client.on(TransactWriteCommand).rejectsOnce(cancelled("None", "TransactionConflict")).resolves({});
    await store.write([check]);
    expect(client.commandCalls(TransactWriteCommand)).toHaveLength(2);
    client.reset();
    waits.length = 0;
    client.on(TransactWriteCommand).rejects(cancelled("TransactionConflict"));
    await expect(store.write([check])).rejects.toMatchObject({ name: "ServiceUnavailable" });
    expect(client.commandCalls(TransactWriteCommand)).toHaveLength(4);
    expect(waits).toHaveLength(3);
  });

  test("that fails otherwise is not tried again: it may have happened", async () => {
    client.on(TransactWriteCommand).rejects(Object.assign(new Error("x"), { name: "InternalServerError" }));
    await expect(store.write([check])).rejects.toMatchObject({ name: "ServiceUnavailable" });
    expect(client.commandCalls(TransactWriteCommand)).toHaveLength(1);
    client.on(TransactWriteCommand).rejects(cancelled("ValidationError"));
    await expect(store.write([check])).rejects.toMatchObject({ name: "TransactionCanceledException" });
  });

  test("refuses no action and more than a hundred", async () => {
    await expect(store.write([])).rejects.toThrow(TypeError);
    await expect(store.write(Array.from({ length: 101 }, () => check))).rejects.toThrow(TypeError);
  });
});

test("a condition without parts is refused: DynamoDB has no word for it", () => {
  for (const condition of [{ all: [] }, { any: [] }]) {
    expect(() => conditionExpression(condition, new Placeholders())).toThrow(TypeError);
  }
});
