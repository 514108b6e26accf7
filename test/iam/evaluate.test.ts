import * as fc from "fast-check";

import { evaluate, IamRequestError, type AccessRequest, type PolicyDocument, type Statement } from "../../src/iam";

const REQUEST: AccessRequest = {
  principalArn: "arn:aws:iam::111122223333:role/app",
  action: "s3:GetObject",
  resource: "arn:aws:s3:::records/a",
  context: {},
};

const documentOf = (...Statement: Statement[]): PolicyDocument => ({ Version: "2012-10-17", Statement });
const ALLOW: Statement = { Sid: "Any", Effect: "Allow", Action: "*", Resource: "*" };

describe("requests that cannot be judged", () => {
  test.each<[string, Partial<AccessRequest>]>([
    ["an action with a wildcard", { action: "s3:*" }],
    ["an action without a service", { action: "GetObject" }],
    ["a resource that is neither an ARN nor *", { resource: "records/a" }],
    ["a caller that is no ARN", { principalArn: "app" }],
    ["a context that contradicts the caller", { context: { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/b" } }],
    ["a context with one key twice", { context: { "aws:PrincipalTag/a": "1", "aws:principaltag/A": "2" } }],
  ])("refuses %s", (_name, change) => {
    expect(() => evaluate({ ...REQUEST, ...change } as AccessRequest, { identity: [documentOf(ALLOW)] })).toThrow(
      IamRequestError,
    );
  });

  test("refuses a single-valued operator over a key with several values, also in an Allow", () => {
    for (const Effect of ["Allow", "Deny"] as const) {
      const document = documentOf(ALLOW, { ...ALLOW, Effect, Condition: { StringEquals: { "aws:TagKeys": "a" } } });
      const request = { ...REQUEST, context: { "aws:TagKeys": ["a"] } };
      expect(() => evaluate(request, { identity: [document] })).toThrow(IamRequestError);
    }
  });
});

describe("the answer", () => {
  test("names the layer and the statement of an explicit deny", () => {
    const boundary = documentOf(ALLOW, { ...ALLOW, Sid: "Stop", Effect: "Deny" });
    expect(evaluate(REQUEST, { identity: [documentOf(ALLOW)], boundary })).toEqual({
      decision: "deny",
      explicit: true,
      layers: ["boundary"],
      by: "explicit deny in boundary (Stop)",
      statements: [
        { layer: "identity", effect: "Allow", sid: "Any" },
        { layer: "boundary", effect: "Allow", sid: "Any" },
        { layer: "boundary", effect: "Deny", sid: "Stop" },
      ],
    });
  });

  test("names the layers that miss an allow", () => {
    const none = documentOf({ ...ALLOW, Action: "s3:PutObject" });
    expect(evaluate(REQUEST, { identity: [documentOf(ALLOW)], boundary: none, session: none }).by).toBe(
      "no allow in boundary, session",
    );
  });

  test("names a document by its own layer where one object stands in two", () => {
    const shared = documentOf(ALLOW);
    expect(evaluate(REQUEST, { identity: [shared], boundary: shared }).by).toBe(
      "allow in identity (Any), boundary (Any)",
    );
  });
});

describe("laws of evaluation", () => {
  const actions = fc.constantFrom("s3:GetObject", "s3:PutObject", "s3:*", "*", "sqs:SendMessage");
  const resources = fc.constantFrom("*", "arn:aws:s3:::records/a", "arn:aws:s3:::records/*", "arn:aws:s3:::other/*");
  const conditions = fc.constantFrom<Statement["Condition"][]>(
    undefined,
    { StringEquals: { "aws:PrincipalTag/k": "a" } },
    { StringNotEquals: { "aws:PrincipalTag/k": "a" } },
    { Null: { "aws:PrincipalTag/k": "true" } },
  );
  const statements: fc.Arbitrary<Statement> = fc
    .tuple(fc.constantFrom("Allow" as const, "Deny" as const), actions, resources, fc.boolean(), conditions)
    .map(([Effect, Action, Resource, not, Condition]) => ({
      Effect,
      Action,
      ...(not ? { NotResource: Resource } : { Resource }),
      ...(Condition === undefined ? {} : { Condition }),
    }));
  const documents = fc.array(statements, { minLength: 1, maxLength: 4 }).map((list) => documentOf(...list));
  const requests: fc.Arbitrary<AccessRequest> = fc
    .tuple(
      fc.constantFrom("s3:GetObject", "s3:PutObject", "sqs:SendMessage"),
      fc.constantFrom("arn:aws:s3:::records/a", "arn:aws:s3:::records/b/c", "arn:aws:s3:::other/x"),
      fc.constantFrom({}, { "aws:PrincipalTag/k": "a" }, { "aws:PrincipalTag/k": "b" }),
    )
    .map(([action, resource, context]) => ({ ...REQUEST, action, resource, context }) as AccessRequest);

  test("a boundary or a session policy never adds a permission", () => {
    fc.assert(
      fc.property(requests, documents, documents, documents, (request, identity, boundary, session) => {
        const alone = evaluate(request, { identity: [identity] }).decision;
        const limited = evaluate(request, { identity: [identity], boundary, session }).decision;
        return limited === "deny" || alone === "allow";
      }),
    );
  });

  test("a further Deny never adds a permission, a further Allow never removes one", () => {
    fc.assert(
      fc.property(requests, documents, statements, (request, identity, further) => {
        const before = evaluate(request, { identity: [identity] }).decision;
        const after = evaluate(request, { identity: [documentOf(...identity.Statement, further)] }).decision;
        return further.Effect === "Deny"
          ? after === "deny" || before === "allow"
          : after === "allow" || before === "deny";
      }),
    );
  });

  test("the order of statements and documents does not count", () => {
    fc.assert(
      fc.property(requests, documents, documents, (request, a, b) => {
        const one = evaluate(request, { identity: [a, b] });
        const reversed = evaluate(request, { identity: [documentOf(...[...b.Statement].reverse()), a] });
        return one.decision === reversed.decision && one.explicit === reversed.explicit;
      }),
    );
  });

  test("wildcards match as the regular expression of the same shape", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "/"), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom("a", "b", "/", "*", "?"), maxLength: 8 });
    fc.assert(
      fc.property(text, pattern, (name, shape) => {
        const expression = new RegExp(`^${shape.replace(/\*/g, ".*").replace(/\?/g, ".")}$`);
        const document = documentOf({ Effect: "Allow", Action: "s3:GetObject", Resource: `arn:aws:s3:::x${shape}` });
        const { decision } = evaluate({ ...REQUEST, resource: `arn:aws:s3:::x${name}` }, { identity: [document] });
        return (decision === "allow") === expression.test(name);
      }),
      { numRuns: 1000 },
    );
  });
});
