import { ENV } from "../core";
import type { Layer, Layers } from "../runtime/kill-switch/layers";
import type { Delivery } from "./bus";
import type { LocalIam, LocalRole } from "./iam";
import type { WorkflowEngine } from "./workflow-engine";

/** Lambda has no concurrency left for a function. */
class TooManyRequests extends Error {
  override readonly name = "Lambda.TooManyRequestsException";
}

/**
 * What a stop does to the services that this process stands for: concurrency, the event source mapping, the connector role's policies and
 * executions. Every call is decided by IAM over the kill switch's own policy.
 */
export class LocalLayers {
  /** Functions that have no concurrency, by their names. */
  readonly #throttled = new Set<string>();
  readonly #waiting: Delivery[] = [];
  #isIntakeClosed = false;

  constructor(
    private readonly iam: LocalIam,
    private readonly engine: WorkflowEngine,
    private readonly deliverWaiting: () => Promise<void>,
  ) {}

  /** Throws, as Lambda does, for a function that has no concurrency. */
  throttle(functionArn: string): void {
    const name = functionArn.split(":").at(-1) ?? "";
    if (this.#throttled.has(name)) throw new TooManyRequests("Rate Exceeded.");
  }

  /** Whether a message stays in its queue, since nobody reads it. */
  holds(delivery: Delivery): boolean {
    if (this.#isIntakeClosed) this.#waiting.push(delivery);
    return this.#isIntakeClosed;
  }

  /** The messages that waited, taken. */
  takeWaiting(): Delivery[] {
    return this.#waiting.splice(0);
  }

  /** The layers as the kill switch's function calls them. */
  of(role: LocalRole, environment: Readonly<Record<string, string>>): Layers {
    const call = (action: string, resource: string, context: Readonly<Record<string, string>> = {}): void => {
      this.iam.authorize(role, action, resource, { context });
    };
    const [, partition = "", , region = "", account = ""] = (environment[ENV.stateMachineArn] ?? "").split(":");
    const lambda = (what: string): string => `arn:${partition}:lambda:${region}:${account}:${what}`;
    const functions = (environment[ENV.stoppedFunctions] ?? "").split(",");
    const machineArn = environment[ENV.stateMachineArn] ?? "";
    const connectorRoleArn = environment[ENV.connectorRoleArn] ?? "";
    const stopPolicyArn = environment[ENV.stopPolicyArn] ?? "";
    const mappingArn = lambda(`event-source-mapping:${environment[ENV.intakeMappingId] ?? ""}`);
    const intake = { "lambda:FunctionArn": lambda(`function:${functions[0]?.replace(/-broker$/, "-intake") ?? ""}`) };
    const concurrency: Layer = {
      stop: async () => {
        for (const name of functions) {
          call("lambda:PutFunctionConcurrency", lambda(`function:${name}`));
          this.#throttled.add(name);
        }
        return Promise.resolve();
      },
      undo: async () => {
        for (const name of functions) {
          call("lambda:DeleteFunctionConcurrency", lambda(`function:${name}`));
          this.#throttled.delete(name);
        }
        return Promise.resolve();
      },
      read: () => {
        for (const name of functions) call("lambda:GetFunctionConcurrency", lambda(`function:${name}`));
        const isStopped = functions.every((name) => this.#throttled.has(name));
        return Promise.resolve({ isStopped, shown: functions.join(", ") });
      },
    };
    const policy = { "iam:PolicyARN": stopPolicyArn };
    const connector: Layer = {
      stop: async () => {
        call("iam:AttachRolePolicy", connectorRoleArn, policy);
        this.iam.attach(connectorRoleArn, stopPolicyArn);
        return Promise.resolve();
      },
      undo: async () => {
        call("iam:DetachRolePolicy", connectorRoleArn, policy);
        this.iam.detach(connectorRoleArn, stopPolicyArn);
        return Promise.resolve();
      },
      read: () => {
        call("iam:ListAttachedRolePolicies", connectorRoleArn);
        return Promise.resolve({
          isStopped: this.iam.isAttached(connectorRoleArn, stopPolicyArn),
          shown: stopPolicyArn,
        });
      },
    };
    const setIntake = async (isClosed: boolean): Promise<void> => {
      call("lambda:GetEventSourceMapping", mappingArn, intake);
      call("lambda:UpdateEventSourceMapping", mappingArn, intake);
      this.#isIntakeClosed = isClosed;
      if (!isClosed) await this.deliverWaiting();
    };
    return {
      concurrency,
      connector,
      intake: {
        stop: () => setIntake(true),
        undo: () => setIntake(false),
        read: () => {
          call("lambda:GetEventSourceMapping", mappingArn, intake);
          return Promise.resolve({ isStopped: this.#isIntakeClosed, shown: this.#isIntakeClosed ? "closed" : "open" });
        },
      },
      executions: {
        stop: async (cause) => {
          call("states:ListExecutions", machineArn);
          for (const execution of this.engine.executions()) {
            if (execution.status() !== "RUNNING") continue;
            call("states:StopExecution", `${machineArn.replace(":stateMachine:", ":execution:")}:${execution.name}`);
            execution.stop(cause);
            await execution.result;
          }
        },
        read: () => {
          call("states:ListExecutions", machineArn);
          const isStopped = this.engine.executions().every((execution) => execution.status() !== "RUNNING");
          return Promise.resolve({ isStopped, shown: isStopped ? "none runs" : "executions run" });
        },
      },
    };
  }
}
