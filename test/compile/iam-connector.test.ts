import { compileEndpointPolicy, compileRoles } from "../../src/compile/iam";
import {
  evaluate,
  evaluateAssumeRole,
  type AssumeRoleRequest,
  type Layers,
  type PolicyDocument,
  type Statement,
} from "../../src/iam";
import {
  AFTER_END,
  ALLOW_ALL,
  BEFORE_END,
  connectorLayers,
  ENDPOINT_ID,
  ENDS_AT,
  invoke,
  NAMES,
  OTHER_ENDPOINT_ID,
  OTHER_GRANT,
  OWN_GRANT,
  policyOf,
  PRIVATE_REFS,
  REFS,
  requestArn,
  type ConnectorLayers,
} from "../iam/helpers";

const POLICY = policyOf({
  work_email: "safe",
  account_id: "safe",
  manager: "conditional",
  base_salary: "never",
  email: "safe",
});
const OWN_FIELD = "work_email";
const OWN_TAGS = { grantId: OWN_GRANT, field: OWN_FIELD };

const FIELDS = [
  OWN_FIELD,
  "account_id",
  "manager",
  "email",
  "base_salary",
  "unlisted",
  "email/../base_salary",
  "WORK_EMAIL",
  "work_email/",
  "work_email/x",
  "work_emai",
  "work_email%2F..%2Fbase_salary",
  "*",
  "?ork_email",
  "",
];
const GRANTS = [OWN_GRANT, OTHER_GRANT, OWN_GRANT.toLowerCase(), "g-", "*", `${OWN_GRANT}0`, "", "../grants/g-1"];
const METHODS = ["PATCH", "GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "patch", "*"];
const STAGES = ["live", "LIVE", "test-invoke-stage", "dev", "*"];
const MOMENTS = [BEFORE_END, ENDS_AT, AFTER_END, "2026-11-24T10:00:00Z"];

const OWN_RESOURCE = requestArn({ path: `grants/${OWN_GRANT}/fields/${OWN_FIELD}` });

interface Attempt {
  readonly resource: string;
  readonly at: string;
}

const ATTEMPTS: readonly Attempt[] = STAGES.flatMap((stage) =>
  METHODS.flatMap((method) =>
    GRANTS.flatMap((grant) =>
      FIELDS.flatMap((field) =>
        MOMENTS.map((at) => ({ resource: requestArn({ stage, method, path: `grants/${grant}/fields/${field}` }), at })),
      ),
    ),
  ),
);

/** The same while the session lives: time never lets in what its tags do not. */
const ATTEMPTS_IN_TIME = ATTEMPTS.filter(({ at }) => at === BEFORE_END);

function allowed(
  layers: Layers,
  tags: Readonly<Record<string, string>>,
  attempts = ATTEMPTS,
  through?: string,
): Attempt[] {
  return attempts.filter(
    ({ resource, at }) => invoke(layers, resource, tags, at, undefined, through).decision === "allow",
  );
}

/**
 * The layers with each one, in turn, replaced by Allow * on * (the API's policy: absent, and Allow to everyone). A private API without a
 * policy is called by nobody; here it is judged as one that others may still call.
 */
function slips(layers: ConnectorLayers): [name: string, layers: Layers][] {
  const withoutApiPolicy: Layers = { ...layers, resource: undefined };
  return [
    ["identity", { ...layers, identity: [ALLOW_ALL] }],
    ["boundary", { ...layers, boundary: ALLOW_ALL }],
    ["session", { ...layers, session: ALLOW_ALL }],
    ["API policy absent", withoutApiPolicy],
    ["identity, API policy absent", { ...withoutApiPolicy, identity: [ALLOW_ALL] }],
    ["boundary, API policy absent", { ...withoutApiPolicy, boundary: ALLOW_ALL }],
    ["session, API policy absent", { ...withoutApiPolicy, session: ALLOW_ALL }],
    ...(layers.endpoint === undefined
      ? []
      : [["endpoint policy absent", { ...layers, endpoint: undefined }] satisfies [string, Layers]]),
  ];
}

const LAYERS = connectorLayers(POLICY, OWN_FIELD);

function without(document: PolicyDocument, sid: string): PolicyDocument {
  const Statement = document.Statement.filter((statement) => statement.Sid !== sid);
  expect(Statement).toHaveLength(document.Statement.length - 1);
  return { ...document, Statement };
}

describe.each([
  ["anywhere", REFS, undefined],
  ["behind an endpoint", PRIVATE_REFS, ENDPOINT_ID],
])("a session of the connector role, the gateway %s", (_where, refs, through) => {
  const LAYERS = connectorLayers(POLICY, OWN_FIELD, refs);
  const atAnyTime = through === undefined ? ATTEMPTS : ATTEMPTS_IN_TIME;

  test("may make exactly one request of all, until its minute ends", () => {
    expect(allowed(LAYERS, OWN_TAGS, ATTEMPTS, through)).toEqual([{ resource: OWN_RESOURCE, at: BEFORE_END }]);
  });

  test.each(slips(LAYERS))("fails to make any other request with one layer lost: %s", (_name, layers) => {
    const resources = new Set(allowed(layers, OWN_TAGS, atAnyTime, through).map(({ resource }) => resource));
    expect([...resources]).toEqual([OWN_RESOURCE]);
  });

  test.each(slips(LAYERS).filter(([name]) => !name.startsWith("session")))(
    "fails after its minute with one layer lost that does not carry the time: %s",
    (_name, layers) => {
      expect(allowed(layers, OWN_TAGS, ATTEMPTS, through)).toEqual([{ resource: OWN_RESOURCE, at: BEFORE_END }]);
    },
  );

  test("fails to make any other request even if the API allowed everyone", () => {
    const resource: PolicyDocument = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: "*", Action: "*", Resource: "*" }],
    };
    const resources = new Set(
      allowed({ ...LAYERS, resource }, OWN_TAGS, atAnyTime, through).map((attempt) => attempt.resource),
    );
    expect([...resources]).toEqual([OWN_RESOURCE]);
  });

  test.each([
    ["no tags", {}],
    ["the grant alone", { grantId: OWN_GRANT }],
    ["the field alone", { field: OWN_FIELD }],
    ["empty tags", { grantId: "", field: "" }],
    ["wildcards as tags", { grantId: "*", field: "*" }],
    ["a field that is never written", { grantId: OWN_GRANT, field: "base_salary" }],
    ["a field that is not in the policy", { grantId: OWN_GRANT, field: "unlisted" }],
    ["a field in another case", { grantId: OWN_GRANT, field: "WORK_EMAIL" }],
    ["a path as a field", { grantId: OWN_GRANT, field: "email/../base_salary" }],
    ["a path as a grant", { grantId: `${OWN_GRANT}/fields/${OWN_FIELD}`, field: OWN_FIELD }],
  ])("fails to make any request with %s, also with one layer lost", (_name, tags: Record<string, string>) => {
    const field = tags["field"];
    const named = field !== undefined && /^[a-z][a-z0-9_]*$/.test(field) ? field : OWN_FIELD;
    const layers = connectorLayers(POLICY, named, refs);
    expect(allowed(layers, tags, atAnyTime, through)).toEqual([]);
    for (const [name, lost] of slips(layers)) {
      expect([name, allowed(lost, tags, ATTEMPTS_IN_TIME, through)]).toEqual([name, []]);
    }
  });

  test.each([
    "execute-api:ManageConnections",
    "execute-api:InvalidateCache",
    "sts:AssumeRole",
    "s3:GetObject",
    "dynamodb:GetItem",
    "lambda:InvokeFunction",
    "secretsmanager:GetSecretValue",
  ])("fails to do %s, also with one layer lost", (action) => {
    const resource = action.startsWith("execute-api") ? OWN_RESOURCE : "arn:aws:s3:::records/a";
    for (const [name, layers] of [["none", LAYERS] as const, ...slips(LAYERS)]) {
      expect([name, invoke(layers, resource, OWN_TAGS, BEFORE_END, action, through).decision]).toEqual([name, "deny"]);
    }
  });

  test("fails at another API, account or Region, also with one layer lost", () => {
    const path = `grants/${OWN_GRANT}/fields/${OWN_FIELD}`;
    const others = [
      requestArn({ path, apiId: "zzzzzzzzzz" }),
      OWN_RESOURCE.replace("111122223333", "444455556666"),
      OWN_RESOURCE.replace("eu-west-1", "us-east-1"),
    ];
    for (const resource of others) {
      for (const [name, layers] of [["none", LAYERS] as const, ...slips(LAYERS)]) {
        expect([name, resource, invoke(layers, resource, OWN_TAGS, BEFORE_END, undefined, through).decision]).toEqual([
          name,
          resource,
          "deny",
        ]);
      }
    }
  });

  test("fails for every other field when the policy has no writable field", () => {
    const layers = connectorLayers(policyOf({ base_salary: "never" }), "base_salary", refs);
    expect(allowed(layers, { grantId: OWN_GRANT, field: "base_salary" }, atAnyTime, through)).toEqual([]);
    expect(allowed(layers, { grantId: OWN_GRANT, field: "-" }, atAnyTime, through)).toEqual([]);
  });
});

