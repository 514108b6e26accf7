import type { PolicyDocument, Statement } from "../../iam";
import { compare, documentOf } from "../iam/statements";
import type { Names } from "../names";
import { auditNames } from "./names";

/** What an organisation has to know to forbid something around a stack. */
export interface OrganisationInput {
  readonly names: Names;
  /** Roles that deploy the stack, by ARN. Whoever can become one of them can do all that these policies leave to the deployer. */
  readonly deployerArns: readonly string[];
}

/** The most characters that a service control policy has. @see https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html (read 2026-11-29) */
export const MAX_CONTROL_POLICY = 5_120;

/** Services that a stack has something regional in, CloudTrail and CloudWatch's alarms aside: those look at other Regions too. */
const REGIONAL = [
  "apigateway",
  "dynamodb",
  "events",
  "kms",
  "lambda",
  "scheduler",
  "secretsmanager",
  "sns",
  "sqs",
  "states",
];

/** The Region where IAM's and STS's global calls are recorded: rules on them stand there, whatever the stack's own. */
const GLOBAL_REGION = "us-east-1";

/**
 * Service control policies for the account of a stack, by what they keep: what an administrator of that account must not do, and so only its
 * organisation can forbid. Each is a policy of denials, to be attached beside `FullAWSAccess`.
 */
export function compileControlPolicies(input: OrganisationInput): Readonly<Record<string, PolicyDocument>> {
  return {
    "keep-the-keys": documentOf(keepTheKeys(input)),
    "keep-the-record": documentOf(keepTheRecord(input)),
    "keep-the-roles": documentOf(keepTheRoles(input)),
    "stay-where-it-is": documentOf(stayWhereItIs(input)),
  };
}

