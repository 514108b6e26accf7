import { LambdaEventSourceMapping } from "@cdktf/provider-aws/lib/lambda-event-source-mapping";
import { SqsQueue } from "@cdktf/provider-aws/lib/sqs-queue";
import { Construct } from "constructs";

import { auditNames } from "../src/compile/audit";
import type { RoleDocuments } from "../src/compile/iam";
import { ENV, EVIDENCE_PREFIX } from "../src/core";
import type { ChangeLedger } from "./change-ledger";
import { HandlerFunction } from "./handler-function";
import { readable } from "./logical-id";
import type { FunctionPartProps } from "./settings";

export interface EvidenceProps extends FunctionPartProps {
  /** Made with `stream`. */
  readonly ledger: ChangeLedger;
  /** Documents of the principal `evidence`. */
  readonly documents: RoleDocuments;
}

/** Follows a chain for some hundred segments, if its head was lost. */
const TIMEOUT_SECONDS = 60;
/** Records of one segment at most, and how long they are gathered: what happens to one change in a moment is one object. */
const BATCH_SIZE = 100;
const GATHER_SECONDS = 10;
/** A stream keeps a record for 24 hours. What was not kept by then is told of an hour before. */
const GIVEN_UP_AFTER_SECONDS = 23 * 3600;
/** The longest that SQS keeps a message. */
const TOLD_SECONDS = 14 * 86_400;

/**
 * Evidence of the ledger: each of its records, as it grows, in the audit's bucket, where nobody changes or removes it, each linked to the one
 * before by its digest. `hris-writeback verify-evidence` checks the chain without asking anybody.
 */
export class Evidence extends Construct {
  readonly function: HandlerFunction;
  readonly mapping: LambdaEventSourceMapping;
  /** Told which batches were given up: of each its place in the stream, no record. */
  readonly deadLetterQueue: SqsQueue;

  constructor(scope: Construct, id: string, props: EvidenceProps) {
    super(scope, id);
    const { names, tags, ledger, documents } = props;
    const { bucket } = auditNames(names);
    this.deadLetterQueue = readable(
      new SqsQueue(this, "dead-letter-queue", {
        name: names.evidenceDeadLetterQueue.name,
        sqsManagedSseEnabled: true,
        messageRetentionSeconds: TOLD_SECONDS,
        tags,
      }),
    );
    this.function = new HandlerFunction(this, "evidence", {
      ...props,
      handler: "evidence",
      description: "evidence: keeps what the ledger's stream tells, as a chain, in the locked bucket",
      documents,
      environment: {
        [ENV.controlTable]: names.controlTable.name,
        [ENV.evidenceUrl]: `https://${bucket.name}.${names.serviceHost("s3")}/${EVIDENCE_PREFIX}`,
      },
      timeoutSeconds: TIMEOUT_SECONDS,
    });
    this.mapping = readable(
      new LambdaEventSourceMapping(this, "mapping", {
        eventSourceArn: ledger.ledgerTable.streamArn,
        functionName: this.function.function.arn,
        startingPosition: "TRIM_HORIZON",
        batchSize: BATCH_SIZE,
        maximumBatchingWindowInSeconds: GATHER_SECONDS,
        // One batch of a shard at a time, in its order.
        parallelizationFactor: 1,
        // What fails is tried again until it is too old; in halves, so that only what cannot be kept waits.
        bisectBatchOnFunctionError: true,
        maximumRetryAttempts: -1,
        maximumRecordAgeInSeconds: GIVEN_UP_AFTER_SECONDS,
        destinationConfig: { onFailure: { destinationArn: this.deadLetterQueue.arn } },
        tags,
        dependsOn: [this.function.role.policy],
      }),
    );
  }
}
