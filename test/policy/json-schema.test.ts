import { readFileSync } from "node:fs";
import { join } from "node:path";

import { FIELD_CLASSES, policyJsonSchema } from "../../src/policy";

type Schema = Record<string, unknown>;

describe("policy.schema.json", () => {
  it("is what the schema generates; `npm run schema:update` writes it", () => {
    const file = readFileSync(join(__dirname, "../../policy.schema.json"), "utf8");
    expect(JSON.parse(file)).toEqual(JSON.parse(JSON.stringify(policyJsonSchema())));
  });

  it("describes every key and closes every mapping, so that an editor can help", () => {
    const missing: string[] = [];
    const walk = (schema: unknown, path: string): void => {
      if (typeof schema !== "object" || schema === null) return;
      const { properties, additionalProperties, items, type } = schema as Schema;
      if (type === "object" && additionalProperties === undefined) missing.push(`${path} is open`);
      for (const [key, member] of Object.entries((properties as Schema | undefined) ?? {})) {
        if (typeof (member as Schema)["description"] !== "string") missing.push(`${path}.${key}`);
        walk(member, `${path}.${key}`);
      }
      walk(additionalProperties, `${path}.*`);
      walk(items, `${path}[]`);
    };
    walk(policyJsonSchema(), "");
    expect(missing).toEqual([]);
  });

  it("says what each class needs", () => {
    const schema = policyJsonSchema() as { properties: { fields: { additionalProperties: Schema } } };
    const field = schema.properties.fields.additionalProperties;
    expect(field["required"]).toEqual(["class", "owner", "sourceOfTruth"]);
    expect(field["properties"]).toMatchObject({ class: { enum: [...FIELD_CLASSES] } });
    expect(field["allOf"]).toHaveLength(3);
  });
});
