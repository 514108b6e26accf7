import { GATEWAY_RESOURCE, PRINCIPALS } from "../../core";
import { anyCallOf, byOthersThan, callsOf } from "./pattern";
import type { AuditInput, AuditRule } from "./rule";

export function identityRules({ names, refs, deployerArns }: AuditInput): AuditRule[] {
  const roleNames = PRINCIPALS.map((principal) => names.role(principal).name);
  // Every function of the stack, by the beginning that their names share.
  const functions = [
    { prefix: `${names.prefix}-` },
    { prefix: `arn:${names.partition}:lambda:${names.region}:${names.accountId}:function:${names.prefix}-` },
  ];
  return [
    {
      name: "trust-changed",
      never: "Who may assume a role of the stack is changed",
      reason: "A trust policy decides who becomes broker, gateway or connector",
      runbook: "If no deploy of that minute did it, put the trust back, revoke the role's sessions and find the caller",
      reads: false,
      pattern: callsOf("iam", { eventName: ["UpdateAssumeRolePolicy"], requestParameters: { roleName: roleNames } }),
    },
    {
      name: "boundary-changed",
      never:
        "The connector role's boundary is taken off or exchanged, or it or the stop policy is given another version",
      reason:
        "The boundary is the most that a session can do, and the stop policy is what ends every session at a stop",
      runbook: "If no deploy of that minute did it, stop the system, put the boundary back, revoke the role's sessions",
      reads: false,
      pattern: callsOf("iam", {
        $or: [
          {
            eventName: ["DeleteRolePermissionsBoundary", "PutRolePermissionsBoundary"],
            requestParameters: { roleName: roleNames },
          },
          {
            eventName: ["CreatePolicyVersion", "DeletePolicy", "SetDefaultPolicyVersion"],
            requestParameters: { policyArn: [names.connectorBoundary.arn, names.stopPolicy.arn] },
          },
        ],
      }),
    },
    {
      name: "role-policy-changed",
      never: "What a role of the stack may do is changed by anyone but the deployer",
      reason: "Each role has exactly what its handler does; the proof of a deploy holds only for those policies",
      runbook: "Put the policy back by an apply; look in the trail for what the role did meanwhile",
      reads: false,
      pattern: callsOf("iam", {
        eventName: ["AttachRolePolicy", "DeleteRolePolicy", "DetachRolePolicy", "PutRolePolicy"],
        requestParameters: { roleName: roleNames },
        // What the kill switch attaches is told as a stop.
        ...byOthersThan([...deployerArns, names.role("kill-switch").arn]),
      }),
    },
    {
      name: "key-policy-changed",
      never: "The policy of a key is changed, or a key is disabled or to be deleted",
      reason: "The digest key proves that what is written was approved; the data key keeps records and task tokens",
      runbook: "If no deploy of that minute did it, cancel the deletion, put the policy back and find the caller",
      reads: false,
      pattern: callsOf("kms", {
        eventName: ["DisableKey", "PutKeyPolicy", "ScheduleKeyDeletion"],
        resources: { ARN: [...refs.keyArns] },
      }),
    },
    {
      name: "code-changed",
      never: "A function's code, settings or callers, or a state machine, are changed by anyone but the deployer",
      reason: "Who changes the gateway's code holds the writer credential; who changes the workflow skips the approval",
      runbook: "Stop the system, deploy the release again, compare the bundles' hashes, rotate the writer secret",
      reads: false,
      pattern: anyCallOf({
        lambda: {
          eventName: [
            "AddPermission20150331v2",
            "UpdateFunctionCode20150331v2",
            "UpdateFunctionConfiguration20150331v2",
          ],
          requestParameters: { functionName: functions },
          ...byOthersThan(deployerArns),
        },
        states: {
          eventName: ["DeleteStateMachine", "UpdateStateMachine"],
          requestParameters: { stateMachineArn: [names.killSwitch.arn, names.stateMachine.arn] },
          ...byOthersThan(deployerArns),
        },
      }),
    },
  ];
}

export function gatewayRules({ refs }: AuditInput): AuditRule[] {
  const { apiId, vpcEndpointId } = refs;
  return [
    {
      name: "api-changed",
      never: "The field gateway's API or its policy is changed",
      reason: "Its policy refuses every caller but the connector role, and every request but one kind",
      runbook: "If no deploy of that minute did it, put the policy back by an apply and read the access log since",
      reads: false,
      pattern: callsOf("apigateway", {
        eventName: ["DeleteRestApi", "PutRestApi", "UpdateRestApi"],
        requestParameters: { restApiId: [apiId] },
      }),
    },
    {
      name: "method-without-iam",
      never: `A method of the field gateway answers without IAM: \`${GATEWAY_RESOURCE}\` and every other`,
      reason: "Without IAM there is no session, no grant and no caller to hold anybody to",
      runbook: "Delete the method or put `AWS_IAM` back, deploy the stage, then read the access log since",
      reads: false,
      pattern: callsOf("apigateway", {
        $or: [
          {
            eventName: ["PutMethod"],
            requestParameters: {
              restApiId: [apiId],
              putMethodInput: { authorizationType: [{ "anything-but": ["AWS_IAM"] }] },
            },
          },
          {
            eventName: ["UpdateMethod"],
            requestParameters: {
              restApiId: [apiId],
              updateMethodInput: {
                patchOperations: { path: ["/authorizationType"], value: [{ "anything-but": ["AWS_IAM"] }] },
              },
            },
          },
        ],
      }),
    },
    ...(vpcEndpointId === undefined
      ? []
      : [
          {
            name: "endpoint-changed",
            never: "The VPC endpoint of the field gateway, or its policy, is changed",
            reason: "Its policy lets one kind of request through; the gateway can be called from nowhere else",
            runbook: "If no deploy of that minute did it, put the policy back by an apply and read the flow log since",
            reads: false,
            pattern: callsOf("ec2", {
              $or: [
                {
                  eventName: ["ModifyVpcEndpoint"],
                  requestParameters: { ModifyVpcEndpointRequest: { VpcEndpointId: [vpcEndpointId] } },
                },
                {
                  eventName: ["DeleteVpcEndpoints"],
                  requestParameters: { DeleteVpcEndpointsRequest: { VpcEndpointId: { content: [vpcEndpointId] } } },
                },
              ],
            }),
          },
        ]),
  ];
}
