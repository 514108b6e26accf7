import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { App, TerraformStack, Testing } from "cdktf";

import { Hris, HrisWriteBack, Source, type HrisWriteBackProps } from "../../constructs";
import { HANDLERS } from "../../src/core";

export type Body = Readonly<Record<string, unknown>>;

/** A parsed `cdk.tf.json`. */
export interface SynthJson {
  readonly resource: Readonly<Record<string, Readonly<Record<string, Body>>>>;
  readonly output: Readonly<Record<string, { readonly value: unknown; readonly description?: string }>>;
  readonly terraform: Body;
}

let handlers: string | undefined;

/** A folder with a bundle for every handler that does nothing: what constructs do with bundles does not depend on their content. */
export function stubHandlers(): string {
  if (handlers !== undefined) return handlers;
  handlers = mkdtempSync(join(tmpdir(), "writeback-handlers-"));
  for (const handler of HANDLERS) {
    mkdirSync(join(handlers, handler));
    writeFileSync(join(handlers, handler, "index.js"), `exports.handler = async () => "${handler}";\n`);
  }
  return handlers;
}

/** A stack with a provider, in an app that writes to a folder of its own. */
export function newStack(outdir = mkdtempSync(join(tmpdir(), "writeback-synth-"))): TerraformStack {
  const stack = new TerraformStack(new App({ outdir }), "test");
  new AwsProvider(stack, "aws", { region: "eu-west-1" });
  return stack;
}

/** What a stack with these constructs synthesizes to. */
export function synthesize(build: (stack: TerraformStack) => void): SynthJson {
  const stack = newStack();
  build(stack);
  return parseSynth(Testing.synth(stack));
}

export function parseSynth(text: string): SynthJson {
  const json = JSON.parse(text) as Partial<SynthJson>;
  return { resource: json.resource ?? {}, output: json.output ?? {}, terraform: json.terraform ?? {} };
}

/** The only resource of a type whose logical name holds `part`. */
export function one(json: SynthJson, type: string, part = ""): Body {
  const found = Object.entries(json.resource[type] ?? {}).filter(([name]) => name.includes(part));
  if (found.length !== 1) {
    throw new Error(`expected one ${type} named *${part}*, found ${found.map(([name]) => name).join(", ") || "none"}`);
  }
  return found[0]![1];
}

/** The text of an argument as AWS will get it: `$${` and `%%{` unescaped, references as they are. */
export function unescaped(text: unknown): string {
  if (typeof text !== "string") throw new TypeError(`expected text, found ${typeof text}`);
  return text.replaceAll("$${", "${").replaceAll("%%{", "%{");
}

/** A literal JSON argument as AWS will get it. */
export function documentOf(text: unknown): Record<string, unknown> {
  return JSON.parse(unescaped(text)) as Record<string, unknown>;
}

const secret = (name: string): string => `arn:aws:secretsmanager:eu-west-1:111122223333:secret:${name}`;

export const SECRETS = {
  hrisReader: secret("hris/reader-a1B2c3"),
  hrisWriter: secret("hris/writer-d4E5f6"),
  directory: secret("directory/reader-g7H8i9"),
} as const;

/** A policy with one field of each class. */
export const SMALL_POLICY = `
version: 1
owners:
  identity: { name: Identity, contact: identity@example.com, approvers: { group: iam-approvers } }
  hr: { name: HR, contact: hr@example.com, approvers: { group: hr-approvers } }
systems: { directory: { kind: directory }, hris: { kind: hris } }
publishers: { joiner: { initiator: automation }, assistant: { initiator: agent } }
events:
  joiner.provisioned: { source: [joiner, assistant], window: PT72H }
defaults: { reconcile: { every: P1D, log: ledger } }
attributes: { worker_type: { system: hris, field: workerType } }
fields:
  work_email: { class: safe, owner: identity, sourceOfTruth: directory, events: [joiner.provisioned], hrisField: workEmail }
  manager:
    class: conditional
    owner: hr
    sourceOfTruth: hris
    hrisField: reportsTo
    events: [joiner.provisioned]
    check: exists-in-source
    approval: { groups: [{ group: hr-approvers, count: 1 }], expires: PT24H }
  base_salary: { class: never, owner: hr, sourceOfTruth: hris, hrisField: payRate }
segments:
  contractors: { when: { worker_type: [contingent] }, mode: notify }
`;

