import { compileNames, type Placement } from "../../src/compile/names";
import { compileEndpointPolicy, compileGatewayPolicy, compileRoles, type IamRefs } from "../../src/compile/iam";
import {
  evaluate,
  fillSessionPolicy,
  SESSION_PATH_TEMPLATE,
  sessionPolicyTemplate,
  type Evaluation,
  type Layers,
  type PolicyDocument,
} from "../../src/iam";
import type { Field, FieldClass, Policy } from "../../src/policy/model";

export const PLACEMENT: Placement = { prefix: "acme-hr", accountId: "111122223333", region: "eu-west-1" };
export const NAMES = compileNames(PLACEMENT);

export const REFS: IamRefs = {
  apiId: "a1b2c3d4e5",
  dataKeyArn: "arn:aws:kms:eu-west-1:111122223333:key/data",
  digestKeyArn: "arn:aws:kms:eu-west-1:111122223333:key/digest",
  hrisReaderSecretArn: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hris-reader-AbCdEf",
  sourceSecretArns: ["arn:aws:secretsmanager:eu-west-1:111122223333:secret:directory-reader-AbCdEf"],
  writerSecretArn: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hris-writer-AbCdEf",
  operatorsResume: true,
  reconciles: true,
  approverGroups: ["hr-ops-approvers", "payroll.approvers"],
  killSwitchArn: NAMES.killSwitch.arn,
  archiveKeyArn: "arn:aws:kms:eu-west-1:111122223333:key/archive",
  intakeMappingArn: "arn:aws:lambda:eu-west-1:111122223333:event-source-mapping:0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
};

/** The endpoint of a stack whose gateway is private. */
export const ENDPOINT_ID = "vpce-0a1b2c3d4e5f67890";
export const OTHER_ENDPOINT_ID = "vpce-0fedcba9876543210";

export const PRIVATE_REFS: IamRefs = { ...REFS, vpcEndpointId: ENDPOINT_ID };

/** A field of a class, with the rest as the schema would fill it in. */
export function fieldOf(fieldClass: FieldClass): Field {
  return {
    class: fieldClass,
    owner: "identity",
    sourceOfTruth: "directory",
    events: fieldClass === "never" ? [] : ["joiner.provisioned"],
    hrisField: "x",
    sourceField: "x",
    writeOnce: false,
  };
}

/** A whole policy around a list of fields and their classes. */
export function policyOf(classes: Readonly<Record<string, FieldClass>>): Policy {
  return {
    version: 1,
    owners: { identity: { name: "Identity Engineering", contact: "identity@example.com" } },
    systems: { directory: { kind: "directory" }, hris: { kind: "hris" } },
    publishers: { "identity.joiner": { initiator: "automation" }, "agents.onboarding": { initiator: "agent" } },
    events: {
      "joiner.provisioned": { source: ["agents.onboarding", "identity.joiner"], window: "PT72H" },
      "mover.provisioned": { source: ["identity.joiner"], window: "PT72H" },
    },
    attributes: {},
    fields: Object.fromEntries(Object.entries(classes).map(([name, fieldClass]) => [name, fieldOf(fieldClass)])),
    segments: {},
    initiators: { agent: { minimumClass: "conditional", requireIntent: true } },
    breaker: { maxWritesPerHour: 200, maxWritesPerDay: 1000 },
    exceptions: [],
  };
}

export const OWN_GRANT = "g-01JDC0000000000000000000AA";
export const OTHER_GRANT = "g-01JDC0000000000000000000BB";
export const ENDS_AT = "2026-11-23T10:15:00Z";
export const BEFORE_END = "2026-11-23T10:14:59Z";
export const AFTER_END = "2026-11-23T10:15:01Z";

/** Everything that stands between a connector session and the gateway, for one policy. */
export interface ConnectorLayers extends Layers {
  readonly boundary: PolicyDocument;
  readonly session: PolicyDocument;
  readonly resource: PolicyDocument;
}

/** The layers of a session that the broker minted for `OWN_GRANT` and a field; behind an endpoint, its policy too. */
export function connectorLayers(policy: Policy, field: string, refs: IamRefs = REFS): ConnectorLayers {
  const { identity, boundary } = compileRoles({ names: NAMES, policy, refs }).connector;
  const template = sessionPolicyTemplate(NAMES.gatewayRequestArn(REFS.apiId, SESSION_PATH_TEMPLATE));
  const session = fillSessionPolicy(JSON.stringify(template), { grantId: OWN_GRANT, field, expiresAt: ENDS_AT });
  return {
    identity: [identity],
    boundary: boundary!,
    session: JSON.parse(session) as PolicyDocument,
    resource: compileGatewayPolicy(NAMES, policy, refs.apiId, refs.vpcEndpointId),
    ...(refs.vpcEndpointId === undefined ? {} : { endpoint: compileEndpointPolicy(NAMES, refs.apiId) }),
  };
}

/** ARN of a request to an API, free in all its parts. */
export function requestArn(parts: { stage?: string; method?: string; path: string; apiId?: string }): string {
  const { stage = "live", method = "PATCH", path, apiId = REFS.apiId } = parts;
  return `arn:aws:execute-api:eu-west-1:111122223333:${apiId}/${stage}/${method}/${path}`;
}

/** Asks for a request by a session with these tags, through a VPC endpoint or through none. */
export function invoke(
  layers: Layers,
  resource: string,
  tags: Readonly<Record<string, string>>,
  at = BEFORE_END,
  action = "execute-api:Invoke",
  through?: string,
): Evaluation {
  return evaluate(
    {
      principalArn: NAMES.role("connector").arn,
      sessionArn: `arn:aws:sts::111122223333:assumed-role/${NAMES.role("connector").name}/${OWN_GRANT}`,
      action,
      resource,
      context: {
        "aws:CurrentTime": at,
        "aws:SecureTransport": "true",
        ...(through === undefined ? {} : { "aws:SourceVpce": through }),
        ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:PrincipalTag/${key}`, value])),
      },
    },
    layers,
  );
}

/** What an administrator's slip could turn a layer into. */
export const ALLOW_ALL: PolicyDocument = {
  Version: "2012-10-17",
  Statement: [{ Sid: "AllowAll", Effect: "Allow", Action: "*", Resource: "*" }],
};
