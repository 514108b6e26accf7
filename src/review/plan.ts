import { UsageError } from "../core";
import {
  isRecord,
  placeWith,
  record,
  stackWith,
  Unreadable,
  type Body,
  type Resource,
  type Stack,
  type UnreadPart,
  type Value,
} from "./stack";

const UNKNOWN = "it is known after the apply";

/**
 * Reads what `terraform show -json PLAN` prints: the planned values, and of those that are not known yet, that they are not.
 * What such a value stands in, a policy that names a new key for example, is not known as a whole. The output for a state
 * (`terraform show -json` without a plan) reads the same way. Throws `UsageError` for anything else.
 */
export function stackOfPlan(json: unknown): Stack {
  const plan = planOf(json);
  const values = record(plan["planned_values"] ?? plan["values"]);
  return stackOfValues(values, plan, {
    unknown: unknownByAddress(plan["resource_changes"]),
    outputs: outputsOf(values["outputs"], record(plan["output_changes"])),
  });
}

/** What a plan begins with: the state that Terraform knows. `undefined` where there is nothing yet. Throws `UsageError` for anything else than a plan. */
export function stackBeforePlan(json: unknown): Stack | undefined {
  const plan = planOf(json);
  if (!isRecord(plan["planned_values"]))
    throw new UsageError("this is a state, not a plan: there is nothing to compare");
  const values = record(record(plan["prior_state"])["values"]);
  const isEmpty = resourcesOf(values["root_module"]).every(({ mode }) => mode === "data");
  if (isEmpty) return undefined;
  const stack = stackOfValues(values, plan, { unknown: new Map(), outputs: outputsOf(values["outputs"], {}) });
  // What a plan leaves out, it leaves out of what will be.
  return { ...stack, unread: [] };
}

function planOf(json: unknown): Readonly<Record<string, unknown>> {
  const plan = record(json);
  const values = record(plan["planned_values"] ?? plan["values"]);
  if (!isRecord(json) || typeof plan["format_version"] !== "string" || !isRecord(values["root_module"])) {
    throw new UsageError("this is no plan as `terraform show -json PLAN` prints it");
  }
  return plan;
}

function stackOfValues(
  values: Readonly<Record<string, unknown>>,
  plan: Readonly<Record<string, unknown>>,
  parts: { readonly unknown: ReadonlyMap<string, unknown>; readonly outputs: Readonly<Record<string, Value>> },
): Stack {
  const written = argumentsWritten(record(plan["configuration"])["root_module"], "");
  const found = resourcesOf(values["root_module"]).map(({ mode, ...resource }) => {
    const body = merged(resource.body, parts.unknown.get(resource.address)) as Body;
    const own = written.get(withoutIndexes(resource.address));
    return {
      mode,
      resource: {
        ...resource,
        body: withoutEchoes(withoutUnset(body), own),
        ...(own === undefined ? {} : { written: own }),
      },
    };
  });
  const of = (isData: boolean): Resource[] =>
    found.filter(({ mode }) => (mode === "data") === isData).map(({ resource }) => resource);
  const all = of(false);
  return stackWith({
    place: placeWith(JSON.stringify(all.map(({ body }) => body)), regionOf(plan["configuration"])),
    all,
    data: of(true),
    outputs: parts.outputs,
    unread: incomplete(plan),
    rest: {},
  });
}

type Found = Resource & { readonly mode: unknown };

