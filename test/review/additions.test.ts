import { mentioning, type Hand, type Tree } from "./hand";
import { Hand as Copy } from "./hand";
import { objections, proofOf, smallExample } from "./stacks";

/**
 * What else a stack may hold: the rest of the trust model's principals, and resources that carry no power at all. Rules speak of powers, so each of
 * these is judged by what it may do, and proved.
 */
const ACCOUNT = "111122223333";
const REGION = "eu-west-1";

const json = (...statements: Tree[]): string => JSON.stringify({ Version: "2012-10-17", Statement: statements });
const arn = (service: string, rest: string): string => `arn:aws:${service}:${REGION}:${ACCOUNT}:${rest}`;

function addRole(hand: Hand, principal: string, service: string, condition: Tree, statements: Tree[]): string {
  const role = hand.add("aws_iam_role", `${principal}_role`, {
    name: `acme-writeback-${principal}`,
    assume_role_policy: json({
      Effect: "Allow",
      Principal: { Service: service },
      Action: "sts:AssumeRole",
      ...(Object.keys(condition).length === 0 ? {} : { Condition: condition }),
    }),
    tags: { "writeback:principal": principal },
  });
  hand.add("aws_iam_role_policy", `${principal}_policy`, { role: `\${${role}.id}`, policy: json(...statements) });
  return role;
}

function addFunction(hand: Hand, principal: string, role: string): string {
  return hand.add("aws_lambda_function", `${principal}_function`, {
    function_name: `acme-writeback-${principal}`,
    role: `\${${role}.arn}`,
    runtime: "nodejs22.x",
    handler: "index.handler",
    filename: "assets/x.zip",
  });
}

const items = (table: string, keys: string[], ...actions: string[]): Tree => ({
  Effect: "Allow",
  Action: actions.map((action) => `dynamodb:${action}`),
  Resource: arn("dynamodb", `table/acme-writeback-${table}`),
  Condition: {
    "ForAllValues:StringLike": { "dynamodb:LeadingKeys": keys },
    Null: { "dynamodb:LeadingKeys": "false" },
  },
});
const control = (keys: string[], ...actions: string[]): Tree => items("control", keys, ...actions);

/** An API that can be called through one VPC endpoint alone: it needs one Allow, to the connector role. */
function privateApi(hand: Hand): void {
  const endpoint = { "aws:SourceVpce": "${aws_vpc_endpoint.gateway.id}" };
  hand.add("aws_vpc_endpoint", "gateway", {
    vpc_id: "vpc-1",
    service_name: "com.amazonaws.eu-west-1.execute-api",
    lifecycle: { ignore_changes: ["policy"] },
    policy: "{}",
  });
  hand.find("aws_api_gateway_rest_api").body["endpoint_configuration"] = {
    types: ["PRIVATE"],
    vpc_endpoint_ids: ["${aws_vpc_endpoint.gateway.id}"],
  };
  hand.api((document) => {
    const requests = mentioning(document, "NotResource").NotResource;
    document.Statement.push(
      {
        Effect: "Allow",
        Principal: { AWS: hand.roleArn("connector") },
        Action: "execute-api:Invoke",
        Resource: requests,
        Condition: { StringEquals: endpoint },
      },
      {
        Effect: "Deny",
        Principal: "*",
        Action: "execute-api:Invoke",
        Resource: "*",
        Condition: { StringNotEquals: endpoint },
      },
    );
  });
  hand.identity("connector", (document) => {
    const allow = mentioning(document, "grants", "Allow");
    allow.Condition = { StringEquals: { ...allow.Condition!["StringEquals"], ...endpoint } };
    document.Statement.push({ Effect: "Deny", Action: "*", Resource: "*", Condition: { StringNotEquals: endpoint } });
  });
}

