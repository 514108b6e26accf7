import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { SecretsmanagerSecret } from "@cdktf/provider-aws/lib/secretsmanager-secret";
import { Testing } from "cdktf";

import {
  Hris,
  HrisWriteBack,
  Source,
  type AuditProps,
  type HrisWriteBackProps,
  type SynthError,
} from "../../constructs";
import { compileNames, matchesPattern } from "../../src/compile";
import { auditNames } from "../../src/compile/audit";
import { ERROR_EVENTS, HANDLERS, type Finding } from "../../src/core";
import { stackOf } from "../../src/local/stack";
import { eventOf, recordCases } from "../compile/audit/records";
import { proofOf } from "../review/stacks";
import { EXAMPLES, synthExample } from "../helpers/examples";
import {
  documentOf,
  newStack,
  one,
  parseSynth,
  SECRETS,
  smallProps,
  writeBackWith,
  type Body,
  type SynthJson,
} from "../helpers/synth";

const deployerArns = ["arn:aws:iam::111122223333:role/hris-write-back-deployer"];
const withAudit = (audit: Partial<AuditProps> = {}, others: Partial<HrisWriteBackProps> = {}): SynthJson =>
  writeBackWith({ audit: { deployerArns, ...audit }, ...others });
const each = (json: SynthJson, type: string): readonly Body[] => Object.values(json.resource[type] ?? {});

