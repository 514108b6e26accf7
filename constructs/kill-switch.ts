import type { LambdaEventSourceMapping } from "@cdktf/provider-aws/lib/lambda-event-source-mapping";
import { SfnStateMachine } from "@cdktf/provider-aws/lib/sfn-state-machine";
import { Construct } from "constructs";

import { STOPPED_HANDLERS, type RoleDocuments } from "../src/compile/iam";
import { ENV, type Principal } from "../src/core";
import type { ChangeLedger } from "./change-ledger";
import { HandlerFunction } from "./handler-function";
import { readable } from "./logical-id";
import { PrincipalRole } from "./principal-role";
import type { FunctionPartProps } from "./settings";
import { terraformJson } from "./terraform-json";

export interface KillSwitchProps extends FunctionPartProps {
  readonly ledger: ChangeLedger;
  readonly documents: Readonly<Record<Extract<Principal, "kill-switch" | "kill-switch-workflow">, RoleDocuments>>;
  /** The state machine, from `compileKillSwitch`. */
  readonly definition: object;
  /** By which intake reads its queue. */
  readonly intakeMapping: LambdaEventSourceMapping;
  /**
   * What broker and gateway have reserved while the system runs: an undo gives them that.
   * @default - nothing
   */
  readonly reservedConcurrency?: number;
}

/** A step calls one service a few times, or ends some hundred executions. */
const STEP_SECONDS = 70;

/**
 * Stops the system: a state machine that anybody who may start it can start in a hurry, with `{}`, from a console, and one function with the few
 * powers that it takes. The switch stops within a second, concurrency within seconds, intake and executions within a minute, the connector
 * role within the minutes that IAM takes. Two operators let the system run again, through the approvals API, and the same machine undoes what it did.
 */
export class KillSwitch extends Construct {
  readonly function: HandlerFunction;
  readonly stateMachine: SfnStateMachine;

  constructor(scope: Construct, id: string, props: KillSwitchProps) {
    super(scope, id);
    const { names, tags, documents, reservedConcurrency } = props;
    this.function = new HandlerFunction(this, "kill-switch", {
      ...props,
      handler: "kill-switch",
      description: "kill-switch: one step of a stop, or of its undo",
      documents: documents["kill-switch"],
      environment: {
        [ENV.ledgerTable]: names.ledgerTable.name,
        [ENV.controlTable]: names.controlTable.name,
        [ENV.stoppedFunctions]: STOPPED_HANDLERS.map((handler) => names.function(handler).name).join(","),
        ...(reservedConcurrency === undefined ? {} : { [ENV.reservedConcurrency]: String(reservedConcurrency) }),
        [ENV.connectorRoleArn]: names.role("connector").arn,
        [ENV.stopPolicyArn]: names.stopPolicy.arn,
        [ENV.intakeMappingId]: props.intakeMapping.uuid,
        [ENV.stateMachineArn]: names.stateMachine.arn,
      },
      timeoutSeconds: STEP_SECONDS,
      reservedConcurrency: undefined,
    });
    const workflow = new PrincipalRole(this, "workflow", {
      names,
      tags,
      principal: "kill-switch-workflow",
      description: "Runs the kill switch: invokes its function, nothing else",
      documents: documents["kill-switch-workflow"],
    });
    this.stateMachine = readable(
      new SfnStateMachine(this, "state-machine", {
        name: names.killSwitch.name,
        type: "STANDARD",
        roleArn: workflow.role.arn,
        definition: terraformJson(props.definition),
        tracingConfiguration: { enabled: false },
        tags,
        dependsOn: [workflow.policy],
      }),
    );
  }
}
