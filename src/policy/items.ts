import { canonicalDigest, MANIFEST_KEY, POLICY_PARTITION } from "../core";
import type { Policy } from "./model";
import { frozen, policyDigest } from "./normalise";

/** What an item of the classification table is about. */
export const ITEM_KINDS = [
  "owner",
  "system",
  "publisher",
  "event",
  "attribute",
  "field",
  "segment",
  "initiator",
  "breaker",
  "exception",
  "delegation",
  "manifest",
] as const;
export type PolicyItemKind = (typeof ITEM_KINDS)[number];

/**
 * One item of the classification table, as plain data: a plan shows a change of class as one line of one item. Keys are
 * `field#work_email`, `segment#contractors` and so on, and `breaker` and `manifest`. The other members are those of the
 * model under the same names, but for an owner's name (`displayName`) and a system's kind (`systemKind`).
 */
export interface PolicyItem {
  readonly pk: typeof POLICY_PARTITION;
  readonly sk: string;
  readonly kind: PolicyItemKind;
  readonly name: string;
  /** SHA-256 of the canonical JSON of the item without this member; the manifest's is the manifest hash. */
  readonly hash: string;
  readonly [member: string]: unknown;
}

/** The item that says which items belong together. */
export interface ManifestItem extends PolicyItem {
  readonly kind: "manifest";
  readonly version: 1;
  readonly policyDigest: string;
  /** How many items there are besides this one. */
  readonly items: number;
}

/** Why items do not make up a policy. */
export type PolicyItemsCode =
  "ManifestMissing" | "ManifestMismatch" | "ItemHashMismatch" | "ItemMalformed" | "DigestMismatch";

/** Items that do not make up the policy they say they are: an apply under way, or a table that was tampered with. */
export class PolicyItemsError extends Error {
  override readonly name = "PolicyItemsError";

  constructor(
    readonly code: PolicyItemsCode,
    message: string,
  ) {
    super(message);
  }
}

/** The classification table's content, sorted by key, the manifest among it. */
export function policyItems(policy: Policy): readonly PolicyItem[] {
  const items = [
    ...itemsOf("owner", policy.owners, ({ name, ...rest }) => ({ displayName: name, ...rest })),
    ...itemsOf("system", policy.systems, ({ kind }) => ({ systemKind: kind })),
    ...itemsOf("publisher", policy.publishers),
    ...itemsOf("event", policy.events),
    ...itemsOf("attribute", policy.attributes),
    ...itemsOf("field", policy.fields),
    ...itemsOf("segment", policy.segments),
    ...itemsOf("initiator", policy.initiators),
    item("breaker", "breaker", "breaker", policy.breaker),
    ...policy.exceptions.map(({ id, ...rest }) => item("exception", id, `exception#${id}`, rest)),
    ...(policy.delegations ?? []).map(({ id, ...rest }) => item("delegation", id, `delegation#${id}`, rest)),
  ];
  const manifest: ManifestItem = {
    pk: POLICY_PARTITION,
    sk: MANIFEST_KEY,
    kind: "manifest",
    name: MANIFEST_KEY,
    version: policy.version,
    policyDigest: policyDigest(policy),
    items: items.length,
    hash: manifestHash(items),
  };
  return [...items, manifest].sort((a, b) => compare(a.sk, b.sk));
}

/** Hash over the keys and hashes of all items but the manifest: what handlers are deployed with, and pin. */
export function manifestHash(items: readonly Pick<PolicyItem, "sk" | "hash">[]): string {
  return canonicalDigest(
    items
      .filter(({ sk }) => sk !== MANIFEST_KEY)
      .map(({ sk, hash }): [string, string] => [sk, hash])
      .sort(([a], [b]) => compare(a, b)),
  );
}

/**
 * The policy that items hold. Throws `PolicyItemsError`, with a code, where an item's hash, the manifest or the policy
 * digest does not fit. Compare the manifest's hash with the one that was deployed: this function cannot know it.
 */
