import { PRINCIPAL_TAG } from "../core";
import {
  attachmentsOf,
  groupsOf,
  HOLDERS,
  holdersNamed,
  homelessPolicies,
  inlinePolicies,
  listed,
  type Attachment,
  type HolderKind,
} from "./attachments";
import { AWS_MANAGED_POLICIES } from "./aws-managed";
import { blockOf, blocksOf, textOf, textsOf } from "./body";
import { isUnread, type DocumentReader, type StackDocument, type UnreadDocument } from "./documents";
import { arnOf } from "./identity";
import { Unreadable, type Resource, type Stack, type Value } from "./stack";

/** Whoever has policies in the stack: a role, a user, a group's members, or whoever a policy is attached to elsewhere. */
export interface Principal {
  readonly kind: HolderKind | "policy";
  /** What the stack calls it: the tag `writeback:principal`, else kind and name. */
  readonly label: string;
  /** Value of the tag `writeback:principal`. */
  readonly tag?: string;
  readonly name: string;
  readonly arn: string;
  /** Address of the resource; for roles and users of elsewhere that of what gives them a policy. */
  readonly address: string;
  /** Tags, which conditions see as `aws:PrincipalTag`. */
  readonly tags: Readonly<Record<string, string>>;
  readonly identity: readonly StackDocument[];
  readonly boundary?: StackDocument;
  /** A role's trust policy. */
  readonly trust?: StackDocument;
  /** Documents that limit or extend it and cannot be judged. */
  readonly unread: readonly UnreadDocument[];
  /** Whether it is declared here, or only given something. */
  readonly isDeclared: boolean;
}

/** Everybody who has an identity policy in the stack, by label; and policies that nobody can say whose they are. */
export interface Principals {
  readonly all: readonly Principal[];
  /** Policies whose holder is not known. */
  readonly homeless: readonly UnreadDocument[];
}

/** Reads all roles, users, groups and attachments of a stack. */
export function readPrincipals(stack: Stack, reader: DocumentReader): Principals {
  return new PrincipalReader(stack, reader).read();
}

type Document = StackDocument | UnreadDocument;

class PrincipalReader {
  private readonly attachments: readonly Attachment[];
  /** Managed policies of the stack, by ARN. */
  private readonly managed: ReadonlyMap<string, Resource>;

  constructor(
    private readonly stack: Stack,
    private readonly reader: DocumentReader,
  ) {
    this.attachments = attachmentsOf(stack);
    this.managed = new Map(stack.resources("aws_iam_policy").map((policy) => [arnOf(stack, policy), policy]));
  }

  read(): Principals {
    const declared = HOLDERS.flatMap((kind) =>
      this.stack.resources(`aws_iam_${kind}`).map((resource) => this.declared(kind, resource)),
    );
    const known = new Set(declared.map(({ kind, name }) => `${kind} ${name}`));
    const given = HOLDERS.flatMap((kind) =>
      holdersNamed(this.stack, kind, this.attachments)
        .filter(({ name }) => !known.has(`${kind} ${name}`))
        .map(({ name, address }) => this.given(kind, name, address)),
    );
    const all = [...declared, ...given, ...this.unattached()].sort(
      (a, b) => compare(a.label, b.label) || compare(a.address, b.address),
    );
    return { all, homeless: homelessPolicies(this.stack, this.attachments) };
  }

  private declared(kind: HolderKind, resource: Resource): Principal {
    const { address, body } = resource;
    const name = textOf(body, "name") ?? `[${address}]`;
    const own = [...this.policiesOf(kind, name), ...this.policiesWithin(resource)];
    const ofGroups =
      kind === "user" ? groupsOf(this.stack, name).flatMap((group) => this.policiesOf("group", group)) : [];
    const trust =
      kind === "role"
        ? this.reader.read(resource, "assume_role_policy", body["assume_role_policy"], "trust")
        : undefined;
    const boundary = listed(body["permissions_boundary"] === "" ? undefined : body["permissions_boundary"]).map((arn) =>
      this.managedPolicy(resource, "permissions_boundary", arn),
    )[0];
    const arn = arnOf(this.stack, resource);
    return assembled(
      { kind, name, arn, address, tags: tagsOf(resource), isDeclared: true },
      [...own, ...ofGroups],
      boundary,
      trust,
    );
  }

