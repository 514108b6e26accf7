import { GATEWAY_METHOD, GATEWAY_RESOURCE, GATEWAY_STAGE } from "../core";
import { blockOf, textOf } from "./body";
import { together, type Counterexample, type Findings, type NotRead } from "./finding";
import { attributeOf, idOf } from "./identity";
import { isHomeless } from "./guards";
import type { ResourcePolicy } from "./resource-policies";
import { Unreadable, type Resource } from "./stack";
import { functionsTagged, type System } from "./system";

/** The REST API whose method leads to the field gateway. */
export interface GatewayApi {
  readonly resource: Resource;
  /** What the ARNs of its requests begin with, without a slash at the end. */
  readonly requests: string;
  readonly methods: readonly ApiMethod[];
  /** Names of its stages. */
  readonly stages: readonly string[];
  readonly policy?: ResourcePolicy;
}

export interface ApiMethod {
  readonly resource: Resource;
  /** With its parameters, as in `/grants/{grantId}`; `undefined` where it cannot be told. */
  readonly path: string | undefined;
  readonly httpMethod: string | undefined;
  readonly integration?: Resource;
}

/** The APIs of the stack with a method that leads to the gateway's function, or that should. */
export function gatewayApis(system: System): GatewayApi[] {
  const functions = functionsTagged(system, "gateway").map(({ arn }) => arn);
  return system.stack
    .resources("aws_api_gateway_rest_api")
    .map((resource) => readApi(system, resource))
    .filter(({ methods }) =>
      methods.some(
        ({ path, integration }) => path === GATEWAY_RESOURCE || functions.some((arn) => leadsTo(integration, arn)),
      ),
    );
}

function readApi(system: System, resource: Resource): GatewayApi {
  const { stack, policies } = system;
  const id = idOf(stack, resource);
  const requests = `arn:${stack.partition}:execute-api:${stack.region}:${stack.accountId}:${id}`;
  const ofApi = (type: string): Resource[] => stack.resources(type).filter(({ body }) => body["rest_api_id"] === id);
  const paths = pathsOf(system, resource);
  const integrations = ofApi("aws_api_gateway_integration");
  const stages = [
    ...ofApi("aws_api_gateway_stage").map(({ body }) => textOf(body, "stage_name")),
    ...ofApi("aws_api_gateway_deployment").map(({ body }) => textOf(body, "stage_name")),
  ];
  return {
    resource,
    requests,
    methods: ofApi("aws_api_gateway_method").map((method): ApiMethod => {
      const httpMethod = textOf(method.body, "http_method");
      const at = textOf(method.body, "resource_id") ?? "";
      const integration = integrations.find(
        ({ body }) => body["resource_id"] === at && textOf(body, "http_method") === httpMethod,
      );
      return {
        resource: method,
        path: paths.get(at),
        httpMethod,
        ...(integration === undefined ? {} : { integration }),
      };
    }),
    stages: [...new Set(stages.filter((stage) => stage !== undefined))].sort(),
    policy: policies.find(({ kind, target }) => kind === "api" && target === requests),
  };
}

/** The whole path of every resource of an API, by the resource's id. */
function pathsOf({ stack }: System, api: Resource): ReadonlyMap<string, string> {
  const paths = new Map<string, string>([[attributeOf(stack, api, "root_resource_id"), "/"]]);
  const waiting = stack
    .resources("aws_api_gateway_resource")
    .filter(({ body }) => body["rest_api_id"] === idOf(stack, api));
  for (let found = true; found;) {
    found = false;
    for (const resource of waiting) {
      const parent = paths.get(textOf(resource.body, "parent_id") ?? "");
      const part = textOf(resource.body, "path_part");
      const id = idOf(stack, resource);
      if (parent === undefined || part === undefined || paths.has(id)) continue;
      paths.set(id, parent === "/" ? `/${part}` : `${parent}/${part}`);
      found = true;
    }
  }
  return paths;
}

function leadsTo(integration: Resource | undefined, functionArn: string): boolean {
  const uri = integration === undefined ? undefined : textOf(integration.body, "uri");
  return uri !== undefined && uri.includes(`${functionArn}/invocations`);
}

/** The API as a door: one resource, one method under IAM, a proxy to the gateway's function, and nothing else. */
export function proveApi(system: System, apis: readonly GatewayApi[]): Findings {
  if (apis.length === 0) {
    const message = "no method of a REST API leads to the function of the gateway";
    return {
      counterexamples: [],
      unread: [{ code: "PartMissing", invariants: [3], message, resources: [] }],
      evidence: [],
    };
  }
  return together([...apis.map((api) => proveOne(system, api)), otherWays(system, apis)]);
}

