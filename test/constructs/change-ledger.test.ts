import { documentOf, one, smallProps, smallStack, synthesize } from "../helpers/synth";
import { HrisWriteBack } from "../../constructs";

describe("the ledger", () => {
  test("has a sort key, and the control table has none and an index over what is due", () => {
    expect(one(smallStack(), "aws_dynamodb_table", "_ledger_table")).toMatchObject({ hash_key: "pk", range_key: "sk" });
    const control = one(smallStack(), "aws_dynamodb_table", "_control-table");
    expect(control["range_key"]).toBeUndefined();
    expect(control["global_secondary_index"]).toEqual([
      { name: "due", hash_key: "queue", range_key: "dueAt", projection_type: "ALL" },
    ]);
  });

  test.each(["_ledger_table", "_control-table"])("%s is encrypted, restorable and protected from deletion", (table) => {
    expect(one(smallStack(), "aws_dynamodb_table", table)).toMatchObject({
      server_side_encryption: { enabled: true, kms_key_arn: "${aws_kms_key.write-back_keys_data-key.arn}" },
      point_in_time_recovery: { enabled: true },
      deletion_protection_enabled: true,
    });
  });

  test.each([
    ["switch", { pk: { S: "switch" }, state: { S: "running" } }],
    ["breaker", { pk: { S: "breaker" }, state: { S: "ok" } }],
  ])("Terraform makes the %s once and then leaves it alone", (id, item) => {
    const body = one(smallStack(), "aws_dynamodb_table_item", `_ledger_${id}`);
    expect(documentOf(body["item"])).toEqual(item);
    expect(body["lifecycle"]).toEqual({ ignore_changes: ["item"] });
  });

  test("a trial can be taken down whole", () => {
    const json = synthesize((stack) => new HrisWriteBack(stack, "wb", smallProps({ retention: "destroy" })));
    for (const table of Object.values(json.resource["aws_dynamodb_table"]!)) {
      expect(table["deletion_protection_enabled"]).toBe(false);
    }
    for (const key of Object.values(json.resource["aws_kms_key"]!)) {
      expect(key).toMatchObject({ deletion_window_in_days: 7 });
      expect(key["lifecycle"]).toBeUndefined();
    }
    for (const group of Object.values(json.resource["aws_cloudwatch_log_group"]!))
      expect(group["skip_destroy"]).toBe(false);
  });

  test("otherwise Terraform refuses to destroy tables and leaves log groups behind", () => {
    for (const table of Object.values(smallStack().resource["aws_dynamodb_table"]!)) {
      expect(table["lifecycle"]).toEqual({ prevent_destroy: true });
    }
    for (const group of Object.values(smallStack().resource["aws_cloudwatch_log_group"]!))
      expect(group["skip_destroy"]).toBe(true);
  });
});
