// Bundles each Lambda handler with the AWS SDK into dist/handlers/<name>/index.js: one file, CommonJS, no dependency left. The approvals handler's
// folder also gets the page that it serves.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Builds every handler and the page; returns the names built and the packages whose code is in them, as folders below `node_modules`. */
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
  results.push(await buildPage(join(root, "dist/handlers/approvals/page")));
  const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const packages = inputs.flatMap((input) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? []);
  return { names, packages: [...new Set(packages)].sort() };
}

/** Builds the approvals page: its files in `assets`, named by their content, and the `index.html` that names them. */
async function buildPage(dir) {
  const source = join(root, "src/page");
  rmSync(dir, { recursive: true, force: true });
  const result = await build({
    entryPoints: ["main.ts", "page.css", "icon.svg"].map((file) => join(source, file)),
    outdir: join(dir, "assets"),
    entryNames: "[name]-[hash]",
    loader: { ".svg": "copy" },
    bundle: true,
    minify: true,
    format: "esm",
    target: ["chrome111", "edge111", "firefox115", "safari16.4"],
    legalComments: "none",
    logLevel: "warning",
    absWorkingDir: root,
    tsconfig: join(source, "tsconfig.json"),
    metafile: true,
  });
  const made = Object.keys(result.metafile.outputs).map((path) => basename(path));
  const html = readFileSync(join(source, "index.html"), "utf8").replace(
    /assets\/(\w+)\.(\w+)/g,
    (_, name, extension) => {
      const file = made.find((each) => each.startsWith(`${name}-`) && each.endsWith(`.${extension}`));
      if (file === undefined)
        throw new Error(`src/page/index.html names assets/${name}.${extension}, which is not built`);
      return `assets/${file}`;
    },
  );
  writeFileSync(join(dir, "index.html"), html);
  return result;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { names } = await buildHandlers();
  process.stderr.write(`built ${names.length} handlers into dist/handlers\n`);
}
