import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { compileNames } from "../src/compile";
import { compileControlPolicies } from "../src/compile/audit";

/** The stack that the samples are about: `examples/acme`. */
const SAMPLE = {
  names: compileNames({ prefix: "acme-writeback", accountId: "111122223333", region: "eu-west-1" }),
  deployerArns: ["arn:aws:iam::111122223333:role/hris-write-back-deployer"],
};

/** The files of `examples/scp`, by their names. */
export function renderControlPolicies(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(compileControlPolicies(SAMPLE)).map(([name, policy]) => [
      `${name}.json`,
      `${JSON.stringify(policy, undefined, 2)}\n`,
    ]),
  );
}

if (require.main === module) {
  const folder = join(__dirname, "..", "examples", "scp");
  for (const [name, text] of Object.entries(renderControlPolicies())) writeFileSync(join(folder, name), text);
  process.stderr.write("wrote examples/scp\n");
}
