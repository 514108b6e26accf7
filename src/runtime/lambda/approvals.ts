import { join } from "node:path";

import { newUlid, systemClock } from "../aws/clock";
import { fromEnvironment } from "../aws/environment";
import { createKeys } from "../aws/keys";
import { createLog } from "../aws/log";
import { createStore } from "../aws/store";
import { createResumer, createStarter } from "../aws/workflow";
import { createHandler, parseConfig } from "../handlers/approvals";
import { pageOf } from "../page";

const { classificationTable, ledgerTable, controlTable, dataKeyArn, killSwitchArn } = fromEnvironment(
  process.env,
  "classificationTable",
  "ledgerTable",
  "controlTable",
  "dataKeyArn",
  "killSwitchArn",
);

/** Entry of the `approvals` function: the approvals API behind its JWT authorizer. */
export const handler = createHandler(
  {
    store: createStore({ classification: classificationTable, ledger: ledgerTable, control: controlTable }),
    keys: createKeys({ dataKeyArn }),
    workflow: createResumer(),
    killSwitch: killSwitchArn === undefined ? undefined : createStarter(killSwitchArn),
    newUlid,
    clock: systemClock,
    log: createLog("approvals"),
    page: pageOf(process.env, join(__dirname, "page")),
  },
  parseConfig(process.env),
);
