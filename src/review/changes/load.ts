import { dirname } from "node:path";

import { loadConfiguration, loadPlanJson } from "../load";
import { record, type Stack, type UnreadPart } from "../stack";
import { stackBeforePlan, stackOfPlan } from "../plan";
import { compareBundles } from "./bundles";
import { differencesOf, type Difference } from "./differences";
import { pairConfigurations } from "./pairing";
import type { Reviewed } from "./review";

/** Two folders with synthesized stacks, to be compared. Throws `UsageError` for a folder without exactly one stack. */
export function loadFolders(base: string, head: string): Reviewed {
  const [before, after] = [loadConfiguration(base), loadConfiguration(head)];
  const pair = pairConfigurations(before.json, after.json);
  return {
    ...pair,
    base: withParts(pair.base, before.besides),
    head: withParts(pair.head, after.besides),
    bundles: compareBundles(
      { stack: pair.base, dir: dirname(before.file) },
      { stack: pair.head, dir: dirname(after.file) },
    ),
  };
}

function withParts(stack: Stack, parts: readonly UnreadPart[]): Stack {
  return { ...stack, unread: [...stack.unread, ...parts] };
}

/** A plan that `terraform show -json` printed: what is there, and what will be. Throws `UsageError` for anything else. */
export function loadPlanChanges(file: string): Reviewed {
  return loadPlanJson(file, planChanges);
}

/** A plan's two sides: the state that it began with, and what it will make. */
export function planChanges(json: unknown): Reviewed {
  const head = stackOfPlan(json);
  const base = stackBeforePlan(json);
  const changes = listOf(record(json)["resource_changes"]).map(record);
  const replaced = changes.flatMap((change): [string, string[]][] => {
    const actions = listOf(record(change["change"])["actions"]);
    if (!actions.includes("create") || !actions.includes("delete")) return [];
    const paths = listOf(record(change["change"])["replace_paths"]).flatMap((path) => {
      const [name] = listOf(path);
      return typeof name === "string" ? [name] : [];
    });
    return [[String(change["address"]), paths.length === 0 ? ["its place"] : [...new Set(paths)]]];
  });
  const moved = changes.flatMap((change) => {
    const { address, previous_address: previous, type } = change;
    if (typeof previous !== "string" || typeof address !== "string") return [];
    return [{ type: String(type), from: previous, to: address, isMoved: true }];
  });
  return {
    base: base === undefined ? undefined : underNames(base, new Map(moved.map(({ from, to }) => [from, to]))),
    head,
    renamed: moved,
    replaced: new Map(replaced),
    drift: driftOf(json, head),
  };
}

/** Resources that a plan moves read under the names that they will have. */
function underNames(stack: Stack, names: ReadonlyMap<string, string>): Stack {
  const named = stack.all.map((resource) => ({
    ...resource,
    address: names.get(resource.address) ?? resource.address,
  }));
  return {
    ...stack,
    all: named,
    resources: (type) => named.filter((resource) => resource.type === type),
  };
}

/** Arguments that AWS fills in with what resources of their own say: no hand was at them. */
const ECHOES: ReadonlySet<string> = new Set(["policy", "inline_policy", "managed_policy_arns", "tags_all"]);

/** What nobody set reads back as nothing of its kind, once it is asked for. */
function isFilledIn({ from, to }: Difference): boolean {
  return from === undefined && (to === 0 || to === false);
}

function driftOf(json: unknown, head: Stack): NonNullable<Reviewed["drift"]> {
  const written = new Map(head.all.map((resource) => [resource.address, resource.written]));
  return listOf(record(json)["resource_drift"]).flatMap((entry) => {
    const { address, type, change } = record(entry);
    if (typeof address !== "string") return [];
    const { before, after } = record(change);
    const bodyOf = (body: unknown) => ({
      type: String(type),
      name: "",
      address,
      body: record(body) as Stack["outputs"],
    });
    const changed = differencesOf(bodyOf(before), bodyOf(after)).filter((each) => !isFilledIn(each));
    const attributes = [...new Set(changed.map(({ pattern }) => pattern.split(".")[0] ?? ""))];
    // What nobody wrote is not anybody's to change; of a resource that is gone, everything is.
    const isTheirs = (name: string): boolean => !ECHOES.has(name) && written.get(address)?.has(name) !== false;
    const those = after === null ? ["it is gone"] : attributes.filter(isTheirs);
    return those.length === 0 ? [] : [{ address, attributes: those }];
  });
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}
