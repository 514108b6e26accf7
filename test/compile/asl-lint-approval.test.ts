import * as fc from "fast-check";

import { compileStateMachine, writeReachableWithoutApproval } from "../../src/compile";
import { field, mutable, NAMES, POLICY, policies, type Tree } from "./workflow-policies";

const machine = compileStateMachine(POLICY, NAMES);

/** A policy with at least one field that needs an approval, and that field. */
const withConditional = fc
  .tuple(policies, fc.stringMatching(/^z[a-z]{0,5}$/))
  .map(([policy, name]) => ({ policy: { fields: { ...policy.fields, [name]: field("conditional") } }, name }));

type Sabotage = readonly [string, (parts: ReturnType<typeof mutable>, name: string) => void];

const rule = (parts: ReturnType<typeof mutable>, state: string, index: number): Tree =>
  (parts.state(state)["Choices"] as Tree[])[index]!;
const anyWrite = { Variable: "$.inspection.route", StringEquals: "write", Next: "Write" };

/** Each opens a way to Write without an approval for every field that needs one. */
const SABOTAGES: readonly Sabotage[] = [
  ["an edge from Inspect to Write", ({ state }) => (state("Inspect")["Next"] = "Write")],
  ["a default that writes", ({ state }) => (state("Route")["Default"] = "Write")],
  ["a rule without the names", ({ state }) => (state("Route")["Choices"] as Tree[]).push(anyWrite)],
  [
    "a rule with another name in it",
    ({ state }, name) =>
      (state("Route")["Choices"] as Tree[]).push({ And: [{ Variable: "$.field", StringEquals: name }], Next: "Write" }),
  ],
  [
    "a rule over all names but one",
    ({ state }) =>
      (state("Route")["Choices"] as Tree[]).push({
        Not: { Variable: "$.field", StringEquals: "nobody" },
        Next: "Write",
      }),
  ],
  [
    "a rule with a pattern",
    ({ state }) =>
      (state("Route")["Choices"] as Tree[]).push({ Variable: "$.field", StringMatches: "*", Next: "Write" }),
  ],
  [
    "a first inspection that calls itself the second, and a rule without the names",
    ({ state }) => {
      ((state("Inspect")["Parameters"] as Tree)["Payload"] as Tree)["phase"] = "again";
      (state("Route")["Choices"] as Tree[]).push(anyWrite);
    },
  ],
  ["an approval that is a mere pass", ({ scope }) => (scope["RequestApproval"] = { Type: "Pass", Next: "Write" })],
  [
    "an approval that waits for nobody",
    ({ state }) => {
      state("RequestApproval")["Resource"] = "arn:aws:states:::lambda:invoke";
    },
  ],
  [
    "an approval asked of another function",
    ({ state }) => {
      (state("RequestApproval")["Parameters"] as Tree)["FunctionName"] = NAMES.function("announce").arn;
    },
  ],
  ["a write right after the callback", ({ state }) => (state("RequestApproval")["Next"] = "Write")],
  [
    "a write right after the time-out",
    ({ state }) => ((state("RequestApproval")["Catch"] as Tree[])[0]!["Next"] = "Write"),
  ],
  [
    "a write when nobody could be asked",
    ({ state }) => ((state("RequestApproval")["Catch"] as Tree[])[1]!["Next"] = "Write"),
  ],
  ["a write whatever the second inspection says", ({ state }) => (state("RouteAgain")["Default"] = "Write")],
  [
    "a write when the second inspection wants an approval",
    (parts) => (rule(parts, "RouteAgain", 0)["StringEquals"] = "approve"),
  ],
  [
    "a write when the second inspection fails",
    ({ state }) => ((state("InspectAgain")["Catch"] as Tree[])[0]!["Next"] = "Write"),
  ],
  [
    "a second inspection that is a first one",
    ({ state }) => (((state("InspectAgain")["Parameters"] as Tree)["Payload"] as Tree)["phase"] = "first"),
  ],
  ["a second inspection whose answer is not read", ({ state }) => (state("InspectAgain")["ResultPath"] = "$.again")],
  [
    "Write under another name",
    ({ scope, state }) => {
      scope["Publish"] = scope["Write"];
      delete scope["Write"];
      for (const name of ["Route", "RouteAgain"]) {
        for (const choice of state(name)["Choices"] as Tree[])
          if (choice["Next"] === "Write") choice["Next"] = "Publish";
      }
      state("Route")["Default"] = "Publish";
    },
  ],
  [
    "a second write under another name",
    ({ scope, state }) => {
      scope["Announce2"] = { ...state("Write"), Next: "Announce" };
      state("Route")["Default"] = "Announce2";
    },
  ],
  [
    "a write by a function of another name",
    ({ state }) => {
      (state("Announce")["Parameters"] as Tree)["FunctionName"] = `${NAMES.function("broker").arn}:live`;
    },
  ],
  [
    "a write by a function chosen at run time",
    ({ state }) => {
      const parameters = state("Announce")["Parameters"] as Tree;
      delete parameters["FunctionName"];
      parameters["FunctionName.$"] = "$.field";
    },
  ],
  [
    "a write by another service",
    ({ state }) => (state("Announce")["Resource"] = "arn:aws:states:::aws-sdk:lambda:invoke"),
  ],
  [
    "a function of another stack",
    ({ state }) => {
      (state("Announce")["Parameters"] as Tree)["FunctionName"] = NAMES.function("announce").arn.replace(
        "acme-",
        "other-",
      );
    },
  ],
  [
    "a write before the Map",
    ({ top, scope, machine: copy }) => {
      top["First"] = { ...(scope["Write"] as Tree), Next: "Decide" };
      copy["StartAt"] = "First";
    },
  ],
  [
    "a write after the Map",
    ({ top, map, scope }) => {
      delete map["End"];
      map["Next"] = "Last";
      top["Last"] = { ...(scope["Write"] as Tree), Next: undefined, Catch: undefined, End: true };
    },
  ],
];

