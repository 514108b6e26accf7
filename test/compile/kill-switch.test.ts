import { functionsInvokedBy, lintStateMachine } from "../../src/compile";
import type { State, TaskState } from "../../src/compile/asl";
import { compileKillSwitch } from "../../src/compile/kill-switch";
import { stopPolicy } from "../../src/compile/iam";
import { stopLayerGuides } from "../../src/compile/stop-layers";
import { evaluate } from "../../src/iam";
import { parseDefinition } from "../../src/local/asl-subset";
import { LAYERS } from "../../src/runtime/kill-switch/layers";
import { askedOf, stepSchema } from "../../src/runtime/kill-switch/input";
import { drillLookInputSchema } from "../../src/runtime/payloads";
import { ALLOW_ALL, requestArn } from "../iam/helpers";
import { NAMES } from "./workflow-policies";

const machine = compileKillSwitch(NAMES);
const tasks = Object.entries(machine.States).filter((entry): entry is [string, TaskState] => entry[1].Type === "Task");
const nextOf = (state: State): string | undefined => ("Next" in state ? state.Next : undefined);

describe("the kill switch's state machine", () => {
  test("is clean for its own linter and for asl-validator, whatever it is started with", () => {
    expect(lintStateMachine(machine, { input: [] })).toEqual([]);
    expect(parseDefinition(machine)).toEqual(machine);
  });

  test("invokes its own function, and for a drill's looks the sweeper, and nothing else", () => {
    expect(functionsInvokedBy(machine)).toEqual([NAMES.function("kill-switch").arn, NAMES.function("sweeper").arn]);
    const looks = tasks.filter(([, { Parameters }]) => Parameters["FunctionName"] === NAMES.function("sweeper").arn);
    expect(looks.map(([name]) => name)).toEqual(["LookAtRecords", "LookAgain"]);
    for (const [name, { Parameters, Catch }] of looks) {
      const when = name === "LookAgain" ? "resumed" : "stopped";
      const next = nextOf(machine.States[name]!);
      expect(Parameters["Payload"]).toEqual({ version: 1, step: "look", "stopId.$": "$.asked.stopId", when });
      expect(drillLookInputSchema.safeParse({ version: 1, step: "look", stopId: "S1", when }).success).toBe(true);
      expect(Catch).toEqual([{ ErrorEquals: ["States.ALL"], ResultPath: null, Next: next }]);
    }
  });

  test("a drill looks at HR's records when every layer holds, and again before any is let go", () => {
    const { Choices } = machine.States["IsStopped"] as { readonly Choices: readonly object[] };
    expect(Choices).toMatchObject([
      {
        And: [{ Variable: "$.verified.complete" }, { Variable: "$.asked.kind", StringEquals: "drill" }],
        Next: "LookAtRecords",
      },
      { Variable: "$.verified.complete", StringEquals: "yes", Next: "Stopped" },
    ]);
    expect(nextOf(machine.States["LookAgain"]!)).toBe("ReleaseConnector");
  });

  test("pulls the switch first, and then takes the layers from the fastest to the slowest", () => {
    const way: string[] = [];
    for (let at: string | undefined = "PullSwitch"; at !== undefined && way.length < 10;) {
      way.push(at);
      at = nextOf(machine.States[at]!);
    }
    expect(way).toEqual([
      "PullSwitch",
      "LimitConcurrency",
      "DenyConnector",
      "CloseIntake",
      "EndExecutions",
      "VerifyStopped",
      "IsStopped",
    ]);
  });

  test("a layer that fails does not keep the next from being taken, and another round looks at all again", () => {
    for (const name of ["PullSwitch", "LimitConcurrency", "DenyConnector", "CloseIntake", "EndExecutions"]) {
      const state = machine.States[name] as TaskState;
      expect([name, state.Catch]).toEqual([
        name,
        [{ ErrorEquals: ["States.ALL"], ResultPath: null, Next: nextOf(state) }],
      ]);
    }
    expect(machine.States["IsStopped"]).toMatchObject({ Default: "WaitToStop" });
    expect(nextOf(machine.States["WaitToStop"]!)).toBe("PullSwitch");
  });

  test("an undo fails at once where the ledger does not show that two people agreed", () => {
    expect(machine.States["ReadResume"]).toMatchObject({ Type: "Task", Next: "LookAgain" });
    expect((machine.States["ReadResume"] as TaskState).Catch).toBeUndefined();
  });

  test("gives every step the payload that its schema asks for", () => {
    const asked = askedOf({ action: "drill", stopId: "S1" }, "x");
    for (const [name, { Parameters }] of tasks) {
      if (Parameters["FunctionName"] !== NAMES.function("kill-switch").arn) continue;
      const { step, version } = Parameters["Payload"] as { step: string; version: number };
      const members = Object.keys(Parameters["Payload"] as object).map((key) => key.replace(/\.\$$/, ""));
      const payload =
        step === "begin"
          ? { version, step, execution: "x", input: {} }
          : { version, step, ...Object.fromEntries(Object.entries(asked).filter(([key]) => members.includes(key))) };
      expect([name, stepSchema.safeParse(payload).error]).toEqual([name, undefined]);
    }
  });
});

