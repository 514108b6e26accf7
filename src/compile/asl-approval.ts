import type { HandlerName } from "../core";
import {
  asList,
  asObject,
  asText,
  isObject,
  isTerminal,
  parseReference,
  scopesOf,
  type Loose,
  type Scope,
} from "./asl-graph";

type Scalar = string | number | boolean | null;

/** What is known of one value. */
type Fact = { readonly is: Scalar } | { readonly isNot: Scalar };

/** What is known at a point, by path without the root: `field`, `inspection.route`. What is missing may be anything. */
type Facts = ReadonlyMap<string, Fact>;

const NO_FACTS: Facts = new Map();

/** Whether somebody was asked on a way and the wait is over, however it ended. */
type Progress = "unasked" | "asked";

interface Point {
  readonly state: string;
  readonly progress: Progress;
  readonly facts: Facts;
}

interface Visit extends Point {
  readonly from: Visit | undefined;
}

/**
 * A way on which a change of `field` reaches a write without an approval, as the names of the states it passes; `undefined` where there is
 * none. Decided from the definition alone, by what states do and not by what they are called:
 *
 * - A write is every task that is not known to be harmless: known are the functions decide, inspect, request-approval and announce of
 *   one stack, called synchronously (request-approval: with a task token).
 * - An approval is passed by going through request-approval *and* through an inspection after it (phase `again`) that says `write`.
 * - Choice rules are evaluated for the literal field; whatever else they test may be true or false.
 *
 * What cannot be read counts as possible, so `undefined` can be relied upon; a way that is found may be one that never happens.
 * For a field of class `safe` the direct way is the expected answer.
 */
export function writeReachableWithoutApproval(machine: unknown, field: string): readonly string[] | undefined {
  const scopes = scopesOf(machine);
  const roleOf = rolesOf(scopes);
  for (const scope of scopes) {
    const way = findWay(scope, startFacts(scope, field), roleOf);
    if (way !== undefined) return [...scope.within, ...way];
  }
  return undefined;
}

/** What a task does, as far as the proof is concerned. */
type Role = "harmless" | "asks" | "inspects-again" | "writes";

const FUNCTION_ARN =
  /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:([A-Za-z0-9_-]+)-(decide|inspect|request-approval|announce)$/;
const SYNCHRONOUS = /^arn:aws[a-z-]*:states:::lambda:invoke$/;
const WITH_TOKEN = /^arn:aws[a-z-]*:states:::lambda:invoke\.waitForTaskToken$/;

/** Roles of tasks; where functions of more than one stack are called, none of them is known to be harmless. */
function rolesOf(scopes: readonly Scope[]): (state: Loose) => Role {
  const tasks = scopes.flatMap((scope) => [...scope.states.values()].filter((state) => state["Type"] === "Task"));
  const stacks = new Set(tasks.flatMap((task) => FUNCTION_ARN.exec(functionOf(task))?.[1] ?? []));
  return (state) => {
    if (state["Type"] !== "Task") return "harmless";
    const handler = FUNCTION_ARN.exec(functionOf(state))?.[2] as HandlerName | undefined;
    const resource = asText(state["Resource"]) ?? "";
    if (handler === undefined || stacks.size !== 1) return "writes";
    if (handler === "request-approval") return WITH_TOKEN.test(resource) ? "asks" : "writes";
    if (!SYNCHRONOUS.test(resource)) return "writes";
    return handler === "inspect" && payloadOf(state)["phase"] === "again" ? "inspects-again" : "harmless";
  };
}

function functionOf(task: Loose): string {
  return asText(asObject(task["Parameters"])["FunctionName"]) ?? "";
}

function payloadOf(task: Loose): Loose {
  return asObject(asObject(task["Parameters"])["Payload"]);
}

/**
 * What is known where a scope starts. The field is known in a Map that hands each item's own field on, and
 * only if every write of the scope writes the field that the rules test.
 */
