import { readFileSync } from "node:fs";
import { join } from "node:path";

import * as fc from "fast-check";

import { auditNames, compileTrailBucketPolicy, compileTrailKeyPolicy } from "../../src/compile/audit";
import {
  compileBusPolicy,
  compileDataKeyPolicy,
  compileDigestKeyPolicy,
  compileGatewayPolicy,
  compileRoles,
  compileTopicPolicy,
  writerSecretPolicy,
  type RoleDocuments,
} from "../../src/compile/iam";
import { DUE_QUEUES, HANDLERS, LEDGER, PRINCIPALS, type HandlerName, type Principal } from "../../src/core";
import {
  evaluate,
  evaluateAssumeRole,
  type ContextInput,
  type Layers,
  type OneOrMany,
  type PolicyDocument,
} from "../../src/iam";
import { FIELD_CLASSES, type FieldClass } from "../../src/policy/model";
import { ALLOW_ALL, fieldOf, NAMES, OWN_GRANT, policyOf, PRIVATE_REFS, REFS, requestArn } from "../iam/helpers";

const POLICY = policyOf({ work_email: "safe", manager: "conditional", base_salary: "never" });
const ROLES = compileRoles({ names: NAMES, policy: POLICY, refs: REFS });

/** Everything somebody could ask of the stack's resources, by the resource's own word. */
interface Place {
  readonly place: string;
  readonly service: string;
  readonly actions: readonly string[];
  readonly resource: string;
  readonly context?: ContextInput;
  readonly layers?: Pick<Layers, "resource" | "resourceKind">;
}

const ITEM_ACTIONS = [
  "BatchGetItem",
  "BatchWriteItem",
  "ConditionCheckItem",
  "DeleteItem",
  "DeleteTable",
  "GetItem",
  "PartiQLDelete",
  "PartiQLInsert",
  "PartiQLUpdate",
  "PutItem",
  "Query",
  "Scan",
  "UpdateItem",
  "UpdateTable",
];
const KEY_ACTIONS = [
  "CreateGrant",
  "Decrypt",
  "Encrypt",
  "GenerateDataKey",
  "GenerateMac",
  "PutKeyPolicy",
  "VerifyMac",
];
const NETWORK_ACTIONS = [
  "AssignPrivateIpAddresses",
  "AuthorizeSecurityGroupEgress",
  "CreateNetworkInterface",
  "CreateRoute",
  "DeleteNetworkInterface",
  "ModifyNetworkInterfaceAttribute",
  "ModifyVpcEndpoint",
  "UnassignPrivateIpAddresses",
];
const CONTROL_KEYS = [
  "switch",
  "breaker",
  "breaker-count#",
  "lease#",
  "pointer#",
  "task#",
  "look#",
  "open#",
  "inbox#",
  "notice#",
  "reconciliation",
  "reconcile#",
  "reconciled#",
  "evidence-head",
  "other",
];

const OBJECT_ACTIONS = ["BypassGovernanceRetention", "DeleteObject", "DeleteObjectVersion", "GetObject", "PutObject"];
const ARCHIVE = auditNames(NAMES).bucket.arn;

const ACCOUNT = { "kms:CallerAccount": "111122223333" };
const DATA_KEY = { resource: compileDataKeyPolicy(NAMES), resourceKind: "must-allow" } as const;
const PUBLISHERS = { "identity.joiner": ["arn:aws:iam::111122223333:role/joiner"], "agents.onboarding": [] };

