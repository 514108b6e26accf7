import { compileRoles, connectorBoundary, writableFields } from "../../src/compile/iam";
import { compileBusPolicy, compileQueuePolicy } from "../../src/compile/iam";
import {
  checkBusLimits,
  checkEnvironment,
  checkEventPattern,
  checkIamLimits,
  checkItem,
  checkNames,
  checkPlacement,
  checkSessionPolicy,
  checkStateMachineDefinition,
  DOCUMENT_LIMITS,
  itemSizeBytes,
  measuredLength,
  measureRefs,
} from "../../src/compile/limits";
import { compileNames } from "../../src/compile/names";
import type { FieldClass } from "../../src/policy/model";
import { NAMES, PLACEMENT, policyOf, REFS } from "../iam/helpers";

/** So many fields whose names have so many characters. */
function fields(count: number, characters: number): Record<string, FieldClass> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`f${String(index).padStart(characters - 1, "0")}`, "safe" as const]),
  );
}

/** References as cdktf writes them at synth. */
const TOKENS = {
  ...REFS,
  apiId: "${TfToken[TOKEN.12]}",
  dataKeyArn: "${TfToken[TOKEN.13]}",
  digestKeyArn: "${TfToken[TOKEN.14]}",
};

describe("sizes of IAM documents", () => {
  test.each([["eu-west-1"], ["ap-southeast-1"], ["us-gov-west-1"], ["cn-northwest-1"]])(
    "300 writable fields of 16 characters fit everywhere, in %s with the longest prefix",
    (region) => {
      const names = compileNames({ prefix: "p".repeat(25), accountId: "111122223333", region });
      const policy = policyOf(fields(300, 16));
      expect(writableFields(policy)).toHaveLength(300);
      expect(checkIamLimits(names, policy, TOKENS)).toEqual([]);
      expect(checkIamLimits(names, policy, { ...TOKENS, vpcEndpointId: "${TfToken[TOKEN.15]}" })).toEqual([]);
    },
  );

  test("fails where one field more than fits, and says how many fit", () => {
    const size = (count: number): number =>
      JSON.stringify(connectorBoundary(NAMES, REFS.apiId, Object.keys(fields(count, 16)))).length;
    let most = 300;
    while (size(most + 1) <= DOCUMENT_LIMITS.managedPolicy) most += 1;

    expect(checkIamLimits(NAMES, policyOf(fields(most, 16)), TOKENS)).toEqual([]);
    const findings = checkIamLimits(NAMES, policyOf(fields(most + 1, 16)), TOKENS);
    expect(findings).toMatchObject([{ code: "PolicyDocumentTooLong", severity: "error", path: "connector.boundary" }]);
    expect(findings[0]?.hint).toContain(`names ${most + 1} writable fields; the first ${most} of them fit`);
  });

  test("fails for each document that grows with the policy", () => {
    const findings = checkIamLimits(NAMES, policyOf(fields(600, 16)), TOKENS);
    expect(findings.map(({ path }) => path)).toEqual([
      "connector.boundary",
      "connector.identity",
      "gateway.api-policy",
    ]);
  });

  test("never fields take no room", () => {
    const many = {
      ...fields(300, 16),
      ...Object.fromEntries(Object.keys(fields(900, 20)).map((name) => [name, "never" as const])),
    };
    expect(checkIamLimits(NAMES, policyOf(many), TOKENS)).toEqual([]);
  });

  test("fails for a role that names too many secrets", () => {
    const sourceSecretArns = Array.from({ length: 150 }, (_, index) => `${REFS.sourceSecretArns[0]!}${index}`);
    const paths = checkIamLimits(NAMES, policyOf(fields(3, 16)), { ...REFS, sourceSecretArns }).map(({ path }) => path);
    expect(paths).toEqual(["inspect.identity", "reconciler.identity"]);
  });

  test("a reference counts at its longest and a policy variable as it is written", () => {
    const measure = measureRefs(TOKENS);
    expect(measuredLength("${TfToken[TOKEN.12]}", measure)).toBe(10);
    expect(measuredLength("${TfToken[TOKEN.13]}", measure)).toBeGreaterThanOrEqual(
      "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-0123456789abcdef0123456789abcdef".length,
    );
    expect(measuredLength("${aws_secretsmanager_secret.x.arn}", measure)).toBeGreaterThan(500);
    expect(measuredLength("${aws:PrincipalTag/x}", measure)).toBe(21);
    expect(measuredLength("${*}", measure)).toBe(4);
    expect(measuredLength("a b\n\tc", measure)).toBe(3);
  });

  test("a document with tokens measures as the one with the ids they become", () => {
    const measure = measureRefs(TOKENS);
    const of = (apiId: string) =>
      JSON.stringify(
        compileRoles({ names: NAMES, policy: policyOf(fields(3, 16)), refs: { ...REFS, apiId } }).connector,
      );
    expect(measuredLength(of(TOKENS.apiId), measure)).toBe(measuredLength(of("abcdefghij"), measure));
  });

  test("every session policy fits, and fails to where the names are absurd", () => {
    expect(checkSessionPolicy(NAMES)).toEqual([]);
    const absurd = compileNames({ ...PLACEMENT, region: "r".repeat(2000) });
    expect(checkSessionPolicy(absurd)).toMatchObject([{ code: "SessionPolicyTooLong", path: "connector.session" }]);
  });
});