function proveOne(system: System, api: GatewayApi): Partial<Findings> {
  const counterexamples: Counterexample[] = [];
  const unread: NotRead[] = [];
  const wrong = (code: Counterexample["code"], message: string, ...resources: readonly string[]): void => {
    counterexamples.push({ code, invariants: [3], message, resources });
  };
  const functions = functionsTagged(system, "gateway").map(({ arn }) => arn);
  for (const { resource, path, httpMethod, integration } of api.methods) {
    const { address, body } = resource;
    const name = `${httpMethod ?? "a method"} ${path ?? "of an unknown path"}`;
    const authorization = body["authorization"];
    if (authorization instanceof Unreadable || path === undefined || httpMethod === undefined) {
      const message = `\`${address}\`: its path, method or authorization is not written as text`;
      unread.push({ code: "UnreadValue", invariants: [3], message, resources: [address] });
      continue;
    }
    if (authorization !== "AWS_IAM") {
      wrong(
        "MethodNotIam",
        `${name} is authorized by \`${textOf(body, "authorization") ?? "nothing"}\`, not by IAM`,
        address,
      );
    }
    if (path !== GATEWAY_RESOURCE || httpMethod !== GATEWAY_METHOD) {
      wrong("MethodBesidesTheOne", `${name} is a method besides ${GATEWAY_METHOD} ${GATEWAY_RESOURCE}`, address);
      continue;
    }
    const type = integration === undefined ? undefined : textOf(integration.body, "type");
    if (!functions.some((arn) => leadsTo(integration, arn)) || type !== "AWS_PROXY") {
      const to =
        integration === undefined
          ? "nowhere"
          : `\`${textOf(integration.body, "uri") ?? type ?? "?"}\` as ${type ?? "?"}`;
      wrong(
        "NotTheGateway",
        `${name} leads to ${to}, not to the gateway's function as its proxy`,
        integration?.address ?? address,
      );
    }
  }
  if (!api.methods.some(({ path, httpMethod }) => path === GATEWAY_RESOURCE && httpMethod === GATEWAY_METHOD)) {
    wrong("NotTheGateway", `there is no method ${GATEWAY_METHOD} ${GATEWAY_RESOURCE}`, api.resource.address);
  }
  if (api.resource.body["body"] !== undefined) {
    const message = `\`${api.resource.address}\` is declared by an OpenAPI document, whose methods are not read`;
    unread.push({ code: "UnreadValue", invariants: [3], message, resources: [api.resource.address] });
  }
  if (api.policy === undefined && !isHomeless(system, "aws_api_gateway_rest_api_policy")) {
    wrong("ApiPolicyMissing", "the field gateway's API has no resource policy", api.resource.address);
  }
  const { wrongStages, unreadStages } = stagesOf(system, api);
  counterexamples.push(...wrongStages);
  unread.push(...unreadStages);
  const methods = api.methods.map(({ resource }) => resource.address);
  return {
    counterexamples,
    unread,
    evidence:
      counterexamples.length + unread.length > 0
        ? []
        : [
            {
              invariant: 3,
              text: `the API has one resource with one method, ${GATEWAY_METHOD} ${GATEWAY_RESOURCE}, authorized by IAM, which leads to the gateway's function`,
              resources: methods,
            },
          ],
  };
}

/** What is deployed: one stage, and nothing beside the resources that are read above. */
function stagesOf(
  { stack }: System,
  { resource }: GatewayApi,
): { readonly wrongStages: readonly Counterexample[]; readonly unreadStages: readonly NotRead[] } {
  const id = idOf(stack, resource);
  const ofApi = (type: string): Resource[] => stack.resources(type).filter(({ body }) => body["rest_api_id"] === id);
  const stages = ofApi("aws_api_gateway_stage");
  const others = [...stages, ...ofApi("aws_api_gateway_deployment")].flatMap(({ address, body }) => {
    const name = textOf(body, "stage_name");
    return name === undefined || name === GATEWAY_STAGE ? [] : [{ address, name }];
  });
  const canaries = [
    ...stages.filter(({ body }) => blockOf(body, "canary_settings") !== undefined),
    ...ofApi("aws_api_gateway_deployment").filter(({ body }) => blockOf(body, "canary_settings") !== undefined),
  ];
  return {
    wrongStages: others.map(({ address, name }) => ({
      code: "StageBesidesTheOne",
      invariants: [3],
      message: `\`${name}\` is a stage of the field gateway's API besides \`${GATEWAY_STAGE}\``,
      resources: [address],
    })),
    unreadStages: [
      ...canaries.map(({ address }) => ({ address, what: "lets a part of the requests meet another deployment" })),
      ...ofApi("aws_api_gateway_rest_api_put").map(({ address }) => ({
        address,
        what: "replaces the API by a document",
      })),
    ].map(({ address, what }) => ({
      code: "UnreadPart",
      invariants: [3],
      message: `\`${address}\` ${what}, whose methods are not read`,
      resources: [address],
    })),
  };
}

/** Methods and routes of other APIs that lead to the gateway's function. */
function otherWays(system: System, apis: readonly GatewayApi[]): Partial<Findings> {
  const functions = functionsTagged(system, "gateway").map(({ arn }) => arn);
  const names = (body: Resource["body"], argument: string): boolean =>
    functions.some((arn) => textOf(body, argument)?.includes(arn) === true);
  const own = new Set(
    apis.flatMap(({ methods }) =>
      methods.flatMap(({ integration }) => (integration === undefined ? [] : [integration.address])),
    ),
  );
  const found = [
    ...system.stack
      .resources("aws_api_gateway_integration")
      .filter(({ address, body }) => !own.has(address) && names(body, "uri")),
    ...system.stack.resources("aws_apigatewayv2_integration").filter(({ body }) => names(body, "integration_uri")),
  ];
  const second = apis.slice(1).map(({ resource }) => resource);
  return {
    counterexamples: [...found, ...second].map(({ address }): Counterexample => ({
      code: "AnotherDoor",
      invariants: [2, 3],
      message: `\`${address}\` leads to the gateway's function as well`,
      resources: [address],
    })),
  };
}
