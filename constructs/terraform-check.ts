import { TerraformStack } from "cdktf";
import type { Construct } from "constructs";

import { logicalNameOf } from "./logical-id";
import { resolved } from "./references";

/** Something that Terraform looks up and judges at every plan and apply, without touching it. */
export interface TerraformCheck {
  /** What is looked up: a data source's type and arguments. */
  readonly type: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly assert: readonly TerraformAssertion<(found: string) => string>[];
}

/** Something that is to hold. */
export interface TerraformAssertion<Condition> {
  /** An expression without `${}`; a function gets what was looked up by its address. */
  readonly condition: Condition;
  /** What is wrong and what to do, shown where the condition does not hold. */
  readonly message: string;
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

/**
 * The same of what the stack looks up by a data source of its own. A lookup within a check is planned anew each time, which `terraform plan
 * -detailed-exitcode` takes for a change; one outside is none, and where it fails the plan fails with it.
 */
export function addTerraformAssertion(scope: Construct, id: string, assertion: TerraformAssertion<string>): void {
  TerraformStack.of(scope).addOverride(`check.${logicalNameOf(scope, id)}`, {
    assert: [{ condition: `\${${assertion.condition}}`, error_message: assertion.message }],
  });
}
