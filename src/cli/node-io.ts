import { readFileSync, statSync } from "node:fs";

import { UsageError } from "../core";
import type { Io } from "./io";

/** Largest input: a policy of a thousand fields fits several times. */
const MAX_INPUT_BYTES = 4 * 1024 * 1024;

/** Input, output and clock of this process. */
export const nodeIo: Io = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  readFile,
  readStdin,
  now: () => Date.now(),
};

/** Why the operating system would not read, in words. */
const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a directory",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOTDIR: "a part of the path is no directory",
  ELOOP: "its links go round in circles",
  ENAMETOOLONG: "the path is too long",
};

function readFile(path: string): string {
  try {
    const stats = statSync(path);
    if (!stats.isFile() && !stats.isFIFO() && !stats.isCharacterDevice())
      throw new UsageError(`cannot read \`${path}\`: it is no file`);
    if (stats.size > MAX_INPUT_BYTES)
      throw new UsageError(`cannot read \`${path}\`: it is larger than ${String(MAX_INPUT_BYTES)} bytes`);
    return decode(readFileSync(path), path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? "";
    throw new UsageError(`cannot read \`${path}\`: ${CAUSES[code] ?? `the system says ${code}`}`, { cause: error });
  }
}

async function readStdin(): Promise<string> {
  if (process.stdin.isTTY) throw new UsageError("nothing is connected to standard input");
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > MAX_INPUT_BYTES) throw new UsageError(`standard input is larger than ${String(MAX_INPUT_BYTES)} bytes`);
    chunks.push(bytes);
  }
  return decode(Buffer.concat(chunks), "standard input");
}

function decode(bytes: Buffer, source: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new UsageError(`cannot read \`${source}\`: it is not UTF-8 text`, { cause: error });
  }
}