describe("names", () => {
  test("every name of the longest prefix fits its resource", () => {
    expect(checkNames(compileNames({ ...PLACEMENT, prefix: "p".repeat(25) }), ["e".repeat(63)])).toEqual([]);
  });

  test("fails for a longer prefix and says how long it may be", () => {
    const findings = checkNames(compileNames({ ...PLACEMENT, prefix: "p".repeat(50) }));
    expect(findings.map(({ message }) => message.split("`")[0])).toContain("the role ");
    const role = findings.find(({ message }) => message.includes("-connector-execution"));
    expect(role).toMatchObject({ code: "NameTooLong", path: "placement.prefix" });
    expect(role?.hint).toBe(`a prefix of ${64 - "-connector-execution".length} characters would fit`);
  });

  test("fails for an event whose rule's name is too long", () => {
    expect(checkNames(NAMES, ["e".repeat(65)])).toMatchObject([
      { code: "NameTooLong", path: `events.${"e".repeat(65)}` },
    ]);
  });

  test("a placement is checked member by member", () => {
    expect(checkPlacement(PLACEMENT)).toEqual([]);
    for (const region of ["us-gov-west-1", "cn-north-1", "ap-southeast-5"])
      expect(checkPlacement({ ...PLACEMENT, region })).toEqual([]);
    for (const region of ["us-iso-east-1", "us-isob-east-1", "eusc-de-east-1"])
      expect(checkPlacement({ ...PLACEMENT, region })).toMatchObject([
        { path: "placement.region", message: expect.stringContaining("a partition that this is made for") as string },
      ]);
    const findings = checkPlacement({ prefix: "A", accountId: "1234", region: "europe" });
    expect(findings.map(({ path }) => path)).toEqual(["placement.accountId", "placement.prefix", "placement.region"]);
    for (const prefix of ["a", "1ab", "ab_c", "a".repeat(26), "ab/*"]) {
      expect(checkPlacement({ ...PLACEMENT, prefix })).toMatchObject([
        { code: "PlacementInvalid", path: "placement.prefix" },
      ]);
    }
  });
});

describe("other limits", () => {
  const literal = () => 0;

  test("an environment of 4,096 bytes fits, and fails with one byte more, naming the largest variable", () => {
    const full = { NAME: "v".repeat(4092) };
    expect(checkEnvironment("gateway", full, literal)).toEqual([]);
    expect(checkEnvironment("gateway", { NAME: "v".repeat(4093) }, literal)).toMatchObject([
      {
        code: "EnvironmentTooLarge",
        path: "gateway.environment",
        hint: "`NAME` is the largest with 4097; 4096 would fit",
      },
    ]);
    expect(checkEnvironment("gateway", { NAME: "é".repeat(2047) }, literal)).toHaveLength(1);
    expect(checkEnvironment("gateway", { NAME: "${TfToken[TOKEN.1]}" }, () => 4093)).toHaveLength(1);
  });

  test("an event pattern fits up to 4,096 characters and fails beyond", () => {
    const pattern = (length: number) => ({ source: ["x".repeat(length - '{"source":[""]}'.length)] });
    expect(checkEventPattern("joiner", pattern(4096))).toEqual([]);
    expect(checkEventPattern("joiner", pattern(4097))).toMatchObject([
      { code: "EventPatternTooLong", path: "events.joiner" },
    ]);
  });

  test("a definition fits up to 1 MB and fails beyond", () => {
    expect(checkStateMachineDefinition("x".repeat(1_048_576))).toEqual([]);
    expect(checkStateMachineDefinition("x".repeat(1_048_577))).toMatchObject([{ code: "DefinitionTooLong" }]);
  });

  test("an item fits up to 400 KB and fails beyond", () => {
    expect(checkItem("items.a", { pk: "x".repeat(409_598) })).toEqual([]);
    expect(checkItem("items.a", { pk: "x".repeat(409_599) })).toMatchObject([
      { code: "ItemTooLarge", path: "items.a" },
    ]);
  });

  test("an item counts names, texts in UTF-8, numbers, lists and maps", () => {
    expect(itemSizeBytes({ a: "é" })).toBe(3);
    expect(itemSizeBytes({ a: true, b: null })).toBe(4);
    expect(itemSizeBytes({ a: undefined })).toBe(0);
    expect(itemSizeBytes({ a: 7 })).toBe(22);
    expect(itemSizeBytes({ a: ["x", "y"] })).toBe(1 + 3 + 2 + 2);
    expect(itemSizeBytes({ a: { b: "x" } })).toBe(1 + 3 + 1 + 2);
  });
});

describe("sizes of the policies of bus and queue", () => {
  const check = (publishers: number) => {
    const names = Array.from({ length: publishers }, (_, index) => `publisher-${index}`);
    const policy = {
      publishers: Object.fromEntries(names.map((name) => [name, { initiator: "automation" as const }])),
      events: { "joiner.provisioned": { source: names, window: "PT72H" } },
    };
    const arns = Object.fromEntries(names.map((name) => [name, [`arn:aws:iam::111122223333:role/${name}`]]));
    const busPolicy = compileBusPolicy(NAMES, policy, arns);
    const queuePolicy = compileQueuePolicy(NAMES, ["joiner.provisioned"]);
    return checkBusLimits({ busPolicy, queuePolicy }, { publishers, events: 1 });
  };

  test("five publishers fit", () => {
    expect(check(5)).toEqual([]);
  });

  test("fails for thirty publishers, and says how much would fit", () => {
    expect(check(30)).toMatchObject([
      {
        code: "PolicyDocumentTooLong",
        path: "bus.policy",
        hint: expect.stringMatching(/30 publishers; about \d+ % of them/),
      },
    ]);
  });
});
