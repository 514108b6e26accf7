import { canonicalDigest, OUTCOME_DETAIL_TYPE, OUTCOME_SOURCE, WAITING_DETAIL_TYPE } from "../../core";
import type { PolicyDocument, Statement } from "../../iam";
import type { Policy } from "../../policy/model";
import type { Names } from "../names";
import { TASK_TOKEN_PURPOSE } from "./input";
import { compare, distinct, documentOf, pascalCase, putEventsCondition } from "./statements";

/** What the bus's policy needs of a policy. */
export type BusPolicyInput = Pick<Policy, "events" | "publishers">;

/** Publisher to the ARNs of the roles or users that may speak for it. */
export type PublisherArns = Readonly<Record<string, readonly string[]>>;

/**
 * Resource policy of the lifecycle bus. Each publisher's principals may put events of its own source and of the types that
 * name it. Within an account an identity policy alone would let anybody put any source, so each source is also denied to
 * everybody else, a publisher without principals to everybody, outcomes to all but `announce` and `sweeper`, and what waits
 * for people to all but `notifier`.
 */
export function compileBusPolicy(names: Names, policy: BusPolicyInput, publisherArns: PublisherArns): PolicyDocument {
  const sids = uniqueSids(Object.keys(policy.publishers));
  const publishers = Object.keys(policy.publishers).sort(compare);
  const statements = publishers.flatMap((publisher) => {
    const arns = distinct(publisherArns[publisher] ?? []);
    const sid = sids.get(publisher) ?? "";
    const types = Object.keys(policy.events).filter((event) => policy.events[event]?.source.includes(publisher));
    return [
      ...(arns.length === 0 || types.length === 0
        ? []
        : [allowPublisher(names, `Publish${sid}`, publisher, arns, types)]),
      denySource(names, `Only${sid}`, publisher, arns),
    ];
  });
  const [announce, notifier, sweeper] = [
    names.role("announce").arn,
    names.role("notifier").arn,
    names.role("sweeper").arn,
  ];
  return documentOf([
    ...statements,
    denySource(names, "OnlyOwnRolesPutOutcomes", OUTCOME_SOURCE, [announce, notifier, sweeper]),
    denyType(names, "OnlyAnnouncersTellOutcomes", OUTCOME_DETAIL_TYPE, [announce, sweeper]),
    denyType(names, "OnlyTheNotifierTellsWhatWaits", WAITING_DETAIL_TYPE, [notifier]),
    {
      Sid: "DenyUndeclaredSources",
      Effect: "Deny",
      Principal: "*",
      Action: "events:PutEvents",
      Resource: names.bus.arn,
      Condition: { "ForAnyValue:StringNotEquals": { "events:source": [...publishers, OUTCOME_SOURCE].sort(compare) } },
    },
  ]);
}

function allowPublisher(
  names: Names,
  sid: string,
  source: string,
  arns: readonly string[],
  types: readonly string[],
): Statement {
  return {
    Sid: sid,
    Effect: "Allow",
    Principal: { AWS: arns },
    Action: "events:PutEvents",
    Resource: names.bus.arn,
    Condition: putEventsCondition(source, types),
  };
}

/** Denies a detail-type of this system's own to all but some principals, in a call with whatever else. */
function denyType(names: Names, sid: string, detailType: string, arns: readonly string[]): Statement {
  return {
    Sid: sid,
    Effect: "Deny",
    Principal: "*",
    Action: "events:PutEvents",
    Resource: names.bus.arn,
    Condition: {
      "ForAnyValue:StringEquals": { "events:detail-type": detailType },
      StringNotEquals: { "aws:PrincipalArn": distinct(arns) },
    },
  };
}

/** Denies a source to all but some principals. A call may carry several sources: one that is not the caller's suffices. */
function denySource(names: Names, sid: string, source: string, arns: readonly string[]): Statement {
  return {
    Sid: sid,
    Effect: "Deny",
    Principal: "*",
    Action: "events:PutEvents",
    Resource: names.bus.arn,
    Condition: {
      "ForAnyValue:StringEquals": { "events:source": source },
      ...(arns.length === 0 ? {} : { StringNotEquals: { "aws:PrincipalArn": arns } }),
    },
  };
}

