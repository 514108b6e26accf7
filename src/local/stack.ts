import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

import { UsageError } from "../core";

/** Arguments of one resource, as synthesized. */
export type ResourceBody = Readonly<Record<string, unknown>>;

/** One resource of a stack, with every reference in its arguments resolved. */
export interface Resource {
  readonly type: string;
  /** The logical name. */
  readonly name: string;
  /** The id that AWS would assign. */
  readonly id: string;
  readonly body: ResourceBody;
}

/**
 * A synthesized stack, read from `cdk.tf.json` alone. References between resources (`${aws_kms_key.data.arn}`) are resolved
 * to the value that AWS would assign, made up where AWS makes it up (ids of APIs and keys), always the same for the same stack.
 */
export interface Stack {
  readonly region: string;
  readonly accountId: string;
  /** All resources of a type, in the order of their logical names. */
  resources(type: string): readonly Resource[];
  /** The only resource of a type. Throws where there is none or more than one. */
  only(type: string): Resource;
}

/**
 * Reads `DIR/cdk.tf.json`, or the only stack below `DIR/stacks`. Throws `UsageError` where there is none.
 */
export function loadStack(dir: string): Stack {
  const file = findStackFile(dir);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(`cannot read the synthesized stack ${file}: ${(error as Error).message}`);
  }
  return stackOf(json as { resource?: Record<string, Record<string, ResourceBody>> });
}

function findStackFile(dir: string): string {
  const direct = join(dir, "cdk.tf.json");
  if (isFile(direct)) return direct;
  let stacks: string[] = [];
  try {
    stacks = readdirSync(join(dir, "stacks"))
      .map((name) => join(dir, "stacks", name, "cdk.tf.json"))
      .filter(isFile);
  } catch {
    // No `stacks` folder: the message below says what is wanted.
  }
  const [only, ...others] = stacks;
  if (only === undefined) throw new UsageError(`no cdk.tf.json in ${dir} or its stacks: run \`npm run synth\` first`);
  if (others.length > 0) throw new UsageError(`${dir} holds ${stacks.length} stacks: name the folder of one`);
  return only;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** What an item is at the first apply, and at every later one. */
const FIRST_APPLY = /^terraform_data\.[\w-]+\.output == plantimestamp\(\) \? "([a-z]+)" : "[a-z]+"$/;

/** A stack of an already parsed `cdk.tf.json`. */
export function stackOf(json: {
  readonly resource?: Readonly<Record<string, Readonly<Record<string, ResourceBody>>>>;
}): Stack {
  const raw = json.resource ?? {};
  const placement = placementOf(raw);
  const resolve = (value: unknown): unknown => {
    if (typeof value === "string") return resolveText(value, (reference) => resolveReference(reference));
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value === "object" && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, resolve(member)]));
    }
    return value;
  };
  const resolveReference = (reference: string): string => {
    // This machine is always at its first apply.
    const first = FIRST_APPLY.exec(reference)?.[1];
    if (first !== undefined) return first;
    const match = /^([a-z0-9_]+)\.([A-Za-z0-9_-]+)\.([a-z0-9_]+)$/.exec(reference);
    const body = match === null ? undefined : raw[match[1] ?? ""]?.[match[2] ?? ""];
    if (match === null || body === undefined) {
      throw new UsageError(`the stack holds a reference that this machine cannot resolve: \`${reference}\``);
    }
    const [, type = "", name = "", attribute = ""] = match;
    const own = body[attribute];
    if (typeof own === "string") return resolveText(own, resolveReference);
    const assigned = assignedAttribute(type, name, attribute, resolve(body) as ResourceBody, placement);
    if (assigned === undefined) {
      throw new UsageError(`the stack refers to \`${reference}\`, an attribute that this machine does not know`);
    }
    return assigned;
  };

  const cache = new Map<string, readonly Resource[]>();
  const resources = (type: string): readonly Resource[] => {
    const known = cache.get(type);
    if (known !== undefined) return known;
    const found = Object.entries(raw[type] ?? {})
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, body]) => {
        const resolved = resolve(body) as ResourceBody;
        return { type, name, id: assignedAttribute(type, name, "id", resolved, placement) ?? name, body: resolved };
      });
    cache.set(type, found);
    return found;
  };
  return {
    ...placement,
    resources,
    only: (type) => {
      const [first, ...others] = resources(type);
      if (first === undefined || others.length > 0) {
        throw new UsageError(`expected one \`${type}\` in the stack, found ${resources(type).length}`);
      }
      return first;
    },
  };
}

/** Account and region as the stack's own function roles and ARNs write them: they are literals in every ARN. */
function placementOf(raw: Readonly<Record<string, unknown>>): { region: string; accountId: string } {
  const match = /arn:aws[a-z-]*:lambda:([a-z0-9-]+):(\d{12}):function:/.exec(JSON.stringify(raw));
  if (match === null) throw new UsageError("the stack names no Lambda function by its ARN: not a write-back stack");
  return { region: match[1] ?? "", accountId: match[2] ?? "" };
}

