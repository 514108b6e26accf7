import { compileEventPatterns, EventPatternError, matchesPattern } from "../../src/compile";
import { PolicyError } from "../../src/core";
import { field } from "./workflow-policies";

const EVENTS = {
  "joiner.provisioned": { source: ["identity.joiner", "agents.onboarding"], window: "PT72H" },
  "mover.changed": { source: ["identity.mover"], window: "PT24H" },
  "leaver.left": { source: ["identity.leaver"], window: "PT24H" },
};

describe("event patterns", () => {
  it("name each event that authorises a writable field, with its publishers sorted", () => {
    const patterns = compileEventPatterns({
      events: EVENTS,
      fields: { work_email: field("safe"), manager: field("conditional", { events: ["mover.changed"] }) },
    });
    expect(patterns).toEqual({
      "joiner.provisioned": {
        source: ["agents.onboarding", "identity.joiner"],
        "detail-type": ["joiner.provisioned"],
      },
      "mover.changed": { source: ["identity.mover"], "detail-type": ["mover.changed"] },
    });
    expect(Object.keys(patterns)).toEqual(["joiner.provisioned", "mover.changed"]);
  });

  it("leave out an event that only a never field would name", () => {
    const salary = field("never", { events: ["mover.changed"] });
    expect(
      Object.keys(compileEventPatterns({ events: EVENTS, fields: { base_salary: salary, work_email: field("safe") } })),
    ).toEqual(["joiner.provisioned"]);
  });

  it("let the declared publisher's event through and no other", () => {
    const { "joiner.provisioned": pattern } = compileEventPatterns({
      events: EVENTS,
      fields: { work_email: field("safe") },
    });
    const event = { source: "identity.joiner", "detail-type": "joiner.provisioned", detail: { requestId: "r-1" } };
    expect(matchesPattern(pattern, event)).toBe(true);
    expect(matchesPattern(pattern, { ...event, source: "identity.mover" })).toBe(false);
    expect(matchesPattern(pattern, { ...event, source: "identity.joiner.other" })).toBe(false);
    expect(matchesPattern(pattern, { ...event, "detail-type": "joiner.provisioned2" })).toBe(false);
    expect(matchesPattern(pattern, { source: event.source })).toBe(false);
  });

  it("refuse an event with more publishers than EventBridge takes", () => {
    const source = Array.from(
      { length: 100 },
      (_, index) => `publisher-${String(index).padStart(4, "0")}-${"x".repeat(40)}`,
    );
    const compile = (count: number) => (): unknown =>
      compileEventPatterns({
        events: { "joiner.provisioned": { source: source.slice(0, count), window: "PT1H" } },
        fields: { work_email: field("safe") },
      });
    expect(compile(60)).not.toThrow();
    expect(compile(100)).toThrow(PolicyError);
    expect(compile(100)).toThrow(/EventPatternTooLong/);
  });
});

