import fc from "fast-check";

import { allHold, parseAssertion, parseSelector, select } from "../../src/hris/selector";
import { TemplateError } from "../../src/hris/template";

const document = {
  d: {
    results: [
      { emailType: "8448", emailAddress: "a@example.com" },
      { emailType: 8447, emailAddress: "b@example.com" },
      { emailType: "x", emailAddress: "c@example.com" },
      { emailType: "x", emailAddress: "d@example.com" },
    ],
    empty: null,
    "a/b~c": 1,
  },
};

describe("select", () => {
  test.each([
    ["/d/results[emailType=8448]/emailAddress", { kind: "found", value: "a@example.com" }],
    ["/d/results[emailType=8447]/emailAddress", { kind: "found", value: "b@example.com" }],
    ["/d/results[emailType=x]/emailAddress", { kind: "ambiguous" }],
    ["/d/results[emailType=none]/emailAddress", { kind: "absent" }],
    ["/d/results/0/emailAddress", { kind: "found", value: "a@example.com" }],
    ["/d/results/4", { kind: "absent" }],
    ["/d/results/00", { kind: "absent" }],
    ["/d/empty", { kind: "found", value: null }],
    ["/d/a~1b~0c", { kind: "found", value: 1 }],
    ["/d/missing/deeper", { kind: "absent" }],
    ["/d[emailType=x]", { kind: "absent" }],
    ["/constructor", { kind: "absent" }],
  ])("%s", (text, expected) => {
    expect(select(document, parseSelector(text))).toEqual(expected);
  });

  test("the empty selector is the whole document", () => {
    expect(select(1, parseSelector(""))).toEqual({ kind: "found", value: 1 });
  });

  test("a value in a hole is one step or one pick, never more", () => {
    const named = parseSelector("/d/{field}", ["field"]);
    const picked = parseSelector("/d/results[emailType={field}]/emailAddress", ["field"]);
    expect(select(document, named, { field: "a/b~c" })).toEqual({ kind: "found", value: 1 });
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("/", "[", "]", "=", "0", "x", "~", "1") }), (field) => {
        fc.pre(field !== "x");
        expect(select(document, named, { field: `results${field}` }).kind).toBe(field === "" ? "found" : "absent");
        expect(select(document, picked, { field: `${field}]` }).kind).toBe("absent");
      }),
    );
  });

  test.each(["d/results", "/d/results[", "/d/results[a]", "/d[a=b]c", "/{other}"])(
    "refuses the selector `%s`",
    (text) => {
      expect(() => parseSelector(text, ["field"])).toThrow(TemplateError);
    },
  );
});

describe("assertions", () => {
  const holds = (assertion: Parameters<typeof parseAssertion>[0]): boolean =>
    allHold([parseAssertion(assertion)], document);

  test("each form holds for what it says and for nothing else", () => {
    expect(holds({ at: "/d/results/0/emailType", equals: "8448" })).toBe(true);
    expect(holds({ at: "/d/results/0/emailType", equals: 8448 })).toBe(false);
    expect(holds({ at: "/d/empty", equals: null })).toBe(true);
    expect(holds({ at: "/d/missing", equals: null })).toBe(false);
    expect(holds({ at: "/d/results/0/emailType", oneOf: ["1", "8448"] })).toBe(true);
    expect(holds({ at: "/d/results/0/emailType", oneOf: ["1"] })).toBe(false);
    expect(holds({ at: "/d/results", length: 4 })).toBe(true);
    expect(holds({ at: "/d/results", length: 3 })).toBe(false);
    expect(holds({ at: "/d/empty", length: 0 })).toBe(false);
  });
});
