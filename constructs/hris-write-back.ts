import { SecretsmanagerSecretPolicy } from "@cdktf/provider-aws/lib/secretsmanager-secret-policy";
import { Annotations } from "cdktf";
import { Construct } from "constructs";

import { compileEventPatterns } from "../src/compile/events";
import {
  compileBusDeadLetterPolicy,
  compileBusPolicy,
  compileDataKeyPolicy,
  compileDeadLetterPolicy,
  compileDigestKeyPolicy,
  compileEndpointPolicy,
  compileGatewayPolicy,
  compileQueuePolicy,
  compileRoles,
  flowLogsRole,
  writerSecretPolicy,
  type IamRefs,
} from "../src/compile/iam";
import {
  checkBusLimits,
  checkIamLimits,
  checkItem,
  checkNames,
  checkPlacement,
  checkStateMachineDefinition,
} from "../src/compile/limits";
import { compileKillSwitch } from "../src/compile/kill-switch";
import { compileNames, type Names, type Placement } from "../src/compile/names";
import { compileStateMachine } from "../src/compile/state-machine";
import { renderFinding } from "../src/core";
import { SESSION_PATH_TEMPLATE, sessionPolicyTemplate } from "../src/iam";
import { policyItems, type Policy } from "../src/policy";
import { AuditTrail, keepsEvidence, type AuditProps } from "./audit-trail";
import { ApprovalWorkflow } from "./approval-workflow";
import type { ApprovalsProps } from "./approvals-api";
import { ChangeLedger } from "./change-ledger";
import {
  checkConnections,
  checkGivenArns,
  checkNeverFields,
  checkPublishers,
  checkSystems,
  checkTimeZone,
  hrisSystemOf,
  measureReferences,
} from "./checks";
import { checkApprovals, checkReferences, checkSettings } from "./check-settings";
import { ConnectorNetwork } from "./connector-network";
import { ConnectorRole } from "./connector-role";
import { EncryptionKeys, type ExistingKeys } from "./encryption-keys";
import { refuse } from "./errors";
import { FieldClassification } from "./field-classification";
import { FieldGateway } from "./field-gateway";
import { HandlerFunction } from "./handler-function";
import { readerConfig, readerKeyArns, writerConfig, type HrisConnection, type SourceConnection } from "./hris";
import {
  approverGroupsOf,
  policyOf,
  publishersOf,
  readConnections,
  type PolicySource,
  type PublisherPrincipals,
} from "./inputs";
import { KillSwitch } from "./kill-switch";
import { LifecycleBus } from "./lifecycle-bus";
import { readable } from "./logical-id";
import { addOutputs } from "./outputs";
import { checkPerimeter, type Perimeter } from "./perimeter";
import { checkReconciliation, Reconciliation, type ReconciliationOptions } from "./reconciliation";
import { waitFor } from "./references";
import { Reversal } from "./reversal";
import { SessionBroker } from "./session-broker";
import type { LogRetentionDays, Retention } from "./settings";
import { terraformJson } from "./terraform-json";

