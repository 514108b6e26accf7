import {
  DescribeExecutionCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";

import type { Workflow } from "../ports";
import { calling, translated } from "./failures";
import { EXCHANGE, REPEATABLE_ATTEMPTS } from "./settings";

/** Errors by which Step Functions says that a task does not wait any more. */
const GONE = new Set(["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"]);

function makeClient(): SFNClient {
  return new SFNClient({ maxAttempts: REPEATABLE_ATTEMPTS, requestHandler: EXCHANGE });
}

/** Starts executions of the stack's workflow by name: the same name and input while it runs is the same execution. */
export function createStarter(stateMachineArn: string, client: SFNClient = makeClient()): Pick<Workflow, "start"> {
  return {
    async start(name, input) {
      try {
        await client.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
        return "started";
      } catch (error) {
        if (error instanceof Error && error.name === "ExecutionAlreadyExists") return "already-exists";
        throw translated(error);
      }
    },
  };
}

/** Statuses of an execution that goes on, by itself or by a redrive that was asked for. */
const RUNNING = new Set(["RUNNING", "PENDING_REDRIVE"]);
const STOPPED = new Set(["ABORTED", "TIMED_OUT"]);

/**
 * Tells whether executions of the stack's workflow run. Input and output are not asked for, so that nobody needs to decrypt them.
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html (read 2026-11-23)
 */
export function createWatcher(stateMachineArn: string, client: SFNClient = makeClient()): Pick<Workflow, "status"> {
  return {
    async status(name) {
      const executionArn = `${stateMachineArn.replace(":stateMachine:", ":execution:")}:${name}`;
      return calling(async () => {
        try {
          const { status } = await client.send(
            new DescribeExecutionCommand({ executionArn, includedData: "METADATA_ONLY" }),
          );
          if (RUNNING.has(status ?? "")) return "running";
          return STOPPED.has(status ?? "") ? "stopped" : "ended";
        } catch (error) {
          if (error instanceof Error && error.name === "ExecutionDoesNotExist") return "unknown";
          throw error;
        }
      });
    },
  };
}

/** Ends waits for a task token. A repeat finds the wait gone. */
export function createResumer(client: SFNClient = makeClient()): Pick<Workflow, "sendTaskSuccess"> {
  return {
    async sendTaskSuccess(taskToken, output) {
      return calling(async () => {
        try {
          await client.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(output) }));
          return "sent";
        } catch (error) {
          if (error instanceof Error && GONE.has(error.name)) return "gone";
          throw error;
        }
      });
    },
  };
}
