import { systemClock } from "../aws/clock";
import { fromEnvironment } from "../aws/environment";
import { createKeys } from "../aws/keys";
import { createLog } from "../aws/log";
import { createStore } from "../aws/store";
import { createHandler } from "../handlers/request-approval";

const { ledgerTable, controlTable, dataKeyArn } = fromEnvironment(
  process.env,
  "ledgerTable",
  "controlTable",
  "dataKeyArn",
);

/** Entry of the `request-approval` function: the workflow's RequestApproval. */
export const handler = createHandler({
  store: createStore({ ledger: ledgerTable, control: controlTable }),
  keys: createKeys({ dataKeyArn }),
  clock: systemClock,
  log: createLog("request-approval"),
});
