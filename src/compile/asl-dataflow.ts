import {
  asList,
  asObject,
  asText,
  edgesOf,
  isObject,
  join,
  parseReference,
  pathOfState,
  scopesOf,
  templateReads,
  type Loose,
  type Scope,
} from "./asl-graph";

/** A read of a state that may find nothing, or that cannot be followed. */
export interface AbsentRead {
  readonly path: string;
  /** The reference path as written. */
  readonly read: string;
  readonly reason: "absent" | "unreadable";
}

/**
 * What is known to exist at a point: `opaque` for a value from outside whose members are the business of whoever made it, or the
 * members that are there on every way.
 */
type Shape = "opaque" | ReadonlyMap<string, Shape>;

const NOTHING: Shape = new Map();

/** What Lambda's integration returns. @see https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html (read 2026-11-23) */
const LAMBDA_RESULT: Shape = shapeOfNames(["ExecutedVersion", "Payload", "StatusCode"]);
const CAUGHT: Shape = shapeOfNames(["Error", "Cause"]);

/**
 * The reads of a machine that do not exist on every way to them. A must-analysis over the graph of each scope: the shape of the
 * input at a state is what all ways into it have in common; `IsPresent` tests add to it where they guard.
 *
 * `input` names the members that every execution's input has.
 */
export function absentReads(machine: unknown, input: readonly string[]): AbsentRead[] {
  const starts = new Map<Loose, Shape>();
  const found = new Map<string, AbsentRead>();
  for (const scope of scopesOf(machine)) {
    const start = scope.parent === undefined ? shapeOfNames(input) : (starts.get(scope.parent) ?? NOTHING);
    const arriving = arrivals(scope, start);
    for (const [name, shape] of arriving) {
      const state = scope.states.get(name);
      if (state === undefined) continue;
      const flow = flowOf(state, shape);
      starts.set(state, flow.inner);
      for (const { at, text, reason } of flow.absent) {
        const path = join(pathOfState(scope, name), at);
        found.set(`${path} ${text}`, { path, read: text, reason });
      }
    }
  }
  return [...found.values()];
}

/** The shape of the input at every state that can be reached: the greatest fixed point of the flows. */
function arrivals(scope: Scope, start: Shape): Map<string, Shape> {
  const arriving = new Map<string, Shape>();
  const work: [string, Shape][] = scope.startAt === undefined ? [] : [[scope.startAt, start]];
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    const [name, shape] = next;
    const state = scope.states.get(name);
    if (state === undefined) continue;
    const known = arriving.get(name);
    const met = known === undefined ? shape : meet(known, shape);
    if (known !== undefined && equal(known, met)) continue;
    arriving.set(name, met);
    work.push(...flowOf(state, met).onward);
  }
  return arriving;
}

interface Flow {
  readonly absent: { readonly at: string; readonly text: string; readonly reason: AbsentRead["reason"] }[];
  readonly onward: [string, Shape][];
  /** The input of the scope that the state runs, where it runs one. */
  readonly inner: Shape;
}

/** What one state reads of an input, and what it hands on. */
function flowOf(state: Loose, input: Shape): Flow {
  const absent: Flow["absent"] = [];
  const read = (text: unknown, at: string, from: Shape): Shape => {
    if (typeof text !== "string") return "opaque";
    const reference = parseReference(text);
    if (reference === undefined) {
      absent.push({ at, text, reason: "unreadable" });
      return "opaque";
    }
    if (reference.root === "$$") return "opaque";
    const shape = lookUp(from, reference.members);
    if (shape === undefined) absent.push({ at, text, reason: "absent" });
    return shape ?? "opaque";
  };
  const readTemplate = (key: string, from: Shape): Shape => {
    for (const { text, at } of templateReads(state[key], key)) read(text, at, from);
    return shapeOfTemplate(state[key], from);
  };

  const effective = state["InputPath"] === undefined ? input : read(state["InputPath"], "InputPath", input);
  for (const key of [
    "TimeoutSecondsPath",
    "HeartbeatSecondsPath",
    "SecondsPath",
    "TimestampPath",
    "ItemsPath",
    "MaxConcurrencyPath",
    "CausePath",
    "ErrorPath",
  ]) {
    if (state[key] !== undefined) read(state[key], key, effective);
  }
  const parameters = state["Parameters"] === undefined ? effective : readTemplate("Parameters", effective);
  const inner = state["ItemSelector"] === undefined ? "opaque" : readTemplate("ItemSelector", effective);

  if (state["Type"] === "Choice") {
    return { absent, inner, onward: choiceFlow(state, effective, read) };
  }
  const raw = rawResult(state, parameters);
  const result = state["ResultSelector"] === undefined ? raw : readTemplate("ResultSelector", raw);
  const combined = place(input, state["ResultPath"], result);
  const output = state["OutputPath"] === undefined ? combined : read(state["OutputPath"], "OutputPath", combined);
  const catchers = asList(state["Catch"]).map(asObject);
  return {
    absent,
    inner: state["Type"] === "Parallel" ? parameters : inner,
    onward: edgesOf(state).map(({ to, kind, index }) => [
      to,
      kind === "catch" ? place(input, catchers[index]?.["ResultPath"], CAUGHT) : output,
    ]),
  };
}

