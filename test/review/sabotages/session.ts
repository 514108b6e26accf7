import type { Statement } from "../../../src/iam";
import { mentioning, without, type Hand, type Tree } from "../hand";
import type { Sabotage } from "./sabotage";

const ALLOW_ALL = { Sid: "All", Effect: "Allow", Action: "*", Resource: "*" } as const;

function broken(name: string, code: string, change: (hand: Hand) => string, more: Partial<Sabotage> = {}): Sabotage {
  return { name, invariant: 3, code, change, ...more };
}

const invoke = (hand: Hand, path: string): Partial<Statement> => ({
  Sid: "More",
  Effect: "Allow",
  Action: "execute-api:Invoke",
  Resource: `arn:aws:execute-api:eu-west-1:111122223333:\${${hand.find("aws_api_gateway_rest_api").address}.id}/${path}`,
});

/** Every list of fields in a statement's conditions, changed. */
function lists(statement: { Condition?: Statement["Condition"] }, change: (list: string[]) => string[]): void {
  for (const tests of Object.values(statement.Condition ?? {})) {
    for (const [key, value] of Object.entries(tests)) {
      if (key === "aws:PrincipalTag/field") (tests as Record<string, unknown>)[key] = change([value].flat());
    }
  }
}

const variables = (hand: Hand): Tree => (hand.fn("broker").body["environment"] as { variables: Tree }).variables;

