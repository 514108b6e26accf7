import { CloudwatchEventBus } from "@cdktf/provider-aws/lib/cloudwatch-event-bus";
import { CloudwatchEventBusPolicy } from "@cdktf/provider-aws/lib/cloudwatch-event-bus-policy";
import { CloudwatchEventRule } from "@cdktf/provider-aws/lib/cloudwatch-event-rule";
import { CloudwatchEventTarget } from "@cdktf/provider-aws/lib/cloudwatch-event-target";
import { LambdaEventSourceMapping } from "@cdktf/provider-aws/lib/lambda-event-source-mapping";
import { SqsQueue } from "@cdktf/provider-aws/lib/sqs-queue";
import { SqsQueuePolicy } from "@cdktf/provider-aws/lib/sqs-queue-policy";
import { Construct } from "constructs";

import type { RoleDocuments } from "../src/compile/iam";
import { ENV } from "../src/core";
import type { PolicyDocument } from "../src/iam/document";
import type { ChangeLedger } from "./change-ledger";
import { HandlerFunction } from "./handler-function";
import { idOfName, readable } from "./logical-id";
import type { FunctionPartProps } from "./settings";
import { terraformJson } from "./terraform-json";

export interface LifecycleBusDocuments {
  /** Documents of the principal `intake`. */
  readonly role: RoleDocuments;
  readonly busPolicy: PolicyDocument;
  readonly queuePolicy: PolicyDocument;
  readonly deadLetterPolicy: PolicyDocument;
  readonly busDeadLetterPolicy: PolicyDocument;
}

export interface LifecycleBusProps extends FunctionPartProps {
  readonly ledger: ChangeLedger;
  /** Key that encrypts bus, queue and dead-letter queue: before intake they are where values are. */
  readonly dataKeyArn: string;
  /** Event to pattern, from `compileEventPatterns`. */
  readonly patterns: Readonly<Record<string, object>>;
  readonly documents: LifecycleBusDocuments;
}

const INTAKE_TIMEOUT_SECONDS = 30;
/** Six times the function's time-out, as Lambda asks. @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html (read 2026-11-23) */
const VISIBILITY_SECONDS = 6 * INTAKE_TIMEOUT_SECONDS;
const QUEUE_RETENTION_SECONDS = 4 * 86_400;
/** The longest that SQS keeps a message: a dead letter is somebody's change and waits for a person. */
const DEAD_LETTER_RETENTION_SECONDS = 14 * 86_400;
const MAX_RECEIVE_COUNT = 5;

/**
 * Where lifecycle events arrive: a bus of its own that takes from each publisher only its own events, one rule for each event
 * that authorises something, and a queue that intake empties. What no rule names goes nowhere.
 */
export class LifecycleBus extends Construct {
  readonly bus: CloudwatchEventBus;
  readonly queue: SqsQueue;
  readonly deadLetterQueue: SqsQueue;
  /** What the bus itself could not handle. Not under the data key, whose trouble may be the reason. */
  readonly busDeadLetterQueue: SqsQueue;
  readonly rules: Readonly<Record<string, CloudwatchEventRule>>;
  readonly intake: HandlerFunction;
  /** By which intake reads the queue; the kill switch closes it. */
  readonly intakeMapping: LambdaEventSourceMapping;

