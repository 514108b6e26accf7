import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { UsageError } from "../core";
import { stackOfPlan } from "./plan";
import { record, stackOfConfiguration, type Stack, type UnreadPart } from "./stack";

/** Largest file: a plan holds each document several times. */
const MAX_BYTES = 256 * 1024 * 1024;

/** Name of a synthesized stack's one file. */
const STACK_FILE = "cdk.tf.json";

/**
 * The stack in a folder with `cdk.tf.json`, in a folder of synthesized stacks with exactly one, or in such a file itself. What Terraform
 * would apply from other files beside it, is not read, and said to be so. Throws `UsageError` where there is no stack, or more than one.
 */
export function loadStack(path: string): Stack {
  const { file, json, besides: parts } = loadConfiguration(path);
  const stack = within(file, () => stackOfConfiguration(json));
  return { ...stack, unread: [...stack.unread, ...parts.map(({ address, reason }) => ({ address, reason }))] };
}

/** A synthesized stack as it is written, for whoever compares two. */
export interface LoadedConfiguration {
  readonly file: string;
  readonly json: unknown;
  /** Other configuration that Terraform applies with it, each told apart by its content. */
  readonly besides: readonly (UnreadPart & { readonly digest: string })[];
}

/** The configuration in a folder, found as `loadStack` finds it. */
export function loadConfiguration(path: string): LoadedConfiguration {
  const file = locateStack(path);
  return { file, json: within(file, () => readJson(file)), besides: besides(file) };
}

/** What `read` makes of a plan's JSON. */
export function loadPlanJson<Read>(file: string, read: (json: unknown) => Read): Read {
  return within(file, () => read(readJson(file)));
}

/** The file that `loadStack` reads. Throws `UsageError` where there is no stack, or more than one. */
export function locateStack(path: string): string {
  return isFile(path) ? path : findStackFile(path);
}

/** The stack that a plan, printed by `terraform show -json`, will make. */
export function loadPlan(file: string): Stack {
  return within(file, () => stackOfPlan(readJson(file)));
}

function findStackFile(dir: string): string {
  const direct = join(dir, STACK_FILE);
  if (isFile(direct)) return direct;
  const [only, ...others] = namesIn(join(dir, "stacks"))
    .map((name) => join(dir, "stacks", name, STACK_FILE))
    .filter(isFile);
  if (only === undefined)
    throw new UsageError(`there is no ${STACK_FILE} in \`${dir}\` or its stacks: synthesize first`);
  if (others.length > 0) throw new UsageError(`\`${dir}\` holds ${others.length + 1} stacks: name the folder of one`);
  return only;
}

/** Blocks that say where and with which program, and make nothing. */
const HARMLESS_BLOCKS: ReadonlySet<string> = new Set(["//", "provider", "terraform"]);

/** Other configuration in the folder of a stack: Terraform applies all files of a folder together. */
function besides(file: string): LoadedConfiguration["besides"] {
  if (basename(file) !== STACK_FILE) return [];
  const dir = dirname(file);
  return namesIn(dir)
    .filter((name) => name !== STACK_FILE && /\.tf(?:\.json)?$/.test(name) && !isHarmless(join(dir, name)))
    .map((address) => ({
      address,
      reason: `Terraform applies it together with ${STACK_FILE}, and it is not read here`,
      digest: createHash("sha256")
        .update(readFileSync(join(dir, address)))
        .digest("hex"),
    }));
}

function isHarmless(file: string): boolean {
  if (!file.endsWith(".json")) return false;
  try {
    return Object.keys(record(readJson(file))).every((block) => HARMLESS_BLOCKS.has(block));
  } catch {
    return false;
  }
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir).sort();
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** The text of a file that is read as a stack is. Throws `UsageError` where it cannot be. */
export function readText(file: string): string {
  return within(file, () => readWith(file, (text) => text));
}

function readJson(file: string): unknown {
  return readWith(file, (text) => JSON.parse(text.replace(/^\uFEFF/, "")) as unknown);
}

function readWith<Read>(file: string, read: (text: string) => Read): Read {
  try {
    if (statSync(file).size > MAX_BYTES) throw new UsageError(`it is larger than ${MAX_BYTES} bytes`);
    return read(new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file)));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? "";
    throw new UsageError(
      WHY[code] ?? (code.startsWith("E") && !code.startsWith("ERR") ? `the system says ${code}` : "it is not JSON"),
      {
        cause: error,
      },
    );
  }
}

const WHY: Readonly<Partial<Record<string, string>>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a directory",
  EACCES: "permission denied",
};

function within<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`cannot read \`${file}\`: ${error.message}`, { cause: error });
  }
}
