import { UsageError } from "../core";
import { assignedAttribute, type Place } from "./attributes";
import { evaluateText, Unreadable, type Value } from "./expression";

export { Unreadable, type Value } from "./expression";
export type { Place } from "./attributes";

/** Arguments of a resource, references resolved. */
export type Body = Readonly<Record<string, Value>>;

/** One resource or data source of a stack. */
export interface Resource {
  readonly type: string;
  /** The logical name. */
  readonly name: string;
  /** As Terraform writes it: `aws_iam_role.write-back_gateway`; in a plan with module and index. */
  readonly address: string;
  readonly body: Body;
  /** The block as the configuration writes it, meta-arguments and references among it; a plan has none. */
  readonly raw?: Readonly<Record<string, unknown>>;
  /** Names of the arguments that somebody wrote; in a plan all others are what AWS or the provider fills in. */
  readonly written?: ReadonlySet<string>;
}

/** A part of a stack that nobody can read: whatever it holds may change what is proved. */
export interface UnreadPart {
  readonly address: string;
  readonly reason: string;
}

/** What Terraform will make, from its configuration or from a plan alone. */
export interface Stack extends Place {
  /** All resources, by address. */
  readonly all: readonly Resource[];
  /** Resources of a type, by address. */
  resources(type: string): readonly Resource[];
  /** Data sources, which are read when Terraform runs. */
  readonly data: readonly Resource[];
  /** Outputs by name. */
  readonly outputs: Readonly<Record<string, Value>>;
  /** Modules, repeated resources and provisioners: what is not written out as resources with literal arguments. */
  readonly unread: readonly UnreadPart[];
  /** Blocks of the configuration besides resources, data sources and outputs, as they are written; a plan has none. */
  readonly rest: Readonly<Record<string, unknown>>;
}

/** A parsed `cdk.tf.json`, or any configuration in Terraform's JSON syntax that stands in one file. */
export type Configuration = Readonly<Record<string, unknown>>;

type Raw = Readonly<Record<string, unknown>>;

/** Meta-arguments: how Terraform treats a resource, not what AWS gets. */
export const META: ReadonlySet<string> = new Set([
  "//",
  "depends_on",
  "provider",
  "lifecycle",
  "provisioner",
  "connection",
]);

/**
 * Reads a synthesized stack. References between resources become what they stand for; what depends on a data source, a
 * variable or a function of Terraform becomes `Unreadable` where it stands. Throws `UsageError` for what is no configuration.
 */
