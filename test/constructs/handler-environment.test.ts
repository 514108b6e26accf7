import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

import { HANDLERS } from "../../src/core";
import { stackOf } from "../../src/local/stack";
import { auditedStack } from "../helpers/synth";

const BUNDLES = resolve(__dirname, "../../dist/handlers");

/** Loads each bundle as Lambda does: in an environment of its own, the whole one first and then without each of its members. */
const LOADER = `
const cases = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const loads = (file, environment) => {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, environment);
  delete require.cache[file];
  try {
    return typeof require(file).handler === "function" ? "loads" : "exports no handler";
  } catch (error) {
    return error.name + ": " + error.message;
  }
};
const results = cases.map(({ handler, file, environment }) => ({
  handler,
  whole: loads(file, environment),
  without: Object.keys(environment).filter((name) => {
    const { [name]: left, ...rest } = environment;
    return loads(file, rest) === "loads";
  }),
}));
process.stdout.write(JSON.stringify(results));
`;

interface Loaded {
  readonly handler: string;
  readonly whole: string;
  /** Members without which the bundle still loads. */
  readonly without: readonly string[];
}

describe("what the constructs tell each function", () => {
  const functions = stackOf(auditedStack()).resources("aws_lambda_function");
  let loaded: readonly Loaded[];

  beforeAll(() => {
    const cases = HANDLERS.map((handler) => {
      const body = functions.find(({ body: { function_name } }) => function_name === `test-${handler}`)?.body;
      const { variables = {} } = (body?.["environment"] ?? {}) as { variables?: Record<string, string> };
      return {
        handler,
        file: join(BUNDLES, handler, "index.js"),
        environment: { ...variables, AWS_REGION: "eu-west-1" },
      };
    });
    const input = JSON.stringify(cases);
    loaded = JSON.parse(
      execFileSync(process.execPath, ["--no-warnings", "-e", LOADER], { input, encoding: "utf8" }),
    ) as Loaded[];
  });

  test("there is a bundle of every handler", () => {
    expect(HANDLERS.filter((handler) => !existsSync(join(BUNDLES, handler, "index.js")))).toEqual([]);
  });

  test("is enough for its bundle to start", () => {
    expect(loaded.map(({ handler, whole }) => [handler, whole])).toEqual(HANDLERS.map((handler) => [handler, "loads"]));
  });

  test("is no more than its bundle needs: without any one of them it refuses to start", () => {
    // The region is Lambda's own gift; not every handler asks for it at its start.
    expect(loaded.map(({ handler, without }) => [handler, without.filter((name) => name !== "AWS_REGION")])).toEqual(
      HANDLERS.map((handler) => [handler, []]),
    );
  });
});
