import { systemClock } from "../aws/clock";
import { fromEnvironment } from "../aws/environment";
import { createLayers } from "../aws/kill-switch";
import { createLog } from "../aws/log";
import { createStore } from "../aws/store";
import { createHandler } from "../handlers/kill-switch";

const { ledgerTable, controlTable, ...parts } = fromEnvironment(
  process.env,
  "ledgerTable",
  "controlTable",
  "stoppedFunctions",
  "reservedConcurrency",
  "connectorRoleArn",
  "stopPolicyArn",
  "intakeMappingId",
  "stateMachineArn",
);

/** Entry of the `kill-switch` function, which the kill switch's state machine runs step by step. */
export const handler = createHandler({
  store: createStore({ ledger: ledgerTable, control: controlTable }),
  layers: createLayers(parts),
  clock: systemClock,
  log: createLog("kill-switch"),
});
