import { PRINCIPALS } from "../../core";
import { byOtherRolesThan, byOthersThan, callsOf, naming } from "./pattern";
import type { AuditInput, AuditRule } from "./rule";
import { sessionUnlikeTemplate } from "./session-pattern";

/** What changes an item or could: PartiQL statements may be writes. */
const WRITES = ["BatchWriteItem", "DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem"] as const;
const STATEMENTS = ["BatchExecuteStatement", "ExecuteStatement", "ExecuteTransaction"] as const;

export function connectorRules({ names, refs }: AuditInput): AuditRule[] {
  const connector = names.role("connector").arn;
  return [
    {
      name: "connector-role-assumed",
      never: "The connector role is assumed, or asked for, by anyone but the broker",
      reason: "Its sessions are the only way to the field gateway, and only the broker opens a grant first",
      runbook:
        "Stop the system, find the caller's credentials in the record and revoke them; then look for writes without a grant",
      reads: true,
      pattern: callsOf("sts", {
        eventName: ["AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"],
        ...naming({ roleArn: [connector] }, connector),
        ...byOtherRolesThan([names.role("broker").arn]),
      }),
    },
    {
      name: "connector-session-widened",
      never: "A session of the connector role is opened with a policy that the template does not produce",
      reason: "The session policy is what limits a session to one grant, one field and one moment",
      runbook:
        "Stop the system: the broker's code or role is not ours any more; compare its deployed bundle with the release",
      reads: true,
      pattern: callsOf("sts", {
        eventName: ["AssumeRole"],
        errorCode: [{ exists: false }],
        requestParameters: sessionUnlikeTemplate(names, refs.apiId, connector),
      }),
    },
  ];
}

export function secretRules({ names, refs, rotationRoleArns }: AuditInput): AuditRule[] {
  const { writerSecretArn: arn, writerSecretIds: ids } = refs;
  const others = byOtherRolesThan([names.role("gateway").arn, ...rotationRoleArns]);
  return [
    {
      name: "writer-secret-read",
      never: "The HRIS writer's secret is read, or asked for, by anyone but the field gateway",
      reason: "Who holds it writes to the HRIS past every check, grant and record",
      runbook:
        "Rotate the secret in the HRIS and in Secrets Manager, then compare the HRIS's own audit log with the ledger",
      reads: true,
      pattern: callsOf("secretsmanager", {
        eventName: ["BatchGetSecretValue", "GetSecretValue"],
        $or: [
          { requestParameters: { secretId: [...ids] } },
          { requestParameters: { secretIdList: [...ids] } },
          // A filter instead of a list: it may name any secret.
          { requestParameters: { filters: { key: [{ exists: true }] } } },
          { errorMessage: [{ wildcard: `*on resource: ${arn}*` }] },
        ],
        ...others,
      }),
    },
    {
      name: "writer-secret-opened",
      never: "The writer secret's policy, copies or lifetime are changed",
      reason: "A wider policy or a copy elsewhere lets somebody read it whom no policy of this stack knows",
      runbook: "Put the policy back as the stack has it, delete copies, rotate the secret; ask who changed it and why",
      reads: false,
      pattern: callsOf("secretsmanager", {
        eventName: [
          "DeleteResourcePolicy",
          "DeleteSecret",
          "PutResourcePolicy",
          "ReplicateSecretToRegions",
          "UpdateSecret",
        ],
        requestParameters: { secretId: [...ids] },
      }),
    },
  ];
}

export function tableRules({ names, deployerArns }: AuditInput): AuditRule[] {
  const { classificationTable, ledgerTable, controlTable } = names;
  const tables = [classificationTable, controlTable, ledgerTable];
  const ownRoles = PRINCIPALS.map((principal) => names.role(principal).arn);
  return [
    {
      name: "classification-changed",
      never: "The classification table is changed by anyone but the deployer",
      reason: "It says which field may be written, by whom and after which approval",
      runbook:
        "Compare the table with the policy of the last deploy and apply again; handlers refuse a manifest that is not theirs",
      reads: false,
      pattern: callsOf("dynamodb", {
        eventName: [...WRITES, ...STATEMENTS].sort(),
        resources: { ARN: [classificationTable.arn] },
        ...byOthersThan(deployerArns),
      }),
    },
    {
      name: "ledger-rewritten",
      never: "A record of the ledger is updated or deleted, or put by anything but the stack's own functions",
      reason: "The ledger is the evidence of every decision and approval: nothing updates or deletes there",
      runbook:
        "Restore the table to the moment before beside it, compare, and verify the exported evidence; find the caller",
      reads: false,
      pattern: callsOf("dynamodb", {
        resources: { ARN: [ledgerTable.arn] },
        $or: [
          { eventName: ["BatchWriteItem", "DeleteItem", "UpdateItem", ...STATEMENTS] },
          {
            requestParameters: {
              requestItems: { operation: ["Delete", "Update"], tableName: [ledgerTable.name, ledgerTable.arn] },
            },
          },
          { eventName: ["PutItem", "TransactWriteItems"], ...byOtherRolesThan(ownRoles) },
        ],
      }),
    },
    {
      name: "table-changed",
      never: "A table is deleted, opened or reconfigured by anyone but the deployer",
      reason: "Deletion protection, recovery and the resource policy stand between a person and the records",
      runbook: "Put the setting back by an apply; if a table is gone, restore it from its last point in time",
      reads: false,
      pattern: callsOf("dynamodb", {
        eventName: [
          "DeleteResourcePolicy",
          "DeleteTable",
          "PutResourcePolicy",
          "UpdateContinuousBackups",
          "UpdateTable",
          "UpdateTimeToLive",
        ],
        $or: [
          { requestParameters: { tableName: tables.flatMap(({ name, arn }) => [name, arn]) } },
          { requestParameters: { resourceArn: tables.map(({ arn }) => arn) } },
        ],
        ...byOthersThan(deployerArns),
      }),
    },
  ];
}