describe("a session of the connector role, the gateway behind an endpoint", () => {
  const layers = connectorLayers(POLICY, OWN_FIELD, PRIVATE_REFS);
  const elsewhere: readonly [name: string, through: string | undefined][] = [
    ["no endpoint", undefined],
    ["another endpoint", OTHER_ENDPOINT_ID],
    ["an endpoint of a like name", `${ENDPOINT_ID}0`],
  ];

  // The endpoint's own policy does not see what goes another way.
  const withoutEndpoint = { ...layers, endpoint: undefined };

  test.each(elsewhere)("fails to make any request through %s, also with one layer lost", (_name, through) => {
    const lostOne = slips(withoutEndpoint).filter(([name]) => !name.includes(","));
    expect(lostOne).toHaveLength(4);
    for (const [name, lost] of [["none", withoutEndpoint] as const, ...lostOne])
      expect([name, allowed(lost, OWN_TAGS, ATTEMPTS_IN_TIME, through)]).toEqual([name, []]);
  });

  test("is held to the endpoint by the role's policy and by the API's, each on its own", () => {
    const at = (lost: Layers) => invoke(lost, OWN_RESOURCE, OWN_TAGS, BEFORE_END, undefined, OTHER_ENDPOINT_ID);
    const open = { identity: [ALLOW_ALL], boundary: ALLOW_ALL, session: ALLOW_ALL };
    expect(at({ ...open, resource: layers.resource }).by).toContain("resource (DenyOutsideTheEndpoint)");
    expect(at({ ...open, identity: layers.identity }).by).toContain("identity (DenyOutsideTheEndpoint)");
    expect(at(open).decision).toBe("allow");
  });

  test.each([
    ["identity", "DenyOutsideTheEndpoint"],
    ["resource", "DenyOutsideTheEndpoint"],
  ] as const)("without the %s's %s and with the other one lost, it could call from anywhere", (layer, sid) => {
    const drop = (document: PolicyDocument): PolicyDocument => without(document, sid);
    const broken: Layers =
      layer === "identity"
        ? { ...withoutEndpoint, identity: [ALLOW_ALL, drop(layers.identity[0]!)], resource: undefined }
        : { ...withoutEndpoint, identity: [ALLOW_ALL], resource: drop(layers.resource) };
    expect(invoke(broken, OWN_RESOURCE, OWN_TAGS).decision).toBe("allow");
  });

  test("what the endpoint lets through is the connector's one kind of request, whoever else may do what", () => {
    const open = { identity: [ALLOW_ALL] };
    const endpoint = compileEndpointPolicy(NAMES, REFS.apiId);
    const through = (request: Partial<Parameters<typeof evaluate>[0]>) =>
      evaluate(
        {
          principalArn: NAMES.role("connector").arn,
          action: "execute-api:Invoke",
          resource: OWN_RESOURCE,
          context: { "aws:SourceVpce": ENDPOINT_ID },
          ...request,
        } as Parameters<typeof evaluate>[0],
        { ...open, endpoint },
      ).decision;
    expect(through({})).toBe("allow");
    expect(through({ principalArn: NAMES.role("broker").arn })).toBe("deny");
    expect(through({ principalArn: "arn:aws:iam::444455556666:role/acme-hr-connector" })).toBe("deny");
    expect(through({ resource: OWN_RESOURCE.replace(`:${REFS.apiId}/`, ":zzzzzzzzzz/") })).toBe("deny");
    expect(through({ resource: OWN_RESOURCE.replace("111122223333", "444455556666") })).toBe("deny");
    expect(through({ resource: OWN_RESOURCE.replace("/PATCH/", "/GET/") })).toBe("deny");
    expect(through({ resource: OWN_RESOURCE.replace("/live/", "/test/") })).toBe("deny");
    expect(through({ action: "execute-api:ManageConnections" })).toBe("deny");
    expect(through({ action: "s3:PutObject", resource: "arn:aws:s3:::records/a" })).toBe("deny");
  });

  test.each([
    ["DenyAllButTheConnector", { principalArn: NAMES.role("broker").arn, resource: OWN_RESOURCE }],
    [
      "DenyAllButTheOneMethod",
      { principalArn: NAMES.role("connector").arn, resource: OWN_RESOURCE.replace("/live/", "/test/") },
    ],
  ])("the endpoint policy's %s holds also where somebody adds an Allow on everything", (sid, request) => {
    const wide: Statement = { Effect: "Allow", Principal: "*", Action: "*", Resource: "*" };
    const policy = compileEndpointPolicy(NAMES, REFS.apiId);
    const added = { ...policy, Statement: [...policy.Statement, wide] };
    const ask = (endpoint: PolicyDocument) =>
      evaluate({ ...request, action: "execute-api:Invoke", context: {} }, { identity: [ALLOW_ALL], endpoint }).decision;
    expect(ask(added)).toBe("deny");
    expect(ask(without(added, sid))).toBe("allow");
  });

  test("the API's one Allow names the role, so that boundary and session policy still limit it", () => {
    const allows = layers.resource.Statement.filter(({ Effect }) => Effect === "Allow");
    expect(allows.map(({ Principal, Resource }) => [Principal, Resource])).toEqual([
      [{ AWS: NAMES.role("connector").arn }, requestArn({ path: "grants/g-*/fields/*" })],
    ]);
    const nothing: PolicyDocument = { Version: "2012-10-17", Statement: [] };
    for (const limit of ["boundary", "session"] as const) {
      const { decision, layers: by } = invoke(
        { ...layers, identity: [], [limit]: nothing },
        OWN_RESOURCE,
        OWN_TAGS,
        BEFORE_END,
        undefined,
        ENDPOINT_ID,
      );
      expect([limit, decision, by]).toEqual([limit, "deny", [limit]]);
    }
  });
});

