import * as fc from "fast-check";

import { compileNames, compileStateMachine, functionsInvokedBy, lintStateMachine } from "../../src/compile";
import type { ChoiceState, ChoiceTest, MapState, State, TaskState } from "../../src/compile";
import type { Retrier } from "../../src/compile/asl";
import {
  canonicalJson,
  DEADLINES_MS,
  LAMBDA_DEATHS,
  LAMBDA_SERVICE_ERRORS,
  PAYLOAD_VERSION,
  RETRYABLE_ERRORS,
} from "../../src/core";
import {
  announceInputSchema,
  changeRefSchema,
  decideInputSchema,
  inspectInputSchema,
  requestApprovalInputSchema,
  writeInputSchema,
} from "../../src/runtime/payloads";
import { field, NAMES, POLICY, policies } from "./workflow-policies";

const machine = compileStateMachine(POLICY, NAMES);
const scope = (machine.States["Changes"] as MapState).ItemProcessor;
const task = (name: string): TaskState => (scope.States[name] ?? machine.States[name]) as TaskState;
const tasks = (): [string, TaskState][] =>
  Object.entries({ ...machine.States, ...scope.States }).filter(
    (entry): entry is [string, TaskState] => entry[1].Type === "Task",
  );

/** Names of members of a payload, without the mark of a path. */
function members(template: unknown): string[] {
  return Object.keys(template as object)
    .map((key) => key.replace(/\.\$$/, ""))
    .sort();
}

/** Names of all members of a zod object that a payload must have. */
function required(schema: { readonly shape: object }): string[] {
  return Object.keys(schema.shape).sort();
}