const PLACES: readonly Place[] = [
  { place: "classification", service: "dynamodb", actions: ITEM_ACTIONS, resource: NAMES.classificationTable.arn },
  { place: "ledger", service: "dynamodb", actions: ITEM_ACTIONS, resource: NAMES.ledgerTable.arn },
  ...Object.values(LEDGER).map((kind) => ({
    place: `ledger ${kind}`,
    service: "dynamodb",
    actions: ["PutItem"],
    resource: NAMES.ledgerTable.arn,
    context: { "dynamodb:LeadingKeys": [kind.endsWith("#") ? `${kind}x` : kind] },
  })),
  {
    place: "ledger request#reversal-",
    service: "dynamodb",
    actions: ["PutItem"],
    resource: NAMES.ledgerTable.arn,
    context: { "dynamodb:LeadingKeys": ["request#reversal-x"] },
  },
  {
    place: "ledger, two kinds at once",
    service: "dynamodb",
    actions: ["PutItem"],
    resource: NAMES.ledgerTable.arn,
    context: { "dynamodb:LeadingKeys": ["outcome#x", "approval#x"] },
  },
  ...DUE_QUEUES.map((queue) => ({
    place: `control due ${queue}`,
    service: "dynamodb",
    actions: ITEM_ACTIONS,
    resource: NAMES.dueIndexArn,
    context: { "dynamodb:LeadingKeys": [queue] },
  })),
  {
    place: "control due index without a queue",
    service: "dynamodb",
    actions: ITEM_ACTIONS,
    resource: NAMES.dueIndexArn,
  },
  { place: "control without a key", service: "dynamodb", actions: ITEM_ACTIONS, resource: NAMES.controlTable.arn },
  ...CONTROL_KEYS.map((key) => ({
    place: `control ${key}`,
    service: "dynamodb",
    actions: ITEM_ACTIONS,
    resource: NAMES.controlTable.arn,
    context: { "dynamodb:LeadingKeys": [key.endsWith("#") ? `${key}x` : key] },
  })),
  {
    place: "control open#reversal-",
    service: "dynamodb",
    actions: ITEM_ACTIONS,
    resource: NAMES.controlTable.arn,
    context: { "dynamodb:LeadingKeys": ["open#reversal-x"] },
  },
  {
    place: "control, two keys at once",
    service: "dynamodb",
    actions: ITEM_ACTIONS,
    resource: NAMES.controlTable.arn,
    context: { "dynamodb:LeadingKeys": ["pointer#x", "switch-of-another"] },
  },
  ...["dynamodb", "sqs", "secretsmanager", "sns"].map((service) => ({
    place: `kms data via ${service}`,
    service: "kms",
    actions: KEY_ACTIONS,
    resource: REFS.dataKeyArn,
    context: { ...ACCOUNT, "kms:ViaService": `${service}.eu-west-1.amazonaws.com` },
    layers: DATA_KEY,
  })),
  {
    place: "kms data for a task token",
    service: "kms",
    actions: KEY_ACTIONS,
    resource: REFS.dataKeyArn,
    context: { ...ACCOUNT, "kms:EncryptionContext:purpose": "task-token" },
    layers: DATA_KEY,
  },
  {
    place: "kms data directly",
    service: "kms",
    actions: KEY_ACTIONS,
    resource: REFS.dataKeyArn,
    context: ACCOUNT,
    layers: DATA_KEY,
  },
  {
    place: "kms digest",
    service: "kms",
    actions: KEY_ACTIONS,
    resource: REFS.digestKeyArn,
    context: { ...ACCOUNT, "kms:MacAlgorithm": "HMAC_SHA_256" },
    layers: { resource: compileDigestKeyPolicy(NAMES), resourceKind: "must-allow" },
  },
  {
    place: "kms digest with another algorithm",
    service: "kms",
    actions: KEY_ACTIONS,
    resource: REFS.digestKeyArn,
    context: { ...ACCOUNT, "kms:MacAlgorithm": "HMAC_SHA_512" },
    layers: { resource: compileDigestKeyPolicy(NAMES), resourceKind: "must-allow" },
  },
  {
    place: "source secret",
    service: "secretsmanager",
    actions: ["GetSecretValue", "PutSecretValue"],
    resource: REFS.sourceSecretArns[0]!,
  },

  {
    place: "HRIS reader secret",
    service: "secretsmanager",
    actions: ["GetSecretValue", "PutSecretValue"],
    resource: REFS.hrisReaderSecretArn,
  },
  {
    place: "writer secret",
    service: "secretsmanager",
    actions: ["GetSecretValue", "PutSecretValue"],
    resource: REFS.writerSecretArn,
    layers: { resource: writerSecretPolicy(NAMES) },
  },
  ...["hr-ops-approvers", "payroll.approvers", "strangers"].map((group) => ({
    place: `topic of ${group}`,
    service: "sns",
    actions: ["AddPermission", "DeleteTopic", "Publish", "SetTopicAttributes", "Subscribe"],
    resource: NAMES.topic(group).arn,
    layers: { resource: compileTopicPolicy(NAMES, group) },
  })),
  {
    place: "queue",
    service: "sqs",
    actions: [
      "ChangeMessageVisibility",
      "DeleteMessage",
      "GetQueueAttributes",
      "PurgeQueue",
      "ReceiveMessage",
      "SendMessage",
    ],
    resource: NAMES.intakeQueue.arn,
  },
  ...["111122223333", "444455556666"].map((account) => ({
    place: `Security Hub, ${account === NAMES.accountId ? "this account's" : "another's"} findings`,
    service: "securityhub",
    actions: ["BatchImportFindings", "BatchUpdateFindings", "DisableSecurityHub"],
    resource: `arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default`,
    context: { "securityhub:TargetAccount": account },
  })),
  {
    place: "import of findings",
    service: "states",
    actions: ["DescribeStateMachine", "StartExecution", "StopExecution", "UpdateStateMachine"],
    resource: auditNames(NAMES).findings.arn,
  },
  {
    place: "queue of what evidence gave up",
    service: "sqs",
    actions: ["DeleteMessage", "ReceiveMessage", "SendMessage"],
    resource: NAMES.evidenceDeadLetterQueue.arn,
  },
  {
    place: "stream of the ledger",
    service: "dynamodb",
    actions: ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"],
    resource: `${NAMES.ledgerTable.arn}/stream/2026-11-01T00:00:00.000`,
  },
  {
    place: "stream of the control table",
    service: "dynamodb",
    actions: ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"],
    resource: `${NAMES.controlTable.arn}/stream/2026-11-01T00:00:00.000`,
  },
  ...(
    [
      ["where none is", "*"],
      ["over what is there", undefined],
    ] as const
  ).map(([how, header]) => ({
    place: `evidence, ${how}`,
    service: "s3",
    actions: OBJECT_ACTIONS,
    resource: `${ARCHIVE}/evidence/v1/0000000000000001.jsonl`,
    context: { "s3:TlsVersion": "1.3", ...(header === undefined ? {} : { "s3:if-none-match": header }) },
    layers: { resource: compileTrailBucketPolicy(NAMES, { accountId: NAMES.accountId, retention: "retain" }) },
  })),
  ...["AWSLogs/111122223333/CloudTrail/a.json.gz", "anything"].map((object) => ({
    place: `another object of the archive: ${object}`,
    service: "s3",
    actions: OBJECT_ACTIONS,
    resource: `${ARCHIVE}/${object}`,
    context: { "s3:TlsVersion": "1.3", "s3:if-none-match": "*" },
  })),
  {
    place: "the archive itself",
    service: "s3",
    actions: ["DeleteBucket", "ListBucket", "PutBucketObjectLockConfiguration", "PutBucketPolicy"],
    resource: ARCHIVE,
  },
  ...["evidence/v1/1.jsonl", "AWSLogs/a"].map((object) => ({
    place: `kms archive for ${object.split("/")[0] ?? ""}`,
    service: "kms",
    actions: KEY_ACTIONS,
    resource: REFS.archiveKeyArn!,
    context: {
      ...ACCOUNT,
      "kms:ViaService": "s3.eu-west-1.amazonaws.com",
      "kms:EncryptionContext:aws:s3:arn": `${ARCHIVE}/${object}`,
    },
    layers: {
      resource: compileTrailKeyPolicy(NAMES, { accountId: NAMES.accountId, retention: "retain" }),
      resourceKind: "must-allow" as const,
    },
  })),
  {
    place: "workflow",
    service: "states",
    actions: ["DescribeStateMachine", "ListExecutions", "StartExecution", "StopExecution", "UpdateStateMachine"],
    resource: NAMES.stateMachine.arn,
  },
  {
    place: "kill switch",
    service: "states",
    actions: ["DescribeStateMachine", "ListExecutions", "StartExecution", "StopExecution", "UpdateStateMachine"],
    resource: NAMES.killSwitch.arn,
  },
  {
    place: "reconciliation",
    service: "states",
    actions: ["DescribeStateMachine", "ListExecutions", "StartExecution", "StopExecution", "UpdateStateMachine"],
    resource: NAMES.reconciliation.arn,
  },
  ...["/Parts:x", ":x", "-of-another:x"].map((execution) => ({
    place: `executions of the reconciliation${execution}`,
    service: "states",
    actions: ["DescribeExecution", "GetExecutionHistory", "RedriveExecution", "StopExecution"],
    resource: NAMES.reconciliation.arn.replace(":stateMachine:", ":execution:") + execution,
  })),
  {
    place: "CloudTrail",
    service: "cloudtrail",
    actions: ["CreateTrail", "DeleteTrail", "DescribeTrails", "LookupEvents", "StartQuery", "StopLogging"],
    resource: "*",
  },
  ...["intake", "broker"].map((handler) => ({
    place: `event source mapping of ${handler}`,
    service: "lambda",
    actions: ["DeleteEventSourceMapping", "GetEventSourceMapping", "UpdateEventSourceMapping"],
    resource: REFS.intakeMappingArn!,
    context: { "lambda:FunctionArn": NAMES.function(handler as HandlerName).arn },
  })),
  {
    place: "another event source mapping",
    service: "lambda",
    actions: ["GetEventSourceMapping", "UpdateEventSourceMapping"],
    resource: `${REFS.intakeMappingArn!}-2`,
    context: { "lambda:FunctionArn": NAMES.function("intake").arn },
  },
  {
    place: "executions of the workflow",
    service: "states",
    actions: ["DescribeExecution", "GetExecutionHistory", "RedriveExecution", "StopExecution"],
    resource: NAMES.stateMachine.arn.replace(":stateMachine:", ":execution:") + ":r-1",
  },
  {
    place: "executions of another workflow",
    service: "states",
    actions: ["DescribeExecution", "GetExecutionHistory", "RedriveExecution", "StopExecution"],
    resource: NAMES.stateMachine.arn.replace(":stateMachine:", ":execution:") + "-of-another:r-1",
  },
  {
    place: "task results",
    service: "states",
    actions: ["SendTaskFailure", "SendTaskHeartbeat", "SendTaskSuccess"],
    resource: "*",
  },
  {
    place: "connector role",
    service: "sts",
    actions: ["AssumeRole", "AssumeRoleWithWebIdentity", "SetSourceIdentity", "TagSession"],
    resource: NAMES.role("connector").arn,
  },
  { place: "another role", service: "sts", actions: ["AssumeRole"], resource: NAMES.role("gateway").arn },
  ...HANDLERS.map((handler) => ({
    place: `function ${handler}`,
    service: "lambda",
    actions: [
      "DeleteFunctionConcurrency",
      "GetFunctionConcurrency",
      "InvokeFunction",
      "PutFunctionConcurrency",
      "UpdateFunctionCode",
    ],
    resource: NAMES.function(handler).arn,
  })),
  ...HANDLERS.map((handler) => ({
    place: `logs of ${handler}`,
    service: "logs",
    actions: ["CreateLogStream", "DeleteLogGroup", "PutLogEvents"],
    resource: `${NAMES.function(handler).logGroupArn}:log-stream:x`,
  })),
  {
    place: "log of the network",
    service: "logs",
    actions: ["CreateLogStream", "DeleteLogGroup", "DescribeLogStreams", "PutLogEvents"],
    resource: `${NAMES.flowLogGroup.arn}:log-stream:x`,
  },
  {
    place: "log groups, all",
    service: "logs",
    actions: ["CreateLogGroup", "DescribeLogGroups"],
    resource: "arn:aws:logs:eu-west-1:111122223333:log-group::log-stream:",
  },
  ...["network-interface/eni-1", "security-group/sg-1", "subnet/subnet-1", "vpc-endpoint/vpce-1"].map((resource) => ({
    place: `network: ${resource.split("/")[0] ?? ""}`,
    service: "ec2",
    actions: NETWORK_ACTIONS,
    resource: `arn:aws:ec2:eu-west-1:111122223333:${resource}`,
  })),
  {
    place: "network of another account",
    service: "ec2",
    actions: NETWORK_ACTIONS,
    resource: "arn:aws:ec2:eu-west-1:444455556666:network-interface/eni-1",
  },
  {
    place: "network, described",
    service: "ec2",
    actions: ["DescribeInstances", "DescribeNetworkInterfaces", "DescribeSubnets"],
    resource: "*",
  },
  {
    place: "log delivery",
    service: "logs",
    actions: [
      "CreateLogDelivery",
      "DeleteLogDelivery",
      "DeleteResourcePolicy",
      "DescribeLogGroups",
      "DescribeResourcePolicies",
      "GetLogDelivery",
      "GetLogEvents",
      "ListLogDeliveries",
      "PutResourcePolicy",
      "UpdateLogDelivery",
    ],
    resource: "*",
  },
  ...["hris-writeback", "identity.joiner", "agents.onboarding", "undeclared"].map((source) => ({
    place: `bus as ${source}`,
    service: "events",
    actions: ["PutEvents", "PutRule"],
    resource: NAMES.bus.arn,
    context: {
      "events:source": [source],
      "events:detail-type": [source === "hris-writeback" ? "writeback.outcome" : "joiner.provisioned"],
    },
    layers: { resource: compileBusPolicy(NAMES, POLICY, PUBLISHERS) },
  })),
  {
    place: "bus for what waits",
    service: "events",
    actions: ["PutEvents"],
    resource: NAMES.bus.arn,
    context: { "events:source": ["hris-writeback"], "events:detail-type": ["writeback.waiting"] },
    layers: { resource: compileBusPolicy(NAMES, POLICY, PUBLISHERS) },
  },
  { place: "bus without a source", service: "events", actions: ["PutEvents"], resource: NAMES.bus.arn },
  {
    place: "field gateway",
    service: "execute-api",
    actions: ["Invoke"],
    resource: requestArn({ path: `grants/${OWN_GRANT}/fields/work_email` }),
    layers: { resource: compileGatewayPolicy(NAMES, POLICY, REFS.apiId) },
  },
  ...(["connector", "gateway"] as const).flatMap((principal) =>
    [NAMES.stopPolicy.arn, "arn:aws:iam::aws:policy/AdministratorAccess"].map((policyArn) => ({
      place: `iam role ${principal} and ${policyArn.split("/").at(-1)!}`,
      service: "iam",
      actions: ["AttachRolePolicy", "DeleteRolePermissionsBoundary", "DetachRolePolicy", "PassRole", "PutRolePolicy"],
      resource: NAMES.role(principal).arn,
      context: { "iam:PolicyARN": policyArn },
    })),
  ),
  {
    place: "iam policies of the connector role",
    service: "iam",
    actions: ["ListAttachedRolePolicies"],
    resource: NAMES.role("connector").arn,
  },
];

