import type { Moto } from "./moto";
import { AwsError, jsonAnswer, jsonOf, textOf, type AwsAnswer, type AwsCall } from "./wire";

/** Answers a call that moto does not know or answers wrongly; `undefined` where moto may have it. */
export type Gap = (call: AwsCall, moto: Moto) => Promise<AwsAnswer | undefined>;

/**
 * What moto 5.2 lacks of what the AWS provider 5.100 asks, each measured: without it an apply fails or hangs, or a second plan shows a
 * change that nobody made.
 */
export const GAPS: readonly Gap[] = [
  validateDefinition,
  listVersions,
  escapePolicy,
  redrivePolicies,
  describeRules,
  trailByArn,
  bucketPolicies,
  emptyLock,
  athenaLacks,
];

/** The provider asks at plan and apply whether a definition is valid; our own lint has answered that at synth. */
function validateDefinition(call: AwsCall): Promise<AwsAnswer | undefined> {
  if (call.service !== "states" || call.action !== "ValidateStateMachineDefinition") return none;
  const definition = textOf(jsonOf(call.body)["definition"]);
  const diagnostics = isJson(definition)
    ? []
    : [{ severity: "ERROR", code: "INVALID_JSON_DESCRIPTION", message: "the definition is not JSON", location: "/" }];
  const result = diagnostics.length === 0 ? "OK" : "FAIL";
  return Promise.resolve(jsonAnswer({ result, diagnostics, truncated: false }));
}

/** No version is ever published here. */
function listVersions(call: AwsCall): Promise<AwsAnswer | undefined> {
  if (call.service !== "states" || call.action !== "ListStateMachineVersions") return none;
  return Promise.resolve(jsonAnswer({ stateMachineVersions: [] }));
}

/** API Gateway gives a policy back as text whose quotes are escaped, and the provider expects it so; moto gives it as it is. */
async function escapePolicy(call: AwsCall, moto: Moto): Promise<AwsAnswer | undefined> {
  if (call.service !== "apigateway" || !/^\/restapis(\/[^/]+)?$/.test(call.path)) return undefined;
  const answer = await moto.forward(call);
  if (answer.status >= 300 || answer.body.length === 0) return answer;
  const escaped = (api: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
    const policy = textOf(api["policy"]);
    return policy.startsWith("{") ? { ...api, policy: JSON.stringify(policy).slice(1, -1) } : api;
  };
  const found = jsonOf(answer.body);
  const items = found["item"];
  const body = Array.isArray(items)
    ? { ...found, item: (items as Readonly<Record<string, unknown>>[]).map(escaped) }
    : escaped(found);
  return { ...answer, body: Buffer.from(JSON.stringify(body)) };
}

/** Redrive allow policies by queue URL: moto keeps none. */
const redriveAllowed = new WeakMap<Moto, Map<string, string>>();

/**
 * SQS gives a redrive policy back as it was set; moto writes it anew with spaces, which the provider takes for a change. And moto forgets
 * which queues a dead-letter queue allows, for which the provider waits.
 */
async function redrivePolicies(call: AwsCall, moto: Moto): Promise<AwsAnswer | undefined> {
  if (call.service !== "sqs") return undefined;
  const kept = redriveAllowed.get(moto) ?? new Map<string, string>();
  redriveAllowed.set(moto, kept);
  const input = jsonOf(call.body);
  const given = (input["Attributes"] as Readonly<Record<string, string>> | undefined)?.["RedriveAllowPolicy"];
  if (call.action === "CreateQueue" || call.action === "SetQueueAttributes") {
    const answer = await moto.forward(call);
    if (answer.status < 300 && given !== undefined) {
      kept.set(textOf(call.action === "CreateQueue" ? jsonOf(answer.body)["QueueUrl"] : input["QueueUrl"]), given);
    }
    return answer;
  }
  if (call.action !== "GetQueueAttributes") return undefined;
  const answer = await moto.forward(call);
  if (answer.status >= 300) return answer;
  const found = jsonOf(answer.body);
  const { RedrivePolicy: policy, ...others } = (found["Attributes"] ?? {}) as Readonly<Record<string, string>>;
  const allowed = kept.get(textOf(input["QueueUrl"]));
  const Attributes = {
    ...others,
    ...(policy === undefined ? {} : { RedrivePolicy: JSON.stringify(JSON.parse(policy)) }),
    ...(allowed === undefined ? {} : { RedriveAllowPolicy: allowed }),
  };
  return { ...answer, body: Buffer.from(JSON.stringify({ ...found, Attributes })) };
}

/** Descriptions of security group rules by rule id: moto keeps none, and the provider sets them. */
const descriptions = new WeakMap<Moto, Map<string, string>>();

