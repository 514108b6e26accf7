import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";

import { unzipSync } from "fflate";

import type { Stack } from "../stack";

/** A stack, and the folder that the paths in it start from. */
export interface StackFolder {
  readonly stack: Stack;
  readonly dir: string;
}

/** Types whose code is the archive that `filename` names. */
const CODE = ["aws_lambda_function", "aws_lambda_layer_version"];

/** What Lambda takes, unzipped: what is larger is not opened. @see https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (read 2026-11-25) */
const MAX_UNZIPPED_BYTES = 250 * 1024 * 1024;

/**
 * Whether the archives that two stacks upload for a function hold the same files, by the function's address: wherever they lie, and whenever
 * they were made. What is not in both folders is left out. An archive that cannot be opened is another one, unless it is the same byte for byte.
 */
export function compareBundles(base: StackFolder, head: StackFolder): ReadonlyMap<string, "same" | "other"> {
  const read = archives();
  const before = new Map(CODE.flatMap((type) => base.stack.resources(type)).map((each) => [each.address, each]));
  return new Map(
    CODE.flatMap((type) => head.stack.resources(type)).flatMap(({ address, body }): [string, "same" | "other"][] => {
      const [from, to] = [before.get(address)?.body["filename"], body["filename"]];
      if (typeof from !== "string" || typeof to !== "string") return [];
      const [old, now] = [read(resolve(base.dir, from)), read(resolve(head.dir, to))];
      if (old === undefined || now === undefined) return [];
      if (old.digest === now.digest) return [[address, "same"]];
      const [was, is] = [old.files(), now.files()];
      return [[address, was !== undefined && was === is ? "same" : "other"]];
    }),
  );
}

interface Archive {
  /** Of its bytes. */
  readonly digest: string;
  /** Of the names and contents of its files; `undefined` where it is no archive with one meaning. */
  readonly files: () => string | undefined;
}

/** Reads each archive once. */
function archives(): (path: string) => Archive | undefined {
  const known = new Map<string, Archive | undefined>();
  return (path) => {
    if (!known.has(path)) known.set(path, archiveAt(path));
    return known.get(path);
  };
}

function archiveAt(path: string): Archive | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() !== true) return undefined;
  if (stat.size > MAX_UNZIPPED_BYTES) return { digest: path, files: () => undefined };
  const bytes = readFileSync(path);
  let files: { readonly digest: string | undefined } | undefined;
  return { digest: digestOf(bytes), files: () => (files ??= { digest: filesIn(bytes) }).digest };
}

function filesIn(bytes: Uint8Array): string | undefined {
  const names = new Set<string>();
  let size = 0;
  try {
    const files = unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        // Of two files of one name, nobody knows which one runs.
        if (names.has(name)) throw new Error("a name stands twice");
        names.add(name);
        size += originalSize;
        if (size > MAX_UNZIPPED_BYTES) throw new Error("it is too large");
        return true;
      },
    });
    if (Object.keys(files).length !== names.size) return undefined;
    const list = Object.entries(files).map(([name, content]) => [name, digestOf(content)]);
    return JSON.stringify(list.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1)));
  } catch {
    return undefined;
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
