import { systemClock } from "../aws/clock";
import { fromEnvironment } from "../aws/environment";
import { createKeys } from "../aws/keys";
import { createLog } from "../aws/log";
import { createStore } from "../aws/store";
import { createSystems } from "../aws/systems";
import { createHandler, parseConfig } from "../handlers/inspect";

const { classificationTable, ledgerTable, digestKeyArn, connections, hrisSystem } = fromEnvironment(
  process.env,
  "classificationTable",
  "ledgerTable",
  "digestKeyArn",
  "connections",
  "hrisSystem",
);

/** Entry of the `inspect` function: the workflow's Inspect and InspectAgain. */
export const handler = createHandler(
  {
    store: createStore({ classification: classificationTable, ledger: ledgerTable }),
    keys: createKeys({ digestKeyArn }),
    systems: createSystems(connections, hrisSystem),
    clock: systemClock,
    log: createLog("inspect"),
  },
  parseConfig(process.env),
);
