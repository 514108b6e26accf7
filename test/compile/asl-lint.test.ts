import * as fc from "fast-check";

import { compileStateMachine, lintStateMachine, type AslFindingCode } from "../../src/compile";
import { mutable, NAMES, POLICY, policies, type Tree } from "./workflow-policies";

const machine = compileStateMachine(POLICY, NAMES);

/** The codes that a change to the compiled workflow brings up, with their paths. */
function findingsAfter(change: (parts: ReturnType<typeof mutable>) => void): string[] {
  const parts = mutable(machine);
  change(parts);
  return lintStateMachine(parts.machine, { grammar: false }).map(({ code, path }) => `${code} ${path}`);
}

const SCOPE = "States.Changes.ItemProcessor.States";

describe("the linter of state machines", () => {
  it("finds nothing in any compiled workflow", () => {
    fc.assert(
      fc.property(policies, (policy) => {
        expect(lintStateMachine(compileStateMachine(policy, NAMES))).toEqual([]);
      }),
      { numRuns: 5 },
    );
  });

  it("fails on a member that the language does not have", () => {
    const parts = mutable(machine);
    parts.state("Decide")["Retries"] = [];
    expect(lintStateMachine(parts.machine)).toEqual([
      expect.objectContaining({ code: "AslGrammar", path: "States.Decide" }),
    ]);
    expect(lintStateMachine(parts.machine, { grammar: false })).toEqual([]);
  });

  it("leaves the definition as it was", () => {
    const before = JSON.stringify(machine);
    lintStateMachine(machine);
    expect(JSON.stringify(machine)).toBe(before);
  });

  const sabotages: readonly (readonly [string, AslFindingCode, string, (parts: ReturnType<typeof mutable>) => void])[] =
    [
      [
        "a Next that leads nowhere",
        "DanglingTarget",
        `${SCOPE}.Inspect.Next`,
        ({ state }) => (state("Inspect")["Next"] = "Nope"),
      ],
      [
        "a Default that leads nowhere",
        "DanglingTarget",
        `${SCOPE}.Route.Default`,
        ({ state }) => (state("Route")["Default"] = "Nope"),
      ],
      [
        "a rule that leads nowhere",
        "DanglingTarget",
        `${SCOPE}.RouteAgain.Choices[0].Next`,
        ({ state }) => ((state("RouteAgain")["Choices"] as Tree[])[0]!["Next"] = "Nope"),
      ],
      [
        "a Catch that leads nowhere",
        "DanglingTarget",
        `${SCOPE}.RequestApproval.Catch[1].Next`,
        ({ state }) => ((state("RequestApproval")["Catch"] as Tree[])[1]!["Next"] = "Nope"),
      ],
      [
        "a target outside its scope",
        "DanglingTarget",
        `${SCOPE}.Inspect.Next`,
        ({ state }) => (state("Inspect")["Next"] = "Decide"),
      ],
      [
        "a start that is no state",
        "DanglingTarget",
        "States.Changes.ItemProcessor.StartAt",
        ({ map }) => ((map["ItemProcessor"] as Tree)["StartAt"] = "Nope"),
      ],
      [
        "a state that nothing leads to",
        "UnreachableState",
        `${SCOPE}.Orphan`,
        ({ scope }) => (scope["Orphan"] = { Type: "Pass", End: true }),
      ],
      [
        "a loop without a way out",
        "NoWayToEnd",
        `${SCOPE}.Announce`,
        ({ state }) => {
          const announce = state("Announce");
          delete announce["End"];
          delete announce["Catch"];
          announce["Next"] = "Announce";
        },
      ],
      [
        "another service's integration",
        "UnknownIntegration",
        `${SCOPE}.Announce.Resource`,
        ({ state }) => (state("Announce")["Resource"] = "arn:aws:states:::events:putEvents"),
      ],
      [
        "a misspelt integration",
        "UnknownIntegration",
        `${SCOPE}.Announce.Resource`,
        ({ state }) => (state("Announce")["Resource"] = "arn:aws:states:::lambda:invok"),
      ],
      [
        "a wait for a token without a time-out",
        "WaitWithoutTimeout",
        `${SCOPE}.RequestApproval`,
        ({ state }) => delete state("RequestApproval")["TimeoutSecondsPath"],
      ],
      [
        "a wait whose time-out counts as a failure",
        "WaitEndUncaught",
        `${SCOPE}.RequestApproval.Catch`,
        ({ state }) => ((state("RequestApproval")["Catch"] as Tree[])[0]!["ErrorEquals"] = ["States.HeartbeatTimeout"]),
      ],
      [
        "a wait whose missing heartbeat counts as a failure",
        "WaitEndUncaught",
        `${SCOPE}.RequestApproval.Catch`,
        ({ state }) => ((state("RequestApproval")["Catch"] as Tree[])[0]!["ErrorEquals"] = ["States.Timeout"]),
      ],
      [
        "a wait for a token that nobody gets",
        "TaskTokenNotPassed",
        `${SCOPE}.RequestApproval.Parameters`,
        ({ state }) => delete ((state("RequestApproval")["Parameters"] as Tree)["Payload"] as Tree)["taskToken.$"],
      ],
      [
        "a task token where there is none",
        "TaskTokenMisplaced",
        `${SCOPE}.Inspect.Parameters.Payload.token.$`,
        ({ state }) => (((state("Inspect")["Parameters"] as Tree)["Payload"] as Tree)["token.$"] = "$$.Task.Token"),
      ],
      [
        "a context path that does not exist",
        "UnknownContextPath",
        `${SCOPE}.Inspect.Parameters.Payload.id.$`,
        ({ state }) => (((state("Inspect")["Parameters"] as Tree)["Payload"] as Tree)["id.$"] = "$$.Executionn.Id"),
      ],
      [
        "a context path that exists after a redrive only",
        "UnknownContextPath",
        `${SCOPE}.Inspect.Parameters.Payload.id.$`,
        ({ state }) =>
          (((state("Inspect")["Parameters"] as Tree)["Payload"] as Tree)["id.$"] = "$$.Execution.RedriveTime"),
      ],
      [
        "a Map's item outside of a Map",
        "MapItemMisplaced",
        "States.Decide.Parameters.Payload.item.$",
        ({ state }) => (((state("Decide")["Parameters"] as Tree)["Payload"] as Tree)["item.$"] = "$$.Map.Item.Value"),
      ],
      [
        "States.ALL together with others",
        "CatchAllMisplaced",
        `${SCOPE}.Inspect.Catch[0].ErrorEquals`,
        ({ state }) => ((state("Inspect")["Catch"] as Tree[])[0]!["ErrorEquals"] = ["States.ALL", "States.Timeout"]),
      ],
      [
        "States.ALL before others",
        "CatchAllMisplaced",
        `${SCOPE}.RequestApproval.Catch[0].ErrorEquals`,
        ({ state }) => (state("RequestApproval")["Catch"] as Tree[]).reverse(),
      ],
      [
        "an error that nobody raises",
        "UnknownErrorName",
        `${SCOPE}.Inspect.Retry[0].ErrorEquals`,
        ({ state }) => ((state("Inspect")["Retry"] as Tree[])[0]!["ErrorEquals"] = ["PolicyInTransit"]),
      ],
      [
        "a reserved error that does not exist",
        "UnknownErrorName",
        `${SCOPE}.RequestApproval.Catch[0].ErrorEquals`,
        ({ state }) => ((state("RequestApproval")["Catch"] as Tree[])[0]!["ErrorEquals"] = ["States.TimeOut"]),
      ],
      [
        "a wait of no length",
        "InvalidDelay",
        `${SCOPE}.WaitForRetry.Seconds`,
        ({ state }) => {
          delete state("WaitForRetry")["SecondsPath"];
          state("WaitForRetry")["Seconds"] = 0;
        },
      ],
      [
        "a negative time-out",
        "InvalidDelay",
        `${SCOPE}.Write.TimeoutSeconds`,
        ({ state }) => (state("Write")["TimeoutSeconds"] = -1),
      ],
      [
        "a longest delay below the first",
        "InvalidDelay",
        `${SCOPE}.Inspect.Retry[0].MaxDelaySeconds`,
        ({ state }) => ((state("Inspect")["Retry"] as Tree[])[0]!["MaxDelaySeconds"] = 1),
      ],
      [
        "a back-off that shrinks",
        "InvalidDelay",
        `${SCOPE}.Inspect.Retry[0].BackoffRate`,
        ({ state }) => ((state("Inspect")["Retry"] as Tree[])[0]!["BackoffRate"] = 0.5),
      ],
      [
        "a choice without a default",
        "ChoiceWithoutDefault",
        `${SCOPE}.Route`,
        ({ state }) => delete state("Route")["Default"],
      ],
      [
        "a read of what one way does not bring",
        "PathMayBeAbsent",
        `${SCOPE}.Announce.Parameters.Payload.write.$`,
        ({ state }) => {
          (state("Announce")["Parameters"] as Tree)["Payload"] = { "write.$": "$.write.status" };
          delete (state("Announce")["Parameters"] as Tree)["Payload.$"];
        },
      ],
      [
        "a read of what a selector no longer keeps",
        "PathMayBeAbsent",
        `${SCOPE}.RequestApproval.TimeoutSecondsPath`,
        ({ state }) => delete (state("Inspect")["ResultSelector"] as Tree)["approvalTimeoutSeconds.$"],
      ],
      [
        "a read of what the item selector no longer sets",
        "PathMayBeAbsent",
        `${SCOPE}.Write.Parameters.Payload.attempt.$`,
        ({ map }) => delete (map["ItemSelector"] as Tree)["attempt"],
      ],
      [
        "a read of what a failure replaced",
        "PathMayBeAbsent",
        `${SCOPE}.Unannounced.Parameters.requestId.$`,
        ({ state }) => delete (state("Announce")["Catch"] as Tree[])[0]!["ResultPath"],
      ],
      [
        "a read of what a result replaced",
        "PathMayBeAbsent",
        `${SCOPE}.InspectAgain.Parameters.Payload.field.$`,
        ({ state }) => delete state("RequestApproval")["ResultPath"],
      ],
      [
        "a read in a call that finds nothing",
        "PathMayBeAbsent",
        `${SCOPE}.NextAttempt.Parameters.attempt.count.$`,
        ({ state }) =>
          ((state("NextAttempt")["Parameters"] as Tree)["attempt"] = { "count.$": "States.MathAdd($.tries, 1)" }),
      ],
      [
        "a read of an input that executions do not have",
        "PathMayBeAbsent",
        "States.Decide.Parameters.Payload.field.$",
        ({ state }) => (((state("Decide")["Parameters"] as Tree)["Payload"] as Tree)["field.$"] = "$.field"),
      ],
      [
        "a read that nobody can follow",
        "PathUnreadable",
        `${SCOPE}.Inspect.Parameters.Payload.field.$`,
        ({ state }) => (((state("Inspect")["Parameters"] as Tree)["Payload"] as Tree)["field.$"] = "$..field"),
      ],
    ];

  it.each(sabotages)("fails on %s", (_name, code, path, change) => {
    expect(findingsAfter(change)).toContain(`${code} ${path}`);
  });

  describe("follows IsPresent", () => {
    const guarded = (test: object): string[] =>
      findingsAfter(({ state }) => (state("Route")["Choices"] as Tree[]).unshift({ ...test, Next: "Announce" }));
    const write = { Variable: "$.write.status", StringEquals: "ended" };
    const present = (is: boolean): object => ({ Variable: "$.write.status", IsPresent: is });

    it("into the tests behind it", () => {
      expect(guarded({ And: [present(true), write] })).toEqual([]);
      expect(guarded({ Or: [{ Not: present(true) }, write] })).toEqual([]);
      expect(guarded({ Or: [present(false), write] })).toEqual([]);
    });

    it("and fails on a test before it or on the wrong side of it", () => {
      expect(guarded({ And: [write, present(true)] })).not.toEqual([]);
      expect(guarded({ And: [present(false), write] })).not.toEqual([]);
      expect(guarded({ Or: [present(true), write] })).not.toEqual([]);
      expect(guarded({ And: [{ Not: present(true) }, write] })).not.toEqual([]);
    });

    it("along the way that the rule opens", () => {
      const parts = mutable(machine);
      const { scope, state } = parts;
      state("Inspect")["Next"] = "Guard";
      scope["Guard"] = { Type: "Choice", Choices: [{ ...present(true), Next: "Look" }], Default: "Route" };
      scope["Look"] = { Type: "Pass", Parameters: { "status.$": "$.write.status" }, End: true };
      expect(lintStateMachine(parts.machine)).toEqual([]);
      (scope["Guard"] as Tree)["Choices"] = [{ ...present(false), Next: "Look" }];
      expect(lintStateMachine(parts.machine).map(({ code, path }) => `${code} ${path}`)).toEqual([
        `PathMayBeAbsent ${SCOPE}.Look.Parameters.status.$`,
      ]);
    });
  });

  it("fails on a member that one way brings from outside and another does not bring", () => {
    const rule = { Variable: "$.requestId", StringEquals: "r-1" };
    const other = (first: string, second: string): unknown => ({
      StartAt: "Either",
      States: {
        Either: { Type: "Choice", Choices: [{ ...rule, Next: first }], Default: second },
        Literal: { Type: "Pass", Parameters: { x: { y: 1 } }, Next: "Read" },
        Outside: { ...machine.States["Decide"], ResultSelector: { "x.$": "$.Payload.x" }, Catch: [], Next: "Read" },
        Read: { Type: "Pass", Parameters: { "z.$": "$.x.z" }, End: true },
      },
    });
    for (const ways of [other("Literal", "Outside"), other("Outside", "Literal")]) {
      expect(lintStateMachine(ways).map(({ code, path }) => `${code} ${path}`)).toEqual([
        "PathMayBeAbsent States.Read.Parameters.z.$",
      ]);
    }
  });

  it("takes another input for another machine", () => {
    const other = { StartAt: "A", States: { A: { Type: "Pass", Parameters: { "x.$": "$.grantId" }, End: true } } };
    expect(lintStateMachine(other, { input: ["grantId"] })).toEqual([]);
    expect(lintStateMachine(other).map(({ code }) => code)).toEqual(["PathMayBeAbsent"]);
  });

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["a text", "{}"],
    ["a list", []],
    ["an empty object", {}],
    ["states that are no objects", { StartAt: "A", States: { A: null } }],
    ["states that are a list", { StartAt: "A", States: [{ Type: "Pass", End: true }] }],
    [
      "members of wrong types",
      { StartAt: 1, States: { A: { Type: 5, Next: {}, Catch: "x", Choices: 3, Retry: [null] } } },
    ],
    ["what JSON cannot carry", { StartAt: "A", States: { A: 1n } }],
  ])("fails on %s without throwing", (_name, broken) => {
    expect(lintStateMachine(broken)).not.toEqual([]);
  });

  it("never throws, whatever it is given", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(Array.isArray(lintStateMachine(value))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});
