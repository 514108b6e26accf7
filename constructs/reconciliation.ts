import { SchedulerSchedule } from "@cdktf/provider-aws/lib/scheduler-schedule";
import { SfnStateMachine } from "@cdktf/provider-aws/lib/sfn-state-machine";
import { Construct } from "constructs";

import type { RoleDocuments } from "../src/compile/iam";
import { compileReconciliation, RECONCILE_SECONDS, reconciliationRate } from "../src/compile/reconciliation";
import { ENV, type Finding, type Principal } from "../src/core";
import type { ConnectionConfig } from "../src/hris";
import type { Policy } from "../src/policy";
import type { ChangeLedger } from "./change-ledger";
import type { FieldClassification } from "./field-classification";
import { HandlerFunction } from "./handler-function";
import { readable } from "./logical-id";
import { PrincipalRole } from "./principal-role";
import type { FunctionPartProps } from "./settings";
import { terraformJson } from "./terraform-json";

/** How a stack reconciles. How often is the policy's to say: the shortest `reconcile.every` of its fields, between an hour and a day. */
export interface ReconciliationOptions {
  /**
   * Reads of the HRIS in a second, and of each source of truth, all together.
   * @default 4
   */
  readonly readsPerSecond?: number;
  /**
   * Parts of the ledger that are read at the same time. They share the reads of a second.
   * @default 2
   */
  readonly concurrency?: number;
  /**
   * Parts that the ledger is read in, each in an execution of its own.
   * @default 8
   */
  readonly parts?: number;
  /**
   * Days between two joint reviews of conditional fields and exceptions.
   * @default 90
   */
  readonly reviewEveryDays?: number;
}

const DEFAULTS = { readsPerSecond: 4, concurrency: 2, parts: 8, reviewEveryDays: 90 } as const;

/** Smallest and largest of each option; the function refuses anything else when it starts. */
const RANGES = {
  readsPerSecond: [0.1, 1_000],
  concurrency: [1, 40],
  parts: [1, 64],
  reviewEveryDays: [15, 366],
} as const;

/** What is wrong with the options, as findings at `reconciliation.<option>`. */
export function checkReconciliation(options: ReconciliationOptions): Finding<"SettingInvalid">[] {
  return (Object.keys(RANGES) as (keyof typeof RANGES)[]).flatMap((name): Finding<"SettingInvalid">[] => {
    const value: unknown = options[name];
    const [least, most] = RANGES[name];
    if (value === undefined) return [];
    const isKind = name === "readsPerSecond" ? typeof value === "number" : Number.isInteger(value);
    if (isKind && (value as number) >= least && (value as number) <= most) return [];
    return [
      {
        code: "SettingInvalid",
        severity: "error",
        path: `reconciliation.${name}`,
        message: `found \`${JSON.stringify(value)}\`, expected a ${name === "readsPerSecond" ? "" : "whole "}number from ${least} to ${most}`,
      },
    ];
  });
}

export interface ReconciliationProps extends FunctionPartProps {
  readonly classification: FieldClassification;
  readonly ledger: ChangeLedger;
  readonly policy: Policy;
  readonly documents: Readonly<Record<Extract<Principal, "reconciler" | "reconciler-workflow">, RoleDocuments>>;
  /** What starts it: the role of the principal `scheduler`. */
  readonly scheduler: PrincipalRole;
  /** Every system that the policy reads, with its reader's secret. */
  readonly readers: Readonly<Record<string, ConnectionConfig>>;
  readonly hrisSystem: string;
  /** @default {} */
  readonly options?: ReconciliationOptions;
}

/**
 * Holds the ledger against the HRIS, the sources of truth and CloudTrail, on a schedule and on demand, by reads alone. A state machine reads
 * the ledger in parts; one function, with the readers' credentials and no power over grants, compares and records what it finds. That a run came
 * at all is the audit's alarm `reconciliation-missing` to tell, what it found `drift-found`.
 */
export class Reconciliation extends Construct {
  readonly function: HandlerFunction;
  readonly stateMachine: SfnStateMachine;
  readonly schedule: SchedulerSchedule;

  constructor(scope: Construct, id: string, props: ReconciliationProps) {
    super(scope, id);
    const { names, tags, documents, classification } = props;
    const settings = { ...DEFAULTS, ...props.options };
    const concurrency = Math.min(settings.concurrency, settings.parts);
    this.function = new HandlerFunction(this, "reconcile", {
      ...props,
      handler: "reconcile",
      description: "reconcile: one step of a reconciliation, by reads alone",
      documents: documents.reconciler,
      environment: {
        [ENV.classificationTable]: names.classificationTable.name,
        [ENV.manifestHash]: classification.manifestHash,
        [ENV.ledgerTable]: names.ledgerTable.name,
        [ENV.controlTable]: names.controlTable.name,
        [ENV.connections]: JSON.stringify(props.readers),
        [ENV.hrisSystem]: props.hrisSystem,
        [ENV.connectorRoleArn]: names.role("connector").arn,
        [ENV.reconciliation]: JSON.stringify({ ...settings, concurrency }),
      },
      timeoutSeconds: RECONCILE_SECONDS,
      dependsOn: [classification.manifest],
    });
    const workflow = new PrincipalRole(this, "workflow", {
      names,
      tags,
      principal: "reconciler-workflow",
      description: "Runs the reconciliation: invokes its function, and starts itself for the parts of the ledger",
      documents: documents["reconciler-workflow"],
    });
    this.stateMachine = readable(
      new SfnStateMachine(this, "state-machine", {
        name: names.reconciliation.name,
        type: "STANDARD",
        roleArn: workflow.role.arn,
        definition: terraformJson(compileReconciliation(names, concurrency)),
        tracingConfiguration: { enabled: false },
        tags,
        dependsOn: [workflow.policy],
      }),
    );
    this.schedule = readable(
      new SchedulerSchedule(this, "schedule", {
        name: names.reconciliation.name,
        description: "Holds ledger, HRIS and sources of truth against each other",
        scheduleExpression: reconciliationRate(props.policy),
        flexibleTimeWindow: { mode: "OFF" },
        target: {
          arn: this.stateMachine.arn,
          roleArn: props.scheduler.role.arn,
          input: terraformJson({ fields: "due" }),
          // An execution that comes twice joins the run that is there.
          retryPolicy: { maximumRetryAttempts: 3, maximumEventAgeInSeconds: 3_600 },
        },
        dependsOn: [props.scheduler.policy],
      }),
    );
  }
}
