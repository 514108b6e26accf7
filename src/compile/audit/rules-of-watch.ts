import { CONTROL, PARTITION_KEY } from "../../core";
import { STOPPED_HANDLERS } from "../iam";
import { auditNames } from "./names";
import { anyCallOf, byOtherRolesThan, byOthersThan, callsOf, type PatternNode } from "./pattern";
import type { AuditInput, AuditRule } from "./rule";

export function trailRules({ names, refs, deployerArns, ownBucket }: AuditInput): AuditRule[] {
  const { rulePrefix, topic, bucket } = auditNames(names);
  return [
    {
      name: "trail-stopped",
      never: "The trail is stopped, deleted or told to record less",
      reason: "Every other rule of this list is deaf without it",
      runbook: "Start the trail again at once; treat everything between as unseen and reconcile ledger and HRIS",
      reads: false,
      pattern: callsOf("cloudtrail", {
        eventName: ["DeleteTrail", "PutEventSelectors", "StopLogging", "UpdateTrail"],
        $or: [
          { requestParameters: { name: [...refs.trailIds] } },
          { requestParameters: { trailName: [...refs.trailIds] } },
        ],
      }),
    },
    {
      name: "watch-stopped",
      never: "A rule, an alarm or the topic of this audit is silenced by anyone but the deployer",
      reason: "An alert that does not arrive looks like peace",
      runbook: "Put the rule, alarm or subscription back by an apply, then read the trail for the time of silence",
      reads: false,
      pattern: anyCallOf({
        events: {
          eventName: ["DeleteRule", "DisableRule", "PutRule", "PutTargets", "RemoveTargets"],
          $or: [
            { requestParameters: { name: [{ prefix: rulePrefix }] } },
            { requestParameters: { rule: [{ prefix: rulePrefix }] } },
          ],
          ...byOthersThan(deployerArns),
        },
        sns: {
          eventName: ["DeleteTopic", "SetTopicAttributes", "Unsubscribe"],
          $or: [
            { requestParameters: { topicArn: [topic.arn] } },
            { requestParameters: { subscriptionArn: [{ prefix: `${topic.arn}:` }] } },
          ],
          ...byOthersThan(deployerArns),
        },
        monitoring: {
          eventName: ["DeleteAlarms", "DisableAlarmActions"],
          requestParameters: { alarmNames: [{ prefix: `${names.prefix}-` }] },
          ...byOthersThan(deployerArns),
        },
      }),
    },
    ...(ownBucket
      ? [
          {
            name: "bucket-changed",
            never: "The policy, lock or life of the audit's bucket is changed",
            reason: "Records that can be removed prove nothing",
            runbook:
              "If no deploy of that minute did it, put the setting back by an apply and check the digest files since",
            reads: false,
            pattern: callsOf("s3", {
              eventName: [
                "DeleteBucket",
                "DeleteBucketPolicy",
                "DeleteBucketPublicAccessBlock",
                "PutBucketLifecycle",
                "PutBucketObjectLockConfiguration",
                "PutBucketPolicy",
                "PutBucketPublicAccessBlock",
                "PutBucketVersioning",
              ],
              requestParameters: { bucketName: [bucket.name] },
            }),
          },
          {
            name: "evidence-touched",
            never: "An object of the audit's bucket is deleted, or its lock shortened",
            reason: "Log files are written once and read; who deletes one hides something",
            runbook: "Name the version that is still there, verify the digests around it, and find the caller",
            reads: false,
            pattern: callsOf("s3", {
              eventName: ["DeleteObject", "DeleteObjects", "PutObjectLegalHold", "PutObjectRetention"],
              resources: { ARN: [bucket.arn] },
            }),
          },
        ]
      : []),
  ];
}

export function stopRules({ names }: AuditInput): AuditRule[] {
  const { controlTable, bus } = names;
  const tableName = [controlTable.name, controlTable.arn];
  const keyed = (key: string): PatternNode => ({
    $or: [
      {
        eventName: ["DeleteItem", "PutItem", "UpdateItem"],
        requestParameters: { key: { [PARTITION_KEY]: [key] } },
      },
      {
        requestParameters: {
          requestItems: { operation: ["Delete", "Put", "Update"], tableName, key: { [PARTITION_KEY]: [key] } },
        },
      },
    ],
  });
  const functionName = STOPPED_HANDLERS.flatMap((handler) => {
    const { name, arn } = names.function(handler);
    return [name, arn];
  });
  return [
    {
      name: "kill-switch-used",
      never: "The system is stopped or started again without everybody hearing of it",
      reason: "A stop is an emergency or a drill; a start needs two operators who agreed through the approvals API",
      runbook: "Read who did it and why in `hris-writeback status`; if nobody says so, treat it as an attack",
      reads: false,
      pattern: anyCallOf({
        dynamodb: { resources: { ARN: [controlTable.arn] }, ...keyed(CONTROL.switch) },
        lambda: {
          $or: [
            {
              eventName: ["PutFunctionConcurrency20171031"],
              requestParameters: { functionName, reservedConcurrentExecutions: [0] },
            },
            { eventName: ["DeleteFunctionConcurrency20171031"], requestParameters: { functionName } },
            {
              eventName: ["UpdateEventSourceMapping20150331"],
              responseElements: { functionArn: [names.function("intake").arn] },
            },
          ],
        },
        events: {
          eventName: ["DisableRule", "EnableRule"],
          requestParameters: { eventBusName: [bus.name, bus.arn] },
        },
        states: {
          $or: [
            { eventName: ["StartExecution"], requestParameters: { stateMachineArn: [names.killSwitch.arn] } },
            {
              eventName: ["StopExecution"],
              requestParameters: { executionArn: [{ prefix: names.executionsArn.replace(/\*$/, "") }] },
            },
          ],
        },
        iam: {
          eventName: ["AttachRolePolicy", "DetachRolePolicy"],
          requestParameters: { roleName: [names.role("connector").name] },
        },
      }),
    },
    {
      name: "breaker-reset",
      never:
        "The breaker is changed by anything but the gateway, which trips it, and the approvals API, which resets it",
      reason: "A breaker that somebody holds closed limits nothing",
      runbook: "Stop the system, count the hour's writes in the ledger, and find the caller",
      reads: false,
      pattern: callsOf("dynamodb", {
        resources: { ARN: [controlTable.arn] },
        ...keyed(CONTROL.breaker),
        ...byOtherRolesThan([names.role("approvals").arn, names.role("gateway").arn]),
      }),
    },
  ];
}
