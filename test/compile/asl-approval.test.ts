import * as fc from "fast-check";

import { EndlessWayError, findWrongWrite, type TaskRole, type WayOptions } from "../../src/compile/asl-approval";
import type { Loose } from "../../src/compile/asl-graph";

/** Tasks say what they are by their resource's name. */
const roleOf = (task: Loose): TaskRole => String(task["Resource"]) as TaskRole;

const change = { "requestId.$": "$.requestId", "index.$": "$.index", "field.$": "$.field" };
const task = (role: TaskRole, next: object, payload: object = change): object => ({
  Type: "Task",
  Resource: role,
  Parameters: { Payload: payload },
  ...next,
});
const asks = (next: object): object => task("asks", { ResultPath: null, ...next });
const inspects = (next: object): object =>
  task("inspects", { ResultPath: "$.inspection", ...next }, { ...change, phase: "again" });
const write = (next: object = { End: true }): object => task("writes", { ResultPath: "$.write", ...next });
const ifWrite = (next: string): object => ({
  Type: "Choice",
  Choices: [{ Variable: "$.inspection.Payload.route", StringEquals: "write", Next: next }],
  Default: "End",
});
const end = { End: { Type: "Succeed" } };

/** One scope per change, as a Map gives it. */
function machine(start: string, states: Record<string, object>, map: object = {}): object {
  return {
    StartAt: "Changes",
    States: {
      Changes: {
        Type: "Map",
        ItemsPath: "$.changes",
        ItemSelector: {
          "requestId.$": "$.requestId",
          "index.$": "$$.Map.Item.Value.index",
          "field.$": "$$.Map.Item.Value.field",
        },
        ItemProcessor: { StartAt: start, States: { ...states, ...end } },
        End: true,
        ...map,
      },
    },
  };
}

function way(definition: object, options: Partial<WayOptions> = {}): string | undefined {
  const found = findWrongWrite(definition, { field: "manager", needsApproval: true, roleOf, ...options });
  return found === undefined
    ? undefined
    : `${found.kind}: ${found.steps.map(({ state, via }) => (via === undefined ? state : `${state} (${via})`)).join(" ")}`;
}

describe("an approval", () => {
  const approved = {
    Ask: asks({ Next: "Again" }),
    Again: inspects({ Next: "Route" }),
    Route: ifWrite("Write"),
    Write: write(),
  };

  test("is a wait and an inspection after it that says `write`", () => {
    expect(way(machine("Ask", approved))).toBeUndefined();
  });

  test("is not a wait alone", () => {
    expect(way(machine("Ask", { ...approved, Ask: asks({ Next: "Write" }) }))).toBe(
      "unapproved: Changes Ask (Next) Write",
    );
  });

  test("is not an inspection alone", () => {
    expect(way(machine("Again", approved))).toBe("unapproved: Changes Again (Next) Route (Choices[0]) Write");
  });

  test("is not an inspection whose answer nobody reads", () => {
    expect(way(machine("Ask", { ...approved, Again: inspects({ Next: "Write" }) }))).toContain("unapproved");
  });

  test("is used up by a write: another needs another inspection", () => {
    expect(way(machine("Ask", { ...approved, Write: write({ Next: "Write2" }), Write2: write() }))).toContain(
      "Write (Next) Write2",
    );
    expect(
      way(
        machine("Ask", {
          ...approved,
          Write: write({ Next: "Again2" }),
          Again2: inspects({ Next: "Route2" }),
          Route2: ifWrite("Write2"),
          Write2: write(),
        }),
      ),
    ).toBeUndefined();
  });

  test("within a branch counts once the Parallel has ended", () => {
    const both = {
      Type: "Parallel",
      Branches: [
        { StartAt: "Ask", States: { Ask: asks({ End: true }) } },
        { StartAt: "Idle", States: { Idle: { Type: "Wait", Seconds: 1, End: true } } },
      ],
      ResultPath: null,
      Next: "Again",
    };
    expect(way(machine("Both", { ...approved, Both: both }))).toBeUndefined();
    expect(
      way(machine("Both", { ...approved, Both: { ...both, Catch: [{ ErrorEquals: ["States.ALL"], Next: "Write" }] } })),
    ).toContain("Both (Catch[0]) Write");
  });

  test("in a Map counts for nothing after it, which may have had no item", () => {
    const each = {
      Type: "Map",
      ItemProcessor: { StartAt: "Ask", States: { Ask: asks({ End: true }) } },
      ResultPath: null,
      Next: "Again",
    };
    expect(way(machine("Each", { ...approved, Each: each }))).toContain("unapproved");
  });

  test("is what a rule over the beginning of the request's id sends there, and no rule before it lets through", () => {
    const ofReversals = { field: "desk", needsApproval: true, requestBegins: "reversal-" };
    const begins = (pattern: string): object => ({ Variable: "$.requestId", StringMatches: pattern, Next: "Ask" });
    const rule = (...choices: object[]): object =>
      machine("First", { ...approved, First: { Type: "Choice", Choices: choices, Default: "Write" } });
    expect(way(rule(begins("reversal-*")), ofReversals)).toBeUndefined();
    expect(way(rule(begins("*")), ofReversals)).toBeUndefined();
    expect(way(rule(begins("reversal-*")), { needsApproval: true })).toContain("First (Default) Write");
    for (const pattern of ["reversal-1*", "reversals-*", "reversal-", "*-", "\\*"]) {
      expect(way(rule(begins(pattern)), ofReversals)).toContain("First (Default) Write");
    }
    const sooner = { Variable: "$.field", StringEquals: "desk", Next: "Write" };
    expect(way(rule(sooner, begins("reversal-*")), ofReversals)).toContain("First (Choices[0]) Write");
  });

  test("of another change is none", () => {
    const other = task("asks", { ResultPath: null, Next: "Again" }, { ...change, "index.$": "$.other" });
    expect(way(machine("Ask", { ...approved, Ask: other }))).toContain("unapproved");
  });
});

