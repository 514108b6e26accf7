import type { Names } from "../names";
import type { PatternNode } from "./pattern";

/** Something that must never happen unnoticed. */
export interface AuditRule {
  /** Public: the EventBridge rule is called after it, and the runbook. At most 32 characters. */
  readonly name: string;
  /** What must never happen, as the subject of an alert. */
  readonly never: string;
  /** Why it matters. */
  readonly reason: string;
  /** What whoever is called does first. */
  readonly runbook: string;
  /** Whether some of its events are reads, which a rule sees in one state only. */
  readonly reads: boolean;
  readonly pattern: PatternNode;
}

/** Ids and ARNs that do not follow from names: opaque, since at synth they are references. */
export interface AuditRefs {
  /** Id of the field gateway's REST API. */
  readonly apiId: string;
  /** Keys whose policies say who may read or prove what. */
  readonly keyArns: readonly string[];
  readonly writerSecretArn: string;
  /** Every way in which a call may name the writer secret, its ARN among them. */
  readonly writerSecretIds: readonly string[];
  /** Names of the trail that must go on: its name and its ARN. */
  readonly trailIds: readonly string[];
  /**
   * The one VPC endpoint of a private field gateway.
   * @default - the gateway has none
   */
  readonly vpcEndpointId?: string;
}

export interface AuditInput {
  readonly names: Names;
  readonly refs: AuditRefs;
  /** Roles and users that deploy this stack: their changes of tables, roles and functions are expected. */
  readonly deployerArns: readonly string[];
  /** Roles that rotate the writer secret. */
  readonly rotationRoleArns: readonly string[];
  /** Whether the trail's bucket is made here, in this account: elsewhere its calls are another account's records. */
  readonly ownBucket: boolean;
}
