import { SfnStateMachine } from "@cdktf/provider-aws/lib/sfn-state-machine";
import { Construct } from "constructs";

import { auditNames, compileImport } from "../src/compile/audit";
import type { RoleDocuments } from "../src/compile/iam";
import { readable } from "./logical-id";
import { PrincipalRole } from "./principal-role";
import type { PartProps } from "./settings";
import { terraformJson } from "./terraform-json";

export interface SecurityHubFindingsProps extends PartProps {
  /** Documents of the two principals: who imports, and who starts it. */
  readonly documents: Readonly<Record<"findings" | "findings-starter", RoleDocuments>>;
}

/**
 * What the audit's rules hear, as findings in Security Hub: a state machine with one state that calls one API, so that there is no code to keep and no
 * function that could do more. Security Hub must be on in the account and Region.
 */
export class SecurityHubFindings extends Construct {
  readonly stateMachine: SfnStateMachine;
  /** What EventBridge starts it as. */
  readonly starter: PrincipalRole;

  constructor(scope: Construct, id: string, props: SecurityHubFindingsProps) {
    super(scope, id);
    const { names, tags, documents } = props;
    const importer = new PrincipalRole(this, "importer", {
      names,
      tags,
      principal: "findings",
      description: "Imports findings of the audit into Security Hub, nothing else",
      documents: documents.findings,
    });
    this.starter = new PrincipalRole(this, "starter", {
      names,
      tags,
      principal: "findings-starter",
      description: "Lets the audit's rules start the import of a finding",
      documents: documents["findings-starter"],
    });
    this.stateMachine = readable(
      new SfnStateMachine(this, "state-machine", {
        name: auditNames(names).findings.name,
        type: "STANDARD",
        roleArn: importer.role.arn,
        definition: terraformJson(compileImport()),
        tracingConfiguration: { enabled: false },
        tags,
        dependsOn: [importer.policy],
      }),
    );
  }
}
