import type { PolicyDocument, Statement } from "../../iam";
import { evidenceArn, evidenceContext } from "../iam/evidence";
import { KEY_ADMINISTRATION } from "../iam/resource-policies";
import { documentOf } from "../iam/statements";
import type { Names } from "../names";
import { auditNames } from "./names";

/** Where the bucket and its key are. */
export interface Archive {
  /** Account of bucket and key: the stack's own, or a log archive's. */
  readonly accountId: string;
  /**
   * `retain`: nobody deletes a locked version, whoever they are. `destroy`: a trial's owner may, with the permission to bypass the lock.
   */
  readonly retention: "retain" | "destroy";
}

const CLOUDTRAIL = { Service: "cloudtrail.amazonaws.com" } as const;
const EVENTS = { Service: "events.amazonaws.com" } as const;
const ALARMS = { Service: "cloudwatch.amazonaws.com" } as const;

/** The oldest TLS that AWS's own clients still speak. */
const TLS_VERSION = "1.2";

/**
 * Policy of the key that encrypts the log files: CloudTrail may make data keys for this one trail, in the context of this one trail, and
 * people of the two accounts may read through S3 what they may read at all. Without the two conditions anybody's trail could be
 * pointed at the key.
 *
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html (read 2026-11-25)
 */
export function compileTrailKeyPolicy(names: Names, archive: Archive): PolicyDocument {
  const { trail } = auditNames(names);
  const ofTheTrail = { "aws:SourceArn": trail.arn };
  // Where a trail covers every Region, the Region in the context is the one that the call was made in.
  const inContext = {
    "kms:EncryptionContext:aws:cloudtrail:arn": `arn:${names.partition}:cloudtrail:*:${names.accountId}:trail/${trail.name}`,
  };
  const accounts = [...new Set([names.accountId, archive.accountId])];
  return documentOf([
    administerKey(names.partition, archive.accountId),
    {
      Sid: "DescribeForTheTrail",
      Effect: "Allow",
      Principal: CLOUDTRAIL,
      Action: "kms:DescribeKey",
      Resource: "*",
      Condition: { StringEquals: ofTheTrail },
    },
    {
      Sid: "EncryptLogFilesOfTheTrail",
      Effect: "Allow",
      Principal: CLOUDTRAIL,
      Action: ["kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"],
      Resource: "*",
      Condition: { StringEquals: ofTheTrail, StringLike: inContext },
    },
    {
      Sid: "ReadLogFilesThroughS3",
      Effect: "Allow",
      Principal: { AWS: accounts.map((accountId) => rootOf(names.partition, accountId)) },
      Action: "kms:Decrypt",
      Resource: "*",
      Condition: {
        StringEquals: { "kms:CallerAccount": accounts, "kms:ViaService": names.serviceHost("s3") },
        StringLike: inContext,
      },
    },
    {
      Sid: "EncryptEvidence",
      Effect: "Allow",
      Principal: { AWS: rootOf(names.partition, names.accountId) },
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
      Resource: "*",
      Condition: {
        // By text: a principal of a key's policy must exist, and that role's policy names the key.
        ArnEquals: { "aws:PrincipalArn": names.role("evidence").arn },
        StringEquals: { "kms:CallerAccount": names.accountId, "kms:ViaService": names.serviceHost("s3") },
        StringLike: evidenceContext(names),
      },
    },
    {
      Sid: "ReadEvidenceThroughS3",
      Effect: "Allow",
      Principal: { AWS: accounts.map((accountId) => rootOf(names.partition, accountId)) },
      Action: "kms:Decrypt",
      Resource: "*",
      Condition: {
        StringEquals: { "kms:CallerAccount": accounts, "kms:ViaService": names.serviceHost("s3") },
        StringLike: evidenceContext(names),
      },
    },
  ]);
}

/**
 * Policy of the bucket: the one trail writes under its own account's prefix and nobody else does, the one role keeps evidence under the evidence's and
 * nobody else does, in names that are not there yet; nobody speaks to it without TLS, and where records are to last, nobody passes the lock,
 * whatever their own policies allow.
 *
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html (read 2026-11-25)
 */
