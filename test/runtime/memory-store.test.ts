import { createKeyMaterial, createMemoryKeys } from "../../src/local/memory-keys";
import { createMemoryStore, createMemoryTables } from "../../src/local/memory-store";
import { ConditionFailed, type Condition, type WriteAction } from "../../src/runtime/ports";

const put = (pk: string, more: object = {}, condition?: Condition): WriteAction => ({
  kind: "put",
  table: "control",
  item: { pk, ...more },
  condition,
});

describe("conditions", () => {
  const item = { pk: "a", text: "b", number: 2, yes: true };
  test.each<readonly [Condition, boolean]>([
    [{ attribute: "text", is: "present" }, true],
    [{ attribute: "text", is: "absent" }, false],
    [{ attribute: "none", is: "absent" }, true],
    [{ attribute: "none", is: "present" }, false],
    [{ attribute: "text", is: "=", value: "b" }, true],
    [{ attribute: "text", is: "=", value: "B" }, false],
    [{ attribute: "text", is: "<", value: "c" }, true],
    [{ attribute: "text", is: "<", value: "b" }, false],
    [{ attribute: "text", is: "<=", value: "b" }, true],
    [{ attribute: "text", is: ">", value: "a" }, true],
    [{ attribute: "text", is: ">=", value: "c" }, false],
    [{ attribute: "number", is: "<", value: 10 }, true],
    [{ attribute: "number", is: "=", value: "2" }, false],
    [{ attribute: "number", is: "<", value: "9" }, false],
    [{ attribute: "yes", is: "=", value: true }, true],
    [{ attribute: "none", is: "<", value: 1 }, false],
    [{ attribute: "none", is: "=", value: "" }, false],
    [
      {
        all: [
          { attribute: "text", is: "present" },
          { attribute: "none", is: "absent" },
        ],
      },
      true,
    ],
    [
      {
        all: [
          { attribute: "text", is: "present" },
          { attribute: "none", is: "present" },
        ],
      },
      false,
    ],
    [
      {
        any: [
          { attribute: "none", is: "present" },
          { attribute: "number", is: ">=", value: 2 },
        ],
      },
      true,
    ],
    [
      {
        any: [
          { attribute: "none", is: "present" },
          { attribute: "number", is: ">", value: 2 },
        ],
      },
      false,
    ],
  ])("%j", async (condition, holds) => {
    const store = createMemoryStore();
    await store.write([put("a", item)]);
    const check = store.write([{ kind: "check", table: "control", key: { pk: "a" }, condition }]);
    await (holds ? expect(check).resolves.toBeUndefined() : expect(check).rejects.toEqual(new ConditionFailed([0])));
  });
});

