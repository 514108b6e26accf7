import { systemClock } from "../aws/clock";
import { fromEnvironment } from "../aws/environment";
import { createLog } from "../aws/log";
import { createStore } from "../aws/store";
import { createHandler, parseConfig } from "../handlers/decide";

const { classificationTable, ledgerTable, controlTable } = fromEnvironment(
  process.env,
  "classificationTable",
  "ledgerTable",
  "controlTable",
);

/** Entry of the `decide` function: the workflow's Decide. */
export const handler = createHandler(
  {
    store: createStore({ classification: classificationTable, ledger: ledgerTable, control: controlTable }),
    clock: systemClock,
    log: createLog("decide"),
  },
  parseConfig(process.env),
);
