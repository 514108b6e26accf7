import { plain } from "../../core";

/** Text that is HTML. Only `element`, `markup` of constants and `raw` of what those made, bring one into being. */
export class Markup {
  constructor(readonly html: string) {}
}

export type Child = Markup | string | readonly Child[];
export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Elements without content. */
const VOID: ReadonlySet<string> = new Set(["br", "hr", "link", "meta"]);

/**
 * One element. Texts and values of attributes are escaped, whatever they hold; characters that hide or reorder others are shown as
 * escapes. Names of elements and attributes are constants of ours. Throws `TypeError` for a name that is none.
 */
export function element(name: string, attributes: Attributes = {}, ...children: readonly Child[]): Markup {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${nameOf(key)}="${escaped(String(value))}"`],
  );
  const start = `<${nameOf(name)}${written.join("")}>`;
  return new Markup(VOID.has(name) ? start : `${start}${htmlOf(children)}</${name}>`);
}

/** Several pieces as one. */
export function together(...children: readonly Child[]): Markup {
  return new Markup(htmlOf(children));
}

/** Text over several lines, each of which is escaped. */
export function lines(text: string): Markup {
  return new Markup(text.split("\n").map(escaped).join("\n"));
}

function htmlOf(child: Child): string {
  if (child instanceof Markup) return child.html;
  return typeof child === "string" ? escaped(child) : child.map(htmlOf).join("");
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};

function escaped(text: string): string {
  return plain(text).replace(/[&<>"'`]/g, (char) => ESCAPES[char] ?? char);
}

function nameOf(name: string): string {
  if (!/^[a-zA-Z][a-zA-Z0-9:-]*$/.test(name)) throw new TypeError(`\`${name}\` is no name of an element or attribute`);
  return name;
}
