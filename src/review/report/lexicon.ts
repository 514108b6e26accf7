import { arnOf } from "../identity";
import { textOf } from "../body";
import type { Resource } from "../stack";
import type { System } from "../system";
import { code, type Text } from "./content";

/** What people call the things that ARNs name. */
export interface Lexicon {
  /** A resource as a policy names it, by ARN or pattern. */
  readonly resource: (arn: string) => Text;
  /** Whom a policy names, by the kind of principal and its id. */
  readonly principal: (kind: string, id: string) => Text;
}

/** What a resource of a type is called, and the argument that holds its own name. */
const NOUNS: Readonly<Partial<Record<string, readonly [noun: string, name: string]>>> = {
  aws_api_gateway_rest_api: ["the API", "name"],
  aws_cloudtrail: ["the trail", "name"],
  aws_cloudwatch_event_bus: ["the bus", "name"],
  aws_cloudwatch_event_rule: ["the rule", "name"],
  aws_cloudwatch_log_group: ["the log group", "name"],
  aws_cloudwatch_metric_alarm: ["the alarm", "alarm_name"],
  aws_dynamodb_table: ["the table", "name"],
  aws_iam_policy: ["the policy", "name"],
  aws_iam_role: ["the role", "name"],
  aws_kms_key: ["the key", "description"],
  aws_lambda_function: ["the function", "function_name"],
  aws_s3_bucket: ["the bucket", "bucket"],
  aws_secretsmanager_secret: ["the secret", "name"],
  aws_sfn_state_machine: ["the state machine", "name"],
  aws_sns_topic: ["the topic", "name"],
  aws_sqs_queue: ["the queue", "name"],
  aws_vpc_endpoint: ["the VPC endpoint", "service_name"],
};

/** The names of a stack's own things, and of what its parts are to each other. */
export function lexiconOf(system: System): Lexicon {
  const known = new Map<string, Text>();
  const called = (arn: string | undefined, text: Text): void => {
    if (arn !== undefined) known.set(arn, text);
  };
  for (const resource of system.stack.all) {
    const text = textOfResource(resource);
    if (text !== undefined) called(arnOf(system.stack, resource), text);
  }
  for (const { arn, principal } of system.functions) {
    if (principal?.tag !== undefined) called(arn, ["the function of ", code(principal.tag)]);
  }
  for (const { arn, tag } of system.principals) {
    if (tag !== undefined) called(arn, ["the role of ", code(tag)]);
  }
  called(system.tables.classification, ["the classification table"]);
  called(system.tables.ledger, ["the ledger"]);
  called(system.tables.control, ["the control table"]);
  called(system.keys.data, ["the data key"]);
  called(system.keys.digest, ["the digest key"]);
  called(system.bus, ["the lifecycle bus"]);
  called(system.workflow?.arn, ["the workflow"]);
  for (const arn of system.secrets.writer) called(arn, ["the writer's credential ", code(arn)]);
  for (const arn of system.secrets.reader) called(arn, ["a reader's credential ", code(arn)]);
  for (const arn of system.intakeQueues) called(arn, ["the queue that intake reads"]);

  const resource = (arn: string): Text => {
    if (arn === "*") return ["everything"];
    const exact = known.get(arn);
    if (exact !== undefined) return exact;
    const request = requestOf(arn);
    if (request !== undefined) return request;
    const below = partOf(arn, known);
    return below ?? [code(arn)];
  };
  const principal = (kind: string, id: string): Text => {
    if (id === "*") return ["everybody"];
    if (kind === "Service") return ["the service ", code(id)];
    if (kind === "Federated") return ["whomever ", code(id), " signs in"];
    if (/^(?:arn:aws[a-z-]*:iam::\d{12}:root|\d{12})$/.test(id))
      return ["everybody in the account ", code(/\d{12}/.exec(id)?.[0] ?? id), " whose own policies allow it"];
    return known.get(id) ?? [code(id)];
  };
  return { resource, principal };
}

function textOfResource({ type, body }: Resource): Text | undefined {
  const noun = NOUNS[type];
  const name = noun === undefined ? undefined : textOf(body, noun[1]);
  return noun === undefined || name === undefined ? undefined : [`${noun[0]} `, code(name)];
}

/** What an ARN names within something known, as a table's index or the objects of a bucket. */
function partOf(arn: string, known: ReadonlyMap<string, Text>): Text | undefined {
  for (let end = arn.length - 1; end > 0; end--) {
    if (arn[end] !== "/" && arn[end] !== ":") continue;
    const whole = known.get(arn.slice(0, end));
    if (whole === undefined) continue;
    const rest = arn.slice(end + 1);
    const index = /^index\/(.+)$/.exec(rest)?.[1];
    if (index !== undefined)
      return index === "*" ? ["every index of ", ...whole] : ["the index ", code(index), " of ", ...whole];
    return rest === "*" ? ["all within ", ...whole] : [code(rest), " within ", ...whole];
  }
  return undefined;
}

const EXECUTE_API = /^arn:aws[a-z-]*:execute-api:[^:]*:[^:]*:([^/]+)(?:\/([^/]*))?(?:\/([^/]*))?(\/.*)?$/;

/** A request to an API, of which ARNs of API Gateway are made. */
function requestOf(arn: string): Text | undefined {
  const [, api, stage = "*", method = "*", path = ""] = EXECUTE_API.exec(arn) ?? [];
  if (api === undefined) return undefined;
  if (stage === "*" && method === "*" && path === "") return ["every request to the API ", code(api)];
  const verb = method === "*" ? "any method" : method;
  return [
    "requests ",
    code(`${verb} ${path === "" ? "/" : path}`),
    " to stage ",
    code(stage),
    " of the API ",
    code(api),
  ];
}
