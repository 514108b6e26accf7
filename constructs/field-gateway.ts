import { ApiGatewayAccount } from "@cdktf/provider-aws/lib/api-gateway-account";
import { ApiGatewayDeployment } from "@cdktf/provider-aws/lib/api-gateway-deployment";
import { ApiGatewayIntegration } from "@cdktf/provider-aws/lib/api-gateway-integration";
import { ApiGatewayMethod } from "@cdktf/provider-aws/lib/api-gateway-method";
import { ApiGatewayMethodSettings } from "@cdktf/provider-aws/lib/api-gateway-method-settings";
import { ApiGatewayResource } from "@cdktf/provider-aws/lib/api-gateway-resource";
import { ApiGatewayRestApi } from "@cdktf/provider-aws/lib/api-gateway-rest-api";
import { ApiGatewayRestApiPolicy } from "@cdktf/provider-aws/lib/api-gateway-rest-api-policy";
import { ApiGatewayStage } from "@cdktf/provider-aws/lib/api-gateway-stage";
import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { LambdaPermission } from "@cdktf/provider-aws/lib/lambda-permission";
import { Construct } from "constructs";

import type { RoleDocuments } from "../src/compile/iam";
import {
  canonicalDigest,
  DEADLINES_MS,
  ENV,
  GATEWAY_METHOD,
  GATEWAY_RESOURCE,
  GATEWAY_STAGE,
  NO_VPC_ENDPOINT,
} from "../src/core";
import type { ConnectionConfig } from "../src/hris/contract";
import type { PolicyDocument } from "../src/iam/document";
import type { ChangeLedger } from "./change-ledger";
import type { ConnectorNetwork } from "./connector-network";
import type { FieldClassification } from "./field-classification";
import { HandlerFunction } from "./handler-function";
import { readable } from "./logical-id";
import type { PrincipalRole } from "./principal-role";
import { resolved, waitFor } from "./references";
import { logLifetime, type FunctionPartProps } from "./settings";
import { terraformJson } from "./terraform-json";

export interface FieldGatewayDocuments {
  /** Documents of the principal `gateway`. */
  readonly role: RoleDocuments;
  /** The API's resource policy: denies only, but for the one Allow that a private API needs. */
  readonly resourcePolicy: PolicyDocument;
  /** Policy of the VPC endpoint, where there is one. */
  readonly endpointPolicy?: PolicyDocument;
}

export interface FieldGatewayProps extends FunctionPartProps {
  readonly classification: FieldClassification;
  readonly ledger: ChangeLedger;
  readonly digestKeyArn: string;
  /** The HRIS's name in the policy, and its connection with the *writer's* secret. */
  readonly hris: { readonly system: string; readonly writer: ConnectionConfig };
  /** Compiled when the API's id is known: the documents name it. */
  readonly documents: (apiId: string) => FieldGatewayDocuments;
  /**
   * The network with the one VPC endpoint through which the gateway can be called. The API is then a private one.
   * @default - called from anywhere
   */
  readonly network?: ConnectorNetwork;
  /**
   * Requests per second, and how many may come at once. A joiner's few fields need little.
   * @default { ratePerSecond: 20, burst: 40 }
   */
  readonly throttling?: { readonly ratePerSecond: number; readonly burst: number };
  /** @default - not reserved */
  readonly reservedConcurrency?: number;
  /**
   * Role that API Gateway writes its logs with. It is one setting for the whole account and region, which is why it is left
   * alone unless given; access logs need it to be set, here or elsewhere.
   * @default - the account's setting is not touched
   */
  readonly apiGatewayLogRoleArn?: string;
  /**
   * Where the access log goes. CloudWatch takes it only in an account and region whose API Gateway settings name a role.
   * @default - `cloudwatch` where `apiGatewayLogRoleArn` is given, else `off`
   */
  readonly accessLog?: "cloudwatch" | "off";
}

/**
 * What an access log line holds: ids and codes. The path carries a grant id and a field name, both opaque to HR.
 * `extendedRequestId`, because clients can set `requestId`.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html (read 2026-11-23)
 */