describe("each statement of the connector's documents carries weight", () => {
  const { identity, boundary } = compileRoles({ names: NAMES, policy: POLICY, refs: REFS }).connector;

  const everyone: Statement = { Effect: "Allow", Principal: "*", Action: "*", Resource: "*" };
  const open: PolicyDocument = { Version: "2012-10-17", Statement: [everyone] };

  test("without the identity's DenyAllButOwnPath an open API would let a session go anywhere", () => {
    const other = requestArn({ path: `grants/${OTHER_GRANT}/fields/${OWN_FIELD}` });
    const layers = { identity: [identity], boundary: boundary!, resource: open };
    expect(invoke(layers, other, OWN_TAGS).decision).toBe("deny");
    expect(invoke({ ...layers, identity: [without(identity, "DenyAllButOwnPath")] }, other, OWN_TAGS).decision).toBe(
      "allow",
    );
  });

  test("without the boundary's DenyUnlisted an open identity would let a never field through", () => {
    const tags = { grantId: OWN_GRANT, field: "base_salary" };
    const resource = requestArn({ path: `grants/${OWN_GRANT}/fields/base_salary` });
    const layers = { identity: [ALLOW_ALL], boundary: boundary! };
    expect(invoke(layers, resource, tags)).toMatchObject({
      decision: "deny",
      by: "explicit deny in boundary (DenyUnlisted)",
    });
    expect(invoke({ ...layers, boundary: without(boundary!, "DenyUnlisted") }, resource, tags).decision).toBe("allow");
  });

  test.each([
    ["DenyWithoutFieldTag", { grantId: OWN_GRANT }],
    ["DenyWithoutGrantTag", { field: OWN_FIELD }],
  ])("the identity's %s does not rest on how IAM reads an unset variable", (sid, tags: Record<string, string>) => {
    const withoutVariables = without(identity, "DenyAllButOwnPath");
    expect(invoke({ identity: [withoutVariables], resource: open }, OWN_RESOURCE, tags).layers).toEqual(["identity"]);
    expect(invoke({ identity: [without(withoutVariables, sid)], resource: open }, OWN_RESOURCE, tags).decision).toBe(
      "allow",
    );
  });

  test("a missing field tag is denied by the API in so many words, besides not being on its list", () => {
    const { statements } = invoke(LAYERS, OWN_RESOURCE, { grantId: OWN_GRANT });
    const sids = statements.filter(({ layer }) => layer === "resource").map(({ sid }) => sid);
    expect(sids).toEqual(["DenyUnlistedFields", "DenyWithoutFieldTag"]);
  });

  test.each([
    ["DenyAllButTheOneMethod", OWN_RESOURCE.replace("/PATCH/", "/GET/"), OWN_TAGS],
    ["DenyUnlistedFields", OWN_RESOURCE, { grantId: OWN_GRANT, field: "base_salary" }],
    ["DenyWithoutGrantTag", OWN_RESOURCE, { field: OWN_FIELD }],
  ])("without the API's %s a role with every right gets through", (sid, resource, tags) => {
    const api = LAYERS.resource;
    expect(invoke({ identity: [ALLOW_ALL], resource: api }, resource, tags as Record<string, string>).layers).toEqual([
      "resource",
    ]);
    expect(
      invoke({ identity: [ALLOW_ALL], resource: without(api, sid) }, resource, tags as Record<string, string>).decision,
    ).toBe("allow");
  });

  test("the API refuses every role but the connector's, and allows nobody", () => {
    expect(LAYERS.resource.Statement.map(({ Effect }) => Effect)).not.toContain("Allow");
    const { identity: brokerIdentity } = compileRoles({ names: NAMES, policy: POLICY, refs: REFS }).broker;
    for (const documents of [[ALLOW_ALL], [brokerIdentity]]) {
      const request = {
        principalArn: NAMES.role("broker").arn,
        action: "execute-api:Invoke",
        resource: OWN_RESOURCE,
        context: { "aws:PrincipalTag/grantId": OWN_GRANT, "aws:PrincipalTag/field": OWN_FIELD },
      };
      expect(evaluate(request, { identity: documents, resource: LAYERS.resource }).decision).toBe("deny");
    }
  });
});

