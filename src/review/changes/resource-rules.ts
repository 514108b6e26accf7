import type { Body, Value } from "../stack";
import type { ReviewCode } from "./codes";
import {
  coverage,
  destination,
  lessIsSafer,
  look,
  moreIsSafer,
  neutral,
  offIsSafer,
  onIsSafer,
  presence,
  ranked,
  type Judge,
} from "./judge";

/**
 * What a type is to a write-back: `store` holds records, `guard` watches or limits, `door` lets requests in, `code` runs, `permission`
 * is judged by what its documents mean, and of `other` nobody knows.
 */
export type Role = "store" | "guard" | "door" | "code" | "permission" | "other";

export interface TypeRule {
  readonly role: Role;
  /** As in `table`. */
  readonly noun: string;
  /** The argument that names it in AWS. */
  readonly nameIn?: string;
  /** Arguments that another resource has: a change destroys the one and makes the other. */
  readonly replacedBy?: readonly string[];
  /** Judges by the argument's path without positions, the longest that the path begins with. */
  readonly judges?: Readonly<Record<string, Judge>>;
  /** Arguments that are sets of blocks: judged as one, in whatever order. */
  readonly whole?: readonly string[];
  /** Arguments that are judged elsewhere, by what they mean. */
  readonly elsewhere?: readonly string[];
  /** Code of a change that no judge decides. */
  readonly code?: ReviewCode;
}

const policy = ["policy"];

const encryption = presence("EncryptionWeakened");
const encrypted = (name: string): Readonly<Record<string, Judge>> => ({ [name]: encryption });

const STORES: Readonly<Record<string, TypeRule>> = {
  aws_dynamodb_table: {
    role: "store",
    noun: "table",
    nameIn: "name",
    replacedBy: ["name", "hash_key", "range_key"],
    judges: {
      deletion_protection_enabled: onIsSafer("ProtectionRemoved"),
      "point_in_time_recovery.enabled": onIsSafer("RetentionShortened"),
      "point_in_time_recovery.recovery_period_in_days": moreIsSafer("RetentionShortened", 35),
      "server_side_encryption.enabled": onIsSafer("EncryptionWeakened"),
      "server_side_encryption.kms_key_arn": encryption,
      ttl: look("RetentionShortened"),
      billing_mode: neutral,
      read_capacity: neutral,
      write_capacity: neutral,
      table_class: neutral,
    },
  },
  aws_kms_key: {
    role: "store",
    noun: "key",
    replacedBy: ["key_usage", "customer_master_key_spec", "multi_region"],
    judges: {
      enable_key_rotation: onIsSafer("EncryptionWeakened"),
      rotation_period_in_days: lessIsSafer("EncryptionWeakened", 365),
      deletion_window_in_days: moreIsSafer("ProtectionRemoved", 30),
      is_enabled: onIsSafer("EncryptionWeakened", true),
      bypass_policy_lockout_safety_check: offIsSafer("ProtectionRemoved"),
    },
    elsewhere: policy,
  },
  aws_cloudwatch_log_group: {
    role: "store",
    noun: "log group",
    nameIn: "name",
    replacedBy: ["name"],
    judges: {
      retention_in_days: moreIsSafer("RetentionShortened"),
      skip_destroy: onIsSafer("ProtectionRemoved"),
      ...encrypted("kms_key_id"),
    },
  },
  aws_cloudtrail: {
    role: "store",
    noun: "trail",
    nameIn: "name",
    replacedBy: ["name"],
    judges: {
      enable_logging: onIsSafer("GuardWeakened", true),
      is_multi_region_trail: onIsSafer("GuardWeakened"),
      is_organization_trail: onIsSafer("GuardWeakened"),
      include_global_service_events: onIsSafer("GuardWeakened", true),
      enable_log_file_validation: onIsSafer("GuardWeakened"),
      event_selector: coverage("GuardWeakened"),
      advanced_event_selector: coverage("GuardWeakened"),
      insight_selector: coverage("GuardWeakened"),
      cloud_watch_logs_group_arn: presence("GuardWeakened"),
      ...encrypted("kms_key_id"),
    },
    whole: ["event_selector", "advanced_event_selector", "insight_selector"],
    code: "GuardWeakened",
  },
  aws_s3_bucket: {
    role: "store",
    noun: "bucket",
    nameIn: "bucket",
    replacedBy: ["bucket", "bucket_prefix"],
    judges: { force_destroy: offIsSafer("ProtectionRemoved"), object_lock_enabled: onIsSafer("ProtectionRemoved") },
    elsewhere: policy,
  },
  aws_sqs_queue: {
    role: "store",
    noun: "queue",
    nameIn: "name",
    replacedBy: ["name", "fifo_queue"],
    judges: {
      sqs_managed_sse_enabled: onIsSafer("EncryptionWeakened"),
      ...encrypted("kms_master_key_id"),
      kms_data_key_reuse_period_seconds: lessIsSafer("EncryptionWeakened", 300),
      message_retention_seconds: moreIsSafer("RetentionShortened", 345_600),
      redrive_policy: destination("GuardWeakened"),
      redrive_allow_policy: presence("GuardWeakened"),
      receive_wait_time_seconds: neutral,
    },
    elsewhere: policy,
  },
  aws_secretsmanager_secret: {
    role: "store",
    noun: "secret",
    nameIn: "name",
    replacedBy: ["name"],
    judges: { recovery_window_in_days: moreIsSafer("ProtectionRemoved", 30), ...encrypted("kms_key_id") },
    elsewhere: policy,
  },
};

