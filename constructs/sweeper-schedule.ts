import { SchedulerSchedule } from "@cdktf/provider-aws/lib/scheduler-schedule";
import { Construct } from "constructs";

import type { RoleDocuments } from "../src/compile/iam";
import { readable } from "./logical-id";
import { PrincipalRole } from "./principal-role";
import type { PartProps } from "./settings";
import { terraformJson } from "./terraform-json";

export interface SweeperScheduleProps extends PartProps {
  /** Documents of the principal `scheduler`. */
  readonly documents: RoleDocuments;
  readonly functionArn: string;
  /** @default 5 */
  readonly everyMinutes?: number;
}

/** Wakes the sweeper. A missed run is made up by the next: the sweeper reads what is due, not what it was told. */
export class SweeperSchedule extends Construct {
  readonly schedule: SchedulerSchedule;
  /** What wakes the functions that run on a schedule. */
  readonly identity: PrincipalRole;

  constructor(scope: Construct, id: string, props: SweeperScheduleProps) {
    super(scope, id);
    const { names } = props;
    const minutes = props.everyMinutes ?? 5;
    if (!Number.isInteger(minutes) || minutes < 1 || minutes > 60) {
      throw new Error(
        `${this.node.path}: the sweeper runs every \`${minutes}\` minutes; expected a whole number from 1 to 60`,
      );
    }
    this.identity = new PrincipalRole(this, "identity", {
      names,
      tags: props.tags,
      principal: "scheduler",
      description: "Wakes the sweeper, the notifier and the reconciliation on schedule",
      documents: props.documents,
    });
    this.schedule = readable(
      new SchedulerSchedule(this, "schedule", {
        name: `${names.prefix}-sweeper`,
        description: "Settles what a crash or a time-out left open",
        scheduleExpression: minutes === 1 ? "rate(1 minute)" : `rate(${minutes} minutes)`,
        flexibleTimeWindow: { mode: "OFF" },
        target: {
          arn: props.functionArn,
          roleArn: this.identity.role.arn,
          input: terraformJson({ version: 1 }),
          // The next run comes soon enough.
          retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
        },
        dependsOn: [this.identity.policy],
      }),
    );
  }
}
