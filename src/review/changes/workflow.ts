import { canonicalJson } from "../../core";
import { asObject, scopesOf, type Loose } from "../../compile/asl-graph";
import { readFields } from "../classification";
import { readHoldings } from "../holdings";
import { powersOf } from "../powers";
import { isRecord, Unreadable } from "../stack";
import { rolesTagged, type StackMachine, type System } from "../system";
import { proveWorkflows } from "../workflows";
import { changeOf, directed, listed, type Change, type Effect, type Noted } from "./change";
import type { People } from "./people";

/** The same stack before and after, as the trust model sees it. */
export interface SystemPair {
  readonly before: System;
  readonly after: System;
  readonly people: People;
  /** Fields that the policies list as safe: those alone may be named where a write needs no approval. */
  readonly safe: { readonly before: ReadonlySet<string>; readonly after: ReadonlySet<string> };
}

/** What changes of every state machine that both sides have. */
export function workflowChanges(pair: SystemPair): Change[] {
  const machines = new Map(pair.before.machines.map((machine) => [machine.resource.address, machine]));
  const pairs = pair.after.machines.flatMap((now) => {
    const old = machines.get(now.resource.address);
    return old === undefined ? [] : [{ old, now }];
  });
  const changed = pairs.filter(({ old, now }) => meaningOf(old.definition) !== meaningOf(now.definition));
  if (changed.length === 0) return [];
  const renamed = changed.filter(({ old, now }) => inOrder(old.definition) === inOrder(now.definition));
  const others = changed.filter((each) => !renamed.includes(each));
  return [
    ...renamed.map(({ now }) =>
      note(pair, now, {
        code: "WorkflowRenamed",
        effect: "neutral",
        message: "states are called otherwise",
      }),
    ),
    ...(others.length === 0 ? [] : bypasses(pair)),
    ...others.flatMap(({ old, now }) => machineChanges(pair, old, now)),
  ];
}

function note({ people }: SystemPair, { resource }: StackMachine, noted: Noted): Change {
  const name = resource.body["name"];
  return changeOf({
    who: people.technical(),
    places: [{ address: resource.address, attribute: "definition", side: "head" }],
    ...noted,
    message: `workflow \`${typeof name === "string" ? name : resource.address}\`: ${noted.message}`,
  });
}

/** Comments say nothing to Step Functions. */
function withoutComments(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutComments);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => (key === "Comment" ? [] : [[key, withoutComments(member)]])),
  );
}

function meaningOf(definition: unknown): string {
  if (definition instanceof Unreadable) return `unread: ${definition.reason}`;
  return canonicalJson(withoutComments(definition));
}

/** A definition with its states numbered in the order of the ways, so that names do not count. */
function inOrder(definition: unknown): string {
  if (definition instanceof Unreadable) return `unread: ${definition.reason}`;
  return canonicalJson(renumbered(withoutComments(definition)));
}

function renumbered(scope: unknown): unknown {
  if (!isRecord(scope) || !isRecord(scope["States"])) return scope;
  const states = asObject(scope["States"]);
  const names = new Map<string, string>();
  const queue = [scope["StartAt"]];
  for (let at = 0; at < queue.length; at += 1) {
    const name = queue[at];
    if (typeof name !== "string" || names.has(name) || !Object.hasOwn(states, name)) continue;
    names.set(name, `state ${String(names.size)}`);
    queue.push(...targetsIn(states[name]));
  }
  const inside = (value: unknown, key = ""): unknown => {
    if (typeof value === "string") return key === "Next" || key === "Default" ? (names.get(value) ?? value) : value;
    if (Array.isArray(value)) return value.map((member) => inside(member));
    if (!isRecord(value)) return value;
    if (isRecord(value["States"])) return renumbered(value);
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, inside(member, name)]));
  };
  const numbered = Object.entries(states).map(([name, state]) => [names.get(name) ?? name, inside(state)]);
  return {
    ...scope,
    StartAt: names.get(String(scope["StartAt"])) ?? scope["StartAt"],
    States: Object.fromEntries(numbered) as unknown,
  };
}

