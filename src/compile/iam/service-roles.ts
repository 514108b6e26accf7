import type { PolicyDocument, Statement } from "../../iam";
import type { Names } from "../names";
import type { IamInput } from "./input";
import { documentOf } from "./statements";

/** The functions that the workflow invokes. */
const WORKFLOW_HANDLERS = ["announce", "broker", "decide", "inspect", "request-approval"] as const;

export function workflowIdentity(names: Names): PolicyDocument {
  return documentOf([
    {
      // Log delivery has no resource type, and policies and groups are described for the whole account.
      // @see https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html (read 2026-11-23)
      Sid: "DeliverLogs",
      Effect: "Allow",
      Action: [
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
      ],
      Resource: "*",
    },
    {
      Sid: "InvokeStepsOfTheWorkflow",
      Effect: "Allow",
      Action: "lambda:InvokeFunction",
      Resource: WORKFLOW_HANDLERS.map((handler) => names.function(handler).arn),
    },
  ]);
}

/** Step Functions, for one state machine. */
export function machineTrust(names: Names, machineArn: string): PolicyDocument {
  return serviceTrust("AssumedByTheWorkflow", "states.amazonaws.com", {
    ArnEquals: { "aws:SourceArn": machineArn },
    StringEquals: { "aws:SourceAccount": names.accountId },
  });
}

export function schedulerIdentity({ names, refs }: IamInput): PolicyDocument {
  return documentOf([
    ...(refs.reconciles === true
      ? [
          {
            Sid: "StartReconciliation",
            Effect: "Allow" as const,
            Action: "states:StartExecution",
            Resource: names.reconciliation.arn,
          },
        ]
      : []),
    {
      Sid: "InvokeNotifier",
      Effect: "Allow",
      Action: "lambda:InvokeFunction",
      Resource: names.function("notifier").arn,
    },
    {
      Sid: "InvokeSweeper",
      Effect: "Allow",
      Action: "lambda:InvokeFunction",
      Resource: names.function("sweeper").arn,
    },
  ]);
}

export function schedulerTrust(names: Names): PolicyDocument {
  return serviceTrust("AssumedByScheduler", "scheduler.amazonaws.com", {
    StringEquals: { "aws:SourceAccount": names.accountId },
  });
}

export function serviceTrust(
  sid: string,
  service: string,
  condition: NonNullable<Statement["Condition"]>,
): PolicyDocument {
  return documentOf([
    { Sid: sid, Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole", Condition: condition },
  ]);
}
