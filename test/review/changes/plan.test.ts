import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { UsageError } from "../../../src/core";
import { marshallItem } from "../../../src/compile/table-items";
import { policyItems, type Policy } from "../../../src/policy";
import { review, type Review } from "../../../src/review";
import { planChanges } from "../../../src/review/changes/load";
import { stackOfPlan } from "../../../src/review/plan";
import { queueArn } from "../../../src/review/resource-policies";
import { findTerraform } from "../../helpers/terraform";
import { noticed, ofCode, policyWith } from "./stacks";

type Body = Readonly<Record<string, unknown>>;
type Resources = Readonly<Record<string, Readonly<Record<string, Body>>>>;

const document = (...statements: object[]): string => JSON.stringify({ Version: "2012-10-17", Statement: statements });
const READ = { Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::records/*" };
const BY_LAMBDA = { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "lambda.amazonaws.com" } };

/** A little of a stack: enough that a plan of it changes, destroys, replaces and leaves alone. */
const BEFORE: Resources = {
  aws_cloudwatch_log_group: {
    gateway: { name: "gateway", retention_in_days: 365, skip_destroy: false },
    old: { name: "old", retention_in_days: 30, skip_destroy: false },
  },
  aws_cloudwatch_metric_alarm: {
    refused: {
      alarm_name: "refused",
      actions_enabled: true,
      comparison_operator: "GreaterThanThreshold",
      evaluation_periods: 1,
      metric_name: "Refused",
      namespace: "WriteBack",
      period: 60,
      statistic: "Sum",
      threshold: 1,
      treat_missing_data: "missing",
    },
  },
  aws_dynamodb_table: {
    control: table("control", "pk"),
    ledger: table("ledger", "pk"),
  },
  aws_iam_role: {
    sweeper: {
      name: "sweeper",
      assume_role_policy: document(BY_LAMBDA),
      force_detach_policies: false,
      max_session_duration: 3600,
      path: "/",
      tags: { "writeback:principal": "sweeper" },
    },
  },
  aws_iam_role_policy: { sweeper: { name: "sweeper", role: "sweeper", policy: document(READ) } },
};

function table(name: string, key: string): Body {
  return {
    name,
    billing_mode: "PAY_PER_REQUEST",
    hash_key: key,
    attribute: [{ name: key, type: "S" }],
    deletion_protection_enabled: true,
  };
}

const AFTER: Resources = {
  aws_cloudwatch_log_group: { gateway: { ...BEFORE["aws_cloudwatch_log_group"]?.["gateway"], retention_in_days: 7 } },
  aws_cloudwatch_metric_alarm: {
    refused: { ...BEFORE["aws_cloudwatch_metric_alarm"]?.["refused"], alarm_description: "Somebody is refused" },
  },
  aws_dynamodb_table: {
    control: table("control", "id"),
    ledger: { ...BEFORE["aws_dynamodb_table"]?.["ledger"], deletion_protection_enabled: false },
  },
  aws_iam_role: { sweeper: { ...BEFORE["aws_iam_role"]?.["sweeper"] } },
  aws_iam_role_policy: {
    sweeper: { name: "sweeper", role: "sweeper", policy: document(READ, { ...READ, Action: "s3:PutObject" }) },
  },
  aws_kms_key: { data: { description: "new" } },
  aws_sns_topic: { alerts: { name: "alerts", kms_master_key_id: "${aws_kms_key.data.arn}" } },
  aws_sns_topic_policy: {
    alerts: {
      arn: "${aws_sns_topic.alerts.arn}",
      policy:
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sns:Publish","Resource":"${aws_sns_topic.alerts.arn}"}]}',
    },
  },
};

const ARNS: Readonly<Partial<Record<string, string>>> = {
  aws_cloudwatch_log_group: "logs:eu-west-1:111122223333:log-group:",
  aws_cloudwatch_metric_alarm: "cloudwatch:eu-west-1:111122223333:alarm:",
  aws_dynamodb_table: "dynamodb:eu-west-1:111122223333:table/",
  aws_iam_role: "iam::111122223333:role/",
};

/** Versions of the provider's schemas, where they are not the first. */
const SCHEMAS: Readonly<Partial<Record<string, number>>> = { aws_cloudwatch_metric_alarm: 1, aws_dynamodb_table: 1 };

/** The state that an apply of these resources leaves. */
function stateOf(resources: Resources): object {
  return {
    version: 4,
    terraform_version: "1.5.0",
    serial: 1,
    lineage: "6f1c0a7e-0000-4000-8000-000000000000",
    outputs: {},
    resources: Object.entries(resources).flatMap(([type, named]) =>
      Object.entries(named).map(([name, body]) => {
        const arn = ARNS[type] === undefined ? {} : { arn: `arn:aws:${ARNS[type]}${name}` };
        const id = type === "aws_iam_role_policy" ? `${name}:${name}` : name;
        return {
          mode: "managed",
          type,
          name,
          provider: 'provider["registry.terraform.io/hashicorp/aws"]',
          instances: [
            {
              schema_version: SCHEMAS[type] ?? 0,
              attributes: { ...body, id, ...arn, ...(body["tags"] === undefined ? {} : { tags_all: body["tags"] }) },
              sensitive_attributes: [],
            },
          ],
        };
      }),
    ),
  };
}

const PROVIDER = {
  region: "eu-west-1",
  access_key: "none",
  secret_key: "none",
  skip_credentials_validation: true,
  skip_metadata_api_check: true,
  skip_requesting_account_id: true,
};

const terraform = findTerraform();
const withTerraform = terraform === undefined ? describe.skip : describe;

withTerraform("a plan of Terraform's own", () => {
  let made: Review | undefined;

  function planned(): Review {
    if (made !== undefined) return made;
    const dir = mkdtempSync(join(tmpdir(), "review-plan-"));
    const configuration = {
      terraform: { required_providers: { aws: { source: "aws" } } },
      provider: { aws: [PROVIDER] },
      resource: AFTER,
    };
    writeFileSync(join(dir, "cdk.tf.json"), JSON.stringify(configuration));
    writeFileSync(join(dir, "terraform.tfstate"), JSON.stringify(stateOf(BEFORE)));
    return (made = review(planChanges(terraform?.plan(dir))));
  }

  test("tells what it widens, destroys and replaces, and of what only the apply knows", () => {
    const said = noticed(planned()).filter((each) => !each.endsWith("PolicyUnread"));
    expect(said).toEqual([
      "widens PermissionGained",
      "widens ProtectionRemoved",
      "widens RetentionShortened",
      "widens StoreDestroyed",
      "widens StoreReplaced",
      // The key's attribute, which goes with it.
      "look ArgumentChanged",
      "look DocumentUnread",
    ]);
    expect(ofCode(planned(), "PermissionGained")[0]?.message).toBe(
      "sweeper may now `s3:PutObject` on `arn:aws:s3:::records/any`",
    );
    expect(ofCode(planned(), "StoreReplaced")[0]?.message).toContain("`hash_key`");
    expect(ofCode(planned(), "StoreDestroyed")[0]?.message).toContain("log group `old` is destroyed");
    expect(ofCode(planned(), "DocumentUnread")[0]?.message).toContain("aws_sns_topic_policy.alerts");
  });

  test("says nothing of what it leaves alone, and that a wording is neutral", () => {
    const messages = planned()
      .changes.map(({ message }) => message)
      .join("\n");
    expect(messages).not.toContain("aws_iam_role.sweeper");
    const [wording] = ofCode(planned(), "ArgumentReworded");
    expect(wording?.message).toBe("alarm `refused`: `alarm_description` changed, which decides nothing");
  });
});

/** A plan as Terraform prints one, of tables' items alone. */
function planOf(before: Policy | undefined, after: Policy, more: Body = {}): object {
  const resources = (policy: Policy): object[] =>
    policyItems(policy).map((item) => ({
      address: `aws_dynamodb_table_item.item["${item.sk}"]`,
      mode: "managed",
      type: "aws_dynamodb_table_item",
      name: "item",
      index: item.sk,
      values: {
        hash_key: "pk",
        range_key: "sk",
        table_name: "classification",
        item: JSON.stringify(marshallItem(item)),
        arn: "arn:aws:dynamodb:eu-west-1:111122223333:table/classification",
      },
    }));
  return {
    format_version: "1.2",
    planned_values: { root_module: { resources: resources(after) } },
    ...(before === undefined ? {} : { prior_state: { values: { root_module: { resources: resources(before) } } } }),
    ...more,
  };
}

/** The values that a plan of resources ends with. */
function planned(...resources: readonly { readonly type: string; readonly values: object }[]): object {
  const list = resources.map(({ type, values }) => ({
    mode: "managed",
    type,
    name: "any",
    address: `${type}.any`,
    values,
  }));
  return { format_version: "1.2", planned_values: { root_module: { resources: list } } };
}

describe("what a plan says of a resource that is applied", () => {
  test("is read without what nobody set, but for the members of maps", () => {
    const [resource] = stackOfPlan(
      planned({
        type: "aws_lambda_function",
        values: {
          arn: "arn:aws:lambda:eu-west-1:111122223333:function:gateway",
          description: "",
          layers: null,
          timeout: 0,
          environment: [{ variables: { EMPTY: "" } }],
          vpc_config: [{ vpc_id: "", subnet_ids: [] }],
        },
      }),
    ).all;
    expect(resource?.body).toEqual({
      arn: "arn:aws:lambda:eu-west-1:111122223333:function:gateway",
      timeout: 0,
      environment: [{ variables: { EMPTY: "" } }],
      vpc_config: [{ subnet_ids: [] }],
    });
  });

  test("is the same queue wherever its address leads", () => {
    const url = "http://127.0.0.1:4566/111122223333/intake";
    const arn = "arn:aws:sqs:eu-west-1:111122223333:intake";
    const stack = stackOfPlan(planned({ type: "aws_sqs_queue", values: { arn, id: url, url, name: "intake" } }));
    expect(queueArn(stack, url)).toBe(arn);
    expect(queueArn(stack, "https://sqs.eu-west-1.amazonaws.com/111122223333/other")).toBe(
      "arn:aws:sqs:eu-west-1:111122223333:other",
    );
  });
});

describe("a plan", () => {
  test("of another policy tells what that means, before and after", () => {
    const plan = planOf(policyWith(), policyWith([["check: exists-in-source", "check: none"]]));
    expect(noticed(review(planChanges(plan)))).toEqual(["widens FieldCheckChanged"]);
    expect(review(planChanges(planOf(policyWith(), policyWith()))).changes).toEqual([]);
  });

  test("of a first apply asks the owners of whatever may be written, and says that all is new", () => {
    const result = review(planChanges(planOf(undefined, policyWith())));
    expect(ofCode(result, "FirstApply")).toHaveLength(1);
    expect(ofCode(result, "FieldAdded").filter(({ effect }) => effect === "widens")).toHaveLength(4);
    expect(result.who.map(({ id }) => id)).toEqual(expect.arrayContaining(["identity", "hr", "security"]));
  });

  test("that finds something changed past Terraform says so, and not of what AWS fills in", () => {
    const drift = (attribute: string, type = "aws_iam_role"): object => ({
      address: `${type}.connector`,
      type,
      change: { actions: ["update"], before: { [attribute]: "a" }, after: { [attribute]: "b" } },
    });
    const withDrift = (...entries: object[]): Review =>
      review(planChanges(planOf(policyWith(), policyWith(), { resource_drift: entries })));
    expect(noticed(withDrift(drift("assume_role_policy")))).toEqual(["look ChangedOutside"]);
    expect(noticed(withDrift(drift("policy", "aws_sqs_queue"), drift("tags_all")))).toEqual([]);
  });

  test("that only reads back what nobody set tells of no change past Terraform", () => {
    const alarm = (before: object, after: object): object => ({
      address: "aws_cloudwatch_metric_alarm.refused",
      type: "aws_cloudwatch_metric_alarm",
      change: { actions: ["update"], before, after },
    });
    const told = (before: object, after: object): string[] =>
      noticed(review(planChanges(planOf(policyWith(), policyWith(), { resource_drift: [alarm(before, after)] }))));
    const query = { id: "sum", expression: "a + b" };
    const unset = { metric_query: [{ ...query, period: null }], actions_enabled: null, tags: null, dimensions: null };
    const filled = { metric_query: [{ ...query, period: 0 }], actions_enabled: false, tags: {}, dimensions: {} };
    expect(told(unset, filled)).toEqual([]);
    expect(told(unset, { ...filled, metric_query: [{ ...query, period: 60 }] })).toEqual(["look ChangedOutside"]);
    expect(told({ ...unset, actions_enabled: true }, filled)).toEqual(["look ChangedOutside"]);
  });

  test("that is not whole says so", () => {
    const result = review(planChanges(planOf(policyWith(), policyWith(), { complete: false })));
    expect(noticed(result)).toEqual(["look NotRead"]);
  });

  test("that is a state, or no plan, is refused", () => {
    const state = { format_version: "1.0", values: { root_module: { resources: [] } } };
    for (const json of [state, {}, [], null, "plan"]) expect(() => planChanges(json)).toThrow(UsageError);
  });
});
