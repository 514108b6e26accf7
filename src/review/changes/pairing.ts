import { canonicalJson } from "../../core";
import { isRecord, META, record, stackOfConfiguration, type Place, type Stack } from "../stack";

/** A resource that has another logical name than before and is the same otherwise. */
export interface Renamed {
  readonly type: string;
  /** Its address in the base. */
  readonly from: string;
  /** Its address in the head. */
  readonly to: string;
  /** Whether a `moved` block tells Terraform so; otherwise it destroys the one and makes the other. */
  readonly isMoved: boolean;
}

/** Two stacks whose resources carry the same address where they are the same resource. */
export interface Pair {
  readonly base: Stack;
  readonly head: Stack;
  readonly renamed: readonly Renamed[];
  /** Where the head goes, if that is not where the base is; it is then read as if it went there too. */
  readonly place?: Place;
}

type Raw = Readonly<Record<string, unknown>>;

interface Entry {
  readonly type: string;
  readonly address: string;
  readonly raw: Raw;
}

/**
 * Reads two configurations so that logical names do not count: a resource of the head that is one of the base under another name reads
 * under the base's. It is the same where a `moved` block says so, where it bears the same name in AWS, or where it says the
 * same in all its arguments and no other does. Throws `UsageError` for what is no configuration.
 */
export function pairConfigurations(base: unknown, head: unknown): Pair {
  const baseStack = stackOfConfiguration(base);
  const headStack = stackOfConfiguration(head);
  const { accountId, region, partition } = headStack;
  const place = { accountId, region, partition };
  const isElsewhere = PLACE.some((part) => place[part] !== baseStack[part]);
  const there = isElsewhere ? inPlaceOf(head, place, baseStack) : head;
  const before = entriesOf(base);
  const after = entriesOf(there);
  const moves = movesOf(there);
  const found = new Pairing(before, after, moves).run();
  const renamed = [...found]
    .filter(([to, from]) => to !== from)
    .map(([to, from]) => ({ type: to.slice(0, to.lastIndexOf(".")), from, to, isMoved: moves.get(to) === from }))
    .sort((a, b) => compare(a.to, b.to));
  const names = new Map(renamed.map(({ to, from }) => [to, from]));
  return {
    base: baseStack,
    head: names.size > 0 || isElsewhere ? stackOfConfiguration(renameIn(there, names)) : headStack,
    renamed,
    ...(isElsewhere ? { place } : {}),
  };
}

const PLACE = ["accountId", "region", "partition"] as const;

/** A configuration as it would be in another place: its own account, Region and partition by those of the other. */
function inPlaceOf(json: unknown, from: Place, to: Place): unknown {
  const text = JSON.stringify(json)
    .replaceAll(from.accountId, to.accountId)
    .replaceAll(from.region, to.region)
    .replaceAll(`arn:${from.partition}:`, `arn:${to.partition}:`);
  return JSON.parse(text) as unknown;
}

/** Resources, and data sources by the type `data.aws_…`. */
function entriesOf(json: unknown): Entry[] {
  return (["resource", "data"] as const).flatMap((block) =>
    Object.entries(record(record(json)[block])).flatMap(([each, named]) => {
      const type = block === "data" ? `data.${each}` : each;
      return Object.entries(record(named)).map(([name, raw]) => ({
        type,
        address: `${type}.${name}`,
        raw: record(raw),
      }));
    }),
  );
}

/** From each address of `moved` blocks to where it was. */
function movesOf(json: unknown): Map<string, string> {
  return new Map(
    [record(json)["moved"]].flat().flatMap((block): [string, string][] => {
      const { from, to } = record(block);
      return typeof from === "string" && typeof to === "string" ? [[to, from]] : [];
    }),
  );
}

/** The argument by which AWS tells resources of a type apart, in one account and region. */
const NAMED_BY: Readonly<Partial<Record<string, string>>> = {
  aws_cloudtrail: "name",
  aws_cloudwatch_dashboard: "dashboard_name",
  aws_cloudwatch_event_bus: "name",
  aws_cloudwatch_log_group: "name",
  aws_cloudwatch_metric_alarm: "alarm_name",
  aws_dynamodb_table: "name",
  aws_iam_group: "name",
  aws_iam_policy: "name",
  aws_iam_role: "name",
  aws_iam_user: "name",
  aws_kms_alias: "name",
  aws_lambda_function: "function_name",
  aws_s3_bucket: "bucket",
  aws_scheduler_schedule: "name",
  aws_secretsmanager_secret: "name",
  aws_sfn_state_machine: "name",
  aws_sns_topic: "name",
  aws_sqs_queue: "name",
};

