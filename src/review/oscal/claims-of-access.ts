import { ENV } from "../../core";
import { blocksOf, textOf } from "../body";
import { functionsTagged, sorted } from "../system";
import type { Claim } from "./claim";
import { deniesPlainText, hasStatement, isGiven, type Facts } from "./facts";

/** A group with everything or nothing: what must hold beside the resources. */
function onlyIf(holds: boolean, resources: readonly string[]): readonly string[] {
  return holds ? resources : [];
}

function itemsOf(facts: Facts, kind: string): string[] {
  return facts.those("aws_dynamodb_table_item", (body) => {
    const item = textOf(body, "item") ?? "";
    return item.includes(`"kind":{"S":"${kind}"}`) && item.includes('"pk":{"S":"policy"}');
  });
}

/** Claims about what may be written, by whom and through what. */
export const ACCESS_CLAIMS: readonly Claim[] = [
  {
    id: "fields-classified",
    part: "classification",
    says: "Every field that identity may write has a class, one owner, its authorising events, its approval and its reconciliation in one table; what is not listed is never written.",
    controls: {
      "csf-2.0": ["GV.PO-01", "GV.RR-02", "ID.AM-07", "PR.AA-05"],
      "sp800-207": ["Tenet 4"],
    },
    carriers: (facts) => [
      onlyIf(facts.proof.fields.safe.length + facts.proof.fields.conditional.length > 0, itemsOf(facts, "field")),
      itemsOf(facts, "manifest"),
    ],
  },
  {
    id: "policy-pinned",
    part: "classification",
    says: "Every function that decides is deployed with the hash of the whole policy and refuses a table that differs from it.",
    controls: { "sp800-53": ["CM-3", "SI-7"], "csf-2.0": ["PR.PS-01"] },
    carriers: (facts) => [
      onlyIf(facts.isProved(1), itemsOf(facts, "manifest")),
      sorted(
        facts.system.functions
          .filter(({ environment }) => textOf(environment, ENV.manifestHash) !== undefined)
          .map(({ resource }) => resource.address),
      ),
    ],
  },
  {
    id: "exceptions-dated",
    part: "classification",
    says: "Each exception names one field and one segment, a reason, two signatures and an end date, and is recorded as an item of its own.",
    controls: { "sp800-53": ["CM-3"], "csf-2.0": ["ID.RA-07"] },
    carriers: (facts) => [itemsOf(facts, "exception")],
  },
  {
    id: "roles-apart",
    part: "identities",
    says: "Each function runs as a role of its own, and each power of the trust model is held by those alone to whom it belongs.",
    controls: {
      "sp800-53": ["AC-5", "AC-6"],
      "csf-2.0": ["PR.AA-05"],
      "owasp-nhi-2025": ["NHI5:2025", "NHI9:2025"],
    },
    carriers: (facts) => {
      const { functions, principals } = facts.system;
      const roles = functions.map(({ principal }) => principal?.arn);
      const areApart = roles.length > 0 && new Set(roles).size === roles.length && !roles.includes(undefined);
      const own = principals.filter(({ arn }) => roles.includes(arn)).map(({ address }) => address);
      return [onlyIf(areApart && facts.isProved(2), sorted(own))];
    },
  },
  {
    id: "publishers-bound",
    part: "lifecycle",
    says: "The bus lets each publisher put its own source alone and denies undeclared sources to everybody.",
    controls: {
      "sp800-53": ["AC-3", "IA-9", "SC-7(5)"],
      "csf-2.0": ["PR.AA-03"],
      "sp800-207": ["Tenet 6"],
      "owasp-nhi-2025": ["NHI4:2025"],
    },
    carriers: (facts) => [
      onlyIf(
        facts.isProved(2),
        facts.policiesWith(["bus"], ({ Effect: effect, Condition: condition }) =>
          effect === "Deny" ? JSON.stringify(condition ?? {}).includes("events:source") : false,
        ),
      ),
    ],
  },
  {
    id: "approval-before-write",
    part: "workflow",
    says: "No way through the workflow reaches a write of a field that needs an approval without passing the approval and an inspection after it.",
    controls: { "sp800-53": ["AC-3", "AC-5"], "csf-2.0": ["PR.AA-05"], "sp800-207": ["Tenet 4", "Tenet 6"] },
    carriers: (facts) => [
      onlyIf(facts.isProved(1), facts.system.workflow === undefined ? [] : [facts.system.workflow.resource.address]),
    ],
  },
  {
    id: "approvers-signed-in",
    part: "workflow",
    says: "Every route on which people decide demands a token of the identity provider.",
    controls: { "csf-2.0": ["PR.AA-03", "PR.AA-04"], "sp800-207": ["Tenet 6"] },
    carriers: (facts) => [
      onlyIf(
        facts.isProved(2),
        facts.those("aws_apigatewayv2_authorizer", (body) =>
          blocksOf(body, "jwt_configuration").some((jwt) => isGiven(jwt["issuer"])),
        ),
      ),
      facts.those("aws_apigatewayv2_route", (body) => textOf(body, "authorization_type") === "JWT"),
    ],
  },
  {
    id: "decisions-by-approvals-alone",
    part: "workflow",
    says: "Only the approvals API can send the result of a task that waits for people.",
    controls: { "sp800-53": ["AC-5", "AC-6"], "csf-2.0": ["PR.AA-05"] },
    carriers: (facts) => [facts.heldAsMeant("send-task-results")],
  },
  {
    id: "operators-by-two",
    part: "workflow",
    says: "The approvals function is told which group's members may let a stopped system run again; its code asks for two of them.",
    controls: { "sp800-53": ["AC-3(2)"] },
    carriers: (facts) => [
      functionsTagged(facts.system, "approvals")
        .filter(({ environment }) => isGiven(environment[ENV.operatorsGroup]))
        .map(({ resource }) => resource.address),
    ],
  },
  {
    id: "one-request-per-session",
    part: "connector",
    says: "Of all requests a session of the connector may make exactly one, for some minutes; every other is denied by more than one of identity policy, boundary, session policy and API policy.",
    controls: {
      "sp800-53": ["AC-3", "AC-6", "AC-12", "SC-7(5)"],
      "csf-2.0": ["PR.AA-05"],
      "sp800-207": ["Tenet 3", "Tenet 4", "Tenet 6"],
      "owasp-nhi-2025": ["NHI5:2025", "NHI7:2025"],
    },
    carriers: (facts) => {
      const role = facts.system.connectorRole;
      const isHeld = facts.isProved(3) && role !== undefined;
      return [
        onlyIf(isHeld, role === undefined ? [] : [role.address]),
        sorted(role?.identity.map(({ resource }) => resource) ?? []),
        role?.boundary === undefined ? [] : [role.boundary.resource],
        facts.those("aws_api_gateway_rest_api_policy"),
      ];
    },
  },
  {
    id: "session-by-broker-alone",
    part: "connector",
    says: "Only the broker may assume the connector's role, for one grant named in tags, session name and source identity; no person may.",
    controls: {
      "sp800-53": ["AC-6", "IA-9"],
      "csf-2.0": ["PR.AA-01", "PR.AA-05"],
      "sp800-207": ["Tenet 3"],
      "owasp-nhi-2025": ["NHI9:2025", "NHI10:2025"],
    },
    carriers: (facts) => {
      const role = facts.system.connectorRole;
      return [
        facts.heldAsMeant("assume-connector-role"),
        onlyIf(role?.trust !== undefined, role === undefined ? [] : [role.address]),
      ];
    },
  },
  {
    id: "gateway-by-iam",
    part: "gateway",
    says: "The field gateway has one method, which IAM authorizes, and a policy that denies every other caller and request.",
    controls: {
      "sp800-53": ["AC-3", "IA-9", "SC-7", "SC-7(5)"],
      "csf-2.0": ["PR.AA-03", "PR.IR-01"],
      "sp800-207": ["Tenet 2", "Tenet 6"],
      "owasp-nhi-2025": ["NHI4:2025"],
    },
    carriers: (facts) => [
      onlyIf(
        facts.isProved(3),
        facts.those("aws_api_gateway_method", (body) => textOf(body, "authorization") === "AWS_IAM"),
      ),
      facts.policiesWith(["api"], ({ Effect: effect }) => effect === "Deny"),
    ],
  },
  {
    id: "writer-credential-one-reader",
    part: "gateway",
    says: "Only the field gateway may read the credential that writes to the HRIS, and those who only read have others.",
    controls: {
      "sp800-53": ["AC-6", "IA-5"],
      "csf-2.0": ["PR.AA-01", "PR.AA-05"],
      "owasp-nhi-2025": ["NHI5:2025", "NHI9:2025"],
    },
    carriers: (facts) => {
      const { writer, reader } = facts.system.secrets;
      const areApart = reader.length > 0 && !reader.some((arn) => writer.includes(arn));
      return [onlyIf(areApart, facts.heldAsMeant("read-writer-credential"))];
    },
  },
  {
    id: "secrets-by-name",
    part: "gateway",
    says: "No text of the stack looks like a secret's value: functions are told the ARNs of secrets and read them when they run.",
    controls: { "sp800-53": ["IA-5"], "csf-2.0": ["PR.AA-01"], "owasp-nhi-2025": ["NHI2:2025"] },
    carriers: (facts) => [
      onlyIf(
        facts.isProved(7),
        sorted(
          facts.system.functions
            .filter(({ environment }) => (textOf(environment, ENV.connections) ?? "").includes(":secretsmanager:"))
            .map(({ resource }) => resource.address),
        ),
      ),
    ],
  },
  {
    id: "gateway-private",
    part: "gateway",
    says: "The field gateway is reached through one VPC endpoint alone, whose own policy lets the connector's role make the one kind of request.",
    controls: {
      "sp800-53": ["SC-7", "AC-4"],
      "csf-2.0": ["PR.IR-01"],
      "sp800-207": ["Tenet 2"],
      "owasp-nhi-2025": ["NHI6:2025"],
    },
    carriers: (facts) => [
      facts.those("aws_api_gateway_rest_api", (body) =>
        blocksOf(body, "endpoint_configuration").some(({ types }) => JSON.stringify(types) === '["PRIVATE"]'),
      ),
      facts.those("aws_vpc_endpoint"),
      facts.those("aws_vpc_endpoint_policy"),
    ],
  },
  {
    id: "connector-without-way-out",
    part: "gateway",
    says: "The connector's function runs in a network without a way out but to the endpoint: its security group and its resolver let nothing else through.",
    controls: { "sp800-53": ["SC-7(5)", "AC-4"], "csf-2.0": ["PR.IR-01"], "owasp-nhi-2025": ["NHI6:2025"] },
    carriers: (facts) => [
      facts.those("aws_lambda_function", (body) => blocksOf(body, "vpc_config").length > 0),
      facts.those("aws_vpc_security_group_egress_rule", (body) => isGiven(body["referenced_security_group_id"])),
      facts.those("aws_route53_resolver_firewall_rule_group_association"),
    ],
  },
  {
    id: "queues-over-tls",
    part: "lifecycle",
    says: "Queues refuse requests that do not come over TLS.",
    controls: { "sp800-53": ["SC-8(1)"], "csf-2.0": ["PR.DS-02"], "sp800-207": ["Tenet 2"] },
    carriers: (facts) => [
      sorted(
        facts.system.policies
          .filter(({ kind }) => kind === "queue")
          .flatMap(({ documents }) => documents.filter((document) => hasStatement(document, deniesPlainText)))
          .map(({ resource }) => resource),
      ),
    ],
  },
];
