import { PARTITION_KEY, SORT_KEY } from "./contract";

/** One value in DynamoDB's JSON. Sets and binary are not used. */
export type AttributeValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly L: readonly AttributeValue[] }
  | { readonly M: AttributeMap };

/** An item in DynamoDB's JSON: what `aws_dynamodb_table_item` takes. */
export type AttributeMap = { readonly [name: string]: AttributeValue };

/** A value that DynamoDB cannot hold, or that would come back as another. */
export class ItemError extends Error {
  override readonly name = "ItemError";
}

/** Magnitudes are below the first and, but for zero, not below the second. @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html (read 2026-11-23) */
const NUMBER_END = 1e126;
const NUMBER_MIN = 1e-130;

/** Levels of nesting. Same source. */
const MAX_DEPTH = 32;

/**
 * A plain item in DynamoDB's JSON, keys sorted by UTF-16 code unit so that equal items are equal texts. Members that are
 * `undefined` are left out. Throws `ItemError` for what would be refused or changed: other types than JSON's, numbers beyond
 * DynamoDB's range, an empty key.
 */
export function marshallItem(plain: object): AttributeMap {
  for (const key of [PARTITION_KEY, SORT_KEY]) {
    if ((plain as Record<string, unknown>)[key] === "") throw new ItemError(`the key attribute \`${key}\` is empty`);
  }
  return marshallMembers(plain, "", 1);
}

/** The plain item of a DynamoDB JSON item. Throws `ItemError` for types that `marshallItem` does not write. */
export function unmarshallItem(item: AttributeMap): Record<string, unknown> {
  return unmarshallMembers(item, "");
}

function marshallMembers(members: object, path: string, depth: number): AttributeMap {
  return Object.fromEntries(
    Object.entries(members)
      .filter(([, value]) => value !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, marshall(value, path === "" ? name : `${path}.${name}`, depth)]),
  );
}

function marshall(value: unknown, path: string, depth: number): AttributeValue {
  if (depth > MAX_DEPTH) throw new ItemError(`\`${path}\` is nested deeper than ${MAX_DEPTH} levels`);
  switch (typeof value) {
    case "string":
      return { S: value };
    case "boolean":
      return { BOOL: value };
    case "number":
      return { N: numberText(value, path) };
    case "object":
      if (value === null) return { NULL: true };
      if (Array.isArray(value)) {
        return { L: value.map((element, position) => marshall(element, `${path}[${position}]`, depth + 1)) };
      }
      if (isPlain(value)) return { M: marshallMembers(value, path, depth + 1) };
      break;
  }
  throw new ItemError(`\`${path}\` is not a text, number, boolean, null, list or plain object`);
}

function numberText(value: number, path: string): string {
  const magnitude = Math.abs(value);
  if (!Number.isFinite(value) || magnitude >= NUMBER_END || (magnitude > 0 && magnitude < NUMBER_MIN)) {
    throw new ItemError(`\`${path}\` is a number that DynamoDB cannot hold`);
  }
  return String(value === 0 ? 0 : value);
}

function unmarshallMembers(members: AttributeMap, path: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [name, unmarshall(value, path === "" ? name : `${path}.${name}`)]),
  );
}

function unmarshall(value: AttributeValue, path: string): unknown {
  if (Object.keys(value).length === 1) {
    if ("S" in value) return value.S;
    if ("BOOL" in value) return value.BOOL;
    if ("N" in value) return Number(value.N);
    if ("NULL" in value) return null;
    if ("L" in value) return value.L.map((element, position) => unmarshall(element, `${path}[${position}]`));
    if ("M" in value) return unmarshallMembers(value.M, path);
  }
  throw new ItemError(`\`${path}\` is of a DynamoDB type that this project does not write`);
}

/** Made by a literal or by `JSON.parse`, in whatever realm. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