/** The argument that says whose a resource is, of which there is one: whatever else it says may be derived from logical names. */
const ONE_OF: Readonly<Partial<Record<string, string>>> = { aws_api_gateway_deployment: "rest_api_id" };

const REFERENCE = /\b((?:data\.)?[a-z][a-z0-9_]*)\.([A-Za-z_][\w-]*)/g;

/** The same resources of two configurations, found step by step: whatever refers to a resource that is found can be found by it. */
class Pairing {
  /** From the head's address to the base's. */
  private readonly found = new Map<string, string>();
  private readonly taken = new Set<string>();

  constructor(
    private readonly before: readonly Entry[],
    private readonly after: readonly Entry[],
    private readonly moves: ReadonlyMap<string, string>,
  ) {}

  run(): ReadonlyMap<string, string> {
    const known = new Set(this.before.map(({ address }) => address));
    for (const { address } of this.after) {
      const from = this.moves.get(address);
      if (from !== undefined && known.has(from)) this.take(address, from);
    }
    for (const { address } of this.after) if (known.has(address)) this.take(address, address);
    this.byKey(({ type, raw }) => {
      const name = raw[NAMED_BY[type] ?? ""];
      return typeof name === "string" && !name.includes("${") ? `${type} ${name}` : undefined;
    });
    let open = -1;
    while (open !== this.found.size) {
      open = this.found.size;
      this.byKey((entry, side) => `${entry.type} ${this.print(entry, side)}`);
      this.byKey(({ type, address, raw }, side) => {
        const whose = raw[ONE_OF[type] ?? ""];
        const print = whose === undefined ? "?" : this.print({ type, address, raw: { whose } }, side);
        return print.includes("?") ? undefined : `${type} of ${print}`;
      });
    }
    return this.found;
  }

  private take(to: string, from: string): void {
    if (this.found.has(to) || this.taken.has(from)) return;
    this.found.set(to, from);
    this.taken.add(from);
  }

  /** Pairs what has the same key: of several that are alike, one with one. */
  private byKey(keyOf: (entry: Entry, side: "base" | "head") => string | undefined): void {
    const group = (entries: readonly Entry[], side: "base" | "head"): Map<string, string[]> => {
      const groups = new Map<string, string[]>();
      for (const entry of entries) {
        if (side === "base" ? this.taken.has(entry.address) : this.found.has(entry.address)) continue;
        const key = keyOf(entry, side);
        if (key !== undefined) groups.set(key, [...(groups.get(key) ?? []), entry.address]);
      }
      return groups;
    };
    const base = group(this.before, "base");
    for (const [key, addresses] of group(this.after, "head")) {
      const candidates = base.get(key) ?? [];
      if (candidates.length !== addresses.length) continue;
      addresses.sort(compare).forEach((to, index) => {
        this.take(to, candidates.sort(compare)[index] ?? to);
      });
    }
  }

  /** What a resource says, its references by what they are the same as. */
  private print({ raw }: Entry, side: "base" | "head"): string {
    const called = (type: string, name: string): string => {
      const address = `${type}.${name}`;
      if (side === "base") return this.taken.has(address) ? address : `${type}.?`;
      return this.found.get(address) ?? `${type}.?`;
    };
    const own = Object.fromEntries(Object.entries(raw).filter(([key]) => key !== "//" && key !== "depends_on"));
    return canonicalJson(own).replace(REFERENCE, (_, type: string, name: string) => called(type, name));
  }
}

/** A configuration with other names for some of its resources, wherever they are mentioned. */
function renameIn(json: unknown, names: ReadonlyMap<string, string>): unknown {
  if (names.size === 0) return json;
  const called = (text: string): string => text.replace(REFERENCE, (address: string) => names.get(address) ?? address);
  const inside = (value: unknown): unknown => {
    if (typeof value === "string") return called(value);
    if (Array.isArray(value)) return value.map(inside);
    if (!isRecord(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, inside(member)]));
  };
  const { resource, data, ...rest } = record(json);
  const renamed = (block: unknown, prefix: string): unknown =>
    Object.fromEntries(
      Object.entries(record(block)).map(([type, named]) => [
        type,
        Object.fromEntries(
          Object.entries(record(named)).map(([name, body]) => {
            const address = names.get(`${prefix}${type}.${name}`);
            return [address === undefined ? name : address.slice(prefix.length + type.length + 1), inside(body)];
          }),
        ),
      ]),
    );
  return {
    ...record(inside(rest)),
    resource: renamed(resource, ""),
    ...(data === undefined ? {} : { data: renamed(data, "data.") }),
  };
}

/** What two blocks say of how Terraform treats a resource. */
export function metaOf(raw: Raw | undefined): Raw {
  return Object.fromEntries(Object.entries(raw ?? {}).filter(([key]) => META.has(key) && key !== "//"));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
