import type { ContextInput } from "../../iam";
import type { PublishedNotice } from "../notices";
import { AwsError, formOf, jsonOf, textOf, type AwsCall } from "./wire";

/** What IAM is asked about a call: an action on a resource, in a context. */
export interface IamQuestion {
  readonly action: string;
  readonly resource: string;
  readonly context: ContextInput;
}

type Members = Readonly<Record<string, unknown>>;

/** Names and ARNs of where the calls arrive. */
interface Here {
  readonly region: string;
  readonly accountId: string;
  /** The function that an event source mapping starts. */
  readonly functionOfMapping: (uuid: string) => string | undefined;
}

/**
 * The questions that AWS asks IAM about a call of one of our functions: one, or one for each action of a transaction. A call that is not
 * among those that the stack's functions make is refused, whatever their policies say: nobody has looked at what it would mean.
 */
export function questionsOf(call: AwsCall, here: Here): readonly IamQuestion[] {
  const input = call.headers["x-amz-target"] === undefined ? {} : jsonOf(call.body);
  switch (call.service) {
    case "dynamodb":
      return dynamoDb(call.action, input, here);
    case "kms":
      return [kms(call.action, input)];
    case "secretsmanager":
      return [{ action: `secretsmanager:${call.action}`, resource: textOf(input["SecretId"]), context: {} }];
    case "states":
      return [states(call.action, input)];
    case "lambda":
      return [lambda(call, here)];
    case "sns":
      return [{ action: `sns:${call.action}`, resource: formOf(call.body).get("TopicArn") ?? "", context: {} }];
    case "iam":
      return [iam(call, here)];
    case "cloudtrail":
      return [{ action: `cloudtrail:${call.action}`, resource: "*", context: {} }];
    default:
      throw new AwsError("AccessDeniedException", `${call.service}:${call.action} is none of the stack's calls`, 403);
  }
}

const SINGLE = new Set(["GetItem", "PutItem", "UpdateItem", "DeleteItem"]);
const PARTS: Readonly<Record<string, string>> = {
  Put: "PutItem",
  Update: "UpdateItem",
  Delete: "DeleteItem",
  ConditionCheck: "ConditionCheckItem",
};

function dynamoDb(action: string, input: Members, here: Here): readonly IamQuestion[] {
  const tableArn = (name: unknown): string => `arn:aws:dynamodb:${here.region}:${here.accountId}:table/${textOf(name)}`;
  const keyOf = (members: unknown): string => {
    const pk = (members as Readonly<Record<string, { readonly S?: string }>> | undefined)?.["pk"];
    return pk?.S ?? "";
  };
  const question = (name: string, of: Members, pk: string, enclosing?: string): IamQuestion => ({
    action: `dynamodb:${name}`,
    resource: tableArn(of["TableName"]),
    context: {
      "dynamodb:LeadingKeys": [pk],
      ...(enclosing === undefined ? {} : { "dynamodb:EnclosingOperation": enclosing }),
    },
  });
  if (SINGLE.has(action)) return [question(action, input, keyOf(input["Key"] ?? input["Item"]))];
  if (action === "TransactWriteItems") {
    const items = (input["TransactItems"] ?? []) as readonly Readonly<Record<string, Members>>[];
    return items.flatMap((item) =>
      Object.entries(item).map(([kind, part]) =>
        question(PARTS[kind] ?? kind, part, keyOf(part["Key"] ?? part["Item"]), "TransactWriteItems"),
      ),
    );
  }
  if (action === "Query") {
    const index = input["IndexName"];
    const values = Object.values((input["ExpressionAttributeValues"] ?? {}) as Members);
    const [first] = values as readonly { readonly S?: string }[];
    const resource = tableArn(input["TableName"]) + (typeof index === "string" ? `/index/${index}` : "");
    return [{ action: "dynamodb:Query", resource, context: { "dynamodb:LeadingKeys": [first?.S ?? ""] } }];
  }
  // A scan is of the whole table: it has no leading key.
  if (action === "Scan") return [{ action: "dynamodb:Scan", resource: tableArn(input["TableName"]), context: {} }];
  throw new AwsError("AccessDeniedException", `dynamodb:${action} is none of the stack's calls`, 403);
}