/** Sids of the bus's policy that are no publisher's. */
const OWN_SIDS = [
  "DenyUndeclaredSources",
  "OnlyOwnRolesPutOutcomes",
  "OnlyAnnouncersTellOutcomes",
  "OnlyTheNotifierTellsWhatWaits",
] as const;

/**
 * A name in PascalCase for each publisher, such that its Sids are nobody else's: names may differ in punctuation only, which Sids cannot hold,
 * and IAM refuses a document in which one Sid stands twice. Where the plain name is taken, a digest of the name tells them apart.
 */
function uniqueSids(publishers: readonly string[]): Map<string, string> {
  const taken = new Set<string>(OWN_SIDS);
  const sids = new Map<string, string>();
  for (const publisher of [...publishers].sort(compare)) {
    const base = pascalCase(publisher);
    const digest = canonicalDigest(publisher);
    const names = [base, ...Array.from({ length: digest.length }, (_, end) => `${base}X${digest.slice(0, end + 1)}`)];
    const name = names.find((each) => !taken.has(`Publish${each}`) && !taken.has(`Only${each}`)) ?? `${base}X${digest}`;
    taken.add(`Publish${name}`);
    taken.add(`Only${name}`);
    sids.set(publisher, name);
  }
  return sids;
}

/**
 * Resource policy of the intake queue: the rules of the policy's events deliver, and nobody else sends. A message put here
 * directly could claim any source, so sending is denied to everything that is not one of the rules.
 *
 * Moving dead letters back therefore needs its operator named: SQS sends them in that operator's name.
 */
export function compileQueuePolicy(
  names: Names,
  events: readonly string[],
  options: { readonly redriveOperatorArns?: readonly string[] } = {},
): PolicyDocument {
  const queueArn = names.intakeQueue.arn;
  const rules = ruleArns(names, events);
  return documentOf([
    ...deliverEvents(queueArn, rules),
    denyOtherSenders(names, queueArn, rules, options.redriveOperatorArns ?? []),
    denyPlainText(queueArn),
  ]);
}

/**
 * Resource policy of the dead-letter queue: what a rule could not deliver comes here too, over TLS, and nothing that anybody sends: an operator
 * who moves dead letters back would put it into intake. What SQS itself moves here is no message that a principal sends; which queues may
 * have this one for theirs says the queue's redrive allow policy.
 */
export function compileDeadLetterPolicy(names: Names, events: readonly string[]): PolicyDocument {
  const queueArn = names.deadLetterQueue.arn;
  const rules = ruleArns(names, events);
  return documentOf([
    ...deliverEvents(queueArn, rules),
    denyOtherSenders(names, queueArn, rules, []),
    denyPlainText(queueArn),
  ]);
}

/** Denies sending to everything that is not one of the rules, but for those who are named. */
function denyOtherSenders(
  names: Names,
  queueArn: string,
  rules: readonly string[],
  exceptArns: readonly string[],
): Statement {
  return {
    Sid: "DenyAllButTheRules",
    Effect: "Deny",
    Principal: "*",
    Action: "sqs:SendMessage",
    Resource: queueArn,
    // Holds where there is no source ARN, as for whoever sends in their own name.
    Condition: {
      ArnNotEquals: { "aws:SourceArn": rules.length === 0 ? [names.eventRule(NO_EVENT).arn] : rules },
      ...(exceptArns.length === 0 ? {} : { StringNotEquals: { "aws:PrincipalArn": distinct(exceptArns) } }),
    },
  };
}

/** Resource policy of the bus's own dead-letter queue: what the bus could not encrypt, decrypt or match comes here. */
export function compileBusDeadLetterPolicy(names: Names): PolicyDocument {
  const queueArn = names.busDeadLetterQueue.arn;
  return documentOf([...deliverEvents(queueArn, [names.bus.arn]), denyPlainText(queueArn)]);
}

