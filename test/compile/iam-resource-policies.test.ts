import {
  checkPublisherArns,
  compileBusPolicy,
  compileDataKeyPolicy,
  compileDeadLetterPolicy,
  compileDigestKeyPolicy,
  compileQueuePolicy,
  writerSecretPolicy,
} from "../../src/compile/iam";
import { evaluate, type ContextInput, type PolicyDocument } from "../../src/iam";
import { ALLOW_ALL, NAMES, policyOf } from "../iam/helpers";

const POLICY = policyOf({ work_email: "safe" });
const JOINER = "arn:aws:iam::111122223333:role/joiner";
const FOREIGN = "arn:aws:iam::444455556666:role/agents";
const ADMIN = "arn:aws:iam::111122223333:role/admin";

describe("the bus's policy", () => {
  const bus = compileBusPolicy(NAMES, POLICY, { "identity.joiner": [JOINER], "agents.onboarding": [FOREIGN] });
  const put = (
    principalArn: string,
    sources: readonly string[],
    types: readonly string[],
    identity: readonly PolicyDocument[] = [],
    policy = bus,
  ) =>
    evaluate(
      {
        principalArn,
        action: "events:PutEvents",
        resource: NAMES.bus.arn,
        context: { "events:source": sources, "events:detail-type": types },
      },
      { identity, resource: policy },
    ).decision;

  test("lets a publisher put its own source and its own types, without a policy of its own", () => {
    expect(put(JOINER, ["identity.joiner"], ["joiner.provisioned"])).toBe("allow");
    expect(put(JOINER, ["identity.joiner"], ["mover.provisioned", "joiner.provisioned"])).toBe("allow");
    expect(put(FOREIGN, ["agents.onboarding"], ["joiner.provisioned"])).toBe("allow");
  });

  test.each([
    ["a type that does not name it", FOREIGN, ["agents.onboarding"], ["mover.provisioned"]],
    [
      "one entry of a type that does not name it",
      FOREIGN,
      ["agents.onboarding"],
      ["joiner.provisioned", "mover.provisioned"],
    ],
    ["a type that no event declares", JOINER, ["identity.joiner"], ["writeback.outcome"]],
  ])("refuses a publisher %s", (_name, arn, sources, types) => {
    expect(put(arn, sources, types)).toBe("deny");
  });

  test.each([
    ["another's source", JOINER, ["agents.onboarding"]],
    ["one entry of another's source", JOINER, ["identity.joiner", "agents.onboarding"]],
    ["the source of outcomes", JOINER, ["hris-writeback"]],
    ["an undeclared source", JOINER, ["somebody"]],
    ["one entry of an undeclared source", JOINER, ["identity.joiner", "somebody"]],
    ["a source that is not theirs, of the account's administrator", ADMIN, ["identity.joiner"]],
    ["outcomes, of the account's administrator", ADMIN, ["hris-writeback"]],
    ["outcomes, of another role of the stack", NAMES.role("gateway").arn, ["hris-writeback"]],
  ])("refuses %s, whatever the caller's own policy says", (_name, arn, sources) => {
    expect(put(arn, sources, ["joiner.provisioned"], [ALLOW_ALL])).toBe("deny");
  });

  test("announce and sweeper put outcomes", () => {
    for (const principal of ["announce", "sweeper"]) {
      expect(put(NAMES.role(principal).arn, ["hris-writeback"], ["writeback.outcome"], [ALLOW_ALL])).toBe("allow");
    }
  });

  test("refuses everybody for a publisher without principals", () => {
    const silent = compileBusPolicy(NAMES, POLICY, { "identity.joiner": [JOINER] });
    for (const arn of [JOINER, FOREIGN, ADMIN]) {
      expect(put(arn, ["agents.onboarding"], ["joiner.provisioned"], [ALLOW_ALL], silent)).toBe("deny");
    }
  });

  test("publishers whose names differ in punctuation only keep statements of their own", () => {
    const policy = {
      ...POLICY,
      publishers: { "a.b": { initiator: "agent" as const }, "a-b": { initiator: "agent" as const } },
      events: { joined: { source: ["a-b", "a.b"], window: "PT1H" } },
    };
    const document = compileBusPolicy(NAMES, policy, { "a.b": [JOINER], "a-b": [FOREIGN] });
    const sids = document.Statement.map(({ Sid }) => Sid);
    expect(new Set(sids).size).toBe(sids.length);
    expect(put(JOINER, ["a.b"], ["joined"], [], document)).toBe("allow");
    expect(put(JOINER, ["a-b"], ["joined"], [ALLOW_ALL], document)).toBe("deny");
  });

  test("no Sid stands twice, however the names are chosen", () => {
    const own = ["own-roles-put-outcomes", "announcers.tell.outcomes", "the-notifier-tells-what-waits"];
    const names = ["a-b", "a.b", "a-b-x", "a.b.x", ...own, "own.roles.put.outcomes", "ab", "a-bx3"];
    const policy = {
      ...POLICY,
      publishers: Object.fromEntries(names.map((name) => [name, { initiator: "agent" as const }])),
      events: { joined: { source: names, window: "PT1H" } },
    };
    const document = compileBusPolicy(NAMES, policy, Object.fromEntries(names.map((name) => [name, [JOINER]])));
    const sids = document.Statement.map(({ Sid }) => Sid);
    expect(sids).toHaveLength(2 * names.length + 4);
    expect(new Set(sids).size).toBe(sids.length);
  });

  test("the order of publishers, events and principals' names changes no byte", () => {
    const reversed = {
      publishers: Object.fromEntries(Object.entries(POLICY.publishers).reverse()),
      events: Object.fromEntries(Object.entries(POLICY.events).reverse()),
    };
    const arns = { "agents.onboarding": [FOREIGN], "identity.joiner": [JOINER] };
    expect(JSON.stringify(compileBusPolicy(NAMES, reversed, arns))).toBe(JSON.stringify(bus));
  });
});