/** Ways to put an item. */
const PUT_ITEMS = ["dynamodb:BatchWriteItem", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate", "dynamodb:PutItem"];

function deny(
  sid: string,
  actions: readonly string[],
  resources: readonly string[],
  rest: Partial<Statement> = {},
): Statement {
  return {
    Sid: sid,
    Effect: "Deny",
    Action: [...actions].sort(compare),
    Resource: [...resources].sort(compare),
    ...rest,
  };
}

/** To all but these, whose sessions have them in `aws:PrincipalArn`. */
function exceptFor(...arns: readonly string[]): Pick<Statement, "Condition"> {
  return { Condition: { ArnNotEquals: { "aws:PrincipalArn": [...arns].sort(compare) } } };
}

/** Trail, bucket, rules and alarms: stopping them is for nobody, changing them for the deployer. */
function keepTheRecord({ names, deployerArns }: OrganisationInput): Statement[] {
  const { trail, bucket, rulesArn, alarmsArn, topic } = auditNames(names);
  const objects = `${bucket.arn}/*`;
  return [
    deny(
      "KeepEvidenceAndLogFiles",
      ["s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectRetention"],
      [objects],
    ),
    deny("KeepTheBucket", ["s3:DeleteBucket", "s3:DeleteBucketPolicy"], [bucket.arn]),
    deny(
      "KeepTheBucketAsItIs",
      [
        "s3:PutBucketObjectLockConfiguration",
        "s3:PutBucketPolicy",
        "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
      ],
      [bucket.arn],
      exceptFor(...deployerArns),
    ),
    // Validation of log files is a setting of the trail, for which there is no key of its own.
    deny(
      "KeepTheTrailAsItIs",
      ["cloudtrail:PutEventSelectors", "cloudtrail:UpdateTrail"],
      [trail.arn],
      exceptFor(...deployerArns),
    ),
    deny("KeepTheTrailOn", ["cloudtrail:DeleteTrail", "cloudtrail:StopLogging"], [trail.arn]),
    deny(
      "KeepTheLedger",
      ["dynamodb:DeleteItem", "dynamodb:DeleteTable", "dynamodb:UpdateItem"],
      [names.ledgerTable.arn],
    ),
    // Each role of the stack puts its own kinds; nobody else any.
    deny("PutAsTheStackAlone", PUT_ITEMS, [names.ledgerTable.arn], {
      Condition: { ArnNotLike: { "aws:PrincipalArn": `${names.role("").arn}*` } },
    }),
    deny(
      "ClassifyAsDeployer",
      [...PUT_ITEMS, "dynamodb:DeleteItem", "dynamodb:DeleteTable", "dynamodb:UpdateItem"],
      [names.classificationTable.arn],
      exceptFor(...deployerArns),
    ),
    deny(
      "KeepTheWatch",
      [
        "cloudwatch:DeleteAlarms",
        "cloudwatch:DisableAlarmActions",
        "events:DeleteRule",
        "events:DisableRule",
        "events:PutRule",
        "events:RemoveTargets",
        "sns:DeleteTopic",
        "sns:Unsubscribe",
      ],
      [alarmsArn, rulesArn, topic.arn, `${topic.arn}:*`],
      exceptFor(...deployerArns),
    ),
  ];
}

/** Who the principals of the stack are, and what they may: the deployer's to change, and of the connector's role a stop's to attach. */
function keepTheRoles({ names, deployerArns }: OrganisationInput): Statement[] {
  const roles = `${names.role("").arn}*`;
  const connector = names.role("connector").arn;
  return [
    deny("AssumeConnectorRoleAsBrokerAlone", ["sts:AssumeRole"], [connector], exceptFor(names.role("broker").arn)),
    deny(
      "AttachAsDeployerOrStop",
      ["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
      [roles],
      exceptFor(...deployerArns, names.role("kill-switch").arn),
    ),
    deny(
      "ChangePoliciesAsDeployer",
      ["iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:SetDefaultPolicyVersion"],
      [names.connectorBoundary.arn, names.stopPolicy.arn],
      exceptFor(...deployerArns),
    ),
    deny(
      "ChangeRolesAsDeployer",
      [
        "iam:CreateRole",
        "iam:DeleteRole",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DeleteRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
        "iam:TagRole",
        "iam:UntagRole",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRole",
      ],
      [roles],
      exceptFor(...deployerArns),
    ),
    // Code under a role of the stack has that role's powers.
    deny(
      "ChangeFunctionsAsDeployer",
      ["iam:PassRole", "lambda:AddPermission", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"],
      [roles, names.function("intake").arn.replace(/intake$/, "*")],
      exceptFor(...deployerArns),
    ),
  ];
}

/** Keys by their aliases, since their ids are AWS's: without them neither ledger nor evidence can be read. */
function keepTheKeys({ names, deployerArns }: OrganisationInput): Statement[] {
  const { partition, region, accountId, prefix } = names;
  const of = (kind: string): string => `arn:${partition}:kms:${region}:${accountId}:${kind}`;
  const ofTheStack = { "ForAnyValue:StringLike": { "kms:ResourceAliases": `alias/${prefix}-*` } };
  return [
    deny("ChangeKeysAsDeployer", ["kms:CreateGrant", "kms:PutKeyPolicy"], [of("key/*")], {
      // AWS's services ask for grants in the name of who makes an encrypted table.
      Condition: { ...exceptFor(...deployerArns).Condition, ...ofTheStack },
    }),
    deny("KeepAliases", ["kms:DeleteAlias", "kms:UpdateAlias"], [of(`alias/${prefix}-*`)], exceptFor(...deployerArns)),
    deny("KeepKeys", ["kms:DisableKey", "kms:ScheduleKeyDeletion"], [of("key/*")], { Condition: ofTheStack }),
  ];
}

/** Nothing of the kind elsewhere, where none of the rules looks; and the account stays in the organisation. */
function stayWhereItIs({ names }: OrganisationInput): Statement[] {
  return [
    deny("StayInTheOrganisation", ["organizations:LeaveOrganization"], ["*"]),
    deny(
      "StayInTheRegion",
      REGIONAL.map((service) => `${service}:*`),
      ["*"],
      {
        Condition: {
          StringNotEquals: { "aws:RequestedRegion": [...new Set([names.region, GLOBAL_REGION])].sort(compare) },
        },
      },
    ),
  ];
}
