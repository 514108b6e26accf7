import {
  dependable,
  DefaultTokenResolver,
  StringConcat,
  Tokenization,
  type ITerraformDependable,
  type TerraformResource,
} from "cdktf";
import type { Construct } from "constructs";

/**
 * Text with its references as Terraform will read them, `${aws_kms_key.data.arn}`. Unlike tokens, which are numbered in the order
 * they were made, it is the same at every synth. Call it when the elements have their logical names.
 */
export function resolved(scope: Construct, text: string): string {
  const resolver = new DefaultTokenResolver(new StringConcat());
  return String(Tokenization.resolve(text, { scope, resolver, preparing: false }));
}

/** Makes a resource wait for others, which may have been made after it. */
export function waitFor(resource: TerraformResource, others: readonly ITerraformDependable[]): void {
  resource.dependsOn = [...(resource.dependsOn ?? []), ...others.map((other) => dependable(other))];
}