function startFacts(scope: Scope, field: string): Facts {
  if (scope.parent?.["Type"] !== "Map") return NO_FACTS;
  const writesAnother = [...scope.states.values()].some(
    (state) => state["Type"] === "Task" && !isAboutScopesField(state),
  );
  if (writesAnother) return NO_FACTS;
  const context: Facts = new Map([["Map.Item.Value.field", { is: field }]]);
  const selector = scope.parent["ItemSelector"];
  return selector === undefined ? new Map([["field", { is: field }]]) : factsOfTemplate(selector, NO_FACTS, context);
}

/** Whether a task's payload names the field that the scope names. */
function isAboutScopesField(task: Loose): boolean {
  const parameters = asObject(task["Parameters"]);
  return parameters["Payload.$"] === "$" || payloadOf(task)["field.$"] === "$.field";
}

/** Breadth first, so that the way found is a shortest one. */
function findWay(scope: Scope, facts: Facts, roleOf: (state: Loose) => Role): string[] | undefined {
  if (scope.startAt === undefined) return undefined;
  const queue: Visit[] = [{ state: scope.startAt, progress: "unasked", facts, from: undefined }];
  const seen = new Set<string>();
  for (let visit = queue.shift(); visit !== undefined; visit = queue.shift()) {
    const key = keyOf(visit);
    const state = scope.states.get(visit.state);
    if (seen.has(key) || state === undefined) continue;
    seen.add(key);
    const role = roleOf(state);
    if (role === "writes") return wayTo(visit);
    for (const point of pointsAfter(state, role, visit)) queue.push({ ...point, from: visit });
  }
  return undefined;
}

function keyOf({ state, progress, facts }: Point): string {
  return JSON.stringify([state, progress, [...facts].sort(([a], [b]) => (a < b ? -1 : 1))]);
}

function wayTo(visit: Visit): string[] {
  const names: string[] = [];
  for (let at: Visit | undefined = visit; at !== undefined; at = at.from) names.unshift(at.state);
  return names;
}

/** Where a way can go from a state, and what is known there. */
function pointsAfter(state: Loose, role: Role, { progress, facts }: Point): Point[] {
  const caught = asList(state["Catch"])
    .map(asObject)
    .flatMap((catcher): Point[] => {
      const to = asText(catcher["Next"]);
      const after = place(facts, catcher["ResultPath"], NO_FACTS);
      return to === undefined ? [] : [{ state: to, progress: role === "asks" ? "asked" : progress, facts: after }];
    });
  if (state["Type"] === "Choice") {
    return choices(state, facts).map((to) => ({ state: to, progress, facts }));
  }
  const next = asText(state["Next"]);
  if (next === undefined || isTerminal(state)) return caught;
  const judges = role === "inspects-again" && progress === "asked";
  return [
    {
      state: next,
      progress: role === "asks" ? "asked" : progress,
      facts: factsAfter(state, facts, judges),
    },
    ...caught,
  ];
}

/**
 * What is known after a state that succeeded. An inspection after the question is followed for the case that it does *not* say
 * `write`: the other case is an approval.
 */
function factsAfter(state: Loose, facts: Facts, refused: boolean): Facts {
  const wholeInput = state["InputPath"] === undefined || state["InputPath"] === "$";
  const wholeOutput = state["OutputPath"] === undefined || state["OutputPath"] === "$";
  if (!wholeOutput) return NO_FACTS;
  const input = wholeInput ? facts : NO_FACTS;
  return place(facts, state["ResultPath"], resultOf(state, input, refused));
}

function resultOf(state: Loose, input: Facts, refused: boolean): Facts {
  switch (state["Type"]) {
    case "Task": {
      const raw: Facts = refused ? new Map([["Payload.route", { isNot: "write" }]]) : NO_FACTS;
      return state["ResultSelector"] === undefined ? raw : factsOfTemplate(state["ResultSelector"], raw, NO_FACTS);
    }
    case "Pass":
      if (state["Result"] !== undefined) return factsOfTemplate(state["Result"], NO_FACTS, NO_FACTS);
      return state["Parameters"] === undefined ? input : factsOfTemplate(state["Parameters"], input, NO_FACTS);
    case "Wait":
      return input;
    default:
      return NO_FACTS;
  }
}

