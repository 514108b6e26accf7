import type { Hand, Tree } from "../hand";
import type { Sabotage } from "./sabotage";

const ELSEWHERE = "999988887777";

function adds(
  name: string,
  invariant: Sabotage["invariant"],
  code: string,
  type: string,
  body: (hand: Hand) => Tree,
  verdict?: "not-proved",
): Sabotage {
  return {
    name,
    invariant,
    code,
    change: (hand) => hand.add(type, "more", body(hand)),
    ...(verdict === undefined ? {} : { verdict }),
  };
}

const arnOf = (hand: Hand, type: string, part: string, attribute = "arn"): string =>
  `\${${hand.find(type, part).address}.${attribute}}`;
const ledger = (hand: Hand, attribute = "arn"): string => arnOf(hand, "aws_dynamodb_table", "ledger_table", attribute);
const intakeQueue = (hand: Hand): string => arnOf(hand, "aws_sqs_queue", "bus_queue");
const bus = (hand: Hand, attribute = "arn"): string => arnOf(hand, "aws_cloudwatch_event_bus", "", attribute);

function variable(hand: Hand, principal: string, name: string, value: string): string {
  const { address, body } = hand.fn(principal);
  (body["environment"] as { variables: Tree }).variables[name] = value;
  return address;
}

/** HR's values where nobody of the stack says who reads them. */
export const ELSEWHERE_SABOTAGES: readonly Sabotage[] = [
  adds("an archive of the lifecycle bus", 7, "ValuesElsewhere", "aws_cloudwatch_event_archive", (hand) => ({
    name: "a",
    event_source_arn: bus(hand),
  })),
  adds(
    "the ledger's changes sent to a stream",
    7,
    "ValuesElsewhere",
    "aws_dynamodb_kinesis_streaming_destination",
    (hand) => ({
      stream_arn: `arn:aws:kinesis:eu-west-1:${ELSEWHERE}:stream/x`,
      table_name: ledger(hand, "name"),
    }),
  ),
  adds("a pipe from the ledger's stream", 7, "ValuesElsewhere", "aws_pipes_pipe", (hand) => ({
    name: "p",
    role_arn: "arn:aws:iam::111122223333:role/pipes",
    source: ledger(hand, "stream_arn"),
    target: `arn:aws:sqs:eu-west-1:${ELSEWHERE}:q`,
  })),
  adds("a second reader of the ledger's stream", 2, "ValuesElsewhere", "aws_lambda_event_source_mapping", (hand) => ({
    function_name: `\${${hand.fn("announce").address}.arn}`,
    event_source_arn: ledger(hand, "stream_arn"),
    starting_position: "LATEST",
  })),
  adds("a second reader of intake's queue", 7, "ValuesElsewhere", "aws_lambda_event_source_mapping", (hand) => ({
    function_name: `\${${hand.fn("announce").address}.arn}`,
    event_source_arn: intakeQueue(hand),
  })),
  adds("a replica of the data key with a policy of its own", 7, "ValuesElsewhere", "aws_kms_replica_key", (hand) => ({
    primary_key_arn: arnOf(hand, "aws_kms_key", "data"),
    policy: "{}",
  })),
  {
    name: "a ledger in a second Region",
    invariant: 7,
    code: "ValuesElsewhere",
    change: (hand) => {
      const table = hand.find("aws_dynamodb_table", "ledger_table");
      table.body["replica"] = [{ region_name: "us-east-1" }];
      return table.address;
    },
  },
  {
    name: "dead letters sent to another account",
    invariant: 7,
    code: "ValuesElsewhere",
    change: (hand) => {
      const queue = hand.find("aws_sqs_queue", "bus_queue");
      queue.body["redrive_policy"] = JSON.stringify({ deadLetterTargetArn: `arn:aws:sqs:eu-west-1:${ELSEWHERE}:q` });
      return queue.address;
    },
  },
  adds(
    "what the gateway answers sent to another account",
    7,
    "ValuesElsewhere",
    "aws_lambda_function_event_invoke_config",
    (hand) => ({
      function_name: hand.fn("gateway").body["function_name"],
      destination_config: { on_success: { destination: `arn:aws:sqs:eu-west-1:${ELSEWHERE}:q` } },
    }),
  ),
  {
    name: "a ledger that forgets",
    invariant: 5,
    code: "RecordsExpire",
    change: (hand) => {
      const table = hand.find("aws_dynamodb_table", "ledger_table");
      table.body["ttl"] = { attribute_name: "expires", enabled: true };
      return table.address;
    },
  },
  {
    name: "everything on the bus sent to another account",
    invariant: 7,
    code: "RuleTooWide",
    change: (hand) => {
      hand.add("aws_cloudwatch_event_rule", "all", {
        name: "all",
        event_bus_name: bus(hand, "name"),
        event_pattern: '{"account":["111122223333"]}',
      });
      return hand.add("aws_cloudwatch_event_target", "all", {
        rule: "${aws_cloudwatch_event_rule.all.name}",
        event_bus_name: bus(hand, "name"),
        arn: `arn:aws:events:eu-west-1:${ELSEWHERE}:event-bus/default`,
      });
    },
  },
  adds("a schedule that sends to intake's queue", 2, "RuleTooWide", "aws_cloudwatch_event_target", (hand) => ({
    rule: "every-minute",
    arn: intakeQueue(hand),
    input: "{}",
  })),
  {
    name: "a rule with alternatives",
    invariant: 2,
    code: "UnreadValue",
    verdict: "not-proved",
    change: (hand) => {
      const rule = hand.find("aws_cloudwatch_event_rule", "joiner");
      rule.body["event_pattern"] = `{"$or":[${String(rule.body["event_pattern"])},{"account":["111122223333"]}]}`;
      return rule.address;
    },
  },
  {
    name: "the data key opened to another account",
    invariant: 2,
    code: "AllowToAccount",
    change: (hand) =>
      hand.key("data", (document) =>
        document.Statement.push({
          Effect: "Allow",
          Principal: { AWS: `arn:aws:iam::${ELSEWHERE}:root` },
          Action: "kms:Decrypt",
          Resource: "*",
        }),
      ),
  },
];

