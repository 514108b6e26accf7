import { randomBytes } from "node:crypto";

import type { PolicyDocument } from "../iam";
import type { SessionCredentials } from "../runtime/ports";
import { documentOf, text, type LocalIam, type LocalRole } from "./iam";
import type { LocalNetwork, Origin } from "./network";
import { matchPath } from "./path-template";
import type { Resource, Stack } from "./stack";

/** A session that this machine's STS has minted. */
export interface Session {
  readonly role: LocalRole;
  readonly arn: string;
  readonly credentials: SessionCredentials;
  readonly tags: Readonly<Record<string, string>>;
  readonly policy: PolicyDocument;
  readonly expiresAtMs: number;
}

/** STS's memory: which credentials it gave out. */
export class Sessions {
  readonly #byKey = new Map<string, Session>();

  open(session: Omit<Session, "credentials">): SessionCredentials {
    const credentials = {
      accessKeyId: `ASIA${randomBytes(8).toString("hex").toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString("base64"),
      sessionToken: randomBytes(48).toString("base64"),
    };
    this.#byKey.set(credentials.accessKeyId, { ...session, credentials });
    return credentials;
  }

  /** The session that an access key belongs to. */
  byKey(accessKeyId: string): Session | undefined {
    return this.#byKey.get(accessKeyId);
  }

  /** The session of credentials, all three parts of which must fit. */
  find(credentials: SessionCredentials): Session | undefined {
    const session = this.#byKey.get(credentials.accessKeyId);
    return session?.credentials.secretAccessKey === credentials.secretAccessKey &&
      session.credentials.sessionToken === credentials.sessionToken
      ? session
      : undefined;
  }
}

/** A request to the field gateway, signed by credentials. */
export interface ApiRequest {
  readonly method: string;
  readonly url: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly credentials: SessionCredentials;
  /** Where the request comes from; the internet unless given. */
  readonly from?: Origin;
}

/** What came back, and who answered: a layer of IAM, the API's routing, or the gateway's handler. */
export interface ApiResponse {
  readonly status: number;
  readonly body: string;
  readonly by: string;
}

/** A request as an access log tells it. */
export interface GatewayAccess {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Who answered. */
  readonly by: string;
  /** The VPC endpoint that it came through. */
  readonly through?: string | undefined;
}

/** A request and its answer as an access log tells them. */
export function accessOf({ method, url, from }: ApiRequest, { status, by }: ApiResponse): GatewayAccess {
  const through = from?.kind === "endpoint" ? from.endpointId : undefined;
  return { method, path: new URL(url).pathname, status, by, through };
}

/** Invokes the function behind a method with an API Gateway proxy event. */
export type InvokeIntegration = (functionArn: string, event: object, sourceArn: string) => Promise<unknown>;

/**
 * API Gateway in front of the field gateway, built from the synthesized resources: authenticates the session, asks IAM over
 * the synthesized documents, routes as the declared resources and methods say, and hands a proxy event to the function. Of a request
 * through a VPC endpoint it knows which one, and the endpoint's policy is asked too.
 */
export class FieldGatewayApi {
  readonly #api: Resource;
  readonly #stages: readonly string[];
  readonly #routes: readonly Route[];
  readonly #policy: PolicyDocument | undefined;

  constructor(
    private readonly stack: Stack,
    private readonly iam: LocalIam,
    private readonly network: LocalNetwork,
    private readonly sessions: Sessions,
    private readonly now: () => number,
    private readonly invoke: InvokeIntegration,
  ) {
    this.#api = stack.only("aws_api_gateway_rest_api");
    this.#stages = stack.resources("aws_api_gateway_stage").map(({ body }) => text(body["stage_name"]));
    this.#routes = routesOf(stack, this.#api);
    const policy = stack.resources("aws_api_gateway_rest_api_policy")[0];
    this.#policy = policy === undefined ? undefined : documentOf(policy.body["policy"]);
  }

  async request(request: ApiRequest): Promise<ApiResponse> {
    const url = new URL(request.url);
    const [stage = "", ...rest] = url.pathname.slice(1).split("/");
    const path = rest.join("/");
    if (!this.#names(url.hostname)) return refusal(403, "API Gateway: no such API");
    const endpointId = request.from?.kind === "endpoint" ? request.from.endpointId : undefined;

    const session = this.sessions.find(request.credentials);
    if (session === undefined) return refusal(403, "STS: the security token is invalid");
    if (this.now() >= session.expiresAtMs) return refusal(403, "STS: the security token has expired");

    const arn = `arn:aws:execute-api:${this.stack.region}:${this.stack.accountId}:${this.#api.id}/${stage}/${request.method}/${path}`;
    const context = {
      ...Object.fromEntries(Object.entries(session.tags).map(([key, value]) => [`aws:PrincipalTag/${key}`, value])),
      ...(endpointId === undefined ? {} : { "aws:SourceVpce": endpointId }),
    };
    const answer = this.iam.evaluateSession(
      session.role,
      { arn: session.arn, policy: session.policy, context },
      "execute-api:Invoke",
      arn,
      {
        resource: this.#policy,
        endpoint: endpointId === undefined ? undefined : this.network.endpointPolicy(endpointId),
      },
    );
    if (answer.decision !== "allow") return refusal(403, `IAM: ${answer.by}`);

    const route = this.#stages.includes(stage)
      ? this.#routes.find(({ method, resource }) => method === request.method && matchPath(resource, `/${path}`))
      : undefined;
    if (route === undefined) return refusal(403, "API Gateway: missing authentication token (no such route)");
    const reply = (await this.invoke(
      route.functionArn,
      {
        resource: route.resource,
        path: `/${path}`,
        httpMethod: request.method,
        headers: { "content-type": "application/json", ...request.headers },
        multiValueHeaders: {},
        queryStringParameters: null,
        pathParameters: matchPath(route.resource, `/${path}`),
        stageVariables: null,
        requestContext: {
          resourcePath: route.resource,
          httpMethod: request.method,
          path: url.pathname,
          stage,
          apiId: this.#api.id,
          accountId: this.stack.accountId,
          requestId: randomBytes(8).toString("hex"),
          extendedRequestId: randomBytes(8).toString("hex"),
          identity: {
            accountId: this.stack.accountId,
            accessKey: session.credentials.accessKeyId,
            caller: `AROALOCAL:${session.arn.split("/").at(-1) ?? ""}`,
            user: `AROALOCAL:${session.arn.split("/").at(-1) ?? ""}`,
            userArn: session.arn,
            sourceIp: "127.0.0.1",
            ...(endpointId === undefined ? {} : { vpceId: endpointId, vpcId: this.network.vpcOfEndpoint(endpointId) }),
          },
        },
        body: request.body,
        isBase64Encoded: false,
      },
      `arn:aws:execute-api:${this.stack.region}:${this.stack.accountId}:${this.#api.id}/${stage}/${request.method}${route.resource}`,
    )) as { statusCode: number; body: string };
    const refused = (JSON.parse(reply.body) as { refused?: string }).refused;
    return {
      status: reply.statusCode,
      body: reply.body,
      by: refused === undefined ? "field gateway" : `field gateway: ${refused}`,
    };
  }

  /** The API's own host name, and for a private one its name at each endpoint that it names. */
  #names(hostName: string): boolean {
    const { id, body } = this.#api;
    const configuration = [body["endpoint_configuration"]].flat()[0] as
      { readonly vpc_endpoint_ids?: readonly string[] } | undefined;
    const own = [id, ...(configuration?.vpc_endpoint_ids ?? []).map((endpointId) => `${id}-${endpointId}`)];
    return own.includes(hostName.split(".")[0] ?? "");
  }
}

interface Route {
  readonly method: string;
  /** As in `/grants/{grantId}/fields/{field}`. */
  readonly resource: string;
  readonly functionArn: string;
}

function routesOf(stack: Stack, api: Resource): Route[] {
  const nodes = stack.resources("aws_api_gateway_resource");
  const root = stack
    .resources("aws_api_gateway_resource")
    .find((node) => !nodes.some((other) => other.id === node.body["parent_id"]));
  if (root === undefined) throw new Error("the field gateway has no resource");
  const pathOf = (id: string): string => {
    const node = nodes.find((candidate) => candidate.id === id);
    return node === undefined ? "" : `${pathOf(text(node.body["parent_id"]))}/${text(node.body["path_part"])}`;
  };
  return stack.resources("aws_api_gateway_method").map(({ body }) => {
    const integration = stack
      .resources("aws_api_gateway_integration")
      .find((candidate) => candidate.body["resource_id"] === body["resource_id"]);
    const functionArn = /(arn:aws:lambda:[^/]+)\/invocations$/.exec(text(integration?.body["uri"]))?.[1];
    if (functionArn === undefined || body["authorization"] !== "AWS_IAM" || body["rest_api_id"] !== api.id) {
      throw new Error("the field gateway has a method that is not IAM-authorised or has no function");
    }
    return { method: text(body["http_method"]), resource: pathOf(text(body["resource_id"])), functionArn };
  });
}

function refusal(status: number, by: string): ApiResponse {
  return { status, body: JSON.stringify({ message: "Forbidden" }), by };
}