function resourcesOf(module: unknown): Found[] {
  const { resources, child_modules: children } = record(module);
  return [
    ...list(resources).map((entry): Found => {
      const { mode, type, name, address, values } = record(entry);
      return { mode, type: text(type), name: text(name), address: text(address), body: record(values) as Body };
    }),
    ...list(children).flatMap(resourcesOf),
  ];
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** What of each resource is not known yet: `true` in the place of each such value. */
function unknownByAddress(changes: unknown): Map<string, unknown> {
  return new Map(
    list(changes).map((entry) => {
      const { address, change } = record(entry);
      return [text(address), record(change)["after_unknown"]];
    }),
  );
}

/** Values with what is not known in its place. */
function merged(value: Value, unknown: unknown): Value {
  if (unknown === true) return new Unreadable(UNKNOWN);
  if (Array.isArray(unknown)) {
    const known = Array.isArray(value) ? (value as readonly Value[]) : [];
    const length = Math.max(known.length, unknown.length);
    return Array.from({ length }, (_, index) => merged(known[index], unknown[index]));
  }
  if (!isRecord(unknown)) return value;
  const known = record(value) as Body;
  const names = new Set([...Object.keys(known), ...Object.keys(unknown)]);
  return Object.fromEntries([...names].map((name) => [name, merged(known[name], unknown[name])]));
}

/**
 * Arguments and members of blocks that say something: what nobody set reads back as `""` once a resource is applied, and as null before.
 * Maps, as of a function's variables, are left as they are: there a text may be empty.
 */
function withoutUnset(body: Body): Body {
  return Object.fromEntries(
    Object.entries(body).flatMap(([name, value]): [string, Value][] => {
      if (value === null || value === "") return [];
      if (!Array.isArray(value)) return [[name, value]];
      return [[name, (value as readonly Value[]).map((each) => (isRecord(each) ? withoutUnset(each as Body) : each))]];
    }),
  );
}

/**
 * Arguments that AWS fills in with what resources of their own say: a queue's `policy` is that of its `aws_sqs_queue_policy`. Where nobody
 * wrote them, they are no second word.
 */
const ECHOES: ReadonlySet<string> = new Set(["policy", "inline_policy", "managed_policy_arns"]);

function withoutEchoes(body: Body, written: ReadonlySet<string> | undefined): Body {
  if (written === undefined) return body;
  return Object.fromEntries(Object.entries(body).filter(([name]) => !ECHOES.has(name) || written.has(name)));
}

/** The arguments that the configuration of each resource writes, by its address without indexes. */
function argumentsWritten(module: unknown, prefix: string): Map<string, ReadonlySet<string>> {
  const { resources, module_calls: calls } = record(module);
  return new Map([
    ...list(resources).map((entry): [string, ReadonlySet<string>] => {
      const { address, expressions } = record(entry);
      return [`${prefix}${text(address)}`, new Set(Object.keys(record(expressions)))];
    }),
    ...Object.entries(record(calls)).flatMap(([name, call]) => [
      ...argumentsWritten(record(call)["module"], `${prefix}module.${name}.`),
    ]),
  ]);
}

function withoutIndexes(address: string): string {
  return address.replace(/\[[^\]]*\]/g, "");
}

function outputsOf(outputs: unknown, changes: Readonly<Record<string, unknown>>): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(record(outputs)).map(([name, output]) => {
      const isUnknown = record(changes[name])["after_unknown"] === true;
      return [name, isUnknown ? new Unreadable(UNKNOWN) : (record(output)["value"] as Value)];
    }),
  );
}

/** A plan that says of itself that it is not the whole of what will happen. */
function incomplete(plan: Readonly<Record<string, unknown>>): UnreadPart[] {
  const parts: readonly (readonly [boolean, string])[] = [
    [plan["errored"] === true, "planning failed, so it shows a part of what would happen"],
    [plan["complete"] === false, "it is not complete: something was targeted or deferred"],
    [list(plan["deferred_changes"]).length > 0, "some changes are deferred"],
  ];
  return parts.flatMap(([is, reason]) => (is ? [{ address: "the plan", reason }] : []));
}

function regionOf(configuration: unknown): { readonly region?: string } {
  const aws = record(record(record(configuration)["provider_config"])["aws"]);
  const region = record(record(aws["expressions"])["region"])["constant_value"];
  return typeof region === "string" ? { region } : {};
}
