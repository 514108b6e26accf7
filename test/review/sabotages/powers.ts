import type { Statement } from "../../../src/iam";
import { mentioning, withoutTest, type Hand } from "../hand";
import type { Sabotage } from "./sabotage";

const ACCOUNT = "111122223333";
const WRITER = `arn:aws:secretsmanager:eu-west-1:${ACCOUNT}:secret:hris/bamboohr-writer-d4E5f6`;
const READER = `arn:aws:secretsmanager:eu-west-1:${ACCOUNT}:secret:hris/bamboohr-reader-a1B2c3`;
const table = (name: string): string => `arn:aws:dynamodb:eu-west-1:${ACCOUNT}:table/acme-writeback-${name}`;
const BUCKET = `arn:aws:s3:::acme-writeback-audit-${ACCOUNT}-eu-west-1`;
const ANY_ROLE = `arn:aws:iam::${ACCOUNT}:role/somebody`;
const EVERYTHING = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
});

/** One statement more in the policy of a principal that has no business with it. */
function held(
  name: string,
  principal: string,
  statement: Partial<Statement>,
  more: Partial<Pick<Sabotage, "invariant" | "code">> = {},
): Sabotage {
  return {
    name,
    invariant: 2,
    code: "PowerHeldByAnother",
    change: (hand) => hand.allow(principal, statement),
    ...more,
  };
}

/** A statement over items of one kind. */
function onlyKeys(action: string, of: string, key: string): Partial<Statement> {
  return {
    Action: `dynamodb:${action}`,
    Resource: table(of),
    Condition: {
      "ForAllValues:StringLike": { "dynamodb:LeadingKeys": [key] },
      Null: { "dynamodb:LeadingKeys": "false" },
    },
  };
}

/** Something taken out of a statement of a principal. */
function loosened(
  name: string,
  principal: string,
  text: string,
  change: (statement: ReturnType<typeof mentioning>) => void,
  more: Partial<Pick<Sabotage, "invariant" | "code">> = {},
): Sabotage {
  return {
    name,
    invariant: 2,
    code: "PowerHeldByAnother",
    change: (hand) =>
      hand.identity(principal, (document) => {
        change(mentioning(document, text, "Allow"));
      }),
    ...more,
  };
}

const key = (hand: Hand, part: string): string => `\${${hand.find("aws_kms_key", part).address}.arn}`;
const untested =
  (operator: string, key?: string) =>
  (statement: Parameters<typeof withoutTest>[0]): void => {
    withoutTest(statement, operator, key);
  };

