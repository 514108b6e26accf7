import { PRINCIPALS } from "../../core";
import type { Names } from "../names";
import { anyCallOf, naming, type PatternNode } from "./pattern";
import type { AuditInput, AuditRule } from "./rule";
import { connectorRules, secretRules, tableRules } from "./rules-of-access";
import { gatewayRules, identityRules } from "./rules-of-change";
import { stopRules, trailRules } from "./rules-of-watch";

/**
 * What must never happen in the account of a write-back, each as an EventBridge rule over CloudTrail's records. Where an identity of the
 * stack has a power alone, the rule listens for everybody else; where nobody should ever change something unannounced, for everybody.
 */
export function auditRules(input: AuditInput): readonly AuditRule[] {
  return [
    ...connectorRules(input),
    ...secretRules(input),
    ...tableRules(input),
    ...identityRules(input),
    ...gatewayRules(input),
    ...trailRules(input),
    ...stopRules(input),
  ];
}

/**
 * What is carried from the Region where IAM's calls are recorded to the stack's own bus, for the rules there: every change of a role or policy of the stack, every
 * attempt at the connector role. Wider than the rules, so that one pattern serves them all.
 */
export function forwardedPattern(names: Names): PatternNode {
  const roleNames = PRINCIPALS.map((principal) => names.role(principal).name);
  const connector = names.role("connector").arn;
  return anyCallOf({
    iam: {
      $or: [
        { requestParameters: { roleName: roleNames } },
        { requestParameters: { policyArn: [names.connectorBoundary.arn, names.stopPolicy.arn] } },
      ],
    },
    sts: naming({ roleArn: [connector] }, connector),
  });
}