describe("the trail", () => {
  const json = withAudit();

  test("validates its log files, covers every Region and is encrypted by its own key", () => {
    expect(one(json, "aws_cloudtrail")).toMatchObject({
      enable_log_file_validation: true,
      enable_logging: true,
      include_global_service_events: true,
      is_multi_region_trail: true,
      kms_key_id: "${aws_kms_key.write-back_audit_archive_key.arn}",
    });
  });

  test("records every management event, and data events of tables, functions and its own bucket", () => {
    const selectors = one(json, "aws_cloudtrail")["advanced_event_selector"] as readonly {
      field_selector: readonly { field: string; equals?: readonly string[]; starts_with?: readonly string[] }[];
    }[];
    const of = (type: string) =>
      selectors
        .find(({ field_selector }) => field_selector.some(({ equals }) => equals?.[0] === type))
        ?.field_selector.find(({ field }) => field === "resources.ARN");
    expect(selectors[0]?.field_selector).toEqual([{ field: "eventCategory", equals: ["Management"] }]);
    expect(of("AWS::DynamoDB::Table")?.equals).toHaveLength(3);
    expect(of("AWS::Lambda::Function")?.equals).toHaveLength(HANDLERS.length);
    expect(of("AWS::S3::Object")?.starts_with).toEqual([
      expect.stringMatching(/^arn:aws:s3:::.*-audit-111122223333-eu-west-1\/$/),
    ]);
  });

  test("begins when its bucket is closed, locked and encrypted", () => {
    expect([...(one(json, "aws_cloudtrail")["depends_on"] as string[])].sort()).toEqual(
      [
        "aws_kms_key_policy",
        "aws_s3_bucket_object_lock_configuration",
        "aws_s3_bucket_ownership_controls",
        "aws_s3_bucket_policy",
        "aws_s3_bucket_server_side_encryption_configuration",
      ].map((type) => expect.stringMatching(new RegExp(`^${type}\\.write-back_audit_archive_`)) as unknown),
    );
  });

  test("keeps its log files locked, versioned, private and for years", () => {
    expect(one(json, "aws_s3_bucket")).toMatchObject({
      object_lock_enabled: true,
      force_destroy: false,
      lifecycle: { prevent_destroy: true },
    });
    expect(one(json, "aws_s3_bucket_object_lock_configuration")).toMatchObject({
      rule: { default_retention: { mode: "GOVERNANCE", days: 365 } },
      depends_on: ["aws_s3_bucket_versioning.write-back_audit_archive_versioning"],
    });
    expect(one(json, "aws_s3_bucket_versioning")).toMatchObject({ versioning_configuration: { status: "Enabled" } });
    expect(one(json, "aws_s3_bucket_public_access_block")).toMatchObject({
      block_public_acls: true,
      block_public_policy: true,
      ignore_public_acls: true,
      restrict_public_buckets: true,
    });
    expect(one(json, "aws_s3_bucket_lifecycle_configuration")["rule"]).toMatchObject([
      { expiration: [{ days: 2557 }], noncurrent_version_expiration: [{ noncurrent_days: 365 }] },
    ]);
  });

  test("can be locked against everybody, for its own Region, and for other times", () => {
    const other = withAudit({
      trail: { kind: "create", lock: "compliance", lockDays: 30, keepDays: 40, regions: "own" },
    });
    expect(one(other, "aws_s3_bucket_object_lock_configuration")).toMatchObject({
      rule: { default_retention: { mode: "COMPLIANCE", days: 30 } },
    });
    expect(one(other, "aws_cloudtrail")).toMatchObject({ is_multi_region_trail: false });
  });

  test("leaves with a trial", () => {
    const trial = withAudit({}, { retention: "destroy" });
    expect(one(trial, "aws_s3_bucket")).toMatchObject({ force_destroy: true });
    expect(one(trial, "aws_s3_bucket")["lifecycle"]).toBeUndefined();
    expect(JSON.stringify(one(trial, "aws_s3_bucket_policy"))).not.toContain("BypassGovernanceRetention");
  });

  test("can be in a log archive's account, through its own provider", () => {
    const stack = newStack();
    const provider = new AwsProvider(stack, "archive", { alias: "archive", region: "eu-west-1" });
    const trail = { kind: "create", archive: { accountId: "999988887777", provider } } as const;
    new HrisWriteBack(stack, "write-back", smallProps({ audit: { deployerArns, trail } }));
    const archived = parseSynth(Testing.synth(stack));
    for (const type of [
      "aws_s3_bucket",
      "aws_s3_bucket_policy",
      "aws_s3_bucket_versioning",
      "aws_s3_bucket_object_lock_configuration",
    ]) {
      expect(one(archived, type)["provider"]).toBe("aws.archive");
    }
    expect(one(archived, "aws_kms_key", "archive")["provider"]).toBe("aws.archive");
    expect(one(archived, "aws_kms_key_policy", "archive")["provider"]).toBe("aws.archive");
    expect(JSON.stringify(one(archived, "aws_kms_key_policy", "archive"))).toContain("arn:aws:iam::999988887777:root");
    expect(one(archived, "aws_cloudtrail")["provider"]).toBeUndefined();
    // Calls to a bucket of another account are records of that account.
    expect(Object.keys(archived.resource["aws_cloudwatch_event_rule"]!).join()).not.toMatch(/bucket-changed|evidence/);
  });

  test("can be one that is there already", () => {
    const trailArn = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/everything";
    const existing = withAudit({ trail: { kind: "existing", trailArn } });
    expect(existing.resource["aws_cloudtrail"]).toBeUndefined();
    expect(existing.resource["aws_s3_bucket"]).toBeUndefined();
    const pattern = JSON.stringify(one(existing, "aws_cloudwatch_event_rule", "trail-stopped"));
    expect(pattern).toContain(trailArn);
    expect(pattern).toContain('\\"everything\\"');
  });

  test.each<[string, Partial<AuditProps>, string]>([
    [
      "kept for less than it is locked",
      { trail: { kind: "create", lockDays: 10, keepDays: 9 } },
      "audit.trail.keepDays",
    ],
    ["locked for no day", { trail: { kind: "create", lockDays: 0 } }, "audit.trail.lockDays"],
    ["with a heartbeat beyond what an alarm looks back", { reconcileWithinDays: 8 }, "audit.reconcileWithinDays"],
  ])("fails when it is %s", (_, audit, path) => {
    let findings: readonly Finding[] = [];
    try {
      withAudit(audit);
    } catch (error) {
      findings = (error as SynthError).findings;
    }
    expect(findings).toMatchObject([{ path, code: "AuditInvalid" }]);
  });
});

