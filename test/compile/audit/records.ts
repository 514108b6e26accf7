import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import type { Names } from "../../../src/compile";
import { PRINCIPALS } from "../../../src/core";

const DIR = resolve(__dirname, "../../cases/cloudtrail");

/** A record of CloudTrail's and whether a rule must hear of it. */
export interface RecordCase {
  readonly rule: string;
  readonly fires: boolean;
  readonly why: string;
  readonly record: Record;
}

export type Record = { [member: string]: unknown };

/** One line of `cases.json`: a record of the folder, with changes, once or for each of some values. */
interface CaseLine {
  readonly rule: string;
  readonly fires: boolean;
  /** A file of `records/`. */
  readonly record: string;
  /** Who calls: a name of `callers.json`, or `role:` and the name of a role. */
  readonly by?: string;
  /** Values by path; `requestItems.0.operation` goes into lists. */
  readonly with?: Readonly<{ [path: string]: unknown }>;
  readonly without?: readonly string[];
  /** One path and its values, a record for each. `$name` stands for the ids that a stack assigns. */
  readonly each?: Readonly<{ [path: string]: readonly unknown[] }>;
  readonly why: string;
}

/** Ids that do not follow from names: the records hold the keys, a stack the values. */
export interface AssignedIds {
  readonly names: Names;
  readonly apiId: string;
  readonly keyArns: readonly string[];
  readonly writerSecretIds: readonly string[];
  readonly vpcEndpointId: string;
}

const read = (file: string): unknown => JSON.parse(readFileSync(join(DIR, file), "utf8"));

/** Every case of the folder, with the names and ids of a stack. */
export function recordCases(ids: AssignedIds): RecordCase[] {
  const { names } = ids;
  const callers = read("callers.json") as Readonly<{ [name: string]: Record }>;
  const values: Readonly<{ [name: string]: readonly unknown[] }> = {
    $roles: PRINCIPALS.map((principal) => names.role(principal).name),
    $roleArns: PRINCIPALS.map((principal) => names.role(principal).arn),
    $keyArns: ids.keyArns,
    $writerSecretIds: ids.writerSecretIds,
  };
  return (read("cases.json") as readonly CaseLine[]).flatMap((line) => {
    const base = local(read(`records/${line.record}.json`) as Record, ids);
    if (line.by !== undefined) base["userIdentity"] = local(callerOf(line.by, callers), ids);
    for (const [path, value] of Object.entries(line.with ?? {})) set(base, path, local(value, ids));
    for (const path of line.without ?? []) set(base, path, undefined);
    const [each] = Object.entries(line.each ?? {});
    if (each === undefined) return [{ ...line, record: base }];
    const [path, listed] = each;
    return listed
      .flatMap((value) => (typeof value === "string" && value.startsWith("$") ? values[value]! : [local(value, ids)]))
      .map((value) => {
        const record = structuredClone(base);
        set(record, path, value);
        return { rule: line.rule, fires: line.fires, why: `${line.why} (${String(value)})`, record };
      });
  });
}

/** A record as CloudTrail hands it to EventBridge. */
export function eventOf(record: Record): Record {
  return {
    version: "0",
    id: "6f87d04b-9f74-4f04-a780-7acf4b0a9b38",
    "detail-type": "AWS API Call via CloudTrail",
    source: `aws.${String(record["eventSource"]).replace(/\.amazonaws\.com$/, "")}`,
    account: record["recipientAccountId"],
    time: record["eventTime"],
    region: record["awsRegion"],
    resources: [],
    detail: record,
  };
}

function callerOf(by: string, callers: Readonly<{ [name: string]: Record }>): Record {
  const known = callers[by];
  if (known !== undefined) return structuredClone(known);
  const name = by.replace(/^role:/, "");
  const text = JSON.stringify(callers["admin"]).replaceAll("/admin", `/${name}`).replaceAll('"admin"', `"${name}"`);
  return JSON.parse(text) as Record;
}

/** The records are acme's; another stack has other names and ids. */
function local<T>(value: T, ids: AssignedIds): T {
  const { names } = ids;
  const [firstKey = ""] = ids.keyArns;
  const text = JSON.stringify(value)
    .replaceAll("acme-writeback", names.prefix)
    .replaceAll("vpce-0a1b2c3d4e5f60718", ids.vpcEndpointId)
    .replaceAll("a1b2c3d4e5", ids.apiId)
    .replaceAll("arn:aws:kms:eu-west-1:111122223333:key/11111111-1111-4111-8111-111111111111", firstKey);
  return JSON.parse(text) as T;
}

function set(record: Record, path: string, value: unknown): void {
  const keys = path.split(".");
  const last = keys.pop()!;
  let node: Record = record;
  for (const key of keys) node = node[key] as Record;
  if (value === undefined) Reflect.deleteProperty(node, last);
  else node[last] = value;
}
