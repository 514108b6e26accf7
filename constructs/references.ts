import { DefaultTokenResolver, StringConcat, Tokenization } from "cdktf";
import type { Construct } from "constructs";

/**
 * Text with its references as Terraform will read them, `${aws_kms_key.data.arn}`. Unlike tokens, which are numbered in the order
 * they were made, it is the same at every synth. Call it when the elements have their logical names.
 */
export function resolved(scope: Construct, text: string): string {
  const resolver = new DefaultTokenResolver(new StringConcat());
  return String(Tokenization.resolve(text, { scope, resolver, preparing: false }));
}