function powersOf(
  principal: Principal,
  { identity, boundary }: RoleDocuments,
  caller: Readonly<Record<string, string>> = {},
): string[] {
  return PLACES.flatMap(({ place, service, actions, resource, context, layers }) => {
    const able = actions.filter(
      (action) =>
        evaluate(
          {
            principalArn: NAMES.role(principal).arn,
            action: `${service}:${action}`,
            resource,
            context: {
              "aws:CurrentTime": "2026-11-23T10:00:00Z",
              "aws:SecureTransport": "true",
              ...caller,
              ...context,
            },
          },
          { identity: [identity], boundary, ...layers },
        ).decision === "allow",
    );
    return able.length === 0 ? [] : [`${place}: ${able.join(" ")}`];
  });
}

const EXPECTED = JSON.parse(readFileSync(join(__dirname, "../cases/iam/powers.json"), "utf8")) as Record<
  Principal,
  string[]
>;

describe("what each role may do, of everything that there is to do", () => {
  test.each(PRINCIPALS)("%s has what its handler needs and nothing else", (principal) => {
    expect(powersOf(principal, ROLES[principal]).sort()).toEqual([...EXPECTED[principal]].sort());
  });

  // The policy of a secret does not keep an administrator from putting another value.
  const READS_WRITER_SECRET = "writer secret: GetSecretValue PutSecretValue";

  test("the writer secret is for the gateway alone, even for a role that may do everything", () => {
    const able = PRINCIPALS.filter((principal) =>
      powersOf(principal, { identity: ALLOW_ALL, trust: ALLOW_ALL }).includes(READS_WRITER_SECRET),
    );
    expect(able).toEqual(["gateway"]);
  });

  test("digests are for inspect to generate and the gateway to verify, even for a role that may do everything", () => {
    const able = PRINCIPALS.map((principal) => [
      principal,
      powersOf(principal, { identity: ALLOW_ALL, trust: ALLOW_ALL }).filter((power) => power.startsWith("kms digest")),
    ]).filter(([, powers]) => powers!.length > 0);
    // The account's root stands for IAM in administration: who may do everything there may put a key's policy.
    const administration = "PutKeyPolicy";
    for (const [principal, powers] of able) {
      const own = principal === "inspect" ? "GenerateMac " : "";
      const after = principal === "gateway" ? " VerifyMac" : "";
      expect([principal, powers]).toEqual([
        principal,
        [`kms digest: ${own}${administration}${after}`, `kms digest with another algorithm: ${administration}`],
      ]);
    }
  });

  test("the connector's execution role keeps nothing of STS and API Gateway whatever is attached to it", () => {
    const request = { principalArn: NAMES.role("connector-execution").arn, resource: "*", context: {} };
    const identity = [ROLES["connector-execution"].identity, ALLOW_ALL];
    for (const action of [
      "sts:AssumeRole",
      "sts:GetWebIdentityToken",
      "execute-api:Invoke",
      "execute-api:ManageConnections",
    ]) {
      expect(evaluate({ ...request, action }, { identity })).toMatchObject({ decision: "deny", explicit: true });
    }
  });
});

