import { withoutTest, type Hand, type Tree } from "../hand";
import { ACCOUNT, attack, FOREIGN, ref, WRITER } from "./attacks";
import type { Sabotage } from "./sabotage";

/** A change of the scope of one change. */
const workflow = (change: (scope: Record<string, Tree>, machine: Tree, hand: Hand) => void) => (hand: Hand) =>
  hand.workflow((scope, machine) => {
    change(scope, machine, hand);
  });

/** The same of workflow, API, values and what Terraform itself can be told. */
export const ATTACKS_ON_PARTS: readonly Sabotage[] = [
  // The workflow.
  attack(
    "a failure of Inspect goes to Write",
    1,
    "WriteWithoutApproval",
    workflow((scope) => {
      scope["Inspect"]!["Catch"] = [{ ErrorEquals: ["States.ALL"], Next: "Write" }];
    }),
  ),
  attack(
    "a Parallel whose branch writes",
    1,
    "WriteWithoutApproval",
    workflow((scope) => {
      scope["Inspect"]!["Next"] = "Both";
      scope["Both"] = {
        Type: "Parallel",
        Branches: [
          {
            StartAt: "Publish",
            States: { Publish: { ...scope["Write"], Next: undefined, Catch: undefined, End: true } },
          },
        ],
        ResultPath: "$.both",
        Next: "Route",
      };
    }),
  ),
  attack(
    "a Map within a change that writes",
    1,
    "WriteWithoutApproval",
    workflow((scope) => {
      scope["Inspect"]!["Next"] = "Each";
      scope["Each"] = {
        Type: "Map",
        ItemsPath: "$.list",
        ItemProcessor: {
          StartAt: "Publish",
          States: { Publish: { ...scope["Write"], Next: undefined, Catch: undefined, End: true } },
        },
        ResultPath: "$.each",
        Next: "Route",
      };
    }),
  ),
  attack(
    "a write by Lambda's own API",
    1,
    "WriteWithoutApproval",
    workflow((scope, _machine, hand) => {
      scope["Inspect"]!["Next"] = "Publish";
      scope["Publish"] = {
        Type: "Task",
        Resource: "arn:aws:states:::aws-sdk:lambda:invoke",
        Parameters: { FunctionName: hand.functionArn("broker"), "Payload.$": "$" },
        ResultPath: "$.published",
        Next: "Route",
      };
    }),
  ),
  attack(
    "a write by the function's ARN alone",
    1,
    "WriteWithoutApproval",
    workflow((scope, _machine, hand) => {
      scope["Inspect"]!["Next"] = "Publish";
      scope["Publish"] = {
        Type: "Task",
        Resource: hand.functionArn("broker"),
        ResultPath: "$.published",
        Next: "Route",
      };
    }),
  ),
  attack(
    "a request by HTTP from the workflow",
    1,
    "WriteWithoutApproval",
    workflow((scope) => {
      scope["Inspect"]!["Next"] = "Publish";
      scope["Publish"] = {
        Type: "Task",
        Resource: "arn:aws:states:::http:invoke",
        Parameters: {
          ApiEndpoint: "https://example.com",
          Method: "POST",
          Authentication: { ConnectionArn: "arn:aws:events:eu-west-1:111122223333:connection/a/b" },
        },
        ResultPath: "$.published",
        Next: "Route",
      };
    }),
  ),
  attack(
    "one state in JSONata",
    1,
    "UnreadWorkflow",
    workflow((scope) => {
      scope["Inspect"] = { ...scope["Inspect"], QueryLanguage: "JSONata" };
    }),
    "not-proved",
  ),
  attack(
    "a rule of Route over what the execution was started with",
    1,
    "WriteWithoutApproval",
    workflow((scope) => {
      (scope["Route"]!["Choices"] as Tree[]).push({
        Variable: "$$.Execution.Input.write",
        BooleanEquals: true,
        Next: "Write",
      });
    }),
  ),
  attack(
    "a rule of Route over a variable",
    1,
    "WriteWithoutApproval",
    workflow((scope) => {
      scope["Inspect"]!["Assign"] = { "verdict.$": "$.inspection.route" };
      (scope["Route"]!["Choices"] as Tree[]).push({ Variable: "$verdict", StringEquals: "write", Next: "Write" });
    }),
  ),
  attack(
    "Write is told another field",
    1,
    "WriteOfAnotherChange",
    workflow((scope) => {
      const payload = (scope["Write"]!["Parameters"] as Tree)["Payload"] as Tree;
      delete payload["index.$"];
      payload["index"] = 0;
    }),
  ),

  // The API.
  attack("an authorizer of one's own for the gateway's method", 3, "MethodNotIam", (hand) => {
    const method = hand.find("aws_api_gateway_method");
    method.body["authorization"] = "CUSTOM";
    return method.address;
  }),
  attack("the gateway's requests sent to somebody's server", 3, "NotTheGateway", (hand) => {
    const integration = hand.find("aws_api_gateway_integration");
    Object.assign(integration.body, { type: "HTTP_PROXY", uri: "https://example.com" });
    return integration.address;
  }),
  attack("any method on a path of its own", 3, "MethodBesidesTheOne", (hand) => {
    const api = ref(hand.find("aws_api_gateway_rest_api"), "id");
    hand.add("aws_api_gateway_resource", "attack", {
      rest_api_id: api,
      parent_id: ref(hand.find("aws_api_gateway_rest_api"), "root_resource_id"),
      path_part: "{proxy+}",
    });
    return hand.add("aws_api_gateway_method", "attack", {
      rest_api_id: api,
      resource_id: "${aws_api_gateway_resource.attack.id}",
      http_method: "ANY",
      authorization: "AWS_IAM",
    });
  }),

  // Values.
  attack("events of the bus written to a log", 7, "RuleTooWide", (hand) => {
    const bus = ref(hand.find("aws_cloudwatch_event_bus"), "name");
    hand.add("aws_cloudwatch_event_rule", "attack", {
      name: "attack",
      event_bus_name: bus,
      event_pattern: JSON.stringify({ "detail-type": [{ exists: true }] }),
    });
    hand.add("aws_cloudwatch_log_group", "attack", {
      name: "/aws/events/attack",
      kms_key_id: ref(hand.find("aws_kms_key", "data")),
    });
    return hand.add("aws_cloudwatch_event_target", "attack", {
      rule: "attack",
      event_bus_name: bus,
      arn: "${aws_cloudwatch_log_group.attack.arn}",
    });
  }),
  attack("a backup of whatever there is", 7, "ValuesElsewhere", (hand) =>
    hand.add("aws_backup_selection", "attack", {
      name: "attack",
      plan_id: "any",
      iam_role_arn: `arn:aws:iam::${ACCOUNT}:role/backup`,
      resources: ["*"],
    }),
  ),
  attack("a secret's value in the code", 7, "SecretInStack", (hand) =>
    hand.add("aws_secretsmanager_secret_version", "attack", { secret_id: WRITER, secret_string: "hunter2-hunter2" }),
  ),
  attack(
    "an integration of the ledger with a warehouse",
    7,
    "UnreadPart",
    (hand) =>
      hand.add("aws_redshift_integration", "attack", {
        source_arn: ref(hand.find("aws_dynamodb_table", "ledger_table")),
        target_arn: `arn:aws:redshift-serverless:eu-west-1:${ACCOUNT}:namespace/any`,
      }),
    "not-proved",
  ),
  attack(
    "a pipeline that names the ledger in its settings",
    7,
    "UnreadPart",
    (hand) =>
      hand.add("aws_osis_pipeline", "attack", {
        pipeline_configuration_body: `source: { dynamodb: { table: ${String(hand.find("aws_dynamodb_table", "ledger_table").body["name"])} } }`,
      }),
    "not-proved",
  ),
  ...["", JSON.stringify({ redrivePermission: "allowAll" })].map((policy) =>
    attack(`intake's dead letters open to every queue${policy === "" ? " by default" : ""}`, 2, "QueueOpen", (hand) => {
      const { address, body } = hand.find("aws_sqs_queue", "bus_dead-letter-queue");
      body["redrive_allow_policy"] = policy === "" ? null : policy;
      return address;
    }),
  ),

  // Terraform.
  attack(
    "an API policy that is made no time",
    3,
    "UnreadPart",
    (hand) => {
      const at = hand.find("aws_api_gateway_rest_api_policy");
      at.body["count"] = 0;
      return at.address;
    },
    "not-proved",
  ),
  attack("a boundary for each of nobody", 3, "UnreadPart", (hand) => {
    const at = hand.find("aws_iam_policy", "boundary");
    at.body["for_each"] = "${toset([])}";
    return at.address;
  }),
  ...(
    [
      ["a stack of CloudFormation's", "aws_cloudformation_stack", { name: "any", template_body: "{}" }],
      ["a role by Cloud Control", "aws_cloudcontrolapi_resource", { type_name: "AWS::IAM::Role", desired_state: "{}" }],
      ["a role of another provider's", "awscc_iam_role", { role_name: "any" }],
    ] as const
  ).map(([what, type, body]) => attack(what, 2, "UnreadPart", (hand) => hand.add(type, "attack", body), "not-proved")),
  attack(
    "a ledger in another account",
    2,
    "UnreadPart",
    (hand) => {
      hand.json["provider"] = {
        aws: [
          { region: "eu-west-1", allowed_account_ids: [ACCOUNT] },
          { alias: "elsewhere", region: "eu-west-1", assume_role: [{ role_arn: FOREIGN }] },
        ],
      };
      const { address, body } = hand.find("aws_dynamodb_table", "ledger_table");
      body["provider"] = "aws.elsewhere";
      return address;
    },
    "not-proved",
  ),
  attack("a boundary that AWS keeps, for the connector role", 3, "AllowWithNotAction", (hand) => {
    const { address, body } = hand.role("connector");
    body["permissions_boundary"] = "arn:aws:iam::aws:policy/PowerUserAccess";
    return address;
  }),
  attack("the connector role's condition on the session's name is dropped", 2, "TrustTooWide", (hand) =>
    hand.trust("connector", (document) => {
      for (const statement of document.Statement)
        if (statement.Condition?.["StringLike"] !== undefined) withoutTest(statement, "StringLike");
    }),
  ),
];
