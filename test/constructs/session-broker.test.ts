import { HrisWriteBack } from "../../constructs";
import { documentOf, one, policiesOf, smallProps, smallStack, synthesize } from "../helpers/synth";

describe("the session broker", () => {
  test("ends before the workflow stops waiting for it, and after the connector", () => {
    expect(one(smallStack(), "aws_lambda_function", "_broker_")["timeout"]).toBe(60);
    expect(one(smallStack(), "aws_lambda_function", "_connector-execution_")["timeout"]).toBe(40);
    expect(one(smallStack(), "aws_lambda_function", "_field-gateway_")["timeout"]).toBe(25);
  });

  test("the managed connector gets nothing from its environment", () => {
    expect(one(smallStack(), "aws_lambda_function", "_connector-execution_")["environment"]).toBeUndefined();
  });

  test("a connector of your own replaces the managed one, and only it can be invoked", () => {
    const connectorFunctionArn = "arn:aws:lambda:eu-west-1:111122223333:function:our-connector";
    const json = synthesize((stack) => new HrisWriteBack(stack, "wb", smallProps({ connectorFunctionArn })));
    const functions = Object.values(json.resource["aws_lambda_function"]!).map((body) => body["function_name"]);
    expect(functions).not.toContain("test-connector");
    expect(one(json, "aws_lambda_function", "_broker_")["environment"]).toMatchObject({
      variables: { CONNECTOR_FUNCTION_NAME: connectorFunctionArn },
    });
    const broker = policiesOf(json).find(({ kind, principal }) => kind === "identity" && principal === "broker")!;
    const statements = documentOf(broker.text)["Statement"] as { Action: unknown; Resource: unknown }[];
    const invoke = statements.filter(({ Action }) => JSON.stringify(Action).includes("lambda:"));
    expect(invoke.map(({ Resource }) => Resource)).toEqual([connectorFunctionArn]);
  });

  test("concurrency is reserved for broker and gateway when asked for, and for nothing otherwise", () => {
    const reserved = (json: ReturnType<typeof smallStack>): unknown[] =>
      Object.values(json.resource["aws_lambda_function"]!)
        .filter((body) => body["reserved_concurrent_executions"] !== undefined)
        .map((body) => body["function_name"]);
    expect(reserved(smallStack())).toEqual([]);
    const json = synthesize((stack) => new HrisWriteBack(stack, "wb", smallProps({ reservedConcurrency: 5 })));
    expect(reserved(json).sort()).toEqual(["test-broker", "test-gateway"]);
  });
});