describe("the trust of the connector role", () => {
  const roles = compileRoles({ names: NAMES, policy: POLICY, refs: REFS });
  const trust = roles.connector.trust;
  const good: AssumeRoleRequest = {
    caller: { roleArn: NAMES.role("broker").arn },
    roleArn: NAMES.role("connector").arn,
    sessionName: OWN_GRANT,
    sourceIdentity: OWN_GRANT,
    tags: OWN_TAGS,
  };
  const ask = (change: Partial<AssumeRoleRequest>, identity: PolicyDocument = roles.broker.identity) =>
    evaluateAssumeRole({ ...good, ...change }, { identity: [identity], trust });

  test("lets the broker in with both tags, session name and source identity, and both sides say so", () => {
    expect(ask({})).toMatchObject({ decision: "allow", trust: "allow", identity: "allow" });
  });

  test.each<[string, Partial<AssumeRoleRequest>]>([
    ["no tags", { tags: {} }],
    ["no grant tag", { tags: { field: OWN_FIELD } }],
    ["no field tag", { tags: { grantId: OWN_GRANT } }],
    ["an empty field tag", { tags: { grantId: OWN_GRANT, field: "" } }],
    ["a grant tag that is none", { tags: { grantId: "anything", field: OWN_FIELD } }],
    ["a further tag", { tags: { ...OWN_TAGS, department: "x" } }],
    ["a transitive tag", { transitiveTagKeys: ["grantId"] }],
    ["no source identity", { sourceIdentity: undefined }],
    ["another source identity", { sourceIdentity: "somebody" }],
    ["another session name", { sessionName: "somebody" }],
    ["a session name in another case", { sessionName: OWN_GRANT.toUpperCase() }],
    ["a source identity of another grant", { sourceIdentity: OTHER_GRANT }],
    ["a session name of another grant", { sessionName: OTHER_GRANT }],
    ["a tag of another grant", { tags: { ...OWN_TAGS, grantId: OTHER_GRANT } }],
    ["an AWS service as caller", { caller: { service: "lambda.amazonaws.com" } }],
  ])("refuses %s", (_name, change) => {
    expect(ask(change, ALLOW_ALL)).toMatchObject({ decision: "deny", trust: "deny" });
  });

  test.each(
    Object.keys(roles)
      .filter((principal) => principal !== "broker")
      .map((principal) => [principal]),
  )("refuses the role of %s, whatever its own policy says", (principal) => {
    const caller = { roleArn: NAMES.role(principal).arn };
    expect(ask({ caller }, ALLOW_ALL)).toMatchObject({ decision: "deny", trust: "deny" });
  });

  test("refuses a principal of another account and an administrator of this one", () => {
    for (const roleArn of ["arn:aws:iam::444455556666:role/acme-hr-broker", "arn:aws:iam::111122223333:role/admin"]) {
      expect(ask({ caller: { roleArn } }, ALLOW_ALL).decision).toBe("deny");
    }
  });

  test("no role but the broker's is allowed to assume any role by its own policy", () => {
    const able = Object.entries(roles).filter(
      ([, { identity }]) => evaluateAssumeRole(good, { identity: [identity], trust }).identity === "allow",
    );
    expect(able.map(([principal]) => principal)).toEqual(["broker"]);
  });
});
