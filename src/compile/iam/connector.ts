import { FIELD_TAG, GRANT_TAG } from "../../core";
import type { PolicyDocument, Statement } from "../../iam";
import type { Policy } from "../../policy/model";
import type { Names } from "../names";
import { denyOutsideEndpoint, throughEndpoint } from "./perimeter";
import { compare, documentOf } from "./statements";

/** What the connector's documents need of a policy: which fields may ever be written. */
export type ConnectorPolicy = Pick<Policy, "fields">;

const GRANT_KEY = `aws:PrincipalTag/${GRANT_TAG}`;
const FIELD_KEY = `aws:PrincipalTag/${FIELD_TAG}`;

/** Stands in the list of writable fields of a policy that has none: IAM wants a value, and no field can be called this. */
const NO_FIELD = "-";

/** Names of the fields that may be written at all, sorted: every class but `never`. */
export function writableFields(policy: ConnectorPolicy): string[] {
  return Object.entries(policy.fields)
    .filter(([, field]) => field.class !== "never")
    .map(([name]) => name)
    .sort(compare);
}

/** The one path of a session, by the session's own tags. */
function ownPath(names: Names, apiId: string): string {
  return names.gatewayRequestArn(apiId, `grants/\${${GRANT_KEY}}/fields/\${${FIELD_KEY}}`);
}

function fieldList(fields: readonly string[]): readonly string[] {
  return fields.length === 0 ? [NO_FIELD] : fields;
}

/**
 * Identity policy of the connector role: one path, made of the session's tags, where the field is a writable one. Everything
 * else is denied in so many words, so that no resource policy can add to it: a session without tags has nothing, and where the
 * gateway has an endpoint, a session anywhere else has nothing either.
 */
export function connectorIdentity(
  names: Names,
  apiId: string,
  fields: readonly string[],
  endpointId?: string,
): PolicyDocument {
  return documentOf([
    {
      Sid: "InvokeOwnPath",
      Effect: "Allow",
      Action: "execute-api:Invoke",
      Resource: ownPath(names, apiId),
      Condition: { StringEquals: { [FIELD_KEY]: fieldList(fields), ...throughEndpoint(endpointId) } },
    },
    { Sid: "DenyAllButOwnPath", Effect: "Deny", Action: "*", NotResource: ownPath(names, apiId) },
    ...denyMissingTags("*", {}),
    ...denyOutsideEndpoint(endpointId, { Action: "*", Resource: "*" }),
  ]);
}

/**
 * Boundary of the connector role: the same path, and a denial of every field that is not writable, a missing one included
 * (`StringNotEquals` holds without a value).
 *
 * The denial of other paths stands in the identity policy alone: with it, 300 fields of 16 characters would need about 6,200
 * of the 6,144 characters of a managed policy. The boundary's own Allow names the path, so nothing else is within it.
 */
export function connectorBoundary(names: Names, apiId: string, fields: readonly string[]): PolicyDocument {
  return documentOf([
    { Sid: "InvokeOwnPath", Effect: "Allow", Action: "execute-api:Invoke", Resource: ownPath(names, apiId) },
    {
      Sid: "DenyUnlisted",
      Effect: "Deny",
      Action: "*",
      Resource: "*",
      Condition: { StringNotEquals: { [FIELD_KEY]: fieldList(fields) } },
    },
  ]);
}

/**
 * Trust of the connector role: the broker's role and nobody else, for a session that carries both tags, a session name and a
 * source identity. One statement per action of STS, each with the condition keys that its action has: a key that an
 * action does not have would make the statement never hold.
 *
 * Session name and source identity are the grant of the tag, by a policy variable: what CloudTrail records of a session names the grant that
 * the session can use. The gateway compares session name and path.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html (read 2026-11-23)
 */
