import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { EXAMPLES, synthExample } from "../test/helpers/examples";
import { goldenDir, goldenFiles } from "../test/helpers/golden";

/** Writes the documents that each example synthesizes to now. Review what changes: it is what AWS will enforce. */
for (const example of EXAMPLES) {
  const files = goldenFiles(synthExample(example).json);
  const dir = goldenDir(example);
  mkdirSync(dir, { recursive: true });
  for (const name of readdirSync(dir)) rmSync(join(dir, name));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  process.stderr.write(`wrote ${Object.keys(files).length} files into test/golden/${example}\n`);
}
