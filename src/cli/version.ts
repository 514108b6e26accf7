import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { UsageError } from "../core";

/** The package's version, from the nearest `package.json` above: this file runs from the sources and from the build. */
export function version(): string {
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (existsSync(file)) return (JSON.parse(readFileSync(file, "utf8")) as { readonly version: string }).version;
  }
  throw new UsageError("the package has no version");
}