describe("a write", () => {
  test("in a branch is reached without an approval in another", () => {
    const both = {
      Type: "Parallel",
      Branches: [
        { StartAt: "Ask", States: { Ask: asks({ End: true }) } },
        { StartAt: "Write", States: { Write: write() } },
      ],
      End: true,
    };
    expect(way(machine("Both", { Both: both }))).toBe("unapproved: Changes Both Branches[1].Write");
  });

  test("of the change itself is fine for a field that needs no approval, of another change is not", () => {
    const options = { needsApproval: false };
    expect(way(machine("Write", { Write: write() }), options)).toBeUndefined();
    const other = task("writes", { End: true }, { ...change, index: 0, "index.$": undefined });
    expect(way(machine("Write", { Write: other }), options)).toBe("another: Changes Write");
  });

  test("outside of any Map is of no change", () => {
    expect(way({ StartAt: "Write", States: { Write: write() } }, { needsApproval: false })).toBe("another: Write");
  });

  test("of the whole input, and by a function as the resource, is of the change that the input holds", () => {
    const whole = { Type: "Task", Resource: "writes", Parameters: { "Payload.$": "$" }, End: true };
    expect(way(machine("Write", { Write: whole }), { needsApproval: false })).toBeUndefined();
    const direct = { Type: "Task", Resource: "arn:aws:lambda:eu-west-1:111122223333:function:broker", End: true };
    expect(way(machine("Write", { Write: direct }), { needsApproval: false, roleOf: () => "writes" })).toBeUndefined();
  });

  test("with JSONata is of a change that nobody can tell", () => {
    const jsonata = {
      Type: "Task",
      QueryLanguage: "JSONata",
      Resource: "writes",
      Arguments: { Payload: "{% $states.input %}" },
      End: true,
    };
    expect(way(machine("Write", { Write: jsonata }), { needsApproval: false })).toBe("another: Changes Write");
  });
});

