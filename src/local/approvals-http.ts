import type { JwtDemands } from "./jwt-authorizer";
import { text } from "./iam";
import { startLoopbackServer, type LocalServer } from "./loopback-server";
import { matchPath } from "./path-template";
import type { Stack } from "./stack";

/** An answer of the approvals API. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Routes a request of the HTTP API to its function, with claims that the authorizer verified. */
export type InvokeRoute = (functionArn: string, event: object, sourceArn: string) => Promise<unknown>;

/** Verifies a token as the authorizer does: its claims, or nothing. */
export type VerifyToken = (
  token: string,
  demands: JwtDemands,
) => Promise<Readonly<Record<string, unknown>> | undefined>;

/** A request as it arrives at the HTTP API. */
export interface HttpApiRequest {
  readonly method: string;
  readonly path: string;
  /** Without the question mark. */
  readonly query?: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An answer as it leaves the HTTP API. */
export interface HttpApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the JWT authorizer of a stack demands. */
export function authorizerOf(stack: Stack): JwtDemands {
  const { body } = stack.only("aws_apigatewayv2_authorizer");
  const configuration = [body["jwt_configuration"]].flat()[0] as { issuer?: unknown; audience?: unknown } | undefined;
  return { issuer: text(configuration?.issuer), audience: (configuration?.audience ?? []) as string[] };
}

/**
 * API Gateway in front of the approvals function, built from the stack's routes: a token that a route's authorizer would not take gets
 * 401, a route that asks for none hands on no claims, and an undeclared route is 404.
 */
export class ApprovalsHttp {
  readonly #demands: JwtDemands;

  constructor(
    private readonly stack: Stack,
    private readonly verify: VerifyToken,
    private readonly invoke: InvokeRoute,
  ) {
    this.#demands = authorizerOf(stack);
  }

  /** A request with a token and a JSON body, and its answer's JSON. */
  async request(token: string, method: string, path: string, body?: object): Promise<HttpAnswer> {
    const { status, body: text } = await this.handle({
      method,
      path,
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
  }

  async handle({ method, path, query = "", headers, body }: HttpApiRequest): Promise<HttpApiAnswer> {
    const match = this.#match(method, path);
    if (match === undefined) return refusal(404, "Not Found");
    const token = /^(?:Bearer )?(\S+)$/i.exec(headers["authorization"] ?? "")?.[1];
    const claims = token === undefined || match.isOpen ? undefined : await this.verify(token, this.#demands);
    if (claims === undefined && !match.isOpen) return refusal(401, "Unauthorized");
    const apiId = this.stack.only("aws_apigatewayv2_api").id;
    const reply = (await this.invoke(
      match.functionArn,
      {
        version: "2.0",
        routeKey: match.routeKey,
        rawPath: path,
        rawQueryString: query,
        headers,
        pathParameters: match.parameters,
        requestContext: {
          apiId,
          accountId: this.stack.accountId,
          stage: "$default",
          requestId: "local",
          http: { method, path, protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "local" },
          ...(claims === undefined
            ? {}
            : {
                authorizer: {
                  jwt: { claims: Object.fromEntries(Object.entries(claims).map(asHttpApiClaim)), scopes: null },
                },
              }),
        },
        ...(body === undefined || body === "" ? {} : { body }),
        isBase64Encoded: false,
      },
      `arn:aws:execute-api:${this.stack.region}:${this.stack.accountId}:${apiId}/$default/${method}${match.template}`,
    )) as { statusCode: number; headers?: Readonly<Record<string, string>>; body?: string };
    return { status: reply.statusCode, headers: reply.headers ?? {}, body: reply.body ?? "" };
  }

  #match(method: string, path: string) {
    for (const { body } of this.stack.resources("aws_apigatewayv2_route")) {
      const routeKey = text(body["route_key"]);
      const [routeMethod, template = ""] = routeKey.split(" ");
      const parameters = routeMethod === method ? matchPath(template, path) : undefined;
      if (parameters === undefined) continue;
      const isOpen = body["authorization_type"] === "NONE";
      if (!isOpen && body["authorization_type"] !== "JWT")
        throw new Error(`the route ${routeKey} asks for something unknown`);
      const integrationId = text(body["target"]).replace("integrations/", "");
      const integration = this.stack.resources("aws_apigatewayv2_integration").find(({ id }) => id === integrationId);
      const functionArn = /arn:aws:lambda:[^/]+/.exec(text(integration?.body["integration_uri"]))?.[0];
      if (functionArn === undefined) throw new Error(`the route ${routeKey} leads to no function`);
      return { routeKey, template, parameters, functionArn, isOpen };
    }
    return undefined;
  }
}

/** The API on a free port of loopback. */
export function serveApprovals(api: ApprovalsHttp): Promise<LocalServer> {
  return startLoopbackServer({
    credentialOf: () => undefined,
    respond: ({ method, path, query, headers, body }) =>
      api.handle({ method, path, query: query.toString(), headers, body }),
  });
}

function refusal(status: number, message: string): HttpApiAnswer {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify({ message }) };
}

/** An HTTP API hands every claim on as text, a list as `[a b]`. */
function asHttpApiClaim([name, value]: [string, unknown]): [string, string] {
  if (Array.isArray(value)) return [name, `[${value.join(" ")}]`];
  return [name, typeof value === "string" ? value : JSON.stringify(value)];
}
