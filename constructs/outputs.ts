import { Fn, TerraformOutput } from "cdktf";

import { auditNames } from "../src/compile/audit";
import { compileEndpointPolicy } from "../src/compile/iam";
import { EVIDENCE_PREFIX } from "../src/core";
import type { HrisWriteBack } from "./hris-write-back";
import { readable } from "./logical-id";
import { terraformJson } from "./terraform-json";

type Outputs = Readonly<Record<string, readonly [value: string, description: string]>>;

/** What a user needs next. */
export function addOutputs(writeBack: HrisWriteBack): void {
  const { names } = writeBack;
  const outputs: Outputs = {
    "bus-name": [
      writeBack.bus.bus.name,
      "Put lifecycle events here; each publisher's principals may, with its own `source` alone",
    ],
    "bus-arn": [writeBack.bus.bus.arn, "For the identity policies of publishers: events:PutEvents on this ARN"],
    "approvals-url": [
      `${writeBack.workflow.approvalsApi.url}/approvals`,
      "Where approvers read and decide, with a token of the identity provider",
    ],
    ...(writeBack.workflow.approvalsApi.pageUrl === undefined
      ? {}
      : {
          "approvals-page-url": [
            writeBack.workflow.approvalsApi.pageUrl,
            "Where approvers sign in and decide; register it as the client's redirect URI, exactly so",
          ] as const,
        }),
    "field-gateway-url": [
      writeBack.fieldGateway.url,
      "The only door to the HRIS; only sessions of the connector role pass",
    ],
    "state-machine-arn": [
      writeBack.workflow.stateMachine.arn,
      "The workflow: one execution per request, named by the request's id",
    ],
    "queue-url": [writeBack.bus.queue.url, "Events on their way to intake"],
    "dead-letter-queue-url": [
      writeBack.bus.deadLetterQueue.url,
      "Events that intake could not take: somebody should look",
    ],
    "connector-role-arn": [writeBack.connectorRole.identity.role.arn, "The role of a connector's session"],
    "classification-table": [names.classificationTable.name, "The policy as handlers read it"],
    "ledger-table": [names.ledgerTable.name, "What was asked, decided, approved, attempted and shown"],
    "digest-key-arn": [
      writeBack.keys.digestKeyArn,
      "Checks digests for `auditorArns`: `hris-writeback history --verify`",
    ],
    "kill-switch-arn": [
      writeBack.killSwitch.stateMachine.arn,
      "Stops the system: `hris-writeback stop`, or an execution of this machine with the input {}",
    ],
    ...(writeBack.reconciliation === undefined
      ? {}
      : {
          "reconciliation-arn": [
            writeBack.reconciliation.stateMachine.arn,
            'Reconciles now: `hris-writeback reconcile`, or an execution of this machine with the input {"fields":"all"}',
          ] as const,
        }),
    "reversal-function-arn": [
      writeBack.reversal.function.function.arn,
      "Takes back what was written, after its owner's approval: `hris-writeback reverse`",
    ],
    "control-table": [names.controlTable.name, "Switch and breaker: items `switch` and `breaker`"],
  };
  const all = { ...outputs, ...networkOutputs(writeBack), ...auditOutputs(writeBack) };
  for (const [id, [value, description]] of Object.entries(all)) {
    readable(new TerraformOutput(writeBack, id, { value, description }));
  }
  const topics = Object.entries(writeBack.workflow.notices.topics).map(([group, { arn }]) => [group, arn] as const);
  readable(
    new TerraformOutput(writeBack, "approver-topics", {
      value: Object.fromEntries(topics),
      description: "Topic of each group that is asked for approvals: subscribe its people or its chat",
    }),
  );
}

/** Where alerts and records are. */
function auditOutputs({ audit, names }: HrisWriteBack): Outputs {
  if (audit === undefined) return {};
  return {
    "audit-topic-arn": [audit.alerts.topic.arn, "Subscribe here to hear of what must never happen, and of every alarm"],
    "audit-dashboard": [audit.alarms.dashboard.dashboardName, "The dashboard that an operator keeps open"],
    ...(audit.archive === undefined
      ? {}
      : { "audit-bucket": [audit.archive.bucket.bucket, "Log files of every call, locked"] as const }),
    ...(audit.evidence === undefined
      ? {}
      : {
          "evidence-location": [
            `s3://${auditNames(names).bucket.name}/${EVIDENCE_PREFIX}`,
            "The ledger's records as a chain, locked: `hris-writeback verify-evidence` checks it",
          ] as const,
        }),
  };
}

/** What a connector of one's own, and the owner of an existing endpoint, need. */
function networkOutputs({ network, names, fieldGateway }: HrisWriteBack): Outputs {
  if (network === undefined) return {};
  const outputs = {
    "connector-security-group-id": [
      network.connectorSecurityGroup.id,
      "The connector's security group: an existing endpoint lets it in on 443; a connector of your own has it and no other",
    ],
    "connector-subnet-ids": [Fn.join(",", [...network.subnetIds]), "Where the connector runs"],
    "vpc-endpoint-id": [network.endpointId, "The one endpoint through which the field gateway can be called"],
  } as const;
  if (network.endpoint !== undefined) return outputs;
  const policy = terraformJson(compileEndpointPolicy(names, fieldGateway.api.id));
  return {
    ...outputs,
    "vpc-endpoint-policy": [policy, "The policy for that endpoint, if it serves the field gateway alone"],
  };
}
