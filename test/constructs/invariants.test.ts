import { PRINCIPALS } from "../../src/core";
import { evaluate, evaluateAssumeRole, type PolicyDocument, type Statement } from "../../src/iam";
import { stackOf } from "../../src/local/stack";
import {
  auditedStack,
  documentOf,
  operatorsStack,
  perimeterStack,
  policiesOf,
  SECRETS,
  smallStack,
} from "../helpers/synth";

const STACKS = [
  ["without a perimeter", smallStack],
  ["with a perimeter", perimeterStack],
  ["with operators", operatorsStack],
  ["with an audit", auditedStack],
] as const;

/** What holds of every policy of the stack, read from its Terraform alone. */
describe.each(STACKS)("the synthesized policies, %s", (_name, synthesized) => {
  const policies = policiesOf(synthesized());
  const hasPerimeter = synthesized === perimeterStack;
  const statementsOf = (text: string): Statement[] =>
    (documentOf(text) as unknown as PolicyDocument).Statement as Statement[];
  const list = (value: unknown): unknown[] =>
    Array.isArray(value) ? (value as unknown[]) : value === undefined ? [] : [value];
  const allows = policies.flatMap((policy) =>
    statementsOf(policy.text)
      .filter(({ Effect }) => Effect === "Allow")
      .map((statement) => ({ ...policy, statement })),
  );

  test("every principal of the trust model is one role, tagged as itself", () => {
    const tags = Object.values(synthesized().resource["aws_iam_role"]!).map(
      (role) => (role["tags"] as Record<string, string>)["writeback:principal"],
    );
    const isThere: Readonly<Record<string, boolean>> = {
      "flow-logs": hasPerimeter,
      evidence: synthesized === auditedStack,
      findings: synthesized === auditedStack,
      "findings-starter": synthesized === auditedStack,
    };
    const wanted = PRINCIPALS.filter((principal) => isThere[principal] ?? true);
    expect([...tags].sort()).toEqual([...wanted].sort());
    expect(policies.filter(({ principal }) => principal === "untagged")).toEqual([]);
  });

  test("every policy is one literal JSON document whose only expressions are plain references", () => {
    expect(policies.length).toBeGreaterThan(30);
    for (const { text } of policies) {
      expect(documentOf(text)["Version"]).toBe("2012-10-17");
      for (const [, expression] of text.matchAll(/(?<!\$)\$\{([^}]*)\}/g)) {
        expect(expression).toMatch(/^aws_[a-z0-9_]+\.[A-Za-z0-9_-]+\.[a-z_]+$/);
      }
    }
  });

  test("no role has a policy that is not read here", () => {
    for (const type of [
      "aws_iam_role_policy_attachment",
      "aws_iam_policy_attachment",
      "aws_iam_role_policies_exclusive",
    ]) {
      expect(synthesized().resource[type]).toBeUndefined();
    }
    for (const role of Object.values(synthesized().resource["aws_iam_role"]!)) {
      expect(role["inline_policy"]).toBeUndefined();
      expect(role["managed_policy_arns"]).toBeUndefined();
    }
    for (const type of ["aws_sqs_queue", "aws_kms_key", "aws_api_gateway_rest_api"]) {
      for (const body of Object.values(synthesized().resource[type]!)) expect(body["policy"]).toBeUndefined();
    }
  });

  test("no Allow names what it does not mean, and none has a wildcard among its actions", () => {
    for (const { where, statement } of allows) {
      expect([where, statement.NotAction, statement.NotResource, statement.NotPrincipal]).toEqual([
        where,
        undefined,
        undefined,
        undefined,
      ]);
      for (const action of list(statement.Action))
        expect([where, action]).toEqual([where, expect.stringMatching(/^[a-z0-9-]+:[A-Za-z0-9]+$/)]);
    }
  });

  test("an Allow on every resource is only where AWS knows no narrower one", () => {
    const wide = allows
      .filter(({ kind, statement }) => kind !== "resource" && list(statement.Resource).includes("*"))
      .map(({ principal, statement }) => `${principal ?? "boundary"} ${statement.Sid ?? ""}`);
    expect(wide.sort()).toEqual([
      "approvals ResumeWaitingChanges",
      ...(hasPerimeter ? ["connector-execution DescribeTheNetwork"] : []),
      "reconciler FindSessionsOfTheConnectorRole",
      "workflow DeliverLogs",
    ]);
  });

  test("no resource policy allows everybody, and the account root only has keys", () => {
    for (const { where, kind, statement } of allows) {
      if (kind !== "resource") continue;
      expect(statement.Principal).not.toBe("*");
      const principals = Object.values(statement.Principal as Record<string, unknown>).flatMap(list);
      expect([where, principals.includes("*")]).toEqual([where, false]);
      if (principals.some((principal) => String(principal).endsWith(":root")))
        expect(where).toMatch(/^aws_kms_key_policy\./);
    }
    const api = policies.filter(({ where }) => where.startsWith("aws_api_gateway_rest_api_policy."));
    const allowedThere = api.flatMap(({ text }) => statementsOf(text)).filter(({ Effect }) => Effect !== "Deny");
    const connector = { AWS: "arn:aws:iam::111122223333:role/test-connector" };
    expect(allowedThere.map(({ Principal }) => Principal)).toEqual(hasPerimeter ? [connector] : []);
    expect(api).toHaveLength(1);
  });
});