export function connectorTrust(names: Names): PolicyDocument {
  const Principal = { AWS: names.role("broker").arn };
  const grant = "g-*";
  const taggedGrant = `\${aws:RequestTag/${GRANT_TAG}}`;
  const bothTags = { [`aws:RequestTag/${FIELD_TAG}`]: "?*", [`aws:RequestTag/${GRANT_TAG}`]: grant };
  const noOtherTags = {
    "ForAllValues:StringEquals": { "aws:TagKeys": [FIELD_TAG, GRANT_TAG].sort(compare) },
    Null: { "aws:TagKeys": "false", "sts:TransitiveTagKeys": "true" },
  };
  return documentOf([
    {
      Sid: "AssumeForOneGrant",
      Effect: "Allow",
      Principal,
      Action: "sts:AssumeRole",
      Condition: {
        StringEquals: { "sts:RoleSessionName": taggedGrant, "sts:SourceIdentity": taggedGrant },
        StringLike: bothTags,
        ...noOtherTags,
      },
    },
    {
      Sid: "NameTheGrantAsSource",
      Effect: "Allow",
      Principal,
      Action: "sts:SetSourceIdentity",
      Condition: { StringLike: { "sts:SourceIdentity": grant } },
    },
    {
      Sid: "TagWithGrantAndField",
      Effect: "Allow",
      Principal,
      Action: "sts:TagSession",
      Condition: { StringLike: bothTags, ...noOtherTags },
    },
  ]);
}

/**
 * Resource policy of the field gateway's API: denies only. Who may call is for the connector role's policies to say; this says
 * who and what never may, whatever they say: another role, a session without tags, a field that is not writable, another
 * stage or method. An Allow here can take the place of the identity policy's, so there is none.
 *
 * But for a private API, which nobody can call without one: there it names the connector role's ARN, never everybody, the account
 * or a session, so boundary and session policy still limit it, and the identity policy's denials too. What did not come through the
 * endpoint is denied.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-api-create.html (read 2026-11-23)
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html (read 2026-11-23)
 *
 * It repeats no policy variable in a resource: AWS documents `aws:PrincipalTag` as a condition key of API policies, not as a
 * variable, and a variable that is not understood would shut the gateway for everyone.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-aws-condition-keys.html (read 2026-11-23)
 */
export function compileGatewayPolicy(
  names: Names,
  policy: ConnectorPolicy,
  apiId: string,
  endpointId?: string,
): PolicyDocument {
  return gatewayPolicy(names, apiId, writableFields(policy), endpointId);
}

/** The same for a list of writable fields. */
export function gatewayPolicy(
  names: Names,
  apiId: string,
  fields: readonly string[],
  endpointId?: string,
): PolicyDocument {
  const Principal = "*" as const;
  const Action = "execute-api:Invoke";
  const Resource = names.apiRequestsArn(apiId);
  const requests = names.gatewayRequestArn(apiId, "grants/g-*/fields/*");
  return documentOf([
    ...(endpointId === undefined
      ? []
      : [
          {
            Sid: "InvokeThroughTheEndpoint",
            Effect: "Allow" as const,
            Principal: { AWS: names.role("connector").arn },
            Action,
            Resource: requests,
            Condition: { StringEquals: throughEndpoint(endpointId) },
          },
        ]),
    ...denyOutsideEndpoint(endpointId, { Principal, Action, Resource }),
    {
      Sid: "DenyAllButTheConnector",
      Effect: "Deny",
      Principal,
      Action,
      Resource,
      Condition: { StringNotEquals: { "aws:PrincipalArn": names.role("connector").arn } },
    },
    {
      Sid: "DenyAllButTheOneMethod",
      Effect: "Deny",
      Principal,
      Action,
      NotResource: requests,
    },
    {
      Sid: "DenyUnlistedFields",
      Effect: "Deny",
      Principal,
      Action,
      Resource,
      Condition: { StringNotEquals: { [FIELD_KEY]: fieldList(fields) } },
    },
    ...denyMissingTags(Action, { Principal }, Resource),
  ]);
}

function denyMissingTags(action: string, extra: Pick<Statement, "Principal">, resource = "*"): Statement[] {
  return [
    ["DenyWithoutFieldTag", FIELD_KEY],
    ["DenyWithoutGrantTag", GRANT_KEY],
  ].map(([sid, key]) => ({
    Sid: sid,
    Effect: "Deny",
    ...extra,
    Action: action,
    Resource: resource,
    Condition: { Null: { [key ?? ""]: "true" } },
  }));
}