const GUARDS: Readonly<Record<string, TypeRule>> = {
  aws_cloudwatch_metric_alarm: {
    role: "guard",
    noun: "alarm",
    nameIn: "alarm_name",
    judges: {
      actions_enabled: onIsSafer("GuardWeakened", true),
      alarm_actions: coverage("GuardWeakened"),
      insufficient_data_actions: coverage("GuardWeakened"),
      ok_actions: neutral,
      evaluation_periods: lessIsSafer("GuardWeakened"),
      datapoints_to_alarm: lessIsSafer("GuardWeakened"),
      period: lessIsSafer("GuardWeakened"),
      treat_missing_data: ranked("GuardWeakened", ["breaching"]),
      alarm_description: neutral,
      alarm_name: neutral,
    },
    code: "GuardWeakened",
  },
  aws_cloudwatch_composite_alarm: {
    role: "guard",
    noun: "alarm",
    nameIn: "alarm_name",
    judges: {
      actions_enabled: onIsSafer("GuardWeakened", true),
      alarm_actions: coverage("GuardWeakened"),
      alarm_description: neutral,
    },
    code: "GuardWeakened",
  },
  aws_cloudwatch_event_rule: {
    role: "guard",
    noun: "rule",
    nameIn: "name",
    judges: { is_enabled: onIsSafer("GuardWeakened", true), name: neutral },
    code: "GuardWeakened",
  },
  aws_cloudwatch_event_target: {
    role: "guard",
    noun: "target of a rule",
    nameIn: "target_id",
    judges: {
      "dead_letter_config.arn": destination("GuardWeakened"),
      "retry_policy.maximum_event_age_in_seconds": moreIsSafer("GuardWeakened", 86_400),
      "retry_policy.maximum_retry_attempts": moreIsSafer("GuardWeakened", 185),
    },
    code: "DoorChanged",
  },
  aws_cloudwatch_log_metric_filter: { role: "guard", noun: "metric filter", nameIn: "name", code: "GuardWeakened" },
  aws_cloudwatch_log_subscription_filter: {
    role: "door",
    noun: "subscription filter",
    nameIn: "name",
    code: "DoorChanged",
  },
  aws_flow_log: { role: "guard", noun: "flow log", code: "GuardWeakened" },
  aws_route53_resolver_firewall_rule: { role: "guard", noun: "firewall rule", nameIn: "name", code: "GuardWeakened" },
  aws_route53_resolver_firewall_rule_group: {
    role: "guard",
    noun: "firewall rule group",
    nameIn: "name",
    code: "GuardWeakened",
  },
  aws_route53_resolver_firewall_rule_group_association: {
    role: "guard",
    noun: "firewall association",
    nameIn: "name",
    judges: { mutation_protection: ranked("ProtectionRemoved", ["ENABLED", undefined, "DISABLED"]) },
    code: "GuardWeakened",
  },
  aws_route53_resolver_firewall_config: { role: "guard", noun: "firewall setting", code: "GuardWeakened" },
  aws_s3_bucket_lifecycle_configuration: {
    role: "guard",
    noun: "lifecycle of a bucket",
    judges: {
      "rule.expiration.days": moreIsSafer("RetentionShortened"),
      "rule.noncurrent_version_expiration.noncurrent_days": moreIsSafer("RetentionShortened"),
      "rule.transition": neutral,
      "rule.abort_incomplete_multipart_upload": neutral,
      "rule.id": neutral,
    },
    code: "RetentionShortened",
  },
  aws_s3_bucket_object_lock_configuration: {
    role: "guard",
    noun: "lock of a bucket",
    judges: {
      "rule.default_retention.mode": ranked("RetentionShortened", ["COMPLIANCE", "GOVERNANCE", undefined]),
      "rule.default_retention.days": moreIsSafer("RetentionShortened", 0),
      "rule.default_retention.years": moreIsSafer("RetentionShortened", 0),
      object_lock_enabled: ranked("ProtectionRemoved", ["Enabled"]),
    },
    code: "RetentionShortened",
  },
  aws_s3_bucket_ownership_controls: { role: "guard", noun: "ownership of a bucket's objects", code: "GuardWeakened" },
  aws_s3_bucket_public_access_block: {
    role: "guard",
    noun: "public access block",
    judges: Object.fromEntries(
      ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"].map((name) => [
        name,
        onIsSafer("GuardWeakened"),
      ]),
    ),
    code: "GuardWeakened",
  },
  aws_s3_bucket_server_side_encryption_configuration: {
    role: "guard",
    noun: "encryption of a bucket",
    judges: {
      "rule.apply_server_side_encryption_by_default.kms_master_key_id": encryption,
      "rule.apply_server_side_encryption_by_default.sse_algorithm": ranked("EncryptionWeakened", [
        "aws:kms:dsse",
        "aws:kms",
        "AES256",
      ]),
      "rule.bucket_key_enabled": neutral,
    },
    code: "EncryptionWeakened",
  },
  aws_s3_bucket_versioning: {
    role: "guard",
    noun: "versioning of a bucket",
    judges: {
      "versioning_configuration.status": ranked("RetentionShortened", ["Enabled", undefined, "Suspended", "Disabled"]),
    },
    code: "GuardWeakened",
  },
  aws_sns_topic: {
    role: "guard",
    noun: "topic",
    nameIn: "name",
    judges: {
      ...encrypted("kms_master_key_id"),
      display_name: neutral,
      signature_version: moreIsSafer("GuardWeakened", 1),
    },
    elsewhere: policy,
    code: "GuardWeakened",
  },
  aws_sns_topic_subscription: { role: "door", noun: "subscription", nameIn: "endpoint", code: "DoorChanged" },
  aws_cloudwatch_dashboard: {
    role: "other",
    noun: "dashboard",
    nameIn: "dashboard_name",
    judges: { dashboard_body: neutral, dashboard_name: neutral },
  },
};