describe("alerts", () => {
  const json = withAudit({ subscriptions: [{ protocol: "email", endpoint: "security@example.com" }] });

  test("go from every rule to the topic, with a queue for what cannot be delivered", () => {
    const rules = each(json, "aws_cloudwatch_event_rule").filter(({ name }) => String(name).includes("-audit-"));
    const targets = each(json, "aws_cloudwatch_event_target").filter(({ target_id }) => target_id === "topic");
    expect(rules.length).toBeGreaterThan(15);
    expect(targets.map(({ rule }) => rule).sort()).toEqual(
      Object.entries(json.resource["aws_cloudwatch_event_rule"]!)
        .filter(([name]) => name.includes("_audit_"))
        .map(([name]) => `\${aws_cloudwatch_event_rule.${name}.name}`)
        .sort(),
    );
    for (const target of targets) {
      expect(target).toMatchObject({
        arn: "${aws_sns_topic.write-back_audit_alerts_topic.arn}",
        dead_letter_config: { arn: "${aws_sqs_queue.write-back_audit_alerts_dead-letter-queue.arn}" },
      });
    }
    expect(one(json, "aws_sns_topic_subscription")).toMatchObject({
      protocol: "email",
      endpoint: "security@example.com",
    });
  });

  test("see reads where reads matter, and only there", () => {
    const stateOf = (rule: string) => one(json, "aws_cloudwatch_event_rule", rule)["state"];
    for (const rule of ["connector-role-assumed", "connector-session-widened", "writer-secret-read"]) {
      expect(stateOf(rule)).toBe("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS");
    }
    expect(stateOf("trust-changed")).toBe("ENABLED");
  });

  test("say what, who, when and what to do, and no parameter of the call", () => {
    const { input_paths, input_template } = one(json, "aws_cloudwatch_event_target", "writer-secret-read-topic")[
      "input_transformer"
    ] as { input_paths: Record<string, string>; input_template: string };
    expect(Object.values(input_paths).filter((path) => /requestParameters|responseElements/.test(path))).toEqual([]);
    const said = JSON.parse(input_template) as Record<string, string>;
    expect(said).toMatchObject({ rule: "writer-secret-read", caller: "<caller>", record: "<record>" });
    expect(said["runbook"]).toMatch(/secret/);
    const variables = [...input_template.matchAll(/<([^>]*)>/g)].map((match) => match[1]);
    expect(variables.sort()).toEqual(Object.keys(input_paths).sort());
  });
});

describe("calls that are recorded in another Region", () => {
  const withGlobal = (): SynthJson => {
    const stack = newStack();
    const provider = new AwsProvider(stack, "global", { alias: "global", region: "us-east-1" });
    const subscriptions = [{ protocol: "email", endpoint: "security@example.com" }] as const;
    new HrisWriteBack(
      stack,
      "write-back",
      smallProps({ audit: { deployerArns, subscriptions, globalEvents: { provider } } }),
    );
    return parseSynth(Testing.synth(stack));
  };
  const inOther = (json: SynthJson): readonly (readonly [string, Body])[] =>
    Object.values(json.resource).flatMap((all) =>
      Object.entries(all).filter(([name]) => name.includes("global-events")),
    );

  test("have rules, a topic with the same subscribers, a queue and an alarm of their own there", () => {
    const json = withGlobal();
    const made = inOther(json);
    expect(made.length).toBeGreaterThan(15);
    for (const [name, body] of made) expect([name, body["provider"]]).toEqual([name, "aws.global"]);
    expect(one(json, "aws_cloudwatch_event_rule", "global-events_alerts_trust-changed")).toMatchObject({
      event_pattern: expect.stringContaining("UpdateAssumeRolePolicy") as string,
    });
    expect(one(json, "aws_sns_topic_subscription", "global-events")).toMatchObject({
      topic_arn: "${aws_sns_topic.write-back_audit_global-events_alerts_topic.arn}",
      endpoint: "security@example.com",
    });
    const policy = documentOf(one(json, "aws_sns_topic_policy", "global-events")["policy"]);
    expect(JSON.stringify(policy)).toContain("arn:aws:events:us-east-1:111122223333:rule/test-global-audit-*");
    expect(one(json, "aws_cloudwatch_metric_alarm", "global-events")["alarm_actions"]).toEqual([
      "${aws_sns_topic.write-back_audit_global-events_alerts_topic.arn}",
    ]);
    expect(proofOf(json).invariants.map(({ verdict }) => verdict)).toEqual(Array(7).fill("proved"));
    // Nothing of the stack's own Region speaks through that provider.
    const ours = Object.values(json.resource).flatMap((all) => Object.entries(all));
    expect(ours.filter(([name, { provider }]) => provider === "aws.global" && !name.includes("global-events"))).toEqual(
      [],
    );
  });

  test("are told by the stack's own rules where that is its Region, and a stack elsewhere is warned that they are not", () => {
    expect(inOther(withAudit())).toEqual([]);
    const warned = (region: string): string => {
      const secrets = Object.fromEntries(
        Object.entries(SECRETS).map(([name, arn]) => [name, arn.replace("eu-west-1", region)]),
      );
      const made = new HrisWriteBack(newStack(), "write-back", {
        ...smallProps({ audit: { deployerArns } }),
        placement: { prefix: "test", accountId: "111122223333", region },
        hris: Hris.bambooHr({
          company: { domain: "example" },
          timeZone: "Europe/London",
          readerSecretArn: secrets["hrisReader"] ?? "",
          writerSecretArn: secrets["hrisWriter"] ?? "",
        }),
        systems: {
          directory: Source.scim({ baseUrl: "https://directory.example.com", secretArn: secrets["directory"] ?? "" }),
        },
      });
      return JSON.stringify(made.audit?.node.metadata ?? []);
    };
    expect(warned("eu-west-1")).toContain("recorded in us-east-1 alone");
    expect(warned("us-east-1")).not.toContain("recorded in");
  });
});

