import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
  type QueryCommandInput,
  type TransactWriteCommandInput,
} from "@aws-sdk/lib-dynamodb";

import { DUE_AT, DUE_INDEX, DUE_QUEUE, PARTITION_KEY, SORT_KEY } from "../../core";
import { ServiceUnavailable } from "../errors";
import { ConditionFailed, type Condition, type Item, type Store, type TableName, type WriteAction } from "../ports";
import { conditionExpression, Placeholders, updateExpression } from "./expressions";
import { calling, translated } from "./failures";
import { needsTransaction } from "../write-actions";
import { EXCHANGE, REPEATABLE_ATTEMPTS } from "./settings";

/** Names of the tables that a function uses. */
export type TableNames = Readonly<Partial<Record<TableName, string>>>;

/** Actions that a transaction may hold. @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html (read 2026-11-23) */
const MAX_TRANSACTION = 100;

/** Waits before a transaction that met another one is tried again, in milliseconds. It was cancelled, so nothing happened. */
const CONFLICT_WAITS_MS = [30, 80, 200] as const;

/** A client whose numbers are JavaScript's, and that leaves out what is `undefined`. */
export function documentClient(client: DynamoDBClient = makeClient()): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(client, {
    marshallOptions: { removeUndefinedValues: true, allowImpreciseNumbers: true },
    unmarshallOptions: { wrapNumbers: Number },
  });
}

function makeClient(): DynamoDBClient {
  return new DynamoDBClient({ maxAttempts: REPEATABLE_ATTEMPTS, requestHandler: EXCHANGE });
}

/**
 * The tables in DynamoDB. Whatever a repeat would change goes as a transaction, also one action alone. A transaction without a token gets a new one at each call of `write`, by which the SDK's own repeats of
 * that call are harmless and two calls are never taken for one.
 */
export function createStore(
  tables: TableNames,
  client: DynamoDBDocumentClient = documentClient(),
  sleep: (ms: number) => Promise<void> = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
): Store {
  const nameOf = (table: TableName): string => {
    const name = tables[table];
    if (name === undefined) throw new TypeError(`the function has no ${table} table`);
    return name;
  };

  const queryAll = async (input: QueryCommandInput, limit = Number.POSITIVE_INFINITY): Promise<Item[]> => {
    const items: Item[] = [];
    let from: Record<string, unknown> | undefined;
    do {
      const page = await calling(() =>
        client.send(new QueryCommand({ ...input, ...(from === undefined ? {} : { ExclusiveStartKey: from }) })),
      );
      items.push(...(page.Items ?? []));
      from = page.LastEvaluatedKey;
    } while (from !== undefined && items.length < limit);
    return items.slice(0, Math.min(limit, items.length));
  };

  const transact = async (actions: readonly WriteAction[], token: string | undefined): Promise<void> => {
    const input: TransactWriteCommandInput = {
      TransactItems: actions.map((action) => transactItem(action, nameOf(action.table))),
      ...(token === undefined ? {} : { ClientRequestToken: token }),
    };
    for (const wait of [...CONFLICT_WAITS_MS, undefined]) {
      try {
        await client.send(new TransactWriteCommand(input));
        return;
      } catch (error) {
        const cancelled = cancellationOf(error);
        if (cancelled === undefined) throw translated(error);
        if (cancelled !== "conflict") throw cancelled;
        if (wait === undefined) {
          throw new ServiceUnavailable("the transaction met another one", { cause: error });
        }
        await sleep(wait * (1 + Math.random()));
      }
    }
  };

  return {
    async get(table, key) {
      const command = new GetCommand({ TableName: nameOf(table), Key: { ...key }, ConsistentRead: true });
      return (await calling(() => client.send(command))).Item;
    },

    query(table, pk, skPrefix) {
      const placeholders = new Placeholders();
      const parts = [`${placeholders.name(PARTITION_KEY)} = ${placeholders.value(pk)}`];
      if (skPrefix !== undefined && skPrefix !== "") {
        parts.push(`begins_with(${placeholders.name(SORT_KEY)}, ${placeholders.value(skPrefix)})`);
      }
      return queryAll({
        TableName: nameOf(table),
        KeyConditionExpression: parts.join(" AND "),
        ...placeholders.members,
        ConsistentRead: true,
      });
    },

    due(queue, until, limit) {
      const placeholders = new Placeholders();
      const expression =
        `${placeholders.name(DUE_QUEUE)} = ${placeholders.value(queue)} AND ` +
        `${placeholders.name(DUE_AT)} <= ${placeholders.value(until)}`;
      return queryAll(
        {
          TableName: nameOf("control"),
          IndexName: DUE_INDEX,
          KeyConditionExpression: expression,
          ...placeholders.members,
          Limit: limit,
        },
        limit,
      );
    },

    async write(actions, token) {
      const [first] = actions;
      if (first === undefined || actions.length > MAX_TRANSACTION) {
        throw new TypeError(`a write holds 1 to ${MAX_TRANSACTION} actions`);
      }
      if (first.kind === "check" || needsTransaction(actions)) {
        await transact(actions, token);
        return;
      }
      await calling(() => sendOne(client, first, nameOf(first.table)));
    },
  };
}

