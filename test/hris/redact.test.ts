import fc from "fast-check";

import { describeRemote } from "../../src/hris/redact";

describe("describeRemote", () => {
  test("keeps what explains a refusal and nothing of a record", () => {
    expect(describeRemote("Duplicate email ann.example@example.com, already used by Ann Example", [])).toBe(
      "duplicate email … already used by …",
    );
  });

  test("a harmless word goes too where it is what the record holds", () => {
    expect(describeRemote("The department Account is invalid", ["Account"])).toBe("the department … is invalid");
  });

  test("nothing is left of a text without a known word", () => {
    expect(describeRemote("Ann Example", [])).toBe("");
    expect(describeRemote(undefined, [])).toBe("");
  });

  test("a text is cut to a length that a log line can carry", () => {
    expect(describeRemote("the field is invalid ".repeat(100), []).length).toBeLessThanOrEqual(160);
  });

  test("no word that is not known to be harmless ever comes out, whatever is around it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string(), (before, after) => {
        const marker = "Zq7-marked-value";
        const shown = describeRemote(`${before} ${marker} ${after} field ${before}${marker}`, []);
        expect(shown.toLowerCase()).not.toContain("marked");
      }),
    );
  });

  test("the words of the values are gone, whatever they are", () => {
    fc.assert(
      fc.property(fc.constantFrom("email", "department", "account", "employee"), (word) => {
        expect(describeRemote(`${word} is invalid`, [word])).toBe("… is invalid");
        expect(describeRemote(`${word} is invalid`, [`my ${word.toUpperCase()}`])).toBe("… is invalid");
      }),
    );
  });
});