/** Where the ways out of a state lead, in the order they stand in. */
function targetsIn(state: unknown): unknown[] {
  const { Next: next, Default: byDefault, Choices: choices, Catch: caught } = asObject(state);
  const listedTargets = [choices, caught].flatMap((list) =>
    Array.isArray(list) ? list.map((each) => asObject(each)["Next"]) : [],
  );
  return [next, ...listedTargets, byDefault];
}

/** Ways to a write without its approval that the base did not have. */
function bypasses(pair: SystemPair): Change[] {
  const [old, now] = [pair.before, pair.after].map((system) => {
    const powers = powersOf(system).filter(({ id }) => LEADS_TO_WRITE.has(id));
    return proveWorkflows(system, readFields(system), readHoldings(system, powers));
  });
  const known = new Set([...(old?.counterexamples ?? []), ...(old?.unread ?? [])].map(({ message }) => message));
  const technical = pair.people.technical();
  return [
    ...(now?.counterexamples ?? [])
      .filter(({ message }) => !known.has(message))
      .map(({ message, path, resources }) =>
        changeOf({
          code: "ApprovalBypassed",
          effect: "widens",
          message,
          who: technical,
          places: resources.map((address) => ({ address, attribute: "definition", side: "head" as const })),
          details: path === undefined ? [] : [`path: ${path.map(({ state }) => state).join(" > ")}`],
        }),
      ),
    ...(now?.unread ?? [])
      .filter(({ message }) => !known.has(message))
      .map(({ message, resources }) =>
        changeOf({
          code: "WorkflowChanged",
          effect: "look",
          message,
          who: technical,
          places: resources.map((address) => ({ address, attribute: "definition", side: "head" as const })),
        }),
      ),
  ];
}

/** Powers that make a task a write. */
const LEADS_TO_WRITE: ReadonlySet<string> = new Set([
  "assume-connector-role",
  "call-gateway",
  "invoke-broker",
  "invoke-connector",
  "invoke-gateway",
  "read-writer-credential",
]);

function machineChanges(pair: SystemPair, old: StackMachine, now: StackMachine): Change[] {
  if (old.definition instanceof Unreadable || now.definition instanceof Unreadable) {
    const reasons = [now, old].flatMap(({ definition }) =>
      definition instanceof Unreadable ? [definition.reason] : [],
    );
    const reason = reasons[0] ?? "";
    return [note(pair, now, { code: "WorkflowChanged", effect: "look", message: `it cannot be read: ${reason}` })];
  }
  const isKillSwitch = rolesTagged(pair.after, "kill-switch-workflow").some(({ arn }) => arn === now.roleArn);
  const code = isKillSwitch ? "KillSwitchWeakened" : "WorkflowChanged";
  const [before, after] = [old, now].map(({ definition }) => statesOf(definition));
  const found: Change[] = [];
  const add = (effect: Effect, message: string, of: Noted["code"] = code): void => {
    found.push(note(pair, now, { code: of, effect, message }));
  };
  for (const name of [...new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])].sort()) {
    const [from, to] = [before?.get(name), after?.get(name)];
    if (to === undefined) add(isKillSwitch ? "widens" : "look", `state \`${name}\` is gone`);
    else if (from === undefined) add("look", `state \`${name}\` is new`);
    else
      for (const { effect, message, of } of stateChanges(pair, from, to))
        add(effect, `state \`${name}\` ${message}`, of);
  }
  const [outer, nowOuter] = [old.definition, now.definition].map((definition) => {
    const members = Object.entries(asObject(definition)).filter(([name]) => name !== "States" && name !== "Comment");
    return Object.fromEntries(members);
  });
  for (const key of differing(outer ?? {}, nowOuter ?? {})) {
    if (key === "TimeoutSeconds") {
      const { effect, message } = timeChange(outer?.[key], nowOuter?.[key]);
      add(effect, message, "WorkflowTimeChanged");
    } else add("look", `\`${key}\` changed`);
  }
  return found;
}

/** Every state by its name and the scope that it stands in. */
function statesOf(definition: unknown): Map<string, Loose> {
  return new Map(
    scopesOf(definition).flatMap(({ within, states }) =>
      [...states].map(([name, state]): [string, Loose] => [[...within, name].join("."), state]),
    ),
  );
}

interface StateChange {
  readonly effect: Effect;
  readonly message: string;
  readonly of?: Noted["code"];
}

/** Members of a state that other states are: they are compared by themselves. */
const SCOPES: ReadonlySet<string> = new Set(["ItemProcessor", "Iterator", "Branches", "Comment"]);