/** A rule of a security group gives its description back. */
async function describeRules(call: AwsCall, moto: Moto): Promise<AwsAnswer | undefined> {
  if (call.service !== "ec2") return undefined;
  const isAuthorize = /^AuthorizeSecurityGroup(Egress|Ingress)$/.test(call.action);
  if (!isAuthorize && call.action !== "DescribeSecurityGroupRules") return undefined;
  const kept = descriptions.get(moto) ?? new Map<string, string>();
  descriptions.set(moto, kept);
  const answer = await moto.forward(call);
  if (answer.status >= 300) return answer;
  const xml = answer.body.toString("utf8");
  if (isAuthorize) {
    const given = [...new URLSearchParams(call.body.toString("utf8"))].find(([name]) => name.endsWith(".Description"));
    const ruleId = /<securityGroupRuleId>([^<]+)</.exec(xml)?.[1];
    if (given !== undefined && ruleId !== undefined) kept.set(ruleId, given[1]);
    return answer;
  }
  const described = xml.replace(
    /<item>(?:(?!<\/item>)[\s\S])*?<securityGroupRuleId>([^<]+)<[\s\S]*?<\/item>/g,
    (item, id) => {
      const text = kept.get(String(id));
      if (text === undefined || item.includes("<description>")) return item;
      return item.replace(/<\/item>$/, `<description>${text}</description></item>`);
    },
  );
  return { ...answer, body: Buffer.from(described) };
}

/** Calls that name a trail by its ARN: moto knows trails by their names alone, and fails or forgets what is asked of an ARN. */
const OF_A_TRAIL: Readonly<Record<string, "Name" | "TrailName">> = {
  DeleteTrail: "Name",
  GetEventSelectors: "TrailName",
  GetTrail: "Name",
  GetTrailStatus: "Name",
  PutEventSelectors: "TrailName",
  StartLogging: "Name",
  StopLogging: "Name",
  UpdateTrail: "Name",
};

async function trailByArn(call: AwsCall, moto: Moto): Promise<AwsAnswer | undefined> {
  const member = call.service === "cloudtrail" ? OF_A_TRAIL[call.action] : undefined;
  if (member === undefined) return undefined;
  const input = jsonOf(call.body);
  const name = textOf(input[member]).replace(/^arn:.*:trail\//, "");
  const body = Buffer.from(JSON.stringify({ ...input, [member]: name }));
  return moto.forward({ ...call, headers: { ...call.headers, "content-length": String(body.length) }, body });
}

/** Policies of buckets, by bucket. */
const policies = new WeakMap<Moto, Map<string, Buffer>>();

/**
 * moto judges requests for objects by the bucket's policy, and takes a Deny whose conditions it does not know for one that holds: it would
 * let nobody put anything. What a role may is decided here, by our evaluator, so moto is given no policy.
 */
function bucketPolicies(call: AwsCall, moto: Moto): Promise<AwsAnswer | undefined> {
  const [, bucket = "", query = ""] = /^\/([^/?]+)\/?\?(.*)$/.exec(call.url) ?? [];
  if (call.service !== "s3" || !new URLSearchParams(query).has("policy")) return none;
  const kept = policies.get(moto) ?? new Map<string, Buffer>();
  policies.set(moto, kept);
  const empty = { status: 204, headers: {}, body: Buffer.alloc(0) };
  if (call.method === "PUT") {
    kept.set(bucket, call.body);
    return Promise.resolve(empty);
  }
  if (call.method === "DELETE") {
    kept.delete(bucket);
    return Promise.resolve(empty);
  }
  const body = kept.get(bucket);
  if (body === undefined) throw new AwsError("NoSuchBucketPolicy", "the bucket has no policy", 404);
  return Promise.resolve({ status: 200, headers: { "content-type": "application/json" }, body });
}

/** A lock's rule can be taken away from a bucket that holds objects: moto takes an empty lock for an empty bucket alone. */
function emptyLock(call: AwsCall): Promise<AwsAnswer | undefined> {
  if (call.service !== "s3" || call.method !== "PUT" || !/\?(.*&)?object-lock(=|&|$)/.test(call.url)) return none;
  if (call.body.includes("<Rule>")) return none;
  return Promise.resolve({ status: 200, headers: {}, body: Buffer.alloc(0) });
}

/** Tags of Athena's workgroups, by their names. */
const workgroupTags = new WeakMap<Moto, Map<string, unknown>>();

/** moto knows no tags of a workgroup that was made through its API, and cannot delete a named query. */
async function athenaLacks(call: AwsCall, moto: Moto): Promise<AwsAnswer | undefined> {
  if (call.service !== "athena") return undefined;
  const tags = workgroupTags.get(moto) ?? new Map<string, unknown>();
  workgroupTags.set(moto, tags);
  const input = jsonOf(call.body);
  switch (call.action) {
    case "CreateWorkGroup":
      tags.set(textOf(input["Name"]), input["Tags"]);
      return moto.forward(call);
    case "ListTagsForResource":
      return jsonAnswer({ Tags: tags.get(textOf(input["ResourceARN"]).split(":workgroup/")[1] ?? "") ?? [] });
    case "DeleteNamedQuery":
      return jsonAnswer({});
    default:
      return undefined;
  }
}

const none = Promise.resolve(undefined);

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** An answer that a resource does not exist, for services that this front keeps itself. */
export function notFound(what: string): AwsError {
  return new AwsError("ResourceNotFoundException", `there is no ${what}`, 404);
}