describe("what the machine is started with", () => {
  const whole = { action: "stop", stopId: "S1", kind: "stop", executions: "stop", stoppedBy: "ada", reason: "why" };

  test.each([
    ["everything given", whole, whole],
    ["a drill leaves executions alone", { action: "drill", stopId: "S1" }, { kind: "drill", executions: "leave" }],
    ["a drill that ends them", { action: "drill", executions: "stop" }, { kind: "drill", executions: "stop" }],
    ["nothing", {}, { action: "stop", stopId: "sx-1", kind: "stop", executions: "stop" }],
    ["text", "stop", { action: "stop", stopId: "sx-1" }],
    ["a list", [], { action: "stop" }],
    ["an undo of a stop", { action: "undo", stopId: "S1" }, { action: "undo", stopId: "S1" }],
    ["an undo of nothing is a stop", { action: "undo" }, { action: "stop" }],
    ["an id that is none", { stopId: "no id#resumed" }, { stopId: "sx-1" }],
    ["an action that is none", { action: "STOP!" }, { action: "stop" }],
    ["an empty reason", { reason: "  " }, { reason: "no reason was given" }],
  ])("%s", (_, input, expected) => {
    const asked = askedOf(input, "x-1");
    expect(asked).toMatchObject(expected);
    expect(stepSchema.safeParse({ version: 1, step: "switch", ...asked }).success).toBe(true);
  });

  test("long words are cut, and the execution's name makes an id that fits", () => {
    expect(askedOf({ reason: "r".repeat(5000) }, "x").reason).toHaveLength(1024);
    expect(askedOf({}, "é".repeat(80)).stopId).toMatch(/^[A-Za-z0-9_-]{64}$/);
  });
});

test("the guide to the layers names each state of the machine that takes one, in its order, and the stack's own parts", () => {
  const guides = stopLayerGuides(NAMES);
  expect(guides.map(({ layer }) => layer)).toEqual(["switch", ...LAYERS]);
  const steps = guides.map(
    ({ state }) => ((machine.States[state] as TaskState).Parameters["Payload"] as { step: string }).step,
  );
  expect(steps).toEqual(guides.map(({ layer }) => layer));
  const commands = guides.flatMap(({ byHand }) => byHand).join("\n");
  for (const part of [
    NAMES.controlTable.name,
    NAMES.function("broker").name,
    NAMES.function("gateway").name,
    NAMES.role("connector").name,
    NAMES.stopPolicy.arn,
    NAMES.function("intake").name,
    NAMES.stateMachine.arn,
  ]) {
    expect(commands).toContain(part);
  }
});

test("the policy that a stop attaches denies everything, whatever else allows it", () => {
  const answer = (identity: object[]) =>
    evaluate(
      {
        principalArn: NAMES.role("connector").arn,
        action: "execute-api:Invoke",
        resource: requestArn({ path: "grants/x/fields/work_email" }),
        context: {},
      },
      { identity: identity as never },
    ).decision;
  expect(answer([ALLOW_ALL])).toBe("allow");
  expect(answer([ALLOW_ALL, stopPolicy()])).toBe("deny");
});
