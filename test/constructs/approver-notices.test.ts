import { ApproverNotices, type ApproverNoticesProps } from "../../constructs";
import { documentOf, newStack, one, SMALL_POLICY, smallStack, writeBackWith } from "../helpers/synth";

describe("messages to groups", () => {
  const topics = (json = smallStack()): unknown[] =>
    Object.values(json.resource["aws_sns_topic"] ?? {}).map(({ name }) => name);

  test("each group of an owner has one topic, encrypted with the data key, and no other does", () => {
    expect(topics().sort()).toEqual(["test-approvers-hr-approvers", "test-approvers-iam-approvers"]);
    for (const topic of Object.values(smallStack().resource["aws_sns_topic"]!)) {
      expect(topic["kms_master_key_id"]).toBe("${aws_kms_key.write-back_keys_data-key.arn}");
    }
  });

  test("groups whose names differ in a dot alone have different topics", () => {
    const text = SMALL_POLICY.replaceAll("iam-approvers", "hr.ops").replaceAll("hr-approvers", "hrdotops");
    expect(topics(writeBackWith({ policy: { text } })).sort()).toEqual([
      "test-approvers-hrDotops",
      "test-approvers-hrdotops",
    ]);
  });

  test("the topic's own policy denies everybody but the notifier, and names nobody to allow", () => {
    const { Statement } = documentOf(one(smallStack(), "aws_sns_topic_policy", "hr-approvers")["policy"]) as {
      Statement: { Effect: string; Condition: object }[];
    };
    expect(new Set(Statement.map(({ Effect }) => Effect))).toEqual(new Set(["Deny"]));
    expect(JSON.stringify(Statement)).toContain('"aws:PrincipalArn":"arn:aws:iam::111122223333:role/test-notifier"');
  });

  test("the notifier wakes every minute, knows the control table and the page, and no other table", () => {
    expect(one(smallStack(), "aws_scheduler_schedule", "notices")).toMatchObject({
      schedule_expression: "rate(1 minute)",
      target: { arn: "${aws_lambda_function.write-back_workflow_notices_notifier_function.arn}" },
    });
    expect(one(smallStack(), "aws_lambda_function", "_notifier_")["environment"]).toEqual({
      variables: {
        APPROVALS_URL: "${aws_apigatewayv2_api.write-back_workflow_approvals_api.api_endpoint}",
        BUS_NAME: "test-lifecycle",
        CONTROL_TABLE: "test-control",
        TOPIC_PREFIX: "arn:aws:sns:eu-west-1:111122223333:test-approvers-",
      },
    });
  });

  test("fails for an interval that is no whole number of minutes", () => {
    for (const everyMinutes of [0, 1.5, 61]) {
      const props = { everyMinutes } as ApproverNoticesProps;
      expect(() => new ApproverNotices(newStack(), "notices", props)).toThrow(
        /notices: the notifier runs every `.+` minutes/,
      );
    }
  });
});
