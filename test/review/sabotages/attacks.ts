import { mentioning, type Hand, type Tree } from "../hand";
import type { Sabotage } from "./sabotage";

export const ACCOUNT = "111122223333";
export const FOREIGN = "arn:aws:iam::444455556666:role/somebody";
export const WRITER = `arn:aws:secretsmanager:eu-west-1:${ACCOUNT}:secret:hris/bamboohr-writer-d4E5f6`;

/** One change, and what must be said of it. */
export function attack(
  name: string,
  invariant: Sabotage["invariant"],
  code: Sabotage["code"],
  change: (hand: Hand) => string,
  verdict?: "not-proved",
): Sabotage {
  return { name, invariant, code, change, ...(verdict === undefined ? {} : { verdict }) };
}

const policy = (...statements: Tree[]): string => JSON.stringify({ Version: "2012-10-17", Statement: statements });
/** A reference to a resource. */
export const ref = ({ address }: { readonly address: string }, attribute = "arn"): string =>
  `\${${address}.${attribute}}`;

/** Who else may start a function, by a permission without a source. */
const permission = (hand: Hand, principal: string, service: string): string =>
  hand.add("aws_lambda_permission", "attack", {
    action: "lambda:InvokeFunction",
    function_name: ref(hand.fn(principal), "function_name"),
    principal: service,
  });

/** One more variable in a function's environment. */
function variable(hand: Hand, principal: string, name: string, value: string): string {
  const { address, body } = hand.fn(principal);
  (body["environment"] as { variables: Tree }).variables[name] = value;
  return address;
}

