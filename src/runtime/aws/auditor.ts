import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SFNClient } from "@aws-sdk/client-sfn";

import type { Clock, StoreReads, Workflow } from "../ports";
import { systemClock } from "./clock";
import { EXCHANGE, REPEATABLE_ATTEMPTS } from "./settings";
import { createStore, documentClient } from "./store";
import { createStarter, createWatcher } from "./workflow";

/** Where the parts of a stack are that a reconciliation on demand asks. */
export interface AuditedStack {
  readonly region: string;
  readonly ledgerTable: string;
  readonly controlTable: string;
  readonly reconciliationArn: string;
}

/** A deployed stack as somebody reaches it who reconciles: reads, and the one start. */
export interface AuditorPorts {
  readonly store: StoreReads;
  readonly machine: Pick<Workflow, "start" | "status">;
  readonly clock: Clock;
}

/** A deployed stack by one's own credentials, in the stack's own Region. */
export function createAuditor({ region, ledgerTable, controlTable, reconciliationArn }: AuditedStack): AuditorPorts {
  const settings = { region, maxAttempts: REPEATABLE_ATTEMPTS, requestHandler: EXCHANGE };
  const states = new SFNClient(settings);
  return {
    store: createStore({ ledger: ledgerTable, control: controlTable }, documentClient(new DynamoDBClient(settings))),
    machine: { ...createStarter(reconciliationArn, states), ...createWatcher(reconciliationArn, states) },
    clock: systemClock,
  };
}
