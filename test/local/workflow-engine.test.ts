import { LAMBDA_SERVICE_ERRORS, RETRYABLE_ERRORS, type JsonValue } from "../../src/core";
import { UnsupportedDefinition } from "../../src/local/asl-subset";
import { createWorkflowEngine } from "../../src/local/workflow-engine";
import { manualTimers, scaledTimers } from "../../src/local/workflow-timers";
import {
  answers,
  ASL,
  call,
  DAY,
  entered,
  failure,
  inspection,
  outcomes,
  START,
  start,
  written,
  type Answer,
} from "./workflow-support";

const approveFirst: Answer = ({ phase }) => inspection(phase === "first" ? "approve" : "write");

describe("the local workflow engine", () => {
  it("runs a safe change straight to its write", async () => {
    const { execution, calls, timers } = start(["work_email"]);
    expect(await outcomes(execution)).toEqual(["work_email applied"]);
    expect(timers.pending()).toEqual([]);
    expect(entered(execution)).toEqual(["Inspect", "Route", "Write", "RouteWrite", "Announce"]);
    expect(calls.find(({ handler }) => handler === "broker")?.payload).toEqual({
      version: 1,
      requestId: "r-1",
      index: 0,
      field: "work_email",
      digest: "d-1",
      attempt: 1,
    });
  });

  it("runs the definition as JSON text, as it stands in Terraform", async () => {
    expect(await outcomes(start(["work_email"], {}, JSON.stringify(ASL)).execution)).toEqual(["work_email applied"]);
  });

  it("does not write a field by its inspection's word alone", async () => {
    const { execution, calls } = start(["manager"]);
    expect(await outcomes(execution)).toEqual(["manager denied"]);
    expect(calls.map(({ handler }) => handler)).not.toContain("broker");
  });

  it("waits for the approval of a change and then inspects it again", async () => {
    const { execution, tokens, timers, calls } = start(["manager"], { inspect: approveFirst });
    await timers.advance(3_599_000);
    expect(execution.status()).toBe("RUNNING");
    expect(execution.sendTaskSuccess(tokens[0]!, { decision: "approve" })).toBe("sent");
    expect(await outcomes(execution)).toEqual(["manager applied"]);
    expect(entered(execution)).toEqual([
      "Inspect",
      "Route",
      "RequestApproval",
      "InspectAgain",
      "RouteAgain",
      "Write",
      "RouteWrite",
      "Announce",
    ]);
    expect(calls.find(({ state }) => state === "RequestApproval")?.payload["taskToken"]).toBe(tokens[0]);
  });

  it("tells which call came after which: when the wait was entered, and how often it was tried since", async () => {
    let failures = 2;
    const { calls, timers } = start(["manager"], {
      inspect: approveFirst,
      "request-approval": () => {
        failures -= 1;
        if (failures >= 0) throw failure("ServiceUnavailable");
        return {};
      },
    });
    await timers.advance(3_600_000);
    const payloads = calls.filter(({ state }) => state === "RequestApproval").map(({ payload }) => payload);
    expect(payloads.map(({ retryCount }) => retryCount)).toEqual([0, 1, 2]);
    expect(new Set(payloads.map(({ enteredAt }) => enteredAt))).toEqual(new Set([new Date(START).toISOString()]));
  });

  it("drops what the callback says", async () => {
    const { execution, tokens, timers } = start(["manager"], { inspect: approveFirst });
    await timers.advance(1);
    execution.sendTaskSuccess(tokens[0]!, { smuggled: "smuggled" });
    await execution.result;
    const after = execution.history().filter(({ type }) => type !== "TaskSucceeded");
    expect(JSON.stringify(after)).not.toContain("smuggled");
  });

  it("takes a token once, and not after its wait", async () => {
    const { execution, tokens, timers } = start(["manager"], { inspect: approveFirst });
    await timers.advance(1);
    expect(execution.sendTaskSuccess("no-token", {})).toBe("gone");
    expect(execution.sendTaskSuccess(tokens[0]!, {})).toBe("sent");
    await execution.result;
    expect(execution.sendTaskSuccess(tokens[0]!, {})).toBe("gone");
  });

  it("gives each waiting change a token of its own", async () => {
    const { execution, tokens, timers } = start(["manager", "manager", "manager"], { inspect: approveFirst });
    await timers.advance(1);
    expect(new Set(tokens).size).toBe(3);
    execution.sendTaskSuccess(tokens[1]!, {});
    await timers.advance(1);
    expect([0, 1, 2].map((item) => entered(execution, item).includes("Announce"))).toEqual([false, true, false]);
    await timers.advance(3_600_000);
    expect(execution.status()).toBe("SUCCEEDED");
  });

  it("ends the wait for an approval after the seconds that the inspection gave, and not before", async () => {
    const answer: Answer = ({ phase }) => (phase === "first" ? inspection("approve") : inspection("announce"));
    const { execution, tokens, timers, calls } = start(["manager"], { inspect: answer });
    await timers.advance(3_599_999);
    expect(entered(execution).at(-1)).toBe("RequestApproval");
    await timers.advance(1);
    expect(execution.sendTaskSuccess(tokens[0]!, {})).toBe("gone");
    expect(await outcomes(execution)).toEqual(["manager denied"]);
    expect(calls.at(-1)?.payload).not.toHaveProperty("failure");
  });

  it("announces a change whose approval could not be asked for", async () => {
    const { execution, calls } = start(["manager"], {
      inspect: approveFirst,
      "request-approval": () => {
        throw failure("AccessDenied");
      },
    });
    expect(await outcomes(execution)).toEqual(["manager denied"]);
    expect(calls.at(-1)?.payload["failure"]).toMatchObject({ Error: "AccessDenied" });
  });

  it("waits as long as the HRIS asks and comes again as the next attempt", async () => {
    const { execution, timers, calls } = start(["work_email"], {
      broker: ({ attempt }) => (attempt === 1 ? written("retry", { retryAfterSeconds: 90 }) : written("ended")),
    });
    await timers.advance(89_999);
    expect(entered(execution).at(-1)).toBe("WaitForRetry");
    await timers.advance(1);
    expect(await outcomes(execution)).toEqual(["work_email applied"]);
    expect(calls.filter(({ handler }) => handler === "broker").map(({ payload }) => payload["attempt"])).toEqual([
      1, 2,
    ]);
    expect(entered(execution).slice(5)).toEqual([
      "NextAttempt",
      "InspectAgain",
      "RouteAgain",
      "Write",
      "RouteWrite",
      "Announce",
    ]);
  });

  it("retries what is curable with growing pauses, and then announces", async () => {
    const { execution, timers, calls } = start(["work_email"], {
      inspect: () => {
        throw failure(RETRYABLE_ERRORS.readUnavailable);
      },
    });
    await timers.advance(DAY);
    const at = execution
      .history()
      .filter(({ type, state }) => type === "TaskScheduled" && state === "Inspect")
      .map((event) => (event.at - START) / 1000);
    expect(calls.filter(({ handler }) => handler === "inspect")).toHaveLength(31);
    const pauses = at.slice(1).map((second, index) => second - (at[index] ?? 0));
    expect(pauses.slice(0, 9)).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1_280]);
    expect(new Set(pauses.slice(9))).toEqual(new Set([1_800]));
    expect(await outcomes(execution)).toEqual(["work_email denied"]);
  });

  it("repeats a write for Lambda's own errors, never for the broker's", async () => {
    const tries = async (name: string): Promise<number> => {
      const { execution, timers, calls } = start(["work_email"], {
        broker: () => {
          throw failure(name);
        },
      });
      await timers.advance(DAY);
      await execution.result;
      return calls.filter(({ handler }) => handler === "broker").length;
    };
    expect(await tries(LAMBDA_SERVICE_ERRORS[0])).toBe(4);
    expect(await tries(RETRYABLE_ERRORS.serviceUnavailable)).toBe(1);
    expect(await tries("TypeError")).toBe(1);
  });

  it("gives up on a write that takes longer than its deadline", async () => {
    const { execution, timers, calls } = start(["work_email"], { broker: () => new Promise(() => undefined) });
    await timers.advance(74_999);
    expect(execution.status()).toBe("RUNNING");
    await timers.advance(1);
    expect(await outcomes(execution)).toEqual(["work_email denied"]);
    expect(calls.at(-1)?.payload["failure"]).toMatchObject({ Error: "States.Timeout" });
  });

  it("lets no change stop another", async () => {
    const { execution, timers } = start(["work_email", "work_email", "work_email"], {
      inspect: ({ index }) => {
        if (index === 1) throw failure("TypeError");
        return inspection("write");
      },
      announce: ({ requestId, index, field }) => {
        if (index === 2) throw failure(RETRYABLE_ERRORS.serviceUnavailable);
        return { version: 1, requestId, index, field, outcome: "applied", reason: "Invented" };
      },
    });
    await timers.advance(DAY);
    expect(await outcomes(execution)).toEqual(["work_email applied", "work_email applied", "work_email unknown"]);
    expect(entered(execution, 2).at(-1)).toBe("Unannounced");
  });

  it("fails a request that cannot be decided", async () => {
    const { execution } = start(["work_email"], {
      decide: () => {
        throw failure("TypeError");
      },
    });
    expect(await execution.result).toMatchObject({ status: "FAILED", error: "TypeError" });
  });

  it("runs at most forty changes at once", async () => {
    let running = 0;
    let most = 0;
    const { execution } = start(
      Array.from({ length: 100 }, () => "work_email"),
      {
        inspect: async () => {
          running += 1;
          most = Math.max(most, running);
          await new Promise((resolve) => setImmediate(resolve));
          running -= 1;
          return inspection("write");
        },
      },
    );
    expect(await outcomes(execution)).toHaveLength(100);
    expect(most).toBe(40);
  });

  it("keeps the order of the changes whatever ends first", async () => {
    const { execution, tokens, timers } = start(["manager", "work_email"], {
      inspect: ({ field, phase }) => inspection(field === "manager" && phase === "first" ? "approve" : "write"),
    });
    await timers.advance(1);
    execution.sendTaskSuccess(tokens[0]!, {});
    expect(await outcomes(execution)).toEqual(["manager applied", "work_email applied"]);
  });

  it("fails the execution, which nothing catches, where a handler leaves out a member", async () => {
    const { execution } = start(["work_email"], { inspect: () => ({ route: "write" }) });
    expect(await execution.result).toMatchObject({ status: "FAILED", error: "States.Runtime" });
  });

  it("ends the siblings of a change that failed the Map, and lets none of them catch that", async () => {
    const asl = JSON.parse(JSON.stringify(ASL), (key, value: unknown) => {
      if (key === "Unannounced") return { Type: "Fail", Error: "Invented", Cause: "invented" };
      return value;
    }) as unknown;
    const { execution, timers, calls } = start(
      ["manager", "work_email"],
      {
        inspect: ({ index }) => inspection(index === 0 ? "approve" : "write"),
        announce: () => {
          throw failure("TypeError");
        },
      },
      asl,
    );
    await timers.advance(DAY);
    expect(await execution.result).toEqual({ status: "FAILED", error: "Invented", cause: "invented" });
    expect(calls.filter(({ handler }) => handler === "announce")).toHaveLength(1);
    expect(entered(execution, 0).at(-1)).toBe("RequestApproval");
  });

  it("does not announce siblings of a change that failed the Map", async () => {
    const { execution, timers, calls } = start(["manager", "work_email"], {
      inspect: ({ index }) => (index === 0 ? inspection("approve") : { route: "write" }),
    });
    await timers.advance(DAY);
    expect(await execution.result).toMatchObject({ status: "FAILED" });
    expect(calls.map(({ handler }) => handler)).not.toContain("announce");
  });

  it("fails an execution whose data exceed the service's limit", async () => {
    const { execution } = start(["work_email"], {
      decide: () => ({ version: 1, requestId: "r", changes: "x".repeat(270_000) }),
    });
    expect(await execution.result).toMatchObject({ status: "FAILED", error: "States.DataLimitExceeded" });
  });

  it("ends an execution that outlives its time", async () => {
    const { execution, timers } = start(["manager"], {
      inspect: () => inspection("approve", { approvalTimeoutSeconds: 99_999_999 }),
    });
    await timers.advance(ASL.TimeoutSeconds * 1000 - 1);
    expect(execution.status()).toBe("RUNNING");
    await timers.advance(1);
    expect(await execution.result).toEqual({ status: "TIMED_OUT" });
    expect(timers.pending()).toEqual([]);
  });

  it("looks again where a wait ends by a heartbeat that did not come", async () => {
    const { execution, timers, calls } = start(["manager"], {
      inspect: ({ phase }) =>
        phase === "first" ? inspection("approve") : inspection("announce", { outcome: "expired" }),
      "request-approval": () => {
        throw Object.assign(new Error("no heartbeat"), { name: "States.HeartbeatTimeout" });
      },
    });
    await timers.advance(DAY);
    expect(await execution.result).toMatchObject({ status: "SUCCEEDED" });
    expect(entered(execution, 0)).toEqual([
      "Inspect",
      "Route",
      "RequestApproval",
      "InspectAgain",
      "RouteAgain",
      "Announce",
    ]);
    expect(calls.map(({ handler }) => handler)).not.toContain("broker");
  });

  it("stops an execution at once, and calls nothing more", async () => {
    const { execution, tokens, timers, calls } = start(["manager"], { inspect: approveFirst });
    await timers.advance(1);
    execution.stop("drill");
    expect(await execution.result).toEqual({ status: "ABORTED", cause: "drill" });
    const before = calls.length;
    expect(execution.sendTaskSuccess(tokens[0]!, {})).toBe("gone");
    await timers.advance(DAY);
    expect(calls).toHaveLength(before);
    expect(execution.history().at(-1)).toMatchObject({ type: "ExecutionAborted", cause: "drill" });
  });

  it("lets a value that a handler returns too much travel no further than that task", async () => {
    const marked = "marked-value@example.com";
    const { execution, tokens, timers, calls } = start(["manager"], {
      decide: (payload, context) => ({
        ...(answers(["manager"])["decide"]!(payload, context) as object),
        value: marked,
      }),
      inspect: ({ phase }) => inspection(phase === "first" ? "approve" : "write", { to: marked }),
      broker: () => written("ended", { value: marked }),
    });
    await timers.advance(1);
    execution.sendTaskSuccess(tokens[0]!, {});
    await execution.result;
    const states = execution.history().filter(({ type }) => type === "StateEntered" || type === "StateExited");
    expect(JSON.stringify(states)).not.toContain(marked);
    expect(JSON.stringify(calls)).not.toContain(marked);
  });

  it("records every state with its input and output, and the end", async () => {
    const { execution } = start(["work_email"]);
    await execution.result;
    const history = execution.history();
    expect(history.map(({ id }) => id)).toEqual(history.map((_event, index) => index + 1));
    expect(history[0]).toMatchObject({ type: "ExecutionStarted", input: { version: 1, requestId: "r-1" } });
    expect(history.at(-1)).toMatchObject({ type: "ExecutionSucceeded" });
    for (const { type, state, item } of history.filter((event) => event.type === "StateEntered")) {
      expect([
        type,
        history.some((event) => event.type === "StateExited" && event.state === state && event.item === item),
      ]).toEqual(["StateEntered", true]);
    }
    expect(history.find(({ type, state }) => type === "StateExited" && state === "Inspect")?.output).toMatchObject({
      field: "work_email",
      inspection: { route: "write" },
    });
  });
});