export function policyFromItems(items: readonly Readonly<Record<string, unknown>>[]): Policy {
  const all = items.map(readItem);
  const manifest = all.find(({ sk }) => sk === MANIFEST_KEY);
  if (manifest === undefined) throw new PolicyItemsError("ManifestMissing", "there is no manifest item");
  const content = all.filter((each) => each !== manifest);
  for (const each of content) {
    const { hash, ...rest } = each;
    if (canonicalDigest(rest) !== hash)
      throw new PolicyItemsError("ItemHashMismatch", `the hash of \`${each.sk}\` does not fit its content`);
  }
  if (manifest.items !== content.length || manifest.hash !== manifestHash(content)) {
    throw new PolicyItemsError("ManifestMismatch", "the manifest is not that of these items");
  }
  const policy = assemble(content);
  if (policyDigest(policy) !== manifest.policyDigest) {
    throw new PolicyItemsError("DigestMismatch", "the policy digest does not fit the items");
  }
  return frozen(policy);
}

/**
 * What items say, whether or not hashes and manifest fit: for whoever compares what two tables would mean. Throws
 * `PolicyItemsError` where something is no item, or there is no breaker. Members of the model may be missing.
 */
export function unverifiedPolicy(items: readonly Readonly<Record<string, unknown>>[]): Policy {
  return assemble(items.map(readItem).filter(({ sk }) => sk !== MANIFEST_KEY));
}

function assemble(items: readonly PolicyItem[]): Policy {
  const of = (kind: PolicyItemKind): readonly PolicyItem[] =>
    items.filter((each) => each.kind === kind).sort((a, b) => compare(a.name, b.name));
  const record = (kind: PolicyItemKind, map = content): Record<string, unknown> =>
    Object.fromEntries(of(kind).map((each) => [each.name, map(each)]));
  const breaker = of("breaker")[0];
  const named = (kind: PolicyItemKind): object[] => of(kind).map((each) => ({ id: each.name, ...content(each) }));
  const delegations = named("delegation");
  if (breaker === undefined) throw new PolicyItemsError("ItemMalformed", "there is no breaker item");
  // The hashes bind the content to what synth wrote from a checked policy.
  return {
    version: 1,
    owners: record("owner", (each) => renamed(content(each), "displayName", "name")),
    systems: record("system", (each) => renamed(content(each), "systemKind", "kind")),
    publishers: record("publisher"),
    events: record("event"),
    attributes: record("attribute"),
    fields: record("field"),
    segments: record("segment"),
    initiators: record("initiator"),
    breaker: content(breaker),
    exceptions: named("exception"),
    ...(delegations.length === 0 ? {} : { delegations }),
  } as unknown as Policy;
}

function itemsOf<Value extends object>(
  kind: PolicyItemKind,
  record: Readonly<Partial<Record<string, Value>>>,
  members: (value: Value) => object = (value) => value,
): PolicyItem[] {
  return Object.entries(record).flatMap(([name, value]) =>
    value === undefined ? [] : [item(kind, name, `${kind}#${name}`, members(value))],
  );
}

function item(kind: PolicyItemKind, name: string, sk: string, members: object): PolicyItem {
  const written = Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined && value !== null),
  );
  const content = { pk: POLICY_PARTITION, sk, kind, name, ...written } as const;
  return { ...content, hash: canonicalDigest(content) };
}

/** Members that an item has besides those of the model. */
const OWN_MEMBERS: ReadonlySet<string> = new Set(["pk", "sk", "kind", "name", "hash"]);

/** The members of the model: what is left without the item's own. */
function content(item: PolicyItem): Record<string, unknown> {
  return Object.fromEntries(Object.entries(item).filter(([member]) => !OWN_MEMBERS.has(member)));
}

function renamed(members: Record<string, unknown>, from: string, to: string): Record<string, unknown> {
  const { [from]: value, ...rest } = members;
  return { ...rest, [to]: value };
}

function readItem(value: Readonly<Record<string, unknown>>): PolicyItem {
  const { pk, sk, kind, name, hash } = value;
  const known = ITEM_KINDS.find((each) => each === kind);
  if (
    pk !== POLICY_PARTITION ||
    typeof sk !== "string" ||
    typeof name !== "string" ||
    typeof hash !== "string" ||
    known === undefined
  ) {
    throw new PolicyItemsError(
      "ItemMalformed",
      `\`${typeof sk === "string" ? sk : "an item"}\` is no item of a policy`,
    );
  }
  return { ...value, pk, sk, kind: known, name, hash };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
