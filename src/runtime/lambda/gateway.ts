import { newUlid, systemClock } from "../aws/clock";
import { fromEnvironment } from "../aws/environment";
import { createKeys } from "../aws/keys";
import { createLog } from "../aws/log";
import { createStore } from "../aws/store";
import { createSystems } from "../aws/systems";
import { createHandler, parseConfig } from "../handlers/gateway";

const { classificationTable, ledgerTable, controlTable, digestKeyArn, connections, hrisSystem } = fromEnvironment(
  process.env,
  "classificationTable",
  "ledgerTable",
  "controlTable",
  "digestKeyArn",
  "connections",
  "hrisSystem",
);

/** Entry of the `gateway` function: the one method of the field gateway's API. */
export const handler = createHandler(
  {
    store: createStore({ classification: classificationTable, ledger: ledgerTable, control: controlTable }),
    keys: createKeys({ digestKeyArn }),
    systems: createSystems(connections, hrisSystem),
    newUlid,
    clock: systemClock,
    log: createLog("gateway"),
  },
  parseConfig(process.env),
);
