import { Annotations, Fn, Token, type TerraformProvider } from "cdktf";
import { Construct } from "constructs";

import { auditNames, auditRules, globalNames, globalRules, type AuditInput } from "../src/compile/audit";
import type { Finding } from "../src/core";
import { AuditAlarms } from "./audit-alarms";
import { AuditAlerts, type AlertSubscription } from "./audit-alerts";
import type { ChangeLedger } from "./change-ledger";
import type { RoleDocuments } from "../src/compile/iam";
import { AuditQueries } from "./audit-queries";
import { AuditGlobalEvents } from "./audit-global-events";
import { AuditArchive, DEFAULT_KEEP_DAYS, DEFAULT_LOCK_DAYS, type TrailToCreate } from "./audit-archive";
import type { SettingFindingCode } from "./check-settings";
import { refuse } from "./errors";
import { Evidence } from "./evidence";
import { waitFor } from "./references";
import { SecurityHubFindings, type SecurityHubFindingsProps } from "./security-hub-findings";
import type { FunctionPartProps, PartProps, Retention } from "./settings";

/** A trail that records this account already: management events, reads too, and data events of the stack's tables. */
export interface ExistingTrail {
  readonly kind: "existing";
  readonly trailArn: string;
}

/** What is watched and who hears of it. */
export interface AuditProps {
  /**
   * Roles and users that deploy the stack, by ARN: what they change of tables, roles and functions is expected. An empty list says that
   * every change is to be told.
   */
  readonly deployerArns: readonly string[];
  /** @default { kind: "create" } */
  readonly trail?: TrailToCreate | ExistingTrail;
  /**
   * Whether the ledger's records are kept in the trail's bucket too, as a chain that shows every change of them. An existing trail has its
   * own bucket, whose policy is not the stack's to write.
   * @default - kept where the bucket is made here
   */
  readonly evidence?: boolean;
  /**
   * Who hears every alert. More can subscribe to the topic later.
   * @default []
   */
  readonly subscriptions?: readonly AlertSubscription[];
  /**
   * Whether what the rules hear becomes findings in Security Hub too, which must be on in the account and Region. What is heard in the Region of global calls
   * is told by its topic alone.
   * @default false
   */
  readonly securityHub?: boolean;
  /**
   * Whether what auditors ask can be asked of trail and evidence: tables, named queries and a workgroup of Athena's. For a bucket that is made here, in the
   * stack's account.
   * @default false: a query costs what it reads
   */
  readonly queries?: boolean;
  /**
   * The Region where IAM's calls are recorded, and those to the global endpoint of STS: `us-east-1`, `us-gov-west-1` or `cn-north-1`. Rules hear of
   * their own Region alone, so changes of roles, trusts and boundaries are told from there.
   * @default - they are told only if the stack is in that Region; the synth warns otherwise
   */
  readonly globalEvents?: {
    /** Provider that speaks for the stack's account in that Region. */
    readonly provider: TerraformProvider;
  };
  /**
   * Days within which a reconciliation must have looked at everything, where the stack reconciles; 7 at most.
   * @default 2
   */
  readonly reconcileWithinDays?: number;
}

/** What evidence is made of, and by whom. */
export interface EvidenceParts extends Omit<FunctionPartProps, keyof PartProps> {
  /** Made with `stream`. */
  readonly ledger: ChangeLedger;
  /** Documents of the principal `evidence`, which may use the bucket's key. */
  readonly documents: (archiveKeyArn: string) => RoleDocuments;
}

/** Whether evidence is kept: by itself where the bucket is made with the trail. */
export function keepsEvidence({ trail, evidence }: AuditProps): boolean {
  return evidence ?? (trail ?? { kind: "create" }).kind === "create";
}