function kms(action: string, input: Members): IamQuestion {
  const encryption = (input["EncryptionContext"] ?? {}) as Readonly<Record<string, string>>;
  const algorithm = input["MacAlgorithm"];
  const keys = Object.keys(encryption);
  return {
    action: `kms:${action}`,
    resource: textOf(input["KeyId"]),
    context: {
      ...Object.fromEntries(Object.entries(encryption).map(([key, value]) => [`kms:EncryptionContext:${key}`, value])),
      ...(keys.length === 0 ? {} : { "kms:EncryptionContextKeys": keys }),
      ...(typeof algorithm === "string" ? { "kms:MacAlgorithm": algorithm } : {}),
    },
  };
}

function states(action: string, input: Members): IamQuestion {
  // A task token stands for no resource.
  const resource = action.startsWith("SendTask")
    ? "*"
    : textOf(input["stateMachineArn"] ?? input["executionArn"] ?? "*");
  return { action: `states:${action}`, resource, context: {} };
}

/** Paths of Lambda's calls about a function, by method, and the action that IAM is asked. */
const FUNCTION_CALLS: readonly (readonly [method: string, path: RegExp, action: string])[] = [
  ["POST", /^\/2015-03-31\/functions\/([^/]+)\/invocations$/, "InvokeFunction"],
  ["PUT", /^\/2017-10-31\/functions\/([^/]+)\/concurrency$/, "PutFunctionConcurrency"],
  ["DELETE", /^\/2017-10-31\/functions\/([^/]+)\/concurrency$/, "DeleteFunctionConcurrency"],
  ["GET", /^\/2019-09-30\/functions\/([^/]+)\/concurrency$/, "GetFunctionConcurrency"],
];

function lambda(call: AwsCall, { region, accountId, functionOfMapping }: Here): IamQuestion {
  const arnOf = (what: string): string => `arn:aws:lambda:${region}:${accountId}:${what}`;
  for (const [method, path, action] of FUNCTION_CALLS) {
    const name = call.method === method ? path.exec(call.path)?.[1] : undefined;
    if (name === undefined) continue;
    const decoded = decodeURIComponent(name);
    const resource = decoded.startsWith("arn:") ? decoded : arnOf(`function:${decoded}`);
    return { action: `lambda:${action}`, resource, context: {} };
  }
  const uuid = /^\/2015-03-31\/event-source-mappings\/([^/]+)$/.exec(call.path)?.[1];
  const verb = { GET: "Get", PUT: "Update" }[call.method];
  if (uuid === undefined || verb === undefined) {
    throw new AwsError("AccessDeniedException", "that is none of the stack's calls", 403);
  }
  const functionArn = functionOfMapping(uuid);
  return {
    action: `lambda:${verb}EventSourceMapping`,
    resource: arnOf(`event-source-mapping:${uuid}`),
    context: functionArn === undefined ? {} : { "lambda:FunctionArn": functionArn },
  };
}

const ROLE_CALLS = new Set(["AttachRolePolicy", "DetachRolePolicy", "ListAttachedRolePolicies"]);

/** A call about a role: the query protocol has its members in a form. */
function iam(call: AwsCall, { accountId }: Here): IamQuestion {
  if (!ROLE_CALLS.has(call.action)) {
    throw new AwsError("AccessDenied", `iam:${call.action} is none of the stack's calls`, 403);
  }
  const form = formOf(call.body);
  const policyArn = form.get("PolicyArn");
  return {
    action: `iam:${call.action}`,
    resource: `arn:aws:iam::${accountId}:role/${form.get("RoleName") ?? ""}`,
    context: policyArn === null ? {} : { "iam:PolicyARN": policyArn },
  };
}

/** A message for a topic, as a call of `Publish` has it. */
export function noticeOf(call: AwsCall): PublishedNotice {
  const form = formOf(call.body);
  const get = (name: string): string => form.get(name) ?? "";
  const attributes: Record<string, string> = {};
  for (let number = 1; form.has(`MessageAttributes.entry.${number}.Name`); number += 1) {
    const entry = `MessageAttributes.entry.${number}`;
    attributes[get(`${entry}.Name`)] = get(`${entry}.Value.StringValue`);
  }
  return { topicArn: get("TopicArn"), subject: get("Subject"), text: get("Message"), attributes };
}