describe("writes", () => {
  test("a transaction is all or nothing, and names the conditions that failed", async () => {
    const store = createMemoryStore();
    await store.write([put("b")]);
    const absent: Condition = { attribute: "pk", is: "absent" };
    const write = store.write([
      put("a", {}, absent),
      put("b", {}, absent),
      put("c", {}, { attribute: "x", is: "present" }),
    ]);
    await expect(write).rejects.toMatchObject({ name: "ConditionFailed", failed: [1, 2] });
    expect(await store.get("control", { pk: "a" })).toBeUndefined();
  });

  test("an update sets, adds and removes, and makes the item where there is none", async () => {
    const store = createMemoryStore();
    const key = { pk: "a" };
    await store.write([{ kind: "update", table: "control", key, set: { text: "b", gone: 1 }, add: { count: 2 } }]);
    await store.write([
      { kind: "update", table: "control", key, set: { text: undefined }, add: { count: 3 }, remove: ["gone", "never"] },
    ]);
    expect(await store.get("control", key)).toEqual({ pk: "a", text: "b", count: 5 });
    await store.write([{ kind: "delete", table: "control", key }]);
    expect(await store.get("control", key)).toBeUndefined();
  });

  test("refuses none, more than a hundred, and two actions on one item", async () => {
    const store = createMemoryStore();
    await expect(store.write([])).rejects.toThrow(TypeError);
    await expect(store.write(Array.from({ length: 101 }, (_, each) => put(String(each))))).rejects.toThrow(TypeError);
    await expect(store.write([put("a"), { kind: "delete", table: "control", key: { pk: "a" } }])).rejects.toThrow(
      TypeError,
    );
    await expect(store.write(Array.from({ length: 100 }, (_, each) => put(String(each))))).resolves.toBeUndefined();
  });

  test("a transaction repeated under its token does nothing, another one under it is refused", async () => {
    const store = createMemoryStore();
    const count: WriteAction = { kind: "update", table: "control", key: { pk: "n" }, add: { count: 1 } };
    await store.write([count, put("a")], "t");
    await store.write([count, put("a")], "t");
    expect(await store.get("control", { pk: "n" })).toMatchObject({ count: 1 });
    await expect(store.write([count, put("b")], "t")).rejects.toThrow(TypeError);
    await store.write([count, put("a")]);
    expect(await store.get("control", { pk: "n" })).toMatchObject({ count: 2 });
  });

  test("an answer that is lost brings the same request again, which makes no condition fail on itself", async () => {
    let lost = 0;
    const isAnswerLost = (): boolean => {
      lost += 1;
      return true;
    };
    const store = createMemoryStore({ isAnswerLost });
    const absent: Condition = { attribute: "pk", is: "absent" };
    const key = { pk: "a" };
    await store.write([put("a", { x: 1 }, absent)]);
    await store.write([
      { kind: "update", table: "control", key, set: { x: 2 }, condition: { attribute: "x", is: "=", value: 1 } },
    ]);
    await store.write([{ kind: "update", table: "control", key, add: { count: 1 } }]);
    expect(await store.get("control", key)).toEqual({ pk: "a", x: 2, count: 1 });
    await store.write([
      put("b"),
      { kind: "delete", table: "control", key, condition: { attribute: "x", is: "present" } },
    ]);
    await store.write([put("b", { y: 1 })]);
    expect(await store.get("control", { pk: "b" })).toEqual({ pk: "b", y: 1 });
    expect(lost).toBe(5);
    await expect(store.write([put("b", {}, absent)])).rejects.toEqual(new ConditionFailed([0]));
  });

  test("takes what DynamoDB takes, and refuses what it does not", async () => {
    const store = createMemoryStore();
    const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
    const write = (value: unknown): Promise<void> => store.write([put("a", { value })]);
    for (const value of [nested(32), 1e-130, 9.9e125, -0, "x".repeat(400_000)]) await write(value);
    for (const value of [nested(33), { deep: nested(32) }, 1e-131, 1e126, -1e200, "x".repeat(410_000)])
      await expect(write(value)).rejects.toMatchObject({ name: "ValidationException" });
    const update = store.write([{ kind: "update", table: "control", key: { pk: "a" }, set: { value: nested(33) } }]);
    await expect(update).rejects.toMatchObject({ name: "ValidationException" });
    expect(await store.get("control", { pk: "a" })).toMatchObject({ value: "x".repeat(400_000) });
  });

  test("what goes in and out is a copy", async () => {
    const store = createMemoryStore();
    const item = { pk: "a", list: [1] };
    await store.write([{ kind: "put", table: "control", item }]);
    item.list.push(2);
    const read = (await store.get("control", { pk: "a" }))!;
    (read["list"] as number[]).push(3);
    expect(await store.get("control", { pk: "a" })).toEqual({ pk: "a", list: [1] });
  });
});

describe("reads", () => {
  test("a query gives a partition in order, narrowed by the beginning of the sort key", async () => {
    const store = createMemoryStore();
    for (const [pk, sk] of [
      ["p", "b#2"],
      ["p", "a"],
      ["p", "b#1"],
      ["q", "b#0"],
    ]) {
      await store.write([{ kind: "put", table: "ledger", item: { pk, sk } }]);
    }
    expect((await store.query("ledger", "p")).map(({ sk }) => sk)).toEqual(["a", "b#1", "b#2"]);
    expect((await store.query("ledger", "p", "b#")).map(({ sk }) => sk)).toEqual(["b#1", "b#2"]);
  });

  test("the index holds what is due, oldest first, and nothing without a queue", async () => {
    const store = createMemoryStore();
    await store.write([put("late", { queue: "settle", dueAt: "2026-01-03" })]);
    await store.write([put("old", { queue: "settle", dueAt: "2026-01-01" })]);
    await store.write([put("now", { queue: "settle", dueAt: "2026-01-02" })]);
    await store.write([put("other", { queue: "approval", dueAt: "2026-01-01" })]);
    await store.write([put("none", { dueAt: "2026-01-01" })]);
    expect((await store.due("settle", "2026-01-02", 10)).map(({ pk }) => pk)).toEqual(["old", "now"]);
    expect((await store.due("settle", "2026-01-02", 1)).map(({ pk }) => pk)).toEqual(["old"]);
  });
});

