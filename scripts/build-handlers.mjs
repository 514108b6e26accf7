// Bundles each Lambda handler with the AWS SDK into dist/handlers/<name>/index.js: one file, CommonJS, no dependency left.
import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Builds every handler; returns the names built and the packages whose code is in them, as folders below `node_modules`. */
export async function buildHandlers() {
  const names = readdirSync(join(root, "src/runtime/lambda")).map((file) => basename(file, ".ts"));
  const results = await Promise.all(
    names.map((name) =>
      build({
        entryPoints: [join(root, "src/runtime/lambda", `${name}.ts`)],
        outfile: join(root, "dist/handlers", name, "index.js"),
        bundle: true,
        minify: true,
        keepNames: false,
        platform: "node",
        format: "cjs",
        target: "node20",
        legalComments: "none",
        logLevel: "warning",
        absWorkingDir: root,
        metafile: true,
      }),
    ),
  );
  const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const packages = inputs.flatMap((input) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? []);
  return { names, packages: [...new Set(packages)].sort() };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { names } = await buildHandlers();
  process.stderr.write(`built ${names.length} handlers into dist/handlers\n`);
}