const DOORS: Readonly<Record<string, TypeRule>> = {
  aws_api_gateway_rest_api: {
    role: "door",
    noun: "API",
    nameIn: "name",
    judges: { "endpoint_configuration.types": ranked("DoorChanged", ["PRIVATE", "REGIONAL", "EDGE"]), name: neutral },
    elsewhere: policy,
    code: "DoorChanged",
  },
  aws_api_gateway_method: {
    role: "door",
    noun: "method",
    nameIn: "http_method",
    judges: { authorization: ranked("DoorChanged", ["AWS_IAM"]), api_key_required: onIsSafer("DoorChanged") },
    code: "DoorChanged",
  },
  aws_api_gateway_method_settings: {
    role: "door",
    noun: "settings of methods",
    judges: {
      "settings.data_trace_enabled": offIsSafer("GuardWeakened"),
      "settings.metrics_enabled": onIsSafer("GuardWeakened"),
      "settings.throttling_burst_limit": lessIsSafer("GuardWeakened"),
      "settings.throttling_rate_limit": lessIsSafer("GuardWeakened"),
    },
    code: "GuardWeakened",
  },
  aws_api_gateway_deployment: {
    role: "door",
    noun: "deployment",
    judges: { triggers: redeployed },
    code: "DoorChanged",
  },
  aws_api_gateway_stage: {
    role: "door",
    noun: "stage",
    nameIn: "stage_name",
    judges: {
      access_log_settings: presence("GuardWeakened"),
      "access_log_settings.format": look("GuardWeakened"),
      deployment_id: neutral,
      xray_tracing_enabled: neutral,
    },
    code: "DoorChanged",
  },
  aws_api_gateway_resource: { role: "door", noun: "path", nameIn: "path_part", code: "DoorChanged" },
  aws_api_gateway_integration: { role: "door", noun: "integration", code: "DoorChanged" },
  aws_apigatewayv2_api: { role: "door", noun: "API", nameIn: "name", judges: { name: neutral }, code: "DoorChanged" },
  aws_apigatewayv2_authorizer: {
    role: "door",
    noun: "authorizer",
    nameIn: "name",
    judges: {
      "jwt_configuration.audience": accepted(),
      "jwt_configuration.issuer": () => ({ code: "DoorChanged", effect: "widens" }),
      name: neutral,
    },
    code: "DoorChanged",
  },
  aws_apigatewayv2_integration: { role: "door", noun: "integration", code: "DoorChanged" },
  aws_apigatewayv2_route: {
    role: "door",
    noun: "route",
    nameIn: "route_key",
    judges: {
      authorization_type: ranked("DoorChanged", ["JWT", "AWS_IAM"]),
      authorizer_id: presence("DoorChanged"),
    },
    code: "DoorChanged",
  },
  aws_apigatewayv2_stage: {
    role: "door",
    noun: "stage",
    nameIn: "name",
    judges: {
      access_log_settings: presence("GuardWeakened"),
      "access_log_settings.format": look("GuardWeakened"),
      "default_route_settings.throttling_burst_limit": lessIsSafer("GuardWeakened"),
      "default_route_settings.throttling_rate_limit": lessIsSafer("GuardWeakened"),
      "default_route_settings.detailed_metrics_enabled": onIsSafer("GuardWeakened"),
    },
    code: "DoorChanged",
  },
  aws_lambda_event_source_mapping: {
    role: "door",
    noun: "event source mapping",
    judges: {
      batch_size: neutral,
      maximum_batching_window_in_seconds: neutral,
      "scaling_config.maximum_concurrency": neutral,
    },
    code: "DoorChanged",
  },
  aws_scheduler_schedule: {
    role: "door",
    noun: "schedule",
    nameIn: "name",
    judges: { state: ranked("GuardWeakened", ["ENABLED", undefined, "DISABLED"]), "target.retry_policy": neutral },
    code: "DoorChanged",
  },
  aws_vpc_endpoint: { role: "door", noun: "endpoint", elsewhere: policy, code: "DoorChanged" },
};

