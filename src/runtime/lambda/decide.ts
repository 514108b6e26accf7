import { systemClock } from "../aws/clock";
import { fromEnvironment } from "../aws/environment";
import { createLog } from "../aws/log";
import { createStore } from "../aws/store";
import { createHandler, parseConfig } from "../handlers/decide";

const { classificationTable, ledgerTable } = fromEnvironment(process.env, "classificationTable", "ledgerTable");

/** Entry of the `decide` function: the workflow's Decide. */
export const handler = createHandler(
  {
    store: createStore({ classification: classificationTable, ledger: ledgerTable }),
    clock: systemClock,
    log: createLog("decide"),
  },
  parseConfig(process.env),
);
