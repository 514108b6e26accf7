import { asObject, asText, scopesOf, type Loose } from "../compile/asl-graph";

/**
 * Why nobody can say that the items of a Map are the changes that were decided about; `undefined` where they are. A change is looked at
 * by request and index, and let through by its field's name: items that somebody else made up could name a field that the change is not of.
 */
export function strangeItems(
  definition: unknown,
  isDecide: (task: Loose) => boolean,
  leadsToWrite: (map: Loose) => boolean,
): string | undefined {
  const [top] = scopesOf(definition);
  if (top === undefined) return undefined;
  const states = [...top.states];
  const decides = states.filter(([, state]) => state["Type"] === "Task" && isDecide(state));
  for (const [name, map] of states) {
    if (map["Type"] !== "Map" || !leadsToWrite(map)) continue;
    if (map["ItemReader"] !== undefined || map["InputPath"] !== undefined)
      return `the items of \`${name}\` are not what was decided`;
    const path = asText(map["ItemsPath"]) ?? "$";
    if (!decides.some(([, task]) => answers(task, path)))
      return `the items of \`${name}\`, \`${path}\`, are not what decide answered`;
    const changed = states.find(
      ([, state]) => state !== map && !decides.some(([, task]) => task === state) && touches(state, path),
    );
    if (changed !== undefined) return `\`${changed[0]}\` makes something else of the items of \`${name}\``;
  }
  return undefined;
}

/** Whether a path leads into what a task answered. */
function answers(task: Loose, path: string): boolean {
  const at = task["ResultPath"];
  if (at === null) return false;
  const base = asText(at) ?? "$";
  if (task["OutputPath"] !== undefined) return false;
  if (!isBelow(path, base)) return false;
  const [member] = path.slice(base.length).replace(/^\./, "").split(/[.[]/);
  const selector = task["ResultSelector"];
  return selector === undefined || member === undefined || Object.hasOwn(asObject(selector), `${member}.$`);
}

/** Whether a state may put something else where a path leads. */
function touches(state: Loose, path: string): boolean {
  const makes = ["Result", "Parameters", "OutputPath", "InputPath"].some((member) => state[member] !== undefined);
  if (state["Type"] === "Pass" ? !makes : !["Task", "Parallel", "Map"].includes(asText(state["Type"]) ?? ""))
    return false;
  const at = state["ResultPath"];
  if (at === null) return state["OutputPath"] !== undefined;
  const base = asText(at) ?? "$";
  return isBelow(path, base) || isBelow(base, path) || state["OutputPath"] !== undefined;
}

function isBelow(path: string, base: string): boolean {
  return path === base || base === "$" || path.startsWith(`${base}.`) || path.startsWith(`${base}[`);
}
