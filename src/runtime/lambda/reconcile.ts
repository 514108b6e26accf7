import { systemClock } from "../aws/clock";
import { fromEnvironment } from "../aws/environment";
import { createLog } from "../aws/log";
import { createLedgerPages } from "../aws/pages";
import { createStore } from "../aws/store";
import { createSystems } from "../aws/systems";
import { createSessionTrail } from "../aws/trail";
import { createHandler, parseConfig } from "../handlers/reconcile";

const { classificationTable, ledgerTable, controlTable, connections, hrisSystem, connectorRoleArn } = fromEnvironment(
  process.env,
  "classificationTable",
  "ledgerTable",
  "controlTable",
  "connections",
  "hrisSystem",
  "connectorRoleArn",
);

const { AWS_REGION: region = "", AWS_ENDPOINT_URL: endpoint } = process.env;

/** Entry of the `reconcile` function, which the reconciliation's state machine invokes. */
export const handler = createHandler(
  {
    store: createStore({ classification: classificationTable, ledger: ledgerTable, control: controlTable }),
    pages: createLedgerPages(ledgerTable),
    systems: createSystems(connections, hrisSystem),
    trail: createSessionTrail(connectorRoleArn, {
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      // Lambda's own, which it puts there anew for each environment that it starts.
      credentials: () => ({
        accessKeyId: process.env["AWS_ACCESS_KEY_ID"] ?? "",
        secretAccessKey: process.env["AWS_SECRET_ACCESS_KEY"] ?? "",
        sessionToken: process.env["AWS_SESSION_TOKEN"] ?? "",
      }),
    }),
    clock: systemClock,
    log: createLog("reconcile"),
  },
  parseConfig(process.env),
);
