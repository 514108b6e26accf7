import { withoutTest, type Hand, type Tree } from "../hand";
import type { Sabotage } from "./sabotage";

function door(
  name: string,
  invariant: Sabotage["invariant"],
  change: (hand: Hand) => string,
  code = "AnotherDoor",
): Sabotage {
  return { name, invariant, code, change };
}

const permission = (hand: Hand, principal: string, body: Tree): string =>
  hand.add("aws_lambda_permission", "more", {
    statement_id: "More",
    action: "lambda:InvokeFunction",
    function_name: `\${${hand.fn(principal).address}.function_name}`,
    ...body,
  });

/** Ways to a function or the workflow past the one that leads there. */
export const DOOR_SABOTAGES: readonly Sabotage[] = [
  door(
    "the gateway is open to the whole account",
    3,
    (hand) => permission(hand, "gateway", { principal: "111122223333" }),
    "AllowToAccount",
  ),
  door(
    "the gateway is open to everybody",
    3,
    (hand) => permission(hand, "gateway", { principal: "*" }),
    "AllowToEveryone",
  ),
  door(
    "a role may invoke the gateway's function",
    3,
    (hand) => permission(hand, "gateway", { principal: hand.roleArn("announce") }),
    "PowerHeldByAnother",
  ),
  door("another service may invoke the gateway", 3, (hand) =>
    permission(hand, "gateway", { principal: "events.amazonaws.com" }),
  ),
  door("any API may invoke the gateway", 3, (hand) => {
    const own = hand.find("aws_lambda_permission", "field-gateway");
    delete own.body["source_arn"];
    return own.address;
  }),
  door("any stage and method may invoke the gateway", 3, (hand) => {
    const own = hand.find("aws_lambda_permission", "field-gateway");
    own.body["source_arn"] = String(own.body["source_arn"]).replace(/\/live\/.*/, "/*");
    return own.address;
  }),
  door("a URL for the gateway that asks nobody", 3, (hand) =>
    hand.add("aws_lambda_function_url", "more", {
      function_name: `\${${hand.fn("gateway").address}.function_name}`,
      authorization_type: "NONE",
    }),
  ),
  door("a URL for the broker", 1, (hand) =>
    hand.add("aws_lambda_function_url", "more", {
      function_name: `\${${hand.fn("broker").address}.arn}`,
      authorization_type: "AWS_IAM",
    }),
  ),
  door("a queue that starts the broker", 1, (hand) =>
    hand.add("aws_lambda_event_source_mapping", "more", {
      event_source_arn: "arn:aws:sqs:eu-west-1:111122223333:somewhere",
      function_name: `\${${hand.fn("broker").address}.arn}`,
    }),
  ),
  door("a queue that starts the gateway", 3, (hand) =>
    hand.add("aws_lambda_event_source_mapping", "more", {
      event_source_arn: "arn:aws:sqs:eu-west-1:111122223333:somewhere",
      function_name: String(hand.fn("gateway").body["function_name"]),
    }),
  ),
  door("a stream that starts intake", 2, (hand) =>
    hand.add("aws_lambda_event_source_mapping", "more", {
      event_source_arn: "arn:aws:kinesis:eu-west-1:111122223333:stream/somewhere",
      function_name: `\${${hand.fn("intake").address}.arn}`,
    }),
  ),
  door(
    "a second queue that feeds intake and is open",
    2,
    (hand) => {
      const queue = hand.add("aws_sqs_queue", "more", { name: "more", sqs_managed_sse_enabled: true });
      hand.add("aws_lambda_event_source_mapping", "more", {
        event_source_arn: `\${${queue}.arn}`,
        function_name: `\${${hand.fn("intake").address}.arn}`,
      });
      return queue;
    },
    "QueueOpen",
  ),
  door("a schedule that starts the broker", 1, (hand) => {
    const schedule = hand.find("aws_scheduler_schedule", "_scheduler_schedule");
    schedule.body["target"] = { ...(schedule.body["target"] as Tree), arn: `\${${hand.fn("broker").address}.arn}` };
    return schedule.address;
  }),
  door("a rule that starts the approvals function", 2, (hand) =>
    hand.add("aws_cloudwatch_event_target", "more", { rule: "any", arn: `\${${hand.fn("approvals").address}.arn}` }),
  ),
  door("a topic that starts the broker", 1, (hand) =>
    hand.add("aws_sns_topic_subscription", "more", {
      topic_arn: "arn:aws:sns:eu-west-1:111122223333:t",
      protocol: "lambda",
      endpoint: `\${${hand.fn("broker").address}.arn}`,
    }),
  ),
  door("a rule that starts the workflow", 2, (hand) =>
    hand.add("aws_cloudwatch_event_target", "more", {
      rule: "any",
      arn: `\${${hand.find("aws_sfn_state_machine", "_workflow_state-machine").address}.arn}`,
      role_arn: "arn:aws:iam::111122223333:role/of-elsewhere",
    }),
  ),
  door("any API may invoke the approvals function", 2, (hand) =>
    permission(hand, "approvals", { principal: "apigateway.amazonaws.com" }),
  ),
  door(
    "a route to decisions that asks nobody",
    2,
    (hand) => {
      const route = hand.find("aws_apigatewayv2_route", "decide");
      route.body["authorization_type"] = "NONE";
      delete route.body["authorizer_id"];
      return route.address;
    },
    "RouteWithoutApprover",
  ),
  door(
    "a route for everything that asks nobody",
    2,
    (hand) =>
      hand.add("aws_apigatewayv2_route", "more", {
        ...hand.find("aws_apigatewayv2_route", "list").body,
        route_key: "$default",
        authorization_type: "NONE",
      }),
    "RouteWithoutApprover",
  ),
  door(
    "an authorizer that takes any token",
    2,
    (hand) => {
      const authorizer = hand.find("aws_apigatewayv2_authorizer");
      authorizer.body["jwt_configuration"] = { issuer: "https://login.example.com", audience: [] };
      return authorizer.address;
    },
    "RouteWithoutApprover",
  ),

  door(
    "the connector role trusts the account",
    2,
    (hand) =>
      hand.trust("connector", (document) => {
        for (const statement of document.Statement) statement.Principal = { AWS: "arn:aws:iam::111122223333:root" };
      }),
    "TrustsAnother",
  ),
  door(
    "the connector role trusts one role more",
    2,
    (hand) =>
      hand.trust("connector", (document) => {
        for (const statement of document.Statement)
          statement.Principal = { AWS: [hand.roleArn("broker"), hand.roleArn("sweeper")] };
      }),
    "TrustsAnother",
  ),
  door(
    "the connector role trusts everybody",
    2,
    (hand) =>
      hand.trust("connector", (document) => {
        document.Statement.push({ Effect: "Allow", Principal: "*", Action: "sts:AssumeRole" });
      }),
    "TrustsAnother",
  ),
  door(
    "the connector role trusts a service",
    2,
    (hand) =>
      hand.trust("connector", (document) => {
        document.Statement.push({
          Effect: "Allow",
          Principal: { Service: "lambda.amazonaws.com" },
          Action: "sts:AssumeRole",
        });
      }),
    "TrustsAnother",
  ),
  door(
    "the connector role trusts an identity provider",
    2,
    (hand) =>
      hand.trust("connector", (document) => {
        document.Statement.push({
          Effect: "Allow",
          Principal: { Federated: "arn:aws:iam::111122223333:oidc-provider/x" },
          Action: "sts:AssumeRoleWithWebIdentity",
        });
      }),
    "TrustsAnother",
  ),
  door(
    "the gateway's role trusts the account",
    2,
    (hand) =>
      hand.trust("gateway", (document) => {
        document.Statement.push({ Effect: "Allow", Principal: { AWS: "111122223333" }, Action: "sts:AssumeRole" });
      }),
    "TrustsAnother",
  ),
  door(
    "the approvals role trusts another service",
    2,
    (hand) =>
      hand.trust("approvals", (document) => {
        document.Statement[0]!.Principal = { Service: ["lambda.amazonaws.com", "ec2.amazonaws.com"] };
      }),
    "TrustsAnother",
  ),
  door(
    "the workflow's role trusts any machine of the account",
    1,
    (hand) =>
      hand.trust("workflow", (document) => {
        document.Statement[0]!.Condition = { StringEquals: { "aws:SourceAccount": "111122223333" } };
      }),
    "ServiceUnbound",
  ),
  door(
    "the scheduler's role trusts any account",
    2,
    (hand) =>
      hand.trust("scheduler", (document) => {
        delete document.Statement[0]!.Condition;
      }),
    "ServiceUnbound",
  ),
  ...(
    [
      ["the tag of the field", "StringLike", "aws:RequestTag/field"],
      ["a session name", "StringEquals", "sts:RoleSessionName"],
      ["a source identity", "StringEquals", "sts:SourceIdentity"],
      ["no other tags", "ForAllValues:StringEquals", "aws:TagKeys"],
      ["no transitive tags", "Null", "sts:TransitiveTagKeys"],
    ] as const
  ).map(([what, operator, key]) =>
    door(
      `the trust of the connector role does not ask for ${what}`,
      3,
      (hand) =>
        hand.trust("connector", (document) => {
          const statement = document.Statement.find(({ Action }) => Action === "sts:AssumeRole")!;
          withoutTest(statement, operator, key);
        }),
      "TrustTooWide",
    ),
  ),
  door(
    "the trust of the connector role takes any session name",
    3,
    (hand) =>
      hand.trust("connector", (document) => {
        const statement = document.Statement.find(({ Action }) => Action === "sts:AssumeRole")!;
        withoutTest(statement, "StringEquals", "sts:RoleSessionName");
        (statement.Condition as Record<string, Record<string, unknown>>)["StringLike"]!["sts:RoleSessionName"] = "*";
      }),
    "TrustTooWide",
  ),
  door(
    "the trust of the connector role takes any source identity",
    3,
    (hand) =>
      hand.trust("connector", (document) => {
        const statement = document.Statement.find(({ Action }) => Action === "sts:SetSourceIdentity")!;
        delete statement.Condition;
      }),
    "TrustTooWide",
  ),
  door(
    "the trust of the connector role takes tags it did not ask for",
    3,
    (hand) =>
      hand.trust("connector", (document) => {
        const statement = document.Statement.find(({ Action }) => Action === "sts:TagSession")!;
        delete statement.Condition;
      }),
    "TrustTooWide",
  ),
  door(
    "a trust that holds without its keys",
    2,
    (hand) =>
      hand.trust("connector", (document) => {
        const statement = document.Statement.find(({ Action }) => Action === "sts:AssumeRole")!;
        const condition = structuredClone(statement.Condition) as Record<string, Record<string, unknown>>;
        condition["StringLikeIfExists"] = condition["StringLike"]!;
        delete condition["StringLike"];
        statement.Condition = condition as typeof statement.Condition;
      }),
    "ConditionHoldsVacuously",
  ),
  door(
    "the broker may not mint sessions",
    3,
    (hand) => {
      hand.identity("broker", (document) => {
        document.Statement = document.Statement.filter(
          (statement) => !JSON.stringify(statement).includes("sts:AssumeRole"),
        );
      });
      return hand.role("connector").address;
    },
    "BrokerNotTrusted",
  ),
];
