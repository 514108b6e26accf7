import { canonicalJson } from "../core";
import type { Layers, PolicyDocument, Statement } from "../iam";
import { blocksOf, textOf, textsOf } from "./body";
import { isUnread, type DocumentReader, type StackDocument, type UnreadDocument } from "./documents";
import { arnOf, idOf } from "./identity";
import { Unreadable, type Resource, type Stack, type Value } from "./stack";

/** What may have a policy of its own. */
export type TargetKind = "api" | "bucket" | "bus" | "function" | "key" | "queue" | "secret" | "table" | "topic";

/** What each kind is called. */
export const TARGET_NOUNS: Readonly<Record<TargetKind, string>> = {
  api: "API",
  bucket: "bucket",
  bus: "bus",
  function: "function",
  key: "key",
  queue: "queue",
  secret: "secret",
  table: "table",
  topic: "topic",
};

/** All that the stack says about who may use one resource, apart from identity policies. */
export interface ResourcePolicy {
  readonly kind: TargetKind;
  /** ARN of the resource; for an API the ARN that its requests begin with. */
  readonly target: string;
  /** Its documents as one; absent where there is none, or where one cannot be judged. */
  readonly document?: PolicyDocument;
  readonly resourceKind: NonNullable<Layers["resourceKind"]>;
  readonly documents: readonly StackDocument[];
  readonly unread: readonly UnreadDocument[];
}

interface Found {
  readonly kind: TargetKind;
  readonly target: Value;
  readonly document: StackDocument | UnreadDocument;
}

/** A key's policy where Terraform gives none. @see https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html (read 2026-11-23) */
const DEFAULT_KEY_ACTIONS = "kms:*";

/** Where the stack's resource policies stand: type, the argument with the document, and what it is the policy of. */
const PLACES: readonly {
  readonly type: string;
  readonly kind: TargetKind;
  readonly attribute: string;
  readonly target: (stack: Stack, resource: Resource) => Value;
}[] = [
  {
    type: "aws_api_gateway_rest_api",
    kind: "api",
    attribute: "policy",
    target: (stack, api) => apiArn(stack, idOf(stack, api)),
  },
  {
    type: "aws_api_gateway_rest_api_policy",
    kind: "api",
    attribute: "policy",
    target: (stack, { body }) => apiArn(stack, body["rest_api_id"]),
  },
  {
    type: "aws_cloudwatch_event_bus_policy",
    kind: "bus",
    attribute: "policy",
    target: (stack, { body }) => busArn(stack, body["event_bus_name"]),
  },
  {
    type: "aws_dynamodb_resource_policy",
    kind: "table",
    attribute: "policy",
    target: (_, { body }) => body["resource_arn"],
  },
  { type: "aws_kms_key", kind: "key", attribute: "policy", target: arnOf },
  {
    type: "aws_kms_key_policy",
    kind: "key",
    attribute: "policy",
    target: (stack, { body }) => keyArn(stack, body["key_id"]),
  },
  { type: "aws_s3_bucket", kind: "bucket", attribute: "policy", target: arnOf },
  {
    type: "aws_s3_bucket_policy",
    kind: "bucket",
    attribute: "policy",
    target: (stack, { body }) => bucketArn(stack, body["bucket"]),
  },
  { type: "aws_secretsmanager_secret", kind: "secret", attribute: "policy", target: arnOf },
  {
    type: "aws_secretsmanager_secret_policy",
    kind: "secret",
    attribute: "policy",
    target: (_, { body }) => body["secret_arn"],
  },
  { type: "aws_sns_topic", kind: "topic", attribute: "policy", target: arnOf },
  { type: "aws_sns_topic_policy", kind: "topic", attribute: "policy", target: (_, { body }) => body["arn"] },
  { type: "aws_sqs_queue", kind: "queue", attribute: "policy", target: arnOf },
  {
    type: "aws_sqs_queue_policy",
    kind: "queue",
    attribute: "policy",
    target: (stack, { body }) => queueArn(stack, body["queue_url"]),
  },
];

/** Whether a request for a resource is held against a policy: its own, or that of the API or bucket that it is in. */
export function concerns({ kind, target }: Pick<ResourcePolicy, "kind" | "target">, resource: string): boolean {
  return target === resource || ((kind === "api" || kind === "bucket") && resource.startsWith(`${target}/`));
}

