// Bundles each Lambda handler with the AWS SDK into dist/handlers/<name>/index.js: one file, CommonJS, no dependency left. The approvals handler's
// folder also gets the page that it serves.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What the last build read and made: while none of it is newer, nothing has to be built. */
const record = join(root, "node_modules/.cache/handlers.json");

/** Files that no bundle names and every bundle depends on. */
const ALWAYS = [
  "package-lock.json",
  "tsconfig.json",
  "src/page/tsconfig.json",
  "src/page/index.html",
  "scripts/build-handlers.mjs",
];

/**
 * Builds every handler and the page, unless nothing has changed since the last time; returns the names built and the packages whose code
 * is in them, as folders below `node_modules`.
 */
export async function buildHandlers() {
  const names = readdirSync(join(root, "src/runtime/lambda")).map((file) => basename(file, ".ts"));
  const made = recorded(names);
  if (made !== undefined) return made;
  rmSync(record, { force: true });
  const begunMs = Date.now();
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
  const result = { names, packages: [...new Set(packages)].sort() };
  const outputs = results.flatMap(({ metafile }) => Object.keys(metafile.outputs));
  mkdirSync(dirname(record), { recursive: true });
  writeFileSync(record, JSON.stringify({ ...result, inputs: [...new Set(inputs)].sort(), outputs, begunMs }));
  return result;
}

/** What the last build made, where it was of these handlers, all of it is there and all that it read is older. */
function recorded(names) {
  if (!existsSync(record)) return undefined;
  const { inputs, outputs, begunMs, ...result } = JSON.parse(readFileSync(record, "utf8"));
  const isOlder = (file) => (statSync(join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? Infinity) < begunMs;
  const isSame = JSON.stringify(result.names) === JSON.stringify(names);
  return isSame && [...ALWAYS, ...inputs].every(isOlder) && outputs.every((file) => existsSync(join(root, file)))
    ? result
    : undefined;
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
