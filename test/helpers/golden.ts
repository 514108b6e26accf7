import { resolve } from "node:path";

import type { ExampleName } from "./examples";
import { documentOf, one, policiesOf, type SynthJson } from "./synth";

/** Where an example's documents are kept for review. */
export function goldenDir(example: ExampleName): string {
  return resolve(__dirname, "../golden", example);
}

/**
 * The documents of a stack that people review, by file name: for each principal its trust, identity policy and boundary, the
 * policies of resources, the workflow and the event patterns. As AWS will read them, references as Terraform has them.
 */
export function goldenFiles(json: SynthJson): Readonly<Record<string, string>> {
  const files: Record<string, unknown> = {};
  const policies = policiesOf(json);
  for (const { kind, principal, where, text } of policies) {
    if (kind === "resource") {
      const [type = "", name = ""] = where.split(".");
      files[`${type.replace(/^aws_/, "").replaceAll("_", "-")}.${name.replace(/^write-back_/, "")}.resource.json`] =
        documentOf(text);
    } else {
      const file = `${principal ?? "connector"}.iam.json`;
      files[file] = { ...(files[file] as object | undefined), [kind]: documentOf(text) };
    }
  }
  files["workflow.asl.json"] = documentOf(one(json, "aws_sfn_state_machine")["definition"]);
  for (const rule of Object.values(json.resource["aws_cloudwatch_event_rule"] ?? {})) {
    files[`${String(rule["name"])}.pattern.json`] = documentOf(rule["event_pattern"]);
  }
  files["session-policy.template.json"] = documentOf(
    Object.entries(json.output).find(([name]) => name.endsWith("session-policy-template"))?.[1].value,
  );
  return Object.fromEntries(
    Object.entries(files)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, document]) => [name, `${JSON.stringify(document, undefined, 2)}\n`]),
  );
}
