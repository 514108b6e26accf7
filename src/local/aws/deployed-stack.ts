import { PRINCIPAL_TAG } from "../../core";
import type { Resource, ResourceBody, Stack } from "../stack";
import type { Moto } from "./moto";
import { elementsOf } from "./wire";

/** What `terraform show -json` says of a state. */
interface ShownState {
  readonly values?: {
    readonly root_module?: {
      readonly resources?: readonly {
        readonly mode: string;
        readonly type: string;
        readonly name: string;
        readonly values: ResourceBody & { readonly id?: string };
      }[];
    };
  };
}

/** Types of resources that say what a role may: these are read from the cloud itself, whoever changed them. */
const LIVE_TYPES = ["aws_iam_role", "aws_iam_role_policy", "aws_iam_policy", "aws_iam_role_policy_attachment"] as const;
type LiveType = (typeof LIVE_TYPES)[number];

/** Roles and policies by type, as IAM holds them at a moment. */
export type LiveIam = Readonly<Record<LiveType, readonly Resource[]>>;

/**
 * The stack as it is deployed: what the provider read back from the cloud after the apply, and for roles and policies what IAM holds now, so
 * that a policy that somebody attached or replaced since counts.
 */
export function deployedStack(
  shown: ShownState,
  place: { readonly region: string; readonly accountId: string },
  iam: () => LiveIam,
): Stack {
  const all = (shown.values?.root_module?.resources ?? [])
    .filter(({ mode }) => mode === "managed")
    .map(({ type, name, values }): Resource => ({ type, name, id: values.id ?? name, body: values }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const isLive = (type: string): type is LiveType => (LIVE_TYPES as readonly string[]).includes(type);
  const resources = (type: string): readonly Resource[] =>
    isLive(type) ? iam()[type] : all.filter((resource) => resource.type === type);
  return {
    ...place,
    resources,
    only: (type) => {
      const [first, ...others] = resources(type);
      if (first === undefined || others.length > 0) {
        throw new Error(`expected one \`${type}\` in the deployed stack, found ${resources(type).length}`);
      }
      return first;
    },
  };
}

/** Reads every role with its policies out of IAM. */
export async function readIam(moto: Moto): Promise<LiveIam> {
  const ask = (action: string, parameters: Readonly<Record<string, string>> = {}): Promise<string> =>
    moto.query("iam", { Action: action, Version: "2010-05-08", ...parameters });
  const names = elementsOf(await ask("ListRoles", { MaxItems: "1000" }), "RoleName");
  const roles: Resource[] = [];
  const inline: Resource[] = [];
  const attached: Resource[] = [];
  const managedArns = new Set<string>();
  for (const name of names) {
    const role = await ask("GetRole", { RoleName: name });
    const [boundary] = elementsOf(role, "PermissionsBoundaryArn");
    if (boundary !== undefined) managedArns.add(boundary);
    roles.push({
      type: "aws_iam_role",
      name,
      id: name,
      body: {
        name,
        assume_role_policy: documentText(elementsOf(role, "AssumeRolePolicyDocument")[0]),
        tags: tagsOf(role),
        ...(boundary === undefined ? {} : { permissions_boundary: boundary }),
      },
    });
    for (const policyName of elementsOf(await ask("ListRolePolicies", { RoleName: name }), "member")) {
      const policy = await ask("GetRolePolicy", { RoleName: name, PolicyName: policyName });
      const body = { role: name, name: policyName, policy: documentText(elementsOf(policy, "PolicyDocument")[0]) };
      inline.push({ type: "aws_iam_role_policy", name: `${name}:${policyName}`, id: `${name}:${policyName}`, body });
    }
    for (const arn of elementsOf(await ask("ListAttachedRolePolicies", { RoleName: name }), "PolicyArn")) {
      managedArns.add(arn);
      const body = { role: name, policy_arn: arn };
      attached.push({ type: "aws_iam_role_policy_attachment", name: `${name}:${arn}`, id: `${name}:${arn}`, body });
    }
  }
  const managed: Resource[] = [];
  for (const arn of [...managedArns].sort()) {
    const [version = "v1"] = elementsOf(await ask("GetPolicy", { PolicyArn: arn }), "DefaultVersionId");
    const found = await ask("GetPolicyVersion", { PolicyArn: arn, VersionId: version });
    const name = arn.split("/").at(-1) ?? arn;
    const body = { name, arn, policy: documentText(elementsOf(found, "Document")[0]) };
    managed.push({ type: "aws_iam_policy", name, id: arn, body });
  }
  return {
    aws_iam_role: roles,
    aws_iam_role_policy: inline,
    aws_iam_policy: managed,
    aws_iam_role_policy_attachment: attached,
  };
}

/** IAM gives documents back with URL escapes. */
function documentText(given: string | undefined): string {
  const text = given ?? "";
  return text.startsWith("%7B") ? decodeURIComponent(text) : text;
}

function tagsOf(role: string): Readonly<Record<string, string>> {
  const [tags = ""] = elementsOf(role, "Tags");
  const keys = elementsOf(tags, "Key");
  const values = elementsOf(tags, "Value");
  const all = Object.fromEntries(keys.map((key, position) => [key, values[position] ?? ""]));
  return PRINCIPAL_TAG in all ? { [PRINCIPAL_TAG]: all[PRINCIPAL_TAG] ?? "" } : {};
}
