import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { renderControlPolicies } from "../../../scripts/generate-control-policies";
import { compileNames } from "../../../src/compile";
import { auditNames, MAX_CONTROL_POLICY } from "../../../src/compile/audit";
import { evaluate, type ContextInput, type PolicyDocument } from "../../../src/iam";
import { mutantsOf } from "./mutants";

const FOLDER = join(__dirname, "../../../examples/scp");
const names = compileNames({ prefix: "acme-writeback", accountId: "111122223333", region: "eu-west-1" });
const audit = auditNames(names);
const role = (name: string): string => `arn:aws:iam::111122223333:role/${name}`;
const own = (principal: string): string => role(`acme-writeback-${principal}`);
const ADMIN = role("admin");
const DEPLOYER = role("hris-write-back-deployer");
const KEY = "arn:aws:kms:eu-west-1:111122223333:key/11111111-1111-4111-8111-111111111111";
const ofTheStack = { "kms:ResourceAliases": ["alias/acme-writeback-data"] };
const ofAnother = { "kms:ResourceAliases": ["alias/another"] };
const segment = `${audit.bucket.arn}/evidence/v1/0000000000000001.jsonl`;
const inRegion = (region: string) => ({ "aws:RequestedRegion": region });

interface Request {
  readonly by: string;
  readonly action: string;
  readonly resource: string;
  readonly context?: ContextInput;
}

const request = (by: string, action: string, resource: string, context: ContextInput = {}): Request => ({
  by,
  action,
  resource,
  context,
});

/** What each policy forbids, and what of the same kind it must leave alone: a system that runs, and a deploy. */
const CASES: Readonly<Record<string, { readonly forbidden: readonly Request[]; readonly left: readonly Request[] }>> = {
  "keep-the-keys.json": {
    forbidden: [
      request(ADMIN, "kms:ScheduleKeyDeletion", KEY, ofTheStack),
      request(DEPLOYER, "kms:DisableKey", KEY, ofTheStack),
      request(ADMIN, "kms:PutKeyPolicy", KEY, ofTheStack),
      request(ADMIN, "kms:CreateGrant", KEY, ofTheStack),
      request(ADMIN, "kms:DeleteAlias", "arn:aws:kms:eu-west-1:111122223333:alias/acme-writeback-audit"),
    ],
    left: [
      request(DEPLOYER, "kms:PutKeyPolicy", KEY, ofTheStack),
      request(DEPLOYER, "kms:UpdateAlias", "arn:aws:kms:eu-west-1:111122223333:alias/acme-writeback-audit"),
      request(ADMIN, "kms:ScheduleKeyDeletion", KEY, ofAnother),
      request(ADMIN, "kms:PutKeyPolicy", KEY, ofAnother),
      request(own("gateway"), "kms:Decrypt", KEY, ofTheStack),
      request(own("inspect"), "kms:GenerateMac", KEY, ofTheStack),
    ],
  },
  "keep-the-record.json": {
    forbidden: [
      request(ADMIN, "s3:BypassGovernanceRetention", segment),
      request(DEPLOYER, "s3:DeleteObjectVersion", segment),
      request(own("evidence"), "s3:DeleteObject", segment),
      request(DEPLOYER, "s3:DeleteBucket", audit.bucket.arn),
      request(ADMIN, "s3:PutBucketPolicy", audit.bucket.arn),
      request(ADMIN, "s3:PutLifecycleConfiguration", audit.bucket.arn),
      request(ADMIN, "cloudtrail:UpdateTrail", audit.trail.arn),
      request(DEPLOYER, "cloudtrail:StopLogging", audit.trail.arn),
      request(DEPLOYER, "dynamodb:DeleteTable", names.ledgerTable.arn),
      request(own("gateway"), "dynamodb:UpdateItem", names.ledgerTable.arn),
      request(DEPLOYER, "dynamodb:PutItem", names.ledgerTable.arn),
      request(ADMIN, "dynamodb:BatchWriteItem", names.ledgerTable.arn),
      request(ADMIN, "dynamodb:PutItem", names.classificationTable.arn),
      request(own("decide"), "dynamodb:UpdateItem", names.classificationTable.arn),
      request(ADMIN, "events:DisableRule", audit.rule("trail-stopped").arn),
      request(ADMIN, "cloudwatch:DeleteAlarms", audit.alarm("dead-letters").arn),
      request(ADMIN, "sns:DeleteTopic", audit.topic.arn),
    ],
    left: [
      request(own("evidence"), "s3:PutObject", segment),
      request(own("gateway"), "dynamodb:PutItem", names.ledgerTable.arn),
      request(own("sweeper"), "dynamodb:UpdateItem", names.controlTable.arn),
      request(ADMIN, "dynamodb:Query", names.ledgerTable.arn),
      request(DEPLOYER, "dynamodb:PutItem", names.classificationTable.arn),
      request(DEPLOYER, "s3:PutBucketPolicy", audit.bucket.arn),
      request(DEPLOYER, "cloudtrail:UpdateTrail", audit.trail.arn),
      request(DEPLOYER, "events:PutRule", audit.rule("trail-stopped").arn),
      request(ADMIN, "cloudtrail:StopLogging", audit.trail.arn.replace("-audit", "-other")),
      request(ADMIN, "s3:DeleteObject", "arn:aws:s3:::another/object"),
    ],
  },
  "keep-the-roles.json": {
    forbidden: [
      request(ADMIN, "iam:UpdateAssumeRolePolicy", own("connector")),
      request(own("kill-switch"), "iam:DeleteRolePermissionsBoundary", own("connector")),
      request(ADMIN, "iam:CreateRole", own("another")),
      request(ADMIN, "iam:AttachRolePolicy", own("gateway")),
      request(ADMIN, "iam:DetachRolePolicy", own("connector")),
      request(ADMIN, "iam:CreatePolicyVersion", names.connectorBoundary.arn),
      request(ADMIN, "sts:AssumeRole", own("connector")),
      request(DEPLOYER, "sts:AssumeRole", own("connector")),
      request(ADMIN, "iam:PassRole", own("gateway")),
      request(ADMIN, "lambda:UpdateFunctionCode", names.function("gateway").arn),
    ],
    left: [
      request(own("broker"), "sts:AssumeRole", own("connector")),
      request(own("kill-switch"), "iam:AttachRolePolicy", own("connector")),
      request(DEPLOYER, "iam:AttachRolePolicy", own("gateway")),
      request(DEPLOYER, "iam:UpdateAssumeRolePolicy", own("connector")),
      request(DEPLOYER, "iam:CreatePolicyVersion", names.connectorBoundary.arn),
      request(DEPLOYER, "iam:PassRole", own("gateway")),
      request(DEPLOYER, "lambda:UpdateFunctionCode", names.function("gateway").arn),
      request(own("kill-switch"), "lambda:PutFunctionConcurrency", names.function("gateway").arn),
      request(ADMIN, "iam:UpdateAssumeRolePolicy", role("another")),
      request(ADMIN, "sts:AssumeRole", role("another")),
    ],
  },
  "stay-where-it-is.json": {
    forbidden: [
      request(DEPLOYER, "organizations:LeaveOrganization", "*"),
      request(
        DEPLOYER,
        "dynamodb:CreateTable",
        names.ledgerTable.arn.replace("eu-west-1", "us-west-2"),
        inRegion("us-west-2"),
      ),
      request(ADMIN, "kms:ReplicateKey", KEY, inRegion("ap-south-1")),
    ],
    left: [
      request(DEPLOYER, "dynamodb:CreateTable", names.ledgerTable.arn, inRegion("eu-west-1")),
      request(DEPLOYER, "events:PutRule", "arn:aws:events:us-east-1:111122223333:rule/x", inRegion("us-east-1")),
      request(DEPLOYER, "cloudtrail:CreateTrail", audit.trail.arn, inRegion("us-west-2")),
      request(DEPLOYER, "iam:CreateRole", own("gateway"), inRegion("us-east-1")),
      request(ADMIN, "organizations:DescribeOrganization", "*"),
    ],
  },
};

