import { compileNames } from "../../../src/compile";
import {
  compileAlertKeyPolicy,
  compileAlertQueuePolicy,
  compileResultsBucketPolicy,
  compileTopicPolicy,
  compileTrailBucketPolicy,
  compileTrailKeyPolicy,
} from "../../../src/compile/audit/documents";
import { evaluate, type PolicyDocument } from "../../../src/iam";
import { mutantsOf } from "./mutants";

const names = compileNames({ prefix: "acme-writeback", accountId: "111122223333", region: "eu-west-1" });
const trailArn = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/acme-writeback-audit";
const otherTrail = "arn:aws:cloudtrail:eu-west-1:444455556666:trail/theirs";
const bucket = "arn:aws:s3:::acme-writeback-audit-111122223333-eu-west-1";
const key = "arn:aws:kms:eu-west-1:111122223333:key/11111111-1111-4111-8111-111111111111";
const topic = "arn:aws:sns:eu-west-1:111122223333:acme-writeback-audit";
const queue = "arn:aws:sqs:eu-west-1:111122223333:acme-writeback-audit-dlq";
const rule = "arn:aws:events:eu-west-1:111122223333:rule/acme-writeback-audit-trail-stopped";
const alarm = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:acme-writeback-dead-letters";

/** One request and what becomes of it. `by` is a service, or a role that its own policy allows everything. */
interface Request {
  readonly why: string;
  readonly by: string;
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string>>;
  readonly allowed: boolean;
}

const request = (
  allowed: boolean,
  why: string,
  by: string,
  action: string,
  resource: string,
  context: Readonly<Record<string, string>> = {},
): Request => ({ allowed, why, by, action, resource, context });

const CLOUDTRAIL = "cloudtrail.amazonaws.com";
const EVENTS = "events.amazonaws.com";
const ADMIN = "arn:aws:iam::111122223333:role/admin";
const AUDITOR = "arn:aws:iam::111122223333:role/auditor";
const ARCHIVIST = "arn:aws:iam::999988887777:role/archivist";
const contextOf = (arn: string) => ({ "kms:EncryptionContext:aws:cloudtrail:arn": arn });
const ours = { "aws:SourceArn": trailArn };
const tls = { "aws:SecureTransport": "true", "s3:TlsVersion": "1.3" };
const log = `${bucket}/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/24/a.json.gz`;
const KEEPER = "arn:aws:iam::111122223333:role/acme-writeback-evidence";
const segment = `${bucket}/evidence/v1/0000000000000001.jsonl`;
const ofSegment = { "kms:EncryptionContext:aws:s3:arn": segment };
const absent = { "s3:if-none-match": "*" };
const acl = { "s3:x-amz-acl": "bucket-owner-full-control" };
const account = { "aws:SourceAccount": "111122223333" };
const viaS3 = { "kms:ViaService": "s3.eu-west-1.amazonaws.com", "kms:CallerAccount": "111122223333" };

/** Who may put evidence, and how, whatever their own policies say. */
const EVIDENCE_REQUESTS: readonly Request[] = [
  request(true, "the keeper puts evidence where none is", KEEPER, "s3:PutObject", segment, { ...absent, ...tls }),
  request(false, "the keeper puts evidence over evidence", KEEPER, "s3:PutObject", segment, tls),
  request(false, "an administrator puts evidence", ADMIN, "s3:PutObject", segment, { ...absent, ...tls }),
];

