import { HrisWriteBack } from "../../constructs";
import {
  documentOf,
  one,
  SECRETS,
  SMALL_POLICY,
  smallProps,
  smallStack,
  synthesize,
  type SynthJson,
} from "../helpers/synth";

const trigger = (json: SynthJson): unknown =>
  (one(json, "aws_api_gateway_deployment")["triggers"] as { redeployment: string }).redeployment;

describe("the field gateway", () => {
  test("has one path and one method, under IAM", () => {
    const parts = Object.values(smallStack().resource["aws_api_gateway_resource"]!).map((body) => body["path_part"]);
    expect(parts).toEqual(["grants", "{grantId}", "fields", "{field}"]);
    expect(one(smallStack(), "aws_api_gateway_method")).toMatchObject({
      http_method: "PATCH",
      authorization: "AWS_IAM",
      resource_id: "${aws_api_gateway_resource.write-back_field-gateway_resource-grants-grantId-fields-field.id}",
    });
    expect(one(smallStack(), "aws_api_gateway_stage")["stage_name"]).toBe("live");
  });

  test("only the one method of the live stage may invoke the function", () => {
    expect(one(smallStack(), "aws_lambda_permission", "_field-gateway_")).toMatchObject({
      principal: "apigateway.amazonaws.com",
      source_arn:
        "arn:aws:execute-api:eu-west-1:111122223333:${aws_api_gateway_rest_api.write-back_field-gateway_api.id}/live/PATCH/grants/*/fields/*",
    });
  });

  test("holds the writer's secret by name, for the HRIS alone", () => {
    const { variables } = one(smallStack(), "aws_lambda_function", "_field-gateway_")["environment"] as {
      variables: Record<string, string>;
    };
    expect(JSON.parse(variables["CONNECTIONS"]!)).toEqual({
      hris: {
        kind: "bamboohr",
        baseUrl: "https://example.bamboohr.com",
        timeZone: "Europe/London",
        secretArn: SECRETS.hrisWriter,
      },
    });
  });

  test("another list of writable fields is a new deployment, the same list is not", () => {
    const with_ = (policyText: string): SynthJson =>
      synthesize((stack) => new HrisWriteBack(stack, "write-back", smallProps({ policy: { text: policyText } })));
    expect(trigger(with_(SMALL_POLICY))).toBe(trigger(smallStack()));
    expect(trigger(with_(SMALL_POLICY.replace("work_email:", "work_mail:")))).not.toBe(trigger(smallStack()));
  });

  test("a deployment waits for everything that it is a snapshot of, and replaces the old one afterwards", () => {
    const deployment = one(smallStack(), "aws_api_gateway_deployment");
    expect(deployment["depends_on"]).toEqual(
      expect.arrayContaining([
        "aws_api_gateway_method.write-back_field-gateway_method",
        "aws_api_gateway_integration.write-back_field-gateway_integration",
        "aws_api_gateway_rest_api_policy.write-back_field-gateway_resource-policy",
      ]),
    );
    expect(deployment["lifecycle"]).toEqual({ create_before_destroy: true });
  });

  test("logs who called what, never a body", () => {
    const json = synthesize((stack) => new HrisWriteBack(stack, "wb", smallProps({ gatewayAccessLog: "cloudwatch" })));
    const stage = one(json, "aws_api_gateway_stage");
    const format = documentOf((stage["access_log_settings"] as { format: string }).format);
    expect(Object.keys(format)).toEqual(expect.arrayContaining(["extendedRequestId", "userArn", "path", "status"]));
    expect(JSON.stringify(format)).not.toMatch(/body|authorization|header|token/i);
    expect(one(smallStack(), "aws_api_gateway_method_settings")["settings"]).toMatchObject({
      logging_level: "OFF",
      data_trace_enabled: false,
    });
    expect(stage["xray_tracing_enabled"]).toBe(false);
  });

  test("has no access log unless asked: a first apply would fail in an account without a role for it", () => {
    expect(one(smallStack(), "aws_api_gateway_stage")["access_log_settings"]).toBeUndefined();
    const apiGatewayLogRoleArn = "arn:aws:iam::111122223333:role/api-gateway-logs";
    const json = synthesize((stack) => new HrisWriteBack(stack, "wb", smallProps({ apiGatewayLogRoleArn })));
    expect(one(json, "aws_api_gateway_stage")["access_log_settings"]).toBeDefined();
  });

  test("leaves the account's own API Gateway setting alone unless a role is given", () => {
    expect(smallStack().resource["aws_api_gateway_account"]).toBeUndefined();
    const apiGatewayLogRoleArn = "arn:aws:iam::111122223333:role/api-gateway-logs";
    const json = synthesize((stack) => new HrisWriteBack(stack, "wb", smallProps({ apiGatewayLogRoleArn })));
    expect(one(json, "aws_api_gateway_account")["cloudwatch_role_arn"]).toBe(apiGatewayLogRoleArn);
  });
});
