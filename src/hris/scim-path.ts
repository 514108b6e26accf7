import type { Scalar } from "../policy/model";
import { isScalar } from "./selector";

/** A path to one attribute of a SCIM resource. */
export interface ScimPath {
  /** URN of the schema, as written; absent for the resource's own attributes. */
  readonly schema?: string;
  readonly attribute: string;
  /** Picks elements of a multi-valued attribute: `[type eq "work"]`. */
  readonly filter?: { readonly attribute: string; readonly equals: string | boolean };
  readonly sub?: string;
}

/** What a path leads to. An attribute without a value is not in the resource at all, so nothing found is an empty field. */
export type ScimValue = { readonly kind: "value"; readonly value: Scalar | null } | { readonly kind: "ambiguous" };

/** Schema of the user itself, whose attributes stand at the top of the resource. */
const CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:user";

const PATH =
  /^(?:(urn:[A-Za-z0-9:._-]+):)?([A-Za-z$][A-Za-z0-9_$-]*)(?:\[([A-Za-z$][A-Za-z0-9_$-]*) eq ("(?:[^"\\]|\\.)*"|true|false)\])?(?:\.([A-Za-z$][A-Za-z0-9_$-]*))?$/;

/**
 * Reads the part of SCIM's path grammar that names one value: `attr`, `attr.sub`, `attr[type eq "work"].sub`, each with or without
 * `urn:…:` before it. `undefined` for anything else.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7644#section-3.5.2 (read 2026-11-23)
 */
export function parseScimPath(text: string): ScimPath | undefined {
  const match = PATH.exec(text);
  if (match === null) return undefined;
  const [, schema, attribute, filtered, literal, sub] = match as (string | undefined)[];
  if (attribute === undefined) return undefined;
  let filter: ScimPath["filter"];
  if (filtered !== undefined && literal !== undefined) {
    const equals = jsonLiteral(literal);
    if (equals === undefined) return undefined;
    filter = { attribute: filtered, equals };
  }
  return {
    ...(schema === undefined || schema.toLowerCase() === CORE_USER ? {} : { schema }),
    attribute,
    ...(filter === undefined ? {} : { filter }),
    ...(sub === undefined ? {} : { sub }),
  };
}

/**
 * The value at a path. Names are compared without regard to case (RFC 7643 section 2.1). Of a multi-valued attribute without a filter
 * the primary element counts, or the only one. An attribute that the resource itself does not have is looked for in its
 * extensions, by its plain name.
 */
export function readScimPath(resource: unknown, path: ScimPath): ScimValue {
  const holders = holdersOf(resource, path);
  if (holders.length > 1) return { kind: "ambiguous" };
  const found = memberOf(holders[0], path.attribute);
  const element = Array.isArray(found)
    ? elementOf(found, path.filter)
    : { one: path.filter === undefined ? found : undefined };
  if (element === undefined) return { kind: "ambiguous" };
  const value =
    path.sub === undefined && typeof element.one === "object" && element.one !== null
      ? memberOf(element.one, "value")
      : path.sub === undefined
        ? element.one
        : memberOf(element.one, path.sub);
  if (value === undefined || value === null || value === "") return { kind: "value", value: null };
  return isScalar(value) ? { kind: "value", value } : { kind: "ambiguous" };
}

/**
 * The filter that finds resources whose value at a path is this one. Values are JSON texts in SCIM's filter grammar, so quotes and
 * backslashes cannot end them.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7644#section-3.4.2.2 (read 2026-11-23)
 */
export function scimFilter(path: ScimPath, value: Scalar): string {
  const attribute = `${path.schema === undefined ? "" : `${path.schema}:`}${path.attribute}`;
  if (path.filter !== undefined) {
    const { attribute: by, equals } = path.filter;
    return `${attribute}[${by} eq ${JSON.stringify(equals)} and ${path.sub ?? "value"} eq ${JSON.stringify(value)}]`;
  }
  return `${attribute}${path.sub === undefined ? "" : `.${path.sub}`} eq ${JSON.stringify(value)}`;
}

function holdersOf(resource: unknown, path: ScimPath): readonly unknown[] {
  if (path.schema !== undefined) return [memberOf(resource, path.schema)];
  if (memberOf(resource, path.attribute) !== undefined) return [resource];
  if (typeof resource !== "object" || resource === null) return [];
  return Object.entries(resource)
    .filter(([name, extension]) => /^urn:/i.test(name) && memberOf(extension, path.attribute) !== undefined)
    .map(([, extension]) => extension as unknown);
}

/** The one element that counts; `undefined` where several do. */
function elementOf(elements: readonly unknown[], filter: ScimPath["filter"]): { readonly one: unknown } | undefined {
  const fitting =
    filter === undefined
      ? elements
      : elements.filter((element) => sameLiteral(memberOf(element, filter.attribute), filter.equals));
  if (fitting.length <= 1) return { one: fitting[0] };
  const primary = fitting.filter((element) => memberOf(element, "primary") === true);
  return primary.length === 1 ? { one: primary[0] } : undefined;
}

/** Canonical types such as `work` are not case-exact (RFC 7643 section 2.4). */
function sameLiteral(found: unknown, wanted: string | boolean): boolean {
  return typeof found === "string" && typeof wanted === "string"
    ? found.toLowerCase() === wanted.toLowerCase()
    : found === wanted;
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const wanted = name.toLowerCase();
  return Object.entries(value).find(([key]) => key.toLowerCase() === wanted)?.[1] as unknown;
}

function jsonLiteral(text: string): string | boolean | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" || typeof value === "boolean" ? value : undefined;
  } catch {
    return undefined;
  }
}
