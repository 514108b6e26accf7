import { mentioning, without, type Hand, type Tree } from "../hand";
import type { Sabotage } from "./sabotage";

function found(
  name: string,
  invariant: Sabotage["invariant"],
  code: string,
  change: (hand: Hand) => string,
  more: Partial<Sabotage> = {},
): Sabotage {
  return { name, invariant, code, change, ...more };
}

const WRITER = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hris/bamboohr-writer-d4E5f6";
const BUS = "arn:aws:events:eu-west-1:111122223333:event-bus/acme-writeback-lifecycle";
const SOMEBODY = "arn:aws:iam::111122223333:role/somebody";
const environment = (hand: Hand, principal: string): Tree =>
  (hand.fn(principal).body["environment"] as { variables: Tree }).variables;

/** Changes of the policies and settings of resources. */
export const RESOURCE_SABOTAGES: readonly Sabotage[] = [
  found("no policy of the bus", 2, "SourceOpen", (hand) => {
    hand.remove("aws_cloudwatch_event_bus_policy", "");
    return hand.find("aws_cloudwatch_event_bus").address;
  }),
  found("undeclared sources are not denied", 2, "SourceOpen", (hand) =>
    hand.bus((document) => {
      without(document, 'StringNotEquals":{"events:source');
    }),
  ),
  found("one source is not denied to others", 2, "SourceOpen", (hand) =>
    hand.bus((document) => {
      without(document, '"events:source":"identity.joiner"');
    }),
  ),
  found("outcomes are not denied to others", 2, "SourceOpen", (hand) =>
    hand.bus((document) => {
      without(document, '"events:source":"hris-writeback"');
    }),
  ),
  found("that a request waits is not denied to others", 2, "SourceOpen", (hand) =>
    hand.bus((document) => {
      without(document, '"events:detail-type":"writeback.waiting"');
    }),
  ),
  found("that a change ended is not denied to others", 2, "SourceOpen", (hand) =>
    hand.bus((document) => {
      without(document, '"events:detail-type":"writeback.outcome"');
    }),
  ),
  found("a source is denied only where it comes alone", 2, "SourceOpen", (hand) =>
    hand.bus((document) => {
      mentioning(document, '"events:source":"identity.joiner"', "Deny").Condition = {
        "ForAllValues:StringEquals": { "events:source": "identity.joiner" },
        StringNotEquals: { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/publisher-identity.joiner" },
      };
    }),
  ),
  found("roles of a like name publish", 2, "SourceOpen", (hand) =>
    hand.bus((document) => {
      mentioning(document, '"events:source":"identity.joiner"', "Deny").Condition = {
        "ForAnyValue:StringEquals": { "events:source": "identity.joiner" },
        StringNotLike: { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/publisher-*" },
      };
    }),
  ),
  found("a publisher is allowed every source", 2, "SourceOpen", (hand) =>
    hand.bus((document) => {
      const statement = mentioning(document, '"events:source":"identity.joiner"', "Allow");
      statement.Condition = {
        "ForAllValues:StringEquals": { "events:detail-type": ["joiner.provisioned"] },
        Null: { "events:detail-type": "false" },
      };
    }),
  ),
  found("a publisher is allowed every type", 2, "SourceOpen", (hand) =>
    hand.bus((document) => {
      const statement = mentioning(document, '"events:source":"identity.joiner"', "Allow");
      statement.Condition = {
        "ForAllValues:StringEquals": { "events:source": "identity.joiner" },
        Null: { "events:source": "false" },
      };
    }),
  ),
  found("everybody may put events", 2, "AllowToEveryone", (hand) =>
    hand.bus((document) =>
      document.Statement.push({ Effect: "Allow", Principal: "*", Action: "events:PutEvents", Resource: BUS }),
    ),
  ),
  found("the older kind of permission lets an account in", 2, "AllowToAccount", (hand) =>
    hand.add("aws_cloudwatch_event_permission", "more", {
      event_bus_name: `\${${hand.find("aws_cloudwatch_event_bus").address}.name}`,
      principal: "444455556666",
      statement_id: "More",
    }),
  ),
  found("no policy of intake's queue", 2, "QueueOpen", (hand) => {
    const policy = hand.find("aws_sqs_queue_policy", "_queue-policy");
    hand.remove("aws_sqs_queue_policy", "_queue-policy");
    return hand.find("aws_sqs_queue", "bus_queue").address || policy.address;
  }),
  found("intake's queue is not denied to others", 2, "QueueOpen", (hand) =>
    hand.queue((document) => {
      without(document, "ArnNotEquals");
    }),
  ),
  found("a role of the stack may send to intake's queue", 2, "QueueOpen", (hand) =>
    hand.queue((document) => {
      const condition = mentioning(document, "ArnNotEquals").Condition as Record<string, Record<string, unknown>>;
      condition["StringNotEquals"] = { "aws:PrincipalArn": hand.roleArn("announce") };
    }),
  ),
  found("any rule may send to intake's queue", 2, "QueueOpen", (hand) =>
    hand.queue((document) => {
      const rules = "arn:aws:events:eu-west-1:111122223333:rule/*";
      mentioning(document, "ArnEquals").Condition = { ArnLike: { "aws:SourceArn": rules } };
      mentioning(document, "ArnNotEquals").Condition = { ArnNotLike: { "aws:SourceArn": rules } };
    }),
  ),
  found("another service may send to intake's queue", 2, "QueueOpen", (hand) =>
    hand.queue((document) => {
      document.Statement.push({
        Effect: "Allow",
        Principal: { Service: "sns.amazonaws.com" },
        Action: "sqs:SendMessage",
        Resource: "arn:aws:sqs:eu-west-1:111122223333:acme-writeback-intake",
      });
      without(document, "ArnNotEquals");
    }),
  ),
  found("somebody is let in to intake's queue", 2, "PowerHeldByAnother", (hand) =>
    hand.queue((document) => {
      document.Statement.push({
        Effect: "Allow",
        Principal: { AWS: SOMEBODY },
        Action: "sqs:ReceiveMessage",
        Resource: "arn:aws:sqs:eu-west-1:111122223333:acme-writeback-intake",
      });
    }),
  ),
  found("a rule that matches any source", 2, "RuleTooWide", (hand) => {
    const rule = hand.find("aws_cloudwatch_event_rule", "joiner");
    rule.body["event_pattern"] = JSON.stringify({ "detail-type": ["joiner.provisioned"] });
    return rule.address;
  }),
  found("a rule that matches undeclared types", 2, "RuleTooWide", (hand) => {
    const rule = hand.find("aws_cloudwatch_event_rule", "joiner");
    rule.body["event_pattern"] = JSON.stringify({ source: ["identity.joiner"] });
    return rule.address;
  }),
  found("a target that rewrites events", 2, "RuleTooWide", (hand) => {
    const target = hand.find("aws_cloudwatch_event_target", "joiner");
    target.body["input_transformer"] = { input_template: '{"source":"identity.joiner"}' };
    return target.address;
  }),
  found("lifecycle events go somewhere else as well", 7, "RuleTooWide", (hand) =>
    hand.add("aws_cloudwatch_event_target", "more", {
      ...hand.find("aws_cloudwatch_event_target", "joiner").body,
      arn: "arn:aws:sns:eu-west-1:111122223333:elsewhere",
    }),
  ),
  found("the bucket of evidence without a policy", 2, "PowerHeldByAnother", (hand) => {
    hand.remove("aws_s3_bucket_policy", "audit_archive");
    return hand.find("aws_s3_bucket", "audit_archive_bucket").address;
  }),
  found("evidence is not denied to others", 2, "PowerHeldByAnother", (hand) =>
    hand.bucket((document) => {
      without(document, "ArnNotEquals");
    }),
  ),
  found("evidence over evidence is not denied", 2, "PowerHeldByAnother", (hand) =>
    hand.bucket((document) => {
      without(document, "s3:if-none-match");
    }),
  ),
  found("another role is let in to put evidence", 2, "PowerHeldByAnother", (hand) =>
    hand.bucket((document) => {
      const condition = mentioning(document, "ArnNotEquals").Condition as Record<string, Record<string, unknown>>;
      condition["ArnNotEquals"] = {
        "aws:PrincipalArn": [hand.roleArn("evidence"), hand.roleArn("sweeper")],
      };
    }),
  ),
  found("the digest key is the whole account's", 4, "PowerHeldByAnother", (hand) =>
    hand.key("digest", (document) => {
      delete mentioning(document, "kms:GenerateMac").Condition;
    }),
  ),
  found("the digest key without a policy", 4, "PowerHeldByAnother", (hand) => {
    hand.remove("aws_kms_key_policy", "digest");
    return hand.find("aws_kms_key", "digest").address;
  }),
  found("a role of a like name makes digests", 4, "PowerHeldByAnother", (hand) =>
    hand.key("digest", (document) => {
      mentioning(document, "kms:GenerateMac").Condition = {
        ArnLike: { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/acme-*" },
      };
    }),
  ),
  found("the gateway may make digests", 4, "PowerHeldByAnother", (hand) =>
    hand.key("digest", (document) => {
      document.Statement.push({
        Effect: "Allow",
        Principal: { AWS: hand.roleArn("gateway") },
        Action: "kms:GenerateMac",
        Resource: "*",
      });
    }),
  ),
  found("everybody may use the data key", 2, "AllowToEveryone", (hand) =>
    hand.key("data", (document) => {
      document.Statement.push({ Effect: "Allow", Principal: "*", Action: "kms:Decrypt", Resource: "*" });
    }),
  ),
  found("the data key is used directly", 7, "PowerHeldByAnother", (hand) =>
    hand.key("data", (document) => {
      mentioning(document, 'kms:ViaService":[').Condition = { StringEquals: { "kms:CallerAccount": "111122223333" } };
    }),
  ),
  found("task tokens can be decrypted by the account", 2, "PowerHeldByAnother", (hand) =>
    hand.key("data", (document) => {
      for (const statement of document.Statement) {
        if (statement.Action === "kms:Decrypt")
          statement.Condition = { StringEquals: { "kms:EncryptionContext:purpose": "task-token" } };
      }
    }),
  ),
  found("grants can be made for anything", 7, "PowerHeldByAnother", (hand) =>
    hand.key("data", (document) => {
      delete mentioning(document, "kms:CreateGrant").Condition;
    }),
  ),
  found("grants can be made for one's own use", 7, "PowerHeldByAnother", (hand) =>
    hand.key("data", (document) => {
      const condition = mentioning(document, "kms:CreateGrant").Condition as Record<string, unknown>;
      delete condition["Bool"];
    }),
  ),
  found("a service uses the data key for any account", 7, "ServiceUnbound", (hand) =>
    hand.key("data", (document) => {
      delete mentioning(document, '"events.amazonaws.com"').Condition;
    }),
  ),
  found("the ledger has a policy that lets somebody in", 5, "PowerHeldByAnother", (hand) =>
    hand.add("aws_dynamodb_resource_policy", "more", {
      resource_arn: `\${${hand.find("aws_dynamodb_table", "ledger_table").address}.arn}`,
      policy: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { AWS: SOMEBODY },
            Action: "dynamodb:UpdateItem",
            Resource: "arn:aws:dynamodb:eu-west-1:111122223333:table/acme-writeback-ledger",
          },
        ],
      }),
    }),
  ),
  found("the writer secret has a policy that denies nothing", 2, "SecretOpen", (hand) =>
    hand.add("aws_secretsmanager_secret_policy", "more", {
      secret_arn: WRITER,
      policy: JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Deny", Principal: "*", Action: "secretsmanager:DeleteSecret", Resource: "*" }],
      }),
    }),
  ),
  found("the writer secret has a policy that lets somebody in", 2, "PowerHeldByAnother", (hand) =>
    hand.add("aws_secretsmanager_secret_policy", "more", {
      secret_arn: WRITER,
      policy: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Principal: { AWS: [SOMEBODY] }, Action: "secretsmanager:GetSecretValue", Resource: "*" },
        ],
      }),
    }),
  ),
  found(
    "two policies of one queue",
    2,
    "UnreadDocument",
    (hand) => {
      const policy = hand.find("aws_sqs_queue_policy", "_queue-policy");
      hand.find("aws_sqs_queue", "bus_queue").body["policy"] = String(policy.body["policy"]).replace(
        "sqs:*",
        "sqs:AddPermission",
      );
      return policy.address;
    },
    { verdict: "not-proved" },
  ),
  found("the connector's own role may mint sessions", 3, "DenyMissing", (hand) =>
    hand.identity("connector-execution", (document) => {
      without(document, "sts:*");
    }),
  ),
  found("the connector's own role may call the API", 3, "DenyMissing", (hand) =>
    hand.identity("connector-execution", (document) => {
      mentioning(document, "sts:*").Action = "sts:*";
    }),
  ),
  found("the connector's own role is denied on some roles alone", 3, "DenyMissing", (hand) =>
    hand.identity("connector-execution", (document) => {
      mentioning(document, "sts:*").Resource = "arn:aws:iam::111122223333:role/other";
    }),
  ),

  found("a digest key that is no HMAC key", 4, "DigestKeyUnfit", (hand) => {
    const key = hand.find("aws_kms_key", "digest");
    key.body["customer_master_key_spec"] = "SYMMETRIC_DEFAULT";
    key.body["key_usage"] = "ENCRYPT_DECRYPT";
    return key.address;
  }),
  found("an express workflow", 5, "WorkflowNotStandard", (hand) => {
    const machine = hand.find("aws_sfn_state_machine", "_workflow_state-machine");
    machine.body["type"] = "EXPRESS";
    return machine.address;
  }),
  found("a write that is repeated after any error", 5, "WriteRetried", (hand) =>
    hand.workflow((scope) => {
      (scope["Write"]!["Retry"] as Tree[]).push({ ErrorEquals: ["States.ALL"], MaxAttempts: 3 });
    }),
  ),
  found("a broker that ends before its connector", 5, "DeadlinesCrossed", (hand) => {
    const broker = hand.fn("broker");
    broker.body["timeout"] = 30;
    return broker.address;
  }),
  found("a table without point-in-time recovery", 5, "ProtectedUnlike", (hand) => {
    const table = hand.find("aws_dynamodb_table", "ledger_table");
    table.body["point_in_time_recovery"] = { enabled: false };
    return table.address;
  }),
  found("a table that may be deleted", 5, "ProtectedUnlike", (hand) => {
    const table = hand.find("aws_dynamodb_table", "control");
    table.body["deletion_protection_enabled"] = false;
    return table.address;
  }),
  found("a gateway that may not ask the switch", 6, "SwitchNotAsked", (hand) => {
    hand.identity("gateway", (document) => {
      document.Statement = document.Statement.filter((statement) => !JSON.stringify(statement).includes('"switch"'));
    });
    return hand.role("gateway").address;
  }),
  found("a table without a key of its own", 7, "NotEncrypted", (hand) => {
    const table = hand.find("aws_dynamodb_table", "ledger_table");
    delete table.body["server_side_encryption"];
    return table.address;
  }),
  found("a queue that is not encrypted", 7, "NotEncrypted", (hand) => {
    const queue = hand.find("aws_sqs_queue", "bus_queue");
    delete queue.body["kms_master_key_id"];
    return queue.address;
  }),
  found("a queue that takes plain text", 7, "PlainTextAllowed", (hand) =>
    hand.queue((document) => {
      without(document, "SecureTransport");
    }),
  ),
  found("a dead-letter queue that takes plain text", 7, "PlainTextAllowed", (hand) => {
    const policy = hand.find("aws_sqs_queue_policy", "_bus_dead-letter");
    hand.document(policy, "policy", (document) => {
      without(document, "SecureTransport");
    });
    return policy.address;
  }),
  found("a bus that is not encrypted", 7, "NotEncrypted", (hand) => {
    const bus = hand.find("aws_cloudwatch_event_bus");
    delete bus.body["kms_key_identifier"];
    return bus.address;
  }),
  found("a log group that is not encrypted", 7, "NotEncrypted", (hand) => {
    const group = hand.find("aws_cloudwatch_log_group", "gateway_gateway");
    delete group.body["kms_key_id"];
    return group.address;
  }),
  found("a workflow that logs execution data", 7, "ValuesLogged", (hand) => {
    const machine = hand.find("aws_sfn_state_machine", "_workflow_state-machine");
    machine.body["logging_configuration"] = {
      ...(machine.body["logging_configuration"] as Tree),
      include_execution_data: true,
    };
    return machine.address;
  }),
  found("an API that logs bodies", 7, "ValuesLogged", (hand) => {
    const settings = hand.find("aws_api_gateway_method_settings");
    settings.body["settings"] = { data_trace_enabled: true, logging_level: "INFO" };
    return settings.address;
  }),
  found("an API key in an environment", 7, "SecretInStack", (hand) => {
    environment(hand, "gateway")["HRIS_API_KEY"] = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567";
    return hand.fn("gateway").address;
  }),
  found("a random text in an environment", 7, "SecretInStack", (hand) => {
    environment(hand, "inspect")["EXTRA"] = "q7Hs92LkPz04mVbN8xTr55Yw";
    return hand.fn("inspect").address;
  }),
  found("a password within a connection", 7, "SecretInStack", (hand) => {
    const connections = JSON.parse(String(environment(hand, "gateway")["CONNECTIONS"])) as Record<string, Tree>;
    connections["hris"]!["password"] = "correct horse battery staple";
    environment(hand, "gateway")["CONNECTIONS"] = JSON.stringify(connections);
    return hand.fn("gateway").address;
  }),
  found("a password in a URL", 7, "SecretInStack", (hand) => {
    environment(hand, "broker")["GATEWAY_URL"] = "https://user:hunter2hunter2@example.com/live";
    return hand.fn("broker").address;
  }),
  found("an access key in a description", 7, "SecretInStack", (hand) => {
    const gateway = hand.fn("gateway");
    gateway.body["description"] = `uses AKIAABCDEFGHIJKLMNOP`;
    return gateway.address;
  }),
  found("a secret's value as a resource", 7, "SecretInStack", (hand) =>
    hand.add("aws_secretsmanager_secret_version", "more", { secret_id: WRITER, secret_string: "anything" }),
  ),
  found("a secret's value read by a data source", 7, "SecretInStack", (hand) => {
    hand.json["data"] = { aws_secretsmanager_secret_version: { writer: { secret_id: WRITER } } };
    return "data.aws_secretsmanager_secret_version.writer";
  }),
  found("an access key made by Terraform", 7, "SecretInStack", (hand) =>
    hand.add("aws_iam_access_key", "more", { user: "somebody" }),
  ),
];