export function stackOfConfiguration(json: unknown): Stack {
  if (!isRecord(json) || !isRecord(json["resource"] ?? {})) {
    throw new UsageError("this is no Terraform configuration in JSON: it has no object `resource`");
  }
  const raw = flatten(json["resource"]);
  const byAddress = new Map(raw.map((entry) => [entry.address, entry]));
  const place = placeOf(json, raw);
  const locals = mergedBlocks(json["locals"]);
  const resolving = new Set<string>();

  const resolve = (reference: string): Value => {
    if (resolving.has(reference)) return new Unreadable(`\`${reference}\` refers to itself`);
    resolving.add(reference);
    try {
      return resolveReference(reference);
    } finally {
      resolving.delete(reference);
    }
  };
  const resolveReference = (reference: string): Value => {
    const [first = "", second = "", attribute, ...deeper] = reference.split(".");
    if (first === "data") return new Unreadable(`the data source \`${reference}\` is read when Terraform runs`);
    if (first === "var") return new Unreadable(`the variable \`${second}\` gets its value when Terraform runs`);
    if (first === "local" && attribute === undefined && Object.hasOwn(locals, second)) return valueOf(locals[second]);
    const entry = byAddress.get(`${first}.${second}`);
    if (entry === undefined || attribute === undefined)
      return new Unreadable(`nothing here is called \`${reference}\``);
    if (entry.repeated !== undefined) return new Unreadable(`\`${entry.address}\` has \`${entry.repeated}\``);
    if (deeper.length > 0) return new Unreadable(`\`${reference}\` is a part of an attribute`);
    const argument = (name: string): Value => valueOf(entry.raw[name]);
    const own = entry.raw[attribute];
    if (own !== undefined && own !== null && !META.has(attribute)) return argument(attribute);
    return assignedAttribute({ type: entry.type, address: entry.address, argument }, attribute, place);
  };
  const valueOf = (value: unknown): Value => {
    if (typeof value === "string") return evaluateText(value, resolve);
    if (Array.isArray(value)) return value.map(valueOf);
    if (isRecord(value))
      return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, valueOf(member)]));
    return value as Value;
  };
  const bodyOf = (entry: RawResource): Resource => ({
    type: entry.type,
    name: entry.name,
    address: entry.address,
    body: withIgnored(
      Object.fromEntries(
        Object.entries(entry.raw).flatMap(([key, value]) => (META.has(key) ? [] : [[key, valueOf(value)]])),
      ),
      entry.raw["lifecycle"],
    ),
    raw: entry.raw,
    written: new Set(Object.keys(entry.raw).filter((key) => !META.has(key))),
  });
  return stackWith({
    place,
    all: raw.map(bodyOf),
    data: flatten(json["data"] ?? {}).map((entry) => ({ ...bodyOf(entry), address: `data.${entry.address}` })),
    outputs: Object.fromEntries(
      Object.entries(record(json["output"])).map(([name, output]) => [name, valueOf(record(output)["value"])]),
    ),
    unread: [
      ...Object.keys(record(json["module"])).map((name) => ({
        address: `module.${name}`,
        reason: "a module's resources are not in this file",
      })),
      ...Object.keys(record(record(json["data"])["external"])).map((name) => ({
        address: `data.external.${name}`,
        reason: "a program runs whenever Terraform does",
      })),
      ...["ephemeral", "action"].flatMap((block) =>
        flatten(json[block]).map(({ address }) => ({
          address: `${block}.${address}`,
          reason: "it acts while Terraform runs, and what it does is not in this file",
        })),
      ),
      ...raw.flatMap(({ address, raw: body, repeated }) => [
        ...(repeated === undefined ? [] : [{ address, reason: `\`${repeated}\` decides how often it exists` }]),
        ...(body["provisioner"] === undefined
          ? []
          : [{ address, reason: "a provisioner runs a command when it is applied" }]),
        ...(body["dynamic"] === undefined ? [] : [{ address, reason: "a dynamic block is made when Terraform runs" }]),
      ]),
    ],
    rest: Object.fromEntries(Object.entries(json).filter(([block]) => !READ_BLOCKS.has(block))),
  });
}

/** Blocks that become resources, data sources and outputs, and what CDKTF notes for itself. */
const READ_BLOCKS: ReadonlySet<string> = new Set(["//", "resource", "data", "output"]);

/** A stack of resources that are read already. */
export function stackWith(parts: {
  readonly place: Place;
  readonly all: readonly Resource[];
  readonly data: readonly Resource[];
  readonly outputs: Readonly<Record<string, Value>>;
  readonly unread: readonly UnreadPart[];
  readonly rest: Readonly<Record<string, unknown>>;
}): Stack {
  const all = [...parts.all].sort(byAddress);
  const types = new Map<string, Resource[]>();
  for (const resource of all) types.set(resource.type, [...(types.get(resource.type) ?? []), resource]);
  return {
    ...parts.place,
    all,
    resources: (type) => types.get(type) ?? [],
    data: [...parts.data].sort(byAddress),
    outputs: parts.outputs,
    unread: [...parts.unread, ...unnamed(all, parts.place), ...makers(all)].sort(byAddress),
    rest: parts.rest,
  };
}

/** Types that make resources of any kind by a language of their own. */
const MAKERS =
  /^(?:aws_(?:cloudcontrolapi_resource|cloudformation_stack\w*|serverlessapplicationrepository_cloudformation_stack|servicecatalog_provisioned_product)$|awscc_)/;

function makers(all: readonly Resource[]): UnreadPart[] {
  return all
    .filter(({ type }) => MAKERS.test(type))
    .map(({ address }) => ({ address, reason: "it makes resources in a language that is not read here" }));
}

/** Resources whose ARN is made of a name that nobody can read: whatever other documents name may be them. */
function unnamed(all: readonly Resource[], place: Place): UnreadPart[] {
  return all.flatMap(({ type, address, body }) => {
    if (typeof body["arn"] === "string") return [];
    const arn = assignedAttribute({ type, address, argument: (name) => body[name] }, "arn", place);
    return arn instanceof Unreadable ? [{ address, reason: `its name cannot be read: ${arn.reason}` }] : [];
  });
}