describe("behind an endpoint", () => {
  const roles = compileRoles({ names: NAMES, policy: POLICY, refs: PRIVATE_REFS });
  const connector = roles["connector-execution"];
  const manage = "AssignPrivateIpAddresses CreateNetworkInterface DeleteNetworkInterface UnassignPrivateIpAddresses";

  test("nobody's powers change but those of the connector's execution role, for Lambda's own calls", () => {
    for (const principal of PRINCIPALS) {
      if (principal === "connector-execution") continue;
      expect([principal, powersOf(principal, roles[principal]).sort()]).toEqual([
        principal,
        [...EXPECTED[principal]].sort(),
      ]);
    }
    expect(powersOf("connector-execution", connector).sort()).toEqual(
      [
        ...EXPECTED["connector-execution"],
        ...["network-interface", "security-group", "subnet", "vpc-endpoint"].map(
          (type) => `network: ${type}: ${manage}`,
        ),
        "network, described: DescribeNetworkInterfaces DescribeSubnets",
      ].sort(),
    );
  });

  const byCode = { "lambda:SourceFunctionArn": NAMES.function("connector").arn };

  test("the connector's code has nothing of its execution role but its log, whatever is attached to it", () => {
    // Lambda writes the log in the function's name, so that cannot be told from the code.
    expect(powersOf("connector-execution", connector, byCode)).toEqual(EXPECTED["connector-execution"]);
    const identity = [connector.identity, ALLOW_ALL];
    const request = { principalArn: NAMES.role("connector-execution").arn, resource: "*" };
    for (const action of ["ec2:CreateNetworkInterface", "ec2:DescribeSubnets", "s3:PutObject", "logs:GetLogEvents"]) {
      const ask = (context: ContextInput) => evaluate({ ...request, action, context }, { identity }).decision;
      expect([action, ask(byCode), ask({})]).toEqual([action, "deny", "allow"]);
    }
  });

  test("fails to hold the code without that denial", () => {
    const open = {
      ...connector,
      identity: {
        ...connector.identity,
        Statement: connector.identity.Statement.filter(({ Sid }) => Sid !== "DenyAllButLogsToItsCode"),
      },
    };
    expect(powersOf("connector-execution", open, byCode)).toContain(`network: network-interface: ${manage}`);
  });
});