const ACCESS_LINE = {
  extendedRequestId: "$context.extendedRequestId",
  time: "$context.requestTime",
  userArn: "$context.identity.userArn",
  caller: "$context.identity.caller",
  accountId: "$context.identity.accountId",
  sourceIp: "$context.identity.sourceIp",
  method: "$context.httpMethod",
  resourcePath: "$context.resourcePath",
  path: "$context.path",
  stage: "$context.stage",
  status: "$context.status",
  integrationStatus: "$context.integration.status",
  latencyMs: "$context.responseLatency",
} as const;

/** What it also holds where there is an endpoint: which one it was. */
const ENDPOINT_LINE = { vpceId: "$context.identity.vpceId" } as const;

/**
 * The only door to the HRIS: a REST API with one resource and one method under IAM, a resource policy of denies, and the only
 * function that can read the writer credential. It is one resource with parameters on purpose: IAM sees the real path, and
 * what a session may call is decided there, not by which routes exist.
 */
export class FieldGateway extends Construct {
  readonly api: ApiGatewayRestApi;
  readonly gateway: HandlerFunction;
  readonly resourcePolicy: ApiGatewayRestApiPolicy;
  readonly stage: ApiGatewayStage;
  /** The API's access log. Absent where it is off. */
  readonly accessLogs?: CloudwatchLogGroup;
  /** URL of the stage, without a trailing slash. */
  readonly url: string;
  private readonly props: FieldGatewayProps;

  constructor(scope: Construct, id: string, props: FieldGatewayProps) {
    super(scope, id);
    this.props = props;
    const { names, tags, network } = props;
    const endpoint =
      network === undefined ? { types: ["REGIONAL"] } : { types: ["PRIVATE"], vpcEndpointIds: [network.endpointId] };

    this.api = readable(
      new ApiGatewayRestApi(this, "api", {
        name: `${names.prefix}-gateway`,
        description: "Field gateway: one field of one worker for one grant",
        endpointConfiguration: endpoint,
        tags,
      }),
    );
    const restApiId = this.api.id;
    this.url =
      network === undefined ? names.gatewayUrl(restApiId) : names.privateGatewayUrl(restApiId, network.endpointId);
    const documents = props.documents(restApiId);

    this.gateway = new HandlerFunction(this, "gateway", {
      ...props,
      handler: "gateway",
      description: "field gateway: checks a grant and writes its one field",
      documents: documents.role,
      environment: {
        [ENV.classificationTable]: names.classificationTable.name,
        [ENV.ledgerTable]: names.ledgerTable.name,
        [ENV.controlTable]: names.controlTable.name,
        [ENV.manifestHash]: props.classification.manifestHash,
        [ENV.digestKeyArn]: props.digestKeyArn,
        [ENV.connectorRoleArn]: names.role("connector").arn,
        [ENV.vpcEndpointId]: network?.endpointId ?? NO_VPC_ENDPOINT,
        [ENV.hrisSystem]: props.hris.system,
        [ENV.connections]: JSON.stringify({ [props.hris.system]: props.hris.writer }),
      },
      timeoutSeconds: DEADLINES_MS.gateway / 1000,
      canBeStopped: true,
      dependsOn: [props.classification.manifest],
    });

    const field = this.resources(GATEWAY_RESOURCE.slice(1).split("/"));
    const method = readable(
      new ApiGatewayMethod(this, "method", {
        restApiId,
        resourceId: field,
        httpMethod: GATEWAY_METHOD,
        authorization: "AWS_IAM",
        requestParameters: { "method.request.path.grantId": true, "method.request.path.field": true },
      }),
    );
    const integration = readable(
      new ApiGatewayIntegration(this, "integration", {
        restApiId,
        resourceId: field,
        httpMethod: method.httpMethod,
        type: "AWS_PROXY",
        integrationHttpMethod: "POST",
        uri: this.gateway.function.invokeArn,
        timeoutMilliseconds: DEADLINES_MS.api,
      }),
    );
    const permission = readable(
      new LambdaPermission(this, "invoke-permission", {
        statementId: "AllowTheOneMethodOfTheLiveStage",
        action: "lambda:InvokeFunction",
        functionName: this.gateway.function.functionName,
        principal: "apigateway.amazonaws.com",
        sourceArn: names.gatewayRequestArn(restApiId, "grants/*/fields/*"),
      }),
    );
    const policyText = terraformJson(documents.resourcePolicy);
    this.resourcePolicy = readable(
      new ApiGatewayRestApiPolicy(this, "resource-policy", { restApiId, policy: policyText }),
    );

    const deployment = readable(
      new ApiGatewayDeployment(this, "deployment", {
        restApiId,
        description: "All of the API: a deployment is a snapshot, so whatever it depends on is in its trigger",
        triggers: {
          redeployment: canonicalDigest({
            resource: GATEWAY_RESOURCE,
            method: { httpMethod: GATEWAY_METHOD, authorization: "AWS_IAM" },
            integration: { type: "AWS_PROXY", function: names.function("gateway").arn, timeout: DEADLINES_MS.api },
            policy: resolved(this, policyText),
            ...(network === undefined
              ? {}
              : { endpoint: { ...endpoint, vpcEndpointIds: [resolved(this, network.endpointId)] } }),
          }),
        },
        dependsOn: [method, integration, permission, this.resourcePolicy],
        lifecycle: { createBeforeDestroy: true },
      }),
    );
    const logs = accessLogGroup(this, props);
    this.accessLogs = logs;
    const account =
      props.apiGatewayLogRoleArn === undefined
        ? []
        : [
            readable(
              new ApiGatewayAccount(this, "api-gateway-account", { cloudwatchRoleArn: props.apiGatewayLogRoleArn }),
            ),
          ];
    this.stage = readable(
      new ApiGatewayStage(this, "stage", {
        restApiId,
        deploymentId: deployment.id,
        stageName: GATEWAY_STAGE,
        accessLogSettings:
          logs === undefined
            ? undefined
            : {
                destinationArn: logs.arn,
                format: terraformJson(network === undefined ? ACCESS_LINE : { ...ACCESS_LINE, ...ENDPOINT_LINE }),
              },
        xrayTracingEnabled: false,
        tags,
        dependsOn: account,
      }),
    );
    const throttling = props.throttling ?? { ratePerSecond: 20, burst: 40 };
    readable(
      new ApiGatewayMethodSettings(this, "method-settings", {
        restApiId,
        stageName: this.stage.stageName,
        methodPath: "*/*",
        settings: {
          metricsEnabled: true,
          // Execution logs would hold bodies.
          loggingLevel: "OFF",
          dataTraceEnabled: false,
          throttlingRateLimit: throttling.ratePerSecond,
          throttlingBurstLimit: throttling.burst,
        },
      }),
    );
  }