export interface HrisWriteBackProps {
  readonly policy: PolicySource;
  /** Name prefix, account and region. They are literals, so that a reviewer reads whole ARNs. */
  readonly placement: Placement;
  /** The HRIS that is written to: made by `Hris`. */
  readonly hris: HrisConnection;
  /**
   * The HRIS's name in the policy.
   * @default - the one system of kind `hris`
   */
  readonly hrisSystem?: string;
  /**
   * Sources of truth and of attributes by their name in the policy: made by `Source`. What the policy does not read is left out.
   * @default {}
   */
  readonly systems?: Readonly<Record<string, SourceConnection>>;
  /** Who may approve: the identity provider and its claims. */
  readonly approvals: ApprovalsProps;
  /**
   * Publisher to the ARNs of the IAM roles or users that speak for it, as a table or as a convention. Every publisher of an
   * event that authorises a write must be among them; an empty list says that nobody may publish yet.
   */
  readonly publishers: PublisherPrincipals;
  /**
   * The ARN of your own connector function, invoked with the payload of `connectorInputSchema`. With a perimeter it runs in the
   * network's subnets and has its security group alone; `examples/perimeter/README.md` says what else it owes.
   * @default - the managed connector
   */
  readonly connectorFunctionArn?: string;
  /**
   * Where the field gateway can be called from. With a network its API is private, and a session is worth nothing anywhere else.
   * @default { kind: "none" }
   */
  readonly perimeter?: Perimeter;
  /**
   * Keys that exist already.
   * @default - both are made
   */
  readonly keys?: ExistingKeys;
  /**
   * Whether records survive the stack.
   * @default "retain"
   */
  readonly retention?: Retention;
  /** @default 365 */
  readonly logRetentionDays?: LogRetentionDays;
  /**
   * Key that encrypts log groups; its policy must let CloudWatch Logs use it.
   * @default - the data key that is made here, else CloudWatch Logs' own key
   */
  readonly logKeyArn?: string;
  /**
   * Concurrency reserved for each of broker and gateway. An account keeps 100 unreserved, and a small one has none to give.
   * @default - none is reserved
   */
  readonly reservedConcurrency?: number;
  /**
   * Where the field gateway's access log goes. API Gateway writes to CloudWatch only in an account and region whose settings name
   * a role for it; without one an apply fails. `off` leaves the record of calls to the gateway's own log and the ledger.
   * @default - `cloudwatch` where `apiGatewayLogRoleArn` is given, else `off`
   */
  readonly gatewayAccessLog?: "cloudwatch" | "off";
  /**
   * Role that API Gateway writes access logs with, for accounts where none is set. One setting for the whole account and region: the
   * AWS provider 6 takes it away from everybody when this stack is destroyed, so set it once elsewhere if you can.
   * @default - the account's setting is left alone
   */
  readonly apiGatewayLogRoleArn?: string;
  /**
   * Whole days after a write within which it can be taken back (`hris-writeback reverse`), from 1 to 3,650. The ledger keeps the previous value
   * as long as itself.
   * @default 30
   */
  readonly reversalWithinDays?: number;
  /**
   * Attaches to the writer secret a policy that denies it to everybody but the field gateway and the roles that rotate it.
   * @default - the secret's own policy is left alone
   */
  readonly guardWriterSecret?: { readonly rotationRoleArns?: readonly string[] };
  /**
   * Roles that may move dead letters back to the intake queue. Whoever may, can put any event there: name a role that two people
   * have to open.
   * @default []
   */
  readonly redriveOperatorArns?: readonly string[];
  /**
   * Roles that may check digests with the digest key, as `hris-writeback history --verify` does. They cannot make any. What lets them read the
   * ledger is theirs to have; with a digest key of your own, its policy is yours too.
   * @default - the gateway alone checks digests
   */
  readonly auditorArns?: readonly string[];
  /**
   * What is recorded, watched and told: a trail, rules on what must never happen, alarms and a dashboard.
   * @default - nothing: the account's own trail and people are relied upon
   */
  readonly audit?: AuditProps;
  /**
   * How ledger, HRIS and sources of truth are held against each other, or that they are not.
   * @default - as often as the policy says, at a gentle pace
   */
  readonly reconciliation?: ReconciliationOptions | "off";
  /** @default {} */
  readonly tags?: Readonly<Record<string, string>>;
  /**
   * Folder of handler bundles.
   * @default - `dist/handlers` of this package
   */
  readonly handlersDir?: string;
}

/**
 * A governed write-back: everything that runs, restricts and explains what identity may write into an HR record, out of one
 * policy file.
 *
 * Throws `PolicyError` for a policy that is wrong and `SynthError` for a stack that does not fit it, each with everything that is
 * wrong, and `UsageError` for a policy file that cannot be read. The same props give the same Terraform, byte by byte.
 */
export class HrisWriteBack extends Construct {
  readonly policy: Policy;
  readonly names: Names;
  readonly keys: EncryptionKeys;
  readonly classification: FieldClassification;
  readonly ledger: ChangeLedger;
  /** Absent without a perimeter. */
  readonly network?: ConnectorNetwork;
  readonly fieldGateway: FieldGateway;
  readonly sessionBroker: SessionBroker;
  readonly connectorRole: ConnectorRole;
  readonly bus: LifecycleBus;
  readonly workflow: ApprovalWorkflow;
  readonly killSwitch: KillSwitch;
  /** Absent where it is off. */
  readonly reconciliation?: Reconciliation;
  readonly reversal: Reversal;
  /** Absent where it was not asked for. */
  readonly audit?: AuditTrail;

