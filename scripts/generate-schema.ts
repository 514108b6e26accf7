import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { policyJsonSchema } from "../src/policy";
import { proofJsonSchema, reviewJsonSchema } from "../src/review";

/**
 * Writes the JSON Schemas: the policy file's, which ships with the package, and those of what `prove` and `review` print. Run after a change of
 * `src/policy/schema.ts`, `src/review/output.ts` or `src/review/changes/output.ts`.
 */
const write = (file: string, schema: object): void => {
  writeFileSync(join(__dirname, "..", file), `${JSON.stringify(schema, undefined, 2)}\n`);
};
write("policy.schema.json", policyJsonSchema());
write("docs/prove.schema.json", proofJsonSchema());
write("docs/review.schema.json", reviewJsonSchema());