export function compileTrailBucketPolicy(names: Names, archive: Archive): PolicyDocument {
  const { trail, bucket } = auditNames(names);
  const logs = `${bucket.arn}/AWSLogs/${names.accountId}/*`;
  const ofTheTrail = { "aws:SourceArn": trail.arn };
  const evidence = evidenceArn(names);
  const keeper = names.role("evidence").arn;
  return documentOf([
    // Within an account the keeper's own policy lets it in; another account's bucket has to, too.
    ...(archive.accountId === names.accountId
      ? []
      : [
          {
            Sid: "KeepEvidence",
            Effect: "Allow" as const,
            Principal: { AWS: rootOf(names.partition, names.accountId) },
            Action: ["s3:GetObject", "s3:PutObject"],
            Resource: evidence,
            Condition: { ArnEquals: { "aws:PrincipalArn": keeper } },
          },
        ]),
    {
      Sid: "DenyForgedEvidence",
      Effect: "Deny",
      Principal: "*",
      Action: "s3:PutObject",
      Resource: evidence,
      Condition: { ArnNotEquals: { "aws:PrincipalArn": keeper } },
    },
    {
      // Only a put that fails where something is: so there is one chain, whoever puts at once.
      // @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html (read 2026-11-28)
      Sid: "DenyEvidenceOverEvidence",
      Effect: "Deny",
      Principal: "*",
      Action: "s3:PutObject",
      Resource: evidence,
      Condition: { Null: { "s3:if-none-match": "true" } },
    },
    {
      Sid: "CheckAclForTheTrail",
      Effect: "Allow",
      Principal: CLOUDTRAIL,
      Action: "s3:GetBucketAcl",
      Resource: bucket.arn,
      Condition: { StringEquals: ofTheTrail },
    },
    {
      Sid: "DeliverLogFilesOfTheTrail",
      Effect: "Allow",
      Principal: CLOUDTRAIL,
      Action: "s3:PutObject",
      Resource: logs,
      Condition: { StringEquals: { ...ofTheTrail, "s3:x-amz-acl": "bucket-owner-full-control" } },
    },
    {
      // Holds where there is no source ARN, as for whoever writes in their own name.
      Sid: "DenyForgedLogFiles",
      Effect: "Deny",
      Principal: "*",
      Action: "s3:PutObject",
      Resource: `${bucket.arn}/AWSLogs/*`,
      Condition: { StringNotEquals: ofTheTrail },
    },
    ...(archive.retention === "retain"
      ? [
          {
            Sid: "DenyBypassOfTheLock",
            Effect: "Deny" as const,
            Principal: "*" as const,
            Action: ["s3:BypassGovernanceRetention", "s3:PutObjectLegalHold", "s3:PutObjectRetention"],
            Resource: `${bucket.arn}/*`,
          },
          {
            // A locked version cannot be deleted; a mark that hides it can be put, but for this. Lifecycle rules ask no policy.
            Sid: "DenyHidingEvidence",
            Effect: "Deny" as const,
            Principal: "*" as const,
            Action: ["s3:DeleteObject", "s3:DeleteObjectVersion"],
            Resource: evidence,
          },
        ]
      : []),
    ...overTls("s3:*", [bucket.arn, `${bucket.arn}/*`]),
    {
      Sid: "DenyOldTls",
      Effect: "Deny",
      Principal: "*",
      Action: "s3:*",
      Resource: [bucket.arn, `${bucket.arn}/*`],
      Condition: { NumericLessThan: { "s3:TlsVersion": TLS_VERSION } },
    },
  ]);
}

/** Policy of the bucket that holds results of queries: people of the account by their own policies, over TLS. */
export function compileResultsBucketPolicy(names: Names): PolicyDocument {
  const { resultsBucket } = auditNames(names);
  return documentOf(overTls("s3:*", [resultsBucket.arn, `${resultsBucket.arn}/*`]));
}

/** Policy of the topic: the rules and alarms of this stack publish there, and nobody else. */
export function compileTopicPolicy(names: Names): PolicyDocument {
  const { topic, rulesArn, alarmsArn } = auditNames(names);
  const publish = (sid: string, service: Statement["Principal"], sourceArn: string): Statement => ({
    Sid: sid,
    Effect: "Allow",
    Principal: service,
    Action: "sns:Publish",
    Resource: topic.arn,
    Condition: { ArnLike: { "aws:SourceArn": sourceArn }, StringEquals: { "aws:SourceAccount": names.accountId } },
  });
  return documentOf([
    publish("PublishAlarms", ALARMS, alarmsArn),
    publish("PublishWhatTheRulesHear", EVENTS, rulesArn),
    ...overTls("sns:Publish", [topic.arn]),
  ]);
}

/** Policy of the key that encrypts alerts: EventBridge and CloudWatch use it for this account. */
export function compileAlertKeyPolicy(names: Names): PolicyDocument {
  const use = (sid: string, service: Statement["Principal"]): Statement => ({
    Sid: sid,
    Effect: "Allow",
    Principal: service,
    Action: ["kms:Decrypt", "kms:GenerateDataKey"],
    Resource: "*",
    Condition: { StringEquals: { "aws:SourceAccount": names.accountId } },
  });
  return documentOf([
    administerKey(names.partition, names.accountId),
    use("EncryptAlarms", ALARMS),
    use("EncryptWhatTheRulesHear", EVENTS),
  ]);
}

/** Policy of the queue for alerts that could not be delivered. */
export function compileAlertQueuePolicy(names: Names): PolicyDocument {
  const { deadLetterQueue, rulesArn } = auditNames(names);
  return documentOf([
    {
      Sid: "KeepUndeliveredAlerts",
      Effect: "Allow",
      Principal: EVENTS,
      Action: "sqs:SendMessage",
      Resource: deadLetterQueue.arn,
      Condition: { ArnLike: { "aws:SourceArn": rulesArn }, StringEquals: { "aws:SourceAccount": names.accountId } },
    },
    ...overTls("sqs:*", [deadLetterQueue.arn]),
  ]);
}

function overTls(action: string, resources: readonly string[]): Statement[] {
  return [
    {
      Sid: "DenyPlainText",
      Effect: "Deny",
      Principal: "*",
      Action: action,
      Resource: resources.length === 1 ? (resources[0] ?? "") : resources,
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    },
  ];
}

/** In a key's policy `*` means this key. */
function administerKey(partition: string, accountId: string): Statement {
  return {
    Sid: "AdministerKey",
    Effect: "Allow",
    Principal: { AWS: rootOf(partition, accountId) },
    Action: KEY_ADMINISTRATION,
    Resource: "*",
  };
}

function rootOf(partition: string, accountId: string): string {
  return `arn:${partition}:iam::${accountId}:root`;
}
