import validate from "asl-validator";

import { compileNames } from "../../src/compile";
import { auditRules, compileFinding, compileImport } from "../../src/compile/audit";
import { auditedStack, one, unescaped, writeBackWith, type Body } from "../helpers/synth";
import { proofOf } from "../review/stacks";

const names = compileNames({ prefix: "test", accountId: "111122223333", region: "eu-west-1" });
const rules = auditRules({
  names,
  refs: {
    apiId: "a",
    keyArns: ["k"],
    writerSecretArn: "w",
    writerSecretIds: ["w"],
    trailIds: ["t"],
    vpcEndpointId: "vpce-1",
  },
  deployerArns: [],
  rotationRoleArns: [],
  ownBucket: true,
});

/** Every attribute that Security Hub demands. @see https://docs.aws.amazon.com/securityhub/latest/userguide/asff-required-attributes.html (read 2026-11-29) */
const REQUIRED = [
  "AwsAccountId",
  "CreatedAt",
  "Description",
  "GeneratorId",
  "Id",
  "ProductArn",
  "Resources",
  "SchemaVersion",
  "Severity",
  "Title",
  "Types",
  "UpdatedAt",
];

/** What EventBridge makes of a target's template for one event. */
function filledIn(template: string): Readonly<Record<string, unknown>> {
  const values: Readonly<Record<string, string>> = {
    time: "2026-11-24T09:00:00Z",
    record: "5f0c6e5e-0000-4000-8000-000000000000",
    service: "secretsmanager.amazonaws.com",
    call: "GetSecretValue",
    caller: `arn:aws:sts::111122223333:assumed-role/${"r".repeat(64)}/${"s".repeat(64)}`,
  };
  const text = template.replace(/<(\w+)>/g, (_, name: string) => values[name] ?? `missing ${name}`);
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}

describe("findings in Security Hub", () => {
  const json = auditedStack();
  const targets = Object.values(json.resource["aws_cloudwatch_event_target"] ?? {});
  const imports = targets.filter(({ target_id }) => target_id === "finding");
  const templateOf = (target: Body): string => {
    const transformer = target["input_transformer"] as Readonly<Record<string, unknown>>;
    return unescaped(transformer["input_template"]);
  };

  test("are imported of each rule that tells the topic, with a queue for what cannot be", () => {
    const told = targets.filter(({ target_id }) => target_id === "topic");
    expect(imports.map(({ rule }) => rule).sort()).toEqual(told.map(({ rule }) => rule).sort());
    expect(imports.length).toBeGreaterThan(15);
    for (const target of imports) {
      expect(target).toMatchObject({
        arn: "${aws_sfn_state_machine.write-back_audit_findings_state-machine.arn}",
        role_arn: "${aws_iam_role.write-back_audit_findings_starter_role.arn}",
        dead_letter_config: { arn: "${aws_sqs_queue.write-back_audit_alerts_dead-letter-queue.arn}" },
      });
    }
  });

  test("have every attribute that Security Hub demands, within its limits", () => {
    for (const target of imports) {
      const finding = filledIn(templateOf(target));
      expect(REQUIRED.filter((name) => finding[name] === undefined)).toEqual([]);
      expect(finding).toMatchObject({
        SchemaVersion: "2018-10-08",
        AwsAccountId: "111122223333",
        ProductArn: "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default",
        CreatedAt: "2026-11-24T09:00:00Z",
        Severity: { Label: "HIGH" },
        Resources: [{ Type: "AwsAccount", Id: "AWS::::Account:111122223333" }],
      });
      const length = (name: string): number => String(finding[name]).length;
      expect([length("Title") <= 256, length("Description") <= 1024, length("Id") <= 512]).toEqual([true, true, true]);
      const { Recommendation } = finding["Remediation"] as { readonly Recommendation: { readonly Text: string } };
      expect(Recommendation.Text.length).toBeLessThanOrEqual(512);
      expect(JSON.stringify(finding)).not.toContain("missing ");
    }
  });

  test("are one for one call and rule, and another for another", () => {
    const ids = rules.map((rule) => (compileFinding(names, rule) as { readonly Id: string }).Id);
    expect(new Set(ids).size).toBe(rules.length);
    for (const id of ids) expect(id).toMatch(/\/<record>$/);
  });

  test("that Security Hub does not take, fail the execution, of which an alarm tells", () => {
    const { States } = compileImport() as { readonly States: Readonly<Record<string, object>> };
    expect(States["Imported"]).toMatchObject({
      Choices: [{ Variable: "$.FailedCount", NumericEquals: 0, Next: "Done" }],
      Default: "NotTaken",
    });
    expect(validate(compileImport())).toMatchObject({ isValid: true });
    expect(States["NotTaken"]).toMatchObject({ Type: "Fail" });
    const alarm = JSON.stringify(one(json, "aws_cloudwatch_metric_alarm", "findings-not-imported"));
    expect(alarm).toContain("stateMachine:test-findings");
    expect(alarm).toContain("ExecutionsFailed");
  });

  test("leave the proof as it is", () => {
    expect(proofOf(json).invariants.map(({ verdict }) => verdict)).toEqual(Array(7).fill("proved"));
  });

  test("are not there unless asked for", () => {
    const without = writeBackWith({ audit: { deployerArns: [] } });
    for (const type of ["aws_iam_role", "aws_sfn_state_machine", "aws_cloudwatch_event_target"]) {
      const made = Object.keys(without.resource[type] ?? {});
      expect(made.filter((name) => /audit_findings|-finding$/.test(name))).toEqual([]);
    }
  });
});
