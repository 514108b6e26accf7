import { newUlid, systemClock } from "../aws/clock";
import { fromEnvironment } from "../aws/environment";
import { createFunctions } from "../aws/functions";
import { createLog } from "../aws/log";
import { createStore } from "../aws/store";
import { createSts } from "../aws/sts";
import { createHandler, parseConfig } from "../handlers/broker";

const { classificationTable, ledgerTable, controlTable } = fromEnvironment(
  process.env,
  "classificationTable",
  "ledgerTable",
  "controlTable",
);

/** Entry of the `broker` function: the workflow's Write. */
export const handler = createHandler(
  {
    store: createStore({ classification: classificationTable, ledger: ledgerTable, control: controlTable }),
    sts: createSts(),
    functions: createFunctions(),
    newUlid,
    clock: systemClock,
    log: createLog("broker"),
  },
  parseConfig(process.env),
);
