import { valueTest, type ValueRules } from "../../src/policy/values";

function accepts(rules: ValueRules, value: unknown): boolean {
  return valueTest(rules)(value) === undefined;
}

describe("valueTest", () => {
  it.each([
    ["null", null],
    ["nothing", undefined],
    ["a list", ["a"]],
    ["a mapping", {}],
    ["NaN", NaN],
    ["infinity", -Infinity],
    ["an empty text", ""],
    ["blanks", " \u00a0"],
    ["a tab inside", "a\tb"],
    ["a line's end", "a\n"],
    ["a delete", "a\u007fb"],
    ["a C1 control", "a\u0085b"],
    ["a line separator", "a\u2028b"],
    ["a right-to-left override", "a\u202eb"],
    ["an isolate", "a\u2066b"],
    ["a soft hyphen", "a\u00adb"],
    ["a zero-width space", "a\u200bb"],
    ["a zero-width joiner", "a\u200db"],
    ["a byte order mark", "a\ufeffb"],
    ["half a surrogate pair", "a\ud83d"],
    ["the other half", "\ude00a"],
    ["a leading blank", " a"],
    ["a trailing no-break space", "a\u00a0"],
    ["1,025 characters", "a".repeat(1025)],
  ])("refuses %s", (_, value) => {
    expect(accepts({}, value)).toBe(false);
  });

  it.each([
    ["a name", "Zoë O’Neil-山田"],
    ["an emoji", "a 😀"],
    ["letters of several scripts", "Ёлка عمر हिन्दी Ω"],
    ["zero", 0],
    ["false", false],
    ["1,024 characters", "a".repeat(1024)],
  ])("accepts %s", (_, value) => {
    expect(accepts({}, value)).toBe(true);
  });

  it("takes text only where a rule is about text", () => {
    for (const rules of [{ format: "email" }, { format: "phone" }, { pattern: "\\d+" }, { maxLength: 3 }] as const) {
      expect(accepts(rules, 12)).toBe(false);
    }
    expect([accepts({ type: "number" }, 12), accepts({ type: "number" }, "12")]).toEqual([true, false]);
  });

  it("never lets a length go beyond its own limit", () => {
    expect(accepts({ maxLength: 5000 }, "a".repeat(1025))).toBe(false);
  });

  it.each([
    ["a@example.com", true],
    ["o'neil+hr@mail.example.co.uk", true],
    [`${"a".repeat(64)}@example.com`, true],
    [`${"a".repeat(65)}@example.com`, false],
    [`a@${"b".repeat(60)}.${"c".repeat(60)}.${"d".repeat(60)}.${"e".repeat(60)}.example.com`, false],
    ["a@localhost", false],
    ["a..b@example.com", false],
    [".a@example.com", false],
    ["a@-example.com", false],
    ["a@example.123", false],
    ["Name <a@example.com>", false],
    ["a@example.com,b@example.com", false],
    ["a@ex\u0430mple.com", false],
  ])("judges the address %s", (value, expected) => {
    expect(accepts({ format: "email" }, value)).toBe(expected);
  });

  it.each([
    ["+442079460000", true],
    ["+6834000", true],
    ["+1234567890123456", false],
    ["+0442079460000", false],
    ["00442079460000", false],
    ["+44 20 7946 0000", false],
    ["+44", false],
  ])("judges the number %s", (value, expected) => {
    expect(accepts({ format: "phone" }, value)).toBe(expected);
  });

  it.each([
    [9007199254740991, true],
    [-9007199254740991, true],
    [0.1, true],
    [9007199254740992, false],
    [1e21, false],
    [NaN, false],
  ])("takes %d only where it is one number and no other", (value, expected) => {
    expect(accepts({}, value)).toBe(expected);
  });

  it("answers without showing the value", () => {
    for (const rules of [
      { format: "email" },
      { pattern: "x" },
      { enum: ["x"] },
      { maxLength: 2 },
      { type: "number" },
    ] as const) {
      const problem = valueTest(rules)("secret-value");
      expect(problem).toBeDefined();
      expect(problem).not.toContain("secret");
    }
  });
});
