import { documentOf, one, smallStack, writeBackWith } from "../helpers/synth";
import { parseDefinition } from "../../src/local/asl-subset";

describe("the kill switch", () => {
  const environment = (json: ReturnType<typeof smallStack>): Record<string, string> =>
    (one(json, "aws_lambda_function", "_kill-switch_")["environment"] as { variables: Record<string, string> })
      .variables;

  test("is a state machine with a role of its own, and a function that knows what to stop", () => {
    const machine = one(smallStack(), "aws_sfn_state_machine", "_kill-switch_");
    expect(machine).toMatchObject({
      name: "test-kill-switch",
      type: "STANDARD",
      role_arn: "${aws_iam_role.write-back_kill-switch_workflow_role.arn}",
    });
    expect(parseDefinition(documentOf(machine["definition"])).StartAt).toBe("Begin");
    expect(environment(smallStack())).toMatchObject({
      STOPPED_FUNCTIONS: "test-broker,test-gateway",
      CONNECTOR_ROLE_ARN: "arn:aws:iam::111122223333:role/test-connector",
      STOP_POLICY_ARN: "arn:aws:iam::111122223333:policy/test-connector-stop",
      INTAKE_MAPPING_ID: "${aws_lambda_event_source_mapping.write-back_bus_intake-source.uuid}",
    });
  });

  test("an undo gives back the concurrency that was reserved", () => {
    expect(environment(smallStack())["RESERVED_CONCURRENCY"]).toBeUndefined();
    expect(environment(writeBackWith({ reservedConcurrency: 7 }))["RESERVED_CONCURRENCY"]).toBe("7");
  });

  test("what it stops, Terraform sets once and leaves alone; what it does not, Terraform keeps", () => {
    const ignored = (type: string, part: string): unknown => {
      const lifecycle = one(smallStack(), type, part)["lifecycle"] as { ignore_changes?: unknown } | undefined;
      return lifecycle?.ignore_changes;
    };
    expect(ignored("aws_lambda_function", "_broker_")).toEqual(["reserved_concurrent_executions"]);
    expect(ignored("aws_lambda_function", "_field-gateway_")).toEqual(["reserved_concurrent_executions"]);
    expect(ignored("aws_lambda_function", "_intake_")).toBeUndefined();
    expect(ignored("aws_lambda_event_source_mapping", "")).toEqual(["enabled"]);
    expect(one(smallStack(), "aws_lambda_event_source_mapping")["enabled"]).toBeUndefined();
  });

  test("its policy of denials is attached to nobody, and goes after the role that it may be attached to", () => {
    const [[name]] = Object.entries(smallStack().resource["aws_iam_policy"]!).filter(([each]) =>
      each.endsWith("_stop-policy"),
    ) as [[string, unknown]];
    expect(smallStack().resource["aws_iam_role_policy_attachment"]).toBeUndefined();
    const role = one(smallStack(), "aws_iam_role", "write-back_connector_identity_role");
    expect(role["depends_on"]).toContain(`aws_iam_policy.${name}`);
    expect(role["force_detach_policies"]).toBe(true);
  });

  test("the approvals API knows it where two operators may resume, and nowhere else", () => {
    const approvals = (json: ReturnType<typeof smallStack>): unknown =>
      one(json, "aws_lambda_function", "_approvals_approvals_")["environment"];
    expect(approvals(smallStack())).not.toHaveProperty("variables.KILL_SWITCH_ARN");
    const json = writeBackWith({
      approvals: {
        issuer: "https://login.example.com",
        audience: ["approvals"],
        groupClaim: "groups",
        operatorsGroup: "operators",
      },
    });
    expect(approvals(json)).toHaveProperty(
      "variables.KILL_SWITCH_ARN",
      "arn:aws:states:eu-west-1:111122223333:stateMachine:test-kill-switch",
    );
  });
});
