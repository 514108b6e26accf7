import type { TerraformStack } from "cdktf";

/** Versions of the AWS provider that the synthesized Terraform is valid for: it uses no argument that only 6.x knows. */
export const AWS_PROVIDER_VERSIONS = ">= 5.100.0, < 7.0.0";

/**
 * Lets a stack use any of `AWS_PROVIDER_VERSIONS`. Without it cdktf demands the one version that its bindings were generated
 * from. It is a stack's choice, so `HrisWriteBack` does not make it.
 */
export function allowAwsProviderVersions(stack: TerraformStack): void {
  stack.addOverride("terraform.required_providers.aws.version", AWS_PROVIDER_VERSIONS);
}
