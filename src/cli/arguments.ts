import { parseArgs, type ParseArgsConfig } from "node:util";

import { parseDate, parseInstant, UsageError } from "../core";
import { nearest } from "../policy/nearest";
import { FORMATS, type Format } from "./io";

/** Options of one command by name: whether each takes a value. */
type Options = Readonly<Record<string, "value" | "flag">>;

/** Arguments as given: the words, and the options by name. */
export interface Arguments {
  readonly words: readonly string[];
  readonly values: Readonly<Record<string, string | undefined>>;
  readonly flags: ReadonlySet<string>;
}

/** Reads a command's arguments. Throws `UsageError` for an option that it does not have, or one given twice. */
export function readArguments(args: readonly string[], options: Options): Arguments {
  const all: Options = { ...options, help: "flag" };
  const known: NonNullable<ParseArgsConfig["options"]> = Object.fromEntries(
    Object.entries(all).map(([name, kind]) => [
      name,
      { type: kind === "flag" ? "boolean" : "string", multiple: true, ...(name === "help" ? { short: "h" } : {}) },
    ]),
  );
  const { values, positionals } = parsed(args, known);
  const texts: Record<string, string> = {};
  const flags = new Set<string>();
  for (const [name, given] of Object.entries(values)) {
    const all = Array.isArray(given) ? given : [];
    const [first] = all;
    if (typeof first === "string" && all.length > 1) throw new UsageError(`the option \`--${name}\` is given twice`);
    if (typeof first === "string") texts[name] = first;
    else if (first === true) flags.add(name);
  }
  return { words: positionals, values: texts, flags };
}

function parsed(args: readonly string[], options: NonNullable<ParseArgsConfig["options"]>) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const message = String((error as { readonly message?: unknown }).message);
    const given = /'(?:-\w, )?(--?[^' =]+)/.exec(message)?.[1];
    if (given === undefined) throw error;
    const name = given.replace(/^-+/, "");
    if (Object.hasOwn(options, name))
      throw new UsageError(
        `the option \`${given}\` ${options[name]?.type === "string" ? "needs a value" : "takes no value"}`,
        { cause: error },
      );
    const near = nearest(name, Object.keys(options));
    throw new UsageError(`unknown option \`${given}\`${near === undefined ? "" : `; did you mean \`--${near}\`?`}`, {
      cause: error,
    });
  }
}

/** The one word that a command takes. */
export function oneWord(words: readonly string[], what: string): string {
  const [word, extra] = words;
  if (word === undefined) throw new UsageError(`${what} is missing`);
  if (extra !== undefined) throw new UsageError(`unexpected argument \`${extra}\``);
  return word;
}

/** `--format`; `text` where it is absent. */
export function readFormat(text: string | undefined): Format {
  return readFormatAmong(text, FORMATS);
}

/** `--format` of a command with formats of its own; the first where it is absent. */
export function readFormatAmong<Name extends string>(text: string | undefined, formats: readonly Name[]): Name {
  const format = formats.find((each) => each === (text ?? formats[0]));
  if (format === undefined) throw new UsageError(`unknown format \`${text ?? ""}\`; expected ${formats.join(", ")}`);
  return format;
}

/** `--at` in milliseconds since the epoch: an instant with a zone, or a UTC day from its start. `undefined` where absent. */
export function readTime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseInstant(text) ?? parseDate(text);
  if (ms === undefined) {
    throw new UsageError(`\`--at ${text}\` is no time; expected \`2026-11-23T09:00:00Z\` or \`2026-11-23\``);
  }
  return ms;
}