interface RawResource {
  readonly type: string;
  readonly name: string;
  readonly address: string;
  readonly raw: Raw;
  /** The meta-argument that makes it many, or none. */
  readonly repeated?: "count" | "for_each";
}

/** A block may stand once, or several times as a list. */
function flatten(types: unknown): RawResource[] {
  return Object.entries(record(types)).flatMap(([type, named]) =>
    Object.entries(record(named)).flatMap(([name, blocks]) =>
      (Array.isArray(blocks) ? blocks : [blocks]).map((block): RawResource => {
        const raw = record(block);
        const repeated = (["count", "for_each"] as const).find((meta) => raw[meta] !== undefined);
        return { type, name, address: `${type}.${name}`, raw, ...(repeated === undefined ? {} : { repeated }) };
      }),
    ),
  );
}

/**
 * Arguments that Terraform leaves as it finds them: what is deployed may be something else by now. The two items that operators change
 * at run time are meant to be so, and nothing is proved from their content.
 */
function withIgnored(body: Body, lifecycle: unknown): Body {
  const ignored = [lifecycle].flat().flatMap((block) => [record(block)["ignore_changes"]].flat());
  const reason = "Terraform ignores changes of it (`ignore_changes`), so what is deployed may be something else";
  return Object.fromEntries(
    Object.entries(body).map(([key, value]) => {
      const isIgnored = ignored.some(
        (name) => name === "all" || (typeof name === "string" && name.split(/[.[]/)[0] === key),
      );
      return [key, isIgnored && !NAMES_OF_THINGS.has(key) ? new Unreadable(reason) : value];
    }),
  );
}

/** Arguments that Terraform cannot leave alone: another value would be another resource. */
const NAMES_OF_THINGS: ReadonlySet<string> = new Set(["name", "function_name", "table_name", "hash_key", "range_key"]);

/** Account, region and partition: what the provider is told, else what most of the stack's literal ARNs say. */
function placeOf(json: Configuration, raw: readonly RawResource[]): Place {
  const provider = record([record(json["provider"])["aws"]].flat()[0]);
  const accounts = provider["allowed_account_ids"];
  const [account] = Array.isArray(accounts) && accounts.length === 1 ? (accounts as unknown[]) : [];
  return placeWith(JSON.stringify(raw.map((entry) => entry.raw)), {
    accountId: typeof account === "string" && /^\d{12}$/.test(account) ? account : undefined,
    region:
      typeof provider["region"] === "string" && !provider["region"].includes("${") ? provider["region"] : undefined,
  });
}

/** The place that most ARNs in a text name. Throws `UsageError` where none does. */
export function placeWith(text: string, told: { readonly accountId?: string; readonly region?: string }): Place {
  const arns = [...text.matchAll(/arn:(aws[a-z-]*):[a-z0-9-]+:([a-z0-9-]*):(\d{12}):/g)];
  const partition = mostFrequent(arns.map((arn) => arn[1]));
  const region = told.region ?? mostFrequent(arns.map((arn) => arn[2]));
  const accountId = told.accountId ?? mostFrequent(arns.map((arn) => arn[3]));
  if (region === undefined || accountId === undefined) {
    throw new UsageError("the stack names neither an account nor a region in its ARNs: is it a write-back stack?");
  }
  return { partition: partition ?? "aws", region, accountId };
}

function mostFrequent(values: readonly (string | undefined)[]): string | undefined {
  const counts = new Map<string, number>();
  for (const value of values) if (value !== undefined && value !== "") counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0]?.[0];
}

/** `locals` is one block, or several as a list. */
function mergedBlocks(blocks: unknown): Raw {
  return Object.fromEntries([blocks].flat().flatMap((block) => Object.entries(record(block))));
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Unreadable);
}

/** An object, or an empty one in place of anything else. */
export function record(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

function byAddress(a: { readonly address: string }, b: { readonly address: string }): number {
  return a.address < b.address ? -1 : a.address > b.address ? 1 : 0;
}
