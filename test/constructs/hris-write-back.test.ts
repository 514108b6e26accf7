import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Testing, type TerraformStack } from "cdktf";

import {
  allowAwsProviderVersions,
  Hris,
  HrisWriteBack,
  Source,
  SynthError,
  type HrisWriteBackProps,
} from "../../constructs";
import { PolicyError } from "../../src/core";
import {
  documentOf,
  newStack,
  one,
  parseSynth,
  PUBLISHERS,
  SECRETS,
  SMALL_POLICY,
  smallProps,
  smallStack,
  synthesize,
  writeBackWith,
  type SynthJson,
} from "../helpers/synth";

const build = (overrides: Partial<HrisWriteBackProps>): HrisWriteBack =>
  new HrisWriteBack(newStack(), "write-back", smallProps(overrides));

/** Codes and paths of what a build is refused for. */
function refusal(overrides: Partial<HrisWriteBackProps>): string[] {
  try {
    build(overrides);
  } catch (error) {
    if (!(error instanceof SynthError)) throw error;
    expect(error.message).toMatch(/^test\/write-back: /);
    return error.findings.map(({ code, path }) => `${code} ${path}`);
  }
  throw new Error("it was not refused");
}

const policy = (from: string, to: string): Partial<HrisWriteBackProps> => {
  if (!SMALL_POLICY.includes(from)) throw new Error(`the policy does not hold ${from}`);
  return { policy: { text: SMALL_POLICY.replace(from, to) } };
};

