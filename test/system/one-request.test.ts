import { ENV, formatInstantSeconds, GATEWAY_STAGE } from "../../src/core";
import { evaluate, fillSessionPolicy, type Layers, type PolicyDocument } from "../../src/iam";
import { documentOf, LocalIam } from "../../src/local/iam";
import type { Stack } from "../../src/local/stack";
import { acmeStack } from "./story";

/** Invariant 3, from the synthesized Terraform alone. */

const GRANT = "g-01JD5Z8Q4T9V2W3X4Y5Z6A7B8C";
const EXPIRES = Date.parse("2026-11-23T09:15:00Z");
const ALLOW_ALL: PolicyDocument = {
  Version: "2012-10-17",
  Statement: [{ Sid: "Everything", Effect: "Allow", Action: "*", Resource: "*" }],
};

const METHODS = ["PATCH", "GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS"];
const STAGES = [GATEWAY_STAGE, "live2", "test-invoke-stage"];
const MOMENTS = { before: EXPIRES - 1_000, atTheEnd: EXPIRES, after: EXPIRES + 1_000 };
const GRANTS = [GRANT, "g-01ARZ3NDEKTSV4RRFFQ69G5FAV", GRANT.toLowerCase(), `${GRANT}/fields/work_email/..`];
const ODD_FIELDS = [
  "",
  "*",
  "WORK_EMAIL",
  "work_email/",
  "work_email/../base_salary",
  "work_email%2Fbase_salary",
  "unlisted",
];

let stack: Stack;
let apiId: string;
let iam: LocalIam;
let template: string;
let writable: string[];
let fields: string[];

beforeAll(async () => {
  ({ stack } = await acmeStack());
  apiId = stack.only("aws_api_gateway_rest_api").id;
  iam = new LocalIam(stack, () => 0);
  const broker = stack
    .resources("aws_lambda_function")
    .find(({ body }) => String(body["function_name"]).endsWith("-broker"));
  const environment = [broker?.body["environment"]].flat()[0] as { variables: Record<string, string> };
  template = environment.variables[ENV.sessionPolicyTemplate]!;
  const items = stack
    .resources("aws_dynamodb_table_item")
    .map(({ body }) => JSON.parse(String(body["item"])) as Record<string, { S?: string }>);
  const classified = items.filter((item) => item["kind"]?.S === "field");
  fields = classified.map((item) => item["name"]!.S!);
  writable = classified.filter((item) => item["class"]?.S !== "never").map((item) => item["name"]!.S!);
}, 120_000);

/** Every request of the product that these layers allow for a session tagged with a grant and a field. */
function allowed(layers: Layers, tags: Readonly<Record<string, string>>): string[] {
  const connector = iam.principal("connector");
  const found: string[] = [];
  for (const field of [...fields, ...ODD_FIELDS])
    for (const grant of GRANTS)
      for (const method of METHODS)
        for (const stage of STAGES)
          for (const [moment, at] of Object.entries(MOMENTS)) {
            const resource = `arn:aws:execute-api:${stack.region}:${stack.accountId}:${apiId}/${stage}/${method}/grants/${grant}/fields/${field}`;
            const context = {
              "aws:CurrentTime": new Date(at).toISOString(),
              "aws:SecureTransport": "true",
              ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:PrincipalTag/${key}`, value])),
            };
            const request = {
              principalArn: connector.arn,
              sessionArn: `arn:aws:sts::${stack.accountId}:assumed-role/${connector.name}/${GRANT}`,
              action: "execute-api:Invoke",
              resource,
              context,
            };
            if (evaluate(request, layers).decision === "allow")
              found.push(`${moment} ${stage} ${method} ${grant} ${field}`);
          }
  return found;
}

function layersOf(field: string): Required<Pick<Layers, "identity" | "boundary" | "session" | "resource">> {
  const connector = iam.principal("connector");
  const session = fillSessionPolicy(template, { grantId: GRANT, field, expiresAt: formatInstantSeconds(EXPIRES) });
  return {
    identity: connector.identity,
    boundary: connector.boundary!,
    session: JSON.parse(session) as PolicyDocument,
    resource: documentOf(stack.only("aws_api_gateway_rest_api_policy").body["policy"]),
  };
}

test("the example has fields of which some may be written and some never", () => {
  expect(writable.length).toBeGreaterThan(5);
  expect(fields.length).toBeGreaterThan(writable.length);
});

test("of all requests a session may make exactly its own, before it ends", () => {
  for (const field of writable) {
    expect(allowed(layersOf(field), { grantId: GRANT, field })).toEqual([
      `before ${GATEWAY_STAGE} PATCH ${GRANT} ${field}`,
    ]);
  }
}, 120_000);

describe("with any one layer replaced by Allow on everything, nothing but time is gained", () => {
  const own = (field: string): string[] =>
    Object.keys(MOMENTS).map((moment) => `${moment} ${GATEWAY_STAGE} PATCH ${GRANT} ${field}`);

  test.each([
    ["identity", (layers: Layers): Layers => ({ ...layers, identity: [ALLOW_ALL] }), false],
    ["boundary", (layers: Layers): Layers => ({ ...layers, boundary: ALLOW_ALL }), false],
    ["session", (layers: Layers): Layers => ({ ...layers, session: ALLOW_ALL }), true],
    ["API policy (absent)", (layers: Layers): Layers => ({ ...layers, resource: undefined }), false],
  ] as const)(
    "%s",
    (_layer, weaken, timeless) => {
      for (const field of [writable[0]!, writable.at(-1)!]) {
        const found = allowed(weaken(layersOf(field)), { grantId: GRANT, field });
        expect(found).toEqual(timeless ? own(field) : own(field).slice(0, 1));
      }
    },
    240_000,
  );
});

test("a session for a field that may never be written has nothing, whichever layer is replaced", () => {
  for (const field of fields.filter((name) => !writable.includes(name)).slice(0, 3)) {
    const layers = layersOf(field);
    for (const weakened of [
      layers,
      { ...layers, identity: [ALLOW_ALL] },
      { ...layers, boundary: ALLOW_ALL },
      { ...layers, session: ALLOW_ALL },
      { ...layers, resource: undefined },
    ]) {
      expect(allowed(weakened, { grantId: GRANT, field })).toEqual([]);
    }
  }
}, 240_000);

test("a session without tags has nothing, whichever layer is replaced", () => {
  const layers = layersOf(writable[0]!);
  const untagged: Readonly<Record<string, string>>[] = [{}, { grantId: GRANT }, { field: writable[0]! }];
  for (const tags of untagged) {
    for (const weakened of [
      layers,
      { ...layers, identity: [ALLOW_ALL] },
      { ...layers, boundary: ALLOW_ALL },
      { ...layers, session: ALLOW_ALL },
      { ...layers, resource: undefined },
    ]) {
      expect(allowed(weakened, tags)).toEqual([]);
    }
  }
}, 120_000);

test("the search finds what the layers hold back: all of them open allow the whole product", () => {
  const open = { identity: [ALLOW_ALL], boundary: ALLOW_ALL, session: ALLOW_ALL };
  const product = (fields.length + ODD_FIELDS.length) * GRANTS.length * METHODS.length * STAGES.length * 3;
  expect(allowed(open, { grantId: GRANT, field: writable[0]! })).toHaveLength(product);
});