async function sendOne(
  client: DynamoDBDocumentClient,
  action: Exclude<WriteAction, { kind: "check" }>,
  table: string,
): Promise<void> {
  const input = inputOf(action, table);
  switch (action.kind) {
    case "put":
      await client.send(new PutCommand({ ...input, Item: { ...action.item } }));
      return;
    case "update": {
      await client.send(new UpdateCommand({ ...input, Key: { ...action.key } }));
      return;
    }
    case "delete":
      await client.send(new DeleteCommand({ ...input, Key: { ...action.key } }));
  }
}

function transactItem(
  action: WriteAction,
  table: string,
): NonNullable<TransactWriteCommandInput["TransactItems"]>[number] {
  const input = inputOf(action, table);
  switch (action.kind) {
    case "put":
      return { Put: { ...input, Item: { ...action.item } } };
    case "update":
      return { Update: { ...input, UpdateExpression: input.UpdateExpression ?? "", Key: { ...action.key } } };
    case "check":
      return {
        ConditionCheck: { ...input, ConditionExpression: input.ConditionExpression ?? "", Key: { ...action.key } },
      };
    case "delete":
      return { Delete: { ...input, Key: { ...action.key } } };
  }
}

/** Table, expressions and placeholders of an action. */
function inputOf(
  action: WriteAction,
  table: string,
): {
  readonly TableName: string;
  readonly UpdateExpression?: string;
  readonly ConditionExpression?: string;
} & Placeholders["members"] {
  const placeholders = new Placeholders();
  const condition: Condition | undefined = action.condition;
  return {
    TableName: table,
    ...(action.kind === "update" ? { UpdateExpression: updateExpression(action, placeholders) } : {}),
    ...(condition === undefined ? {} : { ConditionExpression: conditionExpression(condition, placeholders) }),
    ...placeholders.members,
  };
}

/**
 * What a cancelled transaction means: conditions that failed, by their positions, or a meeting with another transaction.
 * `undefined` for every other error.
 */
function cancellationOf(error: unknown): ConditionFailed | "conflict" | undefined {
  if (!(error instanceof Error) || error.name !== "TransactionCanceledException") return undefined;
  const reasons =
    (error as Error & { readonly CancellationReasons?: readonly { readonly Code?: string }[] }).CancellationReasons ??
    [];
  const failed = reasons.flatMap(({ Code }, position) => (Code === "ConditionalCheckFailed" ? [position] : []));
  if (failed.length > 0) return new ConditionFailed(failed);
  const passing = new Set(["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]);
  return reasons.some(({ Code }) => Code !== undefined && passing.has(Code)) ? "conflict" : undefined;
}
