import { createBus } from "../aws/bus";
import { systemClock } from "../aws/clock";
import { fromEnvironment } from "../aws/environment";
import { createLog } from "../aws/log";
import { createStore } from "../aws/store";
import { createHandler } from "../handlers/announce";

const { ledgerTable, controlTable, busName } = fromEnvironment(process.env, "ledgerTable", "controlTable", "busName");

/** Entry of the `announce` function: the workflow's Announce. */
export const handler = createHandler({
  store: createStore({ ledger: ledgerTable, control: controlTable }),
  bus: createBus(busName),
  clock: systemClock,
  log: createLog("announce"),
});
