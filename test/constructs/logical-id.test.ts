import { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { Construct } from "constructs";
import fc from "fast-check";

import { idOfName, readable } from "../../constructs/logical-id";
import { newStack, synthesize } from "../helpers/synth";

describe("logical names", () => {
  test("a resource is called by its path, without a hash", () => {
    const json = synthesize((stack) => readable(new KmsKey(new Construct(stack, "write-back"), "data-key", {})));
    expect(Object.keys(json.resource["aws_kms_key"]!)).toEqual(["write-back_data-key"]);
  });

  test("fails where two paths would be one name", () => {
    const stack = newStack();
    readable(new KmsKey(new Construct(stack, "a"), "b_c", {}));
    const second = new KmsKey(new Construct(stack, "a_b"), "c", {});
    expect(() => readable(second)).toThrow(/test\/a_b\/c: has the same logical name `a_b_c` as test\/a\/b_c/);
  });

  test("plain names stay as they are and dots are written as `--`", () => {
    expect(idOfName("work_email")).toBe("work_email");
    expect(idOfName("joiner.provisioned")).toBe("joiner--provisioned");
  });

  test("different names give different ids, which Terraform accepts", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,8}$/);
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(idOfName(a)).toMatch(/^[A-Za-z0-9_-]+$/);
        return a === b || idOfName(a) !== idOfName(b);
      }),
      {
        examples: [
          ["a.b", "a--b"],
          ["a.b", "a-b"],
          ["a.b", "a_b"],
        ],
      },
    );
  });
});