describe("who may speak for a publisher", () => {
  test("roles, users and references are taken", () => {
    const arns = {
      "identity.joiner": [JOINER, "arn:aws:iam::111122223333:user/path/ci"],
      "agents.onboarding": ["${TfToken[TOKEN.3]}"],
    };
    expect(checkPublisherArns(POLICY, arns)).toEqual([]);
  });

  test.each([
    "*",
    "arn:aws:iam::111122223333:root",
    "111122223333",
    "arn:aws:iam::111122223333:role/*",
    "arn:aws:sts::111122223333:assumed-role/joiner/x",
  ])("fails for %s", (arn) => {
    expect(
      checkPublisherArns(POLICY, { "identity.joiner": [JOINER, arn], "agents.onboarding": [FOREIGN] }),
    ).toMatchObject([{ code: "PublisherPrincipalTooWide", severity: "error", path: "publishers.identity.joiner[1]" }]);
  });

  test("fails for a publisher that the policy does not declare and warns of one without principals", () => {
    expect(checkPublisherArns(POLICY, { "identity.joiner": [JOINER], constructor: [JOINER] })).toMatchObject([
      { code: "PublisherWithoutPrincipal", severity: "warning", path: "publishers.agents.onboarding" },
      { code: "PublisherNotDeclared", severity: "error", path: "publishers.constructor" },
    ]);
  });
});