/** Reads every resource policy, permission of a function and grant of a key, by what it is the policy of. */
export function readResourcePolicies(
  stack: Stack,
  reader: DocumentReader,
): { readonly policies: readonly ResourcePolicy[]; readonly homeless: readonly UnreadDocument[] } {
  const found: Found[] = [
    ...PLACES.flatMap(({ type, kind, attribute, target }) =>
      stack.resources(type).flatMap((resource): Found[] => {
        const value = resource.body[attribute];
        if (value === undefined || value === null || value === "") return [];
        return [
          { kind, target: target(stack, resource), document: reader.read(resource, attribute, value, "resource") },
        ];
      }),
    ),
    ...eventPermissions(stack, reader),
    ...functionPermissions(stack, reader),
    ...keyGrants(stack, reader),
    ...defaultKeyPolicies(stack, reader),
  ];
  const homeless = found.flatMap(({ target, document }): UnreadDocument[] =>
    typeof target === "string"
      ? []
      : [
          {
            resource: document.resource,
            attribute: document.attribute,
            reason: target instanceof Unreadable ? target.reason : "what it is the policy of, is not written as text",
            statements: document.statements,
          },
        ],
  );
  const targets = new Map<string, Found[]>();
  for (const each of found) {
    if (typeof each.target !== "string") continue;
    const key = `${each.kind} ${each.target}`;
    targets.set(key, [...(targets.get(key) ?? []), each]);
  }
  const policies = [...targets.values()]
    .map(joined)
    .sort((a, b) => compare(a.target, b.target) || compare(a.kind, b.kind));
  return { policies, homeless };
}

/** Several documents of one resource: permissions and grants add up; of two whole policies the last applied wins, and nobody knows which. */
function joined(found: readonly Found[]): ResourcePolicy {
  const [first] = found;
  if (first === undefined) throw new TypeError("no policy");
  const documents = found.map(({ document }) => document);
  const wholes = documents.filter(({ attribute }) => attribute === "policy");
  const differ =
    new Set(wholes.map(({ statements }) => canonicalJson(statements.map(({ statement }) => statement)))).size > 1;
  const rivals = !differ ? [] : wholes.map((document) => ({ ...document, reason: RIVALS }));
  const unread = [...documents.filter(isUnread), ...rivals];
  const read = documents.filter((document): document is StackDocument => !isUnread(document));
  return {
    kind: first.kind,
    target: first.target as string,
    resourceKind: first.kind === "key" ? "must-allow" : "may-allow",
    documents: read,
    unread,
    ...(unread.length > 0
      ? {}
      : { document: { Version: "2012-10-17", Statement: read.flatMap(({ document }) => document.Statement) } }),
  };
}

const RIVALS = "two resources set the one policy, and the last one applied stays";

/** The older way to write the policy of a bus. */
function eventPermissions(stack: Stack, reader: DocumentReader): Found[] {
  return stack.resources("aws_cloudwatch_event_permission").map((resource) => {
    const { body } = resource;
    const bus = busArn(stack, body["event_bus_name"] ?? "default");
    const who = textOf(body, "principal") ?? "";
    const conditions = blocksOf(body, "condition").map((block): [string, Record<string, string>] => [
      textOf(block, "type") ?? "",
      { [textOf(block, "key") ?? ""]: textOf(block, "value") ?? "" },
    ]);
    const statement: Statement = {
      Sid: textOf(body, "statement_id"),
      Effect: "Allow",
      Principal: who === "*" ? "*" : { AWS: who },
      Action: textOf(body, "action") ?? "events:PutEvents",
      Resource: typeof bus === "string" ? bus : "*",
      ...(conditions.length === 0 ? {} : { Condition: Object.fromEntries(conditions) }),
    };
    return { kind: "bus", target: bus, document: reader.made(resource.address, "principal", [statement], "resource") };
  });
}

/** `aws_lambda_permission` as the statement that Lambda makes of it. @see https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html (read 2026-11-23) */
function functionPermissions(stack: Stack, reader: DocumentReader): Found[] {
  return stack.resources("aws_lambda_permission").map((resource) => {
    const { body, address } = resource;
    const target = functionArn(stack, body["function_name"]);
    const unread = ["principal", "action", "source_arn", "source_account"].flatMap((name) => {
      const value = body[name];
      return value instanceof Unreadable ? [value.reason] : [];
    });
    const [reason] = unread;
    if (reason !== undefined) {
      return {
        kind: "function",
        target,
        document: { resource: address, attribute: "principal", reason, statements: [] },
      };
    }
    const text = (name: string): string | undefined => textOf(body, name);
    const statement: Statement = {
      Sid: text("statement_id"),
      Effect: "Allow",
      Principal: principalOfPermission(text("principal") ?? ""),
      Action: text("action") ?? "",
      Resource: typeof target === "string" ? target : "*",
      ...conditionOf({
        ArnLike: { "aws:SourceArn": text("source_arn") },
        StringEquals: {
          "aws:SourceAccount": text("source_account"),
          "aws:PrincipalOrgID": text("principal_org_id"),
          "lambda:EventSourceToken": text("event_source_token"),
          "lambda:FunctionUrlAuthType": text("function_url_auth_type"),
        },
      }),
    };
    return { kind: "function", target, document: reader.made(address, "principal", [statement], "resource") };
  });
}

function principalOfPermission(who: string): NonNullable<Statement["Principal"]> {
  if (who === "*") return "*";
  return /\.amazonaws\.com(?:\.cn)?$/.test(who) ? { Service: who } : { AWS: who };
}

