import type { Statement } from "../iam";

/**
 * Policies that AWS keeps, by their name, as far as they matter here: what they allow among the powers that are judged. AWS may change
 * them at any time, so only such are listed whose purpose fixes what they hold; any other is not read.
 *
 * @see https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html (read 2026-11-23)
 */
export const AWS_MANAGED_POLICIES: Readonly<Partial<Record<string, readonly Statement[]>>> = {
  AdministratorAccess: [{ Sid: "AdministratorAccess", Effect: "Allow", Action: "*", Resource: "*" }],
  PowerUserAccess: [
    { Sid: "PowerUserAccess", Effect: "Allow", NotAction: ["iam:*", "organizations:*", "account:*"], Resource: "*" },
  ],
  IAMFullAccess: [{ Sid: "IAMFullAccess", Effect: "Allow", Action: "iam:*", Resource: "*" }],
  SecretsManagerReadWrite: [
    { Sid: "SecretsManagerReadWrite", Effect: "Allow", Action: "secretsmanager:*", Resource: "*" },
  ],
  AmazonDynamoDBFullAccess: [{ Sid: "AmazonDynamoDBFullAccess", Effect: "Allow", Action: "dynamodb:*", Resource: "*" }],
  AWSLambda_FullAccess: [{ Sid: "AWSLambdaFullAccess", Effect: "Allow", Action: "lambda:*", Resource: "*" }],
  AWSStepFunctionsFullAccess: [
    { Sid: "AWSStepFunctionsFullAccess", Effect: "Allow", Action: "states:*", Resource: "*" },
  ],
  AmazonAPIGatewayInvokeFullAccess: [
    {
      Sid: "AmazonAPIGatewayInvokeFullAccess",
      Effect: "Allow",
      Action: ["execute-api:Invoke", "execute-api:ManageConnections"],
      Resource: "arn:aws:execute-api:*:*:*",
    },
  ],
  "service-role/AWSLambdaBasicExecutionRole": [
    {
      Sid: "AWSLambdaBasicExecutionRole",
      Effect: "Allow",
      Action: ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
      Resource: "*",
    },
  ],
  "service-role/AWSLambdaVPCAccessExecutionRole": [
    {
      Sid: "AWSLambdaVPCAccessExecutionRole",
      Effect: "Allow",
      Action: [
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
      ],
      Resource: "*",
    },
  ],
  "service-role/AmazonAPIGatewayPushToCloudWatchLogs": [
    {
      Sid: "AmazonAPIGatewayPushToCloudWatchLogs",
      Effect: "Allow",
      Action: ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
      Resource: "*",
    },
  ],
};
