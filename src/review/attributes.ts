import { Unreadable, type Value } from "./expression";

/** Where a stack lives, as its own ARNs say. */
export interface Place {
  readonly partition: string;
  readonly region: string;
  readonly accountId: string;
}

/** A resource whose attributes are asked for: `body` gives its arguments, already resolved. */
export interface Attributed {
  readonly type: string;
  readonly address: string;
  readonly argument: (name: string) => Value;
}

/**
 * The value that AWS will assign to an attribute, or one that stands for it: `[aws_kms_key.data]` for an id that nobody knows
 * before. Two such values are the same if and only if they are of one resource, so a proof about them is a proof about the real ones.
 * What is no id, name, ARN or address is `Unreadable`: it could be anything.
 */
export function assignedAttribute(resource: Attributed, attribute: string, place: Place): Value {
  const known = KNOWN[`${resource.type}.${attribute}`];
  if (known !== undefined) return known(resource, place);
  if (attribute === "id" || attribute === "name") {
    const name = resource.argument(NAMED_BY[resource.type] ?? "name");
    return typeof name === "string" || name instanceof Unreadable ? name : standIn(resource);
  }
  if (attribute === "arn")
    return `arn:${place.partition}:${resource.type}:${place.region}:${place.accountId}:${standIn(resource)}`;
  if (ASSIGNED.has(attribute)) return `${standIn(resource)}.${attribute}`;
  return new Unreadable(`\`${resource.address}.${attribute}\` is known after the apply`);
}

/** Attributes that AWS assigns and nobody chooses, so that they cannot hold a wildcard or somebody else's name. */
const ASSIGNED: ReadonlySet<string> = new Set([
  "alias_arn",
  "api_endpoint",
  "cidr_block",
  "default_security_group_id",
  "dns_name",
  "domain_name",
  "endpoint",
  "hosted_zone_id",
  "hex",
  "owner_id",
  "prefix_list_id",
  "stream_arn",
  "unique_id",
  "version",
  "version_id",
  "vpc_id",
  "zone_id",
]);

const NAMED_BY: Readonly<Partial<Record<string, string>>> = {
  aws_lambda_function: "function_name",
  aws_s3_bucket: "bucket",
  aws_api_gateway_stage: "stage_name",
  aws_cloudwatch_log_stream: "name",
};

type Assign = (resource: Attributed, place: Place) => Value;

function standIn({ address }: Attributed): string {
  return `[${address}]`;
}

/** A text made of arguments; `Unreadable` where one of them is, a stand-in where one is absent. */
function made(resource: Attributed, names: readonly string[], make: (...texts: string[]) => string): Value {
  const texts: string[] = [];
  for (const name of names) {
    const value = resource.argument(name);
    if (value instanceof Unreadable) return value;
    texts.push(typeof value === "string" ? value : name === "path" ? "/" : standIn(resource));
  }
  return make(...texts);
}

function regional(service: string, names: readonly string[], rest: (...texts: string[]) => string): Assign {
  return (resource, { partition, region, accountId }) =>
    made(resource, names, (...texts) => `arn:${partition}:${service}:${region}:${accountId}:${rest(...texts)}`);
}

function global(kind: string): Assign {
  return (resource, { partition, accountId }) =>
    made(resource, ["path", "name"], (path, name) => `arn:${partition}:iam::${accountId}:${kind}${path}${name}`);
}

const functionArn = regional("lambda", ["function_name"], (name) => `function:${name}`);

const invokeArn: Assign = (resource, place) => {
  const arn = functionArn(resource, place);
  const { partition, region } = place;
  return typeof arn === "string"
    ? `arn:${partition}:apigateway:${region}:lambda:path/2015-03-31/functions/${arn}/invocations`
    : arn;
};

/** AWS ends the name with six characters of its own. */
const secretArn: Assign = (resource, place) =>
  regional("secretsmanager", ["name"], (name) => `secret:${name}-${standIn(resource)}`)(resource, place);

const queueUrl: Assign = (resource, { partition, region, accountId }) => {
  const host = partition === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com";
  return made(resource, ["name"], (name) => `https://sqs.${region}.${host}/${accountId}/${name}`);
};

const executionArn: Assign = (resource, { partition, region, accountId }) =>
  `arn:${partition}:execute-api:${region}:${accountId}:${standIn(resource)}`;

const KNOWN: Readonly<Partial<Record<string, Assign>>> = {
  "aws_api_gateway_deployment.id": standIn,
  "aws_api_gateway_resource.id": standIn,
  "aws_api_gateway_rest_api.execution_arn": executionArn,
  "aws_api_gateway_rest_api.id": standIn,
  "aws_api_gateway_rest_api.root_resource_id": (resource) => `${standIn(resource)}.root`,
  "aws_apigatewayv2_api.execution_arn": executionArn,
  "aws_apigatewayv2_api.id": standIn,
  "aws_apigatewayv2_authorizer.id": standIn,
  "aws_apigatewayv2_integration.id": standIn,
  "aws_apigatewayv2_route.id": standIn,
  "aws_cloudwatch_event_bus.arn": regional("events", ["name"], (name) => `event-bus/${name}`),
  "aws_cloudwatch_event_rule.arn": (resource, place) => {
    const bus = resource.argument("event_bus_name");
    const isDefault = bus === undefined || bus === "default";
    const names = isDefault ? ["name"] : ["event_bus_name", "name"];
    return regional("events", names, (...parts) => `rule/${parts.join("/")}`)(resource, place);
  },
  "aws_cloudwatch_log_group.arn": regional("logs", ["name"], (name) => `log-group:${name}`),
  "aws_dynamodb_table.arn": regional("dynamodb", ["name"], (name) => `table/${name}`),
  "aws_iam_group.arn": global("group"),
  "aws_iam_policy.arn": global("policy"),
  "aws_iam_policy.id": global("policy"),
  "aws_iam_role.arn": global("role"),
  "aws_iam_user.arn": global("user"),
  "aws_kms_key.arn": (resource, { partition, region, accountId }) =>
    `arn:${partition}:kms:${region}:${accountId}:key/${standIn(resource)}`,
  "aws_kms_key.id": standIn,
  "aws_kms_key.key_id": standIn,
  "aws_lambda_alias.arn": regional("lambda", ["function_name", "name"], (of, name) => `function:${of}:${name}`),
  "aws_lambda_event_source_mapping.arn": (resource, { partition, region, accountId }) =>
    `arn:${partition}:lambda:${region}:${accountId}:event-source-mapping:${standIn(resource)}`,
  "aws_lambda_function.arn": functionArn,
  "aws_lambda_function.invoke_arn": invokeArn,
  "aws_lambda_function.qualified_arn": functionArn,
  "aws_lambda_function.qualified_invoke_arn": invokeArn,
  "aws_s3_bucket.arn": (resource, { partition }) =>
    made(resource, ["bucket"], (name) => `arn:${partition}:s3:::${name}`),
  "aws_secretsmanager_secret.arn": secretArn,
  "aws_secretsmanager_secret.id": secretArn,
  "aws_sfn_state_machine.arn": regional("states", ["name"], (name) => `stateMachine:${name}`),
  "aws_sfn_state_machine.id": regional("states", ["name"], (name) => `stateMachine:${name}`),
  "aws_sns_topic.arn": regional("sns", ["name"], (name) => name),
  "aws_sns_topic.id": regional("sns", ["name"], (name) => name),
  "aws_sqs_queue.arn": regional("sqs", ["name"], (name) => name),
  "aws_sqs_queue.id": queueUrl,
  "aws_sqs_queue.url": queueUrl,
};