describe("the engine as the workflow port", () => {
  it("starts a name once and finds the execution of a token", async () => {
    const tokens: string[] = [];
    const table = answers(["manager"], { inspect: approveFirst });
    const timers = manualTimers(START);
    const engine = createWorkflowEngine({
      asl: ASL,
      timers,
      invoke: (arn, payload, context) => {
        if (context.taskToken !== undefined) tokens.push(context.taskToken);
        return call(table[arn.split(":function:acme-")[1]!], payload as Record<string, JsonValue>, context);
      },
    });
    expect(await engine.start("r-1", { version: 1, requestId: "r-1" })).toBe("started");
    expect(await engine.start("r-1", { version: 1, requestId: "r-1" })).toBe("already-exists");
    expect(await engine.start("r-2", { version: 1, requestId: "r-2" })).toBe("started");
    await timers.advance(1);
    expect(await engine.sendTaskSuccess("unknown", {})).toBe("gone");
    expect(await engine.sendTaskSuccess(tokens[1]!, {})).toBe("sent");
    expect(await engine.execution("r-2")!.result).toMatchObject({ status: "SUCCEEDED" });
    expect(engine.executions().map((execution) => [execution.name, execution.status()])).toEqual([
      ["r-1", "RUNNING"],
      ["r-2", "SUCCEEDED"],
    ]);
    const statuses = await Promise.all(["r-1", "r-2", "r-3"].map((name) => engine.status(name)));
    expect(statuses).toEqual(["running", "ended", "unknown"]);
  });
});