/** Who speaks for the publishers of `SMALL_POLICY`. */
export const PUBLISHERS: Readonly<Record<string, readonly string[]>> = {
  joiner: ["arn:aws:iam::111122223333:role/joiner"],
  assistant: ["arn:aws:iam::111122223333:role/assistant"],
};

/** Props of a whole write-back over `SMALL_POLICY`. */
export function smallProps(overrides: Partial<HrisWriteBackProps> = {}): HrisWriteBackProps {
  return {
    policy: { text: SMALL_POLICY },
    placement: { prefix: "test", accountId: "111122223333", region: "eu-west-1" },
    hris: Hris.bambooHr({
      company: { domain: "example" },
      timeZone: "Europe/London",
      readerSecretArn: SECRETS.hrisReader,
      writerSecretArn: SECRETS.hrisWriter,
    }),
    systems: {
      directory: Source.scim({ baseUrl: "https://directory.example.com/scim/v2", secretArn: SECRETS.directory }),
    },
    publishers: PUBLISHERS,
    approvals: { issuer: "https://login.example.com", audience: ["approvals"], groupClaim: "groups" },
    handlersDir: stubHandlers(),
    ...overrides,
  };
}

/** The synthesized stack of `smallProps()`, made once per test file. */
export const smallStack = once({});

/** The same with an audit, and so with evidence, and with findings in Security Hub. */
export const auditedStack = once({ audit: { deployerArns: [], securityHub: true } });

/** The same with a network made for the connector. */
export const perimeterStack = once({ perimeter: { kind: "create" } });

/** The same with an operators' group, which lets a stopped system run again. */
export const operatorsStack = once({
  approvals: {
    issuer: "https://login.example.com",
    audience: ["approvals"],
    groupClaim: "groups",
    operatorsGroup: "operators",
  },
});

function once(overrides: Partial<HrisWriteBackProps>): () => SynthJson {
  let made: SynthJson | undefined;
  return () => (made ??= writeBackWith(overrides));
}

/** The synthesized stack of `smallProps(overrides)`. */
export function writeBackWith(overrides: Partial<HrisWriteBackProps>): SynthJson {
  return synthesize((stack) => new HrisWriteBack(stack, "write-back", smallProps(overrides)));
}

/** Every literal JSON policy of a stack, with where it stands and, for a role's, whose it is. */
export interface PolicyText {
  readonly where: string;
  readonly kind: "identity" | "boundary" | "denial" | "trust" | "resource";
  /** Value of the role's tag, for identity policies, boundaries and trusts. */
  readonly principal?: string;
  readonly text: string;
}

const RESOURCE_POLICIES = [
  "aws_api_gateway_rest_api_policy",
  "aws_cloudwatch_event_bus_policy",
  "aws_kms_key_policy",
  "aws_s3_bucket_policy",
  "aws_secretsmanager_secret_policy",
  "aws_sns_topic_policy",
  "aws_sqs_queue_policy",
  "aws_vpc_endpoint",
  "aws_vpc_endpoint_policy",
];

/** The policies of a stack, from its Terraform alone. */
export function policiesOf(json: SynthJson): PolicyText[] {
  const each = (type: string) => Object.entries(json.resource[type] ?? {});
  const principalOf = (roleName: string): string => {
    const role = json.resource["aws_iam_role"]?.[roleName];
    return (role?.["tags"] as Record<string, string> | undefined)?.["writeback:principal"] ?? "untagged";
  };
  const referred = (reference: unknown): string => /^\$\{[a-z_]+\.([^.]+)\./.exec(String(reference))?.[1] ?? "unknown";
  return [
    ...each("aws_iam_role").map(([name, body]) => ({
      where: `aws_iam_role.${name}`,
      kind: "trust" as const,
      principal: principalOf(name),
      text: String(body["assume_role_policy"]),
    })),
    ...each("aws_iam_role_policy").map(([name, body]) => ({
      where: `aws_iam_role_policy.${name}`,
      kind: "identity" as const,
      principal: principalOf(referred(body["role"])),
      text: String(body["policy"]),
    })),
    ...each("aws_iam_policy").map(([name, body]) => ({
      where: `aws_iam_policy.${name}`,
      // What the kill switch attaches, and nobody has until then.
      kind: name.endsWith("_stop-policy") ? ("denial" as const) : ("boundary" as const),
      text: String(body["policy"]),
    })),
    ...RESOURCE_POLICIES.flatMap((type) =>
      each(type).map(([name, body]) => ({
        where: `${type}.${name}`,
        kind: "resource" as const,
        text: String(body["policy"]),
      })),
    ),
  ];
}
