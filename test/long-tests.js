const { existsSync } = require("node:fs");
const { delimiter, join } = require("node:path");

/** Test files that enumerate everything of a kind: each takes a minute's work or a good part of it, together more than half of the whole run. */
const LONG = [
  "/test/faults/(at-once|crash-points|hris-answers|in-flight|load|stop-anywhere)\\.test",
  "/test/review/(additions|neutral|sabotage-\\w+)\\.test",
  "/test/review/changes/",
  "/test/review/oscal/claims\\.test",
];

const onPath = (program) =>
  (process.env.PATH ?? "").split(delimiter).some((dir) => dir !== "" && existsSync(join(dir, program)));

/** Whether the long ones run: in CI, where they are asked for, and on a machine that has what the rest of the tests need. */
const runLong =
  process.env.CI !== undefined ||
  process.env.WRITEBACK_LONG_TESTS === "1" ||
  (onPath("terraform") && onPath("moto_server"));

module.exports = { LONG, runLong };
