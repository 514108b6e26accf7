import { createBus } from "../aws/bus";
import { systemClock } from "../aws/clock";
import { fromEnvironment } from "../aws/environment";
import { createLog } from "../aws/log";
import { createStore } from "../aws/store";
import { createSystems } from "../aws/systems";
import { createWatcher } from "../aws/workflow";
import { createHandler } from "../handlers/sweeper";

const { ledgerTable, controlTable, busName, connections, hrisSystem, stateMachineArn } = fromEnvironment(
  process.env,
  "ledgerTable",
  "controlTable",
  "busName",
  "connections",
  "hrisSystem",
  "stateMachineArn",
);

/** Entry of the `sweeper` function, which the schedule invokes. */
export const handler = createHandler({
  store: createStore({ ledger: ledgerTable, control: controlTable }),
  bus: createBus(busName),
  systems: createSystems(connections, hrisSystem),
  workflow: createWatcher(stateMachineArn),
  clock: systemClock,
  log: createLog("sweeper"),
});
