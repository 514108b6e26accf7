import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

import type { Construct } from "constructs";

import type { HandlerName } from "../src/core";

/** The folder that holds this package's `package.json`: the same from source and from `dist`. */
function packageRoot(): string {
  let dir = __dirname;
  while (!existsSync(join(dir, "package.json"))) {
    const parent = dirname(dir);
    if (parent === dir) throw new Error(`no package.json above ${__dirname}: the package is incomplete`);
    dir = parent;
  }
  return dir;
}

/**
 * The folder with one handler's bundle, ready to be zipped. Throws, naming the command that builds it, where there is none.
 *
 * @param handlersDir folder of all bundles; `dist/handlers` of this package unless given
 */
export function handlerBundle(scope: Construct, handler: HandlerName, handlersDir?: string): string {
  const dir = join(handlersDir ?? join(packageRoot(), "dist", "handlers"), handler);
  if (!existsSync(join(dir, "index.js"))) {
    throw new Error(
      `${scope.node.path}: there is no bundle of the handler \`${handler}\` in ${dir}; run \`npm run build\``,
    );
  }
  return dir;
}
