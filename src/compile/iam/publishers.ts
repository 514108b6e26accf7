import { sortFindings, type Finding } from "../../core";
import type { BusPolicyInput, PublisherArns } from "./resource-policies";

export type PublisherFindingCode = "PublisherNotDeclared" | "PublisherPrincipalTooWide" | "PublisherWithoutPrincipal";

/** A role or a user in full. A session's ARN would escape boundaries, the root stands for a whole account. */
const PRINCIPAL = /^arn:[a-z-]+:iam::\d{12}:(?:role|user)\/[\w+=,.@/-]+$/;

/** A reference of Terraform: its value is not known at synth. */
const REFERENCE = /\$\{/;

/**
 * What is wrong with who may speak for which publisher: an undeclared publisher, a principal wider than one role or user
 * (errors), and a publisher for whom nobody may speak (a warning: its events cannot arrive). Paths are
 * `publishers.<name>[<index>]`. References are taken as they are.
 */
export function checkPublisherArns(
  policy: Pick<BusPolicyInput, "publishers">,
  publisherArns: PublisherArns,
): Finding<PublisherFindingCode>[] {
  const undeclared = Object.keys(publisherArns)
    .filter((name) => !Object.hasOwn(policy.publishers, name))
    .map((name) => ({
      code: "PublisherNotDeclared" as const,
      severity: "error" as const,
      path: `publishers.${name}`,
      message: `\`${name}\` is not a publisher of the policy`,
      hint: "declare it under `publishers` in the policy file, or remove its principals",
    }));
  const wide = Object.entries(publisherArns).flatMap(([name, arns]) =>
    arns.flatMap((arn, index) =>
      REFERENCE.test(arn) || PRINCIPAL.test(arn)
        ? []
        : [
            {
              code: "PublisherPrincipalTooWide" as const,
              severity: "error" as const,
              path: `publishers.${name}[${index}]`,
              message: `\`${arn}\` is not the ARN of one role or user`,
              hint: "name the role that puts the events: no wildcard, no account root, no session",
            },
          ],
    ),
  );
  const silent = Object.keys(policy.publishers)
    .filter((name) => (Object.hasOwn(publisherArns, name) ? (publisherArns[name]?.length ?? 0) : 0) === 0)
    .map((name) => ({
      code: "PublisherWithoutPrincipal" as const,
      severity: "warning" as const,
      path: `publishers.${name}`,
      message: `nobody may put events of \`${name}\` on the bus`,
      hint: "give the ARNs of the roles that publish in its name",
    }));
  return sortFindings<Finding<PublisherFindingCode>>([...undeclared, ...wide, ...silent]);
}
