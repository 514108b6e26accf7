import { DynamoDBDocumentClient, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { mockClient } from "aws-sdk-client-mock";

import { createMemoryPages, createMemoryTables } from "../../../src/local/memory-store";
import { createLedgerPages } from "../../../src/runtime/aws/pages";
import type { Key, LedgerPages } from "../../../src/runtime/ports";

/** Every key that a part shows, page by page. */
async function keysOf(pages: LedgerPages, part: number, of: number, limit: number): Promise<string[]> {
  const keys: string[] = [];
  for (let after: Key | undefined, first = true; first || after !== undefined; first = false) {
    const { items, last } = await pages.page({ part, of, limit, ...(after === undefined ? {} : { after }) });
    expect(items.length).toBeLessThanOrEqual(limit);
    keys.push(...items.map(({ pk, sk }) => `${String(pk)}/${String(sk)}`));
    after = last;
  }
  return keys;
}

describe("in memory", () => {
  const tables = createMemoryTables();
  const all = Array.from({ length: 57 }, (_, index) => ({ pk: `request#r-${String(index)}`, sk: "request" }));
  for (const item of all) tables.ledger.set(JSON.stringify([item.pk, item.sk]), item);
  const pages = createMemoryPages({}, tables);

  test.each([1, 4, 100])("every record is in one part once, %i at a time", async (limit) => {
    const parts = await Promise.all([0, 1, 2].map((part) => keysOf(pages, part, 3, limit)));
    expect(parts.every((part) => part.length > 5)).toBe(true);
    expect(parts.flat().sort()).toEqual(all.map(({ pk, sk }) => `${pk}/${sk}`).sort());
  });

  test("a page goes on after any record, not only after a page's last", async () => {
    const whole = await keysOf(pages, 0, 1, 100);
    const [pk = "", sk = ""] = whole[20]?.split("/") ?? [];
    const { items } = await pages.page({ part: 0, of: 1, limit: 5, after: { pk, sk } });
    expect(items.map((item) => `${String(item["pk"])}/${String(item["sk"])}`)).toEqual(whole.slice(21, 26));
  });

  test("permission is asked for the whole table, which has no leading key", async () => {
    const asked: unknown[] = [];
    const guarded = createMemoryPages({ authorize: (...call) => asked.push(call) }, tables);
    await guarded.page({ part: 0, of: 1, limit: 1 });
    expect(asked).toEqual([["dynamodb:Scan", "ledger", undefined, undefined, undefined]]);
  });
});

describe("in DynamoDB", () => {
  const client = mockClient(DynamoDBDocumentClient);
  const pages = createLedgerPages("demo-ledger", client as unknown as DynamoDBDocumentClient);
  beforeEach(() => client.reset());

  test("a page is one parallel scan's, strongly consistent", async () => {
    const last = { pk: "grant#g", sk: "open" };
    client.on(ScanCommand).resolves({ Items: [{ ...last, n: 1 }], LastEvaluatedKey: last });
    const after = { pk: "a", sk: "b" };
    expect(await pages.page({ part: 2, of: 8, limit: 100, after })).toEqual({ items: [{ ...last, n: 1 }], last });
    expect(client.commandCalls(ScanCommand).map((call): unknown => call.args[0].input)).toEqual([
      {
        TableName: "demo-ledger",
        Segment: 2,
        TotalSegments: 8,
        Limit: 100,
        ConsistentRead: true,
        ExclusiveStartKey: after,
      },
    ]);
  });

  test("the end of a part, and an outage, are told as the ports promise", async () => {
    client.on(ScanCommand).resolvesOnce({});
    expect(await pages.page({ part: 0, of: 1, limit: 1 })).toEqual({ items: [] });
    client.on(ScanCommand).rejects(Object.assign(new Error("slow"), { name: "ThrottlingException" }));
    await expect(pages.page({ part: 0, of: 1, limit: 1 })).rejects.toMatchObject({ name: "ServiceUnavailable" });
  });
});
