import { SchedulerSchedule } from "@cdktf/provider-aws/lib/scheduler-schedule";
import { SnsTopic } from "@cdktf/provider-aws/lib/sns-topic";
import { SnsTopicPolicy } from "@cdktf/provider-aws/lib/sns-topic-policy";
import { Construct } from "constructs";

import { compileTopicPolicy, type RoleDocuments } from "../src/compile/iam";
import { ENV } from "../src/core";
import { HandlerFunction } from "./handler-function";
import { idOfName, readable } from "./logical-id";
import type { PrincipalRole } from "./principal-role";
import type { FunctionPartProps } from "./settings";
import { terraformJson } from "./terraform-json";

export interface ApproverNoticesProps extends FunctionPartProps {
  /** Documents of the principal `notifier`. */
  readonly documents: RoleDocuments;
  /** Groups that are asked, as the policy names them: a topic each. */
  readonly groups: readonly string[];
  readonly dataKeyArn: string;
  /** Base URL of the approvals API, where its page is. */
  readonly approvalsUrl: string;
  /** The role that wakes the notifier. */
  readonly scheduler: PrincipalRole;
  /**
   * Minutes between two runs of the notifier.
   * @default 1
   */
  readonly everyMinutes?: number;
}

const TIMEOUT_SECONDS = 45;

/**
 * Tells people that something waits for them: a topic for each group, encrypted, to which the notifier alone publishes. Who subscribes, by mail
 * or by a chat's webhook, is the account's to say; a message holds no value and no token.
 */
export class ApproverNotices extends Construct {
  readonly function: HandlerFunction;
  /** By group. */
  readonly topics: Readonly<Record<string, SnsTopic>>;

  constructor(scope: Construct, id: string, props: ApproverNoticesProps) {
    super(scope, id);
    const { names, tags, scheduler } = props;
    const minutes = props.everyMinutes ?? 1;
    if (!Number.isInteger(minutes) || minutes < 1 || minutes > 60) {
      throw new Error(
        `${this.node.path}: the notifier runs every \`${minutes}\` minutes; expected a whole number from 1 to 60`,
      );
    }
    this.function = new HandlerFunction(this, "notifier", {
      ...props,
      handler: "notifier",
      description: "notifier: tells groups that a request waits for them",
      documents: props.documents,
      environment: {
        [ENV.controlTable]: names.controlTable.name,
        [ENV.busName]: names.bus.name,
        [ENV.approvalsUrl]: props.approvalsUrl,
        [ENV.topicPrefix]: names.topicPrefix,
      },
      timeoutSeconds: TIMEOUT_SECONDS,
    });
    this.topics = Object.fromEntries(
      [...props.groups].sort().map((group) => {
        const topic = readable(
          new SnsTopic(this, `topic_${idOfName(group)}`, {
            name: names.topic(group).name,
            kmsMasterKeyId: props.dataKeyArn,
            tags,
          }),
        );
        readable(
          new SnsTopicPolicy(this, `topic-policy_${idOfName(group)}`, {
            arn: topic.arn,
            policy: terraformJson(compileTopicPolicy(names, group)),
          }),
        );
        return [group, topic];
      }),
    );
    readable(
      new SchedulerSchedule(this, "schedule", {
        name: `${names.prefix}-notifier`,
        description: "Tells groups that a request waits for them",
        scheduleExpression: minutes === 1 ? "rate(1 minute)" : `rate(${minutes} minutes)`,
        flexibleTimeWindow: { mode: "OFF" },
        target: {
          arn: this.function.function.arn,
          roleArn: scheduler.role.arn,
          input: terraformJson({ version: 1 }),
          // The next run comes soon enough.
          retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
        },
        dependsOn: [scheduler.policy],
      }),
    );
  }
}