/** The scalars of a payload template: literals, and what it copies of what is known. */
function factsOfTemplate(template: unknown, input: Facts, context: Facts): Facts {
  const facts = new Map<string, Fact>();
  const visit = (node: unknown, path: readonly string[]): void => {
    if (isScalar(node) && path.length > 0) facts.set(path.join("."), { is: node });
    if (!isObject(node)) return;
    for (const [key, value] of Object.entries(node)) {
      if (!key.endsWith(".$")) {
        visit(value, [...path, key]);
        continue;
      }
      const reference = parseReference(asText(value) ?? "");
      if (reference === undefined) continue;
      const source = reference.root === "$$" ? context : input;
      const from = reference.members.join(".");
      const to = [...path, key.slice(0, -2)].join(".");
      for (const [known, fact] of source) {
        if (from === "") facts.set(`${to}.${known}`, fact);
        else if (known === from) facts.set(to, fact);
        else if (known.startsWith(`${from}.`)) facts.set(`${to}${known.slice(from.length)}`, fact);
      }
    }
  };
  visit(template, []);
  return facts;
}

/** Facts after a result was put where `ResultPath` says. */
function place(input: Facts, resultPath: unknown, result: Facts): Facts {
  if (resultPath === null) return input;
  const reference = parseReference(asText(resultPath) ?? "$");
  if (reference?.root !== "$") return NO_FACTS;
  const target = reference.members.join(".");
  if (target === "") return result;
  const kept = [...input].filter(
    ([path]) => path !== target && !path.startsWith(`${target}.`) && !target.startsWith(`${path}.`),
  );
  const placed = [...result].map(([path, fact]): [string, Fact] => [`${target}.${path}`, fact]);
  return new Map([...kept, ...placed]);
}

/** Where a choice can go: rules in order, until one that must be true. */
function choices(state: Loose, facts: Facts): string[] {
  const targets: string[] = [];
  const wholeInput = state["InputPath"] === undefined || state["InputPath"] === "$";
  const known = wholeInput ? facts : NO_FACTS;
  for (const rule of asList(state["Choices"]).map(asObject)) {
    const truth = evaluate(rule, known);
    const to = asText(rule["Next"]);
    if (truth !== false && to !== undefined) targets.push(to);
    if (truth === true) return targets;
  }
  const fallback = asText(state["Default"]);
  return fallback === undefined ? targets : [...targets, fallback];
}

/** Kleene's three values: `undefined` may be either. */
type Truth = boolean | undefined;

function evaluate(test: Loose, facts: Facts): Truth {
  const tests = Object.keys(test).filter((key) => key !== "Next" && key !== "Comment" && key !== "Variable");
  const [operator] = tests;
  if (operator === undefined || tests.length !== 1) return undefined;
  const operand = test[operator];
  if (operator === "And" || operator === "Or") {
    const truths = asList(operand).map((part) => evaluate(asObject(part), facts));
    const decisive = operator === "Or";
    if (truths.includes(decisive)) return decisive;
    return truths.length === 0 || truths.includes(undefined) ? undefined : !decisive;
  }
  if (operator === "Not") {
    const truth = evaluate(asObject(operand), facts);
    return truth === undefined ? undefined : !truth;
  }
  const reference = parseReference(asText(test["Variable"]) ?? "");
  const fact = reference?.root === "$" ? facts.get(reference.members.join(".")) : undefined;
  if (fact === undefined) return undefined;
  switch (operator) {
    case "StringEquals":
      if (typeof operand !== "string") return undefined;
      return "is" in fact ? fact.is === operand : fact.isNot === operand ? false : undefined;
    case "IsPresent":
      return typeof operand === "boolean" ? operand : undefined;
    default:
      return undefined;
  }
}

function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