function rawResult(state: Loose, parameters: Shape): Shape {
  switch (state["Type"]) {
    case "Pass":
      return state["Result"] === undefined ? parameters : shapeOfTemplate(state["Result"], NOTHING);
    case "Task":
      return asText(state["Resource"])?.includes(":lambda:invoke") === true ? LAMBDA_RESULT : "opaque";
    case "Wait":
    case "Succeed":
      return parameters;
    default:
      return "opaque";
  }
}

type Read = (text: unknown, at: string, from: Shape) => Shape;

/** Rules in order: each is tried with what the failure of those before it has shown. */
function choiceFlow(state: Loose, input: Shape, read: Read): [string, Shape][] {
  const onward: [string, Shape][] = [];
  let rest = input;
  asList(state["Choices"]).forEach((rule, index) => {
    const test = asObject(rule);
    const { whenTrue, whenFalse } = testFlow(test, `Choices[${index}]`, rest, read);
    const to = asText(test["Next"]);
    if (to !== undefined) onward.push([to, whenTrue]);
    rest = whenFalse;
  });
  const fallback = asText(state["Default"]);
  if (fallback !== undefined) onward.push([fallback, rest]);
  return onward;
}

function testFlow(test: Loose, at: string, input: Shape, read: Read): { whenTrue: Shape; whenFalse: Shape } {
  if (test["And"] !== undefined) {
    let shape = input;
    asList(test["And"]).forEach((part, index) => {
      shape = testFlow(asObject(part), `${at}.And[${index}]`, shape, read).whenTrue;
    });
    return { whenTrue: shape, whenFalse: input };
  }
  if (test["Or"] !== undefined) {
    let shape = input;
    asList(test["Or"]).forEach((part, index) => {
      shape = testFlow(asObject(part), `${at}.Or[${index}]`, shape, read).whenFalse;
    });
    return { whenTrue: input, whenFalse: shape };
  }
  if (test["Not"] !== undefined) {
    const { whenTrue, whenFalse } = testFlow(asObject(test["Not"]), `${at}.Not`, input, read);
    return { whenTrue: whenFalse, whenFalse: whenTrue };
  }
  const reference = parseReference(asText(test["Variable"]) ?? "");
  if (typeof test["IsPresent"] === "boolean" && reference?.root === "$") {
    const present = withPresent(input, reference.members);
    return test["IsPresent"] ? { whenTrue: present, whenFalse: input } : { whenTrue: input, whenFalse: present };
  }
  read(test["Variable"], `${at}.Variable`, input);
  for (const [key, value] of Object.entries(test)) {
    if (key.endsWith("Path")) read(value, `${at}.${key}`, input);
  }
  return { whenTrue: input, whenFalse: input };
}

/** The shape with a path in it that was found to be present. */
function withPresent(shape: Shape, members: readonly string[]): Shape {
  const [first, ...rest] = members;
  if (first === undefined || shape === "opaque") return shape;
  return new Map(shape).set(first, withPresent(shape.get(first) ?? (rest.length === 0 ? "opaque" : NOTHING), rest));
}

/** A result put where `ResultPath` says: absent replaces the whole, `null` drops the result. */
function place(input: Shape, resultPath: unknown, result: Shape): Shape {
  if (resultPath === null) return input;
  const reference = parseReference(asText(resultPath) ?? "$");
  return reference === undefined ? NOTHING : put(input, reference.members, result);
}

function put(shape: Shape, members: readonly string[], result: Shape): Shape {
  const [first, ...rest] = members;
  if (first === undefined) return result;
  if (shape === "opaque") return shape;
  return new Map(shape).set(first, put(shape.get(first) ?? NOTHING, rest, result));
}

function lookUp(shape: Shape, members: readonly string[]): Shape | undefined {
  let found: Shape | undefined = shape;
  for (const member of members) {
    if (found === "opaque") return "opaque";
    found = found.get(member);
    if (found === undefined) return undefined;
  }
  return found;
}

function shapeOfTemplate(template: unknown, from: Shape): Shape {
  if (!isObject(template)) return "opaque";
  return new Map(
    Object.entries(template).map(([key, value]): [string, Shape] => {
      if (!key.endsWith(".$")) return [key, isObject(value) ? shapeOfTemplate(value, from) : NOTHING];
      const reference = parseReference(asText(value) ?? "");
      const copied = reference?.root === "$" ? lookUp(from, reference.members) : "opaque";
      return [key.slice(0, -2), copied ?? "opaque"];
    }),
  );
}

/** What two ways have in common. What is opaque on one way is as the other has it. */
function meet(a: Shape, b: Shape): Shape {
  if (a === "opaque") return b;
  if (b === "opaque") return a;
  return new Map(
    [...a].flatMap(([name, shape]): [string, Shape][] => {
      const other = b.get(name);
      return other === undefined ? [] : [[name, meet(shape, other)]];
    }),
  );
}

function equal(a: Shape, b: Shape): boolean {
  if (a === "opaque" || b === "opaque") return a === b;
  return (
    a.size === b.size &&
    [...a].every(([name, shape]) => {
      const other = b.get(name);
      return other !== undefined && equal(shape, other);
    })
  );
}

function shapeOfNames(names: readonly string[]): Shape {
  return new Map(names.map((name): [string, Shape] => [name, "opaque"]));
}
