import { textOf, textsOf } from "./body";
import type { UnreadDocument } from "./documents";
import { Unreadable, type Resource, type Stack, type Value } from "./stack";

/** What identity policies can belong to. */
export const HOLDERS = ["role", "user", "group"] as const;
export type HolderKind = (typeof HOLDERS)[number];

/** A managed policy given to somebody. */
export interface Attachment {
  readonly kind: HolderKind;
  /** Whose it is; `undefined` where that is not known. */
  readonly name: string | undefined;
  readonly arn: Value;
  readonly resource: Resource;
}

/** Every attachment of a managed policy, one holder at a time. */
export function attachmentsOf(stack: Stack): Attachment[] {
  const single = HOLDERS.flatMap((kind) =>
    stack.resources(`aws_iam_${kind}_policy_attachment`).map((resource) => ({
      kind,
      name: textOf(resource.body, kind),
      arn: resource.body["policy_arn"],
      resource,
    })),
  );
  const several = stack.resources("aws_iam_policy_attachment").flatMap((resource) =>
    HOLDERS.flatMap((kind) =>
      listed(resource.body[`${kind}s`]).map((name) => ({
        kind,
        name: typeof name === "string" ? name : undefined,
        arn: resource.body["policy_arn"],
        resource,
      })),
    ),
  );
  // Attaches whatever it lists, and detaches the rest.
  const exclusive = HOLDERS.flatMap((kind) =>
    stack.resources(`aws_iam_${kind}_policy_attachments_exclusive`).flatMap((resource) =>
      listed(resource.body["policy_arns"]).map((arn) => ({
        kind,
        name: textOf(resource.body, `${kind}_name`),
        arn,
        resource,
      })),
    ),
  );
  return [...single, ...several, ...exclusive];
}

/** The inline policies of a role, user or group that are resources of their own. */
export function inlinePolicies(stack: Stack, kind: HolderKind, name: string): readonly Resource[] {
  return stack.resources(`aws_iam_${kind}_policy`).filter(({ body }) => body[kind] === name);
}

/** Names that some policy is given to, each with the first resource that does. */
export function holdersNamed(
  stack: Stack,
  kind: HolderKind,
  attachments: readonly Attachment[],
): { readonly name: string; readonly address: string }[] {
  const named = [
    ...stack.resources(`aws_iam_${kind}_policy`).map((resource) => ({ name: textOf(resource.body, kind), resource })),
    ...attachments.filter((attachment) => attachment.kind === kind),
  ];
  const found = new Map<string, string>();
  for (const { name, resource } of named) {
    if (name !== undefined && !found.has(name)) found.set(name, resource.address);
  }
  return [...found].map(([name, address]) => ({ name, address }));
}

/** Policies of a role, user or group whose name is not known: they could be anybody's. */
export function homelessPolicies(stack: Stack, attachments: readonly Attachment[]): UnreadDocument[] {
  const inline = HOLDERS.flatMap((kind) =>
    stack
      .resources(`aws_iam_${kind}_policy`)
      .filter(({ body }) => typeof body[kind] !== "string")
      .map((resource) => ({ kind, resource })),
  );
  return [...inline, ...attachments.filter(({ name }) => name === undefined)].map(({ kind, resource }) => {
    const holder = resource.body[kind] ?? resource.body[`${kind}s`];
    const reason = holder instanceof Unreadable ? holder.reason : "whose it is, is not written as text";
    return { resource: resource.address, attribute: kind, reason, statements: [] };
  });
}

/** The groups that a user is in. */
export function groupsOf(stack: Stack, user: string): string[] {
  return [
    ...stack
      .resources("aws_iam_user_group_membership")
      .filter(({ body }) => body["user"] === user)
      .flatMap(({ body }) => textsOf(body["groups"])),
    ...stack
      .resources("aws_iam_group_membership")
      .filter(({ body }) => textsOf(body["users"]).includes(user))
      .flatMap(({ body }) => textsOf(body["group"])),
  ];
}

/** A list, or one value alone, or nothing. */
export function listed(value: Value): readonly Value[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? (value as readonly Value[]) : [value];
}
