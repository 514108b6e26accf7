import { CONTROL, EVIDENCE_PREFIX } from "../../core";
import type { Statement } from "../../iam";
import { auditNames } from "../audit/names";
import type { Names } from "../names";
import { useControl } from "./statements";

/** Segments of evidence in the audit's bucket. */
export function evidenceArn(names: Names): string {
  return `${auditNames(names).bucket.arn}/${EVIDENCE_PREFIX}/*`;
}

/** The context in which S3 encrypts a segment: where the bucket has no key of its own, the object. */
export function evidenceContext(names: Names): Readonly<Record<string, string>> {
  return { "kms:EncryptionContext:aws:s3:arn": evidenceArn(names) };
}

/**
 * The function that keeps evidence. It sees what the ledger's stream tells and not the ledger, puts what is not there yet and removes nothing. `archiveKeyArn` is AWS's
 * to give; absent, nothing can be put.
 */
export function evidence(names: Names, archiveKeyArn: string | undefined): Statement[] {
  const segments = evidenceArn(names);
  return [
    ...(archiveKeyArn === undefined
      ? []
      : [
          {
            Sid: "EncryptSegments",
            Effect: "Allow" as const,
            Action: ["kms:Decrypt", "kms:GenerateDataKey"],
            Resource: archiveKeyArn,
            Condition: {
              StringEquals: { "kms:ViaService": names.serviceHost("s3") },
              StringLike: evidenceContext(names),
            },
          },
        ]),
    // What another batch put where its own was to go: it goes on from there.
    { Sid: "FollowSegments", Effect: "Allow", Action: "s3:GetObject", Resource: segments },
    useControl(names, "KeepTheHead", [CONTROL.evidenceHead], ["GetItem", "UpdateItem"]),
    {
      Sid: "KeepSegments",
      Effect: "Allow",
      Action: "s3:PutObject",
      Resource: segments,
      // A put that fails where something is, and no other.
      Condition: { Null: { "s3:if-none-match": "false" } },
    },
    {
      // The stream's name is the moment at which DynamoDB began it.
      // @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/iam-policy-example-lamda-process-dynamodb-streams.html (read 2026-11-29)
      Sid: "ReadStreamOfTheLedger",
      Effect: "Allow",
      Action: ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"],
      Resource: names.ledgerStreamArn,
    },
    {
      Sid: "TellWhatWasGivenUp",
      Effect: "Allow",
      Action: "sqs:SendMessage",
      Resource: names.evidenceDeadLetterQueue.arn,
    },
  ];
}