/** Text of a Terraform JSON string: references replaced, `$${` and `%%{` unescaped. */
export function resolveText(text: string, resolveReference: (reference: string) => string): string {
  return text.replace(/\$\$\{|%%\{|\$\{([^}]*)\}/g, (whole: string, reference: string | undefined) =>
    reference === undefined ? whole.slice(1) : resolveReference(reference.trim()),
  );
}

function assignedAttribute(
  type: string,
  name: string,
  attribute: string,
  body: ResourceBody,
  { region, accountId }: { region: string; accountId: string },
): string | undefined {
  const hash = createHash("sha256").update(`${type}.${name}`).digest("hex");
  const text = (key: string): string => (typeof body[key] === "string" ? body[key] : name);
  const regional = (service: string, rest: string): string => `arn:aws:${service}:${region}:${accountId}:${rest}`;
  switch (`${type}.${attribute}`) {
    case "aws_api_gateway_rest_api.id":
    case "aws_apigatewayv2_api.id":
      return apiIdOf(hash);
    case "aws_api_gateway_rest_api.execution_arn":
    case "aws_apigatewayv2_api.execution_arn":
      return regional("execute-api", apiIdOf(hash));
    case "aws_apigatewayv2_api.api_endpoint":
      return `https://${apiIdOf(hash)}.execute-api.${region}.amazonaws.com`;
    case "aws_api_gateway_rest_api.root_resource_id":
      return hash.slice(10, 20);
    case "aws_default_security_group.id":
    case "aws_security_group.id":
      return ec2Id("sg", hash);
    case "aws_route_table.id":
      return ec2Id("rtb", hash);
    case "aws_subnet.id":
      return ec2Id("subnet", hash);
    case "aws_vpc.id":
      return ec2Id("vpc", hash);
    case "aws_vpc_endpoint.id":
      return ec2Id("vpce", hash);
    case "aws_route53_resolver_firewall_domain_list.id":
      return ec2Id("rslvr-fdl", hash);
    case "aws_route53_resolver_firewall_rule_group.id":
      return ec2Id("rslvr-frg", hash);
    case "aws_kms_key.arn":
      return regional("kms", `key/${uuidOf(hash)}`);
    case "aws_kms_key.key_id":
    case "aws_kms_key.id":
      return uuidOf(hash);
    case "aws_iam_role.arn":
      return `arn:aws:iam::${accountId}:role/${text("name")}`;
    case "aws_iam_policy.arn":
      return `arn:aws:iam::${accountId}:policy/${text("name")}`;
    case "aws_lambda_function.arn":
      return regional("lambda", `function:${text("function_name")}`);
    case "aws_lambda_function.invoke_arn":
      return `arn:aws:apigateway:${region}:lambda:path/2015-03-31/functions/${regional("lambda", `function:${text("function_name")}`)}/invocations`;
    case "aws_lambda_event_source_mapping.arn":
      return regional("lambda", `event-source-mapping:${uuidOf(hash)}`);
    case "aws_lambda_event_source_mapping.uuid":
      return uuidOf(hash);
    case "aws_dynamodb_table.arn":
      return regional("dynamodb", `table/${text("name")}`);
    case "aws_dynamodb_table.stream_arn":
      return `${regional("dynamodb", `table/${text("name")}`)}/stream/2026-11-01T00:00:00.000`;
    case "aws_s3_bucket.id":
    case "aws_s3_bucket.bucket":
      return text("bucket");
    case "aws_sns_topic.arn":
      return regional("sns", text("name"));
    case "aws_sqs_queue.arn":
      return regional("sqs", text("name"));
    case "aws_sqs_queue.id":
    case "aws_sqs_queue.url":
      return `https://sqs.${region}.amazonaws.com/${accountId}/${text("name")}`;
    case "aws_cloudwatch_event_bus.arn":
      return regional("events", `event-bus/${text("name")}`);
    case "aws_cloudwatch_event_rule.arn":
      return regional("events", `rule/${text("event_bus_name")}/${text("name")}`);
    case "aws_sfn_state_machine.arn":
      return regional("states", `stateMachine:${text("name")}`);
    case "aws_cloudwatch_log_group.arn":
      return regional("logs", `log-group:${text("name")}`);
    default:
      // Ids and names that other resources merely pass on; their form is AWS's own business.
      return attribute === "id" || attribute === "name"
        ? typeof body["name"] === "string"
          ? body["name"]
          : hash.slice(0, 10)
        : undefined;
  }
}

/** Ten lower-case letters and digits, as API Gateway assigns. */
function apiIdOf(hash: string): string {
  return BigInt(`0x${hash.slice(0, 16)}`)
    .toString(36)
    .padStart(10, "0")
    .slice(0, 10);
}

/** A type's prefix and seventeen hexadecimal digits, as EC2 assigns. */
function ec2Id(prefix: string, hash: string): string {
  return `${prefix}-${hash.slice(0, 17)}`;
}

function uuidOf(hash: string): string {
  return [hash.slice(0, 8), hash.slice(8, 12), hash.slice(12, 16), hash.slice(16, 20), hash.slice(20, 32)].join("-");
}