describe("alarms", () => {
  const json = withAudit();
  const prefix = String(one(json, "aws_cloudtrail")["name"]).replace(/-audit$/, "");

  test("tell the topic, each of them", () => {
    const alarms = each(json, "aws_cloudwatch_metric_alarm");
    expect(alarms.length).toBeGreaterThan(9);
    for (const alarm of alarms) {
      expect(alarm["alarm_actions"]).toEqual(["${aws_sns_topic.write-back_audit_alerts_topic.arn}"]);
      expect(String(alarm["alarm_name"]).startsWith(`${prefix}-`)).toBe(true);
      expect(String(alarm["alarm_description"]).length).toBeGreaterThan(40);
    }
  });

  test("watch every dead-letter queue of the stack", () => {
    const watched = JSON.stringify(one(json, "aws_cloudwatch_metric_alarm", "dead-letters"));
    const queues = each(json, "aws_sqs_queue")
      .map(({ name }) => String(name))
      .filter((name) => name.endsWith("-dlq"));
    expect(queues).toHaveLength(4);
    for (const name of queues) expect(watched).toContain(`"QueueName":"${name}"`);
  });

  test("count each error that a function logs once: under its own alarm, or among the failures", () => {
    const filters = each(json, "aws_cloudwatch_log_metric_filter");
    const errors = filters.filter(({ name }) => String(name).startsWith("errors-"));
    expect(errors).toHaveLength(HANDLERS.length);
    const excluded = [...String(errors[0]!["pattern"]).matchAll(/\$\.event != "([^"]+)"/g)].map((match) => match[1]!);
    for (const event of excluded) {
      const own = filters.filter(({ pattern }) => String(pattern).includes(`$.event = "${event}"`));
      // What only a later part of the stack logs has its alarm where that part is.
      if (!(ERROR_EVENTS as readonly string[]).includes(event)) continue;
      // One for each function that logs it.
      const counts = event === "breaker-tripped" ? [event, `${event}-sweeper`] : [expect.any(String)];
      expect([event, own.map(({ name }) => name).sort()]).toEqual([event, counts]);
    }
    expect(excluded).toContain("breaker-tripped");
    const counted = new Set(
      filters.map(({ metric_transformation: transformation }) => (transformation as { name: string }).name),
    );
    const namespace = auditNames(
      compileNames({ prefix, accountId: "111122223333", region: "eu-west-1" }),
    ).metricNamespace;
    for (const alarm of each(json, "aws_cloudwatch_metric_alarm").filter((each) => each["namespace"] === namespace)) {
      expect(counted).toContain(alarm["metric_name"]);
    }
  });

  test("ring for denied calls of the gateway with an access log and without one", () => {
    const logging = withAudit({}, { gatewayAccessLog: "cloudwatch" });
    expect(one(logging, "aws_cloudwatch_metric_alarm", "gateway-calls-denied")).toMatchObject({
      metric_name: "GatewayCallsDenied",
    });
    expect(one(json, "aws_cloudwatch_metric_alarm", "gateway-calls-denied")).toMatchObject({
      namespace: "AWS/ApiGateway",
      metric_name: "4XXError",
    });
  });

  test("ring for tokens that the approvals API's authorizer refuses, from more on than an old page makes", () => {
    const filters = each(json, "aws_cloudwatch_log_metric_filter");
    const group = one(json, "aws_apigatewayv2_stage")["access_log_settings"] as {
      destination_arn: string;
      format: string;
    };
    expect(filters.find(({ name }) => name === "tokens-refused")).toMatchObject({
      log_group_name: group.destination_arn.replace(".arn}", ".name}"),
      pattern: `{ $.status = "401" }`,
    });
    expect(JSON.parse(group.format)).toMatchObject({ status: "$context.status" });
    expect(one(json, "aws_cloudwatch_metric_alarm", "tokens-refused")).toMatchObject({
      metric_name: "TokensRefused",
      threshold: 20,
      period: 300,
    });
  });

  test("are all on the dashboard, which is a page that CloudWatch reads", () => {
    const dashboard = documentOf(one(json, "aws_cloudwatch_dashboard")["dashboard_body"]);
    const widgets = dashboard["widgets"] as readonly {
      type: string;
      x: number;
      y: number;
      width: number;
      height: number;
      properties: { alarms?: readonly string[] };
    }[];
    const shown = widgets.find(({ type }) => type === "alarm")!.properties.alarms!;
    expect(shown.map((arn) => arn.split(":alarm:")[1]).sort()).toEqual(
      each(json, "aws_cloudwatch_metric_alarm")
        .map(({ alarm_name: name }) => name)
        .sort(),
    );
    for (const { x, width } of widgets) expect(x + width).toBeLessThanOrEqual(24);
    const cells = widgets.flatMap(({ x, y, width, height }) =>
      Array.from({ length: width * height }, (_, cell) => `${x + (cell % width)},${y + Math.floor(cell / width)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });
});

test("a secret that is a reference is known by all of its names too", () => {
  const stack = newStack();
  const secret = new SecretsmanagerSecret(stack, "writer", { name: "hris/writer" });
  const hris = Hris.bambooHr({
    company: { baseUrl: "https://acme.bamboohr.com" },
    timeZone: "Europe/London",
    readerSecretArn: SECRETS.hrisReader,
    writerSecretArn: secret.arn,
  });
  new HrisWriteBack(stack, "write-back", smallProps({ hris, audit: { deployerArns } }));
  const pattern = String(
    one(parseSynth(Testing.synth(stack)), "aws_cloudwatch_event_rule", "writer-secret-read")["event_pattern"],
  );
  expect(pattern).toContain("${aws_secretsmanager_secret.writer.arn}");
  expect(pattern).toContain("${replace(aws_secretsmanager_secret.writer.arn,");
  expect(pattern).toContain('${element(split(":secret:", replace(aws_secretsmanager_secret.writer.arn,');
});

test("without the option nothing is made", () => {
  const json = writeBackWith({});
  expect(Object.keys(json.resource).filter((type) => /cloudtrail|s3_|metric_alarm|dashboard/.test(type))).toEqual([]);
});

describe.each(EXAMPLES)("the rules of examples/%s, as synthesized", (example) => {
  const stack = stackOf(synthExample(example).json);
  const prefix = String(stack.only("aws_cloudtrail").body["name"]).replace(/-audit$/, "");
  const names = compileNames({ prefix, accountId: stack.accountId, region: stack.region });
  const endpoint = stack.resources("aws_vpc_endpoint")[0];
  const writer = `arn:aws:secretsmanager:${stack.region}:${stack.accountId}:secret:hris/bamboohr-writer`;
  const cases = recordCases({
    names,
    apiId: stack.only("aws_api_gateway_rest_api").id,
    // Of this Region: what is elsewhere, is watched there.
    keyArns: stack
      .resources("aws_kms_key")
      .filter(({ body }) => body["provider"] === undefined)
      .map(({ id }) => `arn:aws:kms:${stack.region}:${stack.accountId}:key/${id}`),
    writerSecretIds: [`${writer}-d4E5f6`, writer, "hris/bamboohr-writer"],
    vpcEndpointId: endpoint?.id ?? "vpce-0a1b2c3d4e5f60718",
  });
  // The examples name one deployer, a role, and nobody who rotates the secret.
  const own = cases.filter(({ record }) => {
    const { arn = "" } = record["userIdentity"] as { arn?: string };
    return !/hris-write-back-release|hris-writer-rotation/.test(arn);
  });

  test.each(
    stack
      .resources("aws_cloudwatch_event_rule")
      .map(({ body }) => [String(body["name"]).replace(`${prefix}-audit-`, ""), body] as const)
      .filter(([rule]) => cases.some((each) => each.rule === rule)),
  )("%s judges every record rightly", (rule, body) => {
    const pattern = JSON.parse(String(body["event_pattern"])) as object;
    const judged = own.filter((each) => each.rule === rule);
    expect(judged.length).toBeGreaterThan(1);
    for (const { why, fires, record } of judged) {
      expect([why, matchesPattern(pattern, eventOf(record))]).toEqual([why, fires]);
    }
  });

  test("are all there", () => {
    const there = stack.resources("aws_cloudwatch_event_rule").map(({ body }) => String(body["name"]));
    const wanted = new Set(cases.map(({ rule }) => rule));
    if (endpoint === undefined) wanted.delete("endpoint-changed");
    for (const rule of wanted) expect(there).toContain(`${prefix}-audit-${rule}`);
  });
});
