import { ENV, EVIDENCE_PREFIX } from "../core";
import { textOf } from "./body";
import { asksOf, NOBODY, power, type Power } from "./power";
import { functionsTagged, type System } from "./system";

const REMOVE_OBJECT = [
  "BypassGovernanceRetention",
  "DeleteObject",
  "DeleteObjectVersion",
  "PutObjectLegalHold",
  "PutObjectRetention",
] as const;
const CHANGE_BUCKET = [
  "DeleteBucket",
  "DeleteBucketPolicy",
  "PutBucketObjectLockConfiguration",
  "PutBucketPolicy",
  "PutBucketVersioning",
  "PutEncryptionConfiguration",
  "PutLifecycleConfiguration",
] as const;

/** An object that is there, or could be. */
const SOME_SEGMENT = "0000000000000001.jsonl";

/** The bucket of evidence, by what the function that keeps it is told. */
function bucketOf(system: System): { readonly arn: string; readonly folder: string } | undefined {
  const [keeper] = functionsTagged(system, "evidence");
  const url = keeper === undefined ? undefined : textOf(keeper.environment, ENV.evidenceUrl);
  const match = /^https:\/\/([^/]+?)\.s3\.[^/]+\/(.+)$/.exec(url ?? "");
  if (match === null) return undefined;
  const [, bucket = "", folder = EVIDENCE_PREFIX] = match;
  return { arn: `arn:${system.stack.partition}:s3:::${bucket}`, folder };
}

/** Evidence is worth something as long as its keeper adds to it alone, and nobody takes from it. */
export function evidencePowers(system: System): Power[] {
  const bucket = bucketOf(system);
  if (bucket === undefined) return [];
  const segment = [`${bucket.arn}/${bucket.folder}/${SOME_SEGMENT}`];
  const put = (ifNoneMatch: string | undefined) =>
    asksOf("s3", ["PutObject"], segment, { "s3:if-none-match": ifNoneMatch, "s3:tlsversion": "1.3" });
  return [
    power("keep-evidence", "put segments of evidence", put("*"), {
      allowed: ["evidence"],
      invariants: [2],
      guarded: true,
    }),
    power("overwrite-evidence", "put evidence over evidence", put(undefined), {
      allowed: NOBODY,
      invariants: [2],
      guarded: true,
    }),
    power(
      "remove-evidence",
      "remove evidence or log files, their lock or their bucket",
      [
        ...asksOf("s3", REMOVE_OBJECT, [...segment, `${bucket.arn}/AWSLogs/some-log-file`]),
        ...asksOf("s3", CHANGE_BUCKET, [bucket.arn]),
      ],
      { allowed: NOBODY, invariants: [2] },
    ),
    power(
      "forge-log-files",
      "put log files of the trail",
      asksOf("s3", ["PutObject"], [`${bucket.arn}/AWSLogs/some-log-file`]),
      { allowed: NOBODY, invariants: [2] },
    ),
  ];
}
