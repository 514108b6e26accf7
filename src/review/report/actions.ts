import { code, listed, type Text } from "./content";

/** Services as people call them, by the prefix of their actions. */
const SERVICES: Readonly<Partial<Record<string, string>>> = {
  apigateway: "API Gateway",
  cloudtrail: "CloudTrail",
  cloudwatch: "CloudWatch",
  dynamodb: "DynamoDB",
  ec2: "EC2",
  events: "EventBridge",
  "execute-api": "API Gateway",
  iam: "IAM",
  kms: "KMS",
  lambda: "Lambda",
  logs: "CloudWatch Logs",
  s3: "S3",
  scheduler: "EventBridge Scheduler",
  secretsmanager: "Secrets Manager",
  sns: "SNS",
  sqs: "SQS",
  states: "Step Functions",
  sts: "STS",
};

/** Actions whose own name says too little. Every other is said by its name. */
const VERBS: Readonly<Partial<Record<string, string>>> = {
  "dynamodb:ConditionCheckItem": "check an item within a transaction",
  "events:PutEvents": "put events",
  "execute-api:Invoke": "call",
  "execute-api:ManageConnections": "manage connections of",
  "iam:PassRole": "hand on roles",
  "kms:CreateGrant": "hand on the use of a key",
  "kms:GenerateDataKey": "make a data key",
  "kms:GenerateMac": "make a message authentication code",
  "kms:VerifyMac": "check a message authentication code",
  "lambda:InvokeFunction": "run",
  "secretsmanager:GetSecretValue": "read the value",
  "states:SendTaskFailure": "end a waiting task as failed",
  "states:SendTaskHeartbeat": "keep a waiting task alive",
  "states:SendTaskSuccess": "end a waiting task with a result",
  "states:StartExecution": "start an execution",
  "sts:AssumeRole": "open a session",
  "sts:SetSourceIdentity": "set a session's source identity",
  "sts:TagSession": "tag a session",
};

/** Actions in words, those of a service together: "get item and query (DynamoDB)". */
export function actionsInWords(actions: readonly string[]): Text {
  if (actions.includes("*")) return ["do everything"];
  const services = new Map<string, Text[]>();
  for (const action of actions) {
    const [service = "", name = ""] = action.split(":");
    services.set(service, [...(services.get(service) ?? []), actionInWords(action, name)]);
  }
  return listed(
    [...services].map(([service, words]) => {
      const known = SERVICES[service.toLowerCase()];
      return [...listed(words), " (", known ?? code(service), ")"];
    }),
  );
}

function actionInWords(action: string, name: string): Text {
  const verb = VERBS[action];
  if (verb !== undefined) return [verb];
  if (name === "*") return ["do everything"];
  // What is no plain name, is shown as it is written.
  if (!/^[A-Z][A-Za-z0-9]*$/.test(name)) return [code(name === "" ? action : name)];
  return [
    name
      .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
      .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
      .split(" ")
      .map((word) => (/^[A-Z]{2,}s?$/.test(word) ? word : word.toLowerCase()))
      .join(" "),
  ];
}
