import fc from "fast-check";

import { ruleOfName, sameUnder } from "../../src/hris/compare";

describe("sameUnder", () => {
  test.each([
    ["exact", null, "", true],
    ["exact", "a", "a", true],
    ["exact", 4130, "4130", true],
    ["exact", true, "true", true],
    ["exact", "a", "A", false],
    ["exact", "a", null, false],
    ["exact", "0123", 123, false],
    ["email", " Ann@Example.com", "ann@example.com", true],
    ["email", "ann@example.com", "anne@example.com", false],
    ["email", "", null, true],
    ["phone", "+44 20 7946 0000", "+442079460000", true],
    ["phone", "+44 (0)20 7946-0000", "0044 20 7946 0000", true],
    ["phone", "+1 555 0100 ext. 12", "+15550100x12", true],
    ["phone", "+1 555 0100 ext. 12", "+1 555 0100", false],
    ["phone", "555-0100", "5550100", true],
    ["phone", "+15550100", "15550100", true],
    ["phone", "020 7946 0000", "+44 20 7946 0000", false],
    ["phone", "call me", "call  me", false],
    ["date", "2026-11-23", "2026-11-23T00:00:00+00:00", true],
    ["date", "2026-11-23", "2026-11-24", false],
    ["date", "tomorrow", "tomorrow ", false],
  ] as const)("by the rule %s, `%s` and `%s`: %s", (rule, a, b, same) => {
    expect(sameUnder(rule, a, b)).toBe(same);
    expect(sameUnder(rule, b, a)).toBe(same);
  });

  test("a number without its country is read with the connection's country code, and only then", () => {
    const options = { phoneCountryCode: "44" };
    expect(sameUnder("phone", "020 7946 0000", "+44 20 7946 0000", options)).toBe(true);
    expect(sameUnder("phone", "442079460000", "+44 20 7946 0000", options)).toBe(true);
    expect(sameUnder("phone", "020 7946 0000", "+49 20 7946 0000", options)).toBe(false);
  });

  test("every rule finds a value equal to itself, and is symmetric", () => {
    const rule = fc.constantFrom("exact", "email", "phone", "date" as const);
    fc.assert(
      fc.property(rule, fc.string(), fc.string(), (by, a, b) => {
        expect(sameUnder(by, a, a)).toBe(true);
        expect(sameUnder(by, a, b)).toBe(sameUnder(by, b, a));
      }),
    );
  });
});

describe("ruleOfName", () => {
  test.each([
    ["workEmail", "email"],
    ["work_email", "email"],
    ["workPhone", "phone"],
    ["mobile_phone", "phone"],
    ["workPhoneExtension", "exact"],
    ["startDate", "date"],
    ["start_date", "date"],
    ["lastUpdate", "exact"],
    ["candidate", "exact"],
    ["username", "exact"],
  ])("takes %s for %s", (name, rule) => {
    expect(ruleOfName(name)).toBe(rule);
  });
});