  constructor(scope: Construct, id: string, props: HrisWriteBackProps) {
    super(scope, id);
    const { retention, tags, perimeter = { kind: "none" } } = props;
    refuse(this, checkPlacement(props.placement));
    const names = compileNames(props.placement);
    const policy = policyOf(props.policy);
    const hrisSystem = hrisSystemOf(this, policy, props.hrisSystem);
    const patterns = compileEventPatterns(policy);
    const publishers = publishersOf(policy, props.publishers);
    const connections = { ...props.systems, [hrisSystem]: props.hris };
    const findings = [
      ...checkNames(names, Object.keys(patterns)),
      ...checkSystems(policy, Object.keys(connections)),
      ...checkConnections(connections),
      ...checkNeverFields(policy, props.hris.config),
      ...checkTimeZone(policy, hrisSystem, props.hris.config),
      ...checkPublishers(policy, patterns, publishers),
      ...checkPerimeter(perimeter, names),
      ...checkSettings(props),
      ...(props.reconciliation === "off" ? [] : checkReconciliation(props.reconciliation ?? {})),
      ...checkApprovals(props.approvals),
      ...checkReferences(policy),
      ...checkGivenArns(names, {
        hris: props.hris,
        sources: props.systems ?? {},
        publishers,
        connectorFunctionArn: props.connectorFunctionArn,
        keyArns: {
          "keys.dataKeyArn": props.keys?.dataKeyArn,
          "keys.digestKeyArn": props.keys?.digestKeyArn,
          logKeyArn: props.logKeyArn,
        },
        principalArns: {
          redriveOperatorArns: props.redriveOperatorArns ?? [],
          auditorArns: props.auditorArns ?? [],
          "guardWriterSecret.rotationRoleArns": props.guardWriterSecret?.rotationRoleArns ?? [],
        },
      }),
      ...policyItems(policy).flatMap((item) => checkItem(item.sk, item)),
    ];
    refuse(this, findings);
    for (const finding of findings) Annotations.of(this).addWarning(renderFinding(finding));
    this.policy = policy;
    this.names = names;
    const part = { names, tags };
    const { logRetentionDays, handlersDir } = props;
    const functionPart = { ...part, logRetentionDays, retention, handlersDir };

    this.keys = new EncryptionKeys(this, "keys", {
      ...part,
      existing: props.keys,
      documents: {
        dataKey: compileDataKeyPolicy(names),
        digestKey: compileDigestKeyPolicy(names, { auditorArns: props.auditorArns }),
      },
      retention,
    });
    const { dataKeyArn, digestKeyArn } = this.keys;
    const logKeyArn = props.logKeyArn ?? (props.keys?.dataKeyArn === undefined ? dataKeyArn : undefined);
    const withFunctions = { ...functionPart, logKeyArn };

    this.classification = new FieldClassification(this, "classification", { ...part, policy, dataKeyArn, retention });
    this.ledger = new ChangeLedger(this, "ledger", {
      ...part,
      dataKeyArn,
      stream: props.audit !== undefined && keepsEvidence(props.audit),
      retention,
    });
    const { classification, ledger } = this;

    if (perimeter.kind !== "none") {
      const documents = { flowLogs: flowLogsRole(names) };
      this.network = new ConnectorNetwork(this, "network", { ...withFunctions, perimeter, documents });
    }
    const { network } = this;
    const vpcEndpointId = network?.endpointId;
    const read = readConnections(policy, connections, hrisSystem);
    const sources = Object.entries(read).flatMap(([system, connection]) => (system === hrisSystem ? [] : [connection]));
    const refsOf = (apiId: string, others: Pick<IamRefs, "archiveKeyArn" | "intakeMappingArn"> = {}): IamRefs => ({
      apiId,
      ...others,
      killSwitchArn: names.killSwitch.arn,
      dataKeyArn,
      digestKeyArn,
      hrisReaderSecretArn: props.hris.readerSecretArn,
      hrisReaderSecretKeyArn: props.hris.readerSecretKeyArn,
      sourceSecretArns: sources.map((connection) => readerConfig(connection).secretArn),
      sourceSecretKeyArns: sources.flatMap(readerKeyArns),
      writerSecretArn: props.hris.writerSecretArn,
      writerSecretKeyArn: props.hris.writerSecretKeyArn,
      connectorFunctionArn: props.connectorFunctionArn,
      vpcEndpointId,
      approverGroups: approverGroupsOf(policy),
      operatorsResume: props.approvals.operatorsGroup !== undefined,
      reconciles: props.reconciliation !== "off",
    });

    this.fieldGateway = new FieldGateway(this, "field-gateway", {
      ...withFunctions,
      classification,
      ledger,
      digestKeyArn,
      hris: { system: hrisSystem, writer: writerConfig(props.hris) },
      documents: (apiId) => ({
        role: compileRoles({ names, policy, refs: refsOf(apiId) }).gateway,
        resourcePolicy: compileGatewayPolicy(names, policy, apiId, vpcEndpointId),
        endpointPolicy: compileEndpointPolicy(names, apiId),
      }),
      network,
      reservedConcurrency: props.reservedConcurrency,
      apiGatewayLogRoleArn: props.apiGatewayLogRoleArn,
      accessLog: props.gatewayAccessLog,
    });
    const apiId = this.fieldGateway.api.id;
    refuse(this, checkIamLimits(names, policy, refsOf(apiId), measureReferences(this)));
    const roles = compileRoles({ names, policy, refs: refsOf(apiId) });
    const template = JSON.stringify(sessionPolicyTemplate(names.gatewayRequestArn(apiId, SESSION_PATH_TEMPLATE)));
    this.sessionBroker = new SessionBroker(this, "session-broker", {
      ...withFunctions,
      classification,
      ledger,
      documents: roles.broker,
      connector:
        props.connectorFunctionArn === undefined
          ? { kind: "managed", documents: roles["connector-execution"] }
          : { kind: "existing", functionArn: props.connectorFunctionArn },
      gatewayUrl: this.fieldGateway.url,
      sessionPolicyTemplate: template,
      network,
      reservedConcurrency: props.reservedConcurrency,
    });
    this.connectorRole = new ConnectorRole(this, "connector", {
      ...part,
      documents: roles.connector,
      broker: this.sessionBroker.broker.role,
      sessionPolicyTemplate: template,
    });
    this.fieldGateway.admit(this.connectorRole.identity);
    const ownConnector = this.sessionBroker.connector?.function;
    if (network !== undefined && ownConnector !== undefined) waitFor(ownConnector, network.closed);
    const readers = Object.fromEntries(
      Object.entries(read).map(([system, connection]) => [system, readerConfig(connection)]),
    );
    const definition = compileStateMachine(policy, names);
    refuse(this, checkStateMachineDefinition(JSON.stringify(definition)));
    this.workflow = new ApprovalWorkflow(this, "workflow", {
      ...withFunctions,
      classification,
      ledger,
      documents: roles,
      definition,
      dataKeyArn,
      digestKeyArn,
      hrisSystem,
      readers,
      approvals: props.approvals,
      approverGroups: approverGroupsOf(policy),
      killSwitchArn: names.killSwitch.arn,
    });
    const events = Object.keys(patterns);
    const busPolicy = compileBusPolicy(names, policy, publishers);
    const queuePolicy = compileQueuePolicy(names, events, { redriveOperatorArns: props.redriveOperatorArns });
    const counts = { publishers: Object.keys(policy.publishers).length, events: events.length };
    refuse(this, checkBusLimits({ busPolicy, queuePolicy }, counts));
    this.bus = new LifecycleBus(this, "bus", {
      ...withFunctions,
      ledger,
      dataKeyArn,
      patterns,
      documents: {
        role: roles.intake,
        busPolicy,
        queuePolicy,
        deadLetterPolicy: compileDeadLetterPolicy(names, events),
        busDeadLetterPolicy: compileBusDeadLetterPolicy(names),
      },
    });
    const { intakeMapping } = this.bus;
    this.killSwitch = new KillSwitch(this, "kill-switch", {
      ...withFunctions,
      ledger,
      documents: compileRoles({ names, policy, refs: refsOf(apiId, { intakeMappingArn: intakeMapping.arn }) }),
      definition: compileKillSwitch(names),
      intakeMapping,
      reservedConcurrency: props.reservedConcurrency,
    });
    if (props.reconciliation !== "off") {
      this.reconciliation = new Reconciliation(this, "reconciliation", {
        ...withFunctions,
        classification,
        ledger,
        policy,
        documents: roles,
        scheduler: this.workflow.scheduler,
        readers,
        hrisSystem,
        options: props.reconciliation,
      });
    }
    this.reversal = new Reversal(this, "reversal", {
      ...withFunctions,
      classification,
      ledger,
      documents: roles.reversal,
      withinDays: props.reversalWithinDays,
    });
    if (props.guardWriterSecret !== undefined) {
      readable(
        new SecretsmanagerSecretPolicy(this, "writer-secret-policy", {
          secretArn: props.hris.writerSecretArn,
          policy: terraformJson(writerSecretPolicy(names, props.guardWriterSecret)),
          blockPublicPolicy: true,
        }),
      );
    }
    if (props.audit !== undefined) {
      this.audit = new AuditTrail(this, "audit", {
        ...part,
        retention,
        audit: props.audit,
        apiId,
        keyArns: [dataKeyArn, digestKeyArn],
        writerSecretArn: props.hris.writerSecretArn,
        rotationRoleArns: props.guardWriterSecret?.rotationRoleArns,
        vpcEndpointId,
        connectorFunctionArn: props.connectorFunctionArn,
        logGroups: this.logGroups(),
        gatewayAccessLogGroup: this.fieldGateway.accessLogs?.name,
        approvalsAccessLogGroup: this.workflow.approvalsApi.accessLogs.name,
        findings: roles,
        evidence: {
          logRetentionDays,
          logKeyArn,
          handlersDir,
          ledger,
          documents: (archiveKeyArn) =>
            compileRoles({ names, policy, refs: refsOf(apiId, { archiveKeyArn }) }).evidence,
        },
      });
    }
    this.keys.goBefore(this);
    addOutputs(this);
  }

  /** Names of the functions' log groups, by handler: whatever functions the stack has. */
  private logGroups(): Readonly<Record<string, string>> {
    const functions = this.node.findAll().filter((construct) => construct instanceof HandlerFunction);
    return Object.fromEntries(
      functions.map(({ handler, logs }): [string, string] => [handler, logs.name]).sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }
}