const ADDITIONS: readonly (readonly [string, (hand: Hand) => void])[] = [
  ["a private API behind one endpoint", privateApi],
  [
    "the connector in a VPC",
    (hand) => {
      hand.identity("connector-execution", (document) => {
        document.Statement.push(
          {
            Effect: "Allow",
            Action: ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces"],
            Resource: "*",
          },
          {
            Effect: "Deny",
            Action: "ec2:*",
            Resource: "*",
            Condition: { ArnEquals: { "lambda:SourceFunctionArn": hand.functionArn("connector-execution") } },
          },
        );
      });
      hand.fn("connector-execution").body["vpc_config"] = { subnet_ids: ["subnet-1"], security_group_ids: ["sg-1"] };
    },
  ],
  [
    "the page of the approvals API, and further routes behind the authorizer",
    (hand) => {
      const route = hand.find("aws_apigatewayv2_route", "list").body;
      for (const [index, key] of ["GET /", "GET /assets/{file}", "GET /config.json"].entries()) {
        hand.add("aws_apigatewayv2_route", `page-${index}`, {
          api_id: route["api_id"],
          target: route["target"],
          route_key: key,
          authorization_type: "NONE",
        });
      }
      for (const [index, key] of ["GET /approvals/{requestId}", "POST /system/resume"].entries()) {
        hand.add("aws_apigatewayv2_route", `more-${index}`, { ...route, route_key: key });
      }
      hand.add("aws_lambda_permission", "page", {
        ...hand.find("aws_lambda_permission", "approvals_permission-list").body,
        source_arn: "${aws_apigatewayv2_api.write-back_workflow_approvals_api.execution_arn}/*/GET/",
      });
    },
  ],
  [
    "approvals that resumes after two operators agreed",
    (hand) => {
      hand.identity("approvals", (document) => {
        document.Statement.push(control(["switch"], "UpdateItem") as never, {
          Effect: "Allow",
          Action: ["events:EnableRule"],
          Resource: arn("events", "rule/acme-writeback-lifecycle/joiner.provisioned"),
        });
      });
    },
  ],
  [
    "the reconciler",
    (hand) => {
      const role = addRole(hand, "reconciler", "lambda.amazonaws.com", {}, [
        {
          Effect: "Allow",
          Action: ["dynamodb:GetItem", "dynamodb:Query"],
          Resource: arn("dynamodb", "table/acme-writeback-ledger"),
        },
        items("ledger", ["finding#*", "run#*"], "PutItem"),
        {
          Effect: "Allow",
          Action: "secretsmanager:GetSecretValue",
          Resource: arn("secretsmanager", "secret:hris/bamboohr-reader-a1B2c3"),
        },
        {
          Effect: "Allow",
          Action: "kms:Decrypt",
          Resource: "${aws_kms_key.write-back_keys_data-key.arn}",
          Condition: { StringEquals: { "kms:ViaService": "dynamodb.eu-west-1.amazonaws.com" } },
        },
      ]);
      const fn = addFunction(hand, "reconciler", role);
      hand.add("aws_scheduler_schedule", "reconcile", {
        name: "acme-writeback-reconcile",
        schedule_expression: "rate(1 day)",
        target: { arn: `\${${fn}.arn}`, role_arn: `\${${hand.role("scheduler").address}.arn}` },
      });
    },
  ],
  [
    "a messenger with a topic and a queue of its own, which hears outcomes",
    (hand) => {
      const queue = hand.add("aws_sqs_queue", "notify", {
        name: "acme-writeback-notify",
        sqs_managed_sse_enabled: true,
      });
      const topic = hand.add("aws_sns_topic", "notify", { name: "acme-writeback-notify" });
      hand.add("aws_sns_topic_policy", "notify", {
        arn: `\${${topic}.arn}`,
        policy: json({
          Effect: "Allow",
          Principal: { Service: "events.amazonaws.com" },
          Action: "sns:Publish",
          Resource: `\${${topic}.arn}`,
          Condition: { StringEquals: { "aws:SourceAccount": ACCOUNT } },
        }),
      });
      const role = addRole(hand, "messenger", "lambda.amazonaws.com", {}, [
        { Effect: "Allow", Action: "ses:SendEmail", Resource: "*" },
        { Effect: "Allow", Action: "sns:Publish", Resource: arn("sns", "acme-writeback-notify") },
        {
          Effect: "Allow",
          Action: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
          Resource: arn("sqs", "acme-writeback-notify"),
        },
        control(["messenger#*"], "PutItem", "UpdateItem"),
      ]);
      hand.add("aws_lambda_event_source_mapping", "notify", {
        event_source_arn: `\${${queue}.arn}`,
        function_name: `\${${addFunction(hand, "messenger", role)}.arn}`,
      });
      const rule = hand.add("aws_cloudwatch_event_rule", "outcomes", {
        name: "outcomes",
        event_bus_name: `\${${hand.find("aws_cloudwatch_event_bus").address}.name}`,
        event_pattern: JSON.stringify({ source: ["hris-writeback"], "detail-type": ["writeback.outcome"] }),
      });
      hand.add("aws_cloudwatch_event_target", "outcomes", {
        rule: `\${${rule}.name}`,
        event_bus_name: `\${${hand.find("aws_cloudwatch_event_bus").address}.name}`,
        arn: `\${${topic}.arn}`,
      });
    },
  ],
  [
    "an audit trail with its bucket, key, rules and alarms",
    (hand) => {
      const bucket = hand.add("aws_s3_bucket", "trail", { bucket: "acme-writeback-trail", object_lock_enabled: true });
      hand.add("aws_s3_bucket_policy", "trail", {
        bucket: `\${${bucket}.id}`,
        policy: json(
          {
            Effect: "Deny",
            Principal: "*",
            Action: "s3:*",
            Resource: [`\${${bucket}.arn}`, `\${${bucket}.arn}/*`],
            Condition: { Bool: { "aws:SecureTransport": "false" } },
          },
          {
            Effect: "Allow",
            Principal: { Service: "cloudtrail.amazonaws.com" },
            Action: "s3:PutObject",
            Resource: `\${${bucket}.arn}/AWSLogs/*`,
            Condition: { StringEquals: { "aws:SourceArn": arn("cloudtrail", "trail/acme-writeback") } },
          },
        ),
      });
      const key = hand.add("aws_kms_key", "trail", { description: "trail" });
      hand.add("aws_kms_key_policy", "trail", {
        key_id: `\${${key}.key_id}`,
        policy: json(
          {
            Effect: "Allow",
            Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
            Action: ["kms:DescribeKey", "kms:PutKeyPolicy"],
            Resource: "*",
          },
          {
            Effect: "Allow",
            Principal: { Service: "cloudtrail.amazonaws.com" },
            Action: "kms:GenerateDataKey",
            Resource: "*",
            Condition: { StringEquals: { "aws:SourceArn": arn("cloudtrail", "trail/acme-writeback") } },
          },
        ),
      });
      hand.add("aws_cloudtrail", "trail", {
        name: "acme-writeback",
        s3_bucket_name: `\${${bucket}.id}`,
        kms_key_id: `\${${key}.arn}`,
        advanced_event_selector: [
          {
            field_selector: [
              { field: "resources.ARN", equals: [hand.functionArn("gateway"), hand.functionArn("broker")] },
            ],
          },
        ],
      });
      hand.add("aws_cloudwatch_event_rule", "never", {
        name: "acme-writeback-never",
        event_pattern: JSON.stringify({ detail: { requestParameters: { roleArn: [hand.roleArn("connector")] } } }),
      });
      hand.add("aws_cloudwatch_metric_alarm", "gateway", {
        alarm_name: "gateway",
        dimensions: { FunctionName: `\${${hand.fn("gateway").address}.function_name}` },
        alarm_description: hand.functionArn("gateway"),
      });
      hand.add("aws_cloudwatch_dashboard", "all", {
        dashboard_name: "all",
        dashboard_body: JSON.stringify({ widgets: [{ metric: hand.functionArn("broker") }] }),
      });
      hand.add("aws_cloudwatch_log_metric_filter", "denied", {
        name: "denied",
        log_group_name: "any",
        pattern: "denied",
      });
    },
  ],
  [
    "resources of types that nobody here knows",
    (hand) => {
      hand.add("aws_something_new", "any", {
        name: "any",
        settings: { list: [1, 2, { deep: true }] },
        tags: { a: "b" },
      });
      hand.add("random_id", "any", { byte_length: 8 });
      hand.json["check"] = {
        running: {
          data: { aws_dynamodb_table_item: { switch: { table_name: "x", key: "y" } } },
          assert: [{ condition: "${true}", error_message: "stopped" }],
        },
      };
      hand.json["locals"] = { prefix: "acme" };
    },
  ],
  [
    "a principal's policy as a managed one that its role lists",
    (hand) => {
      const { policy } = hand.policy("gateway").body;
      hand.remove("aws_iam_role_policy", hand.policy("gateway").address.replace(/^[^.]*\./, ""));
      const managed = hand.add("aws_iam_policy", "of-gateway", { name: "acme-writeback-gateway", policy });
      hand.role("gateway").body["managed_policy_arns"] = [`\${${managed}.arn}`];
    },
  ],
  [
    "a principal's policy as a managed one that one resource attaches",
    (hand) => {
      const { policy } = hand.policy("broker").body;
      hand.remove("aws_iam_role_policy", hand.policy("broker").address.replace(/^[^.]*\./, ""));
      const managed = hand.add("aws_iam_policy", "of-broker", { name: "acme-writeback-broker", policy });
      hand.add("aws_iam_policy_attachment", "of-broker", {
        name: "of-broker",
        roles: [String(hand.role("broker").body["name"])],
        policy_arn: `\${${managed}.arn}`,
      });
    },
  ],
  [
    "a principal's policy as the only managed one that its role may have",
    (hand) => {
      const { policy } = hand.policy("decide").body;
      hand.remove("aws_iam_role_policy", hand.policy("decide").address.replace(/^[^.]*\./, ""));
      const managed = hand.add("aws_iam_policy", "of-decide", { name: "acme-writeback-decide", policy });
      const role_name = String(hand.role("decide").body["name"]);
      hand.add("aws_iam_role_policies_exclusive", "of-decide", { role_name, policy_names: [] });
      hand.add("aws_iam_role_policy_attachments_exclusive", "of-decide", {
        role_name,
        policy_arns: [`\${${managed}.arn}`],
      });
    },
  ],
  [
    "every function's package in one bucket",
    (hand) => {
      for (const body of Object.values(hand.ofType("aws_lambda_function"))) {
        Object.assign(body, { filename: undefined, s3_bucket: "acme-packages", s3_key: "handler.zip" });
        delete body["filename"];
      }
    },
  ],
  [
    "a drill by a schedule, and a rule of the stack's own that runs the sweeper",
    (hand) => {
      const machine = hand.find("aws_sfn_state_machine", "kill-switch").address;
      hand.add("aws_scheduler_schedule", "drill", {
        name: "acme-writeback-drill",
        schedule_expression: "rate(90 days)",
        target: { arn: `\${${machine}.arn}`, role_arn: `\${${hand.role("scheduler").address}.arn}` },
      });
      hand.allow("scheduler", { Action: "states:StartExecution", Resource: `\${${machine}.arn}` });
      const rule = hand.add("aws_cloudwatch_event_rule", "sweep", {
        name: "acme-writeback-sweep",
        schedule_expression: "rate(5 minutes)",
      });
      hand.add("aws_lambda_permission", "sweep", {
        action: "lambda:InvokeFunction",
        function_name: `\${${hand.fn("sweeper").address}.function_name}`,
        principal: "events.amazonaws.com",
        source_arn: `\${${rule}.arn}`,
      });
    },
  ],
  [
    "a rotation of somebody else's secret, a backup of somebody else's tables, a provider for another Region",
    (hand) => {
      hand.add("aws_secretsmanager_secret_rotation", "other", {
        secret_id: arn("secretsmanager", "secret:other-a1B2c3"),
        rotation_lambda_arn: arn("lambda", "function:other-rotation"),
      });
      hand.add("aws_backup_selection", "other", {
        name: "other",
        plan_id: "other",
        iam_role_arn: `arn:aws:iam::${ACCOUNT}:role/backup`,
        resources: [arn("dynamodb", "table/other-*")],
      });
      const provider = { region: REGION, allowed_account_ids: [ACCOUNT] };
      hand.json["provider"] = { aws: [provider, { ...provider, alias: "global", region: "us-east-1" }] };
      hand.find("aws_cloudwatch_event_bus").body["provider"] = "aws.global";
    },
  ],
  [
    "a role without a tag and without a power",
    (hand) => {
      hand.add("aws_iam_role", "other", {
        name: "other",
        assume_role_policy: json({
          Effect: "Allow",
          Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
          Action: "sts:AssumeRole",
        }),
      });
      hand.add("aws_iam_role_policy", "other", {
        role: "${aws_iam_role.other.id}",
        policy: json({ Effect: "Allow", Action: "cloudwatch:GetMetricData", Resource: "*" }),
      });
    },
  ],
  [
    "boundaries on every role, which only take away",
    (hand) => {
      hand.add("aws_iam_policy", "limits", {
        name: "limits",
        policy: json(
          { Effect: "Allow", Action: "*", Resource: "*" },
          { Effect: "Deny", Action: "iam:*", Resource: "*" },
        ),
      });
      for (const role of Object.values(hand.ofType("aws_iam_role")))
        role["permissions_boundary"] ??= "${aws_iam_policy.limits.arn}";
    },
  ],
];