const DOCUMENTS: readonly {
  readonly what: string;
  readonly document: PolicyDocument;
  readonly isKey?: boolean;
  /** Conditions of which each is also held by another statement: two statements stand between a forger and the log files. */
  readonly heldTwice?: readonly string[];
  readonly requests: readonly Request[];
}[] = [
  {
    what: "the policy of the log files' key",
    document: compileTrailKeyPolicy(names, { accountId: "999988887777", retention: "retain" }),
    isKey: true,
    requests: [
      request(true, "the trail encrypts", CLOUDTRAIL, "kms:GenerateDataKey", key, { ...ours, ...contextOf(trailArn) }),
      request(true, "in the context of a call elsewhere", CLOUDTRAIL, "kms:GenerateDataKey", key, {
        ...ours,
        ...contextOf(trailArn.replace("eu-west-1", "us-east-1")),
      }),
      request(false, "another account's trail encrypts", CLOUDTRAIL, "kms:GenerateDataKey", key, {
        "aws:SourceArn": otherTrail,
        ...contextOf(trailArn),
      }),
      request(false, "another trail's context", CLOUDTRAIL, "kms:GenerateDataKey", key, {
        ...ours,
        ...contextOf(otherTrail),
      }),
      request(false, "CloudTrail decrypts", CLOUDTRAIL, "kms:Decrypt", key, { ...ours, ...contextOf(trailArn) }),
      request(true, "the trail asks for the key", CLOUDTRAIL, "kms:DescribeKey", key, ours),
      request(false, "another trail asks for the key", CLOUDTRAIL, "kms:DescribeKey", key, {
        "aws:SourceArn": otherTrail,
      }),
      request(false, "another service encrypts", EVENTS, "kms:GenerateDataKey", key, {
        ...ours,
        ...contextOf(trailArn),
      }),
      request(true, "an auditor reads a log file", AUDITOR, "kms:Decrypt", key, { ...viaS3, ...contextOf(trailArn) }),
      request(false, "past S3", AUDITOR, "kms:Decrypt", key, {
        ...viaS3,
        "kms:ViaService": "dynamodb.eu-west-1.amazonaws.com",
        ...contextOf(trailArn),
      }),
      request(false, "something that is no log file", AUDITOR, "kms:Decrypt", key, {
        ...viaS3,
        ...contextOf(otherTrail),
      }),
      request(false, "an auditor encrypts", AUDITOR, "kms:GenerateDataKey", key, { ...viaS3, ...contextOf(trailArn) }),
      request(false, "for a caller of a third account", AUDITOR, "kms:Decrypt", key, {
        ...viaS3,
        "kms:CallerAccount": "444455556666",
        ...contextOf(trailArn),
      }),
      request(true, "the keeper of evidence encrypts", KEEPER, "kms:GenerateDataKey", key, { ...viaS3, ...ofSegment }),
      request(false, "somebody else encrypts evidence", ADMIN, "kms:GenerateDataKey", key, { ...viaS3, ...ofSegment }),
      request(false, "the keeper encrypts past S3", KEEPER, "kms:GenerateDataKey", key, {
        ...viaS3,
        "kms:ViaService": "dynamodb.eu-west-1.amazonaws.com",
        ...ofSegment,
      }),
      request(false, "the keeper encrypts a log file", KEEPER, "kms:GenerateDataKey", key, {
        ...viaS3,
        "kms:EncryptionContext:aws:s3:arn": log,
      }),
      request(false, "a keeper of another account encrypts", KEEPER, "kms:GenerateDataKey", key, {
        ...viaS3,
        "kms:CallerAccount": "444455556666",
        ...ofSegment,
      }),
      request(true, "an auditor reads evidence", AUDITOR, "kms:Decrypt", key, { ...viaS3, ...ofSegment }),
      request(false, "an auditor reads evidence past S3", AUDITOR, "kms:Decrypt", key, {
        ...viaS3,
        "kms:ViaService": "dynamodb.eu-west-1.amazonaws.com",
        ...ofSegment,
      }),
      request(false, "an auditor reads another object", AUDITOR, "kms:Decrypt", key, {
        ...viaS3,
        "kms:EncryptionContext:aws:s3:arn": `${bucket}/other`,
      }),
      request(false, "a third account reads evidence", AUDITOR, "kms:Decrypt", key, {
        ...viaS3,
        "kms:CallerAccount": "444455556666",
        ...ofSegment,
      }),
      request(true, "the archive's people administer it", ARCHIVIST, "kms:PutKeyPolicy", key),
      request(false, "the stack's people administer it", ADMIN, "kms:PutKeyPolicy", key),
    ],
  },
  {
    what: "the policy of the log files' bucket",
    document: compileTrailBucketPolicy(names, { accountId: "111122223333", retention: "retain" }),
    heldTwice: ["DeliverLogFilesOfTheTrail StringEquals aws:SourceArn"],
    requests: [
      request(true, "the trail delivers", CLOUDTRAIL, "s3:PutObject", log, { ...ours, ...acl, ...tls }),
      request(false, "another trail delivers", CLOUDTRAIL, "s3:PutObject", log, {
        "aws:SourceArn": otherTrail,
        ...acl,
        ...tls,
      }),
      request(false, "without giving the file away", CLOUDTRAIL, "s3:PutObject", log, { ...ours, ...tls }),
      request(false, "elsewhere in the bucket", CLOUDTRAIL, "s3:PutObject", `${bucket}/evidence/1`, {
        ...ours,
        ...acl,
        ...tls,
      }),
      request(true, "the trail asks for the ACL", CLOUDTRAIL, "s3:GetBucketAcl", bucket, { ...ours, ...tls }),
      request(false, "another trail asks for the ACL", CLOUDTRAIL, "s3:GetBucketAcl", bucket, {
        "aws:SourceArn": otherTrail,
        ...tls,
      }),
      request(false, "an administrator forges a log file", ADMIN, "s3:PutObject", log, { ...acl, ...tls }),
      request(false, "an administrator passes the lock", ADMIN, "s3:BypassGovernanceRetention", log, tls),
      request(false, "an administrator shortens the lock", ADMIN, "s3:PutObjectRetention", log, tls),
      ...EVIDENCE_REQUESTS,
      request(false, "an administrator hides evidence", ADMIN, "s3:DeleteObject", segment, tls),
      request(false, "an administrator removes a version of it", ADMIN, "s3:DeleteObjectVersion", segment, tls),
      request(true, "an auditor reads", AUDITOR, "s3:GetObject", log, tls),
      request(false, "an auditor reads without TLS", AUDITOR, "s3:GetObject", log, {
        "aws:SecureTransport": "false",
      }),
      request(false, "an auditor lists without TLS", AUDITOR, "s3:ListBucket", bucket, {
        "aws:SecureTransport": "false",
      }),
      request(false, "an auditor reads over an old TLS", AUDITOR, "s3:GetObject", log, {
        ...tls,
        "s3:TlsVersion": "1.1",
      }),
    ],
  },
  {
    what: "the policy of a trial's bucket",
    document: compileTrailBucketPolicy(names, { accountId: "111122223333", retention: "destroy" }),
    heldTwice: ["DeliverLogFilesOfTheTrail StringEquals aws:SourceArn"],
    requests: [
      request(true, "the trail delivers", CLOUDTRAIL, "s3:PutObject", log, { ...ours, ...acl, ...tls }),
      ...EVIDENCE_REQUESTS,
      request(true, "an administrator removes evidence", ADMIN, "s3:DeleteObjectVersion", segment, tls),
      request(true, "an administrator passes the lock", ADMIN, "s3:BypassGovernanceRetention", log, tls),
      request(true, "the trail asks for the ACL", CLOUDTRAIL, "s3:GetBucketAcl", bucket, { ...ours, ...tls }),
      request(false, "another trail asks for the ACL", CLOUDTRAIL, "s3:GetBucketAcl", bucket, {
        "aws:SourceArn": otherTrail,
        ...tls,
      }),
      request(false, "another trail delivers", CLOUDTRAIL, "s3:PutObject", log, {
        "aws:SourceArn": otherTrail,
        ...acl,
        ...tls,
      }),
      request(false, "without giving the file away", CLOUDTRAIL, "s3:PutObject", log, { ...ours, ...tls }),
      request(false, "an administrator forges a log file", ADMIN, "s3:PutObject", log, { ...acl, ...tls }),
      request(false, "without TLS", AUDITOR, "s3:GetObject", log, { "aws:SecureTransport": "false" }),
      request(false, "over an old TLS", AUDITOR, "s3:GetObject", log, { ...tls, "s3:TlsVersion": "1.1" }),
    ],
  },
  {
    what: "the policy of a bucket in a log archive's account",
    document: compileTrailBucketPolicy(names, { accountId: "999988887777", retention: "destroy" }),
    // Here only what the policy allows is allowed at all, so that its denials are held twice.
    isKey: true,
    heldTwice: [
      "DeliverLogFilesOfTheTrail StringEquals aws:SourceArn",
      "DenyForgedEvidence",
      "DenyForgedLogFiles",
      "KeepEvidence ArnEquals aws:PrincipalArn",
    ],
    requests: [
      ...EVIDENCE_REQUESTS,
      request(true, "the keeper follows evidence", KEEPER, "s3:GetObject", segment, tls),
      request(false, "somebody else puts evidence where none is", ADMIN, "s3:PutObject", segment, {
        ...absent,
        ...tls,
      }),
      request(false, "the keeper puts log files", KEEPER, "s3:PutObject", log, { ...absent, ...acl, ...tls }),
      request(false, "the keeper without TLS", KEEPER, "s3:GetObject", segment, { "aws:SecureTransport": "false" }),
      request(false, "the keeper over an old TLS", KEEPER, "s3:GetObject", segment, { ...tls, "s3:TlsVersion": "1.1" }),
      request(true, "the trail delivers", CLOUDTRAIL, "s3:PutObject", log, { ...ours, ...acl, ...tls }),
      request(false, "without giving the file away", CLOUDTRAIL, "s3:PutObject", log, { ...ours, ...tls }),
      request(true, "the trail asks for the ACL", CLOUDTRAIL, "s3:GetBucketAcl", bucket, { ...ours, ...tls }),
      request(false, "another trail asks for the ACL", CLOUDTRAIL, "s3:GetBucketAcl", bucket, {
        "aws:SourceArn": otherTrail,
        ...tls,
      }),
    ],
  },
  {
    what: "the policy of the results' bucket",
    document: compileResultsBucketPolicy(names),
    requests: [
      request(false, "without TLS", AUDITOR, "s3:GetObject", `${bucket.replace("-audit-", "-queries-")}/1.csv`, {
        "aws:SecureTransport": "false",
      }),
      request(true, "over TLS", AUDITOR, "s3:GetObject", `${bucket.replace("-audit-", "-queries-")}/1.csv`, tls),
    ],
  },
  {
    what: "the policy of the topic",
    document: compileTopicPolicy(names),
    requests: [
      request(true, "a rule tells", EVENTS, "sns:Publish", topic, { ...account, "aws:SourceArn": rule, ...tls }),
      request(false, "another rule tells", EVENTS, "sns:Publish", topic, {
        ...account,
        "aws:SourceArn": "arn:aws:events:eu-west-1:111122223333:rule/other",
        ...tls,
      }),
      request(false, "for another account", EVENTS, "sns:Publish", topic, {
        "aws:SourceAccount": "444455556666",
        "aws:SourceArn": rule,
        ...tls,
      }),
      request(true, "an alarm tells", "cloudwatch.amazonaws.com", "sns:Publish", topic, {
        ...account,
        "aws:SourceArn": alarm,
        ...tls,
      }),
      request(false, "another alarm tells", "cloudwatch.amazonaws.com", "sns:Publish", topic, {
        ...account,
        "aws:SourceArn": alarm.replace("acme-writeback-", "other-"),
        ...tls,
      }),
      request(false, "an alarm for another account", "cloudwatch.amazonaws.com", "sns:Publish", topic, {
        "aws:SourceAccount": "444455556666",
        "aws:SourceArn": alarm,
        ...tls,
      }),
      request(false, "without TLS", ADMIN, "sns:Publish", topic, { "aws:SecureTransport": "false" }),
    ],
  },
  {
    what: "the policy of the alerts' key",
    document: compileAlertKeyPolicy(names),
    isKey: true,
    requests: [
      request(true, "EventBridge encrypts", EVENTS, "kms:GenerateDataKey", key, account),
      request(false, "for another account", EVENTS, "kms:GenerateDataKey", key, {
        "aws:SourceAccount": "444455556666",
      }),
      request(true, "CloudWatch encrypts", "cloudwatch.amazonaws.com", "kms:GenerateDataKey", key, account),
      request(false, "CloudWatch for another account", "cloudwatch.amazonaws.com", "kms:Decrypt", key, {
        "aws:SourceAccount": "444455556666",
      }),
      request(false, "a person decrypts", ADMIN, "kms:Decrypt", key),
      request(true, "a person administers it", ADMIN, "kms:PutKeyPolicy", key),
    ],
  },
  {
    what: "the policy of the alerts' dead-letter queue",
    document: compileAlertQueuePolicy(names),
    requests: [
      request(true, "a rule's alert is kept", EVENTS, "sqs:SendMessage", queue, {
        ...account,
        "aws:SourceArn": rule,
        ...tls,
      }),
      request(false, "another rule's", EVENTS, "sqs:SendMessage", queue, {
        ...account,
        "aws:SourceArn": "arn:aws:events:eu-west-1:111122223333:rule/other",
        ...tls,
      }),
      request(false, "another account's", EVENTS, "sqs:SendMessage", queue, {
        "aws:SourceAccount": "444455556666",
        "aws:SourceArn": rule,
        ...tls,
      }),
      request(false, "without TLS", ADMIN, "sqs:ReceiveMessage", queue, { "aws:SecureTransport": "false" }),
    ],
  },
];

