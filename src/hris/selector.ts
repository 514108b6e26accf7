import type { Scalar } from "../policy/model";
import type { RestAssertion } from "./rest-options";
import { parseTemplate, renderText, TemplateError, type HoleValues, type Template } from "./template";

interface Step {
  /** Name of a member, or index of an element; absent in a step that only picks. */
  readonly name?: Template;
  /** Picks the one element of an array whose member has this value. */
  readonly pick?: { readonly member: string; readonly equals: Template };
}

/** A parsed selector: JSON Pointer with picks. Holes are filled into parsed steps, so a value cannot add a step. */
export type Selector = readonly Step[];

/** What a selector found. `ambiguous`: more than one element answers to a pick. */
export type Selected =
  { readonly kind: "found"; readonly value: unknown } | { readonly kind: "absent" } | { readonly kind: "ambiguous" };

/** Reads a selector such as `/d/results[emailType=8448]/emailAddress`; the empty text is the whole document. Throws `TemplateError`. */
export function parseSelector(text: string, allowed: readonly string[] = []): Selector {
  if (text === "") return [];
  if (!text.startsWith("/")) throw new TemplateError(`the selector \`${text}\` does not start with a slash`);
  return text
    .slice(1)
    .split("/")
    .map((segment) => {
      const match = /^([^[\]]*)(?:\[([^[\]=]+)=([^[\]]*)\])?$/.exec(segment);
      if (match === null) throw new TemplateError(`the selector \`${text}\` has a bracket that is no pick`);
      const [, name = "", member, equals = ""] = match;
      return {
        ...(name === "" && member !== undefined ? {} : { name: parseTemplate(unescape(name), allowed) }),
        ...(member === undefined
          ? {}
          : { pick: { member: unescape(member), equals: parseTemplate(unescape(equals), allowed) } }),
      };
    });
}

/** Follows a selector through a JSON document. */
export function select(document: unknown, selector: Selector, values: HoleValues = {}): Selected {
  let here: unknown = document;
  for (const step of selector) {
    if (step.name !== undefined) {
      const next = memberOf(here, renderText(step.name, values));
      if (next === undefined) return { kind: "absent" };
      here = next;
    }
    if (step.pick !== undefined) {
      const { member } = step.pick;
      const wanted = renderText(step.pick.equals, values);
      if (!Array.isArray(here)) return { kind: "absent" };
      const fitting = here.filter((element) => {
        const found = memberOf(element, member);
        return isScalar(found) && String(found) === wanted;
      });
      if (fitting.length > 1) return { kind: "ambiguous" };
      if (fitting.length === 0) return { kind: "absent" };
      here = fitting[0];
    }
  }
  return { kind: "found", value: here };
}

/** Whether a value is one that a field can hold. */
export function isScalar(value: unknown): value is Scalar {
  return (
    typeof value === "string" || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))
  );
}

/** An assertion with its selector parsed. */
export interface Assertion {
  readonly at: Selector;
  readonly holds: (found: unknown) => boolean;
}

/** Reads an assertion. Throws `TemplateError`. */
export function parseAssertion(assertion: RestAssertion, allowed: readonly string[] = []): Assertion {
  const at = parseSelector(assertion.at, allowed);
  if ("length" in assertion) {
    return { at, holds: (found) => Array.isArray(found) && found.length === assertion.length };
  }
  const accepted = "oneOf" in assertion ? assertion.oneOf : [assertion.equals];
  return { at, holds: (found) => accepted.some((value) => value === found) };
}

/** Whether every assertion holds. What a selector does not find holds nothing. */
export function allHold(assertions: readonly Assertion[], document: unknown, values: HoleValues = {}): boolean {
  return assertions.every((assertion) => {
    const found = select(document, assertion.at, values);
    return found.kind === "found" && assertion.holds(found.value);
  });
}

function memberOf(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return /^(?:0|[1-9]\d{0,8})$/.test(name) ? (value[Number(name)] as unknown) : undefined;
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}

function unescape(segment: string): string {
  return segment.replaceAll("~1", "/").replaceAll("~0", "~");
}
