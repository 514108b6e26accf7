import { CONTROL, LEDGER } from "../../core";
import type { PolicyDocument, Statement } from "../../iam";
import type { Names } from "../names";
import { documentOf, putLedger, queryDue, readLedger, useControl } from "./statements";

/** The functions that a stop leaves no concurrency: who opens grants, and who writes. */
export const STOPPED_HANDLERS = ["broker", "gateway"] as const;

/**
 * What a stop attaches to the connector role. It denies everything to whatever session is out there, by a deny that no Allow beats.
 */
export function stopPolicy(): PolicyDocument {
  return documentOf([{ Sid: "DenyEverythingWhileStopped", Effect: "Deny", Action: "*", Resource: "*" }]);
}

/**
 * The kill switch's function. It can take away, and give back what it took away: neither a grant, nor a credential, nor another policy than
 * the one of denials. `intakeMappingArn` is AWS's to give; absent, nothing can be done with the mapping.
 */
export function killSwitch(names: Names, intakeMappingArn: string | undefined): Statement[] {
  return [
    {
      Sid: "AttachTheStopPolicy",
      Effect: "Allow",
      Action: ["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
      Resource: names.role("connector").arn,
      Condition: { ArnEquals: { "iam:PolicyARN": names.stopPolicy.arn } },
    },
    { Sid: "EndExecutions", Effect: "Allow", Action: "states:StopExecution", Resource: names.executionsArn },
    { Sid: "FindExecutions", Effect: "Allow", Action: "states:ListExecutions", Resource: names.stateMachine.arn },
    {
      Sid: "LimitConcurrency",
      Effect: "Allow",
      Action: ["lambda:DeleteFunctionConcurrency", "lambda:GetFunctionConcurrency", "lambda:PutFunctionConcurrency"],
      Resource: STOPPED_HANDLERS.map((handler) => names.function(handler).arn),
    },
    {
      Sid: "LookAtTheConnectorRole",
      Effect: "Allow",
      Action: "iam:ListAttachedRolePolicies",
      Resource: names.role("connector").arn,
    },
    ...(intakeMappingArn === undefined
      ? []
      : [
          {
            Sid: "OpenAndCloseIntake",
            Effect: "Allow" as const,
            Action: ["lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping"],
            Resource: intakeMappingArn,
            // The mapping stays intake's: it can be closed, and not be handed to another function.
            Condition: { ArnEquals: { "lambda:FunctionArn": names.function("intake").arn } },
          },
        ]),
    queryDue(names, ["settle"]),
    putLedger(names, "RecordStopsAndDrills", [LEDGER.systemDrill, LEDGER.systemStop]),
    readLedger(names, ["GetItem", "Query"]),
    useControl(names, "StopTheSwitch", [CONTROL.switch], ["ConditionCheckItem", "GetItem", "PutItem"]),
  ];
}

/** The kill switch's state machine runs its function, and for a drill's looks at HR's records the sweeper, who may read them. */
export function killSwitchWorkflow(names: Names): PolicyDocument {
  return documentOf([
    {
      Sid: "InvokeStepsOfTheKillSwitch",
      Effect: "Allow",
      Action: "lambda:InvokeFunction",
      Resource: [names.function("kill-switch").arn, names.function("sweeper").arn],
    },
  ]);
}
