import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import longTests from "./long-tests.js";
import { buildHandlers } from "../scripts/build-handlers.mjs";

/**
 * Builds the handler bundles once before any test: constructs ship them as assets. And makes a folder for what one test file makes and
 * others use, such as an example's synthesized stack.
 */
export default async function globalSetup() {
  process.env.WRITEBACK_TEST_RUN = mkdtempSync(join(tmpdir(), "writeback-run-"));
  if (!longTests.runLong) {
    process.stderr.write(
      "left out: tests that enumerate every fault and every sabotage, which run in CI and beside Terraform and moto; WRITEBACK_LONG_TESTS=1 runs them here\n",
    );
  }
  await buildHandlers();
}
