import { rmSync } from "node:fs";

/** Removes what the test files of this run shared. */
export default function globalTeardown() {
  rmSync(process.env.WRITEBACK_TEST_RUN, { recursive: true, force: true });
}