describe("definitions that the engine cannot run exactly", () => {
  type Tree = { [key: string]: Tree };
  const changed = (change: (states: Tree, scope: Tree, machine: Tree) => void): object => {
    const machine = JSON.parse(JSON.stringify(ASL)) as Tree;
    const states = machine["States"]!;
    change(states, states["Changes"]!["ItemProcessor"]!["States"]!, machine);
    return machine;
  };
  const set = (node: Tree | undefined, key: string, value: unknown): void => {
    Object.assign(node!, { [key]: value });
  };
  const payload = (states: Tree): Tree => states["Decide"]!["Parameters"]!["Payload"]!;
  it.each([
    ["no JSON", "{"],
    [
      "another query language",
      changed((_states, _scope, machine) => {
        set(machine, "QueryLanguage", "JSONata");
      }),
    ],
    [
      "a state of another type",
      changed((states) => {
        set(states, "Decide", { Type: "Succeed" });
      }),
    ],
    [
      "an unknown member of a state",
      changed((states) => {
        set(states["Decide"], "OutputPath", "$");
      }),
    ],
    [
      "another integration",
      changed((states) => {
        set(states["Decide"], "Resource", "arn:aws:states:::sqs:sendMessage");
      }),
    ],
    [
      "an unknown intrinsic function",
      changed((states) => {
        set(payload(states), "id.$", "States.UUID()");
      }),
    ],
    [
      "a path with a filter",
      changed((states) => {
        set(states["Changes"], "ItemsPath", "$.changes[?(@.x)]");
      }),
    ],
    [
      "a distributed Map",
      changed((states) => {
        set(states["Changes"]!["ItemProcessor"]!["ProcessorConfig"], "Mode", "DISTRIBUTED");
      }),
    ],
    [
      "a state that neither ends nor goes on",
      changed((states) => {
        delete states["Changes"]!["End"];
      }),
    ],
    [
      "an unknown test",
      changed((_states, scope) => {
        set(scope["Route"]!["Choices"]!["0"], "StringMatches", "*");
      }),
    ],
    [
      "an unknown test inside another",
      changed((_states, scope) => {
        set(scope["Route"]!["Choices"], "0", { And: [{ Variable: "$.x", IsNull: true }], Next: "Announce" });
      }),
    ],
  ])("are refused for %s", (_name, asl) => {
    expect(() => createWorkflowEngine({ asl, invoke: () => Promise.resolve({}) })).toThrow(UnsupportedDefinition);
  });
});