describe("the compiled workflow", () => {
  it("has the states of the architecture, in their spelling", () => {
    expect(Object.keys(machine.States)).toEqual(["Decide", "Changes"]);
    expect(Object.keys(scope.States)).toEqual([
      "Inspect",
      "Route",
      "RequestApproval",
      "InspectAgain",
      "RouteAgain",
      "Write",
      "RouteWrite",
      "WaitForRetry",
      "NextAttempt",
      "Announce",
      "Unannounced",
    ]);
  });

  it("is clean for its own linter and for asl-validator", () => {
    expect(lintStateMachine(machine)).toEqual([]);
  });

  it("gives every handler the payload that its schema asks for", () => {
    expect(members(task("Decide").Parameters["Payload"])).toEqual(required(decideInputSchema));
    expect(members(task("Inspect").Parameters["Payload"])).toEqual(required(inspectInputSchema));
    expect(members(task("InspectAgain").Parameters["Payload"])).toEqual(required(inspectInputSchema));
    expect(members(task("RequestApproval").Parameters["Payload"])).toEqual(required(requestApprovalInputSchema));
    expect(members(task("Write").Parameters["Payload"])).toEqual(required(writeInputSchema));
    expect(task("Announce").Parameters["Payload.$"]).toBe("$");
    const mapped = members((machine.States["Changes"] as MapState).ItemSelector);
    expect(mapped).toEqual(expect.arrayContaining(required(changeRefSchema)));
    expect(Object.keys(announceInputSchema.shape)).toEqual(expect.arrayContaining(required(changeRefSchema)));
  });

  it("stamps what it builds with the payload version", () => {
    expect((machine.States["Changes"] as MapState).ItemSelector["version"]).toBe(PAYLOAD_VERSION);
    for (const name of ["Inspect", "InspectAgain", "RequestApproval", "Write"]) {
      expect(task(name).Parameters["Payload"]).toMatchObject({ version: PAYLOAD_VERSION });
    }
  });

  it("keeps of every result only the members it names", () => {
    for (const [name, state] of tasks()) {
      if (name === "RequestApproval") expect(state.ResultPath).toBeNull();
      else expect(JSON.stringify(state.ResultSelector)).not.toContain('"$.Payload"');
    }
  });

  it("leads to Write from Route for the safe fields alone, each by its name", () => {
    expect((scope.States["Route"] as ChoiceState).Choices).toEqual([
      { Variable: "$.inspection.route", StringEquals: "approve", Next: "RequestApproval" },
      { Variable: "$.requestId", StringMatches: "reversal-*", Next: "Announce" },
      {
        And: [
          { Variable: "$.inspection.route", StringEquals: "write" },
          {
            Or: [
              { Variable: "$.field", StringEquals: "account_id" },
              { Variable: "$.field", StringEquals: "work_email" },
            ],
          },
        ],
        Next: "Write",
      },
    ]);
  });

  it("needs no list where one field is safe", () => {
    const one = compileStateMachine({ fields: { work_email: field("safe") } }, NAMES);
    const route = (one.States["Changes"] as MapState).ItemProcessor.States["Route"] as ChoiceState;
    const direct = route.Choices.find(({ Next }) => Next === "Write") as { And: ChoiceTest[] } | undefined;
    expect(direct?.And[1]).toEqual({ Variable: "$.field", StringEquals: "work_email" });
  });

  it("has no edge from Route to Write where no field is safe", () => {
    const none = compileStateMachine({ fields: { manager: field("conditional") } }, NAMES);
    const route = (none.States["Changes"] as MapState).ItemProcessor.States["Route"] as ChoiceState;
    expect(route.Choices.map(({ Next }) => Next)).toEqual(["RequestApproval", "Announce"]);
  });

  it("retries Write for Lambda's own errors alone, within its deadline", () => {
    expect(
      task("Write")
        .Retry?.flatMap(({ ErrorEquals }) => ErrorEquals)
        .sort(),
    ).toEqual([...LAMBDA_SERVICE_ERRORS].sort());
    expect(task("Write").TimeoutSeconds).toBe(DEADLINES_MS.task / 1000);
  });

  it("retries every other task for the errors that a repetition can cure", () => {
    const curable = [...Object.values(RETRYABLE_ERRORS), ...LAMBDA_SERVICE_ERRORS, ...LAMBDA_DEATHS];
    for (const [name, state] of tasks().filter(([other]) => other !== "Write")) {
      // The time-out of the one that waits for people is theirs.
      const all = name === "RequestApproval" ? curable : [...curable, "States.Timeout"];
      expect([name, state.Retry?.flatMap(({ ErrorEquals }) => ErrorEquals).sort()]).toEqual([name, all.sort()]);
    }
  });

  /** Delays of a retrier without jitter, in seconds, which is their mean twice over. */
  const delays = ({ IntervalSeconds, MaxAttempts, BackoffRate, MaxDelaySeconds }: Retrier): number[] =>
    Array.from({ length: MaxAttempts }, (_, attempt) =>
      Math.min(IntervalSeconds * BackoffRate ** attempt, MaxDelaySeconds),
    );
  const transition = (name: string): Retrier =>
    task(name).Retry!.find(({ ErrorEquals }) => ErrorEquals.includes(RETRYABLE_ERRORS.policyInTransition))!;

  it.each(["Decide", "Inspect", "InspectAgain", "RequestApproval"])(
    "waits in %s for a policy that is being applied by itself, for a day in the mean",
    (name) => {
      expect(transition(name).ErrorEquals).toEqual([RETRYABLE_ERRORS.policyInTransition]);
      const mean = delays(transition(name)).reduce((sum, delay) => sum + delay, 0) / 2;
      expect(mean / 86_400).toBeGreaterThan(0.9);
      expect(mean / 86_400).toBeLessThan(1.1);
    },
  );

  it("asks for the policy every five minutes before there is a decision", () => {
    expect(transition("Decide").MaxDelaySeconds).toBe(300);
  });

  const outage = (name: string): Retrier =>
    task(name).Retry!.find(({ ErrorEquals }) => ErrorEquals.includes(RETRYABLE_ERRORS.serviceUnavailable))!;

  it.each(["Decide", "Inspect", "InspectAgain", "RequestApproval", "Announce"])(
    "waits in %s for a system that does not answer, over a night, and asks soon at first",
    (name) => {
      expect(outage(name).ErrorEquals).toEqual([RETRYABLE_ERRORS.readUnavailable, RETRYABLE_ERRORS.serviceUnavailable]);
      const waits = delays(outage(name));
      const meanHours = waits.reduce((sum, delay) => sum + delay, 0) / 2 / 3_600;
      expect(meanHours).toBeGreaterThan(5);
      expect(meanHours).toBeLessThan(6);
      // Half a day at the longest, which the execution's life reckons with.
      expect(2 * meanHours).toBeLessThan(12);
      expect(waits.slice(0, 4)).toEqual([5, 10, 20, 40]);
    },
  );

  it("keeps a hundred changes that all wait inside one execution's history", () => {
    const HISTORY_EVENTS = 25_000;
    const EVENTS_OF_A_RETRY = 3;
    const events = (retrier: Retrier): number => 100 * retrier.MaxAttempts * EVENTS_OF_A_RETRY;
    expect(events(transition("Inspect"))).toBeLessThan(0.75 * HISTORY_EVENTS);
    // Before the approval and after it.
    expect(events(outage("Inspect")) + events(outage("InspectAgain"))).toBeLessThan(0.75 * HISTORY_EVENTS);
  });

  it("catches every error of every task but Decide, which a redrive begins with", () => {
    expect(task("Decide").Catch).toBeUndefined();
    for (const [name, state] of tasks().filter(([other]) => other !== "Decide")) {
      expect([name, state.Catch?.at(-1)?.ErrorEquals]).toEqual([name, ["States.ALL"]]);
    }
  });

  it("inspects again after an approval's time-out or a missing heartbeat, without taking either for a failure", () => {
    expect(task("RequestApproval").Catch?.[0]).toEqual({
      ErrorEquals: ["States.HeartbeatTimeout", "States.Timeout"],
      ResultPath: null,
      Next: "InspectAgain",
    });
  });

  it("shows the ways of a denial and of an expiry after the wait", () => {
    const { Choices: rules, Default: otherwise } = scope.States["RouteAgain"] as Extract<State, { Type: "Choice" }>;
    expect(rules).toEqual([
      { Variable: "$.inspection.route", StringEquals: "write", Next: "Write" },
      { Variable: "$.inspection.outcome", StringEquals: "denied", Next: "Announce" },
      { Variable: "$.inspection.outcome", StringEquals: "expired", Next: "Announce" },
    ]);
    expect(otherwise).toBe("Announce");
  });

  it("begins a new attempt without what the last one left behind", () => {
    const next = scope.States["NextAttempt"] as Extract<State, { Type: "Pass" }>;
    expect(members(next.Parameters)).toEqual(["attempt", "field", "index", "requestId", "version"]);
  });

  it("says which functions its role must invoke", () => {
    expect(functionsInvokedBy(machine)).toEqual(
      (["announce", "broker", "decide", "inspect", "request-approval"] as const).map(
        (handler) => NAMES.function(handler).arn,
      ),
    );
  });

  it("lives longer than its longest approval, and never longer than the service allows", () => {
    const days = (expires: string): number =>
      compileStateMachine(
        { fields: { manager: field("conditional", { approval: { groups: [{ group: "g", count: 1 }], expires } }) } },
        NAMES,
      ).TimeoutSeconds / 86_400;
    // Three rounds of the Map: the approval, or the day of a raised one, and eleven days for what else may take time.
    expect(days("P10D")).toBe(63);
    expect(days("PT1H")).toBe(36);
    expect(days("P52W")).toBe(365);
  });

  it("takes other retry intervals for tests that really wait", () => {
    const quick = compileStateMachine(POLICY, NAMES, { retryIntervalSeconds: 1 });
    expect((quick.States["Decide"] as TaskState).Retry).toEqual(
      expect.arrayContaining([expect.objectContaining({ IntervalSeconds: 1, MaxDelaySeconds: 2 })]),
    );
    expect(lintStateMachine(quick)).toEqual([]);
  });

  it("follows the Region's partition", () => {
    const names = compileNames({
      prefix: "acme",
      accountId: "111122223333",
      region: "us-gov-west-1",
    });
    const gov = compileStateMachine(POLICY, names);
    expect((gov.States["Decide"] as TaskState).Resource).toBe("arn:aws-us-gov:states:::lambda:invoke");
    expect(lintStateMachine(gov)).toEqual([]);
  });

  it("is the same text whatever order the policy is written in", () => {
    fc.assert(
      fc.property(policies, (policy) => {
        const turned = { fields: Object.fromEntries(Object.entries(policy.fields).reverse()) };
        expect(JSON.stringify(compileStateMachine(turned, NAMES))).toBe(
          JSON.stringify(compileStateMachine(policy, NAMES)),
        );
      }),
    );
  });

  it("adds no way to Write when a class is tightened", () => {
    const direct = (policy: Parameters<typeof compileStateMachine>[0]): string[] => {
      const text = canonicalJson(compileStateMachine(policy, NAMES));
      return Object.keys(policy.fields).filter((name) =>
        text.includes(`"StringEquals":"${name}","Variable":"$.field"`),
      );
    };
    fc.assert(
      fc.property(policies, fc.nat(), (policy, pick) => {
        const fields = Object.keys(policy.fields);
        const name = fields[pick % Math.max(1, fields.length)];
        if (name === undefined) return;
        const tightened = { fields: { ...policy.fields, [name]: field("conditional") } };
        expect(direct(policy)).toEqual(expect.arrayContaining(direct(tightened)));
        expect(direct(tightened)).not.toContain(name);
      }),
    );
  });

  it("fits the service with 300 safe fields", () => {
    const fields = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`field_name_${String(index).padStart(5, "0")}`, field("safe")]),
    );
    expect(JSON.stringify(compileStateMachine({ fields }, NAMES)).length).toBeLessThan(1_048_576);
  });
});