describe("a choice over the field", () => {
  const choose = (...rules: object[]): object => ({
    Type: "Choice",
    Choices: rules.map((rule) => ({ ...rule, Next: "Write" })),
    Default: "End",
  });
  const states = (...rules: object[]): Record<string, object> => ({ Choose: choose(...rules), Write: write() });

  test.each<[string, object, boolean]>([
    ["another name", { Variable: "$.field", StringEquals: "work_email" }, false],
    ["its own name", { Variable: "$.field", StringEquals: "manager" }, true],
    ["any but another name", { Not: { Variable: "$.field", StringEquals: "work_email" } }, true],
    ["a pattern of others", { Variable: "$.field", StringMatches: "work_*" }, false],
    ["a pattern of its own", { Variable: "$.field", StringMatches: "man*" }, true],
    ["a pattern with a literal star", { Variable: "$.field", StringMatches: "man\\*" }, false],
    [
      "one of several",
      {
        Or: [
          { Variable: "$.field", StringEquals: "a" },
          { Variable: "$.field", StringEquals: "manager" },
        ],
      },
      true,
    ],
    [
      "none of several",
      {
        Or: [
          { Variable: "$.field", StringEquals: "a" },
          { Variable: "$.field", StringEquals: "b" },
        ],
      },
      false,
    ],
    [
      "another name and anything",
      {
        And: [
          { Variable: "$.field", StringEquals: "a" },
          { Variable: "$.x", IsPresent: true },
        ],
      },
      false,
    ],
    ["anything else", { Variable: "$.x", BooleanEquals: true }, true],
    ["a comparison of order", { Variable: "$.field", StringLessThan: "a" }, true],
    ["a comparison with a path", { Variable: "$.field", StringEqualsPath: "$.y" }, true],
    ["a path that cannot be followed", { Variable: "$.list[0].field", StringEquals: "work_email" }, true],
  ])("reaches a write through a rule over %s: %s", (_name, rule, reaches) => {
    expect(way(machine("Choose", states(rule))) !== undefined).toBe(reaches);
  });

  test("of no listed name knows that it is none of the listed", () => {
    const field = { notAmong: new Set(["work_email", "manager"]) };
    expect(
      way(machine("Choose", states({ Variable: "$.field", StringEquals: "work_email" })), { field }),
    ).toBeUndefined();
    expect(way(machine("Choose", states({ Variable: "$.field", StringEquals: "bonus" })), { field })).toContain(
      "unapproved",
    );
  });

  test.each<[string, object, boolean]>([
    ["Result", { Result: "work_email", ResultPath: "$.field" }, true],
    ["Parameters", { Parameters: { ...change, field: "work_email", "field.$": undefined } }, true],
    ["a copy of it", { Parameters: { ...change, "other.$": "$.field" } }, false],
    ["an InputPath that loses it", { InputPath: "$.inspection" }, true],
    ["an OutputPath that loses it", { OutputPath: "$.inspection" }, true],
    ["a ResultPath beside it", { Result: { a: 1 }, ResultPath: "$.beside" }, false],
  ])("is not deceived by a Pass with %s", (_name, pass, reaches) => {
    const all = {
      ...states({ Variable: "$.field", StringEquals: "work_email" }),
      Pass: { Type: "Pass", ...pass, Next: "Choose" },
    };
    expect(way(machine("Pass", all)) !== undefined).toBe(reaches);
  });
});

describe("any machine", () => {
  test("ends, also one that nests its input in itself for ever", () => {
    const nest = { Type: "Pass", Parameters: { "a.$": "$", ...change }, Next: "Nest" };
    expect(way(machine("Nest", { Nest: nest }))).toBeUndefined();
  });

  test("with more ways than can be followed is not taken for a good one", () => {
    const names = Array.from({ length: 18 }, (_, index) => `S${index}`);
    const states = Object.fromEntries(
      names.flatMap((name, index): [string, object][] => {
        const next = names[index + 1] ?? "End";
        return [
          [
            name,
            { Type: "Choice", Choices: [{ Variable: "$.x", IsPresent: true, Next: `${name}a` }], Default: `${name}b` },
          ],
          [`${name}a`, { Type: "Pass", Result: "a", ResultPath: `$.m${index}`, Next: next }],
          [`${name}b`, { Type: "Pass", Result: "b", ResultPath: `$.m${index}`, Next: next }],
        ];
      }),
    );
    expect(() => way(machine("S0", states))).toThrow(EndlessWayError);
  });

  test("that is none has no way", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(findWrongWrite(value, { field: "manager", needsApproval: true, roleOf })).toBeUndefined();
      }),
    );
  });
});
