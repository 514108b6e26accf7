/** A value of the Terraform that cannot be read before it is applied, and why. It stands where the value would stand. */
export class Unreadable {
  constructor(readonly reason: string) {}
}

/** A value of a resource's arguments: JSON, with `Unreadable` where a value is not known. */
export type Value =
  string | number | boolean | null | undefined | Unreadable | readonly Value[] | { readonly [key: string]: Value };

/** What a reference such as `aws_kms_key.data.arn` stands for. */
export type Resolve = (reference: string) => Value;

/** A reference to an attribute of a resource, a data source, a local value or a variable. */
const REFERENCE = /^[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)+$/;

/**
 * A text of Terraform's JSON syntax as it will be: `$${` and `%%{` unescaped, references replaced. A text that is nothing but one
 * reference becomes its value, of whatever type. Calls of functions, conditions and loops are not computed.
 *
 * @see https://developer.hashicorp.com/terraform/language/syntax/json (read 2026-11-23)
 */
export function evaluateText(text: string, resolve: Resolve): Value {
  const parts = splitText(text);
  const [only] = parts;
  if (parts.length === 1 && only?.kind === "expression") return evaluateExpression(only.text, resolve);
  let result = "";
  for (const part of parts) {
    const value = part.kind === "text" ? part.text : evaluateExpression(part.text, resolve);
    if (value instanceof Unreadable) return value;
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
      return new Unreadable(`\`\${${part.text}}\` is no text`);
    }
    result += String(value);
  }
  return result;
}

interface Part {
  readonly kind: "text" | "expression" | "directive";
  readonly text: string;
}

function splitText(text: string): Part[] {
  const parts: Part[] = [];
  let plain = "";
  for (let at = 0; at < text.length; at += 1) {
    const two = text.slice(at, at + 2);
    const three = text.slice(at, at + 3);
    if (three === "$${" || three === "%%{") {
      plain += three.slice(1);
      at += 2;
    } else if (two === "${" || two === "%{") {
      const end = closingBrace(text, at + 2);
      if (plain !== "") parts.push({ kind: "text", text: plain });
      plain = "";
      parts.push({ kind: two === "${" ? "expression" : "directive", text: text.slice(at + 2, end).trim() });
      at = end;
    } else {
      plain += text.charAt(at);
    }
  }
  if (plain !== "" || parts.length === 0) parts.push({ kind: "text", text: plain });
  return parts;
}

/** The brace that ends an expression: braces and quoted texts inside of it are its own. */
function closingBrace(text: string, from: number): number {
  let depth = 1;
  let quoted = false;
  for (let at = from; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (quoted && character === "\\") at += 1;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && character === "{") depth += 1;
    else if (!quoted && character === "}") {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return text.length;
}

function evaluateExpression(expression: string, resolve: Resolve): Value {
  if (REFERENCE.test(expression)) return resolve(expression);
  const call = /^([a-z0-9_]+)\(/.exec(expression)?.[1];
  const what = call === undefined ? `the expression \`${shortened(expression)}\`` : `the function \`${call}\``;
  return new Unreadable(`${what} is computed by Terraform`);
}

function shortened(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
