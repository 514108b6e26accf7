/** Actions on the system's own resources that give nobody a power, and why. */
export interface Harmless {
  readonly service: string;
  /** Names without the service, or the beginning of names before a star. */
  readonly actions: readonly string[];
  readonly why: string;
}

const SETTINGS = "shows names and settings, which hold no secret and nothing of HR's";

/**
 * What somebody may be allowed besides the powers of the trust model: everything else on a resource of the system is taken for a power that
 * nobody has, whatever AWS adds to its services. @see https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html (read 2026-11-29)
 */
export const HARMLESS: readonly Harmless[] = [
  ...[
    "athena",
    "cloudtrail",
    "cloudwatch",
    "dynamodb",
    "ec2",
    "events",
    "iam",
    "kms",
    "lambda",
    "logs",
    "s3",
    "scheduler",
    "secretsmanager",
    "securityhub",
    "sns",
    "sqs",
    "states",
  ].map((service) => ({ service, actions: ["Describe*", "List*"], why: SETTINGS })),
  { service: "apigateway", actions: ["GET"], why: SETTINGS },
  {
    service: "athena",
    actions: [
      "BatchGetNamedQuery",
      "BatchGetPreparedStatement",
      "BatchGetQueryExecution",
      "GetDataCatalog",
      "GetDatabase",
      "GetNamedQuery",
      "GetPreparedStatement",
      "GetQueryExecution",
      "GetQueryResults",
      "GetQueryResultsStream",
      "GetQueryRuntimeStatistics",
      "GetTableMetadata",
      "GetWorkGroup",
      "StartQueryExecution",
      "StopQueryExecution",
    ],
    why: "asks the log files of the trail, which hold opaque ids; what a query writes, the bucket of results decides",
  },
  {
    service: "cloudtrail",
    actions: ["GetEventSelectors", "GetInsightSelectors", "GetTrail", "GetTrailStatus", "LookupEvents"],
    why: "shows who called what: only opaque ids of HR's reach CloudTrail",
  },
  {
    service: "cloudwatch",
    actions: [
      "GetDashboard",
      "GetInsightRuleReport",
      "GetMetricData",
      "GetMetricStatistics",
      "GetMetricWidgetImage",
      "PutMetricData",
    ],
    why: "shows numbers, or adds some; those that the stack's own alarms look at are a power",
  },
  { service: "dynamodb", actions: ["GetAbacStatus", "GetResourcePolicy"], why: SETTINGS },
  {
    service: "dynamodb",
    actions: ["GetShardIterator"],
    why: "a place in a stream, of which only `GetRecords` reads anything, and that is a power",
  },
  {
    service: "ec2",
    actions: [
      "AssignPrivateIpAddresses",
      "CreateNetworkInterface",
      "DeleteNetworkInterface",
      "UnassignPrivateIpAddresses",
    ],
    why: "lets Lambda put a function into a network, whose ways in and out others decide",
  },
  { service: "events", actions: ["GetResourcePolicy", "TestEventPattern"], why: SETTINGS },
  {
    service: "glue",
    actions: [
      "BatchGetPartition",
      "GetDatabase",
      "GetDatabases",
      "GetPartition",
      "GetPartitions",
      "GetTable",
      "GetTables",
    ],
    why: "shows what columns the log files have",
  },
  {
    service: "iam",
    actions: [
      "GenerateCredentialReport",
      "GenerateServiceLastAccessedDetails",
      "Get*",
      "SimulateCustomPolicy",
      "SimulatePrincipalPolicy",
    ],
    why: "shows who may do what, and gives nobody anything: IAM shows a secret once, to whoever makes it",
  },
  {
    service: "kms",
    actions: ["GenerateRandom", "GetKeyLastUsage", "GetKeyPolicy", "GetKeyRotationStatus", "GetPublicKey"],
    why: "uses no key and changes none",
  },
  {
    service: "lambda",
    actions: [
      "GetAccountSettings",
      "GetAlias",
      "GetCodeSigningConfig",
      "GetEventSourceMapping",
      "GetFunction",
      "GetFunctionCodeSigningConfig",
      "GetFunctionConcurrency",
      "GetFunctionConfiguration",
      "GetFunctionEventInvokeConfig",
      "GetFunctionRecursionConfig",
      "GetFunctionScalingConfig",
      "GetFunctionUrlConfig",
      "GetLayerVersion",
      "GetLayerVersionPolicy",
      "GetPolicy",
      "GetProvisionedConcurrencyConfig",
      "GetResourcePolicy",
      "GetRuntimeManagementConfig",
    ],
    why: "shows code and settings, which hold no secret and nothing of HR's",
  },
  {
    service: "logs",
    actions: ["CreateLogGroup", "CreateLogStream", "PutLogEvents"],
    why: "adds to logs and takes nothing away: how a function writes its own",
  },
  {
    service: "logs",
    actions: [
      "FilterLogEvents",
      "GetDataProtectionPolicy",
      "GetLogDelivery",
      "GetLogEvents",
      "GetLogFields",
      "GetLogGroupFields",
      "GetLogRecord",
      "GetQueryResults",
      "GetTransformer",
      "StartLiveTail",
      "StartQuery",
      "StopLiveTail",
      "StopQuery",
      "TestMetricFilter",
      "TestTransformer",
    ],
    why: "reads logs, which hold no value and no credential",
  },
  {
    service: "s3",
    actions: [
      "GetAccelerateConfiguration",
      "GetAnalyticsConfiguration",
      "GetBucketAbac",
      "GetBucketAcl",
      "GetBucketCORS",
      "GetBucketLocation",
      "GetBucketLogging",
      "GetBucketMetadataTableConfiguration",
      "GetBucketNotification",
      "GetBucketObjectLockConfiguration",
      "GetBucketOwnershipControls",
      "GetBucketPolicy",
      "GetBucketPolicyStatus",
      "GetBucketPublicAccessBlock",
      "GetBucketRequestPayment",
      "GetBucketTagging",
      "GetBucketVersioning",
      "GetBucketWebsite",
      "GetEncryptionConfiguration",
      "GetIntelligentTieringConfiguration",
      "GetInventoryConfiguration",
      "GetLifecycleConfiguration",
      "GetMetricsConfiguration",
      "GetReplicationConfiguration",
    ],
    why: SETTINGS,
  },
  {
    service: "s3",
    actions: [
      "GetObject",
      "GetObjectAcl",
      "GetObjectAttributes",
      "GetObjectLegalHold",
      "GetObjectRetention",
      "GetObjectTagging",
      "GetObjectVersion",
      "GetObjectVersionAcl",
      "GetObjectVersionAttributes",
      "GetObjectVersionTagging",
    ],
    why: "reads evidence and log files, which are there to be read and hold no value",
  },
  { service: "scheduler", actions: ["GetSchedule", "GetScheduleGroup"], why: SETTINGS },
  {
    service: "secretsmanager",
    actions: ["GetRandomPassword", "GetResourcePolicy", "ValidateResourcePolicy"],
    why: "shows nothing of a secret's value",
  },
  {
    service: "securityhub",
    actions: ["BatchGet*", "Get*"],
    why: "shows findings, which hold opaque ids",
  },
  {
    service: "sns",
    actions: ["GetDataProtectionPolicy", "GetSubscriptionAttributes", "GetTopicAttributes"],
    why: SETTINGS,
  },
  { service: "sqs", actions: ["GetQueueAttributes", "GetQueueUrl"], why: SETTINGS },
  {
    service: "sqs",
    actions: ["ChangeMessageVisibility"],
    why: "asks for the receipt of a message, which only whoever received it has",
  },
  {
    service: "states",
    actions: ["GetExecutionHistory", "ValidateStateMachineDefinition"],
    why: "shows an execution, in whose history is no value and no credential",
  },
  {
    service: "sts",
    actions: ["DecodeAuthorizationMessage", "GetAccessKeyInfo", "GetCallerIdentity", "SetSourceIdentity", "TagSession"],
    why: "gives no session: to assume a role is a power by itself",
  },
];

/** Why an action gives nobody a power on the system's resources; `undefined` where it is not known to be so. */
export function whyHarmless(action: string): string | undefined {
  const [service = "", name = ""] = action.toLowerCase().split(":");
  return HARMLESS.find(
    (entry) =>
      entry.service === service &&
      entry.actions.some((pattern) => {
        const text = pattern.toLowerCase();
        return text.endsWith("*") ? name.startsWith(text.slice(0, -1)) : name === text;
      }),
  )?.why;
}
