import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { IamPolicy } from "@cdktf/provider-aws/lib/iam-policy";
import fc from "fast-check";

import { terraformJson, terraformLiteralJson, terraformText } from "../../constructs/terraform-json";
import { findTerraform } from "../helpers/terraform";
import { one, synthesize } from "../helpers/synth";

/** Texts made of what Terraform could take for its own. */
const words = fc
  .array(fc.constantFrom("$", "{", "}", "%", "\\", '"', "a", "\n", "${", "%{", "$${", "%%{"))
  .map((parts) => parts.join(""));

describe("documents as text", () => {
  test("an IAM variable stays a variable and a reference stays a reference", () => {
    const json = synthesize((stack) => {
      const key = new KmsKey(stack, "key", {});
      const Resource = `${key.arn}/\${aws:PrincipalTag/grantId}`;
      new IamPolicy(stack, "policy", { policy: terraformJson({ Statement: [{ Resource }] }) });
    });
    expect(one(json, "aws_iam_policy")["policy"]).toBe(
      '{"Statement":[{"Resource":"${aws_kms_key.key.arn}/$${aws:PrincipalTag/grantId}"}]}',
    );
  });

  test("keys keep the order in which they were given", () => {
    expect(terraformJson({ b: 1, a: { d: 2, c: 3 } })).toBe('{"b":1,"a":{"d":2,"c":3}}');
  });

  test("fails for a reference among a user's own words", () => {
    expect(() => terraformLiteralJson({ description: "${TfToken[TOKEN.3]}" })).toThrow(TypeError);
    expect(terraformLiteralJson({ description: "costs ${price}" })).toBe('{"description":"costs $${price}"}');
  });

  test("any text comes out of Terraform's quoting as it went in", () => {
    fc.assert(fc.property(words, (text) => unquoted(terraformText(text)) === text));
  });

  // What the parser of Terraform really does with it, for the sequences that look like its own.
  const terraform = findTerraform("program");
  (terraform === undefined ? test.skip : test)("Terraform itself gives back what was written", () => {
    const texts = fc.sample(words, { numRuns: 300, seed: 20261123 });
    const dir = mkdtempSync(join(tmpdir(), "writeback-quoting-"));
    const output = Object.fromEntries(texts.map((text, index) => [`o${index}`, { value: terraformText(text) }]));
    writeFileSync(join(dir, "cdk.tf.json"), JSON.stringify({ output }));
    const outputs = terraform!.outputs(dir);
    expect(texts.map((_, index) => outputs[`o${index}`])).toEqual(texts);
  });
});

/** Terraform's reading of a quoted template without expressions, left to right. */
function unquoted(text: string): string {
  let out = "";
  for (let at = 0; at < text.length;) {
    const escaped = text.startsWith("$${", at) || text.startsWith("%%{", at);
    if (!escaped && (text.startsWith("${", at) || text.startsWith("%{", at)))
      throw new Error(`an expression begins in ${text}`);
    out += escaped ? text.slice(at + 1, at + 3) : text.charAt(at);
    at += escaped ? 3 : 1;
  }
  return out;
}