/** What functions are told and what runs with them, stages, issuers, and what Terraform does besides resources. */
export const SETTING_SABOTAGES: readonly Sabotage[] = [
  {
    name: "a gateway that asks the switch of another table",
    invariant: 6,
    code: "PartsDiffer",
    change: (hand) => variable(hand, "gateway", "CONTROL_TABLE", "another-control"),
  },
  {
    name: "an inspection that makes digests with another key",
    invariant: 4,
    code: "PartsDiffer",
    change: (hand) => variable(hand, "inspect", "DIGEST_KEY_ARN", "arn:aws:kms:eu-west-1:111122223333:key/other"),
  },
  {
    name: "a gateway that loads other code",
    invariant: 4,
    code: "UnreadCode",
    verdict: "not-proved",
    change: (hand) => variable(hand, "gateway", "NODE_OPTIONS", "--require ./more.js"),
  },
  {
    name: "a gateway with a layer of somebody else's",
    invariant: 7,
    code: "UnreadCode",
    verdict: "not-proved",
    change: (hand) => {
      const { address, body } = hand.fn("gateway");
      body["layers"] = [`arn:aws:lambda:eu-west-1:${ELSEWHERE}:layer:more:1`];
      return address;
    },
  },
  adds("a URL for the sweeper that asks nobody", 2, "AnotherDoor", "aws_lambda_function_url", (hand) => ({
    function_name: `\${${hand.fn("sweeper").address}.function_name}`,
    authorization_type: "NONE",
  })),
  adds("an invocation of the broker at each apply", 1, "AnotherDoor", "aws_lambda_invocation", (hand) => ({
    function_name: hand.fn("broker").body["function_name"],
    input: "{}",
  })),
  adds(
    "everything attached by a list",
    2,
    "PowerHeldByAnother",
    "aws_iam_role_policy_attachments_exclusive",
    (hand) => ({
      role_name: hand.role("decide").body["name"],
      policy_arns: ["arn:aws:iam::aws:policy/AdministratorAccess"],
    }),
  ),
  adds("a second stage of the field gateway's API", 3, "StageBesidesTheOne", "aws_api_gateway_stage", (hand) => ({
    ...hand.find("aws_api_gateway_stage").body,
    stage_name: "test",
  })),
  {
    name: "a share of the requests for another deployment",
    invariant: 3,
    code: "UnreadPart",
    verdict: "not-proved",
    change: (hand) => {
      const { address, body } = hand.find("aws_api_gateway_stage");
      body["canary_settings"] = { percent_traffic: 50 };
      return address;
    },
  },
  {
    name: "approvers that another issuer names",
    invariant: 2,
    code: "RouteWithoutApprover",
    change: (hand) => {
      const { address, body } = hand.find("aws_apigatewayv2_authorizer");
      (body["jwt_configuration"] as Tree)["issuer"] = "https://login.example.net";
      return address;
    },
  },
  {
    name: "another issuer for one route",
    invariant: 2,
    code: "RouteWithoutApprover",
    change: (hand) => {
      const authorizer = hand.add("aws_apigatewayv2_authorizer", "more", {
        ...hand.find("aws_apigatewayv2_authorizer").body,
        jwt_configuration: { issuer: "https://login.example.net", audience: ["any"] },
      });
      hand.find("aws_apigatewayv2_route", "decide").body["authorizer_id"] = `\${${authorizer}.id}`;
      return authorizer;
    },
  },
  {
    name: "a request to the approvals function in other words",
    invariant: 2,
    code: "UnreadValue",
    verdict: "not-proved",
    change: (hand) => {
      const { address, body } = hand.find("aws_apigatewayv2_integration");
      body["request_parameters"] = { "overwrite:path": "/approvals" };
      return address;
    },
  },
  {
    name: "a field's item in another table",
    invariant: 1,
    code: "ClassificationBroken",
    change: (hand) => {
      const { address, body } = hand.find("aws_dynamodb_table_item", "field_base_salary");
      body["table_name"] = "elsewhere";
      return address;
    },
  },
  {
    name: "a program of Terraform's",
    invariant: 2,
    code: "UnreadPart",
    verdict: "not-proved",
    change: (hand) => {
      hand.json["data"] = { external: { more: { program: ["sh", "more.sh"] } } };
      return "data.external.more";
    },
  },
  {
    name: "a secret read while Terraform runs",
    invariant: 7,
    code: "UnreadPart",
    verdict: "not-proved",
    change: (hand) => {
      hand.json["ephemeral"] = { aws_secretsmanager_secret_version: { more: { secret_id: "hris/writer" } } };
      return "ephemeral.aws_secretsmanager_secret_version.more";
    },
  },
  {
    name: "a password as the default of a variable",
    invariant: 7,
    code: "SecretInStack",
    change: (hand) => {
      hand.json["variable"] = { hris_password: { default: "correct-horse-8" } };
      return "var.hris_password";
    },
  },
  {
    name: "a password in an output",
    invariant: 7,
    code: "SecretInStack",
    change: (hand) => {
      hand.json["output"] = { more: { value: "user=hr;password=correct-horse" } };
      return "output.more";
    },
  },
  {
    name: "a Map over changes that nobody decided about",
    invariant: 1,
    code: "UnreadWorkflow",
    verdict: "not-proved",
    change: (hand) =>
      hand.workflow((_scope, machine) => {
        (machine["States"] as Record<string, Tree>)["Changes"]!["ItemsPath"] = "$.other";
      }),
  },
  {
    name: "changes that a pass makes up",
    invariant: 1,
    code: "UnreadWorkflow",
    verdict: "not-proved",
    change: (hand) =>
      hand.workflow((_scope, machine) => {
        const states = machine["States"] as Record<string, Tree>;
        states["More"] = {
          Type: "Pass",
          Result: [{ index: 0, field: "work_email" }],
          ResultPath: "$.changes",
          Next: "Changes",
        };
        states["Decide"]!["Next"] = "More";
      }),
  },
  {
    name: "a workflow in JSONata",
    invariant: 1,
    code: "UnreadWorkflow",
    verdict: "not-proved",
    change: (hand) => hand.workflow((_scope, machine) => (machine["QueryLanguage"] = "JSONata")),
  },
  {
    name: "a state machine of elsewhere, started by the workflow",
    invariant: 1,
    code: "UnreadWorkflow",
    verdict: "not-proved",
    change: (hand) =>
      hand.workflow((scope) => {
        scope["Announce"]!["Resource"] = "arn:aws:states:::states:startExecution";
        scope["Announce"]!["Parameters"] = {
          StateMachineArn: "arn:aws:states:eu-west-1:111122223333:stateMachine:shortcut",
        };
      }),
  },
  {
    name: "an approval that may be given for good",
    invariant: 5,
    code: "WaitWithoutEnd",
    change: (hand) => hand.workflow((scope) => delete scope["RequestApproval"]!["TimeoutSecondsPath"]),
  },
];
