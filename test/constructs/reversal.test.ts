import { HrisWriteBack } from "../../constructs";
import { smallProps, synthesize } from "../helpers/synth";

describe("the function that takes writes back", () => {
  const environmentOf = (more: object = {}): Readonly<Record<string, string>> => {
    const json = synthesize((stack) => new HrisWriteBack(stack, "wb", smallProps(more)));
    const functions = Object.values(json.resource["aws_lambda_function"] ?? {}) as {
      readonly function_name: string;
      readonly environment?: { readonly variables: Readonly<Record<string, string>> };
    }[];
    return functions.find(({ function_name: name }) => name.endsWith("-reversal"))?.environment?.variables ?? {};
  };

  test("knows ledger, policy and workflow, the control table for what it files, and no HRIS or key", () => {
    expect(Object.keys(environmentOf()).sort()).toEqual([
      "CLASSIFICATION_TABLE",
      "CONTROL_TABLE",
      "LEDGER_TABLE",
      "MANIFEST_HASH",
      "REVERSAL_DAYS",
      "STATE_MACHINE_ARN",
    ]);
  });

  test("takes back what was written within 30 days, or as long as it is told", () => {
    expect(environmentOf()["REVERSAL_DAYS"]).toBe("30");
    expect(environmentOf({ reversalWithinDays: 7 })["REVERSAL_DAYS"]).toBe("7");
  });
});
