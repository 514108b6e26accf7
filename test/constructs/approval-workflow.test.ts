import { Apigatewayv2Route } from "@cdktf/provider-aws/lib/apigatewayv2-route";

import { APPROVAL_ROUTES, HrisWriteBack } from "../../constructs";
import { compileNames } from "../../src/compile/names";
import { compileStateMachine } from "../../src/compile/state-machine";
import { parsePolicy } from "../../src/policy";
import {
  documentOf,
  newStack,
  one,
  operatorsStack,
  SECRETS,
  SMALL_POLICY,
  smallProps,
  smallStack,
  type SynthJson,
} from "../helpers/synth";

describe("the workflow", () => {
  test("runs exactly the definition that the policy compiles to", () => {
    const names = compileNames({ prefix: "test", accountId: "111122223333", region: "eu-west-1" });
    const machine = one(smallStack(), "aws_sfn_state_machine", "_workflow_state-machine");
    expect(documentOf(machine["definition"])).toEqual(compileStateMachine(parsePolicy(SMALL_POLICY), names));
    expect(machine["type"]).toBe("STANDARD");
  });

  test("keeps execution data out of its log", () => {
    expect(
      one(smallStack(), "aws_sfn_state_machine", "_workflow_state-machine")["logging_configuration"],
    ).toMatchObject({
      include_execution_data: false,
    });
  });

  test("its readers hold the readers' secrets only", () => {
    const inspect = [
      ["directory", SECRETS.directory],
      ["hris", SECRETS.hrisReader],
    ];
    for (const [handler, systems] of [
      ["_inspect_", inspect],
      ["_sweeper_function", inspect.slice(1)],
    ] as const) {
      const { variables } = one(smallStack(), "aws_lambda_function", handler)["environment"] as {
        variables: Record<string, string>;
      };
      const connections = JSON.parse(variables["CONNECTIONS"]!) as Record<string, { secretArn: string }>;
      expect(Object.entries(connections).map(([system, { secretArn }]) => [system, secretArn])).toEqual(systems);
    }
  });

  test("functions that pin the policy come after its manifest", () => {
    for (const body of Object.values(smallStack().resource["aws_lambda_function"]!)) {
      const { variables = {} } = (body["environment"] ?? {}) as { variables?: Record<string, string> };
      const waits = (body["depends_on"] as string[]).includes(
        "aws_dynamodb_table_item.write-back_classification_manifest",
      );
      expect([body["function_name"], waits]).toEqual([body["function_name"], "MANIFEST_HASH" in variables]);
    }
  });

  test("the sweeper wakes every five minutes, by a role that can do nothing else", () => {
    expect(one(smallStack(), "aws_scheduler_schedule", "scheduler")).toMatchObject({
      schedule_expression: "rate(5 minutes)",
      target: {
        arn: "${aws_lambda_function.write-back_workflow_sweeper_function.arn}",
        role_arn: "${aws_iam_role.write-back_workflow_scheduler_identity_role.arn}",
      },
    });
  });
});

describe("the approvals API", () => {
  test("asks for a token of the named issuer and audience on every route", () => {
    expect(one(smallStack(), "aws_apigatewayv2_authorizer")).toMatchObject({
      authorizer_type: "JWT",
      jwt_configuration: { issuer: "https://login.example.com", audience: ["approvals"] },
    });
    const routes = Object.values(smallStack().resource["aws_apigatewayv2_route"]!);
    expect(routes.map((route) => route["route_key"]).sort()).toEqual(
      APPROVAL_ROUTES.map(({ method, path }) => `${method} ${path}`).sort(),
    );
    for (const route of routes) {
      expect(route).toMatchObject({
        authorization_type: "JWT",
        authorizer_id: "${aws_apigatewayv2_authorizer.write-back_workflow_approvals_authorizer.id}",
      });
    }
  });

  test("each route alone may invoke the function", () => {
    const arns = Object.entries(smallStack().resource["aws_lambda_permission"]!)
      .filter(([name]) => name.includes("approvals"))
      .map(([, body]) => String(body["source_arn"]).replace(/^.*execution_arn\}/, ""));
    expect(arns.sort()).toEqual(
      APPROVAL_ROUTES.map(({ method, path }) => `/*/${method}${path.replace(/\{[^}]+\}/g, "*")}`).sort(),
    );
    expect(arns).toContain("/*/POST/approvals/*/*");
  });

  test("answers no other site's page", () => {
    expect(one(smallStack(), "aws_apigatewayv2_api")).not.toHaveProperty("cors_configuration");
  });

  test("lets operators resume only where their group is named", () => {
    const variablesOf = (json: SynthJson) =>
      (one(json, "aws_lambda_function", "_approvals_")["environment"] as { variables: Record<string, string> })
        .variables;
    expect(variablesOf(smallStack())).not.toHaveProperty("OPERATORS_GROUP");
    expect(variablesOf(operatorsStack())).toMatchObject({ OPERATORS_GROUP: "operators" });
  });

  test("its access log holds no token and no value", () => {
    const stage = one(smallStack(), "aws_apigatewayv2_stage");
    expect((stage["access_log_settings"] as { format: string }).format).not.toMatch(/header|body|authorization"/i);
    expect(stage["default_route_settings"]).toMatchObject({ throttling_rate_limit: 10, throttling_burst_limit: 20 });
  });

  test("what was made stays open to overrides", () => {
    const writeBack = new HrisWriteBack(newStack(), "wb", smallProps());
    const routes = writeBack.node.findAll().filter((construct) => construct instanceof Apigatewayv2Route);
    expect(routes).toHaveLength(APPROVAL_ROUTES.length);
    expect(writeBack.workflow.approvalsApi.api.friendlyUniqueId).toBe("wb_workflow_approvals_api");
  });

  test.each([
    [
      "an issuer without https",
      { issuer: "http://login.example.com" },
      /ApprovalsInvalid approvals.issuer: found `http:/,
    ],
    ["no audience", { audience: [] }, /ApprovalsInvalid approvals.audience: found no audience/],
    ["no group claim", { groupClaim: "" }, /ApprovalsInvalid approvals.groupClaim/],
    ["an operators' group without a name", { operatorsGroup: "" }, /ApprovalsInvalid approvals.operatorsGroup/],
  ])("fails for %s", (_, change, message) => {
    const approvals = { ...smallProps().approvals, ...change };
    expect(() => new HrisWriteBack(newStack(), "wb", smallProps({ approvals }))).toThrow(message);
  });
});