describe("hooks", () => {
  test("permissions are asked per underlying action, and a refusal changes nothing", async () => {
    const asked: unknown[][] = [];
    const tables = createMemoryTables();
    const store = createMemoryStore({ authorize: (...args) => asked.push(args) }, tables);
    await store.get("ledger", { pk: "p", sk: "s" });
    await store.query("ledger", "p");
    await store.due("settle", "2026", 1);
    await store.write([put("a")]);
    await store.write([
      put("b"),
      { kind: "check", table: "control", key: { pk: "a" }, condition: { attribute: "pk", is: "present" } },
    ]);
    expect(asked).toEqual([
      ["dynamodb:GetItem", "ledger", "p", undefined, undefined],
      ["dynamodb:Query", "ledger", "p", undefined, undefined],
      ["dynamodb:Query", "control", "settle", undefined, "due"],
      ["dynamodb:PutItem", "control", "a", undefined, undefined],
      ["dynamodb:PutItem", "control", "b", "TransactWriteItems", undefined],
      ["dynamodb:ConditionCheckItem", "control", "a", "TransactWriteItems", undefined],
    ]);
    const refusing = createMemoryStore(
      {
        authorize: (action) => {
          if (action === "dynamodb:UpdateItem") throw new Error("refused");
        },
      },
      tables,
    );
    const update: WriteAction = { kind: "update", table: "control", key: { pk: "a" }, set: { x: 1 } };
    await expect(refusing.write([put("c"), update])).rejects.toThrow("refused");
    expect([...tables.control.keys()]).toEqual(['["a",""]', '["b",""]']);
  });

  test("a fault before a call leaves nothing, one after it leaves its effect", async () => {
    for (const moment of ["before", "after"] as const) {
      const tables = createMemoryTables();
      const store = createMemoryStore(
        {
          fault: (now, method) => {
            if (now === moment && method === "write") throw new Error("crash");
          },
        },
        tables,
      );
      await expect(store.write([put("a")])).rejects.toThrow("crash");
      expect(tables.control.size).toBe(moment === "before" ? 0 : 1);
    }
  });
});

describe("keys", () => {
  test("a MAC fits its message and key alone", async () => {
    const keys = createMemoryKeys();
    const mac = await keys.generateMac("change");
    expect(mac).toMatch(/^[0-9a-f]{64}$/);
    expect(await keys.verifyMac("change", mac)).toBe(true);
    expect(await keys.verifyMac("changed", mac)).toBe(false);
    expect(await keys.verifyMac("change", mac.slice(2))).toBe(false);
    expect(await createMemoryKeys().verifyMac("change", mac)).toBe(false);
    await expect(keys.generateMac("x".repeat(4_097))).rejects.toThrow(TypeError);
  });

  test("a text comes back under its own context alone", async () => {
    const material = createKeyMaterial();
    const keys = createMemoryKeys(material);
    const text = await keys.encrypt("token", { purpose: "task-token", index: "0" });
    expect(await createMemoryKeys(material).decrypt(text, { index: "0", purpose: "task-token" })).toBe("token");
    await expect(keys.decrypt(text, { purpose: "task-token", index: "1" })).rejects.toThrow();
    await expect(createMemoryKeys().decrypt(text, { purpose: "task-token", index: "0" })).rejects.toThrow();
  });

  test("permissions are asked with the context", async () => {
    const asked: unknown[][] = [];
    const keys = createMemoryKeys(createKeyMaterial(), (...args) => asked.push(args));
    await keys.generateMac("x");
    await keys.encrypt("x", { purpose: "p" });
    expect(asked).toEqual([
      ["kms:GenerateMac", undefined],
      ["kms:Encrypt", { purpose: "p" }],
    ]);
  });
});
