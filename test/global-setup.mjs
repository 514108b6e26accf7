import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { buildHandlers } from "../scripts/build-handlers.mjs";

/**
 * Builds the handler bundles once before any test: constructs ship them as assets. And makes a folder for what one test file makes and
 * others use, such as an example's synthesized stack.
 */
export default async function globalSetup() {
  process.env.WRITEBACK_TEST_RUN = mkdtempSync(join(tmpdir(), "writeback-run-"));
  await buildHandlers();
}
