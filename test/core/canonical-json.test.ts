import fc from "fast-check";

import { canonicalDigest, canonicalJson } from "../../src/core";

/** The same value with the members of every object in reverse order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}

describe("canonicalJson", () => {
  it("gives one text whatever the order of members", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => canonicalJson(value) === canonicalJson(reversed(value))));
  });

  it("is JSON of the same value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("sorts by UTF-16 code unit and leaves out undefined members", () => {
    expect(canonicalJson({ b: 1, "\u{1F600}": 2, "\uFB33": 3, a: undefined })).toBe('{"b":1,"\u{1F600}":2,"\uFB33":3}');
  });

  it.each([
    ["NaN", NaN],
    ["infinity", Infinity],
    ["a function", () => 1],
    ["a bigint", 1n],
  ])("refuses %s", (_, value) => {
    expect(() => canonicalJson({ value })).toThrow(TypeError);
  });
});

describe("canonicalDigest", () => {
  it("is the SHA-256 of the canonical text in lower-case hexadecimal digits", () => {
    expect(canonicalDigest({})).toBe("44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
  });

  it("tells different values apart", () => {
    expect(canonicalDigest({ value: "1" })).not.toBe(canonicalDigest({ value: 1 }));
  });
});
