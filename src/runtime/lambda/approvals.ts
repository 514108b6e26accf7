import { systemClock } from "../aws/clock";
import { fromEnvironment } from "../aws/environment";
import { createKeys } from "../aws/keys";
import { createLog } from "../aws/log";
import { createStore } from "../aws/store";
import { createResumer } from "../aws/workflow";
import { createHandler, parseConfig } from "../handlers/approvals";

const { classificationTable, ledgerTable, controlTable, dataKeyArn } = fromEnvironment(
  process.env,
  "classificationTable",
  "ledgerTable",
  "controlTable",
  "dataKeyArn",
);

/** Entry of the `approvals` function: the approvals API behind its JWT authorizer. */
export const handler = createHandler(
  {
    store: createStore({ classification: classificationTable, ledger: ledgerTable, control: controlTable }),
    keys: createKeys({ dataKeyArn }),
    workflow: createResumer(),
    clock: systemClock,
    log: createLog("approvals"),
  },
  parseConfig(process.env),
);
