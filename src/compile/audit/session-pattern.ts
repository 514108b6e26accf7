import { SESSION_SECONDS } from "../../core";
import { SESSION_PATH_TEMPLATE, SESSION_POLICY_PLACEHOLDERS, sessionPolicyTemplate } from "../../iam";
import type { Names } from "../names";
import type { Alternative, PatternNode } from "./pattern";

/**
 * Requests for a session that the broker's template does not produce: another policy or none, a managed policy beside it, or a longer
 * session.
 *
 * A wildcard takes any text, quotes too, so the template's own shape alone would also fit a policy with a second statement where a
 * field's name belongs. Nothing can be added to JSON without a quotation mark, and none can stand inside one of the three values: each of
 * the next three patterns finds one there. The last ones find what IAM would read as a pattern, and an escape that would hide a mark.
 */
export function sessionUnlikeTemplate(names: Names, apiId: string, connectorRoleArn: string): PatternNode {
  const { grantId, field, expiresAt } = SESSION_POLICY_PLACEHOLDERS;
  const template = JSON.stringify(sessionPolicyTemplate(names.gatewayRequestArn(apiId, SESSION_PATH_TEMPLATE)));
  const shape = template.replace(grantId, "g-*").replace(field, "*").replace(expiresAt, "*");
  const holds = (text: string): Alternative => ({ wildcard: `*${text}*` });
  return {
    roleArn: [connectorRoleArn],
    $or: [
      { policy: [{ exists: false }] },
      {
        policy: [
          { "anything-but": { wildcard: shape } },
          holds(`/grants/g-*"*/fields/`),
          holds(`/fields/*"*","Condition":`),
          holds(`"aws:CurrentTime":"*"*"}}`),
          holds("\\*"),
          holds("?"),
          holds("$"),
          holds("\\\\"),
        ],
      },
      { policyArns: { arn: [{ exists: true }] } },
      { durationSeconds: [{ exists: false }] },
      { durationSeconds: [{ "anything-but": [SESSION_SECONDS] }] },
    ],
  };
}
