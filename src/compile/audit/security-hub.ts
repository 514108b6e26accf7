import type { PolicyDocument } from "../../iam";
import { documentOf } from "../iam/statements";
import type { Names } from "../names";
import { auditNames } from "./names";
import type { AuditRule } from "./rule";

/** ARN of an account's own product, under which its findings are imported. */
function productArn({ partition, region, accountId }: Names): string {
  return `arn:${partition}:securityhub:${region}:${accountId}:product/${accountId}/default`;
}

/**
 * A finding in AWS's format, as the input of a target: `<name>` stands for what the target's paths take out of the event. One call is one finding,
 * whichever rules heard of it twice.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/asff-required-attributes.html (read 2026-11-29)
 */
export function compileFinding(names: Names, { name, never, reason, runbook }: AuditRule): object {
  return {
    SchemaVersion: "2018-10-08",
    Id: `${auditNames(names).rule(name).arn}/<record>`,
    ProductArn: productArn(names),
    GeneratorId: auditNames(names).rule(name).arn,
    AwsAccountId: names.accountId,
    Types: ["TTPs/Defense Evasion", "Unusual Behaviors/User"],
    CreatedAt: "<time>",
    UpdatedAt: "<time>",
    Severity: { Label: "HIGH" },
    Title: `Write-back: ${never.replaceAll("`", "")}`,
    Description: `${reason}. <service> <call> by <caller>.`,
    Remediation: { Recommendation: { Text: runbook } },
    Resources: [
      { Type: "AwsAccount", Id: `AWS::::Account:${names.accountId}`, Partition: names.partition, Region: names.region },
    ],
    RecordState: "ACTIVE",
    Workflow: { Status: "NEW" },
  };
}

/** The state machine that imports a finding: one call of one service, and no code. What Security Hub does not take, fails the execution. */
export function compileImport(): object {
  return {
    Comment: "Imports one finding into Security Hub",
    StartAt: "Import",
    States: {
      Import: {
        Type: "Task",
        Resource: "arn:aws:states:::aws-sdk:securityhub:batchImportFindings",
        Parameters: { "Findings.$": "States.Array($)" },
        TimeoutSeconds: 60,
        Retry: [{ ErrorEquals: ["States.ALL"], IntervalSeconds: 5, BackoffRate: 2, MaxAttempts: 6 }],
        Next: "Imported",
      },
      Imported: {
        Type: "Choice",
        Choices: [{ Variable: "$.FailedCount", NumericEquals: 0, Next: "Done" }],
        Default: "NotTaken",
      },
      Done: { Type: "Succeed" },
      NotTaken: { Type: "Fail", Error: "FindingNotTaken", Cause: "Security Hub did not take the finding" },
    },
  };
}

/** Who imports: the machine may import findings of this account, and nothing else. */
export function findingsIdentity(names: Names): PolicyDocument {
  return documentOf([
    {
      Sid: "ImportFindingsOfThisAccount",
      Effect: "Allow",
      Action: "securityhub:BatchImportFindings",
      Resource: productArn(names),
      Condition: { StringEquals: { "securityhub:TargetAccount": names.accountId } },
    },
  ]);
}

/** Who starts it: the rules of the audit, for each event one execution. */
export function findingsStarterIdentity(names: Names): PolicyDocument {
  return documentOf([
    {
      Sid: "StartImports",
      Effect: "Allow",
      Action: "states:StartExecution",
      Resource: auditNames(names).findings.arn,
    },
  ]);
}
