import { resolve } from "node:path";

import { canonicalJson } from "../../src/core";
import type { ExampleName } from "./examples";
import { documentOf, one, policiesOf, type Body, type SynthJson } from "./synth";

/** Where an example's documents are kept for review. */
export function goldenDir(example: ExampleName): string {
  return resolve(__dirname, "../golden", example);
}

/** What makes up a network: a reviewer reads from it what can be reached from where. */
const NETWORK_TYPE =
  /^aws_(default_security_group|route_table|security_group|subnet|vpc|vpc_endpoint|vpc_security_group_\w+_rule|route53_resolver_firewall_\w+)$/;

/**
 * The documents of a stack that people review, by file name: for each principal its trust, identity policy and boundary, the
 * policies of resources, the workflow, the event patterns and the network. As AWS will read them, references as Terraform has them.
 */
export function goldenFiles(json: SynthJson): Readonly<Record<string, string>> {
  const files: Record<string, unknown> = {};
  const policies = policiesOf(json);
  for (const { kind, principal, where, text } of policies) {
    if (kind === "resource") {
      const [type = "", name = ""] = where.split(".");
      files[`${type.replace(/^aws_/, "").replaceAll("_", "-")}.${name.replace(/^write-back_/, "")}.resource.json`] =
        documentOf(text);
    } else if (kind === "denial") {
      files["connector-stop.policy.json"] = documentOf(text);
    } else {
      const file = `${principal ?? "connector"}.iam.json`;
      files[file] = { ...(files[file] as object | undefined), [kind]: documentOf(text) };
    }
  }
  for (const machine of ["workflow", "kill-switch", "reconciliation"]) {
    const { definition } = one(json, "aws_sfn_state_machine", `write-back_${machine}_`);
    files[`${machine}.asl.json`] = documentOf(definition);
  }
  for (const rule of Object.values(json.resource["aws_cloudwatch_event_rule"] ?? {})) {
    files[`${String(rule["name"])}.pattern.json`] = documentOf(rule["event_pattern"]);
  }
  const network = Object.entries(json.resource).filter(([type]) => NETWORK_TYPE.test(type));
  if (network.length > 0)
    files["network.json"] = JSON.parse(canonicalJson(Object.fromEntries(network.map(readableNetwork))));
  files["session-policy.template.json"] = documentOf(
    Object.entries(json.output).find(([name]) => name.endsWith("session-policy-template"))?.[1].value,
  );
  return Object.fromEntries(
    Object.entries(files)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, document]) => [name, `${JSON.stringify(document, undefined, 2)}\n`]),
  );
}

/** Arguments that say nothing of the network: cdktf's own notes, tags, what comes first, and a policy that has a file of its own. */
const NOT_OF_THE_NETWORK: ReadonlySet<string> = new Set(["//", "depends_on", "policy", "tags"]);

function readableNetwork([type, bodies]: [string, Readonly<Record<string, Body>>]): [string, object] {
  const left = (body: Body): object =>
    Object.fromEntries(Object.entries(body).filter(([argument]) => !NOT_OF_THE_NETWORK.has(argument)));
  return [type, Object.fromEntries(Object.entries(bodies).map(([name, body]) => [name, left(body)]))];
}