function conditionOf(
  tests: Readonly<Record<string, Readonly<Record<string, string | undefined>>>>,
): Pick<Statement, "Condition"> {
  const condition = Object.fromEntries(
    Object.entries(tests).flatMap(([operator, keys]) => {
      const given = Object.entries(keys).filter((entry): entry is [string, string] => entry[1] !== undefined);
      return given.length === 0 ? [] : [[operator, Object.fromEntries(given)]];
    }),
  );
  return Object.keys(condition).length === 0 ? {} : { Condition: condition };
}

/** A grant hands on the use of a key past its policy. */
function keyGrants(stack: Stack, reader: DocumentReader): Found[] {
  return stack.resources("aws_kms_grant").map((resource) => {
    const { body, address } = resource;
    const grantee = textOf(body, "grantee_principal");
    const target = keyArn(stack, body["key_id"]);
    if (grantee === undefined) {
      const document = {
        resource: address,
        attribute: "grantee_principal",
        reason: "who gets it, is not written as text",
        statements: [],
      };
      return { kind: "key", target, document };
    }
    const statement: Statement = {
      Sid: textOf(body, "name"),
      Effect: "Allow",
      Principal: grantee.endsWith(".amazonaws.com") ? { Service: grantee } : { AWS: grantee },
      Action: textsOf(body["operations"]).map((operation) => `kms:${operation}`),
      Resource: "*",
    };
    return { kind: "key", target, document: reader.made(address, "grantee_principal", [statement], "resource") };
  });
}

/** Where a document stands that Terraform does not write: what AWS makes of its absence. */
export const BY_DEFAULT = "policy (AWS's own)";

function defaultKeyPolicies(stack: Stack, reader: DocumentReader): Found[] {
  const targets = stack.resources("aws_kms_key_policy").map(({ body }) => keyArn(stack, body["key_id"]));
  // A policy of some key, nobody knows which: no key is known to be without.
  if (targets.some((target) => typeof target !== "string")) return [];
  const given = new Set(targets);
  return stack
    .resources("aws_kms_key")
    .filter((key) => [undefined, null, ""].includes(key.body["policy"] as undefined) && !given.has(arnOf(stack, key)))
    .map((key) => {
      const statement: Statement = {
        Sid: "DefaultKeyPolicy",
        Effect: "Allow",
        Principal: { AWS: `arn:${stack.partition}:iam::${stack.accountId}:root` },
        Action: DEFAULT_KEY_ACTIONS,
        Resource: "*",
      };
      return {
        kind: "key",
        target: arnOf(stack, key),
        document: reader.made(key.address, BY_DEFAULT, [statement], "resource"),
      };
    });
}

function apiArn(stack: Stack, id: Value): Value {
  return typeof id === "string" ? `arn:${stack.partition}:execute-api:${stack.region}:${stack.accountId}:${id}` : id;
}

/** ARN of a bus by its name or ARN. */
export function busArn(stack: Stack, name: Value): Value {
  if (typeof name !== "string") return name ?? busArn(stack, "default");
  return name.startsWith("arn:")
    ? name
    : `arn:${stack.partition}:events:${stack.region}:${stack.accountId}:event-bus/${name}`;
}

/** ARN of a function by its name, partial ARN or ARN, without version or alias. What is no text stays what it is. */
export function functionArn(stack: Stack, name: string): string;
export function functionArn(stack: Stack, name: Value): Value;
export function functionArn(stack: Stack, name: Value): Value {
  if (typeof name !== "string") return name;
  const plain = name.replace(/^(?:arn:aws[a-z-]*:lambda:[a-z0-9-]+:)?(?:\d{12}:)?(?:function:)?/, "");
  const prefix = /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:/.exec(name)?.[0];
  const own = `arn:${stack.partition}:lambda:${stack.region}:${stack.accountId}:function:`;
  return `${prefix ?? own}${plain.split(":")[0] ?? plain}`;
}

function keyArn(stack: Stack, id: Value): Value {
  if (typeof id !== "string") return id;
  return id.startsWith("arn:") ? id : `arn:${stack.partition}:kms:${stack.region}:${stack.accountId}:key/${id}`;
}

function bucketArn(stack: Stack, name: Value): Value {
  return typeof name === "string" ? `arn:${stack.partition}:s3:::${name}` : name;
}

/** ARN of a queue by its URL: the one that a queue of the stack has, wherever that is; else as AWS makes it. */
export function queueArn(stack: Stack, url: Value): Value {
  if (typeof url !== "string") return url;
  const own = stack.resources("aws_sqs_queue").find((queue) => idOf(stack, queue) === url);
  if (own !== undefined) return arnOf(stack, own);
  const [, account = stack.accountId, name] = /^https:\/\/sqs\.[^/]+\/(\d{12})\/(.+)$/.exec(url) ?? [];
  return `arn:${stack.partition}:sqs:${stack.region}:${account}:${name ?? url}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