describe("the queues' policies", () => {
  const rule = NAMES.eventRule("joiner.provisioned").arn;
  const intake = compileQueuePolicy(NAMES, ["joiner.provisioned", "mover.provisioned"]);
  const asEvents = (resource: string, policy: PolicyDocument, sourceArn: string, context: ContextInput = {}) =>
    evaluate(
      {
        principalService: "events.amazonaws.com",
        action: "sqs:SendMessage",
        resource,
        context: { "aws:SourceArn": sourceArn, "aws:SecureTransport": "true", ...context },
      },
      { identity: [], resource: policy },
    ).decision;
  const send = (principalArn: string, policy: PolicyDocument, resource: string = NAMES.intakeQueue.arn) =>
    evaluate(
      {
        principalArn,
        action: "sqs:SendMessage",
        resource,
        context: { "aws:SecureTransport": "true" },
      },
      { identity: [ALLOW_ALL], resource: policy },
    ).decision;

  test("the rules of the policy's events deliver", () => {
    expect(rule).toBe("arn:aws:events:eu-west-1:111122223333:rule/acme-hr-lifecycle/joiner.provisioned");
    expect(asEvents(NAMES.intakeQueue.arn, intake, rule)).toBe("allow");
    expect(asEvents(NAMES.deadLetterQueue.arn, compileDeadLetterPolicy(NAMES, ["joiner.provisioned"]), rule)).toBe(
      "allow",
    );
  });

  test("refuses rules of another bus, another event or another account", () => {
    for (const other of [
      "arn:aws:events:eu-west-1:111122223333:rule/joiner.provisioned",
      NAMES.eventRule("leaver").arn,
      rule.replace("111122223333", "444455556666"),
    ]) {
      expect(asEvents(NAMES.intakeQueue.arn, intake, other)).toBe("deny");
      expect(asEvents(NAMES.deadLetterQueue.arn, compileDeadLetterPolicy(NAMES, ["joiner.provisioned"]), other)).toBe(
        "deny",
      );
    }
  });

  test("refuses whoever would put a message past the bus, and takes a named operator's dead letters back", () => {
    expect(send(ADMIN, intake)).toBe("deny");
    const withOperator = compileQueuePolicy(NAMES, ["joiner.provisioned"], { redriveOperatorArns: [ADMIN] });
    expect(send(ADMIN, withOperator)).toBe("allow");
    expect(send(JOINER, withOperator)).toBe("deny");
    expect(asEvents(NAMES.intakeQueue.arn, withOperator, rule)).toBe("allow");
  });

  test("refuses whoever would leave a message with the dead letters, from where it could be moved on to intake", () => {
    const deadLetters = compileDeadLetterPolicy(NAMES, ["joiner.provisioned"]);
    for (const arn of [ADMIN, JOINER]) expect(send(arn, deadLetters, NAMES.deadLetterQueue.arn)).toBe("deny");
  });

  test("refuses everybody where the policy has no event", () => {
    const none = compileQueuePolicy(NAMES, []);
    expect(send(ADMIN, none)).toBe("deny");
    expect(asEvents(NAMES.intakeQueue.arn, none, rule)).toBe("deny");
  });

  test("refuses plain text on both queues", () => {
    const plain = { "aws:SecureTransport": "false" };
    expect(asEvents(NAMES.intakeQueue.arn, intake, rule, plain)).toBe("deny");
    const dead = compileDeadLetterPolicy(NAMES, ["joiner.provisioned"]);
    expect(asEvents(NAMES.deadLetterQueue.arn, dead, rule, plain)).toBe("deny");
  });
});