const fileOf = (name: string): string => readFileSync(join(FOLDER, name), "utf8");

/** Whether an account under a control policy lets somebody through whose own policies allow everything. */
function isLeft(policy: PolicyDocument, { by, action, resource, context = {} }: Request): boolean {
  const allow = { Effect: "Allow" as const, Action: "*", Resource: "*" };
  const everything: PolicyDocument = { Version: "2012-10-17", Statement: [allow] };
  // As the organisation's root has it: `FullAWSAccess`, and beside it the denials.
  const control: PolicyDocument = { ...policy, Statement: [{ ...allow, Sid: "FullAWSAccess" }, ...policy.Statement] };
  return (
    evaluate({ principalArn: by, action, resource, context }, { identity: [everything], boundary: control })
      .decision === "allow"
  );
}

describe("the sample control policies", () => {
  test("are what the code makes of the example's names, all of them", () => {
    const rendered = renderControlPolicies();
    expect(
      readdirSync(FOLDER)
        .filter((name) => name.endsWith(".json"))
        .sort(),
    ).toEqual(Object.keys(rendered).sort());
    for (const [name, text] of Object.entries(rendered)) expect(JSON.parse(fileOf(name))).toEqual(JSON.parse(text));
    expect(Object.keys(CASES).sort()).toEqual(Object.keys(rendered).sort());
  });

  describe.each(Object.entries(CASES))("%s", (name, { forbidden, left }) => {
    const policy = JSON.parse(fileOf(name)) as PolicyDocument;

    test("fits, as it stands, and only denies", () => {
      expect(fileOf(name).length).toBeLessThan(MAX_CONTROL_POLICY);
      expect(policy.Statement.every(({ Effect }) => Effect === "Deny")).toBe(true);
    });

    test.each(forbidden)("forbids $by $action on $resource", (asked) => {
      expect(isLeft(policy, asked)).toBe(false);
    });

    test.each(left)("leaves $by $action on $resource", (asked) => {
      expect(isLeft(policy, asked)).toBe(true);
    });

    test("needs each statement and each condition: without it some request is answered otherwise", () => {
      const idle = mutantsOf(policy)
        .filter(
          ([, mutant]) =>
            forbidden.every((asked) => !isLeft(mutant, asked)) && left.every((asked) => isLeft(mutant, asked)),
        )
        .map(([without]) => without);
      expect(idle).toEqual([]);
    });
  });
});