const CODE: Readonly<Record<string, TypeRule>> = {
  aws_lambda_function: {
    role: "code",
    noun: "function",
    nameIn: "function_name",
    judges: {
      ...Object.fromEntries(
        [
          "architectures",
          "filename",
          "handler",
          "image_config",
          "image_uri",
          "layers",
          "package_type",
          "runtime",
          "s3_bucket",
          "s3_key",
          "s3_object_version",
          "source_code_hash",
        ].map((name) => [name, look("CodeChanged")]),
      ),
      "dead_letter_config.target_arn": destination("GuardWeakened"),
      code_signing_config_arn: presence("GuardWeakened"),
      kms_key_arn: encryption,
      reserved_concurrent_executions: concurrency,
      timeout: look("WorkflowTimeChanged"),
      ephemeral_storage: neutral,
      memory_size: neutral,
      publish: neutral,
      tracing_config: neutral,
      vpc_config: destination("GuardWeakened"),
    },
    elsewhere: ["environment"],
  },
  aws_sfn_state_machine: {
    role: "code",
    noun: "state machine",
    nameIn: "name",
    judges: {
      type: ranked("WorkflowChanged", ["STANDARD", "EXPRESS"]),
      "logging_configuration.include_execution_data": offIsSafer("GuardWeakened"),
      "logging_configuration.level": ranked("GuardWeakened", ["ALL", "ERROR", "FATAL", undefined, "OFF"]),
      "logging_configuration.log_destination": presence("GuardWeakened"),
      "encryption_configuration.kms_key_id": encryption,
      "encryption_configuration.type": ranked("EncryptionWeakened", ["CUSTOMER_MANAGED_KMS_KEY"]),
      tracing_configuration: neutral,
    },
    elsewhere: ["definition"],
    code: "WorkflowChanged",
  },
};