/** Stands for the rule of a policy without events: no event can be called this. */
const NO_EVENT = "-";

function ruleArns(names: Names, events: readonly string[]): string[] {
  return [...events].sort(compare).map((event) => names.eventRule(event).arn);
}

function deliverEvents(queueArn: string, rules: readonly string[]): Statement[] {
  if (rules.length === 0) return [];
  return [
    {
      Sid: "DeliverLifecycleEvents",
      Effect: "Allow",
      Principal: { Service: "events.amazonaws.com" },
      Action: "sqs:SendMessage",
      Resource: queueArn,
      Condition: { ArnEquals: { "aws:SourceArn": rules } },
    },
  ];
}

function denyPlainText(queueArn: string): Statement {
  return {
    Sid: "DenyPlainText",
    Effect: "Deny",
    Principal: "*",
    Action: "sqs:*",
    Resource: queueArn,
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  };
}

/**
 * What the account may do with a key short of using it. The root of the account stands for IAM: who has these actions in an
 * identity policy. Grants are not among them: a grant would hand on the use of the key past every condition here.
 */
export const KEY_ADMINISTRATION = [
  "kms:CancelKeyDeletion",
  "kms:CreateAlias",
  "kms:DeleteAlias",
  "kms:DescribeKey",
  "kms:DisableKey",
  "kms:DisableKeyRotation",
  "kms:EnableKey",
  "kms:EnableKeyRotation",
  "kms:GetKeyPolicy",
  "kms:GetKeyRotationStatus",
  "kms:ListGrants",
  "kms:ListKeyPolicies",
  "kms:ListResourceTags",
  "kms:ListRetirableGrants",
  "kms:PutKeyPolicy",
  "kms:RevokeGrant",
  "kms:ScheduleKeyDeletion",
  "kms:TagResource",
  "kms:UntagResource",
  "kms:UpdateAlias",
  "kms:UpdateKeyDescription",
] as const;

/**
 * Policy of the data key: administration apart from use. Tables and queues use it for whoever may use them; task tokens are
 * encrypted by one role and decrypted by another; bus and log groups by their services. `aws:PrincipalArn` names roles by
 * text, since a key policy's principals must exist and these roles' policies name the key.
 *
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html (read 2026-11-23)
 */
export function compileDataKeyPolicy(names: Names): PolicyDocument {
  const account = accountRoot(names);
  const inAccount = { "kms:CallerAccount": names.accountId };
  const tokens = (role: "approvals" | "request-approval") => ({
    StringEquals: {
      "aws:PrincipalArn": names.role(role).arn,
      "kms:EncryptionContext:purpose": TASK_TOKEN_PURPOSE,
    },
  });
  return documentOf([
    administerKey(names),
    {
      Sid: "DecryptTaskTokens",
      Effect: "Allow",
      Principal: account,
      Action: "kms:Decrypt",
      Resource: "*",
      Condition: tokens("approvals"),
    },
    {
      Sid: "DeliverEncryptedEvents",
      Effect: "Allow",
      Principal: { Service: "events.amazonaws.com" },
      Action: ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
      Resource: "*",
      Condition: { StringEquals: { "aws:SourceAccount": names.accountId } },
    },
    {
      Sid: "EncryptLogGroups",
      Effect: "Allow",
      Principal: { Service: names.serviceHost("logs") },
      Action: [
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
      ],
      Resource: "*",
      Condition: { ArnLike: { "kms:EncryptionContext:aws:logs:arn": logGroups(names) } },
    },
    {
      Sid: "EncryptTaskTokens",
      Effect: "Allow",
      Principal: account,
      Action: "kms:Encrypt",
      Resource: "*",
      Condition: tokens("request-approval"),
    },
    {
      Sid: "EncryptNotices",
      Effect: "Allow",
      Principal: account,
      Action: ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
      Resource: "*",
      Condition: { StringEquals: { ...inAccount, "kms:ViaService": names.serviceHost("sns") } },
    },
    {
      // DynamoDB asks for a grant in the name of who creates an encrypted table.
      // @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html (read 2026-11-23)
      Sid: "GrantToDynamoDb",
      Effect: "Allow",
      Principal: account,
      Action: "kms:CreateGrant",
      Resource: "*",
      Condition: {
        Bool: { "kms:GrantIsForAWSResource": "true" },
        StringEquals: { ...inAccount, "kms:ViaService": names.serviceHost("dynamodb") },
      },
    },
    {
      Sid: "UseForTablesAndQueues",
      Effect: "Allow",
      Principal: account,
      Action: [
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
      ],
      Resource: "*",
      Condition: {
        StringEquals: { ...inAccount, "kms:ViaService": [names.serviceHost("dynamodb"), names.serviceHost("sqs")] },
      },
    },
  ]);
}