describe("the shape of the documents", () => {
  const behindEndpoint = compileRoles({ names: NAMES, policy: POLICY, refs: PRIVATE_REFS });
  const documents = [
    ...Object.entries(ROLES),
    ...(["connector", "connector-execution"] as const).map(
      (principal) => [`private ${principal}`, behindEndpoint[principal]] as const,
    ),
  ].flatMap(([principal, role]) =>
    [role.identity, role.trust, ...(role.boundary === undefined ? [] : [role.boundary])].map(
      (document, index) => [`${principal} ${["identity", "trust", "boundary"][index] ?? ""}`, document] as const,
    ),
  );
  const list = (value: OneOrMany<string> | undefined): readonly string[] =>
    value === undefined ? [] : typeof value === "string" ? [value] : value;

  test.each(documents)("%s: Sids are distinct, sorted and alphanumeric, actions sorted", (_name, document) => {
    const sids = document.Statement.map(({ Sid }) => Sid ?? "");
    expect(sids).toEqual([...new Set(sids)].sort());
    for (const sid of sids) expect(sid).toMatch(/^[A-Za-z0-9]+$/);
    for (const { Action } of document.Statement) expect(list(Action)).toEqual([...list(Action)].sort());
  });

  test.each(documents)(
    "%s: no Allow has a wildcard action, NotAction, NotResource or NotPrincipal",
    (_name, document) => {
      for (const statement of document.Statement.filter(({ Effect }) => Effect === "Allow")) {
        expect(list(statement.Action).join()).not.toMatch(/[*?]/);
        expect(statement.NotAction ?? statement.NotResource ?? statement.NotPrincipal).toBeUndefined();
      }
    },
  );

  test("only task results, log delivery, CloudTrail's events and descriptions of a network, which AWS knows no resource for, are allowed on every resource", () => {
    const broad = documents.flatMap(([name, document]) =>
      document.Statement.filter(({ Effect, Resource }) => Effect === "Allow" && list(Resource).includes("*")).map(
        ({ Sid }) => `${name}: ${Sid ?? ""}`,
      ),
    );
    expect(broad.sort()).toEqual([
      "approvals identity: ResumeWaitingChanges",
      "private connector-execution identity: DescribeTheNetwork",
      "reconciler identity: FindSessionsOfTheConnectorRole",
      "workflow identity: DeliverLogs",
    ]);
  });

  test("only the connector role has a boundary", () => {
    expect(PRINCIPALS.filter((principal) => ROLES[principal].boundary !== undefined)).toEqual(["connector"]);
  });

  test("without an operators' group nobody resumes, or agrees to it", () => {
    const refs = {
      ...REFS,
      operatorsResume: false,
      killSwitchArn: "arn:aws:states:eu-west-1:111122223333:stateMachine:x",
    };
    const roles = compileRoles({ names: NAMES, policy: POLICY, refs });
    const resuming = (documents: RoleDocuments): string[] =>
      powersOf("approvals", documents).filter((power) => /switch|breaker|system-resume/.test(power));
    expect(resuming(ROLES.approvals)).toHaveLength(5);
    expect(resuming(roles.approvals)).toEqual([]);
    expect(JSON.stringify(roles.approvals)).not.toContain("StartExecution");
  });

  test("the approvals API starts a kill switch's state machine where there is one", () => {
    const killSwitchArn = "arn:aws:states:eu-west-1:111122223333:stateMachine:demo-kill-switch";
    const roles = compileRoles({ names: NAMES, policy: POLICY, refs: { ...REFS, killSwitchArn } });
    expect(PRINCIPALS.filter((principal) => JSON.stringify(roles[principal]).includes(killSwitchArn))).toEqual([
      "approvals",
    ]);
    expect(roles.approvals.identity.Statement.find(({ Sid }) => Sid === "UndoStops")).toMatchObject({
      Action: "states:StartExecution",
      Resource: killSwitchArn,
    });
  });

  test("the customer's own connector, keys of secrets and secrets appear where given and nowhere else", () => {
    const connectorFunctionArn = "arn:aws:lambda:eu-west-1:111122223333:function:theirs";
    const readerKey = "arn:aws:kms:eu-west-1:111122223333:key/reader";
    const sourceKey = "arn:aws:kms:eu-west-1:111122223333:key/source";
    const writerKey = "arn:aws:kms:eu-west-1:111122223333:key/writer";
    const roles = compileRoles({
      names: NAMES,
      policy: POLICY,
      refs: {
        ...REFS,
        connectorFunctionArn,
        hrisReaderSecretKeyArn: readerKey,
        sourceSecretKeyArns: [sourceKey],
        writerSecretKeyArn: writerKey,
      },
    });
    const naming = (arn: string) =>
      PRINCIPALS.filter((principal) => JSON.stringify(roles[principal]).includes(`"${arn}"`));
    expect(naming(connectorFunctionArn)).toEqual(["broker"]);
    expect(naming(NAMES.function("connector").arn)).toEqual([]);
    expect(naming(readerKey)).toEqual(["inspect", "sweeper", "reconciler"]);
    expect(naming(sourceKey)).toEqual(["inspect", "reconciler"]);
    expect(naming(writerKey)).toEqual(["gateway"]);
    expect(naming(REFS.writerSecretArn)).toEqual(["gateway"]);
  });
});