/** What nobody of the trust model does, in ways that no other table here has. */
export const ATTACKS: readonly Sabotage[] = [
  // Statements.
  attack("the connector's own role is denied sts:* over plain HTTP only", 3, "DenyMissing", (hand) =>
    hand.identity("connector-execution", (document) => {
      mentioning(document, "sts:*", "Deny").Condition = { Bool: { "aws:SecureTransport": "false" } };
    }),
  ),
  attack("the fields of the connector role as a pattern", 3, "LayerTooWide", (hand) =>
    hand.identity("connector", (document) => {
      const allow = mentioning(document, "grants", "Allow");
      allow.Condition = { StringLike: { "aws:PrincipalTag/field": "*" } };
    }),
  ),
  attack("the fields of the connector role, if it has a field", 3, "ConditionHoldsVacuously", (hand) =>
    hand.identity("connector", (document) => {
      const allow = mentioning(document, "grants", "Allow");
      const { StringEquals, ...others } = allow.Condition!;
      allow.Condition = { ...others, StringEqualsIfExists: StringEquals! };
    }),
  ),
  attack("the fields of the connector role, for all values of none", 3, "ConditionHoldsVacuously", (hand) =>
    hand.identity("connector", (document) => {
      const allow = mentioning(document, "grants", "Allow");
      const { StringEquals, ...others } = allow.Condition!;
      allow.Condition = { ...others, "ForAllValues:StringEquals": StringEquals! };
    }),
  ),
  attack("a second Allow in the boundary, for the socket of the API", 3, "LayerTooWide", (hand) =>
    hand.boundary((document) => {
      document.Statement.push({ Sid: "More", Effect: "Allow", Action: "execute-api:*", Resource: "*" });
    }),
  ),
  attack("the API's denial of other roles, only where a tag is absent", 3, "DenyMissing", (hand) =>
    hand.api((document) => {
      const deny = document.Statement.find(({ Condition }) => JSON.stringify(Condition ?? {}).includes("PrincipalArn"));
      deny!.Condition = { ...deny!.Condition, Null: { "aws:PrincipalTag/grantId": "true" } };
    }),
  ),
  attack("the session may use any method", 3, "LayerTooWide", (hand) =>
    hand.session((document) => {
      const allow = mentioning(document, "PATCH", "Allow");
      allow.Resource = String(allow.Resource).replace("/PATCH/", "/*/");
    }),
  ),
  attack("a writer secret that another account may read", 2, "PowerHeldByAnother", (hand) =>
    hand.add("aws_secretsmanager_secret_policy", "attack", {
      secret_arn: WRITER,
      policy: policy({
        Effect: "Allow",
        Principal: { AWS: FOREIGN },
        Action: "secretsmanager:GetSecretValue",
        Resource: "*",
      }),
    }),
  ),
  attack("a control table that another account may write", 6, "PowerHeldByAnother", (hand) =>
    hand.add("aws_dynamodb_resource_policy", "attack", {
      resource_arn: ref(hand.find("aws_dynamodb_table", "control")),
      policy: policy({ Effect: "Allow", Principal: { AWS: FOREIGN }, Action: "dynamodb:UpdateItem", Resource: "*" }),
    }),
  ),
  attack("a digest key that another account may make digests with", 4, "PowerHeldByAnother", (hand) =>
    hand.key("digest", (document) => {
      document.Statement.push({
        Sid: "More",
        Effect: "Allow",
        Principal: { AWS: FOREIGN },
        Action: "kms:GenerateMac",
        Resource: "*",
      });
    }),
  ),
  attack("a queue that anybody may ask for its tags", 2, "PowerHeldByAnother", (hand) =>
    hand.queue((document) => {
      document.Statement.push({
        Sid: "More",
        Effect: "Allow",
        Principal: { AWS: FOREIGN },
        Action: "sqs:TagQueue",
        Resource: "*",
      });
    }),
  ),
  attack("a table that one function may back up", 7, "PowerHeldByAnother", (hand) =>
    hand.allow("sweeper", {
      Action: "dynamodb:CreateBackup",
      Resource: ref(hand.find("aws_dynamodb_table", "ledger_table")),
    }),
  ),
  attack("an approvals page whose routes one function may change", 1, "PowerHeldByAnother", (hand) =>
    hand.allow("announce", {
      Action: "apigateway:PATCH",
      Resource: `arn:aws:apigateway:eu-west-1::/apis/${ref(hand.find("aws_apigatewayv2_api"), "id")}/routes/*`,
    }),
  ),
  attack("a sweeper that starts the kill switch, and so a resume", 6, "PowerHeldByAnother", (hand) =>
    hand.allow("sweeper", {
      Action: "states:StartExecution",
      Resource: ref(hand.find("aws_sfn_state_machine", "kill-switch")),
    }),
  ),
  attack("a statement whose action nobody knows yet", 2, "PowerHeldByAnother", (hand) =>
    hand.allow("announce", {
      Action: "dynamodb:SomethingNew",
      Resource: ref(hand.find("aws_dynamodb_table", "control")),
    }),
  ),

  // Doors.
  attack("EventBridge of any account runs the kill switch", 6, "AnotherDoor", (hand) =>
    permission(hand, "kill-switch", "events.amazonaws.com"),
  ),
  attack("EventBridge of any account runs reversal", 1, "AnotherDoor", (hand) =>
    permission(hand, "reversal", "events.amazonaws.com"),
  ),
  attack("SNS of any account runs the sweeper", 2, "ServiceUnbound", (hand) =>
    permission(hand, "sweeper", "sns.amazonaws.com"),
  ),
  attack("S3 of any account runs announce", 2, "AnotherDoor", (hand) =>
    permission(hand, "announce", "s3.amazonaws.com"),
  ),
  attack("the kill switch reads a queue", 6, "AnotherDoor", (hand) => {
    const queue = hand.add("aws_sqs_queue", "attack", { name: "attack", sqs_managed_sse_enabled: true });
    return hand.add("aws_lambda_event_source_mapping", "attack", {
      event_source_arn: `\${${queue}.arn}`,
      function_name: ref(hand.fn("kill-switch"), "function_name"),
    });
  }),
  attack("the kill switch run at apply", 6, "AnotherDoor", (hand) =>
    hand.add("aws_lambda_invocation", "attack", {
      function_name: ref(hand.fn("kill-switch"), "function_name"),
      input: '{"action":"resume"}',
    }),
  ),
  attack("a pipe from a queue to the broker", 1, "AnotherDoor", (hand) =>
    hand.add("aws_pipes_pipe", "attack", {
      name: "attack",
      role_arn: ref(hand.role("workflow")),
      source: `arn:aws:sqs:eu-west-1:${ACCOUNT}:any`,
      target: ref(hand.fn("broker")),
    }),
  ),
  attack("a pipe from a queue to the workflow", 2, "AnotherDoor", (hand) =>
    hand.add("aws_pipes_pipe", "attack", {
      name: "attack",
      role_arn: ref(hand.role("intake")),
      source: `arn:aws:sqs:eu-west-1:${ACCOUNT}:any`,
      target: ref(hand.find("aws_sfn_state_machine", "_workflow_state-machine")),
    }),
  ),
  attack("a rule of the account's own bus for the workflow", 2, "AnotherDoor", (hand) => {
    hand.add("aws_cloudwatch_event_rule", "attack", { name: "attack", schedule_expression: "rate(1 hour)" });
    return hand.add("aws_cloudwatch_event_target", "attack", {
      rule: "attack",
      arn: ref(hand.find("aws_sfn_state_machine", "_workflow_state-machine")),
      role_arn: ref(hand.role("intake")),
    });
  }),
  attack(
    "a rotation of the writer secret by somebody's function",
    2,
    "UnreadPart",
    (hand) =>
      hand.add("aws_secretsmanager_secret_rotation", "attack", {
        secret_id: WRITER,
        rotation_lambda_arn: `arn:aws:lambda:eu-west-1:${ACCOUNT}:function:somebody`,
        rotation_rules: { automatically_after_days: 1 },
      }),
    "not-proved",
  ),
  attack("a URL for the sweeper", 2, "AnotherDoor", (hand) =>
    hand.add("aws_lambda_function_url", "attack", {
      function_name: ref(hand.fn("sweeper"), "function_name"),
      authorization_type: "AWS_IAM",
    }),
  ),
  attack("an alias of the gateway with another version, as the API's", 3, "NotTheGateway", (hand) => {
    hand.add("aws_lambda_alias", "attack", {
      name: "attack",
      function_name: ref(hand.fn("gateway"), "function_name"),
      function_version: "1",
    });
    const integration = hand.find("aws_api_gateway_integration");
    integration.body["uri"] = "${aws_lambda_alias.attack.invoke_arn}";
    return integration.address;
  }),

  // Code and whom it talks to.
  ...(
    [
      ["another endpoint for secrets", "gateway", "AWS_ENDPOINT_URL_SECRETS_MANAGER", "https://example.com"],
      ["a proxy", "broker", "HTTPS_PROXY", "http://192.0.2.1:3128"],
      ["certificates that nobody checks", "inspect", "NODE_TLS_REJECT_UNAUTHORIZED", "0"],
      ["code before the handler", "approvals", "NODE_OPTIONS", "--require x.js"],
    ] as const
  ).map(([what, principal, name, value]) =>
    attack(`${what} for ${principal}`, 2, "UnreadCode", (hand) => variable(hand, principal, name, value), "not-proved"),
  ),
  attack(
    "a function from an image of somebody's",
    2,
    "UnreadCode",
    (hand) => {
      const { address, body } = hand.fn("gateway");
      body["image_uri"] = "444455556666.dkr.ecr.eu-west-1.amazonaws.com/any:latest";
      body["package_type"] = "Image";
      return address;
    },
    "not-proved",
  ),
  attack(
    "a function from a bucket of somebody's",
    2,
    "UnreadCode",
    (hand) => {
      const { address, body } = hand.fn("broker");
      delete body["filename"];
      Object.assign(body, { s3_bucket: "somebody", s3_key: "x.zip" });
      return address;
    },
    "not-proved",
  ),

  // People.
  attack("a user with keys, whose secret Terraform keeps", 7, "SecretInStack", (hand) => {
    hand.add("aws_iam_user", "attack", { name: "attack" });
    return hand.add("aws_iam_access_key", "attack", { user: "${aws_iam_user.attack.name}" });
  }),
  attack("an instance that runs as the gateway", 2, "RunsAsAnother", (hand) =>
    hand.add("aws_iam_instance_profile", "attack", { name: "attack", role: ref(hand.role("gateway"), "name") }),
  ),
  attack("machines of elsewhere that run as the broker", 2, "RunsAsAnother", (hand) =>
    hand.add("aws_rolesanywhere_profile", "attack", { name: "attack", role_arns: [ref(hand.role("broker"))] }),
  ),
  attack("a build that runs as approvals", 2, "RunsAsAnother", (hand) =>
    hand.add("aws_codebuild_project", "attack", { name: "attack", service_role: ref(hand.role("approvals")) }),
  ),

  // Items that Terraform puts.
  attack("a switch that Terraform sets to running", 6, "RecordByTerraform", (hand) =>
    hand.add("aws_dynamodb_table_item", "attack", {
      table_name: ref(hand.find("aws_dynamodb_table", "control"), "name"),
      hash_key: "pk",
      item: JSON.stringify({ pk: { S: "switch" }, state: { S: "running" } }),
    }),
  ),
  attack("an approval that Terraform records", 1, "RecordByTerraform", (hand) =>
    hand.add("aws_dynamodb_table_item", "attack", {
      table_name: ref(hand.find("aws_dynamodb_table", "ledger_table"), "name"),
      hash_key: "pk",
      range_key: "sk",
      item: JSON.stringify({ pk: { S: "approval#r-1#0" }, sk: { S: "decision#1" } }),
    }),
  ),
];
