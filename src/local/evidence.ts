import { EVIDENCE_PREFIX, marshallItem } from "../core";
import type { SegmentSource } from "../runtime/evidence/verify";
import type { Archive } from "../runtime/evidence/keep";
import type { Item } from "../runtime/ports";
import { documentOf, text, type LocalIam, type LocalRole } from "./iam";
import type { ResourceBody, Stack } from "./stack";

/** A change of an item, as the tables saw it. */
export interface ItemChange {
  readonly before: Item | undefined;
  readonly after: Item | undefined;
}

/** The segments of evidence, by their whole names in the bucket. */
export type LocalBucket = Map<string, string>;

/** What reads the ledger's stream in a stack, if anything does. */
export function streamReader(stack: Stack): { readonly functionName: string; readonly streamArn: string } | undefined {
  const ledger = stack
    .resources("aws_dynamodb_table")
    .find(({ body }) => text(body["name"]).endsWith("-ledger") && body["stream_enabled"] === true);
  if (ledger === undefined) return undefined;
  const mapping = stack
    .resources("aws_lambda_event_source_mapping")
    .find(({ body }) => isStreamOf(text(body["event_source_arn"]), text(ledger.body["name"])));
  if (mapping === undefined) return undefined;
  return { functionName: text(mapping.body["function_name"]), streamArn: text(mapping.body["event_source_arn"]) };
}

/** Changes in the shape in which Lambda hands a stream's batch over. */
export function streamEvent(
  changes: readonly ItemChange[],
  first: number,
  nowMs: number,
): { readonly Records: readonly object[] } {
  return {
    Records: changes.map(({ before, after }, index) => {
      const { pk, sk } = (after ?? before) as { readonly pk: string; readonly sk: string };
      return {
        eventID: String(first + index).padStart(32, "0"),
        eventName: before === undefined ? "INSERT" : after === undefined ? "REMOVE" : "MODIFY",
        eventSource: "aws:dynamodb",
        dynamodb: {
          ApproximateCreationDateTime: Math.floor(nowMs / 1000),
          Keys: marshallItem({ pk, sk }),
          ...(after === undefined ? {} : { NewImage: marshallItem(after) }),
          ...(before === undefined ? {} : { OldImage: marshallItem(before) }),
          SequenceNumber: String(first + index),
          StreamViewType: "NEW_AND_OLD_IMAGES",
        },
      };
    }),
  };
}

/** What Lambda asks IAM, as the function's role, to read a stream. */
export function authorizeStream(iam: LocalIam, role: LocalRole, streamArn: string): void {
  for (const action of ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"]) {
    iam.authorize(role, `dynamodb:${action}`, streamArn);
  }
}

/** The bucket of a stack as one role reaches it: its own policy, the bucket's and the key's decide. */
export function archiveOf(stack: Stack, iam: LocalIam, role: LocalRole, bucket: LocalBucket): Archive {
  const of = (name: string): string => `${EVIDENCE_PREFIX}/${name}`;
  return {
    putIfAbsent: (name, body) => {
      authorizeObject(stack, iam, role, { action: "s3:PutObject", key: of(name), ifNoneMatch: "*" });
      if (bucket.has(of(name))) return Promise.resolve("exists");
      bucket.set(of(name), body);
      return Promise.resolve("kept");
    },
    get: (name) => {
      authorizeObject(stack, iam, role, { action: "s3:GetObject", key: of(name) });
      const body = bucket.get(of(name));
      return body === undefined ? Promise.reject(new Error(`there is no object ${name}`)) : Promise.resolve(body);
    },
  };
}

/** What S3 asks IAM about an object of the audit's bucket, and KMS about its key. Throws `AccessDenied`. */
export function authorizeObject(
  stack: Stack,
  iam: LocalIam,
  role: LocalRole,
  request: { readonly action: "s3:GetObject" | "s3:PutObject"; readonly key: string; readonly ifNoneMatch?: string },
): void {
  const bucketPolicy = stack.resources("aws_s3_bucket_policy").find(({ body }) => isAudit(text(body["bucket"])));
  if (bucketPolicy === undefined) throw new Error("the stack has no bucket of the audit");
  const objectArn = `arn:aws:s3:::${text(bucketPolicy.body["bucket"])}/${request.key}`;
  iam.authorize(role, request.action, objectArn, {
    context: {
      "s3:TlsVersion": "1.3",
      ...(request.ifNoneMatch === undefined ? {} : { "s3:if-none-match": request.ifNoneMatch }),
    },
    resourcePolicy: documentOf(bucketPolicy.body["policy"]),
  });
  const keyArn = keyOf(stack, text(bucketPolicy.body["bucket"]));
  const keyPolicy = stack
    .resources("aws_kms_key_policy")
    .find(({ body }) => keyArn.endsWith(`/${text(body["key_id"])}`));
  if (keyPolicy === undefined) throw new Error(`the stack has no policy of the key ${keyArn}`);
  const service = `s3.${stack.region}.amazonaws.com`;
  iam.authorize(role, request.action === "s3:PutObject" ? "kms:GenerateDataKey" : "kms:Decrypt", keyArn, {
    context: {
      "kms:CallerAccount": stack.accountId,
      "kms:EncryptionContext:aws:s3:arn": objectArn,
      "kms:EncryptionContextKeys": ["aws:s3:arn"],
      "kms:ViaService": service,
    },
    resourcePolicy: documentOf(keyPolicy.body["policy"]),
    resourceKind: "must-allow",
  });
}

/** The segments of a bucket as `verifyChain` reads them. */
export async function* segmentsOf(bucket: LocalBucket): AsyncGenerator<SegmentSource> {
  for (const [key, body] of [...bucket].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const name = key.slice(EVIDENCE_PREFIX.length + 1);
    yield await Promise.resolve({ name, open: () => once(Buffer.from(body, "utf8")) });
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

/** The key that a bucket encrypts with by itself. */
function keyOf(stack: Stack, bucket: string): string {
  const found = stack
    .resources("aws_s3_bucket_server_side_encryption_configuration")
    .find(({ body }) => body["bucket"] === bucket);
  const [rule] = [found?.body["rule"]].flat() as readonly (ResourceBody | undefined)[];
  const [byDefault] = [rule?.["apply_server_side_encryption_by_default"]].flat() as readonly (
    ResourceBody | undefined
  )[];
  return text(byDefault?.["kms_master_key_id"]);
}

function isAudit(bucket: string): boolean {
  return bucket.includes("-audit-");
}

function isStreamOf(streamArn: string, table: string): boolean {
  return streamArn.includes(`:table/${table}/stream/`);
}
