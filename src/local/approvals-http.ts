import type { IdentityProvider, JwtDemands } from "./identity-provider";
import { text } from "./iam";
import { matchPath } from "./path-template";
import type { Stack } from "./stack";

/** An answer of the approvals API. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Routes a request of the HTTP API to its function, with claims that the authorizer verified. */
export type InvokeRoute = (functionArn: string, event: object, sourceArn: string) => Promise<unknown>;

/** What the JWT authorizer of a stack demands. */
export function authorizerOf(stack: Stack): JwtDemands {
  const { body } = stack.only("aws_apigatewayv2_authorizer");
  const configuration = [body["jwt_configuration"]].flat()[0] as { issuer?: unknown; audience?: unknown } | undefined;
  return { issuer: text(configuration?.issuer), audience: (configuration?.audience ?? []) as string[] };
}

/**
 * API Gateway in front of the approvals function, built from the synthesized routes: a route without JWT authorization is
 * refused here, a token that the authorizer would not take gets 401, and an undeclared route 404.
 */
export class ApprovalsHttp {
  readonly #demands: JwtDemands;

  constructor(
    private readonly stack: Stack,
    private readonly provider: IdentityProvider,
    private readonly now: () => number,
    private readonly invoke: InvokeRoute,
  ) {
    this.#demands = authorizerOf(stack);
  }

  async request(token: string, method: string, path: string, body?: object): Promise<HttpAnswer> {
    const match = this.#match(method, path);
    if (match === undefined) return { status: 404, body: { message: "Not Found" } };
    const claims = await this.provider.claimsOf(token, this.#demands, this.now());
    if (claims === undefined) return { status: 401, body: { message: "Unauthorized" } };
    const apiId = this.stack.only("aws_apigatewayv2_api").id;
    const reply = (await this.invoke(
      match.functionArn,
      {
        version: "2.0",
        routeKey: match.routeKey,
        rawPath: path,
        rawQueryString: "",
        headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
        pathParameters: match.parameters,
        requestContext: {
          apiId,
          accountId: this.stack.accountId,
          stage: "$default",
          requestId: "local",
          http: { method, path, protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "local" },
          authorizer: { jwt: { claims: Object.fromEntries(Object.entries(claims).map(asHttpApiClaim)), scopes: null } },
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        isBase64Encoded: false,
      },
      `arn:aws:execute-api:${this.stack.region}:${this.stack.accountId}:${apiId}/$default/${method}${match.template}`,
    )) as { statusCode: number; body?: string };
    return {
      status: reply.statusCode,
      body: reply.body === undefined ? undefined : (JSON.parse(reply.body) as unknown),
    };
  }

  #match(method: string, path: string) {
    for (const { body } of this.stack.resources("aws_apigatewayv2_route")) {
      const routeKey = text(body["route_key"]);
      const [routeMethod, template = ""] = routeKey.split(" ");
      const parameters = routeMethod === method ? matchPath(template, path) : undefined;
      if (parameters === undefined) continue;
      if (body["authorization_type"] !== "JWT") throw new Error(`the route ${routeKey} asks for no token`);
      const integrationId = text(body["target"]).replace("integrations/", "");
      const integration = this.stack.resources("aws_apigatewayv2_integration").find(({ id }) => id === integrationId);
      const functionArn = /arn:aws:lambda:[^/]+/.exec(text(integration?.body["integration_uri"]))?.[0];
      if (functionArn === undefined) throw new Error(`the route ${routeKey} leads to no function`);
      return { routeKey, template, parameters, functionArn };
    }
    return undefined;
  }
}

/** An HTTP API hands every claim on as text, a list as `[a b]`. */
function asHttpApiClaim([name, value]: [string, unknown]): [string, string] {
  if (Array.isArray(value)) return [name, `[${value.join(" ")}]`];
  return [name, typeof value === "string" ? value : JSON.stringify(value)];
}