const PERMISSIONS: Readonly<Record<string, TypeRule>> = {
  aws_iam_role: {
    role: "permission",
    noun: "role",
    nameIn: "name",
    judges: { max_session_duration: lessIsSafer("TrustWidened", 3600), force_detach_policies: neutral },
    elsewhere: ["assume_role_policy", "inline_policy", "managed_policy_arns", "permissions_boundary"],
  },
  aws_iam_policy: { role: "permission", noun: "policy", nameIn: "name", judges: { name: neutral }, elsewhere: policy },
  ...Object.fromEntries(
    [
      "aws_api_gateway_rest_api_policy",
      "aws_cloudwatch_event_bus_policy",
      "aws_cloudwatch_event_permission",
      "aws_dynamodb_resource_policy",
      "aws_iam_group_policy",
      "aws_iam_group_policy_attachment",
      "aws_iam_policy_attachment",
      "aws_iam_role_policy",
      "aws_iam_role_policy_attachment",
      "aws_iam_user_policy",
      "aws_iam_user_policy_attachment",
      "aws_kms_grant",
      "aws_kms_key_policy",
      "aws_lambda_permission",
      "aws_s3_bucket_policy",
      "aws_secretsmanager_secret_policy",
      "aws_sns_topic_policy",
      "aws_sqs_queue_policy",
      "aws_vpc_endpoint_policy",
    ].map((type): [string, TypeRule] => [type, { role: "permission", noun: "policy", elsewhere: ["*"] }]),
  ),
};

export const TYPE_RULES: Readonly<Partial<Record<string, TypeRule>>> = {
  ...STORES,
  ...GUARDS,
  ...DOORS,
  ...CODE,
  ...PERMISSIONS,
};

/** Arguments that decide nothing, whatever the type. */
export const WORDING: ReadonlySet<string> = new Set(["description", "comment", "tags", "tags_all", "triggers_replace"]);

/** What a resource is called in words, as in "table `acme-writeback-ledger`". */
export function calledIn(type: string, address: string, body: Body): string {
  const rule = TYPE_RULES[type];
  const name = rule?.nameIn === undefined ? undefined : body[rule.nameIn];
  return rule === undefined ? `\`${address}\`` : `${rule.noun} \`${typeof name === "string" ? name : address}\``;
}

/** Other triggers deploy again; without any, what changes is deployed no more. */
function redeployed(_from: Value, to: Value): ReturnType<Judge> {
  return to === undefined ? { code: "DoorChanged", effect: "look" } : { code: "ArgumentReworded", effect: "neutral" };
}

/** Fewer at once is safer; none at all stops whatever it is, also what guards. */
function concurrency(from: Value, to: Value): ReturnType<Judge> {
  return Number(to ?? NaN) === 0 ? { code: "GuardWeakened", effect: "look" } : lessIsSafer("GuardWeakened")(from, to);
}

/** More of what is accepted is wider. */
function accepted(): Judge {
  return (from, to) => {
    const [was, is] = [from, to].map((value) => (value === undefined ? [] : [value].flat<Value[]>()));
    const more = (is ?? []).some((each) => !(was ?? []).includes(each));
    return more ? { code: "DoorChanged", effect: "widens" } : { code: "GuardStrengthened", effect: "narrows" };
  };
}
