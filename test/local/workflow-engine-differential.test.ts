import * as fc from "fast-check";

import { LAMBDA_SERVICE_ERRORS, RETRYABLE_ERRORS, type JsonValue } from "../../src/core";
import { startExecution } from "../../src/local/workflow-engine";
import { manualTimers } from "../../src/local/workflow-timers";
import { ASL, call, DAY, failure, inspection, START, written, type Answer } from "./workflow-support";

/**
 * Another interpreter as a second opinion. aws-local-stepfunctions 3.0.0 does not run our definition as it is: it reads
 * `TimeoutSecondsPath` from the parameters instead of the input, has one task token for all items of a Map, and cuts a time-out of
 * more than 24.8 days to 1 ms. What it is given here is without these three; all else must come out alike.
 */
describe("the engine and aws-local-stepfunctions", () => {
  type Script = Record<string, readonly string[]>;

  /** Handlers that follow a script: the nth call of a state for a change does the nth thing, over and over. */
  function scripted(script: Script): Answer {
    const counts = new Map<string, number>();
    return (payload, { state }) => {
      const index = typeof payload["index"] === "number" ? payload["index"] : 0;
      const key = `${state} ${index}`;
      const count = counts.get(key) ?? 0;
      counts.set(key, count + 1);
      const steps = script[state] ?? ["ok"];
      const step = steps[(count + index) % steps.length] ?? "ok";
      if (step.startsWith("!")) throw failure(step.slice(1));
      switch (state) {
        case "Decide":
          return {
            version: 1,
            requestId: payload["requestId"],
            changes: [0, 1, 2].map((index) => ({ index, field: index === 1 ? "manager" : "work_email" })),
          };
        case "Inspect":
        case "InspectAgain":
          return inspection(step === "ok" ? "write" : step);
        case "Write":
          return written(step === "ok" || Number(payload["attempt"]) >= 3 ? "ended" : step, { retryAfterSeconds: 1 });
        case "Announce":
          return {
            version: 1,
            requestId: payload["requestId"],
            index: payload["index"],
            field: payload["field"],
            outcome: "applied",
            reason: JSON.stringify(payload),
          };
        default:
          return {};
      }
    };
  }

  const errors = ["!TypeError", `!${RETRYABLE_ERRORS.readUnavailable}`, `!${LAMBDA_SERVICE_ERRORS[1]}`];
  const steps = (values: readonly string[]): fc.Arbitrary<readonly string[]> =>
    fc.array(fc.constantFrom(...values, ...errors), { minLength: 1, maxLength: 3 });
  const scripts: fc.Arbitrary<Script> = fc.record({
    Inspect: steps(["write", "approve", "announce"]),
    RequestApproval: steps(["ok", "!States.Timeout"]),
    InspectAgain: steps(["write", "announce"]),
    Write: steps(["ok", "retry", "unsettled"]),
    Announce: steps(["ok"]),
  });

  async function ours(script: Script): Promise<unknown> {
    const answer = scripted(script);
    const timers = manualTimers(START);
    const execution = startExecution({
      asl: ASL,
      name: "r-1",
      input: { version: 1, requestId: "r-1" },
      timers,
      invoke: (_arn, payload, context) =>
        call(answer, payload as Record<string, JsonValue>, context).then((output) => {
          if (context.taskToken !== undefined) execution.sendTaskSuccess(context.taskToken, {});
          return output;
        }),
    });
    await timers.advance(30 * DAY);
    return execution.result.then((result) => (result.status === "SUCCEEDED" ? result.output : result));
  }

  async function theirs(script: Script): Promise<unknown> {
    const promises = Promise as unknown as { withResolvers?: unknown };
    promises.withResolvers ??= function withResolvers() {
      let resolve: unknown;
      let reject: unknown;
      const promise = new Promise((onResolve, onReject) => {
        resolve = onResolve;
        reject = onReject;
      });
      return { promise, resolve, reject };
    };
    const { StateMachine } = await import("aws-local-stepfunctions");
    const machine = JSON.parse(JSON.stringify(ASL), (key, value: unknown) =>
      key === "TimeoutSeconds" || key === "TimeoutSecondsPath" ? undefined : value,
    ) as ConstructorParameters<typeof StateMachine>[0];
    const answer = scripted(script);
    const names = ["Decide", "Inspect", "RequestApproval", "InspectAgain", "Write", "Announce"];
    const overrides = Object.fromEntries(
      names.map((state) => [
        state,
        async (parameters: unknown) => {
          const payload = (parameters as { readonly Payload: Record<string, JsonValue> }).Payload;
          const output = await call(answer, payload, { executionName: "r-1", state, retryCount: 0 });
          return { ExecutedVersion: "$LATEST", Payload: output as string, StatusCode: 200 };
        },
      ]),
    );
    const run = new StateMachine(machine, { validationOptions: { noValidate: true } }).run(
      { version: 1, requestId: "r-1" },
      {
        overrides: {
          taskResourceLocalHandlers: overrides,
          waitTimeOverrides: { WaitForRetry: 0 },
          retryIntervalOverrides: Object.fromEntries(names.map((state) => [state, [0, 0, 0]])),
        },
        // It knows neither of these by itself.
        context: { Task: { Token: "token" }, State: { EnteredTime: "2026-11-23T09:00:00.000Z", RetryCount: 0 } },
      },
    );
    return run.result;
  }

  /** The outcomes with what Announce was told, the wording of causes left aside. */
  const comparable = (output: unknown): unknown =>
    JSON.parse(JSON.stringify(output).replace(/\\"Cause\\":\\"(?:\\\\\\"|[^"\\]|\\\\)*\\"/g, '\\"Cause\\":\\"\\"'));

  it("end every request alike", async () => {
    await fc.assert(
      fc.asyncProperty(scripts, async (script) => {
        expect(comparable(await ours(script))).toEqual(comparable(await theirs(script)));
      }),
      { numRuns: 60 },
    );
  });
});
