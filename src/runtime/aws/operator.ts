import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetFunctionConfigurationCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { DescribeExecutionCommand, SFNClient } from "@aws-sdk/client-sfn";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

import { ENV } from "../../core";
import type { Layers } from "../kill-switch/layers";
import type { Clock, Store, StoreReads, Workflow } from "../ports";
import { systemClock } from "./clock";
import { fromEnvironment } from "./environment";
import { calling } from "./failures";
import { createLayers, stopClients } from "./kill-switch";
import { EXCHANGE, REPEATABLE_ATTEMPTS } from "./settings";
import { createStore, documentClient } from "./store";
import { createStarter } from "./workflow";

/** Where the parts of a stack are that an operator asks. */
export interface OperatedStack {
  readonly region: string;
  readonly ledgerTable: string;
  readonly controlTable: string;
  readonly killSwitchArn: string;
  /** Name of the function whose settings say what a stop is about. */
  readonly killSwitchFunction: string;
  /** Name of a function whose settings say where people agree. */
  readonly notifierFunction: string;
}

/** How an execution of the kill switch goes on. */
export interface StopExecution {
  readonly status: string;
  /** Milliseconds since the epoch, by the service's clock. */
  readonly startedAtMs: number;
}

/** A deployed stack as an operator reaches it: the reads of a look, and the one start. */
export interface OperatorPorts {
  readonly store: StoreReads & Pick<Store, "due">;
  readonly layers: () => Promise<Layers>;
  readonly machine: Pick<Workflow, "start"> & {
    /** Nothing where there is no such execution. */
    look(name: string): Promise<StopExecution | undefined>;
  };
  /** ARN of whose credentials these are. */
  readonly caller: () => Promise<string>;
  /** Where operators agree; absent where the stack does not say. */
  readonly approvalsUrl: () => Promise<string | undefined>;
  readonly clock: Clock;
}

/** A deployed stack by an operator's own credentials, in the stack's own Region. */
export function createOperator(stack: OperatedStack): OperatorPorts {
  const { region, killSwitchArn } = stack;
  const settings = { region, maxAttempts: REPEATABLE_ATTEMPTS, requestHandler: EXCHANGE };
  const lambda = new LambdaClient(settings);
  const states = new SFNClient(settings);
  const settingsOf = (FunctionName: string): Promise<Readonly<Record<string, string>>> =>
    calling(async () => {
      const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
      return Environment?.Variables ?? {};
    });
  return {
    store: createStore(
      { ledger: stack.ledgerTable, control: stack.controlTable },
      documentClient(new DynamoDBClient(settings)),
    ),
    layers: async () => {
      const parts = fromEnvironment(
        await settingsOf(stack.killSwitchFunction),
        "stoppedFunctions",
        "connectorRoleArn",
        "stopPolicyArn",
        "intakeMappingId",
        "stateMachineArn",
      );
      return createLayers(parts, stopClients(region));
    },
    machine: {
      ...createStarter(killSwitchArn, states),
      look: (name) =>
        calling(async () => {
          try {
            const executionArn = `${killSwitchArn.replace(":stateMachine:", ":execution:")}:${name}`;
            const { status = "", startDate } = await states.send(
              new DescribeExecutionCommand({ executionArn, includedData: "METADATA_ONLY" }),
            );
            return { status, startedAtMs: startDate?.getTime() ?? Number.NaN };
          } catch (error) {
            if (error instanceof Error && error.name === "ExecutionDoesNotExist") return undefined;
            throw error;
          }
        }),
    },
    caller: () =>
      calling(async () => {
        const { Arn = "" } = await new STSClient(settings).send(new GetCallerIdentityCommand({}));
        return Arn;
      }),
    approvalsUrl: async () => (await settingsOf(stack.notifierFunction))[ENV.approvalsUrl],
    clock: systemClock,
  };
}
