import { TerraformStack } from "cdktf";
import type { Construct } from "constructs";

import { logicalNameOf } from "./logical-id";
import { resolved } from "./references";

/** Something that Terraform looks up and judges at every plan and apply, without touching it. */
export interface TerraformCheck {
  /** What is looked up: a data source's type and arguments. */
  readonly type: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly assert: readonly {
    /** An expression without `${}`; it gets what was looked up by its address. */
    readonly condition: (found: string) => string;
    /** What is wrong and what to do, shown where the condition does not hold. */
    readonly message: string;
  }[];
}

/**
 * Makes Terraform check what is not the stack's own. A check that does not hold, or that cannot look something up yet, is a warning of
 * the plan and stops nothing: what is checked may be made after the stack.
 *
 * @see https://developer.hashicorp.com/terraform/language/checks (read 2026-11-23)
 */
export function addTerraformCheck(scope: Construct, id: string, check: TerraformCheck): void {
  const name = logicalNameOf(scope, id);
  TerraformStack.of(scope).addOverride(`check.${name}`, {
    data: { [check.type]: { [name]: check.arguments } },
    assert: check.assert.map(({ condition, message }) => ({
      // Within an expression cdktf would write a reference in quotes as the text of its name.
      condition: `\${${resolved(scope, condition(`data.${check.type}.${name}`))}}`,
      error_message: message,
    })),
  });
}
