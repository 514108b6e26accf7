import { isRecord, Unreadable, type Body, type Resource, type Value } from "./stack";

/** The text of an argument; `undefined` where it is absent or no text. */
export function textOf(body: Body, name: string): string | undefined {
  const value = body[name];
  return typeof value === "string" ? value : undefined;
}

/** The first block of a name: written once, as a list of one, or as Terraform's plans have it. */
export function blockOf(body: Body, name: string): Body | undefined {
  return blocksOf(body, name)[0];
}

/** All blocks of a name. */
export function blocksOf(body: Body, name: string): Body[] {
  const value = body[name];
  return (Array.isArray(value) ? (value as readonly Value[]) : [value]).filter((entry): entry is Body =>
    isRecord(entry),
  );
}

/** A list of texts, or one text alone. */
export function textsOf(value: Value): string[] {
  const list = Array.isArray(value) ? (value as readonly Value[]) : [value];
  return list.filter((entry): entry is string => typeof entry === "string");
}

/** Whatever in a value nobody can read, with its place. */
export function unreadIn(value: Value, at: string): { readonly at: string; readonly reason: string }[] {
  if (value instanceof Unreadable) return [{ at, reason: value.reason }];
  if (Array.isArray(value)) {
    return (value as readonly Value[]).flatMap((entry, index) => unreadIn(entry, `${at}[${index}]`));
  }
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, entry]) => unreadIn(entry, at === "" ? key : `${at}.${key}`));
}

/** Every text in a resource's arguments, with its place. Names of members are not among them. */
export function textsIn(value: Value, at = ""): { readonly at: string; readonly text: string }[] {
  if (typeof value === "string") return [{ at, text: value }];
  if (Array.isArray(value)) {
    return (value as readonly Value[]).flatMap((entry, index) => textsIn(entry, `${at}[${index}]`));
  }
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, entry]) => textsIn(entry, at === "" ? key : `${at}.${key}`));
}

/** The variables of a function's environment; `Unreadable` where nobody knows which there are. */
export function environmentOf({ body }: Resource): Body | Unreadable {
  const whole = body["environment"];
  const variables = blockOf(body, "environment")?.["variables"];
  if (whole instanceof Unreadable) return whole;
  if (variables instanceof Unreadable) return variables;
  return isRecord(variables) ? variables : {};
}

/** Whether a text holds an ARN or a name as a whole: `function:a` is not in `function:ab`. */
export function namesExactly(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + 1)) {
    if (!/[\w-]/.test(text.charAt(at + name.length))) return true;
  }
  return false;
}