/** Powers given to somebody who must not have them. */
export const POWER_SABOTAGES: readonly Sabotage[] = [
  loosened("a role that may put any record of the ledger", "announce", "outcome#*", (statement) => {
    delete statement.Condition;
  }),
  held("a second maker of approvals", "sweeper", {
    Action: "dynamodb:PutItem",
    Resource: table("ledger"),
    Condition: {
      "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["approval#*"] },
      Null: { "dynamodb:LeadingKeys": "false" },
    },
  }),
  held("a second maker of refusals", "sweeper", onlyKeys("PutItem", "ledger", "refusal#*")),
  held("a second maker of agreements to a resume", "announce", onlyKeys("PutItem", "ledger", "system-resume"), {
    invariant: 6,
  }),
  held("a second maker of stops", "announce", onlyKeys("PutItem", "ledger", "system-stop"), { invariant: 6 }),
  held("somebody silences a tripped breaker", "announce", onlyKeys("PutItem", "ledger", "system-trip")),
  held("somebody files a drill that nobody held", "approvals", onlyKeys("PutItem", "ledger", "system-drill"), {
    invariant: 6,
  }),
  {
    name: "somebody closes intake",
    invariant: 6,
    code: "PowerHeldByAnother",
    change: (hand) => {
      const { address } = hand.find("aws_lambda_event_source_mapping", "intake-source");
      return hand.allow("sweeper", { Action: "lambda:UpdateEventSourceMapping", Resource: `\${${address}.arn}` });
    },
  },
  loosened(
    "the kill switch hands intake's queue to another function",
    "kill-switch",
    "lambda:UpdateEventSourceMapping",
    (statement) => {
      delete statement.Condition;
    },
  ),
  loosened("the kill switch attaches any policy", "kill-switch", "iam:AttachRolePolicy", (statement) => {
    delete statement.Condition;
  }),
  held("somebody lets functions run again", "sweeper", {
    Action: "lambda:DeleteFunctionConcurrency",
    Resource: `arn:aws:lambda:eu-west-1:${ACCOUNT}:function:acme-writeback-gateway`,
  }),
  held("reversal makes any request", "reversal", onlyKeys("PutItem", "ledger", "request#*")),
  held("decide makes reversals", "decide", onlyKeys("PutItem", "ledger", "request#reversal-*"), { invariant: 1 }),
  {
    name: "intake makes reversals",
    invariant: 1,
    code: "PowerHeldByAnother",
    change: (hand) =>
      hand.identity("intake", (document) => {
        document.Statement = document.Statement.filter(({ Sid }) => Sid !== "DenyReversals");
      }),
  },
  held("somebody empties the inbox of notices", "broker", onlyKeys("DeleteItem", "control", "inbox#*")),
  held("somebody silences what groups are told", "inspect", onlyKeys("UpdateItem", "control", "notice#*")),
  held(
    "the notifier reads values",
    "notifier",
    { Action: "dynamodb:GetItem", Resource: table("ledger") },
    { invariant: 7 },
  ),
  {
    name: "somebody else calls approvers",
    invariant: 2,
    code: "PowerHeldByAnother",
    change: (hand) => {
      // The topics' own denial holds too, while it stands.
      for (const name of Object.keys(hand.ofType("aws_sns_topic_policy"))) hand.remove("aws_sns_topic_policy", name);
      return hand.allow("announce", { Action: "sns:Publish", Resource: "*" });
    },
  },
  held("somebody subscribes to what approvers are told", "announce", {
    Action: "sns:Subscribe",
    Resource: `arn:aws:sns:eu-west-1:${ACCOUNT}:acme-writeback-approvers-*`,
  }),
  held(
    "somebody else reads the ledger's stream",
    "notifier",
    { Action: "dynamodb:GetRecords", Resource: `${table("ledger")}/stream/*` },
    { invariant: 7 },
  ),
  held(
    "the keeper of evidence reads the ledger",
    "evidence",
    { Action: "dynamodb:Query", Resource: table("ledger") },
    { invariant: 7 },
  ),
  held("somebody imports findings that nobody heard", "announce", {
    Action: "securityhub:BatchImportFindings",
    Resource: `arn:aws:securityhub:eu-west-1:${ACCOUNT}:product/${ACCOUNT}/default`,
  }),
  held("somebody else says where the evidence stands", "sweeper", onlyKeys("UpdateItem", "control", "evidence-head")),
  held("somebody else puts evidence", "sweeper", {
    Action: "s3:PutObject",
    Resource: `${BUCKET}/evidence/v1/*`,
    Condition: { Null: { "s3:if-none-match": "false" } },
  }),
  held("the keeper of evidence puts log files", "evidence", {
    Action: "s3:PutObject",
    Resource: `${BUCKET}/AWSLogs/*`,
  }),
  held("the keeper of evidence removes some", "evidence", {
    Action: "s3:DeleteObjectVersion",
    Resource: `${BUCKET}/*`,
  }),
  held("the keeper of evidence passes the lock", "evidence", {
    Action: "s3:BypassGovernanceRetention",
    Resource: `${BUCKET}/*`,
  }),
  held("a role of the stack changes the bucket of evidence", "announce", {
    Action: "s3:PutBucketPolicy",
    Resource: BUCKET,
  }),
  loosened("evidence is put over evidence", "evidence", "s3:PutObject", untested("Null")),
  held("a second reader of the writer secret", "decide", { Action: "secretsmanager:GetSecretValue", Resource: WRITER }),
  held("the broker reads the writer secret", "broker", {
    Action: "secretsmanager:GetSecretValue",
    Resource: [READER, WRITER],
  }),
  held("a reader by another spelling of the action", "inspect", {
    Action: "SecretsManager:getsecretvalue",
    Resource: WRITER,
  }),
  held("a reader by a wildcard in the action", "inspect", { Action: "secretsmanager:Get*", Resource: WRITER }),
  held("a reader by a wildcard in the secret's name", "inspect", {
    Action: "secretsmanager:GetSecretValue",
    Resource: WRITER.replace("writer-d4E5f6", "*"),
  }),
  held("the broker holds the reader's credential", "broker", {
    Action: "secretsmanager:GetSecretValue",
    Resource: READER,
  }),
  held("somebody changes the writer secret", "inspect", { Action: "secretsmanager:PutSecretValue", Resource: WRITER }),
  held("a second principal that assumes the connector role", "inspect", {
    Action: ["sts:AssumeRole", "sts:TagSession"],
    Resource: `arn:aws:iam::${ACCOUNT}:role/acme-writeback-connector`,
  }),
  held("a role that assumes the gateway's role", "announce", {
    Action: "sts:AssumeRole",
    Resource: `arn:aws:iam::${ACCOUNT}:role/acme-writeback-gateway`,
  }),
  held("a second holder of task results", "announce", { Action: "states:SendTaskSuccess", Resource: "*" }),
  held("somebody may fail a wait", "sweeper", { Action: "states:SendTaskFailure", Resource: "*" }),
  held("the workflow may call the gateway's function", "workflow", {
    Action: "lambda:InvokeFunction",
    Resource: `arn:aws:lambda:eu-west-1:${ACCOUNT}:function:acme-writeback-gateway`,
  }),
  held(
    "a second invoker of the broker",
    "sweeper",
    {
      Action: "lambda:InvokeFunction",
      Resource: `arn:aws:lambda:eu-west-1:${ACCOUNT}:function:acme-writeback-broker`,
    },
    { invariant: 1 },
  ),
  held("a second invoker of the approvals function", "announce", {
    Action: "lambda:InvokeFunction",
    Resource: `arn:aws:lambda:eu-west-1:${ACCOUNT}:function:acme-writeback-approvals`,
  }),
  held("somebody else starts the workflow", "announce", {
    Action: "states:StartExecution",
    Resource: `arn:aws:states:eu-west-1:${ACCOUNT}:stateMachine:acme-writeback-workflow`,
  }),
  held("somebody repeats a failed execution", "sweeper", {
    Action: "states:RedriveExecution",
    Resource: `arn:aws:states:eu-west-1:${ACCOUNT}:execution:acme-writeback-workflow:*`,
  }),
  held("somebody writes the classification", "decide", {
    Action: "dynamodb:PutItem",
    Resource: table("classification"),
  }),
  held(
    "somebody changes a record of the ledger",
    "gateway",
    { Action: "dynamodb:UpdateItem", Resource: table("ledger") },
    { invariant: 5 },
  ),
  held(
    "somebody removes a record of the ledger",
    "sweeper",
    { Action: "dynamodb:DeleteItem", Resource: table("ledger") },
    { invariant: 5 },
  ),
  held(
    "the workflow reads values",
    "workflow",
    { Action: "dynamodb:GetItem", Resource: table("ledger") },
    { invariant: 7 },
  ),
  held(
    "somebody sets the switch",
    "sweeper",
    {
      Action: "dynamodb:UpdateItem",
      Resource: table("control"),
      Condition: {
        "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["switch"] },
        Null: { "dynamodb:LeadingKeys": "false" },
      },
    },
    { invariant: 6 },
  ),
  held(
    "a pattern over keys that covers the switch",
    "sweeper",
    {
      Action: "dynamodb:UpdateItem",
      Resource: table("control"),
      Condition: {
        "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["s*"] },
        Null: { "dynamodb:LeadingKeys": "false" },
      },
    },
    { invariant: 6 },
  ),
  held("somebody resets the breaker", "broker", {
    Action: "dynamodb:PutItem",
    Resource: table("control"),
    Condition: {
      "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["breaker"] },
      Null: { "dynamodb:LeadingKeys": "false" },
    },
  }),
  held(
    "a second maker of digests",
    "gateway",
    { Action: "kms:GenerateMac", Resource: "arn:aws:kms:eu-west-1:111122223333:key/*" },
    { invariant: 4 },
  ),
  held("somebody publishes lifecycle events", "announce", {
    Action: "events:PutEvents",
    Resource: `arn:aws:events:eu-west-1:${ACCOUNT}:event-bus/acme-writeback-lifecycle`,
  }),
  held("somebody sends to intake's queue", "announce", {
    Action: "sqs:SendMessage",
    Resource: `arn:aws:sqs:eu-west-1:${ACCOUNT}:acme-writeback-intake`,
  }),
  held(
    "somebody reads queued events",
    "announce",
    { Action: "sqs:ReceiveMessage", Resource: `arn:aws:sqs:eu-west-1:${ACCOUNT}:acme-writeback-intake-dlq` },
    { invariant: 7 },
  ),
  held("somebody passes roles", "intake", {
    Action: "iam:PassRole",
    Resource: `arn:aws:iam::${ACCOUNT}:role/acme-writeback-gateway`,
  }),
  held("somebody edits a trust", "intake", {
    Action: "iam:UpdateAssumeRolePolicy",
    Resource: `arn:aws:iam::${ACCOUNT}:role/acme-writeback-connector`,
  }),
  held("somebody attaches policies", "intake", {
    Action: "iam:AttachRolePolicy",
    Resource: `arn:aws:iam::${ACCOUNT}:role/acme-writeback-connector`,
  }),
  held("somebody rewrites the boundary", "intake", {
    Action: "iam:CreatePolicyVersion",
    Resource: `arn:aws:iam::${ACCOUNT}:policy/acme-writeback-connector-boundary`,
  }),
  held("somebody replaces a function's code", "broker", {
    Action: "lambda:UpdateFunctionCode",
    Resource: `arn:aws:lambda:eu-west-1:${ACCOUNT}:function:acme-writeback-gateway`,
  }),
  held("somebody opens a function to others", "broker", {
    Action: "lambda:AddPermission",
    Resource: `arn:aws:lambda:eu-west-1:${ACCOUNT}:function:acme-writeback-gateway`,
  }),
  held(
    "somebody changes the API",
    "gateway",
    { Action: "apigateway:PATCH", Resource: "arn:aws:apigateway:eu-west-1::/restapis/*" },
    { invariant: 3 },
  ),
  held(
    "another role calls the field gateway",
    "broker",
    { Action: "execute-api:Invoke", Resource: "arn:aws:execute-api:eu-west-1:111122223333:*" },
    { invariant: 3 },
  ),
  held(
    "somebody changes the workflow",
    "workflow",
    {
      Action: "states:UpdateStateMachine",
      Resource: `arn:aws:states:eu-west-1:${ACCOUNT}:stateMachine:acme-writeback-workflow`,
    },
    { invariant: 1 },
  ),
  held("somebody removes a log", "announce", {
    Action: "logs:DeleteLogGroup",
    Resource: `arn:aws:logs:eu-west-1:${ACCOUNT}:log-group:/aws/lambda/acme-writeback-gateway`,
  }),
  held("everything for one role", "decide", { Action: "*", Resource: "*" }),
  held(
    "everything but one action",
    "decide",
    { NotAction: "iam:CreateUser", Resource: "*" },
    { code: "AllowWithNotAction" },
  ),
  held("everything but one action, as a power", "decide", { NotAction: "iam:CreateUser", Resource: "*" }),
  held(
    "everything but one resource",
    "decide",
    { Action: "secretsmanager:GetSecretValue", NotResource: READER },
    { code: "AllowWithNotResource" },
  ),
  held(
    "a wildcard action that gives nothing yet",
    "decide",
    { Action: "dynamodb:Describe*", Resource: table("ledger") },
    { code: "WildcardAction" },
  ),
  held(
    "a wildcard where a table was named",
    "decide",
    { Action: "dynamodb:GetItem", Resource: table("classificatio*") },
    { code: "WildcardResource" },
  ),
  held(
    "a wildcard where a secret was named",
    "inspect",
    { Action: "secretsmanager:GetSecretValue", Resource: READER.replace("-a1B2c3", "-*") },
    { code: "WildcardResource" },
  ),
  held(
    "a condition that holds without its key",
    "announce",
    {
      Action: "events:PutEvents",
      Resource: `arn:aws:events:eu-west-1:${ACCOUNT}:event-bus/acme-writeback-lifecycle`,
      Condition: { StringEqualsIfExists: { "events:source": "hris-writeback" } },
    },
    { code: "ConditionHoldsVacuously" },
  ),

  loosened(
    "announce may put any source",
    "announce",
    "events:PutEvents",
    untested("ForAllValues:StringEquals", "events:source"),
  ),
  loosened(
    "announce may put any type",
    "announce",
    "events:PutEvents",
    untested("ForAllValues:StringEquals", "events:detail-type"),
  ),
  loosened(
    "announce may put events without a source",
    "announce",
    "events:PutEvents",
    untested("Null", "events:source"),
    { code: "ConditionHoldsVacuously" },
  ),
  loosened(
    "intake may write any item of the control table",
    "request-approval",
    "LeadingKeys",
    untested("ForAllValues:StringLike"),
  ),
  loosened("keys of the control table without a Null test", "gateway", "LeadingKeys", untested("Null"), {
    code: "ConditionHoldsVacuously",
  }),
  loosened("the data key is used directly", "decide", "kms:ViaService", untested("StringEquals"), { invariant: 7 }),
  loosened("approvals decrypts anything", "approvals", "EncryptionContext:purpose", untested("StringEquals"), {
    invariant: 7,
  }),
  loosened(
    "request-approval encrypts anything",
    "request-approval",
    "EncryptionContext:purpose",
    untested("StringEquals"),
    { invariant: 7 },
  ),
  loosened(
    "approvals decrypts for any purpose",
    "approvals",
    "EncryptionContext:purpose",
    (statement) => {
      statement.Condition = { StringLike: { "kms:EncryptionContext:purpose": "*" } };
    },
    { invariant: 7 },
  ),

  {
    name: "the digest key's maker is held by a grant",
    invariant: 4,
    code: "PowerHeldByAnother",
    change: (hand) =>
      hand.add("aws_kms_grant", "extra", {
        key_id: key(hand, "digest"),
        grantee_principal: hand.roleArn("announce"),
        operations: ["GenerateMac"],
      }),
  },
  {
    name: "an administrator's policy attached to a role",
    invariant: 2,
    code: "PowerHeldByAnother",
    change: (hand) =>
      hand.add("aws_iam_role_policy_attachment", "extra", {
        role: `\${${hand.role("announce").address}.name}`,
        policy_arn: "arn:aws:iam::aws:policy/AdministratorAccess",
      }),
  },
  {
    name: "a policy of the stack attached to several roles",
    invariant: 2,
    code: "PowerHeldByAnother",
    change: (hand) => {
      const policy = hand.add("aws_iam_policy", "wide", {
        name: "wide",
        policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: WRITER },
        }),
      });
      hand.add("aws_iam_policy_attachment", "extra", {
        name: "extra",
        roles: [String(hand.role("intake").body["name"])],
        policy_arn: `\${${policy}.arn}`,
      });
      return policy;
    },
  },
  {
    name: "a policy that AWS keeps and nobody can read here",
    invariant: 2,
    code: "UnreadDocument",
    verdict: "not-proved",
    change: (hand) =>
      hand.add("aws_iam_role_policy_attachment", "extra", {
        role: String(hand.role("announce").body["name"]),
        policy_arn: "arn:aws:iam::aws:policy/SomethingNew",
      }),
  },
  {
    name: "an inline policy within the role",
    invariant: 2,
    code: "PowerHeldByAnother",
    change: (hand) => {
      const role = hand.role("announce");
      role.body["inline_policy"] = [{ name: "extra", policy: EVERYTHING }];
      return role.address;
    },
  },
  {
    name: "managed policies within the role",
    invariant: 2,
    code: "PowerHeldByAnother",
    change: (hand) => {
      const role = hand.role("announce");
      role.body["managed_policy_arns"] = ["arn:aws:iam::aws:policy/PowerUserAccess"];
      return role.address;
    },
  },
  {
    name: "a user with a policy",
    invariant: 2,
    code: "PowerHeldByAnother",
    change: (hand) => {
      hand.add("aws_iam_user", "admin", { name: "admin" });
      return hand.add("aws_iam_user_policy", "admin", {
        user: "${aws_iam_user.admin.name}",
        name: "all",
        policy: EVERYTHING,
      });
    },
  },
  {
    name: "a user in a group with a policy",
    invariant: 2,
    code: "PowerHeldByAnother",
    change: (hand) => {
      hand.add("aws_iam_user", "admin", { name: "admin" });
      hand.add("aws_iam_group", "admins", { name: "admins" });
      hand.add("aws_iam_user_group_membership", "admin", { user: "admin", groups: ["admins"] });
      return hand.add("aws_iam_group_policy", "admins", { group: "admins", name: "all", policy: EVERYTHING });
    },
  },
  {
    name: "a role of elsewhere that is given a policy here",
    invariant: 2,
    code: "PowerHeldByAnother",
    change: (hand) =>
      hand.add("aws_iam_role_policy", "extra", {
        role: "somebody-elses-role",
        policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Action: "states:SendTaskSuccess", Resource: "*" }],
        }),
      }),
  },
  {
    name: "a new role without a tag",
    invariant: 2,
    code: "PowerHeldByAnother",
    change: (hand) => {
      hand.add("aws_iam_role", "extra", {
        name: "extra",
        assume_role_policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
        }),
      });
      return hand.add("aws_iam_role_policy", "extra", {
        role: "${aws_iam_role.extra.id}",
        policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: WRITER }],
        }),
      });
    },
  },
  {
    name: "a second role with the gateway's tag",
    invariant: 2,
    code: "PrincipalNotUnique",
    change: (hand) => {
      const gateway = hand.role("gateway");
      hand.add("aws_iam_role", "twin", { ...gateway.body, name: "twin" });
      hand.add("aws_iam_role_policy", "twin", { ...hand.policy("gateway").body, role: "${aws_iam_role.twin.id}" });
      return "aws_iam_role.twin";
    },
  },
  {
    name: "a second function that runs as the gateway",
    invariant: 2,
    code: "RunsAsAnother",
    change: (hand) => hand.add("aws_lambda_function", "twin", { ...hand.fn("gateway").body, function_name: "twin" }),
  },
  {
    name: "a task definition that runs as the broker",
    invariant: 2,
    code: "RunsAsAnother",
    change: (hand) =>
      hand.add("aws_ecs_task_definition", "twin", {
        family: "twin",
        task_role_arn: `\${${hand.role("broker").address}.arn}`,
      }),
  },
  {
    name: "a policy document from a data source",
    invariant: 2,
    code: "UnreadDocument",
    verdict: "not-proved",
    change: (hand) => {
      const policy = hand.policy("decide");
      hand.json["data"] = {
        aws_iam_policy_document: { decide: { statement: [{ actions: ["*"], resources: ["*"] }] } },
      };
      policy.body["policy"] = "${data.aws_iam_policy_document.decide.json}";
      return policy.address;
    },
  },
  {
    name: "a policy that Terraform encodes",
    invariant: 2,
    code: "UnreadDocument",
    verdict: "not-proved",
    change: (hand) => {
      const policy = hand.policy("decide");
      policy.body["policy"] = '${jsonencode({ Version = "2012-10-17" })}';
      return policy.address;
    },
  },
  {
    name: "a policy from a file",
    invariant: 2,
    code: "UnreadDocument",
    verdict: "not-proved",
    change: (hand) => {
      const policy = hand.policy("decide");
      policy.body["policy"] = '${file("decide.json")}';
      return policy.address;
    },
  },
  {
    name: "a policy with a variable in it",
    invariant: 2,
    code: "UnreadDocument",
    verdict: "not-proved",
    change: (hand) => {
      hand.json["variable"] = { table: { default: "any" } };
      return hand.allow("decide", { Action: "dynamodb:GetItem", Resource: "${var.table}" });
    },
  },
  {
    name: "a policy that Terraform leaves as it finds it",
    invariant: 2,
    code: "UnreadDocument",
    verdict: "not-proved",
    change: (hand) => {
      const policy = hand.policy("decide");
      policy.body["lifecycle"] = { ignore_changes: ["policy"] };
      return policy.address;
    },
  },
  {
    name: "a policy whose role is only known later",
    invariant: 2,
    code: "UnreadDocument",
    verdict: "not-proved",
    change: (hand) => hand.add("aws_iam_role_policy", "extra", { role: "${var.role}", policy: EVERYTHING }),
  },
  {
    name: "a role that is made several times",
    invariant: 2,
    code: "UnreadPart",
    verdict: "not-proved",
    change: (hand) => {
      const role = hand.role("scheduler");
      role.body["count"] = 2;
      return role.address;
    },
  },
  {
    name: "a role whose name is only known later",
    invariant: 2,
    code: "UnreadPart",
    verdict: "not-proved",
    change: (hand) => {
      const role = hand.role("decide");
      role.body["name"] = "${var.prefix}-decide";
      return role.address;
    },
  },
  {
    name: "a function whose name a directive makes",
    invariant: 2,
    code: "UnreadPart",
    verdict: "not-proved",
    change: (hand) => {
      const { body, address } = hand.fn("approvals");
      body["function_name"] = "%{ if var.short }approvals%{ endif }";
      return address;
    },
  },
  {
    name: "a module beside the resources",
    invariant: 2,
    code: "UnreadPart",
    verdict: "not-proved",
    change: (hand) => {
      hand.json["module"] = { more: { source: "./more" } };
      return "module.more";
    },
  },
  {
    name: "a command that runs at apply",
    invariant: 2,
    code: "UnreadPart",
    verdict: "not-proved",
    change: (hand) => hand.add("terraform_data", "extra", { provisioner: [{ "local-exec": { command: "true" } }] }),
  },
  {
    name: "a policy in an operator that IAM does not have",
    invariant: 2,
    code: "UnreadDocument",
    verdict: "not-proved",
    change: (hand) =>
      hand.identity("connector-execution", (document) => {
        mentioning(document, "sts:*").Condition = { StringEqualz: { "aws:PrincipalArn": ANY_ROLE } };
      }),
  },
];