describe("the front door", () => {
  test("a full synth, with validations, succeeds", () => {
    const stack = newStack();
    new HrisWriteBack(stack, "write-back", smallProps());
    expect(Testing.fullSynth(stack)).toBeTruthy();
  });

  test("the same props give the same Terraform, byte by byte", () => {
    const text = (): string => {
      const stack = newStack();
      new HrisWriteBack(stack, "write-back", smallProps());
      return Testing.synth(stack);
    };
    expect(text()).toBe(text());
  });

  test("neither comments nor the order of a policy change the Terraform", () => {
    const reordered = SMALL_POLICY.replace("source: [joiner, assistant]", "source: [assistant, joiner]").replace(
      "fields:",
      "fields: # ours",
    );
    const json = synthesize(
      (stack) => new HrisWriteBack(stack, "write-back", smallProps({ policy: { text: reordered } })),
    );
    expect(json.resource).toEqual(smallStack().resource);
  });

  test("a policy comes from a file or from text, to the same end", () => {
    const file = join(mkdtempSync(join(tmpdir(), "writeback-policy-")), "policy.yaml");
    writeFileSync(file, SMALL_POLICY);
    expect(build({ policy: { file } }).classification.manifestHash).toBe(build({}).classification.manifestHash);
  });

  test("publishers can be named by a convention", () => {
    const publishers = (name: string): string[] => [`arn:aws:iam::111122223333:role/${name}`];
    const json = synthesize((stack) => new HrisWriteBack(stack, "write-back", smallProps({ publishers })));
    expect(json.resource).toEqual(smallStack().resource);
  });

  test("outputs say what a user needs next", () => {
    expect(Object.keys(smallStack().output).sort()).toEqual(
      [
        "approvals-url",
        "approver-topics",
        "bus-arn",
        "bus-name",
        "classification-table",
        "connector-role-arn",
        "connector_session-policy-template",
        "control-table",
        "dead-letter-queue-url",
        "digest-key-arn",
        "field-gateway-url",
        "kill-switch-arn",
        "ledger-table",
        "queue-url",
        "reconciliation-arn",
        "reversal-function-arn",
        "state-machine-arn",
      ].map((id) => `write-back_${id}`),
    );
    for (const { description } of Object.values(smallStack().output)) expect(description).toBeTruthy();
  });

  test("auditors check digests where they are named, and no role of the stack is one", () => {
    const auditor = "arn:aws:iam::111122223333:role/auditor";
    const policyOf = (json: SynthJson): string => String(one(json, "aws_kms_key_policy", "digest-key")["policy"]);
    expect(policyOf(smallStack())).not.toContain("VerifyDigestsForAudits");
    expect(policyOf(writeBackWith({ auditorArns: [auditor] }))).toContain(auditor);
    const own = ["arn:aws:iam::111122223333:role/test-connector"];
    expect(() => writeBackWith({ auditorArns: own })).toThrow(/ArnOfOwnStack auditorArns\[0\]/);
  });

  test("tags reach every resource that takes tags", () => {
    const json = synthesize((stack) => new HrisWriteBack(stack, "wb", smallProps({ tags: { team: "identity" } })));
    const taggable = [
      "aws_iam_role",
      "aws_iam_policy",
      "aws_lambda_function",
      "aws_dynamodb_table",
      "aws_sqs_queue",
      "aws_kms_key",
      "aws_cloudwatch_log_group",
      "aws_cloudwatch_event_bus",
      "aws_cloudwatch_event_rule",
      "aws_sfn_state_machine",
      "aws_api_gateway_rest_api",
      "aws_api_gateway_stage",
      "aws_apigatewayv2_api",
      "aws_apigatewayv2_stage",
      "aws_lambda_event_source_mapping",
    ];
    for (const type of taggable) {
      for (const [name, body] of Object.entries(json.resource[type]!)) {
        expect([name, (body["tags"] as Record<string, string> | undefined)?.["team"]]).toEqual([name, "identity"]);
      }
    }
  });

  test("keys are rotated and kept, and every log group is encrypted and ends after a year", () => {
    expect(one(smallStack(), "aws_kms_key", "data-key")).toMatchObject({
      enable_key_rotation: true,
      deletion_window_in_days: 30,
      lifecycle: { prevent_destroy: true },
    });
    expect(one(smallStack(), "aws_kms_key", "digest-key")).toMatchObject({
      key_usage: "GENERATE_VERIFY_MAC",
      customer_master_key_spec: "HMAC_256",
    });
    for (const group of Object.values(smallStack().resource["aws_cloudwatch_log_group"]!)) {
      expect(group).toMatchObject({
        kms_key_id: "${aws_kms_key.write-back_keys_data-key.arn}",
        retention_in_days: 365,
      });
    }
  });

  test("keys that exist already are used and none is made", () => {
    const keys = {
      dataKeyArn: "arn:aws:kms:eu-west-1:111122223333:key/11111111-1111-1111-1111-111111111111",
      digestKeyArn: "arn:aws:kms:eu-west-1:111122223333:key/22222222-2222-2222-2222-222222222222",
    };
    const json = synthesize((stack) => new HrisWriteBack(stack, "wb", smallProps({ keys })));
    expect(json.resource["aws_kms_key"]).toBeUndefined();
    expect(one(json, "aws_dynamodb_table", "_ledger_table")["server_side_encryption"]).toMatchObject({
      kms_key_arn: keys.dataKeyArn,
    });
    // Whether an existing key lets CloudWatch Logs use it is not known here.
    expect(one(json, "aws_cloudwatch_log_group", "_intake_")["kms_key_id"]).toBeUndefined();
  });

  test("on request, the writer secret is denied to all but the gateway and those who rotate it", () => {
    expect(smallStack().resource["aws_secretsmanager_secret_policy"]).toBeUndefined();
    const rotation = "arn:aws:iam::111122223333:role/rotation";
    const json = synthesize(
      (stack) => new HrisWriteBack(stack, "wb", smallProps({ guardWriterSecret: { rotationRoleArns: [rotation] } })),
    );
    const body = one(json, "aws_secretsmanager_secret_policy");
    expect(body).toMatchObject({ secret_arn: SECRETS.hrisWriter, block_public_policy: true });
    expect(JSON.stringify(documentOf(body["policy"]))).toContain(rotation);
    expect(body["policy"]).not.toContain('"Allow"');
  });

  test("two write-backs live in one stack", () => {
    const json = synthesize((stack) => {
      new HrisWriteBack(stack, "one", smallProps());
      new HrisWriteBack(
        stack,
        "two",
        smallProps({ placement: { prefix: "other", accountId: "111122223333", region: "eu-west-1" } }),
      );
    });
    expect(Object.keys(json.resource["aws_sfn_state_machine"]!)).toHaveLength(6);
  });

  test("a stack takes every provider version that its Terraform is valid for", () => {
    const json = synthesize((stack) => {
      allowAwsProviderVersions(stack);
    });
    expect(json.terraform["required_providers"]).toEqual({ aws: { source: "aws", version: ">= 5.100.0, < 7.0.0" } });
  });

  test("systems that the policy does not read are connected to nothing", () => {
    const spare = Source.scim({
      baseUrl: "https://spare.example.com/scim",
      secretArn: SECRETS.directory.replace("directory", "spare"),
    });
    const json = synthesize(
      (stack) => new HrisWriteBack(stack, "write-back", smallProps({ systems: { ...smallProps().systems, spare } })),
    );
    expect(json.resource).toEqual(smallStack().resource);
  });
});

