import { createBus } from "../aws/bus";
import { systemClock } from "../aws/clock";
import { fromEnvironment } from "../aws/environment";
import { createLog } from "../aws/log";
import { createStore } from "../aws/store";
import { createTopics } from "../aws/topics";
import { createHandler, parseConfig } from "../handlers/notifier";

const { controlTable, busName } = fromEnvironment(process.env, "controlTable", "busName");

/** Entry of the `notifier` function, which a schedule invokes. */
export const handler = createHandler(
  {
    store: createStore({ control: controlTable }),
    topics: createTopics(),
    bus: createBus(busName),
    clock: systemClock,
    log: createLog("notifier"),
  },
  parseConfig(process.env),
);
