import { IamPolicy } from "@cdktf/provider-aws/lib/iam-policy";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

import type { RoleDocuments } from "../src/compile/iam";
import { PRINCIPAL_TAG, type Principal } from "../src/core";
import { readable } from "./logical-id";
import type { PartProps } from "./settings";
import { terraformJson } from "./terraform-json";

export interface PrincipalRoleProps extends PartProps {
  readonly principal: Principal;
  readonly description: string;
  /** Trust, identity policy and, where there is one, boundary. */
  readonly documents: RoleDocuments;
  /**
   * What must exist before the role, such as the role that its trust names.
   * @default []
   */
  readonly dependsOn?: readonly ITerraformDependable[];
  /**
   * Whether a policy that others attached goes with the role when it is destroyed: otherwise IAM refuses that.
   * @default false
   */
  readonly detachesOnDestroy?: boolean;
}

/** The shortest that IAM lets a role's sessions be limited to, in seconds. */
const MIN_SESSION_SECONDS = 3600;

/**
 * One principal of the trust model: a role whose trust, identity policy and boundary are each one literal JSON document, and
 * which says by its tag who it is.
 */
export class PrincipalRole extends Construct {
  readonly role: IamRole;
  readonly policy: IamRolePolicy;
  readonly boundary?: IamPolicy;

  constructor(scope: Construct, id: string, props: PrincipalRoleProps) {
    super(scope, id);
    const { names, principal, documents } = props;
    if (documents.boundary !== undefined) {
      this.boundary = readable(
        new IamPolicy(this, "boundary", {
          name: names.connectorBoundary.name,
          description: `The most that ${principal} can ever do, whatever its role or session says`,
          policy: terraformJson(documents.boundary),
          tags: props.tags,
        }),
      );
    }
    this.role = readable(
      new IamRole(this, "role", {
        name: names.role(principal).name,
        description: props.description,
        assumeRolePolicy: terraformJson(documents.trust),
        maxSessionDuration: MIN_SESSION_SECONDS,
        permissionsBoundary: this.boundary?.arn,
        forceDetachPolicies: props.detachesOnDestroy,
        tags: { ...props.tags, [PRINCIPAL_TAG]: principal },
        dependsOn: props.dependsOn === undefined ? undefined : [...props.dependsOn],
      }),
    );
    this.policy = readable(
      new IamRolePolicy(this, "policy", {
        name: principal,
        role: this.role.name,
        policy: terraformJson(documents.identity),
      }),
    );
  }
}
