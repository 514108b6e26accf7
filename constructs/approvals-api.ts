import { Apigatewayv2Api } from "@cdktf/provider-aws/lib/apigatewayv2-api";
import { Apigatewayv2Authorizer } from "@cdktf/provider-aws/lib/apigatewayv2-authorizer";
import { Apigatewayv2Integration } from "@cdktf/provider-aws/lib/apigatewayv2-integration";
import { Apigatewayv2Route } from "@cdktf/provider-aws/lib/apigatewayv2-route";
import { Apigatewayv2Stage } from "@cdktf/provider-aws/lib/apigatewayv2-stage";
import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { LambdaPermission } from "@cdktf/provider-aws/lib/lambda-permission";
import { Construct } from "constructs";

import type { RoleDocuments } from "../src/compile/iam";
import { APPROVAL_ROUTES, ENV, PAGE_ROUTES, routeKeyOf } from "../src/core";
import type { ChangeLedger } from "./change-ledger";
import { checkApprovals } from "./check-settings";
import { refuse } from "./errors";
import type { FieldClassification } from "./field-classification";
import { HandlerFunction } from "./handler-function";
import { readable } from "./logical-id";
import { logLifetime, type FunctionPartProps } from "./settings";
import { terraformJson } from "./terraform-json";

/** Who vouches for approvers, and which of the token's claims say what they may approve. */
export interface ApprovalsProps {
  /** The identity provider's issuer, an `https` URL as its tokens' `iss` writes it; `http` on loopback only, for a trial on one machine. */
  readonly issuer: string;
  /** Values of `aud` (or `client_id`) that are ours. */
  readonly audience: readonly string[];
  /** Claim with the approver's groups, named as the policy's owners name them. */
  readonly groupClaim: string;
  /**
   * Claim with the approver's own worker id: nobody approves a change of their own record. A token without it is refused.
   * @default "worker_id"
   */
  readonly workerIdClaim?: string;
  /**
   * Group, as the claim names it, two of whose members together let a stopped system run again.
   * @default - nobody resumes through the API
   */
  readonly operatorsGroup?: string;
  /** @default { ratePerSecond: 10, burst: 20 } */
  readonly throttling?: { readonly ratePerSecond: number; readonly burst: number };
  /**
   * The page where people read and decide, served by this API at `/`. Its files and its sign-in settings are public; values are shown only after
   * sign-in, by the routes that ask for a token.
   * @default "off"
   */
  readonly page?: ApprovalsPageProps | "off";
}

/** How the page signs people in: OpenID Connect, code flow with PKCE, as a public client. Its redirect URI is the page's own address. */
export interface ApprovalsPageProps {
  /** The client that the issuer knows the page by. It has no secret. */
  readonly clientId: string;
  /**
   * What the page asks for, divided by spaces. The access token that it gets must carry the audience and the claims named above: Entra ID, for one,
   * wants the API's own scope here.
   * @default "openid"
   */
  readonly scope?: string;
  /**
   * The issuer's endpoints, for one that serves them from another origin than its own, such as Cognito.
   * @default - as the issuer's discovery document says
   */
  readonly endpoints?: { readonly authorization: string; readonly token: string; readonly endSession?: string };
}

export interface ApprovalsApiProps extends FunctionPartProps {
  readonly classification: FieldClassification;
  readonly ledger: ChangeLedger;
  /** Documents of the principal `approvals`. */
  readonly documents: RoleDocuments;
  readonly dataKeyArn: string;
  readonly approvals: ApprovalsProps;
  /**
   * The kill switch's state machine, which undoes a stop that two operators ended.
   * @default - the stack has none
   */
  readonly killSwitchArn?: string;
}

const TIMEOUT_SECONDS = 28;

/** No claim of the token beyond the subject, no header, no body. */
const ACCESS_LOG_FORMAT = {
  requestId: "$context.requestId",
  time: "$context.requestTime",
  subject: "$context.authorizer.claims.sub",
  sourceIp: "$context.identity.sourceIp",
  route: "$context.routeKey",
  path: "$context.path",
  status: "$context.status",
  latencyMs: "$context.responseLatency",
  authorizerError: "$context.authorizer.error",
} as const;

/**
 * Where people approve or deny: an HTTP API behind a JWT authorizer, and the only function that can resume a waiting change. It answers
 * no other site's page: no CORS at all.
 */
export class ApprovalsApi extends Construct {
  readonly api: Apigatewayv2Api;
  readonly function: HandlerFunction;
  readonly accessLogs: CloudwatchLogGroup;
  /** Base URL, without a trailing slash. */
  readonly url: string;
  /** Where people sign in and decide; `undefined` without a page. */
  readonly pageUrl?: string;

