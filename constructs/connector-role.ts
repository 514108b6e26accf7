import { IamPolicy } from "@cdktf/provider-aws/lib/iam-policy";
import { TerraformOutput } from "cdktf";
import { Construct } from "constructs";

import { stopPolicy, type RoleDocuments } from "../src/compile/iam";
import { readable } from "./logical-id";
import { PrincipalRole } from "./principal-role";
import type { PartProps } from "./settings";
import { terraformJson, terraformText } from "./terraform-json";

export interface ConnectorRoleProps extends PartProps {
  /** Trust, identity policy and boundary of the principal `connector`. */
  readonly documents: RoleDocuments;
  /** The broker's role, which the trust names: IAM refuses a trust in a role that does not exist. */
  readonly broker: PrincipalRole;
  /** The session policy that the broker fills in for one grant: text with `{grantId}`, `{field}` and `{expiresAt}`. */
  readonly sessionPolicyTemplate: string;
}

/**
 * The role that a connector's session has: worth nothing without the two tags that only the broker may set, and never worth
 * more than one path of the field gateway. Its session policy's template is a Terraform output, so that a reviewer reads the
 * whole of what a session can be.
 */
export class ConnectorRole extends Construct {
  readonly identity: PrincipalRole;
  /** Denies everything. Attached to the role by the kill switch, and by nobody else. */
  readonly stopPolicy: IamPolicy;
  readonly sessionPolicyTemplate: string;
  readonly sessionPolicyTemplateOutput: TerraformOutput;

  constructor(scope: Construct, id: string, props: ConnectorRoleProps) {
    super(scope, id);
    if (props.documents.boundary === undefined) {
      throw new Error(`${this.node.path}: the connector role has no boundary; compile its documents with compileRoles`);
    }
    this.stopPolicy = readable(
      new IamPolicy(this, "stop-policy", {
        name: props.names.stopPolicy.name,
        description: "Denies a connector's session everything: the kill switch attaches it while the system is stopped",
        policy: terraformJson(stopPolicy()),
        tags: props.tags,
      }),
    );
    this.identity = new PrincipalRole(this, "identity", {
      names: props.names,
      tags: props.tags,
      principal: "connector",
      description:
        "One request to the field gateway, for one grant and one field, for 15 minutes; assumed by the broker alone",
      documents: props.documents,
      // The policy cannot be destroyed while it is attached: the role goes first, and lets go of it.
      dependsOn: [props.broker.role, this.stopPolicy],
      detachesOnDestroy: true,
    });
    this.sessionPolicyTemplate = props.sessionPolicyTemplate;
    this.sessionPolicyTemplateOutput = readable(
      new TerraformOutput(this, "session-policy-template", {
        description: "Session policy of one grant, before the broker fills in {grantId}, {field} and {expiresAt}",
        value: terraformText(props.sessionPolicyTemplate),
      }),
    );
  }
}
