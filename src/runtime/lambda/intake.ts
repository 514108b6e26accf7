import { systemClock } from "../aws/clock";
import { fromEnvironment } from "../aws/environment";
import { createLog } from "../aws/log";
import { createStore } from "../aws/store";
import { createStarter } from "../aws/workflow";
import { createHandler } from "../handlers/intake";

const { ledgerTable, controlTable, stateMachineArn } = fromEnvironment(
  process.env,
  "ledgerTable",
  "controlTable",
  "stateMachineArn",
);

/** Entry of the `intake` function: batches of the intake queue. */
export const handler = createHandler({
  store: createStore({ ledger: ledgerTable, control: controlTable }),
  workflow: createStarter(stateMachineArn),
  clock: systemClock,
  log: createLog("intake"),
});