describe("timers", () => {
  it("shorten waiting by their scale, and never a function's deadline", async () => {
    const timers = scaledTimers(0.0001);
    const order: string[] = [];
    const cancel = timers.after(300, "task", () => order.push("task"));
    await new Promise<void>((resolve) => {
      timers.after(100_000, "approval", () => {
        order.push("approval");
        resolve();
      });
    });
    cancel();
    expect(order).toEqual(["approval"]);
  });

  it("keep delays that are too long for one timer", async () => {
    const timers = scaledTimers(1);
    let fired = false;
    const cancel = timers.after(365 * DAY, "wait", () => (fired = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    cancel();
    expect(fired).toBe(false);
  });

  it("refuse a scale that would stop or turn time", () => {
    for (const scale of [0, -1, Number.NaN]) expect(() => scaledTimers(scale)).toThrow(RangeError);
  });

  it("fire in the order in which they fall due", async () => {
    const timers = manualTimers(0);
    const fired: string[] = [];
    timers.after(20, "wait", () => fired.push(`b ${timers.now()}`));
    timers.after(10, "wait", () => {
      fired.push(`a ${timers.now()}`);
      timers.after(5, "wait", () => fired.push(`c ${timers.now()}`));
    });
    timers.after(40, "wait", () => fired.push("never"));
    await timers.advance(30);
    expect(fired).toEqual(["a 10", "c 15", "b 20"]);
    expect(timers.now()).toBe(30);
  });
});
