import { KmsAlias } from "@cdktf/provider-aws/lib/kms-alias";
import { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { KmsKeyPolicy } from "@cdktf/provider-aws/lib/kms-key-policy";
import { TerraformResource } from "cdktf";
import { Construct, type IConstruct } from "constructs";

import type { PolicyDocument } from "../src/iam/document";
import { readable } from "./logical-id";
import { waitFor } from "./references";
import type { PartProps, Retention } from "./settings";
import { terraformJson } from "./terraform-json";

/** A key that exists already. Whoever owns it answers for its policy. */
export interface ExistingKeys {
  /** Symmetric key for tables, bus, queues and task tokens. @default - one is made */
  readonly dataKeyArn?: string;
  /** HMAC_256 key for digests. @default - one is made */
  readonly digestKeyArn?: string;
}

export interface EncryptionKeysProps extends PartProps {
  readonly existing?: ExistingKeys;
  readonly documents: { readonly dataKey: PolicyDocument; readonly digestKey: PolicyDocument };
  /** @default "retain" */
  readonly retention?: Retention;
}

/** The longest and the shortest wait that KMS offers before a deletion. */
const DELETION_WINDOW_DAYS = { retain: 30, destroy: 7 } as const;

const ENCRYPTED_TYPES: ReadonlySet<string> = new Set([
  "aws_cloudwatch_event_bus",
  "aws_cloudwatch_log_group",
  "aws_dynamodb_table",
  "aws_sqs_queue",
]);

/**
 * The two customer-managed keys: one encrypts what is at rest, the other proves that an approved change is the change that
 * is written. Losing the first loses the ledger, so `retain` refuses to destroy them.
 */
export class EncryptionKeys extends Construct {
  readonly dataKeyArn: string;
  readonly digestKeyArn: string;
  private readonly policies: KmsKeyPolicy[] = [];

  constructor(scope: Construct, id: string, props: EncryptionKeysProps) {
    super(scope, id);
    this.dataKeyArn =
      props.existing?.dataKeyArn ??
      this.key("data", props, props.documents.dataKey, {
        description: "Write-back: tables, bus, queues and task tokens",
        keyUsage: "ENCRYPT_DECRYPT",
        customerMasterKeySpec: "SYMMETRIC_DEFAULT",
        enableKeyRotation: true,
      });
    this.digestKeyArn =
      props.existing?.digestKeyArn ??
      this.key("digest", props, props.documents.digestKey, {
        description: "Write-back: digests of exact changes",
        keyUsage: "GENERATE_VERIFY_MAC",
        customerMasterKeySpec: "HMAC_256",
      });
  }

  /**
   * Makes what is encrypted wait for the keys' policies: AWS refuses a log group, bus or queue whose service may not use its key
   * yet.
   */
  goBefore(part: IConstruct): void {
    for (const construct of part.node.findAll()) {
      if (!TerraformResource.isTerraformResource(construct)) continue;
      if (!ENCRYPTED_TYPES.has(construct.terraformResourceType)) continue;
      waitFor(construct, this.policies);
    }
  }

  private key(
    id: "data" | "digest",
    props: EncryptionKeysProps,
    policy: PolicyDocument,
    spec: {
      readonly description: string;
      readonly keyUsage: string;
      readonly customerMasterKeySpec: string;
      readonly enableKeyRotation?: boolean;
    },
  ): string {
    const retention = props.retention ?? "retain";
    const key = readable(
      new KmsKey(this, `${id}-key`, {
        ...spec,
        deletionWindowInDays: DELETION_WINDOW_DAYS[retention],
        tags: props.tags,
        lifecycle: retention === "retain" ? { preventDestroy: true } : undefined,
      }),
    );
    this.policies.push(
      readable(new KmsKeyPolicy(this, `${id}-key-policy`, { keyId: key.keyId, policy: terraformJson(policy) })),
    );
    readable(
      new KmsAlias(this, `${id}-key-alias`, { name: `alias/${props.names.prefix}-${id}`, targetKeyId: key.keyId }),
    );
    return key.arn;
  }
}
