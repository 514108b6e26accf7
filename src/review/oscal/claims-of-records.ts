import { textOf, textsOf } from "../body";
import { auditRulesOf } from "../report/audit";
import { functionsTagged, sorted } from "../system";
import type { Claim } from "./claim";
import { deniesPlainText, isGiven, isOn, textIn, type Facts } from "./facts";

/** What is encrypted with a named key, and where the argument stands. */
const ENCRYPTED: readonly (readonly [type: string, isSo: (body: Parameters<typeof textOf>[0]) => boolean])[] = [
  ["aws_cloudwatch_event_bus", (body) => isGiven(body["kms_key_identifier"])],
  ["aws_cloudwatch_log_group", (body) => isGiven(body["kms_key_id"])],
  [
    "aws_dynamodb_table",
    (body) =>
      isOn(body, "server_side_encryption") && textIn(body, "server_side_encryption", "kms_key_arn") !== undefined,
  ],
  ["aws_sqs_queue", (body) => isGiven(body["kms_master_key_id"])],
];

/** Rules of the audit that are on, with what they tell. */
function rulesOn(facts: Facts): string[] {
  return sorted(
    auditRulesOf(facts.stack)
      .filter(({ isOn: on }) => on)
      .map(({ resource }) => resource.address),
  );
}

