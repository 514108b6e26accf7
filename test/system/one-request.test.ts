import { ENV, formatInstantSeconds, GATEWAY_STAGE } from "../../src/core";
import type { DemoExample } from "../../src/local/demo/synthesize";
import { evaluate, fillSessionPolicy, type Layers, type PolicyDocument } from "../../src/iam";
import { documentOf, LocalIam } from "../../src/local/iam";
import { LocalNetwork } from "../../src/local/network";
import type { Stack } from "../../src/local/stack";
import { exampleStack } from "./story";

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

/** Everything that stands between a session and the gateway. */
type AllLayers = Required<Pick<Layers, "identity" | "boundary" | "session" | "resource">> & Pick<Layers, "endpoint">;

/** A stack with what the search needs to know of it. */
interface Subject {
  readonly stack: Stack;
  readonly iam: LocalIam;
  readonly apiId: string;
  /** Of the stack whose gateway is private. */
  readonly endpointId?: string;
  readonly template: string;
  readonly fields: readonly string[];
  readonly writable: readonly string[];
}

async function subjectOf(example: DemoExample): Promise<Subject> {
  const { stack } = await exampleStack(example);
  const broker = stack
    .resources("aws_lambda_function")
    .find(({ body }) => String(body["function_name"]).endsWith("-broker"));
  const environment = [broker?.body["environment"]].flat()[0] as { variables: Record<string, string> };
  const items = stack
    .resources("aws_dynamodb_table_item")
    .map(({ body }) => JSON.parse(String(body["item"])) as Record<string, { S?: string }>);
  const classified = items.filter((item) => item["kind"]?.S === "field");
  return {
    stack,
    iam: new LocalIam(stack, () => 0),
    apiId: stack.only("aws_api_gateway_rest_api").id,
    endpointId: stack.resources("aws_vpc_endpoint")[0]?.id,
    template: environment.variables[ENV.sessionPolicyTemplate]!,
    fields: classified.map((item) => item["name"]!.S!),
    writable: classified.filter((item) => item["class"]?.S !== "never").map((item) => item["name"]!.S!),
  };
}

