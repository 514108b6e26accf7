import type { Scalar } from "../policy/model";
import type { JsonTemplate } from "./rest-options";

/** What fills holes, by name. `null` is a field that is empty. */
export type HoleValues = Readonly<Record<string, Scalar | null>>;

/** A part of a configuration that cannot be meant: an unknown hole, a broken selector. Thrown when a connection is parsed. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}

/**
 * A value that the place it should go to cannot carry: a path segment `..`, a header with a line break, half a character. The
 * message says where, never what.
 */
export class UnrepresentableError extends Error {
  override readonly name = "UnrepresentableError";
}

interface Hole {
  readonly name: string;
  readonly odata: boolean;
}

/** A text with holes, parsed. */
export interface Template {
  readonly parts: readonly (string | Hole)[];
}

/** Reads a template; its holes must be among `allowed`. Throws `TemplateError`. */
export function parseTemplate(text: string, allowed: readonly string[]): Template {
  const parts = text.split(/(\{[^{}]*\})/).filter((part) => part !== "");
  return {
    parts: parts.map((part) => {
      const hole = /^\{([A-Za-z][A-Za-z0-9.]*)(\|odata)?\}$/.exec(part);
      if (hole === null) {
        if (/[{}]/.test(part)) throw new TemplateError(`\`${text}\` has a brace that is no hole`);
        return part;
      }
      const name = hole[1] as string;
      if (!allowed.includes(name) && !allowed.includes(name.replace(/\..*$/, ".*"))) {
        throw new TemplateError(`\`${text}\` has the hole \`${name}\`; known here: ${allowed.join(", ")}`);
      }
      return { name, odata: hole[2] !== undefined };
    }),
  };
}

/** The text with its holes filled, each through `escape`. */
export function renderText(
  template: Template,
  values: HoleValues,
  escape: (text: string) => string = (text) => text,
): string {
  return template.parts
    .map((part) => {
      if (typeof part === "string") return part;
      const text = textOf(part, values);
      return escape(part.odata ? text.replaceAll("'", "''") : text);
    })
    .join("");
}

/** Reads a path below a base URL. Literal parts must be a path's characters; a query belongs in `query`. Throws `TemplateError`. */
export function parsePath(text: string, allowed: readonly string[]): readonly Template[] {
  if (!text.startsWith("/")) throw new TemplateError(`the path \`${text}\` does not start with a slash`);
  return text
    .slice(1)
    .split("/")
    .map((segment) => {
      const template = parseTemplate(segment, allowed);
      const literal = template.parts.filter((part) => typeof part === "string").join("");
      if (!/^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})*$/.test(literal)) {
        throw new TemplateError(`the path \`${text}\` has a character that no path has`);
      }
      if (segment === "." || segment === "..") throw new TemplateError(`the path \`${text}\` has a segment of dots`);
      return template;
    });
}

/**
 * The path with its holes filled. A value stays inside its segment: separators are escaped, and one that would leave it anyway
 * (`.`, `..`, nothing at all, which URL parsers fold away) is refused with `UnrepresentableError`.
 */
export function renderPath(segments: readonly Template[], values: HoleValues): string {
  return segments
    .map((segment) => {
      const text = renderText(segment, values, escapeComponent);
      const filled = segment.parts.some((part) => typeof part !== "string");
      if (filled && (text === "" || text === "." || text === "..")) {
        throw new UnrepresentableError("a path segment cannot carry it");
      }
      return `/${text}`;
    })
    .join("");
}

/** The query with its holes filled and everything escaped, with `?`; empty for no parameters. */
export function renderQuery(parameters: Readonly<Record<string, Template>>, values: HoleValues): string {
  const pairs = Object.entries(parameters).map(
    ([name, template]) => `${escapeComponent(name)}=${escapeComponent(renderText(template, values))}`,
  );
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

/** A header's value with its holes filled; one that would break the header is refused with `UnrepresentableError`. */
export function renderHeader(template: Template, values: HoleValues): string {
  const text = renderText(template, values);
  if (!/^[\x20-\x7e]*$/.test(text)) throw new UnrepresentableError("a header cannot carry it");
  return text;
}

/** Checks the templates of a body. Throws `TemplateError`. */
export function checkBody(body: JsonTemplate, allowed: readonly string[]): void {
  if (typeof body === "string") parseTemplate(body, allowed);
  else if (Array.isArray(body)) for (const element of body as readonly JsonTemplate[]) checkBody(element, allowed);
  else if (typeof body === "object" && body !== null) {
    for (const [key, member] of Object.entries(body as Record<string, JsonTemplate>)) {
      parseTemplate(key, allowed);
      checkBody(member, allowed);
    }
  }
}

/** The body with its holes filled. A text that is one hole alone becomes the value itself, with its type. */
export function renderBody(body: JsonTemplate, values: HoleValues): unknown {
  if (typeof body === "string") {
    const template = parseTemplate(body, Object.keys(values));
    const [only] = template.parts;
    return template.parts.length === 1 && typeof only === "object" && !only.odata
      ? (values[only.name] ?? null)
      : renderText(template, values);
  }
  if (Array.isArray(body)) return (body as readonly JsonTemplate[]).map((element) => renderBody(element, values));
  if (typeof body === "object" && body !== null) {
    return Object.fromEntries(
      Object.entries(body as Record<string, JsonTemplate>).map(([key, member]) => [
        renderText(parseTemplate(key, Object.keys(values)), values),
        renderBody(member, values),
      ]),
    );
  }
  return body;
}

/** Escapes everything that is not unreserved in a URL, quotes and parentheses too. */
export function escapeComponent(text: string): string {
  if (/\p{Surrogate}/u.test(text)) throw new UnrepresentableError("a URL cannot carry it");
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function textOf(hole: Hole, values: HoleValues): string {
  if (!Object.hasOwn(values, hole.name)) throw new UnrepresentableError(`nothing fills the hole \`${hole.name}\``);
  const value = values[hole.name] ?? null;
  return value === null ? "" : String(value);
}
