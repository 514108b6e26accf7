/**
 * A state machine as a graph, read without trusting it: whatever is missing or of another type than expected reads as absent, so
 * that the checks on top can judge any document, ours or one from a synthesized stack that somebody changed.
 */

/** Any JSON object. */
export type Loose = Readonly<Record<string, unknown>>;

/** One `States` object: the machine's own, a Map's item processor or a branch. */
export interface Scope {
  /** Where it stands, as in `States.Changes.ItemProcessor`; empty for the machine. */
  readonly path: string;
  /** The names of the states around it, outermost first. */
  readonly within: readonly string[];
  /** The Map or Parallel state that runs it; absent for the machine. */
  readonly parent?: Loose;
  readonly startAt: string | undefined;
  readonly states: ReadonlyMap<string, Loose>;
  /** The scopes that a state runs, by the state's name: a Map's processor, a Parallel's branches. */
  readonly inner: ReadonlyMap<string, readonly InnerScope[]>;
}

/** A scope within a state, and where in the state it stands. */
export interface InnerScope {
  readonly at: string;
  readonly scope: Scope;
}

/** A way out of a state. */
export interface Edge {
  readonly to: string;
  readonly kind: "next" | "choice" | "default" | "catch";
  /** Position in `Choices` or `Catch`; 0 for the others. */
  readonly index: number;
  /** Where the target is written, within the state. */
  readonly at: string;
}

/** All scopes of a machine, outer ones first. */
export function scopesOf(machine: unknown): Scope[] {
  const flat = (scope: Scope): Scope[] => [
    scope,
    ...[...scope.inner.values()].flat().flatMap((inner) => flat(inner.scope)),
  ];
  return flat(scopeOf(machine));
}

/** The scope of a machine, with those of its states in it. */
export function scopeOf(machine: unknown): Scope {
  return readScope(asObject(machine), "", [], undefined);
}

function readScope(source: Loose, path: string, within: readonly string[], parent: Loose | undefined): Scope {
  const states = new Map(
    Object.entries(asObject(source["States"])).map(([name, state]): [string, Loose] => [name, asObject(state)]),
  );
  const inner = new Map(
    [...states].map(([name, state]): [string, InnerScope[]] => [
      name,
      processorsOf(state).map(({ at, processor }) => ({
        at,
        scope: readScope(processor, join(join(path, `States.${name}`), at), [...within, name], state),
      })),
    ]),
  );
  return { path, within, parent, startAt: asText(source["StartAt"]), states, inner };
}

/** The scopes that a state runs: a Map's processor, a Parallel's branches. */
function processorsOf(state: Loose): { readonly at: string; readonly processor: Loose }[] {
  const named = ["ItemProcessor", "Iterator"].flatMap((key) =>
    isObject(state[key]) ? [{ at: key, processor: state[key] }] : [],
  );
  const branches = asList(state["Branches"]).map((branch, index) => ({
    at: `Branches[${index}]`,
    processor: asObject(branch),
  }));
  return [...named, ...branches];
}

/** The path of a state of a scope, as findings cite it. */
export function pathOfState(scope: Scope, name: string): string {
  return join(scope.path, `States.${name}`);
}

/** Every way out of a state that is written as text, in the order the service considers them. */
export function edgesOf(state: Loose): Edge[] {
  const edges: Edge[] = [];
  const add = (to: unknown, kind: Edge["kind"], index: number, at: string): void => {
    if (typeof to === "string") edges.push({ to, kind, index, at });
  };
  if (state["Type"] === "Choice") {
    asList(state["Choices"]).forEach((rule, index) => {
      add(asObject(rule)["Next"], "choice", index, `Choices[${index}].Next`);
    });
    add(state["Default"], "default", 0, "Default");
  } else {
    add(state["Next"], "next", 0, "Next");
  }
  asList(state["Catch"]).forEach((catcher, index) => {
    add(asObject(catcher)["Next"], "catch", index, `Catch[${index}].Next`);
  });
  return edges;
}

/** Whether a scope can end in this state. */
export function isTerminal(state: Loose): boolean {
  return state["End"] === true || state["Type"] === "Succeed" || state["Type"] === "Fail";
}

/** A plain reference path: `$.a.b` has root `$` and members `a`, `b`. */
export interface ReferencePath {
  readonly root: "$" | "$$";
  readonly members: readonly string[];
}

const REFERENCE = /^(\$\$?)((?:\.[A-Za-z_][A-Za-z0-9_-]*)*)$/;

/** Reads a plain reference path; `undefined` for filters, wildcards, indexes and anything else that cannot be followed statically. */
export function parseReference(text: string): ReferencePath | undefined {
  const match = REFERENCE.exec(text);
  if (match === null) return undefined;
  return { root: match[1] === "$$" ? "$$" : "$", members: (match[2] ?? "").split(".").slice(1) };
}

/** One value that a payload template takes from somewhere: a path, or a call of an intrinsic function. */
export interface TemplateRead {
  /** The text after `.$` keys, or the argument of an intrinsic function that is a path. */
  readonly text: string;
  /** Where it is written, within the template's owner. */
  readonly at: string;
}

/** Every path that a payload template reads, those in arguments of intrinsic functions included. */
export function templateReads(template: unknown, at: string): TemplateRead[] {
  if (Array.isArray(template)) {
    return template.flatMap((element, index) => templateReads(element, `${at}[${index}]`));
  }
  if (!isObject(template)) return [];
  return Object.entries(template).flatMap(([key, value]) => {
    const here = `${at}.${key}`;
    if (!key.endsWith(".$")) return templateReads(value, here);
    if (typeof value !== "string") return [{ text: "", at: here }];
    if (value.startsWith("$")) return [{ text: value, at: here }];
    return pathsInCall(value).map((text) => ({ text, at: here }));
  });
}

/** Paths among the arguments of an intrinsic function; text in single quotes is none. */
function pathsInCall(call: string): string[] {
  const bare = call.replace(/'(?:\\.|[^'\\])*'/g, "''");
  return [...bare.matchAll(/[(,]\s*(\$[^,()\s]*)/g)].map((match) => match[1] ?? "");
}

export function isObject(value: unknown): value is Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function asObject(value: unknown): Loose {
  return isObject(value) ? value : {};
}

export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Joins two parts of a finding's path. */
export function join(path: string, part: string): string {
  return path === "" ? part : `${path}.${part}`;
}