describe("trust", () => {
  const services = {
    workflow: [
      "states.amazonaws.com",
      { "aws:SourceArn": NAMES.stateMachine.arn, "aws:SourceAccount": "111122223333" },
    ],
    "kill-switch-workflow": [
      "states.amazonaws.com",
      { "aws:SourceArn": NAMES.killSwitch.arn, "aws:SourceAccount": "111122223333" },
    ],
    "reconciler-workflow": [
      "states.amazonaws.com",
      { "aws:SourceArn": NAMES.reconciliation.arn, "aws:SourceAccount": "111122223333" },
    ],
    findings: [
      "states.amazonaws.com",
      { "aws:SourceArn": auditNames(NAMES).findings.arn, "aws:SourceAccount": "111122223333" },
    ],
    "findings-starter": [
      "events.amazonaws.com",
      { "aws:SourceArn": auditNames(NAMES).rule("trust-changed").arn, "aws:SourceAccount": "111122223333" },
    ],
    scheduler: ["scheduler.amazonaws.com", { "aws:SourceAccount": "111122223333" }],
    "flow-logs": [
      "vpc-flow-logs.amazonaws.com",
      {
        "aws:SourceAccount": "111122223333",
        "aws:SourceArn": "arn:aws:ec2:eu-west-1:111122223333:vpc-flow-log/fl-1",
      },
    ],
  } as const;
  const assume = (principal: Principal, service: string, context: ContextInput = {}) =>
    evaluateAssumeRole(
      { caller: { service }, roleArn: NAMES.role(principal).arn, sessionName: "x", tags: {}, context },
      { identity: [], trust: ROLES[principal].trust },
    ).decision;

  test.each(PRINCIPALS.filter((principal) => principal !== "connector"))(
    "%s is assumed by its own service alone",
    (principal) => {
      const [own, context] =
        principal in services ? services[principal as keyof typeof services] : (["lambda.amazonaws.com", {}] as const);
      expect(assume(principal, own, context)).toBe("allow");
      for (const other of [
        "lambda.amazonaws.com",
        "states.amazonaws.com",
        "scheduler.amazonaws.com",
        "ec2.amazonaws.com",
        "events.amazonaws.com",
      ]) {
        if (other !== own) expect([other, assume(principal, other, context)]).toEqual([other, "deny"]);
      }
      const byRole = evaluateAssumeRole(
        {
          caller: { roleArn: "arn:aws:iam::111122223333:role/admin" },
          roleArn: NAMES.role(principal).arn,
          sessionName: "x",
          tags: {},
        },
        { identity: [ALLOW_ALL], trust: ROLES[principal].trust },
      );
      expect(byRole.decision).toBe("deny");
    },
  );

  test("refuses services that act for another account or another state machine", () => {
    const [states, context] = services.workflow;
    expect(assume("workflow", states, { ...context, "aws:SourceAccount": "444455556666" })).toBe("deny");
    expect(assume("workflow", states, { ...context, "aws:SourceArn": `${NAMES.stateMachine.arn}-other` })).toBe("deny");
    expect(assume("workflow", states, {})).toBe("deny");
    expect(assume("scheduler", "scheduler.amazonaws.com", { "aws:SourceAccount": "444455556666" })).toBe("deny");
    expect(assume("scheduler", "scheduler.amazonaws.com")).toBe("deny");
    const [flowLogs, ownFlowLog] = services["flow-logs"];
    for (const change of [
      { "aws:SourceAccount": "444455556666" },
      { "aws:SourceArn": "arn:aws:ec2:eu-west-1:444455556666:vpc-flow-log/fl-1" },
    ]) {
      expect(assume("flow-logs", flowLogs, { ...ownFlowLog, ...change })).toBe("deny");
    }
  });
});

