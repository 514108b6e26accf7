import { ENV, MANIFEST_KEY, PARTITION_KEY, POLICY_PARTITION } from "../core";
import { unmarshallItem, type AttributeMap } from "../compile/table-items";
import { policyFromItems, PolicyItemsError, type FieldClass } from "../policy";
import { textOf } from "./body";
import type { Counterexample, Evidence, Findings, NotRead } from "./finding";
import { isRecord, type Resource } from "./stack";
import type { System } from "./system";

/** The fields of the policy by class, from the stack's own classification items. */
export interface Fields {
  readonly classes: ReadonlyMap<string, FieldClass>;
  readonly all: readonly string[];
  /** Every class but `never`. */
  readonly writable: readonly string[];
  readonly never: readonly string[];
  readonly conditional: readonly string[];
  readonly safe: readonly string[];
}

/** An item that the stack writes into a table. */
export interface StackItem {
  readonly resource: Resource;
  readonly item: Readonly<Record<string, unknown>>;
}

/** The items of the classification table that can be read. */
export function classificationItems({ stack }: System): StackItem[] {
  return stack.resources("aws_dynamodb_table_item").flatMap((resource) => {
    const item = itemOf(textOf(resource.body, "item"));
    return item?.[PARTITION_KEY] === POLICY_PARTITION ? [{ resource, item }] : [];
  });
}

/** The plain item of an `aws_dynamodb_table_item`; `undefined` where it is none that can be read. */
function itemOf(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return undefined;
  try {
    const json: unknown = JSON.parse(text);
    return isRecord(json) ? unmarshallItem(json as AttributeMap) : undefined;
  } catch {
    return undefined;
  }
}

/** The classes of all fields, as the items say. An item of another class than the three counts as `never`. */
export function readFields(system: System): Fields {
  const classes = new Map<string, FieldClass>();
  for (const { item } of classificationItems(system)) {
    if (item["kind"] !== "field" || typeof item["name"] !== "string") continue;
    const { class: fieldClass } = item;
    classes.set(item["name"], fieldClass === "safe" || fieldClass === "conditional" ? fieldClass : "never");
  }
  const all = [...classes.keys()].sort();
  const of = (...wanted: FieldClass[]): string[] =>
    all.filter((name) => wanted.some((each) => each === classes.get(name)));
  return {
    classes,
    all,
    writable: of("safe", "conditional"),
    never: of("never"),
    conditional: of("conditional"),
    safe: of("safe"),
  };
}

/** Publishers and their events, as the items have them. */
export function readPublishers(system: System): {
  readonly sources: readonly string[];
  readonly events: ReadonlyMap<string, readonly string[]>;
} {
  const items = classificationItems(system).map(({ item }) => item);
  const events = new Map(
    items
      .filter(({ kind }) => kind === "event")
      .map(({ name, source }): [string, string[]] => [String(name), Array.isArray(source) ? source.map(String) : []]),
  );
  return { sources: items.flatMap(({ kind, name }) => (kind === "publisher" ? [String(name)] : [])).sort(), events };
}

/** Whether the items make up one policy, and the functions are deployed with it. */
export function proveClassification(system: System): Findings {
  const items = classificationItems(system);
  const resources = items.map(({ resource }) => resource.address);
  const manifest = items.find(({ item }) => item["sk"] === MANIFEST_KEY);
  const wrong = (code: Counterexample["code"], message: string, at: readonly string[]): Findings => ({
    counterexamples: [{ code, invariants: [1, 3], message, resources: at }],
    unread: [],
    evidence: [],
  });
  const unreadable = unreadItems(system);
  if (unreadable.length > 0) return { counterexamples: [], unread: unreadable, evidence: [] };
  if (manifest === undefined) {
    const message = "the stack has no manifest of a classification table";
    return {
      counterexamples: [],
      unread: [{ code: "PartMissing", invariants: [1, 3], message, resources: [] }],
      evidence: [],
    };
  }
  const table = system.tables.classification?.replace(/^.*:table\//, "");
  const elsewhere = items.filter(({ resource: { body } }) => {
    const name = textOf(body, "table_name");
    return table !== undefined && name !== undefined && name !== table;
  });
  if (elsewhere.length > 0) {
    const message = `${elsewhere.map(({ item }) => `\`${String(item["sk"])}\``).join(", ")} is written into another table than \`${table ?? ""}\`, which the functions read`;
    return wrong(
      "ClassificationBroken",
      message,
      elsewhere.map(({ resource }) => resource.address),
    );
  }
  try {
    policyFromItems(items.map(({ item }) => item));
  } catch (error) {
    if (!(error instanceof PolicyItemsError)) throw error;
    const named = items.find(({ item }) => error.message.includes(`\`${String(item["sk"])}\``));
    return wrong("ClassificationBroken", error.message, [(named ?? manifest).resource.address]);
  }
  const pins = system.functions.flatMap((fn) => {
    const pinned = textOf(fn.environment, ENV.manifestHash);
    return pinned === undefined || pinned === manifest.item["hash"] ? [] : [fn.resource.address];
  });
  if (pins.length > 0) {
    const message = `the manifest's hash is not the one that ${pins.map((address) => `\`${address}\``).join(", ")} is deployed with`;
    return wrong("ManifestNotPinned", message, [...pins, manifest.resource.address]);
  }
  const evidence: Evidence = {
    invariant: 1,
    text: `the ${resources.length} items of the classification table are the policy that their manifest speaks of and the functions pin`,
    resources: [manifest.resource.address],
  };
  return { counterexamples: [], unread: [], evidence: [evidence] };
}

/** Items of the classification table whose content is not known. */
function unreadItems(system: System): NotRead[] {
  const { stack, tables } = system;
  const name = tables.classification?.replace(/^.*:table\//, "");
  return stack
    .resources("aws_dynamodb_table_item")
    .filter(({ body }) => textOf(body, "table_name") === name && itemOf(textOf(body, "item")) === undefined)
    .map(({ address }) => ({
      code: "UnreadValue",
      invariants: [1, 3],
      message: `the item of \`${address}\` is not written as literal JSON`,
      resources: [address],
    }));
}
