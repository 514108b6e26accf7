import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetFunctionConfigurationCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

import { ENV } from "../../core";
import type { Clock, StoreReads } from "../ports";
import { systemClock } from "./clock";
import { calling } from "./failures";
import { createFunctions } from "./functions";
import { EXCHANGE, REPEATABLE_ATTEMPTS } from "./settings";
import { createStore, documentClient } from "./store";

/** Where the parts of a stack are that whoever takes a write back asks. */
export interface ReversedStack {
  readonly region: string;
  readonly ledgerTable: string;
  readonly controlTable: string;
  readonly reversalFunction: string;
  /** Name of a function whose settings say where people decide. */
  readonly notifierFunction: string;
}

/** A deployed stack as whoever takes a write back reaches it. */
export interface ReversalWorld {
  /** Invokes `reversal`; its reply. */
  readonly ask: (payload: object) => Promise<unknown>;
  readonly store: StoreReads;
  /** ARN of whose credentials these are. */
  readonly caller: () => Promise<string>;
  /** Where people decide; absent where the stack does not say. */
  readonly approvalsUrl: () => Promise<string | undefined>;
  readonly clock: Clock;
}

/** Longer than the function lives, in milliseconds. */
const ASK_MS = 40_000;

/** A deployed stack by one's own credentials, in the stack's own Region. */
export function createReversalWorld(stack: ReversedStack): ReversalWorld {
  const settings = { region: stack.region, maxAttempts: REPEATABLE_ATTEMPTS, requestHandler: EXCHANGE };
  const functions = createFunctions(
    // The same question is the same reversal, however often it is asked.
    new LambdaClient({
      ...settings,
      requestHandler: { connectionTimeout: EXCHANGE.connectionTimeout, requestTimeout: 0 },
    }),
  );
  return {
    ask: (payload) => functions.invoke(stack.reversalFunction, payload, ASK_MS),
    store: createStore(
      { ledger: stack.ledgerTable, control: stack.controlTable },
      documentClient(new DynamoDBClient(settings)),
    ),
    caller: () =>
      calling(async () => {
        const { Arn = "" } = await new STSClient(settings).send(new GetCallerIdentityCommand({}));
        return Arn;
      }),
    approvalsUrl: () =>
      calling(async () => {
        const command = new GetFunctionConfigurationCommand({ FunctionName: stack.notifierFunction });
        const { Environment } = await new LambdaClient(settings).send(command);
        return Environment?.Variables?.[ENV.approvalsUrl];
      }),
    clock: systemClock,
  };
}