describe("the pattern matcher", () => {
  const event = {
    source: "a.b",
    detail: {
      n: 5,
      tags: ["x", "y"],
      none: null,
      flag: true,
      empty: [],
      lines: "one\ntwo",
      star: "a*b",
      plain: "axb",
      back: "a\\b",
      items: [
        { kind: "put", of: "x" },
        { kind: "check", of: "y" },
      ],
    },
  };
  const cases: readonly (readonly [string, unknown, boolean])[] = [
    ["a literal", { source: ["a.b"] }, true],
    ["another literal", { source: ["a.c"] }, false],
    ["one of several", { source: ["a.c", "a.b"] }, true],
    ["all of several keys", { source: ["a.b"], detail: { n: [6] } }, false],
    ["a number", { detail: { n: [5] } }, true],
    ["a number given as text", { detail: { n: ["5"] } }, false],
    ["null", { detail: { none: [null] } }, true],
    ["null where nothing is", { detail: { absent: [null] } }, false],
    ["a boolean", { detail: { flag: [true] } }, true],
    ["any element of a list", { detail: { tags: ["y"] } }, true],
    ["no element of a list", { detail: { tags: ["z"] } }, false],
    ["a prefix", { source: [{ prefix: "a." }] }, true],
    ["a prefix that is none", { source: [{ prefix: "b." }] }, false],
    ["a prefix of a number", { detail: { n: [{ prefix: "5" }] } }, false],
    ["a suffix", { source: [{ suffix: ".b" }] }, true],
    ["a suffix that is none", { source: [{ suffix: ".c" }] }, false],
    ["a text in other case", { source: [{ "equals-ignore-case": "A.B" }] }, true],
    ["another text in other case", { source: [{ "equals-ignore-case": "A.C" }] }, false],
    ["anything but another", { source: [{ "anything-but": "a.c" }] }, true],
    ["anything but itself", { source: [{ "anything-but": ["a.b", "a.c"] }] }, false],
    ["anything but a prefix", { source: [{ "anything-but": { prefix: "a." } }] }, false],
    ["anything but another prefix", { source: [{ "anything-but": { prefix: "c." } }] }, true],
    ["anything but, of what is not there", { detail: { absent: [{ "anything-but": "x" }] } }, false],
    ["what exists", { detail: { n: [{ exists: true }] } }, true],
    ["what does not exist", { detail: { absent: [{ exists: true }] } }, false],
    ["what must not exist and does not", { detail: { absent: [{ exists: false }] } }, true],
    ["what must not exist and does", { detail: { n: [{ exists: false }] } }, false],
    ["an empty list as absent", { detail: { empty: [{ exists: false }] } }, true],
    ["an object as no leaf", { detail: [{ exists: true }] }, false],
    ["a wildcard", { source: [{ wildcard: "a*b" }] }, true],
    ["a wildcard whose end is elsewhere", { source: [{ wildcard: "a*c" }] }, false],
    ["a wildcard over several lines", { detail: { lines: [{ wildcard: "one*two" }] } }, true],
    ["an escaped asterisk as itself", { detail: { star: [{ wildcard: "a\\**" }] } }, true],
    ["an escaped asterisk as nothing else", { detail: { plain: [{ wildcard: "a\\**" }] } }, false],
    ["an escaped backslash as itself", { detail: { back: [{ wildcard: "a\\\\*" }] } }, true],
    ["a dot of a wildcard as itself", { source: [{ wildcard: "a.b*" }, "z"], detail: { plain: ["axb"] } }, true],
    ["a dot of a wildcard as no other character", { detail: { plain: [{ wildcard: "a.b" }] } }, false],
    ["anything but a wildcard", { source: [{ "anything-but": { wildcard: "a*" } }] }, false],
    ["anything but several prefixes", { source: [{ "anything-but": { prefix: ["c.", "a."] } }] }, false],
    ["any of two patterns", { $or: [{ source: ["z"] }, { detail: { n: [5] } }] }, true],
    ["none of two patterns", { $or: [{ source: ["z"] }, { detail: { n: [6] } }] }, false],
    [
      "one of two patterns and another key",
      { $or: [{ source: ["a.b"] }, { source: ["z"] }], detail: { n: [6] } },
      false,
    ],
    ["two keys of one element of a list", { detail: { items: { kind: ["put"], of: ["x"] } } }, true],
    ["two keys of two elements of a list", { detail: { items: { kind: ["put"], of: ["y"] } } }, false],
    ["what no element of an empty list can have", { detail: { empty: { kind: [{ exists: false }] } } }, true],
    ["members of a prototype as absent", { constructor: [{ exists: false }] }, true],
  ];

  it.each(cases)("reads %s", (_name, pattern, expected) => {
    expect(matchesPattern(pattern, event)).toBe(expected);
  });

  const refused: readonly (readonly [string, unknown])[] = [
    ["an unknown operator", { source: [{ frob: "x" }] }],
    ["an unknown operator beside a literal that matches", { source: ["a.b", { frob: "x" }] }],
    ["an unknown operator behind a key that does not match", { source: ["z"], detail: { n: [{ numeric: [">", 1] }] } }],
    ["two wildcards in a row", { source: [{ wildcard: "a**b" }] }],
    ["a wildcard that escapes nothing", { source: [{ wildcard: "a\\b" }] }],
    ["several texts of an operator outside anything-but", { source: [{ prefix: ["a.", "b."] }] }],
    ["an alternative of one", { $or: [{ source: ["a.b"] }] }],
    ["an alternative that is no list", { $or: { source: ["a.b"] } }],
    ["two operators in one", { source: [{ prefix: "a", suffix: "b" }] }],
    ["a value without a list", { source: "a.b" }],
    ["an empty list", { source: [] }],
    ["an empty pattern", {}],
    ["an empty nested pattern", { detail: {} }],
    ["an empty prefix", { source: [{ prefix: "" }] }],
    ["exists without a boolean", { source: [{ exists: "true" }] }],
    ["anything-but of nothing", { source: [{ "anything-but": [] }] }],
    ["anything-but of null", { source: [{ "anything-but": [null] }] }],
    ["a list in a list", { source: [["a.b"]] }],
    ["a text for a pattern", "source"],
  ];

  it.each(refused)("refuses %s", (_name, pattern) => {
    expect(() => matchesPattern(pattern, event)).toThrow(EventPatternError);
  });
});