/** Claims about records, encryption, what is watched, and how it is stopped. */
export const RECORD_CLAIMS: readonly Claim[] = [
  {
    id: "ledger-append-only",
    part: "ledger",
    says: "No role of the stack may change or remove a record of the ledger, and each kind of record can be put by those alone whose it is.",
    controls: { "sp800-53": ["AU-9", "AU-10", "AU-12"], "csf-2.0": ["PR.PS-04"] },
    carriers: (facts) => [
      facts.heldByNobody("rewrite-ledger") && facts.heldByNobody("record-anything-else")
        ? facts.of("aws_dynamodb_table", facts.system.tables.ledger)
        : [],
    ],
  },
  {
    id: "tables-recoverable",
    part: "ledger",
    says: "Tables are protected from deletion and can be restored to any second of the last weeks.",
    controls: { "sp800-53": ["AU-9", "CP-10"], "csf-2.0": ["PR.DS-01"] },
    carriers: (facts) => [
      facts.those(
        "aws_dynamodb_table",
        (body) => body["deletion_protection_enabled"] === true && isOn(body, "point_in_time_recovery"),
      ),
    ],
  },
  {
    id: "exact-change-sealed",
    part: "ledger",
    says: "What was inspected and approved is sealed with a keyed digest that one function alone can make and the field gateway alone can check.",
    controls: { "sp800-53": ["AU-10", "SI-7"], "csf-2.0": ["PR.AA-04"] },
    carriers: (facts) => [
      facts
        .of("aws_kms_key", facts.system.keys.digest)
        .filter((address) =>
          facts
            .those("aws_kms_key", (body) => /^HMAC_/.test(textOf(body, "customer_master_key_spec") ?? ""))
            .includes(address),
        ),
      facts.heldAsMeant("make-digests"),
      facts.heldAsMeant("check-digests"),
    ],
  },
  {
    id: "second-look",
    part: "ledger",
    says: "A schedule runs the function that looks again at what was written and settles what was cut off, by reads alone.",
    controls: { "sp800-53": ["SI-7(1)"], "csf-2.0": ["DE.CM-09"] },
    carriers: (facts) => {
      const sweepers = functionsTagged(facts.system, "sweeper").map(({ arn }) => arn);
      return [
        facts.those(
          "aws_scheduler_schedule",
          (body) => textOf(body, "state") !== "DISABLED" && sweepers.includes(textIn(body, "target", "arn") ?? ""),
        ),
      ];
    },
  },
  {
    id: "reconciled",
    part: "ledger",
    says: "A schedule starts the state machine that holds the ledger against the HRIS, the source of truth and CloudTrail, by reads alone.",
    controls: { "sp800-53": ["CA-7", "SI-7(1)"], "csf-2.0": ["DE.CM-09"], "sp800-207": ["Tenet 5"] },
    carriers: (facts) => {
      const roles = facts.system.principals.filter(({ tag }) => tag === "reconciler-workflow").map(({ arn }) => arn);
      const machines = facts.system.machines.filter(({ roleArn }) => roles.some((arn) => arn === roleArn));
      const arns = machines.map(({ arn }) => arn);
      return [
        machines.map(({ resource }) => resource.address),
        facts.those(
          "aws_scheduler_schedule",
          (body) => textOf(body, "state") !== "DISABLED" && arns.includes(textIn(body, "target", "arn") ?? ""),
        ),
      ];
    },
  },
  {
    id: "encrypted-at-rest",
    part: "keys",
    says: "Tables, queues, the bus and the logs are encrypted with keys of the stack.",
    controls: { "sp800-53": ["SC-13", "SC-28"], "csf-2.0": ["PR.DS-01"] },
    carriers: (facts) => [
      facts.those("aws_kms_key"),
      sorted(ENCRYPTED.flatMap(([type, isSo]) => facts.those(type, isSo))),
    ],
  },
  {
    id: "keys-rotate",
    part: "keys",
    says: "Keys that encrypt are rotated by the service every year.",
    controls: { "sp800-53": ["SC-12"], "owasp-nhi-2025": ["NHI7:2025"] },
    carriers: (facts) => [facts.those("aws_kms_key", (body) => body["enable_key_rotation"] === true)],
  },
  {
    id: "no-values-in-history",
    part: "workflow",
    says: "Executions carry references, and their logs hold no data: values stay in the ledger.",
    controls: { "csf-2.0": ["PR.DS-10"], "owasp-nhi-2025": ["NHI2:2025"] },
    carriers: (facts) => [
      facts.isProved(7)
        ? facts.those("aws_sfn_state_machine", (body) => !isOn(body, "logging_configuration", "include_execution_data"))
        : [],
    ],
  },
  {
    id: "calls-recorded",
    part: "audit",
    says: "CloudTrail records management calls, and calls on the stack's own records, into a bucket.",
    controls: {
      "sp800-53": ["AU-2", "AU-3", "AU-12"],
      "csf-2.0": ["PR.PS-04", "DE.CM-03"],
      "sp800-207": ["Tenet 5", "Tenet 7"],
    },
    carriers: (facts) => [
      facts.those("aws_cloudtrail", (body) => body["enable_logging"] !== false && isGiven(body["s3_bucket_name"])),
    ],
  },
  {
    id: "records-signed",
    part: "audit",
    says: "Log files are signed, so that one that was changed or removed is found.",
    controls: { "sp800-53": ["AU-9(3)", "SI-7(1)"], "csf-2.0": ["RS.AN-06"] },
    carriers: (facts) => [facts.those("aws_cloudtrail", (body) => body["enable_log_file_validation"] === true)],
  },
  {
    id: "records-locked",
    part: "audit",
    says: "Log files cannot be changed or removed before their time, and the bucket takes no request without TLS.",
    controls: { "sp800-53": ["AU-9", "AU-11"], "csf-2.0": ["RS.AN-06", "PR.DS-02"] },
    carriers: (facts) => [
      facts.those("aws_s3_bucket_object_lock_configuration", (body) =>
        JSON.stringify(body["rule"] ?? "").includes("mode"),
      ),
      facts.policiesWith(["bucket"], deniesPlainText),
    ],
  },
  {
    id: "logs-kept",
    part: "audit",
    says: "Logs of every function are kept for a time that the stack says.",
    controls: { "sp800-53": ["AU-11"], "csf-2.0": ["PR.PS-04"] },
    carriers: (facts) => [
      facts.those("aws_cloudwatch_log_group", ({ retention_in_days: days }) => typeof days === "number" && days > 0),
    ],
  },
  {
    id: "never-unseen",
    part: "audit",
    says: "Rules on what must never happen tell people within minutes, each with its reason and what to do first.",
    controls: {
      "sp800-53": ["AC-2(4)", "AC-2(12)", "AU-6(1)", "IR-4", "SI-4(5)"],
      "csf-2.0": ["DE.AE-06", "DE.CM-03"],
      "sp800-207": ["Tenet 5", "Tenet 7"],
      "owasp-nhi-2025": ["NHI10:2025"],
    },
    carriers: (facts) => [rulesOn(facts), facts.those("aws_sns_topic_policy")],
  },
  {
    id: "changes-told",
    part: "audit",
    says: "A change of the classification, of a role's policy, of trust or of a function's code by others than the deployer is told.",
    controls: { "sp800-53": ["CM-3", "CM-5(1)"], "csf-2.0": ["ID.RA-07", "PR.PS-01"] },
    carriers: (facts) => [
      sorted(
        auditRulesOf(facts.stack)
          .filter(({ isOn: on, rule }) => on && CHANGE_RULES.has(rule))
          .map(({ resource }) => resource.address),
      ),
    ],
  },
  {
    id: "alarms-ring",
    part: "audit",
    says: "Alarms on failures, dead letters, refused decisions and the breaker tell people.",
    controls: { "sp800-53": ["CA-7", "SI-4(5)"], "csf-2.0": ["DE.CM-09", "DE.AE-06"], "sp800-207": ["Tenet 5"] },
    carriers: (facts) => [
      facts.those(
        "aws_cloudwatch_metric_alarm",
        (body) => textsOf(body["alarm_actions"]).length > 0 && body["actions_enabled"] !== false,
      ),
    ],
  },
  {
    id: "stops-in-layers",
    part: "kill-switch",
    says: "A state machine stops the system in layers; one is a policy of denials that ends every session of the connector's role.",
    controls: {
      "sp800-53": ["AC-2(3)", "AC-12", "IR-4"],
      "csf-2.0": ["RS.MI-01"],
      "owasp-nhi-2025": ["NHI1:2025"],
    },
    carriers: (facts) => [
      facts.heldAsMeant("stop-connector-role"),
      facts.system.machines
        .filter(
          (machine) =>
            machine !== facts.system.workflow &&
            facts.system.principals.some(({ arn, tag }) => arn === machine.roleArn && tag === "kill-switch-workflow"),
        )
        .map(({ resource }) => resource.address),
      facts.system.principals.flatMap(({ kind, address, identity }) =>
        kind === "policy" &&
        identity.some(({ statements }) => statements.length > 0 && statements.every(({ ref }) => ref.effect === "Deny"))
          ? [address]
          : [],
      ),
    ],
  },
  {
    id: "switch-held-apart",
    part: "kill-switch",
    says: "Only the kill switch and the approvals API may set the switch that the field gateway asks within its transaction.",
    controls: { "sp800-53": ["AC-5", "IR-4"], "csf-2.0": ["RS.MI-01"] },
    carriers: (facts) => [facts.isProved(6) ? facts.heldAsMeant("set-switch") : []],
  },
];

/** Rules of the audit that tell of changes. */
const CHANGE_RULES: ReadonlySet<string> = new Set([
  "boundary-changed",
  "classification-changed",
  "code-changed",
  "role-policy-changed",
  "table-changed",
  "trust-changed",
]);
