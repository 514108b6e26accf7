import { readFileSync } from "node:fs";

import { SecretsmanagerSecretPolicy } from "@cdktf/provider-aws/lib/secretsmanager-secret-policy";
import { Annotations, Fn, TerraformOutput } from "cdktf";
import { Construct } from "constructs";

import { auditNames } from "../src/compile/audit";
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
import { EVIDENCE_PREFIX, PolicyError, renderFinding, UsageError } from "../src/core";
import { SESSION_PATH_TEMPLATE, sessionPolicyTemplate } from "../src/iam";
import { parsePolicy, policyItems, type Policy, type PolicyInput } from "../src/policy";
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
  systemsToRead,
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
import { KillSwitch } from "./kill-switch";
import { LifecycleBus } from "./lifecycle-bus";
import { readable } from "./logical-id";
import { checkPerimeter, type Perimeter } from "./perimeter";
import { checkReconciliation, Reconciliation, type ReconciliationOptions } from "./reconciliation";
import { waitFor } from "./references";
import { Reversal } from "./reversal";
import { SessionBroker } from "./session-broker";
import type { LogRetentionDays, Retention } from "./settings";
import { terraformJson } from "./terraform-json";

/** Where the policy comes from. */
export type PolicySource =
  | { readonly file: string }
  /** YAML text; `file` names it in findings. */
  | { readonly text: string; readonly file?: string }
  | { readonly input: PolicyInput };

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
  readonly publishers: Readonly<Record<string, readonly string[]>> | ((publisher: string) => readonly string[]);
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
    this.outputs();
  }

  /** Names of the functions' log groups, by handler: whatever functions the stack has. */
  private logGroups(): Readonly<Record<string, string>> {
    const functions = this.node.findAll().filter((construct) => construct instanceof HandlerFunction);
    return Object.fromEntries(
      functions.map(({ handler, logs }): [string, string] => [handler, logs.name]).sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }

  /** What a user needs next. */
  private outputs(): void {
    const { names } = this;
    const outputs: Readonly<Record<string, readonly [value: string, description: string]>> = {
      "bus-name": [
        this.bus.bus.name,
        "Put lifecycle events here; each publisher's principals may, with its own `source` alone",
      ],
      "bus-arn": [this.bus.bus.arn, "For the identity policies of publishers: events:PutEvents on this ARN"],
      "approvals-url": [
        `${this.workflow.approvalsApi.url}/approvals`,
        "Where approvers read and decide, with a token of the identity provider",
      ],
      ...(this.workflow.approvalsApi.pageUrl === undefined
        ? {}
        : {
            "approvals-page-url": [
              this.workflow.approvalsApi.pageUrl,
              "Where approvers sign in and decide; register it as the client's redirect URI, exactly so",
            ] as const,
          }),
      "field-gateway-url": [
        this.fieldGateway.url,
        "The only door to the HRIS; only sessions of the connector role pass",
      ],
      "state-machine-arn": [
        this.workflow.stateMachine.arn,
        "The workflow: one execution per request, named by the request's id",
      ],
      "queue-url": [this.bus.queue.url, "Events on their way to intake"],
      "dead-letter-queue-url": [
        this.bus.deadLetterQueue.url,
        "Events that intake could not take: somebody should look",
      ],
      "connector-role-arn": [this.connectorRole.identity.role.arn, "The role of a connector's session"],
      "classification-table": [names.classificationTable.name, "The policy as handlers read it"],
      "ledger-table": [names.ledgerTable.name, "What was asked, decided, approved, attempted and shown"],
      "digest-key-arn": [this.keys.digestKeyArn, "Checks digests for `auditorArns`: `hris-writeback history --verify`"],
      "kill-switch-arn": [
        this.killSwitch.stateMachine.arn,
        "Stops the system: `hris-writeback stop`, or an execution of this machine with the input {}",
      ],
      ...(this.reconciliation === undefined
        ? {}
        : {
            "reconciliation-arn": [
              this.reconciliation.stateMachine.arn,
              'Reconciles now: `hris-writeback reconcile`, or an execution of this machine with the input {"fields":"all"}',
            ] as const,
          }),
      "reversal-function-arn": [
        this.reversal.function.function.arn,
        "Takes back what was written, after its owner's approval: `hris-writeback reverse`",
      ],
      "control-table": [names.controlTable.name, "Switch and breaker: items `switch` and `breaker`"],
    };
    const all = { ...outputs, ...this.networkOutputs(), ...this.auditOutputs() };
    for (const [id, [value, description]] of Object.entries(all)) {
      readable(new TerraformOutput(this, id, { value, description }));
    }
    const topics = Object.entries(this.workflow.notices.topics).map(([group, { arn }]) => [group, arn] as const);
    readable(
      new TerraformOutput(this, "approver-topics", {
        value: Object.fromEntries(topics),
        description: "Topic of each group that is asked for approvals: subscribe its people or its chat",
      }),
    );
  }

  /** Where alerts and records are. */
  private auditOutputs(): Readonly<Record<string, readonly [value: string, description: string]>> {
    const { audit } = this;
    if (audit === undefined) return {};
    return {
      "audit-topic-arn": [
        audit.alerts.topic.arn,
        "Subscribe here to hear of what must never happen, and of every alarm",
      ],
      "audit-dashboard": [audit.alarms.dashboard.dashboardName, "The dashboard that an operator keeps open"],
      ...(audit.archive === undefined
        ? {}
        : { "audit-bucket": [audit.archive.bucket.bucket, "Log files of every call, locked"] as const }),
      ...(audit.evidence === undefined
        ? {}
        : {
            "evidence-location": [
              `s3://${auditNames(this.names).bucket.name}/${EVIDENCE_PREFIX}`,
              "The ledger's records as a chain, locked: `hris-writeback verify-evidence` checks it",
            ] as const,
          }),
    };
  }

  /** What a connector of one's own, and the owner of an existing endpoint, need. */
  private networkOutputs(): Readonly<Record<string, readonly [value: string, description: string]>> {
    const { network } = this;
    if (network === undefined) return {};
    const outputs = {
      "connector-security-group-id": [
        network.connectorSecurityGroup.id,
        "The connector's security group: an existing endpoint lets it in on 443; a connector of your own has it and no other",
      ],
      "connector-subnet-ids": [Fn.join(",", [...network.subnetIds]), "Where the connector runs"],
      "vpc-endpoint-id": [network.endpointId, "The one endpoint through which the field gateway can be called"],
    } as const;
    if (network.endpoint !== undefined) return outputs;
    const policy = terraformJson(compileEndpointPolicy(this.names, this.fieldGateway.api.id));
    return {
      ...outputs,
      "vpc-endpoint-policy": [policy, "The policy for that endpoint, if it serves the field gateway alone"],
    };
  }
}

