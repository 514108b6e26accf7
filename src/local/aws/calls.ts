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
      return [invoke(call, here)];
    case "sns":
      return [{ action: `sns:${call.action}`, resource: formOf(call.body).get("TopicArn") ?? "", context: {} }];
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

function invoke(call: AwsCall, { region, accountId }: Here): IamQuestion {
  const name = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(call.path)?.[1];
  if (name === undefined) throw new AwsError("AccessDeniedException", "that is none of the stack's calls", 403);
  const decoded = decodeURIComponent(name);
  const resource = decoded.startsWith("arn:") ? decoded : `arn:aws:lambda:${region}:${accountId}:function:${decoded}`;
  return { action: "lambda:InvokeFunction", resource, context: {} };
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