/** The same policies, asked with the evaluator: who can do the things that matter most. */
describe.each(STACKS)("of all the roles of a stack %s", (_name, synthesized) => {
  const stack = stackOf(synthesized());
  const roles = stack.resources("aws_iam_role").map(({ body }) => ({
    principal: (body["tags"] as Record<string, string>)["writeback:principal"]!,
    arn: `arn:aws:iam::111122223333:role/${String(body["name"])}`,
    trust: JSON.parse(String(body["assume_role_policy"])) as PolicyDocument,
    identity: stack
      .resources("aws_iam_role_policy")
      .filter((policy) => policy.body["role"] === body["name"])
      .map((policy) => JSON.parse(String(policy.body["policy"])) as PolicyDocument),
  }));

  const who = (action: string, resource: string, context: Readonly<Record<string, string | string[]>> = {}): string[] =>
    roles
      .filter(
        ({ arn, identity }) =>
          evaluate({ principalArn: arn, action, resource, context }, { identity }).decision === "allow",
      )
      .map(({ principal }) => principal)
      .sort();

  test("each role has exactly one identity policy", () => {
    expect(roles.map(({ principal, identity }) => [principal, identity.length])).toEqual(
      roles.map(({ principal }) => [principal, 1]),
    );
  });

  test("only the gateway reads the writer credential, only inspect, the sweeper and the reconciliation the HRIS reader's, and no sweeper a source's", () => {
    expect(who("secretsmanager:GetSecretValue", SECRETS.hrisWriter)).toEqual(["gateway"]);
    expect(who("secretsmanager:GetSecretValue", SECRETS.hrisReader)).toEqual(["inspect", "reconciler", "sweeper"]);
    expect(who("secretsmanager:GetSecretValue", SECRETS.directory)).toEqual(["inspect", "reconciler"]);
  });

  test("only approvals resumes a waiting change, and nobody fails one or beats for it", () => {
    expect(who("states:SendTaskSuccess", "*")).toEqual(["approvals"]);
    expect(who("states:SendTaskFailure", "*")).toEqual([]);
    expect(who("states:SendTaskHeartbeat", "*")).toEqual([]);
  });

  test("only who makes requests starts the workflow", () => {
    expect(who("states:StartExecution", "arn:aws:states:eu-west-1:111122223333:stateMachine:test-workflow")).toEqual([
      "intake",
      "reversal",
    ]);
  });

  test("only the broker can assume the connector role", () => {
    const connector = roles.find(({ principal }) => principal === "connector")!;
    const grantId = "g-01JD5Z8Q4T9V2W3X4Y5Z6A7B8C";
    const able = roles.filter(
      ({ arn, identity }) =>
        evaluateAssumeRole(
          {
            caller: { roleArn: arn },
            roleArn: connector.arn,
            sessionName: grantId,
            sourceIdentity: grantId,
            tags: { grantId, field: "work_email" },
          },
          { identity, trust: connector.trust },
        ).decision === "allow",
    );
    expect(able.map(({ principal }) => principal)).toEqual(["broker"]);
  });

  test("no role can assume any other role of the stack", () => {
    for (const { principal, arn } of roles) {
      expect([principal, who("sts:AssumeRole", arn)]).toEqual([principal, principal === "connector" ? ["broker"] : []]);
    }
  });

  test.each(["UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLUpdate", "PartiQLDelete"])(
    "nobody has dynamodb:%s on the ledger or on the classification",
    (action) => {
      for (const table of ["test-ledger", "test-classification"]) {
        expect(who(`dynamodb:${action}`, `arn:aws:dynamodb:eu-west-1:111122223333:table/${table}`)).toEqual([]);
      }
    },
  );

  test("only the approvals API starts the switch again, where operators are named, and only the gateway trips the breaker", () => {
    const control = "arn:aws:dynamodb:eu-west-1:111122223333:table/test-control";
    const at = (key: string): string[] => who("dynamodb:UpdateItem", control, { "dynamodb:LeadingKeys": [key] });
    const resuming = synthesized === operatorsStack ? ["approvals"] : [];
    expect(at("switch")).toEqual(resuming);
    expect(at("breaker")).toEqual([...resuming, "gateway"]);
    expect(at("task#r#0")).toEqual(["approvals", "sweeper"]);
  });

  test("one role makes digests and another checks them", () => {
    const digestKey = roles
      .flatMap(({ identity }) => identity.flatMap(({ Statement }) => Statement))
      .find(({ Sid }) => Sid === "GenerateDigests")!.Resource as string;
    const context = { "kms:MacAlgorithm": "HMAC_SHA_256" };
    expect(who("kms:GenerateMac", digestKey, context)).toEqual(["inspect"]);
    expect(who("kms:VerifyMac", digestKey, context)).toEqual(["gateway"]);
  });
});