describe("what else a stack may hold", () => {
  test.each(ADDITIONS)("is judged by its powers: %s", (_name, add) => {
    const hand = new Copy(smallExample());
    add(hand);
    expect(objections(proofOf(hand.json))).toEqual([]);
  });

  test("all of it together is proved", () => {
    const hand = new Copy(smallExample());
    for (const [, add] of ADDITIONS) add(hand);
    expect(objections(proofOf(hand.json))).toEqual([]);
  });
});

describe("what else a stack must not hold", () => {
  const WRONG: readonly (readonly [string, RegExp, (hand: Hand) => void])[] = [
    [
      "a kill switch that may attach any policy",
      /^2 PowerHeldByAnother: kill-switch may change roles/,
      (hand) => {
        hand.identity("kill-switch", (document) => {
          const attach = mentioning(document, "iam:AttachRolePolicy", "Allow");
          attach.Condition = { ArnLike: { "iam:PolicyARN": "arn:aws:iam::*:policy/*" } };
        });
      },
    ],
    [
      "a kill switch that may start the system again by itself",
      /^2 PowerHeldByAnother: kill-switch may read, check or write any item/,
      (hand) => {
        hand.identity("kill-switch", (document) => {
          mentioning(document, '"switch"', "Allow").Condition = {
            "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["*"] },
            Null: { "dynamodb:LeadingKeys": "false" },
          };
        });
      },
    ],
    [
      "a reconciliation that may write into the HRIS",
      /^2 PowerHeldByAnother: reconciler may read the writer credential/,
      (hand) => {
        hand.identity("reconciler", (document) => {
          mentioning(document, "secretsmanager:GetSecretValue", "Allow").Resource = arn(
            "secretsmanager",
            "secret:hris/bamboohr-writer-d4E5f6",
          );
        });
      },
    ],
    [
      "a reconciliation that may open grants",
      /^2 PowerHeldByAnother: reconciler may record grants/,
      (hand) => {
        hand.identity("reconciler", (document) => {
          mentioning(document, '"finding#*"', "Allow").Condition = items("ledger", ["grant#*"])["Condition"] as never;
        });
      },
    ],
    [
      "a reconciliation that may put right what it finds",
      /^2 PowerHeldByAnother: reconciler may change or remove records of the ledger/,
      (hand) => {
        hand.identity("reconciler", (document) => {
          mentioning(document, "dynamodb:Scan", "Allow").Action = ["dynamodb:Scan", "dynamodb:UpdateItem"];
        });
      },
    ],
    [
      "somebody else who may make findings go away",
      /^2 PowerHeldByAnother: sweeper may record findings/,
      (hand) => {
        hand.identity("sweeper", (document) => {
          const settle = mentioning(document, '"second-look#*"', "Allow");
          settle.Condition = items("ledger", ["finding#*", "second-look#*"])["Condition"] as never;
        });
      },
    ],
    [
      "somebody else who may say that a run is over",
      /^2 PowerHeldByAnother: announce may keep how far a reconciliation is/,
      (hand) => {
        hand.identity("announce", (document) => {
          document.Statement.push(control(["reconciliation"], "UpdateItem") as never);
        });
      },
    ],
    [
      "a reconciliation's state machine that may change another",
      /^2 PowerHeldByAnother: reconciler-workflow may change the workflow or another state machine/,
      (hand) => {
        hand.identity("reconciler-workflow", (document) => {
          const start = mentioning(document, "states:StartExecution", "Allow");
          start.Action = ["states:StartExecution", "states:UpdateStateMachine"];
        });
      },
    ],
    [
      "a reconciliation's state machine that may run the broker",
      /^2 PowerHeldByAnother: reconciler-workflow may invoke the broker/,
      (hand) => {
        hand.identity("reconciler-workflow", (document) => {
          const invoke = mentioning(document, "lambda:InvokeFunction", "Allow");
          invoke.Resource = [invoke.Resource as string, arn("lambda", "function:acme-writeback-broker")];
        });
      },
    ],
    [
      "an operator who may resume alone",
      /^2 PowerHeldByAnother: operator may enable rules/,
      (hand) => {
        addRole(hand, "operator", "lambda.amazonaws.com", {}, [
          {
            Effect: "Allow",
            Action: "events:EnableRule",
            Resource: arn("events", "rule/acme-writeback-lifecycle/joiner.provisioned"),
          },
        ]);
      },
    ],
    [
      "a private API that lets any role in through its endpoint",
      /^3 AllowToEveryone/,
      (hand) => {
        privateApi(hand);
        hand.api((document) => {
          mentioning(document, "SourceVpce", "Allow").Principal = "*";
        });
      },
    ],
    [
      "a private API whose Allow is for every method",
      /^3 LayerTooWide: an Allow of the API's policy gives the method/,
      (hand) => {
        privateApi(hand);
        hand.api((document) => {
          const allow = mentioning(document, "SourceVpce", "Allow");
          allow.Resource = String(allow.Resource).replace("/live/PATCH/", "/*/*/");
        });
      },
    ],
    [
      "an authorizer that fetches keys without https",
      /^2 RouteWithoutApprover: the authorizer of `[^`]+` fetches the keys of `http:\/\/login\.example\.com` without https/,
      (hand) => {
        const { body } = hand.find("aws_apigatewayv2_authorizer");
        body["jwt_configuration"] = { ...(body["jwt_configuration"] as object), issuer: "http://login.example.com" };
      },
    ],
    [
      "a further public route",
      /^2 RouteWithoutApprover/,
      (hand) => {
        const route = hand.find("aws_apigatewayv2_route", "list").body;
        hand.add("aws_apigatewayv2_route", "open", {
          ...route,
          route_key: "GET /assets/{proxy+}/../approvals",
          authorization_type: "NONE",
        });
      },
    ],
  ];

  test.each(WRONG)("fails for %s", (_name, message, add) => {
    const hand = new Copy(smallExample());
    add(hand);
    expect(objections(proofOf(hand.json)).filter((objection) => message.test(objection))).not.toEqual([]);
  });
});
