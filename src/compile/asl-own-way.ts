import { findWrongWrite, type TaskRole } from "./asl-approval";
import { asObject, asText, scopesOf, type Loose } from "./asl-graph";

/**
 * A way on which a change of `field` reaches a write without an approval, as the names of the states it passes; `undefined` where there is
 * none. Of a machine that stands alone: a write is every task that is not known to be harmless, and known are the functions decide,
 * inspect, request-approval and announce of one stack, by their names. For a field of class `safe` the direct way is the expected answer.
 */
export function writeReachableWithoutApproval(machine: unknown, field: string): readonly string[] | undefined {
  const way = findWrongWrite(machine, { field, needsApproval: true, roleOf: rolesByName(machine) });
  return way?.steps.map(({ state }) => state);
}

const FUNCTION_ARN =
  /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:([A-Za-z0-9_-]+)-(decide|inspect|request-approval|announce)$/;
const SYNCHRONOUS = /^arn:aws[a-z-]*:states:::lambda:invoke$/;
const WITH_TOKEN = /^arn:aws[a-z-]*:states:::lambda:invoke\.waitForTaskToken$/;

/** Roles of tasks; where functions of more than one stack are called, none of them is known to be harmless. */
function rolesByName(machine: unknown): (task: Loose) => TaskRole {
  const tasks = scopesOf(machine).flatMap((scope) =>
    [...scope.states.values()].filter((state) => state["Type"] === "Task"),
  );
  const stacks = new Set(tasks.flatMap((task) => FUNCTION_ARN.exec(functionOf(task))?.[1] ?? []));
  return (task) => {
    const handler = FUNCTION_ARN.exec(functionOf(task))?.[2];
    const resource = asText(task["Resource"]) ?? "";
    if (handler === undefined || stacks.size !== 1) return "writes";
    if (handler === "request-approval") return WITH_TOKEN.test(resource) ? "asks" : "writes";
    if (!SYNCHRONOUS.test(resource)) return "writes";
    return handler === "inspect" ? "inspects" : "harmless";
  };
}

function functionOf(task: Loose): string {
  return asText(asObject(task["Parameters"])["FunctionName"]) ?? "";
}