  constructor(scope: Construct, id: string, props: ApprovalsApiProps) {
    super(scope, id);
    const { names, tags, approvals } = props;
    const { issuer, audience, groupClaim } = approvals;
    refuse(this, checkApprovals(approvals));
    const page = approvals.page === "off" ? undefined : approvals.page;

    this.function = new HandlerFunction(this, "approvals", {
      ...props,
      handler: "approvals",
      description: "approvals: shows waiting changes to their approvers and records decisions",
      documents: props.documents,
      environment: {
        [ENV.classificationTable]: names.classificationTable.name,
        [ENV.manifestHash]: props.classification.manifestHash,
        [ENV.ledgerTable]: names.ledgerTable.name,
        [ENV.controlTable]: names.controlTable.name,
        [ENV.dataKeyArn]: props.dataKeyArn,
        [ENV.groupClaim]: groupClaim,
        [ENV.workerIdClaim]: approvals.workerIdClaim ?? "worker_id",
        ...(approvals.operatorsGroup === undefined
          ? {}
          : {
              [ENV.operatorsGroup]: approvals.operatorsGroup,
              ...(props.killSwitchArn === undefined ? {} : { [ENV.killSwitchArn]: props.killSwitchArn }),
            }),
        ...(page === undefined ? {} : { [ENV.page]: JSON.stringify(pageSettings(issuer, page)) }),
      },
      timeoutSeconds: TIMEOUT_SECONDS,
      dependsOn: [props.classification.manifest],
    });

    this.api = readable(
      new Apigatewayv2Api(this, "api", {
        name: `${names.prefix}-approvals`,
        description: "Approvals of changes to workers' records",
        protocolType: "HTTP",
        tags,
      }),
    );
    this.url = this.api.apiEndpoint;
    if (page !== undefined) this.pageUrl = `${this.url}/`;
    const apiId = this.api.id;
    const authorizer = readable(
      new Apigatewayv2Authorizer(this, "authorizer", {
        apiId,
        name: "approvers",
        authorizerType: "JWT",
        identitySources: ["$request.header.Authorization"],
        jwtConfiguration: { issuer, audience: [...audience] },
      }),
    );
    const integration = readable(
      new Apigatewayv2Integration(this, "integration", {
        apiId,
        integrationType: "AWS_PROXY",
        integrationMethod: "POST",
        integrationUri: this.function.function.invokeArn,
        payloadFormatVersion: "2.0",
        timeoutMilliseconds: TIMEOUT_SECONDS * 1000 + 500,
      }),
    );
    const routes = [...APPROVAL_ROUTES, ...(page === undefined ? [] : PAGE_ROUTES)].map(
      ({ id: route, method, path, auth }) => {
        readable(
          new LambdaPermission(this, `permission-${route}`, {
            statementId: `AllowRoute-${route}`,
            action: "lambda:InvokeFunction",
            functionName: this.function.function.functionName,
            principal: "apigateway.amazonaws.com",
            sourceArn: `${this.api.executionArn}/*/${method}${path.replace(/\{[^}]+\}/g, "*")}`,
          }),
        );
        return readable(
          new Apigatewayv2Route(this, `route-${route}`, {
            apiId,
            routeKey: routeKeyOf({ method, path }),
            ...(auth === "jwt"
              ? { authorizationType: "JWT", authorizerId: authorizer.id }
              : { authorizationType: "NONE" }),
            target: `integrations/${integration.id}`,
          }),
        );
      },
    );
    this.accessLogs = readable(
      new CloudwatchLogGroup(this, "access-logs", {
        name: `/aws/vendedlogs/apigateway/${names.prefix}-approvals`,
        ...logLifetime(props),
        kmsKeyId: props.logKeyArn,
        tags,
      }),
    );
    const throttling = approvals.throttling ?? { ratePerSecond: 10, burst: 20 };
    readable(
      new Apigatewayv2Stage(this, "stage", {
        apiId,
        name: "$default",
        autoDeploy: true,
        accessLogSettings: { destinationArn: this.accessLogs.arn, format: terraformJson(ACCESS_LOG_FORMAT) },
        defaultRouteSettings: {
          throttlingRateLimit: throttling.ratePerSecond,
          throttlingBurstLimit: throttling.burst,
          detailedMetricsEnabled: true,
        },
        tags,
        dependsOn: routes,
      }),
    );
  }
}

/** What the page is told, as its settings' schema in the runtime reads it. */
function pageSettings(issuer: string, { clientId, scope = "openid", endpoints }: ApprovalsPageProps): object {
  return {
    issuer,
    clientId,
    scope,
    authorizationEndpoint: endpoints?.authorization,
    tokenEndpoint: endpoints?.token,
    endSessionEndpoint: endpoints?.endSession,
  };
}
