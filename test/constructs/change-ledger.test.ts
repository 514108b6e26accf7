import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { findTerraform } from "../helpers/terraform";
import { one, smallProps, smallStack, synthesize } from "../helpers/synth";
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

  const BORN = "terraform_data.write-back_ledger_born.output == plantimestamp()";

  test.each([
    ["switch", `{"pk":{"S":"switch"},"state":{"S":"\${${BORN} ? "running" : "stopped"}"}}`],
    ["breaker", `{"pk":{"S":"breaker"},"state":{"S":"\${${BORN} ? "ok" : "tripped"}"}}`],
  ])("Terraform makes the %s once and leaves it alone, and makes a lost one anew as what it means", (id, item) => {
    const body = one(smallStack(), "aws_dynamodb_table_item", `_ledger_${id}`);
    expect(body["item"]).toBe(item);
    expect(body["lifecycle"]).toEqual({ ignore_changes: ["item"] });
    expect(one(smallStack(), "terraform_data")).toMatchObject({
      input: "${plantimestamp()}",
      lifecycle: { ignore_changes: ["input"] },
      depends_on: ["aws_dynamodb_table.write-back_ledger_control-table"],
    });
  });

  const terraform = findTerraform("program");
  (terraform === undefined ? test.skip : test)(
    "by Terraform's own reckoning: running at first, stopped from then on",
    () => {
      const { item } = one(smallStack(), "aws_dynamodb_table_item", "_ledger_switch");
      const { terraform_data: born } = smallStack().resource;
      const [[name, { input, lifecycle }]] = Object.entries(born!) as [[string, Record<string, unknown>]];
      const dir = mkdtempSync(join(tmpdir(), "writeback-born-"));
      const made = {
        resource: { terraform_data: { [name]: { input, lifecycle } } },
        output: { item: { value: item } },
      };
      writeFileSync(join(dir, "main.tf.json"), JSON.stringify(made));
      const state = (): unknown => JSON.parse(String(terraform!.outputs(dir)["item"]));
      expect(state()).toEqual({ pk: { S: "switch" }, state: { S: "running" } });
      // Terraform's clock tells seconds: a plan of the same one would still be the first.
      const second = Math.floor(Date.now() / 1000);
      while (Math.floor(Date.now() / 1000) === second) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      expect(state()).toEqual({ pk: { S: "switch" }, state: { S: "stopped" } });
    },
    60_000,
  );

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
