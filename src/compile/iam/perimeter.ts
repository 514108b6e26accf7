import type { PolicyDocument, Statement } from "../../iam";
import type { Names } from "../names";
import type { RoleDocuments } from "./input";
import { documentOf } from "./statements";

/** The VPC endpoint that a request came through. A request that came through none does not have it. */
const ENDPOINT_KEY = "aws:SourceVpce";

/**
 * The function whose code makes a call with its role's credentials. Of the calls that Lambda makes for the function, those that write
 * its log have it too; those that connect it to a network do not.
 */
const CALLING_FUNCTION_KEY = "lambda:SourceFunctionArn";

/** The condition of an Allow on the endpoint; nothing where there is none. */
export function throughEndpoint(endpointId: string | undefined): Readonly<Record<string, string>> {
  return endpointId === undefined ? {} : { [ENDPOINT_KEY]: endpointId };
}

/** A denial of what did not come through the endpoint, a request through none included: `StringNotEquals` holds without a value. */
export function denyOutsideEndpoint(
  endpointId: string | undefined,
  statement: Pick<Statement, "Action" | "Principal" | "Resource">,
): Statement[] {
  return endpointId === undefined
    ? []
    : [
        {
          Sid: "DenyOutsideTheEndpoint",
          Effect: "Deny",
          ...statement,
          Condition: { StringNotEquals: { [ENDPOINT_KEY]: endpointId } },
        },
      ];
}

/**
 * Policy of the endpoint: through it the connector role makes the one kind of request to the one API, and nobody anything else. It
 * keeps the endpoint from being a way to other APIs of this or any account.
 *
 * API Gateway judges it by who signed the request; a request without a signature is nobody's.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-vpc-endpoint-policies.html (read 2026-11-23)
 */
export function compileEndpointPolicy(names: Names, apiId: string): PolicyDocument {
  const connector = names.role("connector").arn;
  const requests = names.gatewayRequestArn(apiId, "grants/g-*/fields/*");
  return documentOf([
    {
      Sid: "DenyAllButTheConnector",
      Effect: "Deny",
      Principal: "*",
      Action: "*",
      Resource: "*",
      Condition: { StringNotEquals: { "aws:PrincipalArn": connector } },
    },
    { Sid: "DenyAllButTheOneMethod", Effect: "Deny", Principal: "*", Action: "*", NotResource: requests },
    {
      Sid: "InvokeTheGateway",
      Effect: "Allow",
      Principal: { AWS: connector },
      Action: "execute-api:Invoke",
      Resource: requests,
    },
  ]);
}

/** Policy of an endpoint before its own can name the API: AWS's default lets everybody do everything. */
export function closedEndpointPolicy(): PolicyDocument {
  return documentOf([{ Sid: "ClosedUntilTheApiIsKnown", Effect: "Deny", Principal: "*", Action: "*", Resource: "*" }]);
}

/**
 * What Lambda needs of a function's role to connect the function to a VPC, and the denial of all of it, and of everything else but
 * writing its log, to the function's own code.
 *
 * Describing has no narrower resource. Deleting an interface must be allowed for every id, or the function may not start.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html (read 2026-11-23)
 * @see https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html (read 2026-11-23)
 */
export function connectForLambdaAlone(names: Names): Statement[] {
  return [
    {
      Sid: "ConnectToTheNetwork",
      Effect: "Allow",
      Action: [
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:UnassignPrivateIpAddresses",
      ],
      Resource: names.networkArn,
    },
    {
      Sid: "DenyAllButLogsToItsCode",
      Effect: "Deny",
      NotAction: ["logs:CreateLogStream", "logs:PutLogEvents"],
      Resource: "*",
      Condition: { Null: { [CALLING_FUNCTION_KEY]: "false" } },
    },
    {
      Sid: "DescribeTheNetwork",
      Effect: "Allow",
      Action: ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"],
      Resource: "*",
    },
  ];
}

/**
 * The role that writes the flow log of the connector's network.
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html (read 2026-11-23)
 */
export function flowLogsRole(names: Names): RoleDocuments {
  return {
    identity: documentOf([
      {
        Sid: "FindLogGroup",
        Effect: "Allow",
        Action: "logs:DescribeLogGroups",
        Resource: names.logGroupsArn,
      },
      {
        Sid: "WriteFlowLog",
        Effect: "Allow",
        Action: ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        Resource: `${names.flowLogGroup.arn}:*`,
      },
    ]),
    trust: documentOf([
      {
        Sid: "AssumedByFlowLogs",
        Effect: "Allow",
        Principal: { Service: "vpc-flow-logs.amazonaws.com" },
        Action: "sts:AssumeRole",
        Condition: {
          ArnLike: { "aws:SourceArn": names.flowLogsArn },
          StringEquals: { "aws:SourceAccount": names.accountId },
        },
      },
    ]),
  };
}