/** Throws `PolicyError` with all findings, at the file's lines where there is a file. */
function policyOf(source: PolicySource): Policy {
  if ("input" in source) return parsePolicy(source.input);
  const text = "text" in source ? source.text : readText(source.file);
  try {
    return parsePolicy(text);
  } catch (error) {
    throw error instanceof PolicyError ? new PolicyError(error.findings, source.file) : error;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new UsageError(`cannot read the policy file ${file}: ${(cause as Error).message}`, { cause });
  }
}

/** Groups that the policy's owners name: only these can be asked. */
function approverGroupsOf(policy: Policy): string[] {
  const groups = Object.values(policy.owners).flatMap(({ approvers }) => approvers?.group ?? []);
  return [...new Set(groups)].sort();
}

/** A convention, written out for every publisher that the policy declares. */
function publishersOf(
  policy: Policy,
  publishers: HrisWriteBackProps["publishers"],
): Readonly<Record<string, readonly string[]>> {
  if (typeof publishers !== "function") return publishers;
  return Object.fromEntries(Object.keys(policy.publishers).map((name) => [name, publishers(name)]));
}

type Connections = Readonly<Record<string, HrisConnection | SourceConnection>>;

/** The connections that handlers read: the HRIS always, others where the policy asks them. Sorted by name. */
function readConnections(policy: Policy, connections: Connections, hrisSystem: string): Connections {
  const wanted = new Set([...systemsToRead(policy), hrisSystem]);
  return Object.fromEntries(
    Object.entries(connections)
      .filter(([system]) => wanted.has(system))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
