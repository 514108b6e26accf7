import * as z from "zod";

import { FIELD_NAME, GATEWAY_METHOD, GATEWAY_RESOURCE, GATEWAY_STAGE, isGrantId, NO_VPC_ENDPOINT } from "../core";
import type { Scalar } from "../policy/model";
import { gatewayBodySchema } from "./payloads";

/** Longest body that is read, in UTF-16 code units. */
const MAX_BODY = 16_384;

const headers = z.record(z.string(), z.unknown()).nullish();

/** What we read of an API Gateway REST proxy event. Names are those of API Gateway. */
export const restProxyEventSchema = z.object({
  resource: z.string(),
  httpMethod: z.string(),
  headers,
  multiValueHeaders: headers,
  queryStringParameters: z.record(z.string(), z.unknown()).nullish(),
  multiValueQueryStringParameters: z.record(z.string(), z.unknown()).nullish(),
  pathParameters: z.record(z.string(), z.string()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().optional(),
  requestContext: z.object({
    stage: z.string(),
    httpMethod: z.string(),
    resourcePath: z.string(),
    path: z.string(),
    identity: z.object({
      userArn: z.string().nullish(),
      accessKey: z.string().nullish(),
      /** The VPC endpoint that the request came through, of a private API alone. */
      vpceId: z.string().nullish(),
    }),
  }),
});

/** The one request that a session may make, authenticated. */
export interface GatewayRequest {
  readonly grantId: string;
  readonly field: string;
  /** `null` empties the field. */
  readonly value: Scalar | null;
  /** Of the session that asks. */
  readonly accessKeyId: string;
}

/** Who may come to the gateway, and by which way. */
export interface GatewayDoor {
  readonly connectorRoleArn: string;
  /** The one VPC endpoint, or `NO_VPC_ENDPOINT` for a gateway that may be called from anywhere. */
  readonly vpcEndpointId: string;
}

/** Why a request is refused before the ledger is asked. */
export type RequestRefusal =
  | "MalformedRequest"
  | "WrongEndpoint"
  | "WrongStage"
  | "WrongMethod"
  | "MethodOverride"
  | "WrongResource"
  | "WrongPath"
  | "QueryNotAllowed"
  | "CallerNotConnector"
  | "GrantNotCallers"
  | "MalformedBody";

/**
 * Reads and authenticates a request. The caller is who API Gateway says has signed: an assumed-role session of the connector role,
 * whose session name is the grant; nothing else is taken from the caller's word. The path is rebuilt from its parameters and must
 * be the path that IAM judged, so that no encoding of it means two things.
 *
 * `test-invoke-stage`, by which the console skips IAM, and a method override are refused. Where the gateway has a VPC endpoint, so is
 * everything that API Gateway does not say has come through it.
 */
export function readGatewayRequest(
  event: unknown,
  { connectorRoleArn, vpcEndpointId }: GatewayDoor,
): GatewayRequest | RequestRefusal {
  const parsed = restProxyEventSchema.safeParse(event);
  if (!parsed.success) return "MalformedRequest";
  const { data } = parsed;
  const { requestContext: context } = data;

  if (vpcEndpointId !== NO_VPC_ENDPOINT && context.identity.vpceId !== vpcEndpointId) return "WrongEndpoint";
  if (context.stage !== GATEWAY_STAGE) return "WrongStage";
  if (data.httpMethod !== GATEWAY_METHOD || context.httpMethod !== GATEWAY_METHOD) return "WrongMethod";
  const named = [...Object.keys(data.headers ?? {}), ...Object.keys(data.multiValueHeaders ?? {})];
  if (named.some((name) => name.toLowerCase() === "x-http-method-override")) return "MethodOverride";
  if (data.resource !== GATEWAY_RESOURCE || context.resourcePath !== GATEWAY_RESOURCE) return "WrongResource";

  const { grantId = "", field = "" } = data.pathParameters ?? {};
  if (!isGrantId(grantId) || !FIELD_NAME.test(field)) return "WrongPath";
  if (context.path !== `/${GATEWAY_STAGE}/grants/${grantId}/fields/${field}`) return "WrongPath";
  if (isFilled(data.queryStringParameters) || isFilled(data.multiValueQueryStringParameters)) return "QueryNotAllowed";

  const { userArn, accessKey } = context.identity;
  const sessionPrefix = sessionArnPrefix(connectorRoleArn);
  if (typeof userArn !== "string" || !userArn.startsWith(sessionPrefix)) return "CallerNotConnector";
  if (userArn.slice(sessionPrefix.length) !== grantId) return "GrantNotCallers";
  if (typeof accessKey !== "string" || accessKey === "") return "CallerNotConnector";

  const value = valueOf(data.body, data.isBase64Encoded ?? false);
  return value === undefined ? "MalformedBody" : { grantId, field, value, accessKeyId: accessKey };
}

/** What the ARN of every session of a role starts with. A role's path is not in it. */
function sessionArnPrefix(roleArn: string): string {
  const [, partition, accountId, path] = /^arn:([^:]+):iam::(\d{12}):role\/(.+)$/.exec(roleArn) ?? [];
  const name = path?.split("/").at(-1);
  if (partition === undefined || accountId === undefined || name === undefined || name === "") {
    throw new TypeError("the connector role's ARN is not the ARN of a role");
  }
  return `arn:${partition}:sts::${accountId}:assumed-role/${name}/`;
}

function isFilled(parameters: Readonly<Record<string, unknown>> | null | undefined): boolean {
  return Object.keys(parameters ?? {}).length > 0;
}

function valueOf(body: string | null | undefined, isBase64Encoded: boolean): Scalar | null | undefined {
  if (typeof body !== "string" || body.length > MAX_BODY) return undefined;
  try {
    const text = isBase64Encoded ? Buffer.from(body, "base64").toString("utf8") : body;
    const parsed = gatewayBodySchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data.value : undefined;
  } catch {
    return undefined;
  }
}
