import fc from "fast-check";

import { hasExactNumbers, parseExactJson } from "../../src/core";

describe("numbers of a JSON text", () => {
  test.each([
    "0",
    "-0",
    "0.0",
    "1.10",
    "100",
    "1e2",
    "1.5E+3",
    "-12.75",
    "0.30000000000000004",
    "9007199254740991",
    "5e-324",
    "1000000000000000000000e-10",
    '"12345678901234567890"',
    '{"a\\\\":"1e400","b":[1,"\\"2e999"]}',
  ])("are read as written: %s", (text) => {
    expect(hasExactNumbers(text)).toBe(true);
    expect(parseExactJson(text)).toEqual(JSON.parse(text));
  });

  test.each([
    "12345678901234567890",
    "9007199254740992",
    "9007199254740993",
    "1e21",
    "1e400",
    "-1e400",
    "1e-400",
    "0.1000000000000000055511151231257827",
    "123456789.123456789123",
  ])("are altered, and then nobody's value: %s", (text) => {
    expect(hasExactNumbers(text)).toBe(false);
    expect(hasExactNumbers(`{"a":["x",${text}]}`)).toBe(false);
    expect(parseExactJson(`{"a":["x",${text}],"b":"${text}"}`)).toEqual({
      a: ["x", { inexactNumber: true }],
      b: text,
    });
  });

  test("are exact in whatever JavaScript writes, but for whole ones beyond the safe range", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        return hasExactNumbers(text) === every(JSON.parse(text), isSafeNumber);
      }),
    );
  });

  test("fails for what is no JSON, as reading it does", () => {
    for (const text of ["{", "01", "1.", "-", '{"a":1e400', "1e400 2"])
      expect(() => parseExactJson(text)).toThrow(SyntaxError);
  });
});

const isSafeNumber = (value: unknown): boolean =>
  typeof value !== "number" || !Number.isInteger(value) || Number.isSafeInteger(value);

function every(value: unknown, test: (value: unknown) => boolean): boolean {
  if (typeof value !== "object" || value === null) return test(value);
  return Object.values(value).every((member) => every(member, test));
}