  /** Somebody who is not of this stack and is given a policy by it. */
  private given(kind: HolderKind, name: string, address: string): Principal {
    const { partition, accountId } = this.stack;
    const arn = `arn:${partition}:iam::${accountId}:${kind}/${name}`;
    return assembled({ kind, name, arn, address, tags: {}, isDeclared: false }, this.policiesOf(kind, name));
  }

  /** Managed policies that are nobody's boundary and attached to nobody here: whoever gets them elsewhere, has what they allow. */
  private unattached(): Principal[] {
    const used = new Set([
      ...this.attachments.flatMap(({ arn }) => (typeof arn === "string" ? [arn] : [])),
      ...["aws_iam_role", "aws_iam_user"].flatMap((type) =>
        this.stack
          .resources(type)
          .flatMap(({ body }) => [...textsOf(body["permissions_boundary"]), ...textsOf(body["managed_policy_arns"])]),
      ),
    ]);
    return [...this.managed]
      .filter(([arn]) => !used.has(arn))
      .map(([arn, policy]) => {
        const { address, body } = policy;
        const name = textOf(body, "name") ?? address;
        const document = this.reader.read(policy, "policy", body["policy"], "identity");
        return assembled({ kind: "policy", name, arn, address, tags: tagsOf(policy), isDeclared: true }, [document]);
      });
  }

  /** What resources of their own give to a role, user or group. */
  private policiesOf(kind: HolderKind, name: string): Document[] {
    return [
      ...inlinePolicies(this.stack, kind, name).map((policy) =>
        this.reader.read(policy, "policy", policy.body["policy"], "identity"),
      ),
      ...this.attachments
        .filter((attachment) => attachment.kind === kind && attachment.name === name)
        .map(({ resource, arn }) => this.managedPolicy(resource, "policy_arn", arn)),
    ];
  }

  /** What a role's own arguments give to it. */
  private policiesWithin(holder: Resource): Document[] {
    return [
      ...blocksOf(holder.body, "inline_policy").flatMap((block, index) =>
        block["policy"] === undefined
          ? []
          : [this.reader.read(holder, `inline_policy[${index}].policy`, block["policy"], "identity")],
      ),
      ...listed(holder.body["managed_policy_arns"]).map((arn, index) =>
        this.managedPolicy(holder, `managed_policy_arns[${index}]`, arn),
      ),
    ];
  }

  /** A managed policy: one of the stack, one that AWS keeps and that is known here, or one that is not read. */
  private managedPolicy(at: Resource, attribute: string, arn: Value): Document {
    const unread = (reason: string): UnreadDocument => ({ resource: at.address, attribute, reason, statements: [] });
    if (arn instanceof Unreadable) return unread(arn.reason);
    if (typeof arn !== "string") return unread("it is no text");
    const policy = this.managed.get(arn);
    if (policy !== undefined) return this.reader.read(policy, "policy", policy.body["policy"], "identity");
    const statements = AWS_MANAGED_POLICIES[arn.replace(/^arn:aws[a-z-]*:iam::aws:policy\//, "")];
    return statements === undefined
      ? unread(`the policy \`${arn}\` is not in the stack`)
      : this.reader.made(at.address, attribute, statements, "identity");
  }
}

/** A principal of its documents, those that can be judged apart from those that cannot. */
function assembled(
  who: Pick<Principal, "kind" | "name" | "arn" | "address" | "tags" | "isDeclared">,
  policies: readonly Document[],
  boundary?: Document,
  trust?: Document,
): Principal {
  const tag = who.tags[PRINCIPAL_TAG];
  const own = who.kind === "policy" ? `whoever policy ${who.name} is attached to` : `${who.kind} ${who.name}`;
  const limits = [boundary, trust].filter((document) => document !== undefined);
  return {
    ...who,
    label: tag ?? own,
    ...(tag === undefined ? {} : { tag }),
    identity: policies.filter((document): document is StackDocument => !isUnread(document)),
    ...(boundary === undefined || isUnread(boundary) ? {} : { boundary }),
    ...(trust === undefined || isUnread(trust) ? {} : { trust }),
    unread: [...policies, ...limits].filter(isUnread),
  };
}

function tagsOf({ body }: Resource): Record<string, string> {
  const tags = { ...blockOf(body, "tags_all"), ...blockOf(body, "tags") };
  return Object.fromEntries(
    Object.entries(tags).flatMap(([key, value]) => (typeof value === "string" ? [[key, value]] : [])),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
