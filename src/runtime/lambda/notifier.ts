import { systemClock } from "../aws/clock";
import { fromEnvironment } from "../aws/environment";
import { createLog } from "../aws/log";
import { createStore } from "../aws/store";
import { createTopics } from "../aws/topics";
import { createHandler, parseConfig } from "../handlers/notifier";

const { controlTable } = fromEnvironment(process.env, "controlTable");

/** Entry of the `notifier` function, which a schedule invokes. */
export const handler = createHandler(
  {
    store: createStore({ control: controlTable }),
    topics: createTopics(),
    clock: systemClock,
    log: createLog("notifier"),
  },
  parseConfig(process.env),
);
