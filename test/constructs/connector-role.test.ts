import { ConnectorRole, PrincipalRole } from "../../constructs";
import { fillSessionPolicy } from "../../src/iam";
import { compileNames } from "../../src/compile/names";
import { documentOf, newStack, one, smallStack, unescaped } from "../helpers/synth";

describe("the connector role", () => {
  test("is limited by the boundary and created after the broker that its trust names", () => {
    const role = one(smallStack(), "aws_iam_role", "_connector_identity_role");
    expect(role).toMatchObject({
      name: "test-connector",
      permissions_boundary: "${aws_iam_policy.write-back_connector_identity_boundary.arn}",
      max_session_duration: 3600,
      tags: { "writeback:principal": "connector" },
      depends_on: [
        "aws_iam_role.write-back_session-broker_broker_identity_role",
        "aws_iam_policy.write-back_connector_stop-policy",
      ],
    });
  });

  test("its variables reach IAM as variables", () => {
    const boundary = one(smallStack(), "aws_iam_policy", "_boundary")["policy"] as string;
    expect(boundary).toContain("/grants/$${aws:PrincipalTag/grantId}/fields/$${aws:PrincipalTag/field}");
    expect(JSON.stringify(documentOf(boundary))).toContain(
      "/grants/${aws:PrincipalTag/grantId}/fields/${aws:PrincipalTag/field}",
    );
  });

  test("the session policy's template is an output, and the broker gets the same text", () => {
    const output = smallStack().output["write-back_connector_session-policy-template"]!.value;
    const broker = one(smallStack(), "aws_lambda_function", "_broker_");
    const { variables } = broker["environment"] as { variables: Record<string, string> };
    expect(variables["SESSION_POLICY_TEMPLATE"]).toBe(output);
    const template = unescaped(output).replace(/\$\{aws_api_gateway_rest_api\.[^}]+\}/, "a1b2c3d4e5");
    const grantId = "g-01JD5Z8Q4T9V2W3X4Y5Z6A7B8C";
    const filled = fillSessionPolicy(template, { grantId, field: "work_email", expiresAt: "2026-11-23T09:15:00Z" });
    expect(filled).toContain(`:a1b2c3d4e5/live/PATCH/grants/${grantId}/fields/work_email"`);
  });

  test("fails without a boundary", () => {
    const stack = newStack();
    const names = compileNames({ prefix: "test", accountId: "111122223333", region: "eu-west-1" });
    const nothing = { Version: "2012-10-17" as const, Statement: [] };
    const documents = { identity: nothing, trust: nothing };
    const broker = new PrincipalRole(stack, "broker", { names, principal: "broker", description: "broker", documents });
    expect(
      () => new ConnectorRole(stack, "connector", { names, documents, broker, sessionPolicyTemplate: "{}" }),
    ).toThrow(/test\/connector: the connector role has no boundary/);
  });
});
