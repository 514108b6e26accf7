import { Cloudtrail } from "@cdktf/provider-aws/lib/cloudtrail";
import { KmsAlias } from "@cdktf/provider-aws/lib/kms-alias";
import { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { KmsKeyPolicy } from "@cdktf/provider-aws/lib/kms-key-policy";
import { S3Bucket } from "@cdktf/provider-aws/lib/s3-bucket";
import { S3BucketLifecycleConfiguration } from "@cdktf/provider-aws/lib/s3-bucket-lifecycle-configuration";
import { S3BucketObjectLockConfigurationA } from "@cdktf/provider-aws/lib/s3-bucket-object-lock-configuration";
import { S3BucketOwnershipControls } from "@cdktf/provider-aws/lib/s3-bucket-ownership-controls";
import { S3BucketPolicy } from "@cdktf/provider-aws/lib/s3-bucket-policy";
import { S3BucketPublicAccessBlock } from "@cdktf/provider-aws/lib/s3-bucket-public-access-block";
import { S3BucketServerSideEncryptionConfigurationA } from "@cdktf/provider-aws/lib/s3-bucket-server-side-encryption-configuration";
import { S3BucketVersioningA } from "@cdktf/provider-aws/lib/s3-bucket-versioning";
import type { TerraformProvider, TerraformResource } from "cdktf";
import { Construct } from "constructs";

import {
  auditNames,
  compileEventSelectors,
  compileTrailBucketPolicy,
  compileTrailKeyPolicy,
  type Archive,
} from "../src/compile/audit";
import { readable } from "./logical-id";
import type { PartProps, Retention } from "./settings";
import { terraformJson } from "./terraform-json";

/** A trail, its bucket and its key, made here. */
export interface TrailToCreate {
  readonly kind: "create";
  /**
   * Whether calls in other Regions are recorded too: those to STS and IAM may come from anywhere.
   * @default "all"
   */
  readonly regions?: "all" | "own";
  /**
   * An account apart for bucket and key, so that whoever has this account does not have its records.
   * @default - both are in the stack's own account
   */
  readonly archive?: {
    readonly accountId: string;
    /** Provider that speaks for that account, in the stack's Region. */
    readonly provider: TerraformProvider;
  };
  /**
   * Who may shorten the lock of a log file. `governance`: nobody whom the bucket's policy does not let, and it lets nobody; whoever changes
   * that policy could. `compliance`: nobody, the account's root included, until the time is over.
   * @default "governance"
   */
  readonly lock?: "compliance" | "governance";
  /**
   * How long a log file cannot be deleted, in days.
   * @default 365
   */
  readonly lockDays?: number;
  /**
   * How long log files are kept, in days: at least as long as they are locked.
   * @default 2557, seven years
   */
  readonly keepDays?: number;
}

export interface AuditArchiveProps extends PartProps {
  readonly trail: TrailToCreate;
  /** @default "retain" */
  readonly retention?: Retention;
  /** @default - the managed connector */
  readonly connectorFunctionArn?: string;
}

export const DEFAULT_LOCK_DAYS = 365;
export const DEFAULT_KEEP_DAYS = 2557;

/** After this time log files move to where reading them takes milliseconds and costs more, and keeping them costs a fifth. */
const COLD_AFTER_DAYS = 90;
const ABORT_UPLOAD_DAYS = 7;
const DELETION_WINDOW_DAYS = { retain: 30, destroy: 7 } as const;

/**
 * The record of every call: a trail with validated log files, in a bucket whose objects cannot be deleted before their time and which
 * takes nothing from anybody but the trail.
 */
export class AuditArchive extends Construct {
  readonly trail: Cloudtrail;
  readonly bucket: S3Bucket;
  /** What locks, encrypts and closes the bucket: nothing is put before that. */
  readonly guards: readonly TerraformResource[];
  readonly key: KmsKey;

  constructor(scope: Construct, id: string, props: AuditArchiveProps) {
    super(scope, id);
    const { names, tags, trail } = props;
    const ours = auditNames(names);
    const retention = props.retention ?? "retain";
    const provider = trail.archive?.provider;
    const archive: Archive = { accountId: trail.archive?.accountId ?? names.accountId, retention };
    const lifecycle = retention === "retain" ? { preventDestroy: true } : undefined;

    this.key = readable(
      new KmsKey(this, "key", {
        description: "Write-back: log files of the audit trail",
        enableKeyRotation: true,
        deletionWindowInDays: DELETION_WINDOW_DAYS[retention],
        tags,
        lifecycle,
        provider,
      }),
    );
    const keyPolicy = readable(
      new KmsKeyPolicy(this, "key-policy", {
        keyId: this.key.keyId,
        policy: terraformJson(compileTrailKeyPolicy(names, archive)),
        provider,
      }),
    );
    readable(
      new KmsAlias(this, "key-alias", { name: `alias/${names.prefix}-audit`, targetKeyId: this.key.keyId, provider }),
    );

    this.bucket = readable(
      new S3Bucket(this, "bucket", {
        bucket: ours.bucket.name,
        objectLockEnabled: true,
        forceDestroy: retention === "destroy",
        tags,
        lifecycle,
        provider,
      }),
    );
    const bucket = this.bucket.id;
    const versioning = readable(
      new S3BucketVersioningA(this, "versioning", {
        bucket,
        versioningConfiguration: { status: "Enabled" },
        provider,
      }),
    );
    const lock = readable(
      new S3BucketObjectLockConfigurationA(this, "lock", {
        bucket,
        rule: {
          defaultRetention: {
            mode: (trail.lock ?? "governance").toUpperCase(),
            days: trail.lockDays ?? DEFAULT_LOCK_DAYS,
          },
        },
        // A lock is taken away before versioning is, or a destroy fails.
        dependsOn: [versioning],
        provider,
      }),
    );
    const closed = readable(
      new S3BucketPublicAccessBlock(this, "public-access-block", {
        bucket,
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
        provider,
      }),
    );
    const owner = readable(
      new S3BucketOwnershipControls(this, "ownership", {
        bucket,
        rule: { objectOwnership: "BucketOwnerEnforced" },
        provider,
      }),
    );
    const encryption = readable(
      new S3BucketServerSideEncryptionConfigurationA(this, "encryption", {
        bucket,
        rule: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: this.key.arn } }],
        provider,
      }),
    );
    readable(
      new S3BucketLifecycleConfiguration(this, "life", {
        bucket,
        rule: [
          {
            id: "keep-and-expire",
            status: "Enabled",
            filter: [{ prefix: "" }],
            transition: [{ days: COLD_AFTER_DAYS, storageClass: "GLACIER_IR" }],
            expiration: [{ days: trail.keepDays ?? DEFAULT_KEEP_DAYS }],
            noncurrentVersionExpiration: [{ noncurrentDays: trail.lockDays ?? DEFAULT_LOCK_DAYS }],
            abortIncompleteMultipartUpload: [{ daysAfterInitiation: ABORT_UPLOAD_DAYS }],
          },
        ],
        dependsOn: [versioning],
        provider,
      }),
    );
    const policy = readable(
      new S3BucketPolicy(this, "bucket-policy", {
        bucket,
        policy: terraformJson(compileTrailBucketPolicy(names, archive)),
        dependsOn: [closed],
        provider,
      }),
    );

    this.guards = [policy, keyPolicy, lock, owner, encryption];
    this.trail = readable(
      new Cloudtrail(this, "trail", {
        name: ours.trail.name,
        s3BucketName: bucket,
        kmsKeyId: this.key.arn,
        enableLogging: true,
        enableLogFileValidation: true,
        isMultiRegionTrail: (trail.regions ?? "all") === "all",
        includeGlobalServiceEvents: true,
        advancedEventSelector: compileEventSelectors(names, props.connectorFunctionArn).map(({ name, conditions }) => ({
          name,
          fieldSelector: conditions.map(({ field, equals, startsWith }) => ({
            field,
            equalTo: equals === undefined ? undefined : [...equals],
            startsWith: startsWith === undefined ? undefined : [...startsWith],
          })),
        })),
        tags,
        // No log file comes before it would be locked, encrypted and kept.
        dependsOn: [...this.guards],
      }),
    );
  }
}