  constructor(scope: Construct, id: string, props: LifecycleBusProps) {
    super(scope, id);
    const { names, tags, dataKeyArn, documents } = props;

    this.deadLetterQueue = readable(
      new SqsQueue(this, "dead-letter-queue", {
        name: names.deadLetterQueue.name,
        kmsMasterKeyId: dataKeyArn,
        messageRetentionSeconds: DEAD_LETTER_RETENTION_SECONDS,
        // No other queue may leave its messages here, from where they could be moved on to intake.
        redriveAllowPolicy: terraformJson({
          redrivePermission: "byQueue",
          sourceQueueArns: [names.intakeQueue.arn],
        }),
        tags,
      }),
    );
    this.queue = readable(
      new SqsQueue(this, "queue", {
        name: names.intakeQueue.name,
        kmsMasterKeyId: dataKeyArn,
        messageRetentionSeconds: QUEUE_RETENTION_SECONDS,
        visibilityTimeoutSeconds: VISIBILITY_SECONDS,
        redrivePolicy: terraformJson({
          deadLetterTargetArn: this.deadLetterQueue.arn,
          maxReceiveCount: MAX_RECEIVE_COUNT,
        }),
        tags,
      }),
    );
    const queuePolicies = [
      readable(
        new SqsQueuePolicy(this, "queue-policy", {
          queueUrl: this.queue.url,
          policy: terraformJson(documents.queuePolicy),
        }),
      ),
      readable(
        new SqsQueuePolicy(this, "dead-letter-queue-policy", {
          queueUrl: this.deadLetterQueue.url,
          policy: terraformJson(documents.deadLetterPolicy),
        }),
      ),
    ];

    this.busDeadLetterQueue = readable(
      new SqsQueue(this, "undeliverable-queue", {
        name: names.busDeadLetterQueue.name,
        sqsManagedSseEnabled: true,
        messageRetentionSeconds: DEAD_LETTER_RETENTION_SECONDS,
        tags,
      }),
    );
    const busDeadLetterPolicy = readable(
      new SqsQueuePolicy(this, "undeliverable-queue-policy", {
        queueUrl: this.busDeadLetterQueue.url,
        policy: terraformJson(documents.busDeadLetterPolicy),
      }),
    );
    this.bus = readable(
      new CloudwatchEventBus(this, "bus", {
        name: names.bus.name,
        kmsKeyIdentifier: dataKeyArn,
        deadLetterConfig: { arn: this.busDeadLetterQueue.arn },
        tags,
        dependsOn: [busDeadLetterPolicy],
      }),
    );
    readable(
      new CloudwatchEventBusPolicy(this, "bus-policy", {
        eventBusName: this.bus.name,
        policy: terraformJson(documents.busPolicy),
      }),
    );
    this.rules = Object.fromEntries(
      Object.entries(props.patterns).map(([event, pattern]) => {
        const rule = readable(
          new CloudwatchEventRule(this, `rule_${idOfName(event)}`, {
            name: names.eventRule(event).name,
            description: "A lifecycle event that may authorise a write-back",
            eventBusName: this.bus.name,
            eventPattern: terraformJson(pattern),
            tags,
          }),
        );
        readable(
          new CloudwatchEventTarget(this, `target_${idOfName(event)}`, {
            rule: rule.name,
            eventBusName: this.bus.name,
            targetId: "intake",
            arn: this.queue.arn,
            deadLetterConfig: { arn: this.deadLetterQueue.arn },
            dependsOn: queuePolicies,
          }),
        );
        return [event, rule];
      }),
    );

    this.intake = new HandlerFunction(this, "intake", {
      ...props,
      handler: "intake",
      description: "intake: takes an event as a claim, keeps it and starts its workflow",
      documents: documents.role,
      environment: {
        [ENV.ledgerTable]: names.ledgerTable.name,
        [ENV.controlTable]: names.controlTable.name,
        [ENV.stateMachineArn]: names.stateMachine.arn,
      },
      timeoutSeconds: INTAKE_TIMEOUT_SECONDS,
    });
    this.intakeMapping = readable(
      new LambdaEventSourceMapping(this, "intake-source", {
        eventSourceArn: this.queue.arn,
        functionName: this.intake.function.functionName,
        batchSize: 10,
        functionResponseTypes: ["ReportBatchItemFailures"],
        scalingConfig: { maximumConcurrency: 5 },
        tags,
        // Open at first. Whoever closes it later, an apply does not open it.
        lifecycle: { ignoreChanges: ["enabled"] },
      }),
    );
  }
}
