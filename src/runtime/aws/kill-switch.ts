import {
  AttachRolePolicyCommand,
  DetachRolePolicyCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
} from "@aws-sdk/client-iam";
import {
  DeleteFunctionConcurrencyCommand,
  GetEventSourceMappingCommand,
  GetFunctionConcurrencyCommand,
  LambdaClient,
  PutFunctionConcurrencyCommand,
  UpdateEventSourceMappingCommand,
} from "@aws-sdk/client-lambda";
import { ListExecutionsCommand, SFNClient, StopExecutionCommand } from "@aws-sdk/client-sfn";

import type { Layer, Layers } from "../kill-switch/layers";
import { calling } from "./failures";
import { EXCHANGE, REPEATABLE_ATTEMPTS } from "./settings";

/** What of a stack the layers are about. */
export interface StoppedParts {
  readonly stoppedFunctions: readonly string[];
  /** What each has reserved while the system runs. */
  readonly reservedConcurrency?: number | undefined;
  readonly connectorRoleArn: string;
  readonly stopPolicyArn: string;
  readonly intakeMappingId: string;
  readonly stateMachineArn: string;
}

export interface StopClients {
  readonly lambda: LambdaClient;
  readonly iam: IAMClient;
  readonly states: SFNClient;
}

/** Clients of one Region; of the environment's where none is named. */
export function stopClients(region?: string): StopClients {
  // Every call comes to the same however often it is made.
  const settings = {
    maxAttempts: REPEATABLE_ATTEMPTS,
    requestHandler: EXCHANGE,
    ...(region === undefined ? {} : { region }),
  };
  return { lambda: new LambdaClient(settings), iam: new IAMClient(settings), states: new SFNClient(settings) };
}

/** Executions that one step ends at most: within the function's time. */
const MOST_EXECUTIONS = 500;

/** The layers of a stop, by the services' own APIs. */
export function createLayers(parts: StoppedParts, clients: StopClients = stopClients()): Layers {
  const { lambda, iam, states } = clients;
  return {
    concurrency: concurrencyLayer(parts, lambda),
    connector: connectorLayer(parts, iam),
    intake: intakeLayer(parts, lambda),
    executions: executionsLayer(parts, states),
  };
}

function concurrencyLayer({ stoppedFunctions, reservedConcurrency }: StoppedParts, client: LambdaClient): Layer {
  const each = (work: (FunctionName: string) => Promise<unknown>): Promise<unknown> =>
    calling(() => Promise.all(stoppedFunctions.map(work)));
  return {
    async stop() {
      await each((FunctionName) =>
        client.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 })),
      );
    },
    async undo() {
      await each((FunctionName) =>
        reservedConcurrency === undefined
          ? client.send(new DeleteFunctionConcurrencyCommand({ FunctionName }))
          : client.send(
              new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: reservedConcurrency }),
            ),
      );
    },
    read: () =>
      calling(async () => {
        const found = await Promise.all(
          stoppedFunctions.map((FunctionName) => client.send(new GetFunctionConcurrencyCommand({ FunctionName }))),
        );
        const limits = found.map(({ ReservedConcurrentExecutions: limit }) => limit);
        return {
          isStopped: limits.every((limit) => limit === 0),
          shown: stoppedFunctions
            .map((name, index) => `${name} ${limits[index] === undefined ? "not reserved" : String(limits[index])}`)
            .join(", "),
        };
      }),
  };
}

function connectorLayer({ connectorRoleArn, stopPolicyArn }: StoppedParts, client: IAMClient): Layer {
  const RoleName = connectorRoleArn.slice(connectorRoleArn.lastIndexOf("/") + 1);
  const attachment = { RoleName, PolicyArn: stopPolicyArn };
  return {
    stop: () =>
      calling(async () => {
        await client.send(new AttachRolePolicyCommand(attachment));
      }),
    undo: () =>
      calling(async () => {
        try {
          await client.send(new DetachRolePolicyCommand(attachment));
        } catch (error) {
          if (!(error instanceof Error && /^NoSuchEntity/.test(error.name))) throw error;
        }
      }),
    read: () =>
      calling(async () => {
        // A role has ten or twenty at most: one page.
        const { AttachedPolicies = [] } = await client.send(
          new ListAttachedRolePoliciesCommand({ RoleName, MaxItems: 100 }),
        );
        const isStopped = AttachedPolicies.some(({ PolicyArn }) => PolicyArn === stopPolicyArn);
        return { isStopped, shown: `the policy of denials is ${isStopped ? "attached" : "not attached"}` };
      }),
  };
}

function intakeLayer({ intakeMappingId: UUID }: StoppedParts, client: LambdaClient): Layer {
  const set = (Enabled: boolean): Promise<void> =>
    calling(async () => {
      const { State } = await client.send(new GetEventSourceMappingCommand({ UUID }));
      // A mapping that is changing takes no second change: it is looked at again in the next round.
      if (State === (Enabled ? "Enabled" : "Disabled") || State === (Enabled ? "Enabling" : "Disabling")) return;
      await client.send(new UpdateEventSourceMappingCommand({ UUID, Enabled }));
    });
  return {
    stop: () => set(false),
    undo: () => set(true),
    read: () =>
      calling(async () => {
        const { State = "unknown" } = await client.send(new GetEventSourceMappingCommand({ UUID }));
        return { isStopped: /^Disabl(?:ed|ing)$/.test(State), shown: `intake's queue is ${READING[State] ?? State}` };
      }),
  };
}

const READING: Readonly<Record<string, string>> = {
  Disabled: "not read",
  Disabling: "about not to be read",
  Enabled: "read",
  Enabling: "about to be read",
};

function executionsLayer({ stateMachineArn }: StoppedParts, client: SFNClient): Omit<Layer, "undo"> {
  const running = async (maxResults: number): Promise<string[]> => {
    const { executions = [] } = await client.send(
      new ListExecutionsCommand({ stateMachineArn, statusFilter: "RUNNING", maxResults }),
    );
    return executions.flatMap(({ executionArn }) => executionArn ?? []);
  };
  return {
    stop: (cause) =>
      calling(async () => {
        for (let ended = 0; ended < MOST_EXECUTIONS;) {
          const arns = await running(100);
          if (arns.length === 0) return;
          for (const executionArn of arns) {
            await client.send(new StopExecutionCommand({ executionArn, error: "SystemStopped", cause }));
          }
          ended += arns.length;
        }
      }),
    read: () =>
      calling(async () => {
        const [one] = await running(1);
        return one === undefined
          ? { isStopped: true, shown: "no execution runs" }
          : { isStopped: false, shown: "executions run" };
      }),
  };
}
