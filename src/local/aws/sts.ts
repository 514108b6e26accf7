import type { SessionCredentials } from "../../runtime/ports";
import { AwsError, escapeXml, formOf, xmlAnswer, type AwsAnswer, type AwsCall } from "./wire";

/** What AssumeRole is asked. */
export interface AssumeRoleInput {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly sourceIdentity: string;
  readonly tags: Readonly<Record<string, string>>;
  /** The inline session policy. */
  readonly policy: string;
  readonly durationSeconds: number;
}

/** Longest inline policy, in characters, which STS's client does not check. @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (read 2026-11-25) */
const MAX_POLICY = 2_048;
const SHORTEST_SECONDS = 900;
const LONGEST_CHAINED_SECONDS = 3_600;
const NAME = /^[\w+=,.@-]{2,64}$/;

/** Reads and checks an AssumeRole call as STS does. Throws `AwsError`. */
export function assumeRoleInput(call: AwsCall): AssumeRoleInput {
  const form = formOf(call.body);
  const get = (name: string): string => form.get(name) ?? "";
  const tags: Record<string, string> = {};
  for (let number = 1; form.has(`Tags.member.${number}.Key`); number += 1) {
    tags[get(`Tags.member.${number}.Key`)] = get(`Tags.member.${number}.Value`);
  }
  const policy = get("Policy");
  const durationSeconds = Number(form.get("DurationSeconds") ?? LONGEST_CHAINED_SECONDS);
  if (policy.length > MAX_POLICY) {
    throw new AwsError(
      "ValidationError",
      `the policy has ${policy.length} characters, at most ${MAX_POLICY} are allowed`,
    );
  }
  if (!NAME.test(get("RoleSessionName"))) throw new AwsError("ValidationError", "the session name is not one");
  if (!(durationSeconds >= SHORTEST_SECONDS && durationSeconds <= LONGEST_CHAINED_SECONDS)) {
    throw new AwsError("ValidationError", "the duration of a chained session is from 900 to 3,600 seconds");
  }
  return {
    roleArn: get("RoleArn"),
    sessionName: get("RoleSessionName"),
    sourceIdentity: get("SourceIdentity"),
    tags,
    policy: policy === "" ? JSON.stringify(EVERYTHING) : policy,
    durationSeconds,
  };
}

/** A session without a policy of its own is limited by its role alone. */
const EVERYTHING = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };

export function assumeRoleAnswer(
  { sourceIdentity, sessionName }: AssumeRoleInput,
  { accessKeyId, secretAccessKey, sessionToken }: SessionCredentials,
  arn: string,
  expiresAtMs: number,
): AwsAnswer {
  return xmlAnswer(
    `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>` +
      `<Credentials><AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${secretAccessKey}</SecretAccessKey>` +
      `<SessionToken>${sessionToken}</SessionToken><Expiration>${new Date(expiresAtMs).toISOString()}</Expiration></Credentials>` +
      `<AssumedRoleUser><Arn>${escapeXml(arn)}</Arn><AssumedRoleId>AROALOCAL:${escapeXml(sessionName)}</AssumedRoleId></AssumedRoleUser>` +
      `<SourceIdentity>${escapeXml(sourceIdentity)}</SourceIdentity><PackedPolicySize>1</PackedPolicySize>` +
      `</AssumeRoleResult><ResponseMetadata><RequestId>local</RequestId></ResponseMetadata></AssumeRoleResponse>`,
  );
}
