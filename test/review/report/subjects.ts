import { writeFileSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parse, stringify } from "yaml";

import { prove, reportFiles, stackOfConfiguration, type Proof } from "../../../src/review";
import { exampleFile, synthExample } from "../../helpers/examples";

/** The texts of a report. */
export interface Reported {
  readonly html: string;
  readonly markdown: string;
}

/** A report on any stack, at a moment where one is given; with the proof of another stack, where this one is none that can be judged. */
export function reportOf(json: object, at?: string, provedOf = json): Reported {
  const stack = stackOfConfiguration(json);
  const files = reportFiles({
    stack,
    proof: proofOnce(provedOf),
    sha256: "0".repeat(64),
    ...(at === undefined ? {} : { atMs: Date.parse(at) }),
  });
  const text = (name: string): string => files.find((file) => file.name === name)?.text ?? "";
  return { html: text("report.html"), markdown: text("report.md") };
}

const proofs = new WeakMap<object, Proof>();

function proofOnce(json: object): Proof {
  const proof = proofs.get(json) ?? prove(stackOfConfiguration(json));
  proofs.set(json, proof);
  return proof;
}

/** Text that would be markup, if any text ever were: of HTML, of an attribute, of Markdown and of its code. */
export const MARKUP = `<script>alert(1)</script>"'><img src=x onerror=alert(2)> \`\`\`<b>x</b>\` ]]>-->`;

type Tree = Record<string, unknown>;

/** The example with markup in whatever its policy says in people's own words. */
export function exampleWithMarkup(): object {
  const policy = parse(readFileSync(exampleFile("acme", "write-back.policy.yaml"), "utf8")) as {
    owners: Record<string, Tree>;
    fields: Record<string, Tree>;
    exceptions: Tree[];
    delegations?: Tree[];
  };
  for (const owner of Object.values(policy.owners)) Object.assign(owner, { name: `Owner ${MARKUP}` });
  for (const field of Object.values(policy.fields)) field["description"] = MARKUP;
  for (const exception of policy.exceptions) exception["reason"] = MARKUP;
  policy.delegations = [
    {
      id: "DL-2026-001",
      group: "payroll-approvers",
      to: { subject: "u-9", name: MARKUP },
      reason: MARKUP,
      approvedBy: { payroll: "u-3001" },
      from: "2026-12-01",
      until: "2026-12-31",
    },
  ];
  const file = join(mkdtempSync(join(tmpdir(), "writeback-markup-")), "policy.yaml");
  writeFileSync(file, stringify(policy));
  return synthExample("acme", { WRITEBACK_POLICY: file }).json;
}

/** Members whose texts say what the rest is: with markup in them nothing else would be read. */
const KEPT: ReadonlySet<string> = new Set(["Effect", "Version", "Type", "StartAt", "kind", "pk", "sk", "tags"]);

/** Types that nothing refers to, so that their names can be anything. */
const FREE = ["aws_cloudwatch_metric_alarm", "aws_dynamodb_table_item", "aws_iam_role_policy"];

/** A stack with markup at the end of every text, those within JSON too, and in the name of every resource that nothing refers to. */
export function withMarkupEverywhere(json: object): object {
  const inText = (text: string): string => {
    try {
      const inner: unknown = JSON.parse(text);
      if (typeof inner === "object" && inner !== null) return JSON.stringify(everywhere(inner));
    } catch {
      // No JSON: a text as any other.
    }
    return text.startsWith("${") ? text : `${text}${MARKUP}`;
  };
  const everywhere = (value: unknown): unknown => {
    if (typeof value === "string") return inText(value);
    if (Array.isArray(value)) return value.map(everywhere);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key, KEPT.has(key) ? member : everywhere(member)]),
    );
  };
  const { resource } = json as { resource: Record<string, Record<string, unknown>> };
  return {
    ...json,
    resource: Object.fromEntries(
      Object.entries(resource).map(([type, named]) => [
        type,
        Object.fromEntries(
          Object.entries(named).map(([name, body]) => [
            FREE.includes(type) ? `${name}${MARKUP}` : name,
            everywhere(body),
          ]),
        ),
      ]),
    ),
  };
}
