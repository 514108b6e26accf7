import * as fc from "fast-check";

import { controlStartItems, ItemError, marshallItem, unmarshallItem, type AttributeMap } from "../../src/compile";

// A key attribute must not be empty; the key attributes are not what these properties are about.
const keys = fc.string({ minLength: 1, maxLength: 8 }).filter((key) => key !== "pk" && key !== "sk");
const numbers = fc.double({ noNaN: true, min: -1e100, max: 1e100 }).map((n) => (Math.abs(n) < 1e-100 ? 0 : n));
const { item: items } = fc.letrec<{ item: Record<string, unknown>; value: unknown }>((tie) => ({
  item: fc.dictionary(keys, tie("value"), { maxKeys: 5 }),
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    numbers,
    fc.array(tie("value"), { maxLength: 4 }),
    tie("item"),
  ),
}));

describe("table items", () => {
  it("are written in DynamoDB's JSON", () => {
    expect(
      marshallItem({
        pk: "policy",
        n: 1.5,
        yes: true,
        no: false,
        nil: null,
        list: ["a", 2],
        map: { b: { c: "d" } },
        gone: undefined,
      }),
    ).toEqual({
      list: { L: [{ S: "a" }, { N: "2" }] },
      map: { M: { b: { M: { c: { S: "d" } } } } },
      n: { N: "1.5" },
      nil: { NULL: true },
      no: { BOOL: false },
      pk: { S: "policy" },
      yes: { BOOL: true },
    });
  });

  it("come back as they were", () => {
    fc.assert(
      fc.property(items, (item) => {
        expect(unmarshallItem(marshallItem(item))).toEqual(item);
      }),
    );
  });

  it("are one text for one item, at every level", () => {
    const turn = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(turn);
      if (typeof value !== "object" || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, member]) => [key, turn(member)]),
      );
    };
    fc.assert(
      fc.property(items, (item) => {
        expect(JSON.stringify(marshallItem(turn(item) as object))).toBe(JSON.stringify(marshallItem(item)));
      }),
    );
  });

  it("write no negative zero", () => {
    expect(marshallItem({ n: -0 })).toEqual({ n: { N: "0" } });
  });

  it("keep a member named like the prototype", () => {
    const item = JSON.parse('{"__proto__":"x"}') as object;
    expect(JSON.stringify(marshallItem(item))).toBe('{"__proto__":{"S":"x"}}');
    expect(JSON.stringify(unmarshallItem(marshallItem(item)))).toBe('{"__proto__":"x"}');
  });

  it.each([
    ["not a number", { n: Number.NaN }],
    ["an infinite number", { n: Infinity }],
    ["a number beyond DynamoDB's range", { n: 1e126 }],
    ["a number too close to zero", { n: 1e-131 }],
    ["a bigint", { n: 1n }],
    ["a function", { f: () => 1 }],
    ["a date", { d: new Date(0) }],
    ["a set", { s: new Set(["a"]) }],
    ["an absent element of a list", { list: [undefined] }],
    ["an empty partition key", { pk: "" }],
    ["an empty sort key", { pk: "a", sk: "" }],
  ])("refuse %s", (_name, item) => {
    expect(() => marshallItem(item)).toThrow(ItemError);
  });

  it("refuse an item nested deeper than DynamoDB takes", () => {
    const nested = (levels: number): object => (levels === 0 ? { end: true } : { down: nested(levels - 1) });
    expect(() => marshallItem(nested(31))).not.toThrow();
    expect(() => marshallItem(nested(32))).toThrow(ItemError);
  });

  it.each([
    ["a set", { s: { SS: ["a"] } }],
    ["two types at once", { s: { S: "a", N: "1" } }],
    ["no type", { s: {} }],
  ])("fail to read %s", (_name, item) => {
    expect(() => unmarshallItem(item as unknown as AttributeMap)).toThrow(ItemError);
  });

  it("start switch and breaker as running and ok", () => {
    expect(controlStartItems()).toEqual({
      switch: { pk: { S: "switch" }, state: { S: "running" } },
      breaker: { pk: { S: "breaker" }, state: { S: "ok" } },
    });
  });
});