function stateChanges(pair: SystemPair, from: Loose, to: Loose): StateChange[] {
  return differing(from, to)
    .filter((key) => !SCOPES.has(key))
    .flatMap((key): StateChange[] => {
      if (key === "TimeoutSeconds" || key === "HeartbeatSeconds" || key === "Seconds") {
        return [{ ...timeChange(from[key], to[key]), of: "WorkflowTimeChanged" }];
      }
      if (key === "Choices") return choiceChanges(pair, from[key], to[key]);
      if (key === "Next" || key === "Default" || key === "End")
        return [{ effect: "look", message: `goes on to \`${target(to)}\`, not to \`${target(from)}\` any more` }];
      const words: Readonly<Partial<Record<string, string>>> = {
        Catch: "treats errors otherwise",
        Retry: "is tried again otherwise",
        Resource: "calls something else",
        Parameters: "is given something else",
      };
      return [{ effect: "look", message: words[key] ?? `has another \`${key}\`` }];
    });
}

function target(state: Loose): string {
  const next = state["Next"] ?? state["Default"];
  return typeof next === "string" ? next : "the end";
}

function timeChange(from: unknown, to: unknown): { readonly effect: Effect; readonly message: string } {
  const words = (value: unknown): string => (typeof value === "number" ? `${String(value)} s` : "any time");
  const seconds = (value: unknown): number => (typeof value === "number" ? value : Infinity);
  return {
    effect: directed(seconds(to) > seconds(from)),
    message: `may take ${words(to)}, not ${words(from)}`,
  };
}

function differing(from: Loose, to: Loose): string[] {
  return [...new Set([...Object.keys(from), ...Object.keys(to)])]
    .filter((key) => meaningOf(from[key] ?? null) !== meaningOf(to[key] ?? null))
    .sort();
}

/**
 * Rules of a choice. Names of fields that come and go with the policy's safe fields follow from it: what that widens, the policy's own change
 * says. Everything else of a rule is for a person; whether it leads past an approval is decided by following the ways.
 */
function choiceChanges({ safe }: SystemPair, from: unknown, to: unknown): StateChange[] {
  const [old, now] = [from, to].map((choices) => {
    const names = new Set<string>();
    return { rest: meaningOf(withoutNames(choices, names)), names };
  });
  if (old === undefined || now === undefined || old.rest !== now.rest)
    return [{ effect: "look", message: "chooses otherwise" }];
  const more = [...now.names].filter((name) => !old.names.has(name)).sort();
  const less = [...old.names].filter((name) => !now.names.has(name)).sort();
  // A field that became safe is named by that, and one that no longer is safe goes by that.
  const strange = more.filter((name) => !safe.after.has(name));
  const late = more.filter((name) => safe.after.has(name) && safe.before.has(name));
  const odd = less.filter((name) => safe.after.has(name));
  const found: StateChange[] = [];
  if (strange.length > 0)
    found.push({ effect: "widens", message: `now names ${listed(strange)}`, of: "ApprovalBypassed" });
  if (late.length > 0) found.push({ effect: "look", message: `now names ${listed(late)}` });
  if (odd.length > 0) found.push({ effect: "narrows", message: `no longer names ${listed(odd)}` });
  return found;
}

/** A rule with the fields that it names taken out: tests of `$.field` for one name, or for one of several. */
function withoutNames(value: unknown, names: Set<string>): unknown {
  if (Array.isArray(value)) {
    const members = value.map((member) => withoutNames(member, names));
    return members.length > 1 && members.every((member) => member === FIELD_TEST) ? FIELD_TEST : members;
  }
  if (!isRecord(value)) return value;
  const keys = Object.keys(value);
  const name = value["StringEquals"];
  if (keys.length === 2 && value["Variable"] === "$.field" && typeof name === "string") {
    names.add(name);
    return FIELD_TEST;
  }
  const inner = value["Or"];
  if (keys.length === 1 && Array.isArray(inner)) {
    const members = inner.map((member) => withoutNames(member, names));
    if (members.every((member) => member === FIELD_TEST)) return FIELD_TEST;
    return { Or: members };
  }
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutNames(member, names)]));
}

const FIELD_TEST = "one of the fields named";