const EVERYTHING: PolicyDocument = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
};

function isAllowed(document: PolicyDocument, { by, action, resource, context }: Request, isKey = false): boolean {
  const resourceKind = isKey ? "must-allow" : "may-allow";
  const layers = { resource: document, resourceKind } as const;
  const { decision } = by.startsWith("arn:")
    ? evaluate({ principalArn: by, action, resource, context }, { ...layers, identity: [EVERYTHING] })
    : evaluate({ principalService: by, action, resource, context }, { ...layers, identity: [] });
  return decision === "allow";
}

describe.each(DOCUMENTS)("$what", ({ document, isKey, heldTwice = [], requests }) => {
  test.each(requests)("$why: $allowed", (asked) => {
    expect(isAllowed(document, asked, isKey)).toBe(asked.allowed);
  });

  test("needs each statement and each condition: without it some request is answered otherwise", () => {
    const idle = mutantsOf(document)
      .filter(([, mutant]) => requests.every((asked) => isAllowed(mutant, asked, isKey) === asked.allowed))
      .map(([without]) => without);
    expect(idle).toEqual(heldTwice);
  });
});

test("another trail is kept out of the bucket by the Allow's condition and by a Deny, each alone", () => {
  const document = compileTrailBucketPolicy(names, { accountId: "111122223333", retention: "retain" });
  const forged = request(false, "", CLOUDTRAIL, "s3:PutObject", log, { "aws:SourceArn": otherTrail, ...acl, ...tls });
  const allowOf = (Sid: string): PolicyDocument => ({
    ...document,
    Statement: document.Statement.filter((statement) => statement.Sid !== Sid),
  });
  expect(isAllowed(allowOf("DenyForgedLogFiles"), forged)).toBe(false);
  const open: PolicyDocument = {
    ...document,
    Statement: document.Statement.map(({ Condition, ...statement }) =>
      statement.Sid === "DeliverLogFilesOfTheTrail" ? statement : { ...statement, Condition },
    ),
  };
  expect(isAllowed(open, forged)).toBe(false);
});