describe.each(["acme", "perimeter"] as const)("the example %s", (example) => {
  let subject: Subject;
  /** Where a request may come from: a private gateway's own endpoint, another one, or none. */
  let ways: Readonly<Record<string, string | undefined>>;

  beforeAll(async () => {
    subject = await subjectOf(example);
    const { endpointId } = subject;
    expect(endpointId === undefined).toBe(example === "acme");
    ways =
      endpointId === undefined
        ? { anyhow: undefined }
        : { inside: endpointId, elsewhere: "vpce-0fedcba9876543210", anyhow: undefined };
  }, 120_000);

  /** The requests of a session tagged with a grant and a field that these layers allow, in the order of the product. */
  function allowed(layers: Layers, tags: Readonly<Record<string, string>>): string[] {
    const { stack, iam, apiId, endpointId, fields } = subject;
    const connector = iam.principal("connector");
    const sessionArn = `arn:aws:sts::${stack.accountId}:assumed-role/${connector.name}/${GRANT}`;
    const principalTags = Object.fromEntries(
      Object.entries(tags).map(([key, value]) => [`aws:PrincipalTag/${key}`, value]),
    );
    // The endpoint's policy sees what comes through the endpoint.
    const arrivals = Object.entries(MOMENTS).flatMap(([moment, at]) =>
      Object.entries(ways).map(([way, through]) => ({
        name: `${moment} ${way}`,
        through: { ...layers, endpoint: through === endpointId ? layers.endpoint : undefined },
        context: {
          "aws:CurrentTime": new Date(at).toISOString(),
          "aws:SecureTransport": "true",
          ...(through === undefined ? {} : { "aws:SourceVpce": through }),
          ...principalTags,
        },
      })),
    );
    const found: string[] = [];
    for (const field of [...fields, ...ODD_FIELDS])
      for (const grant of GRANTS)
        for (const method of METHODS)
          for (const stage of STAGES) {
            const request = {
              principalArn: connector.arn,
              sessionArn,
              action: "execute-api:Invoke",
              resource: `arn:aws:execute-api:${stack.region}:${stack.accountId}:${apiId}/${stage}/${method}/grants/${grant}/fields/${field}`,
            };
            for (const { name, through, context } of arrivals)
              if (evaluate({ ...request, context }, through).decision === "allow")
                found.push(`${name} ${stage} ${method} ${grant} ${field}`);
          }
    return found;
  }

  /** The one request, at each moment. */
  function own(field: string): string[] {
    const way = subject.endpointId === undefined ? "anyhow" : "inside";
    return Object.keys(MOMENTS).map((moment) => `${moment} ${way} ${GATEWAY_STAGE} PATCH ${GRANT} ${field}`);
  }

  function layersOf(field: string): AllLayers {
    const { stack, iam, template, endpointId } = subject;
    const connector = iam.principal("connector");
    const session = fillSessionPolicy(template, { grantId: GRANT, field, expiresAt: formatInstantSeconds(EXPIRES) });
    return {
      identity: connector.identity,
      boundary: connector.boundary!,
      session: JSON.parse(session) as PolicyDocument,
      resource: documentOf(stack.only("aws_api_gateway_rest_api_policy").body["policy"]),
      ...(endpointId === undefined ? {} : { endpoint: new LocalNetwork(stack).endpointPolicy(endpointId) }),
    };
  }

  /** Every layer in turn replaced by Allow on everything, or taken away where that opens it. */
  function weakened(layers: AllLayers): Readonly<Record<string, Layers>> {
    return {
      identity: { ...layers, identity: [ALLOW_ALL] },
      boundary: { ...layers, boundary: ALLOW_ALL },
      session: { ...layers, session: ALLOW_ALL },
      "API policy (absent)": { ...layers, resource: undefined },
      ...(layers.endpoint === undefined ? {} : { "endpoint policy (absent)": { ...layers, endpoint: undefined } }),
    };
  }

  test("has fields of which some may be written and some never", () => {
    expect(subject.writable.length).toBeGreaterThan(3);
    expect(subject.fields.length).toBeGreaterThan(subject.writable.length);
  });

  test("of all requests a session may make exactly its own, before it ends", () => {
    for (const field of subject.writable) {
      expect(allowed(layersOf(field), { grantId: GRANT, field })).toEqual(own(field).slice(0, 1));
    }
  }, 120_000);

  test("with any one layer replaced by Allow on everything, nothing but time is gained", () => {
    for (const field of [subject.writable[0]!, subject.writable.at(-1)!]) {
      for (const [layer, layers] of Object.entries(weakened(layersOf(field)))) {
        const found = allowed(layers, { grantId: GRANT, field });
        expect([layer, found]).toEqual([layer, layer === "session" ? own(field) : own(field).slice(0, 1)]);
      }
    }
  }, 240_000);

  test("a session for a field that may never be written has nothing, whichever layer is replaced", () => {
    const { fields, writable } = subject;
    for (const field of fields.filter((name) => !writable.includes(name)).slice(0, 3)) {
      const layers = layersOf(field);
      for (const [layer, lost] of Object.entries({ none: layers, ...weakened(layers) })) {
        expect([layer, allowed(lost, { grantId: GRANT, field })]).toEqual([layer, []]);
      }
    }
  }, 240_000);

  test("a session without tags has nothing, whichever layer is replaced", () => {
    const field = subject.writable[0]!;
    const layers = layersOf(field);
    const untagged: Readonly<Record<string, string>>[] = [{}, { grantId: GRANT }, { field }];
    for (const tags of untagged) {
      for (const [layer, lost] of Object.entries({ none: layers, ...weakened(layers) })) {
        expect([layer, allowed(lost, tags)]).toEqual([layer, []]);
      }
    }
  }, 120_000);

  test("the search finds what the layers hold back: all of them open allow the whole product", () => {
    const open = { identity: [ALLOW_ALL], boundary: ALLOW_ALL, session: ALLOW_ALL };
    const product =
      (subject.fields.length + ODD_FIELDS.length) *
      GRANTS.length *
      METHODS.length *
      STAGES.length *
      Object.keys(MOMENTS).length *
      Object.keys(ways).length;
    expect(allowed(open, { grantId: GRANT, field: subject.writable[0]! })).toHaveLength(product);
  });
});