/**
 * Policy of the digest key: `inspect` generates and `gateway` verifies, nobody does both and nobody else does either, but for who audits: they
 * may check what is on record and make nothing.
 */
export function compileDigestKeyPolicy(
  names: Names,
  options: { readonly auditorArns?: readonly string[] } = {},
): PolicyDocument {
  const auditorArns = distinct(options.auditorArns ?? []);
  const use = (sid: string, action: string, arns: string | readonly string[]): Statement => ({
    Sid: sid,
    Effect: "Allow",
    Principal: accountRoot(names),
    Action: action,
    Resource: "*",
    Condition: { StringEquals: { "aws:PrincipalArn": arns, "kms:MacAlgorithm": "HMAC_SHA_256" } },
  });
  return documentOf([
    administerKey(names),
    use("GenerateDigests", "kms:GenerateMac", names.role("inspect").arn),
    use("VerifyDigests", "kms:VerifyMac", names.role("gateway").arn),
    ...(auditorArns.length === 0 ? [] : [use("VerifyDigestsForAudits", "kms:VerifyMac", auditorArns)]),
  ]);
}

/** In a key's policy `*` means this key. */
function administerKey(names: Names): Statement {
  return {
    Sid: "AdministerKey",
    Effect: "Allow",
    Principal: accountRoot(names),
    Action: KEY_ADMINISTRATION,
    Resource: "*",
  };
}

function accountRoot(names: Names): { readonly AWS: string } {
  return { AWS: `arn:${names.partition}:iam::${names.accountId}:root` };
}

/** Every log group of the stack, by the prefix of its names: functions, workflow, APIs. */
function logGroups(names: Names): string {
  return `arn:${names.partition}:logs:${names.region}:${names.accountId}:log-group:/aws/*/${names.prefix}-*`;
}

/**
 * Policy of a group's topic, of denials alone: nobody but the notifier publishes, whatever identity policies say, and nobody without TLS.
 * Who subscribes is the account's to say.
 */
export function compileTopicPolicy(names: Names, group: string): PolicyDocument {
  const { arn } = names.topic(group);
  const notifier = names.role("notifier").arn;
  return documentOf([
    {
      Sid: "DenyOtherPublishers",
      Effect: "Deny",
      Principal: "*",
      Action: "sns:Publish",
      Resource: arn,
      Condition: { StringNotEquals: { "aws:PrincipalArn": notifier } },
    },
    {
      Sid: "DenyUnencrypted",
      Effect: "Deny",
      Principal: "*",
      Action: "sns:Publish",
      Resource: arn,
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    },
  ]);
}

/**
 * Resource policy for the writer secret, which lives outside the stack: its owner attaches it, or an option of the
 * construct. Nobody reads the writer credential but the gateway's role and, where one is named, what rotates it.
 */
export function writerSecretPolicy(
  names: Names,
  options: { readonly rotationRoleArns?: readonly string[] } = {},
): PolicyDocument {
  return documentOf([
    {
      Sid: "DenyAllButTheGateway",
      Effect: "Deny",
      Principal: "*",
      Action: ["secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue"],
      // In a secret's policy `*` means this secret.
      Resource: "*",
      Condition: {
        StringNotEquals: {
          "aws:PrincipalArn": distinct([names.role("gateway").arn, ...(options.rotationRoleArns ?? [])]),
        },
      },
    },
  ]);
}
