import { Token } from "cdktf";

/**
 * Text for an argument of a Terraform resource that must arrive as it is: literal `${` and `%{` are escaped, so that an IAM
 * variable such as `${aws:PrincipalTag/grantId}` reaches AWS and does not become a Terraform expression. References of cdktf
 * (tokens) stay references.
 *
 * @see https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences (read 2026-11-23)
 */
export function terraformText(text: string): string {
  return text.replace(/\$\{(?!TfToken\[)/g, "$$$${").replace(/%\{/g, "%%{");
}

/**
 * A document (IAM policy, workflow, event pattern, table item) as the literal JSON text of an argument, keys in the order
 * given. The only place where documents become text: a reviewer reads in the synthesized stack what AWS will read.
 */
export function terraformJson(document: unknown): string {
  return terraformText(JSON.stringify(document));
}

/**
 * The same for a document made of a user's own words, where a reference can only be a mistake or a trick: text that looks like
 * one is refused. Throws `TypeError`.
 */
export function terraformLiteralJson(document: unknown): string {
  const text = JSON.stringify(document);
  if (Token.isUnresolved(text))
    throw new TypeError("the text `${TfToken[` stands for a reference and cannot be used here");
  return terraformText(text);
}
