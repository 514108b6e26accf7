import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { SfnStateMachine } from "@cdktf/provider-aws/lib/sfn-state-machine";
import { Construct } from "constructs";

import type { RoleDocuments } from "../src/compile/iam";
import { ENV, type Principal } from "../src/core";
import type { ConnectionConfig } from "../src/hris/contract";
import { ApprovalsApi, type ApprovalsProps } from "./approvals-api";
import { ApproverNotices } from "./approver-notices";
import type { ChangeLedger } from "./change-ledger";
import type { FieldClassification } from "./field-classification";
import { HandlerFunction } from "./handler-function";
import { readable } from "./logical-id";
import { PrincipalRole } from "./principal-role";
import { logLifetime, type FunctionPartProps } from "./settings";
import { SweeperSchedule } from "./sweeper-schedule";
import { terraformJson } from "./terraform-json";

/** The principals whose documents the workflow's parts need. */
export type WorkflowPrincipal = Extract<
  Principal,
  | "decide"
  | "inspect"
  | "request-approval"
  | "approvals"
  | "announce"
  | "sweeper"
  | "notifier"
  | "workflow"
  | "scheduler"
>;

/** The functions that are the workflow's own. */
export type WorkflowHandler = "decide" | "inspect" | "request-approval" | "announce" | "sweeper";

export interface ApprovalWorkflowProps extends FunctionPartProps {
  readonly classification: FieldClassification;
  readonly ledger: ChangeLedger;
  readonly documents: Readonly<Record<WorkflowPrincipal, RoleDocuments>>;
  /** The workflow, from `compileStateMachine`. */
  readonly definition: object;
  readonly dataKeyArn: string;
  readonly digestKeyArn: string;
  /** The HRIS's name in the policy. */
  readonly hrisSystem: string;
  /** Systems by name, each with its *reader's* secret, the HRIS among them. */
  readonly readers: Readonly<Record<string, ConnectionConfig>>;
  readonly approvals: ApprovalsProps;
  /** Groups that are asked for approvals, as the policy names them: each has a topic. */
  readonly approverGroups: readonly string[];
  /**
   * The kill switch's state machine, which undoes a stop that two operators ended.
   * @default - the stack has none
   */
  readonly killSwitchArn?: string;
  /**
   * Minutes between two runs of the sweeper.
   * @default 5
   */
  readonly sweepEveryMinutes?: number;
}

const QUICK_SECONDS = 30;
/** Inspect may ask several systems, one after the other, each within 20 s; the workflow waits 120 s. */
const READING_SECONDS = 110;
/** The sweeper settles a bounded batch, reading the HRIS for each. */
const SWEEPER_SECONDS = 240;

/**
 * The way of one change: the state machine that the policy compiles to, the functions it runs, the approvals API where people
 * decide, and the sweeper that settles what was left open.
 */
export class ApprovalWorkflow extends Construct {
  readonly stateMachine: SfnStateMachine;
  readonly functions: Readonly<
    Record<"decide" | "inspect" | "request-approval" | "announce" | "sweeper", HandlerFunction>
  >;
  readonly approvalsApi: ApprovalsApi;
  readonly notices: ApproverNotices;
  /** What starts everything that runs on a schedule. */
  readonly scheduler: PrincipalRole;

  constructor(scope: Construct, id: string, props: ApprovalWorkflowProps) {
    super(scope, id);
    const { names, tags, classification, documents } = props;
    const tables = {
      classification: { [ENV.classificationTable]: names.classificationTable.name },
      ledger: { [ENV.ledgerTable]: names.ledgerTable.name },
      control: { [ENV.controlTable]: names.controlTable.name },
    };
    const pinned = { ...tables.classification, [ENV.manifestHash]: classification.manifestHash };
    const connections = { [ENV.connections]: JSON.stringify(props.readers), [ENV.hrisSystem]: props.hrisSystem };
    const ownReader = Object.entries(props.readers).filter(([system]) => system === props.hrisSystem);
    const hrisAlone = {
      [ENV.connections]: JSON.stringify(Object.fromEntries(ownReader)),
      [ENV.hrisSystem]: props.hrisSystem,
    };
    const digestKey = { [ENV.digestKeyArn]: props.digestKeyArn };
    const bus = { [ENV.busName]: names.bus.name };

    const handler = (
      name: WorkflowHandler,
      description: string,
      timeoutSeconds: number,
      environment: Readonly<Record<string, string>>,
    ): HandlerFunction =>
      new HandlerFunction(this, name, {
        ...props,
        handler: name,
        description: `${name}: ${description}`,
        documents: documents[name],
        environment,
        timeoutSeconds,
        dependsOn: ENV.manifestHash in environment ? [classification.manifest] : [],
      });

    this.functions = {
      decide: handler("decide", "judges each change of a request by the policy", QUICK_SECONDS, {
        ...pinned,
        ...tables.ledger,
        ...tables.control,
      }),
      inspect: handler("inspect", "reads what the systems hold and makes the exact change", READING_SECONDS, {
        ...pinned,
        ...tables.ledger,
        ...connections,
        ...digestKey,
      }),
      "request-approval": handler("request-approval", "files a wait for people's decision", QUICK_SECONDS, {
        ...tables.ledger,
        ...tables.control,
        [ENV.dataKeyArn]: props.dataKeyArn,
      }),
      announce: handler("announce", "keeps how a change ended and says so on the bus", QUICK_SECONDS, {
        ...tables.ledger,
        ...tables.control,
        ...bus,
      }),
      sweeper: handler("sweeper", "settles by reads what was left open", SWEEPER_SECONDS, {
        ...tables.ledger,
        ...tables.control,
        ...hrisAlone,
        ...bus,
        [ENV.stateMachineArn]: names.stateMachine.arn,
      }),
    };

    const logs = readable(
      new CloudwatchLogGroup(this, "workflow-logs", {
        name: names.workflowLogGroup.name,
        ...logLifetime(props),
        kmsKeyId: props.logKeyArn,
        tags,
      }),
    );
    const workflow = new PrincipalRole(this, "workflow", {
      names,
      tags,
      principal: "workflow",
      description: "Runs the workflow: invokes its functions, nothing else",
      documents: documents.workflow,
    });
    this.stateMachine = readable(
      new SfnStateMachine(this, "state-machine", {
        name: names.stateMachine.name,
        type: "STANDARD",
        roleArn: workflow.role.arn,
        definition: terraformJson(props.definition),
        // Only references travel through states; even so, execution data stays out of the logs.
        loggingConfiguration: { logDestination: `${logs.arn}:*`, includeExecutionData: false, level: "ALL" },
        tracingConfiguration: { enabled: false },
        tags,
        dependsOn: [workflow.policy],
      }),
    );

    this.approvalsApi = new ApprovalsApi(this, "approvals", {
      ...props,
      documents: documents.approvals,
      approvals: props.approvals,
    });
    const { identity: scheduler } = new SweeperSchedule(this, "scheduler", {
      names,
      tags,
      documents: documents.scheduler,
      functionArn: this.functions.sweeper.function.arn,
      everyMinutes: props.sweepEveryMinutes,
    });
    this.scheduler = scheduler;
    this.notices = new ApproverNotices(this, "notices", {
      ...props,
      documents: documents.notifier,
      groups: props.approverGroups,
      approvalsUrl: this.approvalsApi.url,
      scheduler,
    });
  }
}
