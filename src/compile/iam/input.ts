import type { PolicyDocument } from "../../iam";
import type { Names } from "../names";
import type { ConnectorPolicy } from "./connector";

/** Ids and ARNs that do not follow from names. Opaque: at synth they are references, so nothing here looks into them. */
export interface IamRefs {
  /** Id of the field gateway's REST API. */
  readonly apiId: string;
  /** Key of tables, bus, queues and task tokens. */
  readonly dataKeyArn: string;
  /** HMAC key of digests. */
  readonly digestKeyArn: string;
  /** Secret of the HRIS's reader identity, which Inspect, the sweeper and the reconciliation hold. */
  readonly hrisReaderSecretArn: string;
  /** Secrets of the sources of truth and of attributes, which Inspect and the reconciliation hold. */
  readonly sourceSecretArns: readonly string[];
  /** Secret of the writer identity, apart from every reader's. */
  readonly writerSecretArn: string;
  /**
   * The customer's own key of the HRIS reader's secret.
   * @default - Secrets Manager's own key
   */
  readonly hrisReaderSecretKeyArn?: string;
  /**
   * The customer's own keys of the sources' secrets.
   * @default []
   */
  readonly sourceSecretKeyArns?: readonly string[];
  /**
   * The customer's own key of the writer secret.
   * @default - Secrets Manager's own key
   */
  readonly writerSecretKeyArn?: string;
  /**
   * The customer's own connector.
   * @default - the managed connector, by its name
   */
  readonly connectorFunctionArn?: string;
  /**
   * The VPC endpoint through which alone the field gateway is called; the connector then runs in a VPC.
   * @default - the gateway is called from anywhere
   */
  readonly vpcEndpointId?: string;
  /**
   * Groups that are asked for approvals: each has a topic, to which the notifier publishes.
   * @default []
   */
  readonly approverGroups?: readonly string[];
  /**
   * Whether two operators may let a stopped system run again through the approvals API: only then its role can.
   * @default false
   */
  readonly operatorsResume?: boolean;
  /**
   * The kill switch's state machine, which the approvals API starts to undo a stop that two operators ended.
   * @default - the stack has none
   */
  readonly killSwitchArn?: string;
  /**
   * The event source mapping by which intake reads its queue.
   * @default - the kill switch cannot close it
   */
  readonly intakeMappingArn?: string;
  /**
   * Whether the stack reconciles: the scheduler then starts its state machine.
   * @default false
   */
  readonly reconciles?: boolean;
  /**
   * Key of the bucket that evidence is kept in.
   * @default - none is kept
   */
  readonly archiveKeyArn?: string;
}

/** Everything that says what a role is: each document becomes one literal JSON text in Terraform. */
export interface RoleDocuments {
  readonly identity: PolicyDocument;
  readonly trust: PolicyDocument;
  /** The connector role's alone. */
  readonly boundary?: PolicyDocument;
}

/** Encryption context of task tokens: what else `kms:Decrypt` may be asked for, it does not give back. */
export const TASK_TOKEN_PURPOSE = "task-token";

/** What every document here is made of. */
export interface IamInput {
  readonly names: Names;
  readonly policy: ConnectorPolicy;
  readonly refs: IamRefs;
}
