import { matchesPattern } from "../../src/compile/event-pattern";
import { documentOf, one, smallStack } from "../helpers/synth";

describe("the lifecycle bus", () => {
  test("has one rule for each event that authorises something, on our own bus", () => {
    const rule = one(smallStack(), "aws_cloudwatch_event_rule");
    expect(rule).toMatchObject({
      name: "joiner.provisioned",
      event_bus_name: "${aws_cloudwatch_event_bus.write-back_bus_bus.name}",
    });
    const pattern = documentOf(rule["event_pattern"]);
    expect(matchesPattern(pattern, { source: "joiner", "detail-type": "joiner.provisioned" })).toBe(true);
    expect(matchesPattern(pattern, { source: "stranger", "detail-type": "joiner.provisioned" })).toBe(false);
    expect(matchesPattern(pattern, { source: "joiner", "detail-type": "leaver.left" })).toBe(false);
  });

  test("delivers to the queue, and what cannot be delivered to the dead letters", () => {
    expect(one(smallStack(), "aws_cloudwatch_event_target")).toMatchObject({
      arn: "${aws_sqs_queue.write-back_bus_queue.arn}",
      dead_letter_config: { arn: "${aws_sqs_queue.write-back_bus_dead-letter-queue.arn}" },
      depends_on: [
        "aws_sqs_queue_policy.write-back_bus_queue-policy",
        "aws_sqs_queue_policy.write-back_bus_dead-letter-queue-policy",
      ],
    });
  });

  test("bus, queue and dead letters are encrypted by the data key, after its policy lets them", () => {
    const key = "${aws_kms_key.write-back_keys_data-key.arn}";
    const policy = "aws_kms_key_policy.write-back_keys_data-key-policy";
    const bus = one(smallStack(), "aws_cloudwatch_event_bus");
    expect(bus["kms_key_identifier"]).toBe(key);
    expect(bus["depends_on"]).toContain(policy);
    for (const [name, queue] of Object.entries(smallStack().resource["aws_sqs_queue"]!)) {
      if (name.includes("undeliverable")) continue;
      expect(queue["kms_master_key_id"]).toBe(key);
      expect(queue["depends_on"]).toContain(policy);
    }
  });

  test("what the bus itself cannot handle goes to a queue that the data key's trouble does not reach", () => {
    const queue = one(smallStack(), "aws_sqs_queue", "undeliverable");
    expect(queue["sqs_managed_sse_enabled"]).toBe(true);
    expect(queue["kms_master_key_id"]).toBeUndefined();
    expect(one(smallStack(), "aws_cloudwatch_event_bus")["dead_letter_config"]).toEqual({
      arn: "${aws_sqs_queue.write-back_bus_undeliverable-queue.arn}",
    });
    const policy = documentOf(String(one(smallStack(), "aws_sqs_queue_policy", "undeliverable")["policy"]));
    expect(policy["Statement"]).toMatchObject([
      {
        Sid: "DeliverLifecycleEvents",
        Condition: { ArnEquals: { "aws:SourceArn": [expect.stringMatching(/event-bus/)] } },
      },
      { Sid: "DenyPlainText", Effect: "Deny" },
    ]);
  });

  test("a message is taken five times, each time for six times intake's time-out, before it is a dead letter", () => {
    const queue = one(smallStack(), "aws_sqs_queue", "_bus_queue");
    const intake = one(smallStack(), "aws_lambda_function", "_intake_");
    const deadLetters = one(smallStack(), "aws_sqs_queue", "dead-letter");
    expect(deadLetters["name"]).toMatch(/-intake-dlq$/);
    expect(documentOf(String(deadLetters["redrive_allow_policy"]))).toEqual({
      redrivePermission: "byQueue",
      sourceQueueArns: [expect.stringMatching(/-intake$/)],
    });
    expect(documentOf(queue["redrive_policy"])).toEqual({
      deadLetterTargetArn: "${aws_sqs_queue.write-back_bus_dead-letter-queue.arn}",
      maxReceiveCount: 5,
    });
    expect(queue["visibility_timeout_seconds"]).toBe(6 * (intake["timeout"] as number));
    expect(one(smallStack(), "aws_sqs_queue", "dead-letter")["message_retention_seconds"]).toBe(14 * 86_400);
  });

  test("intake says which messages of a batch failed", () => {
    expect(one(smallStack(), "aws_lambda_event_source_mapping")).toMatchObject({
      event_source_arn: "${aws_sqs_queue.write-back_bus_queue.arn}",
      function_response_types: ["ReportBatchItemFailures"],
    });
  });
});
