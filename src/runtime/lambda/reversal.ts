import { systemClock } from "../aws/clock";
import { fromEnvironment } from "../aws/environment";
import { createLog } from "../aws/log";
import { createStore } from "../aws/store";
import { createStarter } from "../aws/workflow";
import { createHandler, parseConfig } from "../handlers/reversal";

const { classificationTable, ledgerTable, controlTable, stateMachineArn } = fromEnvironment(
  process.env,
  "classificationTable",
  "ledgerTable",
  "controlTable",
  "stateMachineArn",
);

/** Entry of the `reversal` function: an operator's word that a write shall be taken back. */
export const handler = createHandler(
  {
    store: createStore({ classification: classificationTable, ledger: ledgerTable, control: controlTable }),
    workflow: createStarter(stateMachineArn),
    clock: systemClock,
    log: createLog("reversal"),
  },
  parseConfig(process.env),
);
