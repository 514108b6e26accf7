/** Part of an event pattern: alternatives of a leaf, or patterns by key. `$or` lists patterns for the node that it stands in. */
export interface PatternNode {
  readonly [key: string]: PatternNode | readonly Alternative[] | readonly PatternNode[];
}

/** One alternative of a leaf: a value, or one operator of EventBridge's. */
export type Alternative =
  | string
  | number
  | { readonly exists: boolean }
  | { readonly prefix: string }
  | { readonly wildcard: string }
  | { readonly "anything-but": readonly (string | number)[] | { readonly wildcard: string } };

/** What CloudTrail's records of calls are called, management events and data events alike. */
const API_CALL = "AWS API Call via CloudTrail";

/**
 * Calls of one service, as CloudTrail tells EventBridge of them. The source begins with `aws.`, which nobody can put on a bus
 * themselves: a record that somebody made up does not match.
 */
export function callsOf(service: string, detail: PatternNode): PatternNode {
  return { source: [`aws.${service}`], "detail-type": [API_CALL], detail };
}

/** Calls of any of several services. */
export function anyCallOf(calls: Readonly<Record<string, PatternNode>>): PatternNode {
  return {
    "detail-type": [API_CALL],
    $or: Object.entries(calls).map(([service, detail]) => ({ source: [`aws.${service}`], detail })),
  };
}

/**
 * A caller who is none of these roles and users. Whoever has no role (a user, the account's root, another account, an AWS service) is
 * looked up by their own ARN, and where they have none, they are none of these. With an empty list, everybody.
 */
export function byOthersThan(arns: readonly string[]): PatternNode {
  if (arns.length === 0) return {};
  const role = (alternative: Alternative): PatternNode => ({ sessionIssuer: { arn: [alternative] } });
  return {
    userIdentity: {
      $or: [
        { sessionContext: role({ "anything-but": arns }) },
        { sessionContext: role({ exists: false }), arn: [{ "anything-but": arns }] },
        { arn: [{ exists: false }] },
      ],
    },
  };
}

/** The same where only roles are named: whoever has none is somebody else. */
export function byOtherRolesThan(arns: readonly string[]): PatternNode {
  const role = (alternative: Alternative): PatternNode => ({
    sessionContext: { sessionIssuer: { arn: [alternative] } },
  });
  return { userIdentity: { $or: [role({ "anything-but": arns }), role({ exists: false })] } };
}

/**
 * A call that names a resource: in its request, or, where IAM refused it and CloudTrail keeps no request, in the refusal. Somebody who
 * tried is as much of interest as somebody who could.
 */
export function naming(request: PatternNode, arn: string): PatternNode {
  return { $or: [{ requestParameters: request }, { errorMessage: [{ wildcard: `*on resource: ${arn}*` }] }] };
}
