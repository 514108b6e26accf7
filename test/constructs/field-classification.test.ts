import { FieldClassification } from "../../constructs";
import { unmarshallItem, type AttributeMap } from "../../src/compile/table-items";
import { compileNames } from "../../src/compile/names";
import { parsePolicy, policyFromItems } from "../../src/policy";
import { documentOf, newStack, one, SMALL_POLICY, synthesize, type SynthJson } from "../helpers/synth";

const names = compileNames({ prefix: "test", accountId: "111122223333", region: "eu-west-1" });

function synth(policyText: string): SynthJson {
  return synthesize((stack) => {
    new FieldClassification(stack, "classification", { names, policy: parsePolicy(policyText), dataKeyArn: "arn:key" });
  });
}

const items = (json: SynthJson) => json.resource["aws_dynamodb_table_item"]!;
const itemOf = (body: Readonly<Record<string, unknown>>) => unmarshallItem(documentOf(body["item"]) as AttributeMap);

describe("the classification table", () => {
  test("handlers get back from the table the policy that was synthesized", () => {
    const stored = Object.values(items(synth(SMALL_POLICY))).map(itemOf);
    expect(policyFromItems(stored)).toEqual(parsePolicy(SMALL_POLICY));
  });

  test("braces and percent signs in a description arrive as they were written", () => {
    const text = SMALL_POLICY.replace("base_salary: {", 'base_salary: { description: "${price} %{if} $${x}",');
    const stored = Object.values(items(synth(text))).map(itemOf);
    expect(policyFromItems(stored)).toEqual(parsePolicy(text));
  });

  test("the manifest is written after every other item", () => {
    const json = synth(SMALL_POLICY);
    const others = Object.keys(items(json)).filter((name) => !name.endsWith("_manifest"));
    const manifest = one(json, "aws_dynamodb_table_item", "_manifest");
    expect([...(manifest["depends_on"] as string[])].sort()).toEqual(
      others.map((name) => `aws_dynamodb_table_item.${name}`).sort(),
    );
  });

  test("a change of class changes that field's item and the manifest, nothing else", () => {
    const before = items(synth(SMALL_POLICY));
    const after = items(
      synth(
        SMALL_POLICY.replace(
          "work_email: { class: safe, owner: identity, sourceOfTruth: directory, events: [joiner.provisioned], hrisField: workEmail }",
          "work_email: { class: never, owner: identity, sourceOfTruth: directory, hrisField: workEmail }",
        ),
      ),
    );
    const changed = Object.keys(before).filter((name) => before[name]!["item"] !== after[name]!["item"]);
    expect(Object.keys(after)).toEqual(Object.keys(before));
    expect(changed).toEqual(["classification_field_work_email", "classification_manifest"]);
  });

  test("events whose names differ in punctuation have an item each", () => {
    const text = SMALL_POLICY.replace(
      "events:\n",
      "events:\n  a.b: { source: [joiner], window: PT1H }\n  a--b: { source: [joiner], window: PT1H }\n  a-b: { source: [joiner], window: PT1H }\n",
    );
    const stored = Object.values(items(synth(text))).map(itemOf);
    expect(stored.filter(({ kind }) => kind === "event").map(({ name }) => name)).toHaveLength(4);
  });

  test("the table is encrypted by the data key, restorable and protected, unless it is for a trial", () => {
    expect(one(synth(SMALL_POLICY), "aws_dynamodb_table")).toMatchObject({
      server_side_encryption: { enabled: true, kms_key_arn: "arn:key" },
      point_in_time_recovery: { enabled: true },
      deletion_protection_enabled: true,
    });
    const trial = synthesize((stack) => {
      const policy = parsePolicy(SMALL_POLICY);
      new FieldClassification(stack, "classification", { names, policy, dataKeyArn: "arn:key", retention: "destroy" });
    });
    expect(one(trial, "aws_dynamodb_table")["deletion_protection_enabled"]).toBe(false);
  });

  test("fails for a description that looks like one of our references", () => {
    const text = SMALL_POLICY.replace("base_salary: {", 'base_salary: { description: "${TfToken[TOKEN.1]}",');
    const policy = parsePolicy(text);
    expect(() => new FieldClassification(newStack(), "c", { names, policy, dataKeyArn: "arn:key" })).toThrow(
      /test\/c: item `field#base_salary` cannot be written/,
    );
  });
});
