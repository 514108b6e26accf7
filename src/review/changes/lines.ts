/**
 * Where things stand in a file in Terraform's JSON syntax, by line from 1: blocks as `provider.aws`, resources as `aws_iam_role.gateway`,
 * arguments as `aws_iam_role.gateway#assume_role_policy`. Reads any JSON, and finds nothing in what is none.
 */
export function linesOfConfiguration(text: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const path: string[] = [];
  // Of each object and list that is open: whether the next text in it is a name.
  const open: { readonly isObject: boolean; expectsName: boolean }[] = [];
  let line = 1;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    const inner = open.at(-1);
    if (character === "\n") line += 1;
    else if (character === '"') {
      const end = endOfText(text, at);
      if (inner?.isObject === true && inner.expectsName) {
        path.length = open.length - 1;
        path.push(text.slice(at + 1, end));
        note(found, path, line);
        inner.expectsName = false;
      }
      at = end;
    } else if (character === "{" || character === "[")
      open.push({ isObject: character === "{", expectsName: character === "{" });
    else if (character === "}" || character === "]") open.pop();
    else if (character === "," && inner?.isObject === true) inner.expectsName = true;
  }
  return found;
}

/** Position of the quote that ends a text. */
function endOfText(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    if (text.charAt(at) === "\\") at += 1;
    else if (text.charAt(at) === '"') return at;
  }
  return text.length;
}

function note(found: Map<string, number>, path: readonly string[], line: number): void {
  const [block = "", first, second, argument] = path;
  const name =
    block === "resource" || block === "data"
      ? second === undefined
        ? undefined
        : `${block === "data" ? "data." : ""}${first ?? ""}.${second}${argument === undefined ? "" : `#${argument}`}`
      : first === undefined
        ? block
        : `${block}.${first}`;
  if (name !== undefined && path.length <= 4 && !found.has(name)) found.set(name, line);
}