describe("properties of the compiler", () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/), { minLength: 1, maxLength: 6 });
  const classed = names.chain((list) =>
    fc
      .array(fc.constantFrom(...FIELD_CLASSES), { minLength: list.length, maxLength: list.length })
      .map((classes): [string, FieldClass][] => list.map((name, index) => [name, classes[index] ?? "never"])),
  );

  test("the order of the policy's keys never changes a byte", () => {
    fc.assert(
      fc.property(
        classed.chain((fields) =>
          fc.tuple(fc.constant(fields), fc.shuffledSubarray(fields, { minLength: fields.length })),
        ),
        ([fields, shuffled]) => {
          const compile = (entries: [string, FieldClass][]) => {
            const policy = {
              ...POLICY,
              fields: Object.fromEntries(entries.map(([name, kind]) => [name, fieldOf(kind)])),
            };
            return JSON.stringify([
              compileRoles({ names: NAMES, policy, refs: REFS }),
              compileGatewayPolicy(NAMES, policy, REFS.apiId),
            ]);
          };
          return compile(fields) === compile(shuffled);
        },
      ),
    );
  });

  test("tightening a class never adds a permission", () => {
    const invoke = (classes: Record<string, FieldClass>, field: string, path: string): boolean => {
      const policy = policyOf(classes);
      const { identity, boundary } = compileRoles({ names: NAMES, policy, refs: REFS }).connector;
      return (
        evaluate(
          {
            principalArn: NAMES.role("connector").arn,
            action: "execute-api:Invoke",
            resource: requestArn({ path }),
            context: { "aws:PrincipalTag/grantId": OWN_GRANT, "aws:PrincipalTag/field": field },
          },
          { identity: [identity], boundary, resource: compileGatewayPolicy(NAMES, policy, REFS.apiId) },
        ).decision === "allow"
      );
    };
    let lost = 0;
    fc.assert(
      fc.property(classed, fc.nat(), (fields, pick) => {
        const before = Object.fromEntries(fields);
        const [name, loose] = fields[pick % fields.length]!;
        const stricter = FIELD_CLASSES.slice(FIELD_CLASSES.indexOf(loose) + 1);
        return stricter.every((tight) => {
          const after = { ...before, [name]: tight };
          return Object.keys(before).every((tag) =>
            Object.keys(before).every((field) => {
              const path = `grants/${OWN_GRANT}/fields/${field}`;
              const [had, has] = [invoke(before, tag, path), invoke(after, tag, path)];
              if (had && !has) lost += 1;
              return had || !has;
            }),
          );
        });
      }),
      { numRuns: 40 },
    );
    expect(lost).toBeGreaterThan(0);
  });

  test("compiling twice gives equal documents that share nothing", () => {
    const again: Readonly<Record<Principal, { identity: PolicyDocument }>> = compileRoles({
      names: NAMES,
      policy: POLICY,
      refs: REFS,
    });
    expect(again).toEqual(ROLES);
    for (const principal of PRINCIPALS) expect(again[principal].identity).not.toBe(ROLES[principal].identity);
  });
});
