import type { AuditProps, SynthError } from "../../constructs";
import type { Finding } from "../../src/core";
import { one, writeBackWith, type SynthJson } from "../helpers/synth";

const withAudit = (audit: Partial<AuditProps> = {}): SynthJson =>
  writeBackWith({ audit: { deployerArns: [], ...audit } });
const names = (json: SynthJson, type: string): readonly string[] => Object.keys(json.resource[type] ?? {});

describe("evidence", () => {
  const json = withAudit();
  const mapping = one(json, "aws_lambda_event_source_mapping", "evidence_mapping");

  test("is made of the ledger's stream, both images of an item, and of no other table's", () => {
    expect(one(json, "aws_dynamodb_table", "_ledger_table")).toMatchObject({
      stream_enabled: true,
      stream_view_type: "NEW_AND_OLD_IMAGES",
    });
    expect(one(json, "aws_dynamodb_table", "control-table")["stream_enabled"]).toBeUndefined();
    expect(mapping["event_source_arn"]).toBe("${aws_dynamodb_table.write-back_ledger_table.stream_arn}");
  });

  test("is kept in order, from the first record on, tried until it is nearly too old, and then told of", () => {
    expect(mapping).toMatchObject({
      starting_position: "TRIM_HORIZON",
      parallelization_factor: 1,
      bisect_batch_on_function_error: true,
      maximum_retry_attempts: -1,
      destination_config: {
        on_failure: { destination_arn: "${aws_sqs_queue.write-back_audit_evidence_dead-letter-queue.arn}" },
      },
    });
    // A stream holds a record for a day.
    expect(mapping["maximum_record_age_in_seconds"]).toBeLessThan(86_400);
    expect(one(json, "aws_cloudwatch_metric_alarm", "evidence-late")).toMatchObject({
      namespace: "AWS/Lambda",
      metric_name: "IteratorAge",
      threshold: 900_000,
      dimensions: { FunctionName: expect.stringMatching(/-evidence$/) as string },
    });
  });

  test("begins when the bucket is closed, locked and encrypted", () => {
    expect(mapping["depends_on"]).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^aws_s3_bucket_policy\./),
        expect.stringMatching(/^aws_s3_bucket_object_lock_configuration\./),
        expect.stringMatching(/^aws_s3_bucket_server_side_encryption_configuration\./),
        expect.stringMatching(/^aws_kms_key_policy\..*_archive_/),
        expect.stringMatching(/^aws_iam_role_policy\..*evidence/),
      ]),
    );
  });

  test("goes where the stack's output says, which is what the function is told", () => {
    const { variables } = one(json, "aws_lambda_function", "evidence")["environment"] as {
      readonly variables: Readonly<Record<string, string>>;
    };
    const place = /^https:\/\/([^.]+)\.s3\.eu-west-1\.amazonaws\.com\/(.+)$/.exec(variables["EVIDENCE_URL"] ?? "");
    expect(place?.slice(1)).toEqual([one(json, "aws_s3_bucket")["bucket"], "evidence/v1"]);
    const outputs = JSON.stringify((json as unknown as { readonly output: object }).output);
    expect(outputs).toContain(`s3://${place?.[1] ?? ""}/evidence/v1`);
  });

  test.each([
    ["asked not to be kept", { evidence: false }],
    [
      "the trail exists already, and its bucket is another's",
      { trail: { kind: "existing", trailArn: "arn:aws:cloudtrail:eu-west-1:111122223333:trail/org" } },
    ],
  ] as const)("is not kept where it is %s: no stream, no function", (_what, audit) => {
    const without = withAudit(audit);
    expect(one(without, "aws_dynamodb_table", "_ledger_table")["stream_enabled"]).toBeUndefined();
    for (const type of ["aws_lambda_function", "aws_iam_role", "aws_lambda_event_source_mapping"]) {
      expect(names(without, type).filter((name) => name.includes("evidence"))).toEqual([]);
    }
  });

  test("fails where it is asked for and there is no bucket of the stack's own", () => {
    let findings: readonly Finding[] = [];
    try {
      const trailArn = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/org";
      withAudit({ evidence: true, trail: { kind: "existing", trailArn } });
    } catch (error) {
      findings = (error as SynthError).findings;
    }
    expect(findings).toMatchObject([{ code: "AuditInvalid", path: "audit.evidence" }]);
  });
});
