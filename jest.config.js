const { LONG, runLong } = require("./test/long-tests.js");

/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "node",
  roots: ["<rootDir>/test"],
  testMatch: ["**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/", ...(runLong ? [] : LONG)],
  transform: {
    "^.+\\.(t|j)s$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "commonjs" } },
    ],
  },
  transformIgnorePatterns: ["/node_modules/(?!(jose|oauth4webapi|ulid)/)"],
  // A command's own late import names the file as Node's loader asks in the build.
  moduleNameMapper: {
    "^(\\.{1,2}/(?:.+/)?(?:runtime/aws/[\\w-]+|review/index|prove-output|review-output|review-places))\\.js$": "$1",
  },
  setupFiles: ["<rootDir>/test/quick-traces.js"],
  globalSetup: "<rootDir>/test/global-setup.mjs",
  globalTeardown: "<rootDir>/test/global-teardown.mjs",
  // Jest leaves one core out; on two that is half.
  maxWorkers: "100%",
  testTimeout: 60_000,
};
