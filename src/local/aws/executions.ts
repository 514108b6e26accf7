import type { JsonValue } from "../../core";
import { startExecution, type Execution, type Invoke } from "../workflow-engine";
import { scaledTimers } from "../workflow-timers";
import type { Moto } from "./moto";
import { AwsError, jsonAnswer, jsonOf, textOf, type AwsAnswer, type AwsCall } from "./wire";

interface Running {
  readonly arn: string;
  readonly machineArn: string;
  readonly input: string;
  readonly startedAt: number;
  stoppedAt?: number;
  readonly execution: Execution;
}

/**
 * Step Functions for the deployed state machines: each execution runs the definition that is deployed when it starts, in the project's own
 * strict engine. moto stores the machines; its own engine is not used, since it fails at a second execution.
 */
export class Executions {
  readonly #byArn = new Map<string, Running>();

  constructor(
    private readonly moto: Moto,
    /** Calls a function as the state machine's role. */
    private readonly invokerOf: (machineArn: string) => Invoke,
  ) {}

  /** All executions, in the order they were started. */
  all(): readonly Execution[] {
    return [...this.#byArn.values()].map(({ execution }) => execution);
  }

  /** Starts an execution, whoever may. */
  async start(machineArn: string, name: string, input: string): Promise<Execution> {
    return (await this.#begin(machineArn, name, input)).execution;
  }

  /** Executions that have not ended. */
  get running(): readonly Execution[] {
    return this.all().filter((execution) => execution.status() === "RUNNING");
  }

  async handle(call: AwsCall): Promise<AwsAnswer | undefined> {
    if (call.service !== "states") return undefined;
    const input = jsonOf(call.body);
    const text = (name: string): string => textOf(input[name]);
    switch (call.action) {
      case "StartExecution":
        return started(await this.#begin(text("stateMachineArn"), text("name"), text("input")));
      case "DescribeExecution":
        return jsonAnswer(this.#describe(text("executionArn")));
      case "ListExecutions":
        return jsonAnswer({
          executions: [...this.#byArn.values()]
            .filter(
              ({ machineArn, execution }) =>
                machineArn === text("stateMachineArn") &&
                (text("statusFilter") === "" || execution.status() === text("statusFilter")),
            )
            .map(summary),
        });
      case "GetExecutionHistory":
        return jsonAnswer({
          events: this.#found(text("executionArn"))
            .execution.history()
            .map(({ id, at, type, ...rest }) => ({ id, timestamp: at / 1000, type, details: rest })),
        });
      case "StopExecution": {
        const running = this.#found(text("executionArn"));
        running.execution.stop(text("cause"));
        running.stoppedAt = Date.now();
        await running.execution.result;
        return jsonAnswer({ stopDate: running.stoppedAt / 1000 });
      }
      case "SendTaskSuccess":
        return this.#resume(text("taskToken"), text("output"));
      default:
        return undefined;
    }
  }

  /** Ends every execution. */
  stop(): void {
    for (const execution of this.running) execution.stop("the local cloud ends");
  }

  async #begin(machineArn: string, name: string, input: string): Promise<Running> {
    const arn = `${machineArn.replace(":stateMachine:", ":execution:")}:${name}`;
    const before = this.#byArn.get(arn);
    if (before !== undefined) {
      // While it runs, the same name and input is the same execution.
      if (before.execution.status() === "RUNNING" && before.input === input) return before;
      throw new AwsError("ExecutionAlreadyExists", `Execution Already Exists: '${arn}'`);
    }
    const { definition } = await this.moto.json("states", "AWSStepFunctions.DescribeStateMachine", {
      stateMachineArn: machineArn,
    });
    const running: Running = {
      arn,
      machineArn,
      input,
      startedAt: Date.now(),
      execution: startExecution({
        asl: textOf(definition),
        timers: scaledTimers(),
        stateMachineArn: machineArn,
        invoke: this.invokerOf(machineArn),
        name,
        input: JSON.parse(input) as object,
      }),
    };
    this.#byArn.set(arn, running);
    void running.execution.result.then(() => {
      running.stoppedAt ??= Date.now();
    });
    return running;
  }

  #resume(taskToken: string, output: string): AwsAnswer {
    const value = JSON.parse(output) as JsonValue;
    for (const execution of this.all()) {
      if (execution.sendTaskSuccess(taskToken, value) === "sent") return jsonAnswer({});
    }
    throw new AwsError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'");
  }

  #describe(arn: string): object {
    const running = this.#found(arn);
    return { ...summary(running), input: running.input };
  }

  #found(arn: string): Running {
    const running = this.#byArn.get(arn);
    if (running === undefined) throw new AwsError("ExecutionDoesNotExist", `Execution Does Not Exist: '${arn}'`);
    return running;
  }
}

function started({ arn, startedAt }: Running): AwsAnswer {
  return jsonAnswer({ executionArn: arn, startDate: startedAt / 1000 });
}

function summary({ arn, machineArn, startedAt, stoppedAt, execution }: Running) {
  return {
    executionArn: arn,
    stateMachineArn: machineArn,
    name: execution.name,
    status: execution.status(),
    startDate: startedAt / 1000,
    ...(stoppedAt === undefined ? {} : { stopDate: stoppedAt / 1000 }),
  };
}
