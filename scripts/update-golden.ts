import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { synthExample } from "../test/helpers/acme";
import { GOLDEN_DIR, goldenFiles } from "../test/helpers/golden";

/** Writes the documents that the example synthesizes to now. Review what changes: it is what AWS will enforce. */
const files = goldenFiles(synthExample().json);
mkdirSync(GOLDEN_DIR, { recursive: true });
for (const name of readdirSync(GOLDEN_DIR)) rmSync(join(GOLDEN_DIR, name));
for (const [name, text] of Object.entries(files)) writeFileSync(join(GOLDEN_DIR, name), text);
process.stderr.write(`wrote ${Object.keys(files).length} files into test/golden/acme\n`);