/** Changes of what a connector's session is held to. */
export const SESSION_SABOTAGES: readonly Sabotage[] = [
  broken("no boundary", "BoundaryMissing", (hand) => {
    const role = hand.role("connector");
    delete role.body["permissions_boundary"];
    return role.address;
  }),
  broken("a boundary that allows everything", "LayerTooWide", (hand) =>
    hand.boundary((document) => {
      document.Statement = [{ ...ALLOW_ALL }];
    }),
  ),
  broken(
    "a boundary of another account",
    "UnreadDocument",
    (hand) => {
      const role = hand.role("connector");
      role.body["permissions_boundary"] = "arn:aws:iam::111122223333:policy/something-else";
      hand.remove("aws_iam_policy", "boundary");
      return role.address;
    },
    { verdict: "not-proved" },
  ),
  broken("a boundary without its denial", "LayerTooWide", (hand) =>
    hand.boundary((document) => {
      without(document, "StringNotEquals");
    }),
  ),
  broken("a never field in the boundary's list", "LayerTooWide", (hand) =>
    hand.boundary((document) => {
      lists(mentioning(document, "StringNotEquals"), (list) => [...list, "base_salary"]);
    }),
  ),
  broken("a wildcard in the boundary's list", "LayerTooWide", (hand) =>
    hand.boundary((document) => {
      mentioning(document, "StringNotEquals").Condition = { StringNotLike: { "aws:PrincipalTag/field": ["*"] } };
    }),
  ),
  broken("a wildcard for the grant in the boundary", "LayerTooWide", (hand) =>
    hand.boundary((document) => {
      const statement = mentioning(document, "grants", "Allow");
      statement.Resource = String(statement.Resource).replace("$${aws:PrincipalTag/grantId}", "*");
    }),
  ),
  broken("an identity policy without the list of fields", "LayerTooWide", (hand) =>
    hand.identity("connector", (document) => {
      delete mentioning(document, "grants", "Allow").Condition;
    }),
  ),
  broken("a never field in the identity policy's list", "LayerTooWide", (hand) =>
    hand.identity("connector", (document) => {
      lists(mentioning(document, "grants", "Allow"), (list) => [...list, "bank_account"]);
    }),
  ),
  broken("a pattern in the identity policy's list", "LayerTooWide", (hand) =>
    hand.identity("connector", (document) => {
      mentioning(document, "grants", "Allow").Condition = { StringLike: { "aws:PrincipalTag/field": "*_*" } };
    }),
  ),
  broken("a wildcard for the field in the identity policy", "LayerTooWide", (hand) =>
    hand.identity("connector", (document) => {
      const statement = mentioning(document, "grants", "Allow");
      statement.Resource = String(statement.Resource).replace("$${aws:PrincipalTag/field}", "*");
    }),
  ),
  broken("any method in the identity policy", "LayerTooWide", (hand) =>
    hand.identity("connector", (document) => {
      const statement = mentioning(document, "grants", "Allow");
      statement.Resource = String(statement.Resource).replace("/PATCH/", "/*/");
    }),
  ),
  broken("any stage in the identity policy", "LayerTooWide", (hand) =>
    hand.identity("connector", (document) => {
      const statement = mentioning(document, "grants", "Allow");
      statement.Resource = String(statement.Resource).replace("/live/", "/*/");
    }),
  ),
  broken("anything below the path in the identity policy", "LayerTooWide", (hand) =>
    hand.identity("connector", (document) => {
      const statement = mentioning(document, "grants", "Allow");
      statement.Resource = `${String(statement.Resource)}*`;
    }),
  ),
  broken("a second path in the identity policy", "LayerTooWide", (hand) =>
    hand.identity("connector", (document) => document.Statement.push(invoke(hand, "live/GET/status") as never)),
  ),
  broken("every action of the API in the identity policy", "WildcardAction", (hand) =>
    hand.identity("connector", (document) => {
      mentioning(document, "grants", "Allow").Action = "execute-api:*";
    }),
  ),
  broken("an Allow of everything but IAM for the connector", "AllowWithNotAction", (hand) =>
    hand.identity("connector", (document) =>
      document.Statement.push({ Effect: "Allow", NotAction: "iam:*", Resource: "*" }),
    ),
  ),
  broken("an Allow on everything but one path for the connector", "AllowWithNotResource", (hand) =>
    hand.identity("connector", (document) =>
      document.Statement.push({ Effect: "Allow", Action: "execute-api:Invoke", NotResource: "arn:aws:s3:::x" }),
    ),
  ),
  broken("no denial of other paths", "DenyMissing", (hand) =>
    hand.identity("connector", (document) => {
      without(document, "NotResource");
    }),
  ),
  broken("no denial of a session without a grant", "DenyMissing", (hand) =>
    hand.identity("connector", (document) => {
      without(document, '"Null":{"aws:PrincipalTag/grantId"');
    }),
  ),
  broken("no denial of a session without a field", "DenyMissing", (hand) =>
    hand.identity("connector", (document) => {
      without(document, '"Null":{"aws:PrincipalTag/field"');
    }),
  ),
  broken("a denial of other paths for one action alone", "DenyMissing", (hand) =>
    hand.identity("connector", (document) => {
      mentioning(document, "NotResource").Action = "execute-api:Invoke";
    }),
  ),
  broken("a denial of other paths under a condition", "DenyMissing", (hand) =>
    hand.identity("connector", (document) => {
      mentioning(document, "NotResource").Condition = { IpAddress: { "aws:SourceIp": "10.0.0.0/8" } };
    }),
  ),
  broken("no session policy", "SessionPolicyMissing", (hand) => {
    delete variables(hand)["SESSION_POLICY_TEMPLATE"];
    return hand.fn("broker").address;
  }),
  broken("a session policy for every grant", "LayerTooWide", (hand) =>
    hand.session((document) => {
      const [statement] = document.Statement;
      statement!.Resource = String(statement!.Resource).replace("{grantId}", "*");
    }),
  ),
  broken("a session policy for every field", "LayerTooWide", (hand) =>
    hand.session((document) => {
      const [statement] = document.Statement;
      statement!.Resource = String(statement!.Resource).replace("{field}", "*");
    }),
  ),
  broken("a session policy without an end", "LayerTooWide", (hand) =>
    hand.session((document) => {
      delete document.Statement[0]!.Condition;
    }),
  ),
  broken("a session policy that ends a second late", "LayerTooWide", (hand) =>
    hand.session((document) => {
      document.Statement[0]!.Condition = { DateLessThanEquals: { "aws:CurrentTime": "{expiresAt}" } };
    }),
  ),
  broken("a session policy that allows everything", "LayerTooWide", (hand) =>
    hand.session((document) => {
      document.Statement.push({ ...ALLOW_ALL });
    }),
  ),
  broken(
    "a session policy from a file",
    "UnreadDocument",
    (hand) => {
      variables(hand)["SESSION_POLICY_TEMPLATE"] = '${file("session.json")}';
      return hand.fn("broker").address;
    },
    { verdict: "not-proved" },
  ),
  broken("a session policy for another API", "OwnRequestDenied", (hand) => {
    hand.session((document) => {
      const [statement] = document.Statement;
      statement!.Resource =
        "arn:aws:execute-api:eu-west-1:111122223333:abcdefghij/live/PATCH/grants/{grantId}/fields/{field}";
    });
    return hand.role("connector").address;
  }),
  broken("one more policy attached to the connector role", "LayerTooWide", (hand) =>
    hand.add("aws_iam_role_policy", "more", {
      role: `\${${hand.role("connector").address}.id}`,
      policy: JSON.stringify({ Version: "2012-10-17", Statement: [invoke(hand, "live/PATCH/grants/*/fields/*")] }),
    }),
  ),

  broken("no policy of the API", "ApiPolicyMissing", (hand) => {
    hand.remove("aws_api_gateway_rest_api_policy", "");
    return hand.find("aws_api_gateway_rest_api").address;
  }),
  broken("everybody allowed by the API's policy", "AllowToEveryone", (hand) =>
    hand.api((document) =>
      document.Statement.push({ Effect: "Allow", Principal: "*", Action: "execute-api:Invoke", Resource: "*" }),
    ),
  ),
  broken("everybody, in another spelling, allowed by the API's policy", "AllowToEveryone", (hand) =>
    hand.api((document) =>
      document.Statement.push({
        Effect: "Allow",
        Principal: { AWS: ["*"] },
        Action: "execute-api:Invoke",
        Resource: "*",
      }),
    ),
  ),
  broken("the account allowed by the API's policy", "AllowToAccount", (hand) =>
    hand.api((document) =>
      document.Statement.push({
        Effect: "Allow",
        Principal: { AWS: "arn:aws:iam::111122223333:root" },
        Action: "execute-api:Invoke",
        Resource: "*",
      }),
    ),
  ),
  broken("a session allowed by the API's policy", "AllowToSession", (hand) =>
    hand.api((document) =>
      document.Statement.push({
        Effect: "Allow",
        Principal: {
          AWS: "arn:aws:sts::111122223333:assumed-role/acme-writeback-connector/g-01JD5Z8Q4T9V2W3X4Y5Z6A7B8C",
        },
        Action: "execute-api:Invoke",
        Resource: "*",
      }),
    ),
  ),
  broken("another role allowed by the API's policy", "PowerHeldByAnother", (hand) =>
    hand.api((document) => {
      document.Statement = [];
      document.Statement.push({
        Effect: "Allow",
        Principal: { AWS: hand.roleArn("broker") },
        Action: "execute-api:Invoke",
        Resource: String(invoke(hand, "*").Resource),
      });
    }),
  ),
  broken("everybody but one allowed by the API's policy", "AllowWithNotPrincipal", (hand) =>
    hand.api((document) =>
      document.Statement.push({
        Effect: "Allow",
        NotPrincipal: { AWS: hand.roleArn("broker") },
        Action: "execute-api:Invoke",
        Resource: "*",
      }),
    ),
  ),
  ...[
    ["who is not the connector", "aws:PrincipalArn"],
    ["other methods", "NotResource"],
    ["fields that are not writable", 'StringNotEquals":{"aws:PrincipalTag/field'],
    ["a session without a grant", 'Null":{"aws:PrincipalTag/grantId'],
    ["a session without a field", 'Null":{"aws:PrincipalTag/field'],
  ].map(([what, text]) =>
    broken(`the API's policy does not deny ${what!}`, "DenyMissing", (hand) =>
      hand.api((document) => {
        without(document, text!);
      }),
    ),
  ),
  broken("the API's policy lets roles of a like name in", "DenyMissing", (hand) =>
    hand.api((document) => {
      mentioning(document, "aws:PrincipalArn").Condition = {
        ArnNotLike: { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/acme-writeback-connector*" },
      };
    }),
  ),
  broken(
    "the API's policy from a data source",
    "UnreadDocument",
    (hand) => {
      const policy = hand.find("aws_api_gateway_rest_api_policy");
      policy.body["policy"] = "${data.aws_iam_policy_document.api.json}";
      return policy.address;
    },
    { verdict: "not-proved" },
  ),
  broken("a method that asks nobody", "MethodNotIam", (hand) => {
    const method = hand.find("aws_api_gateway_method");
    method.body["authorization"] = "NONE";
    return method.address;
  }),
  broken("a method with an authorizer of its own", "MethodNotIam", (hand) => {
    const method = hand.find("aws_api_gateway_method");
    method.body["authorization"] = "CUSTOM";
    return method.address;
  }),
  broken("any method instead of the one", "MethodBesidesTheOne", (hand) => {
    const method = hand.find("aws_api_gateway_method");
    method.body["http_method"] = "ANY";
    return method.address;
  }),
  broken("a second method on the same resource", "MethodBesidesTheOne", (hand) =>
    hand.add("aws_api_gateway_method", "more", { ...hand.find("aws_api_gateway_method").body, http_method: "GET" }),
  ),
  broken("a method that leads to another function", "NotTheGateway", (hand) => {
    const integration = hand.find("aws_api_gateway_integration");
    integration.body["uri"] = `\${${hand.fn("announce").address}.invoke_arn}`;
    return integration.address;
  }),
  broken("an integration that makes up the request", "NotTheGateway", (hand) => {
    const integration = hand.find("aws_api_gateway_integration");
    integration.body["type"] = "AWS";
    return integration.address;
  }),
  broken(
    "an API that is declared by a document",
    "UnreadValue",
    (hand) => {
      const api = hand.find("aws_api_gateway_rest_api");
      api.body["body"] = '{"openapi":"3.0.1"}';
      return api.address;
    },
    { verdict: "not-proved" },
  ),
  broken("a second API that leads to the gateway", "AnotherDoor", (hand) => {
    hand.add("aws_apigatewayv2_api", "more", { name: "more", protocol_type: "HTTP" });
    return hand.add("aws_apigatewayv2_integration", "more", {
      api_id: "${aws_apigatewayv2_api.more.id}",
      integration_type: "AWS_PROXY",
      integration_uri: `\${${hand.fn("gateway").address}.invoke_arn}`,
    });
  }),
];
