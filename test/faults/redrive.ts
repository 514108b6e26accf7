import type { StateMachineDefinition } from "../../src/compile";
import { startExecution, type EngineOptions, type Execution, type HistoryEvent } from "../../src/local/workflow-engine";

/**
 * Goes on with an execution that ended without success as `RedriveExecution` does: from the states that did not succeed, with their input. Of
 * a Map, each item that had not come to its end. What was running when it ended is entered anew.
 */
export function redrive(
  execution: Execution,
  options: EngineOptions & { readonly asl: StateMachineDefinition },
): Execution[] {
  const { asl, ...rest } = options;
  const history = execution.history();
  const from = (machine: StateMachineDefinition, entered: HistoryEvent): Execution =>
    startExecution({ ...rest, asl: machine, name: execution.name, input: entered.input as object });
  const top = last(history, undefined);
  if (top === undefined) throw new Error("the execution entered no state");
  const state = asl.States[top.state ?? ""];
  if (state?.Type !== "Map") return [from({ ...asl, StartAt: top.state ?? "" }, top)];
  const items = new Set(history.flatMap(({ item }) => item ?? []));
  return [...items].flatMap((item) => {
    const entered = last(history, item);
    if (entered === undefined || history.some((event) => isExitOf(event, entered))) return [];
    const { Comment, TimeoutSeconds } = asl;
    return [
      from({ Comment, TimeoutSeconds, StartAt: entered.state ?? "", States: state.ItemProcessor.States }, entered),
    ];
  });
}

/** The state that was entered last, by the machine itself or by an item. */
function last(history: readonly HistoryEvent[], item: number | undefined): HistoryEvent | undefined {
  return history.findLast((event) => event.type === "StateEntered" && event.item === item);
}

function isExitOf(event: HistoryEvent, entered: HistoryEvent): boolean {
  return (
    event.type === "StateExited" &&
    event.id > entered.id &&
    event.item === entered.item &&
    event.state === entered.state
  );
}
