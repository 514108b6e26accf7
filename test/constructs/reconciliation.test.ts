import { checkReconciliation } from "../../constructs/reconciliation";
import { parseDefinition } from "../../src/local/asl-subset";
import { parseConfig } from "../../src/runtime/handlers/reconcile";
import { documentOf, one, smallStack, writeBackWith } from "../helpers/synth";

describe("the reconciliation", () => {
  const environment = (json: ReturnType<typeof smallStack>): Record<string, string> =>
    (one(json, "aws_lambda_function", "_reconciliation_")["environment"] as { variables: Record<string, string> })
      .variables;

  test("is there unless it is said to be off, and then nothing of it is", () => {
    const machine = one(smallStack(), "aws_sfn_state_machine", "_reconciliation_");
    expect(machine).toMatchObject({
      name: "test-reconciliation",
      role_arn: "${aws_iam_role.write-back_reconciliation_workflow_role.arn}",
    });
    expect(parseDefinition(documentOf(machine["definition"])).StartAt).toBe("Begin");
    const off = writeBackWith({ reconciliation: "off" });
    expect(JSON.stringify(off.resource).match(/_reconciliation_|test-reconcil/g)).toEqual(
      // What must never happen names every principal that there can be.
      null,
    );
    expect(Object.keys(off.output)).not.toContain("write-back_reconciliation-arn");
  });

  test("has the readers' connections and settings that its function takes", () => {
    const settings = { readsPerSecond: 4, concurrency: 2, parts: 8, reviewEveryDays: 90 };
    expect(parseConfig(environment(smallStack())).reconciliation).toEqual(settings);
    expect(environment(smallStack())["CONNECTIONS"]).not.toContain("writer");
    const own = writeBackWith({ reconciliation: { readsPerSecond: 0.5, parts: 1, concurrency: 10 } });
    expect(parseConfig(environment(own)).reconciliation).toEqual({
      ...settings,
      readsPerSecond: 0.5,
      parts: 1,
      concurrency: 1,
    });
    const map = parseDefinition(documentOf(one(own, "aws_sfn_state_machine", "_reconciliation_")["definition"])).States[
      "Parts"
    ];
    expect(map).toMatchObject({ MaxConcurrency: 1 });
  });

  test("is started by the scheduler, for the fields that are due", () => {
    expect(one(smallStack(), "aws_scheduler_schedule", "_reconciliation_")).toMatchObject({
      schedule_expression: "rate(1 day)",
      target: {
        arn: "${aws_sfn_state_machine.write-back_reconciliation_state-machine.arn}",
        role_arn: "${aws_iam_role.write-back_workflow_scheduler_identity_role.arn}",
        input: '{"fields":"due"}',
      },
    });
  });

  test.each([
    ["parts", 0],
    ["parts", 65],
    ["concurrency", 1.5],
    ["readsPerSecond", 0],
    ["readsPerSecond", "fast"],
    ["reviewEveryDays", 7],
  ])("fails for %s of %s", (name, value) => {
    expect(checkReconciliation({ [name]: value })).toMatchObject([
      { code: "SettingInvalid", severity: "error", path: `reconciliation.${name}` },
    ]);
  });

  test("fails with what is wrong with its settings", () => {
    expect(() => writeBackWith({ reconciliation: { parts: 0 } })).toThrow(/SettingInvalid reconciliation\.parts/);
  });

  test("an audit of the stack has the one alarm for a reconciliation that does not come, and one for what it finds", () => {
    const alarms = (json: ReturnType<typeof smallStack>): string[] =>
      Object.values(json.resource["aws_cloudwatch_metric_alarm"] ?? {})
        .map(({ alarm_name: name }) => String(name))
        .filter((name) => /reconciliation|drift/.test(name))
        .sort();
    expect(alarms(writeBackWith({ audit: { deployerArns: [] } }))).toEqual([
      "test-drift-found",
      "test-reconciliation-missing",
    ]);
    expect(alarms(writeBackWith({ audit: { deployerArns: [] }, reconciliation: "off" }))).toEqual([]);
  });
});
