import { ScanCommand, type DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";

import { PARTITION_KEY, SORT_KEY } from "../../core";
import type { Key, LedgerPages } from "../ports";
import { calling } from "./failures";
import { documentClient } from "./store";

/** The ledger in DynamoDB, by parallel scans. */
export function createLedgerPages(table: string, client: DynamoDBDocumentClient = documentClient()): LedgerPages {
  return {
    async page({ part, of, limit, after }) {
      const command = new ScanCommand({
        TableName: table,
        Segment: part,
        TotalSegments: of,
        Limit: limit,
        ConsistentRead: true,
        ...(after === undefined ? {} : { ExclusiveStartKey: { ...after } }),
      });
      const { Items: items = [], LastEvaluatedKey: last } = await calling(() => client.send(command));
      return { items, ...(last === undefined ? {} : { last: keyOf(last) }) };
    },
  };
}

function keyOf(key: Readonly<Record<string, unknown>>): Key {
  return { pk: String(key[PARTITION_KEY]), sk: String(key[SORT_KEY]) };
}