/** What of a stack is watched: ids that do not follow from its names. */
export interface AuditTrailProps extends PartProps {
  readonly audit: AuditProps;
  /** Id of the field gateway's API. */
  readonly apiId: string;
  /** Keys of the stack, by ARN. */
  readonly keyArns: readonly string[];
  readonly writerSecretArn: string;
  /** @default [] */
  readonly rotationRoleArns?: readonly string[];
  /** @default - the gateway can be called from anywhere */
  readonly vpcEndpointId?: string;
  /** @default - the managed connector */
  readonly connectorFunctionArn?: string;
  /** Names of the functions' log groups, by handler. */
  readonly logGroups: Readonly<Record<string, string>>;
  /** @default - the gateway writes no access log */
  readonly gatewayAccessLogGroup?: string;
  /** @default - nobody counts there */
  readonly approvalsAccessLogGroup?: string;
  /** Documents of who imports findings. @default - none are imported, whatever `audit` says */
  readonly findings?: SecurityHubFindingsProps["documents"];
  /** @default - no evidence is kept, whatever `audit` says */
  readonly evidence?: EvidenceParts;
  /** @default "retain" */
  readonly retention?: Retention;
}

const RECONCILE_WITHIN_DAYS = 2;

/**
 * The audit of a write-back: the record of every call in a bucket that nobody can tidy up, rules on what must never happen, alarms on what
 * should not, and a dashboard. Detective and lossy by nature (CloudTrail delivers after minutes, EventBridge at best effort): what IAM can
 * forbid, the rest of the stack forbids.
 */
export class AuditTrail extends Construct {
  /** Absent where the account has a trail already. */
  readonly archive?: AuditArchive;
  /** Absent where none are imported. */
  readonly findings?: SecurityHubFindings;
  /** Absent where they were not asked for. */
  readonly queries?: AuditQueries;
  /** Absent where none is kept. */
  readonly evidence?: Evidence;
  readonly alerts: AuditAlerts;
  /** Absent without a provider for them, and where the stack is in their Region. */
  readonly globalEvents?: AuditGlobalEvents;
  readonly alarms: AuditAlarms;

  constructor(scope: Construct, id: string, props: AuditTrailProps) {
    super(scope, id);
    const { names, tags, retention, audit } = props;
    refuse(this, checkAudit(audit));
    const part = { names, tags, retention };
    const trail = audit.trail ?? { kind: "create" };
    const ours = auditNames(names);
    const keyArns = [...props.keyArns];
    let trailIds = [ours.trail.name, ours.trail.arn];
    if (trail.kind === "create") {
      this.archive = new AuditArchive(this, "archive", {
        ...part,
        trail,
        connectorFunctionArn: props.connectorFunctionArn,
      });
      if (trail.archive === undefined) keyArns.push(this.archive.key.arn);
      if (props.evidence !== undefined && keepsEvidence(audit)) {
        const { documents, ...rest } = props.evidence;
        this.evidence = new Evidence(this, "evidence", {
          ...part,
          ...rest,
          documents: documents(this.archive.key.arn),
        });
        waitFor(this.evidence.mapping, this.archive.guards);
      }
    } else {
      trailIds = [nameInArn(trail.trailArn, "trail/"), trail.trailArn];
    }
    const input = (watchedKeyArns: readonly string[]): AuditInput => ({
      names,
      refs: {
        apiId: props.apiId,
        keyArns: watchedKeyArns,
        writerSecretArn: props.writerSecretArn,
        writerSecretIds: secretIds(props.writerSecretArn),
        trailIds,
        vpcEndpointId: props.vpcEndpointId,
      },
      deployerArns: audit.deployerArns,
      rotationRoleArns: props.rotationRoleArns ?? [],
      ownBucket: trail.kind === "create" && trail.archive === undefined,
    });
    const { subscriptions } = audit;
    if (audit.securityHub === true && props.findings !== undefined) {
      this.findings = new SecurityHubFindings(this, "findings", { names, tags, documents: props.findings });
    }
    this.alerts = new AuditAlerts(this, "alerts", {
      ...part,
      subscriptions,
      findings: this.findings,
      rules: (alertKeyArn) => auditRules(input([...keyArns, alertKeyArn])),
    });
    if (audit.queries === true) {
      this.queries = new AuditQueries(this, "queries", {
        ...part,
        regions: [names.region, globalNames(names).region],
        writerSecretArn: props.writerSecretArn,
      });
    }
    this.globalEvents = this.watchGlobalEvents(props, input(keyArns));
    this.alarms = new AuditAlarms(this, "alarms", {
      ...part,
      logGroups: {
        ...props.logGroups,
        ...(this.evidence === undefined ? {} : { evidence: this.evidence.function.logs.name }),
      },
      gatewayAccessLogGroup: props.gatewayAccessLogGroup,
      approvalsAccessLogGroup: props.approvalsAccessLogGroup,
      topicArn: this.alerts.topic.arn,
      importsFindings: this.findings !== undefined,
      reconcileWithinDays: audit.reconcileWithinDays ?? RECONCILE_WITHIN_DAYS,
    });
  }