describe("what cannot be synthesized is refused", () => {
  test("fails for a policy that is wrong, with every finding at its line", () => {
    const props = policy("owner: identity, sourceOfTruth: directory", "owner: nobody, sourceOfTruth: nowhere");
    expect(() => build(props)).toThrow(PolicyError);
    expect(() => build({ policy: { text: (props.policy as { text: string }).text, file: "write-back.yaml" } })).toThrow(
      /write-back\.yaml:\d+:\d+ error UnknownOwner[\s\S]*UnknownSystem/,
    );
  });

  test("fails for a writable field on a name that the HRIS lets nobody write, in any spelling", () => {
    expect(refusal(policy("hrisField: reportsTo", "hrisField: SSN"))).toEqual([
      "NeverFieldOfHris fields.manager.hrisField",
    ]);
    expect(refusal(policy("hrisField: workEmail", "hrisField: homeEmail"))).toEqual([
      "NeverFieldOfHris fields.work_email.hrisField",
    ]);
  });

  test("fails for a system that the policy reads and the stack does not connect", () => {
    expect(refusal({ systems: {} })).toEqual(["SystemNotConnected systems.directory"]);
    const attribute = policy("worker_type: { system: hris,", "worker_type: { system: payroll,");
    const text = (attribute.policy as { text: string }).text.replace(
      "hris: { kind: hris }",
      "hris: { kind: hris }, payroll: { kind: payroll }",
    );
    expect(refusal({ policy: { text } })).toEqual(["SystemNotConnected systems.payroll"]);
  });

  test("fails for a publisher that nobody is bound to, and for one that the policy does not know", () => {
    expect(refusal({ publishers: { joiner: [] } })).toContain("PublisherNotBound publishers.assistant");
    expect(refusal({ publishers: { ...PUBLISHERS, stranger: [] } })).toEqual([
      "PublisherNotDeclared publishers.stranger",
    ]);
  });

  test.each([
    "*",
    "arn:aws:iam::111122223333:root",
    "arn:aws:sts::111122223333:assumed-role/joiner/session",
    "arn:aws:iam::111122223333:role/*",
  ])("fails for the principal `%s`, which is more than one role or user", (arn) => {
    expect(refusal({ publishers: { ...PUBLISHERS, joiner: [arn] } })).toEqual([
      "PublisherPrincipalTooWide publishers.joiner[0]",
    ]);
  });

  test("fails for a secret of the writer's that another system is given, and for ARNs that are wider than one thing", () => {
    const { hris } = smallProps({}) as { hris: { writerSecretArn: string } };
    const directory = Source.scim({
      baseUrl: "https://directory.example.com/scim/v2",
      secretArn: hris.writerSecretArn,
    });
    expect(refusal({ systems: { directory } })).toEqual(["WriterSecretShared systems.directory.secretArn"]);
    expect(refusal({ connectorFunctionArn: "*", keys: { digestKeyArn: "*" } })).toEqual([
      "ArnInvalid connectorFunctionArn",
      "ArnInvalid keys.digestKeyArn",
    ]);
  });

  test.each([
    ["retention", { retention: "Destroy" }],
    ["logRetentionDays", { logRetentionDays: 100 }],
    ["reservedConcurrency", { reservedConcurrency: 0 }],
    ["reversalWithinDays", { reversalWithinDays: 0 }],
    ["reversalWithinDays", { reversalWithinDays: 3_651 }],
    ["gatewayAccessLog", { gatewayAccessLog: "s3" }],
    ["tags.aws:owner", { tags: { "aws:owner": "us" } }],
    ["tags.writeback:principal", { tags: { "writeback:principal": "gateway" } }],
    ["tags.grantId", { tags: { grantId: "g-1" } }],
    ["tags.team", { tags: { team: "x".repeat(257) } }],
    ["tags", { tags: Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`t${String(index)}`, ""])) }],
  ])("fails for a setting `%s` that there is not", (path, props) => {
    expect(refusal(props as unknown as Partial<HrisWriteBackProps>)).toEqual([`SettingInvalid ${path}`]);
  });

  test("fails for approvals that would take any token, or nobody's", () => {
    const approvals = { issuer: "login.example.com", audience: [""], groupClaim: "", workerIdClaim: "" };
    expect(refusal({ approvals })).toEqual([
      "ApprovalsInvalid approvals.audience",
      "ApprovalsInvalid approvals.groupClaim",
      "ApprovalsInvalid approvals.issuer",
      "ApprovalsInvalid approvals.workerIdClaim",
    ]);
  });

  test("fails for a text of the policy that looks like one of our references, and says where it is", () => {
    const text = SMALL_POLICY.replace("base_salary: {", 'base_salary: { description: "${TfToken[TOKEN.1]}",');
    expect(refusal({ policy: { text } })).toEqual(["ReferenceInPolicy fields.base_salary.description"]);
  });

  test("fails for a prefix that AWS keeps for itself, where a security group would be named by it", () => {
    const placement = { prefix: "sg-test", accountId: "111122223333", region: "eu-west-1" };
    expect(refusal({ placement, perimeter: { kind: "create" } })).toEqual(["PerimeterInvalid placement.prefix"]);
    expect(() => refusal({ placement })).toThrow();
  });

  test("a publisher with nobody behind it is a warning", () => {
    const stack: TerraformStack = newStack();
    const writeBack = new HrisWriteBack(stack, "wb", smallProps({ publishers: { ...PUBLISHERS, assistant: [] } }));
    const warnings = writeBack.node.metadata.map(({ data }) => String(data));
    expect(warnings).toEqual([expect.stringContaining("publishers.assistant")]);
  });

  test.each([
    ["prefix", { prefix: "A", accountId: "111122223333", region: "eu-west-1" }],
    ["prefix", { prefix: "a-prefix-of-26-characters-x", accountId: "111122223333", region: "eu-west-1" }],
    ["accountId", { prefix: "test", accountId: "1111-2222-3333", region: "eu-west-1" }],
    ["region", { prefix: "test", accountId: "111122223333", region: "Ireland" }],
  ])("fails for a placement whose %s is of the wrong form", (member, placement) => {
    expect(refusal({ placement })).toEqual([`PlacementInvalid placement.${member}`]);
  });

  test("fails for a connection that a handler would refuse at its start", () => {
    const hris = Hris.bambooHr({
      company: { baseUrl: "http://acme.bamboohr.com?x=1" },
      timeZone: "Europe/London",
      readerSecretArn: SECRETS.hrisReader,
      writerSecretArn: SECRETS.hrisWriter,
    });
    expect(new Set(refusal({ hris }))).toEqual(new Set(["ConnectionInvalid systems.hris.baseUrl"]));
  });

  test("fails where the policy writes job information and the connection names no time zone", () => {
    const hris = Hris.bambooHr({
      company: { domain: "example" },
      readerSecretArn: SECRETS.hrisReader,
      writerSecretArn: SECRETS.hrisWriter,
    });
    expect(refusal({ hris })).toEqual(["TimeZoneMissing systems.hris.timeZone"]);
    expect(() => build({ hris })).toThrow(/`manager` by date.*\n.*timeZone: "America\/Denver"/);
    const plain = policy("hrisField: reportsTo", "hrisField: customManagerId");
    expect(build({ ...plain, hris }).policy.fields["manager"]?.hrisField).toBe("customManagerId");
  });

  test("fails where it is not clear which system is the HRIS, and takes the one that is named", () => {
    const two = policy("hris: { kind: hris }", "hris: { kind: hris }, old-hris: { kind: hris }");
    expect(refusal(two)).toEqual(["HrisAmbiguous systems"]);
    expect(refusal({ ...two, hrisSystem: "directory" })).toEqual(["HrisNotDeclared hrisSystem"]);
    expect(build({ ...two, hrisSystem: "hris" }).names.prefix).toBe("test");
  });

  test("fails for more writable fields than the boundary can list, and says how many fit", () => {
    const fields = Array.from(
      { length: 500 },
      (_, index) =>
        `  generated_field_${String(index).padStart(4, "0")}: { class: safe, owner: identity, sourceOfTruth: directory, events: [joiner.provisioned] }`,
    );
    const props = policy("fields:\n", `fields:\n${fields.join("\n")}\n`);
    expect(refusal(props)).toContain("PolicyDocumentTooLong connector.boundary");
    expect(() => build(props)).toThrow(/the first \d+ of them fit/);
  });

  test("fails for a function whose environment would be too large", () => {
    const attributes = Object.fromEntries(
      Array.from({ length: 200 }, (_, index) => [`attribute_${index}`, `custom.attribute${index}`]),
    );
    const directory = Source.scim({
      baseUrl: "https://directory.example.com/scim/v2",
      secretArn: SECRETS.directory,
      attributes,
    });
    expect(() => build({ systems: { directory } })).toThrow(/EnvironmentTooLarge/);
  });

  test("fails without handler bundles, and says what builds them", () => {
    expect(() => build({ handlersDir: join(tmpdir(), "no-such-folder") })).toThrow(
      /test\/write-back\/field-gateway\/gateway: there is no bundle of the handler `gateway` .* run `npm run build`/,
    );
  });
});

test("a synthesized stack reads the same through cdktf's own full synth", () => {
  const stack = newStack();
  new HrisWriteBack(stack, "write-back", smallProps());
  expect(parseSynth(Testing.synth(stack, true)).resource).toEqual(smallStack().resource);
});