/** Each makes the field that Route tests another than the one that is written, so that a safe name opens the way for any field. */
const DISGUISES: readonly Sabotage[] = [
  [
    "a scope under a name of its own",
    ({ map }) => {
      const selector = map["ItemSelector"] as Tree;
      delete selector["field.$"];
      selector["field"] = "work_email";
    },
  ],
  [
    "a scope under another member's name",
    ({ map }) => ((map["ItemSelector"] as Tree)["field.$"] = "$$.Map.Item.Value.alias"),
  ],
  [
    "a write of another member's field",
    ({ state }) => (((state("Write")["Parameters"] as Tree)["Payload"] as Tree)["field.$"] = "$.inspection.reason"),
  ],
  [
    "a write of a literal field",
    ({ state }) => {
      const payload = (state("Write")["Parameters"] as Tree)["Payload"] as Tree;
      delete payload["field.$"];
      payload["field"] = "manager";
    },
  ],
  ["an inspection that replaces the field", ({ state }) => (state("Inspect")["ResultPath"] = "$.field")],
  [
    "a pass that renames the field",
    ({ scope, state }) => {
      scope["Rename"] = { Type: "Pass", Result: "work_email", ResultPath: "$.field", Next: "Route" };
      state("Inspect")["Next"] = "Rename";
    },
  ],
  [
    "a failure that replaces the scope",
    ({ state }) => {
      (state("Inspect")["Catch"] as Tree[])[0] = { ErrorEquals: ["States.ALL"], Next: "Route" };
    },
  ],
  ["a choice over another part of the scope", ({ state }) => (state("Route")["InputPath"] = "$.inspection")],
  ["an output that is another part of the scope", ({ state }) => (state("Inspect")["OutputPath"] = "$.inspection")],
];

describe("writes without an approval", () => {
  it("are the direct way of a safe field", () => {
    expect(writeReachableWithoutApproval(machine, "work_email")).toEqual([
      "Decide",
      "Changes",
      "Inspect",
      "Route",
      "Write",
    ]);
  });

  it("do not exist for a field that is conditional, never or unknown to the policy", () => {
    for (const name of ["manager", "base_salary", "bonus", "", "$.field"]) {
      expect([name, writeReachableWithoutApproval(machine, name)]).toEqual([name, undefined]);
    }
  });

  it("exist in any policy's workflow for its safe fields and for no other", () => {
    fc.assert(
      fc.property(policies, fc.string(), (policy, stranger) => {
        const compiled = compileStateMachine(policy, NAMES);
        for (const name of [...Object.keys(policy.fields), stranger]) {
          const safe = Object.hasOwn(policy.fields, name) && policy.fields[name]?.class === "safe";
          expect(writeReachableWithoutApproval(compiled, name) !== undefined).toBe(safe);
        }
      }),
    );
  });

  describe.each(SABOTAGES)("through %s", (_name, change) => {
    it("fail the proof, with the way as evidence", () => {
      fc.assert(
        fc.property(withConditional, ({ policy, name }) => {
          const parts = mutable(compileStateMachine(policy, NAMES));
          change(parts, name);
          expect(writeReachableWithoutApproval(parts.machine, name)?.length).toBeGreaterThan(0);
        }),
        { numRuns: 20 },
      );
    });
  });

  it.each(DISGUISES)("through %s fail the proof", (_name, change) => {
    const parts = mutable(machine);
    change(parts, "manager");
    expect(writeReachableWithoutApproval(parts.machine, "manager")).toBeDefined();
  });

  it("are shown by a shortest way", () => {
    const parts = mutable(machine);
    parts.state("RouteAgain")["Default"] = "Write";
    expect(writeReachableWithoutApproval(parts.machine, "manager")).toEqual([
      "Decide",
      "Changes",
      "Inspect",
      "Route",
      "RequestApproval",
      "InspectAgain",
      "RouteAgain",
      "Write",
    ]);
  });

  it("do not exist where nothing is a state machine", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(writeReachableWithoutApproval(value, "manager")).toBeUndefined();
      }),
    );
  });
});