describe("the keys' policies", () => {
  const key = "arn:aws:kms:eu-west-1:111122223333:key/k";
  const account = { "kms:CallerAccount": "111122223333" };
  const use = (policy: PolicyDocument, principalArn: string, action: string, context: ContextInput) =>
    evaluate(
      { principalArn, action, resource: key, context },
      { identity: [ALLOW_ALL], resource: policy, resourceKind: "must-allow" },
    ).decision;
  const data = compileDataKeyPolicy(NAMES);
  const digest = compileDigestKeyPolicy(NAMES);

  test("an administrator administers both keys and uses neither directly", () => {
    for (const policy of [data, digest]) {
      expect(use(policy, ADMIN, "kms:PutKeyPolicy", account)).toBe("allow");
      expect(use(policy, ADMIN, "kms:ScheduleKeyDeletion", account)).toBe("allow");
      for (const action of [
        "kms:Decrypt",
        "kms:Encrypt",
        "kms:CreateGrant",
        "kms:GenerateMac",
        "kms:VerifyMac",
        "kms:ReEncryptFrom",
      ]) {
        const context = {
          ...account,
          "kms:EncryptionContext:purpose": "task-token",
          "kms:MacAlgorithm": "HMAC_SHA_256",
        };
        expect([action, use(policy, ADMIN, action, context)]).toEqual([action, "deny"]);
      }
    }
  });

  test("whoever audits checks digests and makes none, and only where they are named", () => {
    const auditor = "arn:aws:iam::111122223333:role/auditor";
    const hmac = { ...account, "kms:MacAlgorithm": "HMAC_SHA_256" };
    const audited = compileDigestKeyPolicy(NAMES, { auditorArns: [auditor] });
    expect(use(digest, auditor, "kms:VerifyMac", hmac)).toBe("deny");
    expect(use(audited, auditor, "kms:VerifyMac", hmac)).toBe("allow");
    expect(use(audited, auditor, "kms:GenerateMac", hmac)).toBe("deny");
    expect(use(audited, `${auditor}-2`, "kms:VerifyMac", hmac)).toBe("deny");
    expect(use(audited, NAMES.role("gateway").arn, "kms:VerifyMac", hmac)).toBe("allow");
    expect(compileDigestKeyPolicy(NAMES, { auditorArns: [] })).toEqual(digest);
  });

  test("refuses an administrator of another account", () => {
    const foreign = "arn:aws:iam::444455556666:role/admin";
    const via = { "kms:CallerAccount": "444455556666", "kms:ViaService": "dynamodb.eu-west-1.amazonaws.com" };
    expect(use(data, foreign, "kms:Decrypt", via)).toBe("deny");
    expect(use(data, foreign, "kms:PutKeyPolicy", via)).toBe("deny");
  });

  test("a deployer creates encrypted tables: DynamoDB takes its grant, nobody else takes one", () => {
    const via = { ...account, "kms:ViaService": "dynamodb.eu-west-1.amazonaws.com" };
    expect(use(data, ADMIN, "kms:CreateGrant", { ...via, "kms:GrantIsForAWSResource": "true" })).toBe("allow");
    expect(use(data, ADMIN, "kms:CreateGrant", { ...via, "kms:GrantIsForAWSResource": "false" })).toBe("deny");
    expect(use(data, ADMIN, "kms:GenerateDataKey", via)).toBe("allow");
    expect(use(data, ADMIN, "kms:Decrypt", { ...account, "kms:ViaService": "s3.eu-west-1.amazonaws.com" })).toBe(
      "deny",
    );
  });

  test("task tokens are encrypted by one role and decrypted by another, under their own context", () => {
    const token = { ...account, "kms:EncryptionContext:purpose": "task-token" };
    const [encrypts, decrypts] = [NAMES.role("request-approval").arn, NAMES.role("approvals").arn];
    expect(use(data, encrypts, "kms:Encrypt", token)).toBe("allow");
    expect(use(data, decrypts, "kms:Decrypt", token)).toBe("allow");
    expect(use(data, encrypts, "kms:Decrypt", token)).toBe("deny");
    expect(use(data, decrypts, "kms:Encrypt", token)).toBe("deny");
    expect(use(data, decrypts, "kms:Decrypt", { ...account, "kms:EncryptionContext:purpose": "other" })).toBe("deny");
    expect(use(data, decrypts, "kms:Decrypt", account)).toBe("deny");
  });

  test("EventBridge and CloudWatch Logs use the data key for this account's own", () => {
    const asService = (principalService: string, context: ContextInput) =>
      evaluate(
        { principalService, action: "kms:GenerateDataKey", resource: key, context },
        { identity: [], resource: data, resourceKind: "must-allow" },
      ).decision;
    expect(asService("events.amazonaws.com", { "aws:SourceAccount": "111122223333" })).toBe("allow");
    expect(asService("events.amazonaws.com", { "aws:SourceAccount": "444455556666" })).toBe("deny");
    const group = (name: string) => ({
      "kms:EncryptionContext:aws:logs:arn": `arn:aws:logs:eu-west-1:111122223333:log-group:${name}`,
    });
    for (const name of [
      "/aws/lambda/acme-hr-gateway",
      "/aws/vendedlogs/states/acme-hr-workflow",
      "/aws/vendedlogs/apigateway/acme-hr-gateway",
    ]) {
      expect([name, asService("logs.eu-west-1.amazonaws.com", group(name))]).toEqual([name, "allow"]);
    }
    expect(asService("logs.eu-west-1.amazonaws.com", group("/aws/lambda/other-function"))).toBe("deny");
    expect(asService("logs.us-east-1.amazonaws.com", group("/aws/lambda/acme-hr-gateway"))).toBe("deny");
  });
});

describe("the writer secret's policy", () => {
  const read = (principalArn: string, policy: PolicyDocument, action = "secretsmanager:GetSecretValue") =>
    evaluate(
      { principalArn, action, resource: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:w-AbCdEf", context: {} },
      { identity: [ALLOW_ALL], resource: policy },
    ).decision;

  test("is denies only and refuses everybody but the gateway and who rotates it", () => {
    const rotation = "arn:aws:iam::111122223333:role/rotation";
    const plain = writerSecretPolicy(NAMES);
    expect(plain.Statement.map(({ Effect }) => Effect)).toEqual(["Deny"]);
    expect(read(NAMES.role("gateway").arn, plain)).toBe("allow");
    for (const arn of [ADMIN, NAMES.role("inspect").arn, NAMES.role("broker").arn, rotation]) {
      expect([arn, read(arn, plain)]).toEqual([arn, "deny"]);
    }
    expect(read(ADMIN, plain, "secretsmanager:BatchGetSecretValue")).toBe("deny");
    expect(read(rotation, writerSecretPolicy(NAMES, { rotationRoleArns: [rotation] }))).toBe("allow");
  });
});