  /** Where IAM's calls are recorded, if that is elsewhere and somebody speaks for it. */
  private watchGlobalEvents(props: AuditTrailProps, input: AuditInput): AuditGlobalEvents | undefined {
    const { names, tags, retention, audit } = props;
    const there = globalNames(names);
    if (names.region === there.region) return undefined;
    if (audit.globalEvents === undefined) {
      Annotations.of(this).addWarning(
        `calls of IAM are recorded in ${there.region} alone: nobody hears of changes of roles, trusts and boundaries until \`audit.globalEvents\` has a provider of that Region`,
      );
      return undefined;
    }
    return new AuditGlobalEvents(this, "global-events", {
      names: there,
      tags,
      retention,
      provider: audit.globalEvents.provider,
      subscriptions: audit.subscriptions,
      rules: (alertKeyArn) => globalRules(input, there, alertKeyArn),
    });
  }
}

/** Every way in which a call may name a secret: its ARN, the ARN without the six characters that AWS adds, and its name. */
function secretIds(arn: string): string[] {
  const suffix = "-[A-Za-z0-9]{6}$";
  if (Token.isUnresolved(arn)) {
    const partial = Fn.replace(arn, `/${suffix}/`, "");
    return [arn, partial, Token.asString(Fn.element(Fn.split(":secret:", partial), 1))];
  }
  const partial = arn.replace(new RegExp(suffix), "");
  return [arn, partial, partial.split(":secret:")[1] ?? partial];
}

function nameInArn(arn: string, before: string): string {
  return Token.isUnresolved(arn) ? Token.asString(Fn.element(Fn.split(before, arn), 1)) : (arn.split(before)[1] ?? arn);
}

/** What cannot be as it was asked for. */
function checkAudit({
  trail = { kind: "create" },
  evidence,
  queries,
  reconcileWithinDays,
}: AuditProps): Finding<SettingFindingCode>[] {
  const findings: Finding<SettingFindingCode>[] = [];
  const wrong = (path: string, message: string, hint: string): void => {
    findings.push({ code: "AuditInvalid", severity: "error", path, message, hint });
  };
  if (trail.kind === "existing" && evidence === true) {
    wrong(
      "audit.evidence",
      "evidence is kept in the bucket that is made with the trail, and the trail exists already",
      "let the trail be made here, or leave evidence out",
    );
  }
  if (queries === true && (trail.kind === "existing" || trail.archive !== undefined)) {
    wrong(
      "audit.queries",
      "the log files are in a bucket that is not the stack's own",
      "ask there: let queries be made where the bucket is",
    );
  }
  if (trail.kind === "create") {
    const { lockDays = DEFAULT_LOCK_DAYS, keepDays = DEFAULT_KEEP_DAYS } = trail;
    if (!Number.isInteger(lockDays) || lockDays < 1) {
      wrong("audit.trail.lockDays", `found ${lockDays}, expected a whole number of days`, "365 is the default");
    }
    if (!Number.isInteger(keepDays) || keepDays < lockDays) {
      wrong(
        "audit.trail.keepDays",
        `found ${keepDays}, less than the ${lockDays} days for which log files are locked`,
        "keep them as long as they are locked, or longer",
      );
    }
    if (trail.archive !== undefined && !/^\d{12}$/.test(trail.archive.accountId)) {
      wrong("audit.trail.archive.accountId", `found \`${trail.archive.accountId}\``, "an account has twelve digits");
    }
  }
  if (
    reconcileWithinDays !== undefined &&
    (!Number.isInteger(reconcileWithinDays) || reconcileWithinDays < 1 || reconcileWithinDays > 7)
  ) {
    wrong(
      "audit.reconcileWithinDays",
      `found ${reconcileWithinDays}, expected 1 to 7`,
      "a CloudWatch alarm looks back seven days at most",
    );
  }
  return findings;
}
