import { functionsInvokedBy, lintStateMachine } from "../../src/compile";
import type { MapState, StateMachineDefinition, TaskState } from "../../src/compile/asl";
import { compileReconciliation, RECONCILE_SECONDS, reconciliationRate } from "../../src/compile/reconciliation";
import { parseDefinition } from "../../src/local/asl-subset";
import { startExecution } from "../../src/local/workflow-engine";
import { manualTimers } from "../../src/local/workflow-timers";
import { BUDGET_MS } from "../../src/runtime/reconciliation/read-part";
import { NAMES } from "./workflow-policies";

const machine = compileReconciliation(NAMES, 2);

/** Runs the machine; `answer` is what the function answers to a step. */
async function run(answer: (payload: Record<string, unknown>) => object, definition: StateMachineDefinition = machine) {
  const calls: Record<string, unknown>[] = [];
  const timers = manualTimers(0);
  let [now, most] = [0, 0];
  const execution = startExecution({
    asl: definition,
    name: "x-1",
    input: { fields: "all" },
    timers,
    random: () => 0,
    invoke: async (_arn, payload) => {
      calls.push(payload as Record<string, unknown>);
      most = Math.max(most, (now += 1));
      await Promise.resolve();
      now -= 1;
      return { runId: "run-1", status: "done", waitSeconds: 0, ...answer(payload as Record<string, unknown>) };
    },
  });
  for (let turn = 0; turn < 200 && execution.status() === "RUNNING"; turn += 1) await timers.advance(60_000);
  return { calls, result: await execution.result, most, elapsedMs: timers.now() };
}

test.each([
  [["P1D"], "rate(1 day)"],
  [["P7D", undefined], "rate(1 day)"],
  [["P1D", "PT6H"], "rate(6 hours)"],
  [["PT90M"], "rate(1 hour)"],
  [["PT15M"], "rate(1 hour)"],
  [[], "rate(1 day)"],
])("fields that ask for %j are looked at at %s, between an hour and a day", (cadences, rate) => {
  const fields = Object.fromEntries(
    cadences.map((every, index) => [
      `f${String(index)}`,
      every === undefined ? {} : { reconcile: { every, log: "x" } },
    ]),
  );
  expect(reconciliationRate({ fields } as never)).toBe(rate);
});

const begun = (step: unknown): object =>
  step === "begin" ? { parts: [{ part: 0 }, { part: 1 }, { part: 2 }] } : { opened: 1, closed: 0, forHumans: 1 };

describe("the reconciliation's state machine", () => {
  test("is clean for its own linter and for asl-validator, whatever it is started with", () => {
    expect(lintStateMachine(machine, { input: [] })).toEqual([]);
    expect(parseDefinition(machine)).toEqual(machine);
  });

  test("invokes its own function and nothing else, which has time to end by itself", () => {
    expect(functionsInvokedBy(machine)).toEqual([NAMES.function("reconcile").arn]);
    const map = machine.States["Parts"] as MapState;
    const tasks = [...Object.values(machine.States), ...Object.values(map.ItemProcessor.States)].filter(
      (state): state is TaskState => state.Type === "Task",
    );
    expect(tasks).toHaveLength(4);
    for (const { TimeoutSeconds } of tasks) expect(TimeoutSeconds).toBeGreaterThan(RECONCILE_SECONDS);
    // A record that was begun may wait for two systems, each for as long as an HTTP call takes.
    expect(RECONCILE_SECONDS * 1000).toBeGreaterThanOrEqual(BUDGET_MS + 2 * 40_000);
  });

  test("begins by its own name and input, reads every part, so many at once, then the sessions, and ends", async () => {
    const { calls, result, most } = await run(({ step }) => begun(step));
    expect(calls).toEqual([
      { version: 1, step: "begin", execution: "x-1", input: { fields: "all" } },
      { version: 1, step: "part", runId: "run-1", part: 0 },
      { version: 1, step: "part", runId: "run-1", part: 1 },
      { version: 1, step: "part", runId: "run-1", part: 2 },
      { version: 1, step: "sessions", runId: "run-1" },
      { version: 1, step: "finish", runId: "run-1" },
    ]);
    expect(most).toBe(2);
    expect(result).toEqual({
      status: "SUCCEEDED",
      output: { version: 1, runId: "run-1", opened: 1, closed: 0, forHumans: 1 },
    });
  });

  test("comes back to a part until it is done, after the wait that the function asks for", async () => {
    let turns = 0;
    const { calls, elapsedMs } = await run(({ step, part }) => {
      if (step !== "part" || part !== 1) return begun(step);
      turns += 1;
      return turns < 3 ? { status: "more", waitSeconds: 600 } : {};
    });
    expect(calls.filter(({ part }) => part === 1)).toHaveLength(3);
    expect(elapsedMs).toBeGreaterThanOrEqual(1_200_000);
  });

  test("a part that fails for good fails the run, and nothing ends it", async () => {
    const { calls, result } = await run(({ step, part }) => {
      if (part === 1) throw new TypeError("a defect");
      return begun(step);
    });
    expect(result).toMatchObject({ status: "FAILED", error: "TypeError" });
    expect(calls.map(({ step }) => step)).not.toContain("finish");
  });

  test("a part has an execution of its own, which knows nothing of the map", async () => {
    const asked: StateMachineDefinition = structuredClone(machine);
    const map = asked.States["Parts"] as unknown as { ItemProcessor: { States: { ReadPart: TaskState } } };
    const payload = map.ItemProcessor.States.ReadPart.Parameters["Payload"] as Record<string, unknown>;
    payload["execution.$"] = "$$.Execution.Name";
    const { calls } = await run(({ step }) => begun(step), asked);
    expect(calls[1]?.["execution"]).not.toBe("x-1");
    payload["item.$"] = "$$.Map.Item.Index";
    expect((await run(({ step }) => begun(step), asked)).result).toMatchObject({
      status: "FAILED",
      error: "States.Runtime",
    });
  });
});
