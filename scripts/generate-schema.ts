import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { policyJsonSchema } from "../src/policy";

/** Writes the policy file's JSON Schema, which ships with the package. Run after a change of `src/policy/schema.ts`. */
writeFileSync(join(__dirname, "..", "policy.schema.json"), `${JSON.stringify(policyJsonSchema(), undefined, 2)}\n`);
