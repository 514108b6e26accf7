import { IamRequestError } from "./errors";

/** Values of a request's condition keys. A list is a multi-valued key (`aws:TagKeys`), a text a single-valued one. */
export type ContextInput = Readonly<Record<string, string | readonly string[]>>;

/** The context of one request: keys in lower case, because IAM's key names do not distinguish case. */
export type Context = ReadonlyMap<string, string | readonly string[]>;

/**
 * Reads a context and the keys that follow from the caller. Throws `IamRequestError` where two keys differ in case only
 * and where a written key contradicts what the caller implies.
 */
export function readContext(input: ContextInput, implied: Readonly<Record<string, string>>): Context {
  const context = new Map<string, string | readonly string[]>();
  for (const key in input) {
    const value = input[key];
    if (value === undefined) continue;
    const name = keyName(key);
    if (context.has(name)) throw new IamRequestError(`the context holds \`${key}\` twice, in different case`);
    context.set(name, value);
  }
  for (const key in implied) {
    const value = implied[key] ?? "";
    const name = keyName(key);
    const written = context.get(name);
    if (written === undefined) context.set(name, value);
    else if (written !== value)
      throw new IamRequestError(`the context's \`${key}\` contradicts the caller \`${value}\``);
  }
  return context;
}

/** Requests repeat their few keys: their lower case is kept, up to a number that tags of one caller never reach. */
const NAMES = new Map<string, string>();
const MAX_NAMES = 1000;

function keyName(key: string): string {
  const known = NAMES.get(key);
  if (known !== undefined) return known;
  const name = key.toLowerCase();
  if (NAMES.size >= MAX_NAMES) NAMES.clear();
  NAMES.set(key, name);
  return name;
}
