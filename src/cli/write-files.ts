import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { UsageError } from "../core";

/**
 * Writes files into a folder, which is made where it is not there: each is whole or as it was before, since all are written under other
 * names first and renamed only when none failed. Throws `UsageError` with the place and the system's reason.
 */
export function writeFiles(dir: string, files: readonly { readonly name: string; readonly text: string }[]): void {
  const pending = files.map(({ name, text }) => ({
    text,
    path: join(dir, name),
    temporary: join(dir, `.${name}.${process.pid}.tmp`),
  }));
  let at = dir;
  try {
    mkdirSync(dir, { recursive: true });
    for (const { temporary, text, path } of pending) {
      at = path;
      writeFileSync(temporary, text, { flag: "wx" });
    }
    for (const { temporary, path } of pending) {
      at = path;
      renameSync(temporary, path);
    }
  } catch (error) {
    for (const { temporary } of pending) {
      try {
        rmSync(temporary, { force: true });
      } catch {
        // Why writing failed, is what matters.
      }
    }
    const code = (error as NodeJS.ErrnoException).code ?? "";
    throw new UsageError(`cannot write \`${at}\`: ${CAUSES[code] ?? `the system says ${code}`}`, { cause: error });
  }
}

/** Why the operating system would not write, in words. */
const CAUSES: Readonly<Partial<Record<string, string>>> = {
  EACCES: "permission denied",
  EEXIST: "a file is in the way",
  EISDIR: "a folder is in the way",
  ENAMETOOLONG: "the path is too long",
  ENOENT: "a part of the path is not there",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of the path is no folder",
  ENOTEMPTY: "a folder is in the way",
  EPERM: "permission denied",
  EROFS: "the file system cannot be written to",
};
