import { CloudwatchEventRule } from "@cdktf/provider-aws/lib/cloudwatch-event-rule";
import { CloudwatchEventTarget } from "@cdktf/provider-aws/lib/cloudwatch-event-target";
import { KmsAlias } from "@cdktf/provider-aws/lib/kms-alias";
import { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { KmsKeyPolicy } from "@cdktf/provider-aws/lib/kms-key-policy";
import { SnsTopic } from "@cdktf/provider-aws/lib/sns-topic";
import { SnsTopicPolicy } from "@cdktf/provider-aws/lib/sns-topic-policy";
import { SnsTopicSubscription } from "@cdktf/provider-aws/lib/sns-topic-subscription";
import { SqsQueue } from "@cdktf/provider-aws/lib/sqs-queue";
import { SqsQueuePolicy } from "@cdktf/provider-aws/lib/sqs-queue-policy";
import type { TerraformProvider } from "cdktf";
import { Construct } from "constructs";

import {
  auditNames,
  compileAlertKeyPolicy,
  compileAlertQueuePolicy,
  compileFinding,
  compileTopicPolicy,
  type AuditRule,
} from "../src/compile/audit";
import { readable } from "./logical-id";
import type { SecurityHubFindings } from "./security-hub-findings";
import type { PartProps, Retention } from "./settings";
import { terraformJson } from "./terraform-json";

/** Somebody who hears every alert. */
export interface AlertSubscription {
  readonly protocol: "email" | "https" | "lambda" | "sqs";
  /** Address, URL or ARN. An e-mail address must be confirmed by its owner. */
  readonly endpoint: string;
}

export interface AuditAlertsProps extends PartProps {
  /** Made when the key of the alerts exists: a rule may watch it. */
  readonly rules: (alertKeyArn: string) => readonly AuditRule[];
  /** @default [] */
  readonly subscriptions?: readonly AlertSubscription[];
  /** @default "retain" */
  readonly retention?: Retention;
  /**
   * Imports what the rules hear into Security Hub too.
   * @default - the topic alone is told
   */
  readonly findings?: SecurityHubFindings;
  /**
   * Provider of another Region, which `names` are then of.
   * @default - the stack's own
   */
  readonly provider?: TerraformProvider;
}

/** The state in which a rule also sees reads. @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html (read 2026-11-25) */
const SEES_READS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";

const DELETION_WINDOW_DAYS = { retain: 30, destroy: 7 } as const;
/** The longest that SQS keeps a message. */
const KEPT_SECONDS = 14 * 86_400;
/** How long EventBridge tries to deliver an alert, in seconds: a day, as it does by itself. */
const TRIED_SECONDS = 86_400;

/** What an alert says of a call: where and when, what, by whom, with which end, and the id of CloudTrail's record. No parameter of it. */
const OF_THE_CALL = {
  account: "$.account",
  region: "$.region",
  time: "$.time",
  service: "$.detail.eventSource",
  call: "$.detail.eventName",
  caller: "$.detail.userIdentity.arn",
  error: "$.detail.errorCode",
  record: "$.detail.eventID",
} as const;

/** The rules on what must never happen, and the one topic where they and every alarm are told. */
export class AuditAlerts extends Construct {
  readonly topic: SnsTopic;
  readonly deadLetterQueue: SqsQueue;
  readonly rules: Readonly<Record<string, CloudwatchEventRule>>;

  constructor(scope: Construct, id: string, props: AuditAlertsProps) {
    super(scope, id);
    const { names, tags, provider } = props;
    const ours = auditNames(names);
    const retention = props.retention ?? "retain";

    const key = readable(
      new KmsKey(this, "key", {
        description: "Write-back: alerts of the audit",
        enableKeyRotation: true,
        deletionWindowInDays: DELETION_WINDOW_DAYS[retention],
        tags,
        provider,
      }),
    );
    const keyPolicy = readable(
      new KmsKeyPolicy(this, "key-policy", {
        keyId: key.keyId,
        policy: terraformJson(compileAlertKeyPolicy(names)),
        provider,
      }),
    );
    readable(
      new KmsAlias(this, "key-alias", { name: `alias/${names.prefix}-alerts`, targetKeyId: key.keyId, provider }),
    );
    this.topic = readable(
      new SnsTopic(this, "topic", {
        name: ours.topic.name,
        displayName: "HRIS write-back",
        kmsMasterKeyId: key.arn,
        tags,
        dependsOn: [keyPolicy],
        provider,
      }),
    );
    const topicPolicy = readable(
      new SnsTopicPolicy(this, "topic-policy", {
        arn: this.topic.arn,
        policy: terraformJson(compileTopicPolicy(names)),
        provider,
      }),
    );
    (props.subscriptions ?? []).forEach(({ protocol, endpoint }, index) =>
      readable(
        new SnsTopicSubscription(this, `subscription-${index + 1}`, {
          topicArn: this.topic.arn,
          protocol,
          endpoint,
          provider,
        }),
      ),
    );
    this.deadLetterQueue = readable(
      new SqsQueue(this, "dead-letter-queue", {
        name: ours.deadLetterQueue.name,
        // Not under the alerts' key, whose trouble may be the reason.
        sqsManagedSseEnabled: true,
        messageRetentionSeconds: KEPT_SECONDS,
        tags,
        provider,
      }),
    );
    const queuePolicy = readable(
      new SqsQueuePolicy(this, "dead-letter-queue-policy", {
        queueUrl: this.deadLetterQueue.url,
        policy: terraformJson(compileAlertQueuePolicy(names)),
        provider,
      }),
    );

    this.rules = Object.fromEntries(
      props.rules(key.arn).map((rule) => {
        const made = readable(
          new CloudwatchEventRule(this, rule.name, {
            name: ours.rule(rule.name).name,
            description: rule.never.replaceAll("`", ""),
            eventPattern: terraformJson(rule.pattern),
            state: rule.reads ? SEES_READS : "ENABLED",
            tags,
            provider,
          }),
        );
        readable(
          new CloudwatchEventTarget(this, `${rule.name}-topic`, {
            rule: made.name,
            targetId: "topic",
            arn: this.topic.arn,
            inputTransformer: { inputPaths: OF_THE_CALL, inputTemplate: alertOf(rule) },
            deadLetterConfig: { arn: this.deadLetterQueue.arn },
            retryPolicy: { maximumEventAgeInSeconds: TRIED_SECONDS, maximumRetryAttempts: 185 },
            dependsOn: [topicPolicy, queuePolicy],
            provider,
          }),
        );
        if (props.findings !== undefined) this.import(rule, made, props.findings, [queuePolicy], props);
        return [rule.name, made];
      }),
    );
  }

  /** Has a rule import its finding, beside telling the topic. */
  private import(
    rule: AuditRule,
    made: CloudwatchEventRule,
    { stateMachine, starter }: SecurityHubFindings,
    dependsOn: readonly SqsQueuePolicy[],
    { names }: AuditAlertsProps,
  ): void {
    readable(
      new CloudwatchEventTarget(this, `${rule.name}-finding`, {
        rule: made.name,
        targetId: "finding",
        arn: stateMachine.arn,
        roleArn: starter.role.arn,
        inputTransformer: { inputPaths: OF_THE_CALL, inputTemplate: terraformJson(compileFinding(names, rule)) },
        deadLetterConfig: { arn: this.deadLetterQueue.arn },
        retryPolicy: { maximumEventAgeInSeconds: TRIED_SECONDS, maximumRetryAttempts: 185 },
        dependsOn: [starter.policy, ...dependsOn],
      }),
    );
  }
}

/** The text that people get: JSON, so that a machine reads it too. */
function alertOf({ name, never, reason, runbook }: AuditRule): string {
  const said = Object.fromEntries(Object.keys(OF_THE_CALL).map((variable) => [variable, `<${variable}>`]));
  return terraformJson({ alert: never, ...said, rule: name, reason, runbook });
}