  /**
   * Makes what names the connector role wait for it: AWS refuses a policy whose principal does not exist. Only a private API has such
   * policies.
   */
  admit(connector: PrincipalRole): void {
    const { network, documents } = this.props;
    if (network === undefined) return;
    const { endpointPolicy } = documents(this.api.id);
    if (endpointPolicy === undefined) {
      throw new Error(`${this.node.path}: the gateway has a network and no policy for its endpoint`);
    }
    const { names } = this.props;
    waitFor(this.resourcePolicy, [connector.role]);
    network.admitOnly({
      policy: endpointPolicy,
      hostName: names.privateGatewayHost(this.api.id, network.endpointId),
      after: [connector.role],
    });
  }

  /** One API resource for each part of the path; the id of the last. */
  private resources(parts: readonly string[]): string {
    let parentId = this.api.rootResourceId;
    parts.forEach((pathPart, depth) => {
      const name = parts.slice(0, depth + 1).map((part) => part.replace(/[{}]/g, ""));
      const props = { restApiId: this.api.id, parentId, pathPart };
      parentId = readable(new ApiGatewayResource(this, `resource-${name.join("-")}`, props)).id;
    });
    return parentId;
  }
}

/** The log group of the API's access lines; none where they are switched off. */
function accessLogGroup(scope: Construct, props: FieldGatewayProps): CloudwatchLogGroup | undefined {
  const wanted = props.accessLog ?? (props.apiGatewayLogRoleArn === undefined ? "off" : "cloudwatch");
  if (wanted === "off") return undefined;
  return readable(
    new CloudwatchLogGroup(scope, "access-logs", {
      name: `/aws/vendedlogs/apigateway/${props.names.prefix}-gateway`,
      ...logLifetime(props),
      kmsKeyId: props.logKeyArn,
      tags: props.tags,
    }),
  );
}
