import { APPROVERS_TOPIC, DUE_INDEX, GATEWAY_METHOD, GATEWAY_STAGE, topicSuffix, type HandlerName } from "../core";

/**
 * Where a stack lives and what its resources are called. Account and region are literals, so that a reviewer reads whole
 * ARNs and no document needs a reference to another resource (which could make a cycle).
 */
export interface Placement {
  /** Prefix of every resource name. `^[a-z][a-z0-9-]{1,24}$`. */
  readonly prefix: string;
  /** Twelve digits. */
  readonly accountId: string;
  readonly region: string;
}

/** A partition of AWS, the beginning of its Regions' codes, and the domain of its services. Others are closed to the public. */
const PARTITIONS = [
  { partition: "aws-cn", regions: "cn-", domain: "amazonaws.com.cn" },
  { partition: "aws-us-gov", regions: "us-gov-", domain: "amazonaws.com" },
  { partition: "aws", regions: "", domain: "amazonaws.com" },
] as const;

/** The Regions of partitions that this is not made for. */
const OTHER_PARTITIONS = /^(?:us-isob?|eu-isoe|us-isof|eusc)-/;

/** The partition of a Region, and the domain of its services; `undefined` where they are not known here. */
export function partitionOf(region: string): (typeof PARTITIONS)[number] | undefined {
  if (OTHER_PARTITIONS.test(region)) return undefined;
  return PARTITIONS.find(({ regions }) => region.startsWith(regions));
}

/** Every name and ARN that follows from the placement alone. */
export type Names = ReturnType<typeof compileNames>;

/** The names of a placement. Ids that AWS assigns (API ids, key ids) are not among them. */
export function compileNames(placement: Placement) {
  const { prefix, accountId, region } = placement;
  const { partition, domain } = partitionOf(region) ?? { partition: "aws", domain: "amazonaws.com" };
  const arn = (service: string, resource: string, scoped = true): string =>
    scoped
      ? `arn:${partition}:${service}:${region}:${accountId}:${resource}`
      : `arn:${partition}:${service}::${accountId}:${resource}`;
  const table = (name: string) => ({ name: `${prefix}-${name}`, arn: arn("dynamodb", `table/${prefix}-${name}`) });
  const functionOf = (handler: HandlerName) => ({
    name: `${prefix}-${handler}`,
    arn: arn("lambda", `function:${prefix}-${handler}`),
    logGroupName: `/aws/lambda/${prefix}-${handler}`,
    logGroupArn: arn("logs", `log-group:/aws/lambda/${prefix}-${handler}`),
  });
  const logGroup = (name: string) => ({ name, arn: arn("logs", `log-group:${name}`) });
  const role = (name: string) => ({ name: `${prefix}-${name}`, arn: arn("iam", `role/${prefix}-${name}`, false) });
  const privateGatewayHost = (apiId: string, endpointId: string): string =>
    `${apiId}-${endpointId}.execute-api.${region}.${domain}`;
  return {
    prefix,
    accountId,
    region,
    partition,
    classificationTable: table("classification"),
    ledgerTable: table("ledger"),
    controlTable: table("control"),
    /** Every stream of the ledger: its name is the moment at which it began. */
    ledgerStreamArn: arn("dynamodb", `table/${prefix}-ledger/stream/*`),
    function: functionOf,
    /** Role of a principal: named after it. */
    role,
    connectorBoundary: {
      name: `${prefix}-connector-boundary`,
      arn: arn("iam", `policy/${prefix}-connector-boundary`, false),
    },
    bus: { name: `${prefix}-lifecycle`, arn: arn("events", `event-bus/${prefix}-lifecycle`) },
    /** Rule of a lifecycle event: the bus is the prefix, so the rule carries the event's own name. */
    eventRule: (event: string) => ({ name: event, arn: arn("events", `rule/${prefix}-lifecycle/${event}`) }),
    intakeQueue: { name: `${prefix}-intake`, arn: arn("sqs", `${prefix}-intake`) },
    deadLetterQueue: { name: `${prefix}-intake-dlq`, arn: arn("sqs", `${prefix}-intake-dlq`) },
    busDeadLetterQueue: { name: `${prefix}-bus-dlq`, arn: arn("sqs", `${prefix}-bus-dlq`) },
    /** Where it is told which batches of the ledger's stream were given up. */
    evidenceDeadLetterQueue: { name: `${prefix}-evidence-dlq`, arn: arn("sqs", `${prefix}-evidence-dlq`) },
    /** Topic of a group that is asked for approvals. */
    topic: (group: string) => {
      const name = `${prefix}${APPROVERS_TOPIC}${topicSuffix(group)}`;
      return { name, arn: arn("sns", name) };
    },
    /** ARN of every such topic, but for its group. */
    topicPrefix: arn("sns", `${prefix}${APPROVERS_TOPIC}`),
    stateMachine: { name: `${prefix}-workflow`, arn: arn("states", `stateMachine:${prefix}-workflow`) },
    killSwitch: { name: `${prefix}-kill-switch`, arn: arn("states", `stateMachine:${prefix}-kill-switch`) },
    reconciliation: { name: `${prefix}-reconciliation`, arn: arn("states", `stateMachine:${prefix}-reconciliation`) },
    /** Executions of the reconciliation, and those that its map starts for the parts of the ledger. */
    reconciliationExecutionsArns: [
      arn("states", `execution:${prefix}-reconciliation/*`),
      arn("states", `execution:${prefix}-reconciliation:*`),
    ],
    /** What a stop attaches to the connector role. */
    stopPolicy: { name: `${prefix}-connector-stop`, arn: arn("iam", `policy/${prefix}-connector-stop`, false) },
    /** Every execution of the workflow. */
    executionsArn: arn("states", `execution:${prefix}-workflow:*`),
    workflowLogGroup: logGroup(`/aws/vendedlogs/states/${prefix}-workflow`),
    /** What the connector's network carried, where the network is made here. */
    flowLogGroup: logGroup(`/aws/vpc/${prefix}-connector`),
    /** Every log group there is, for an action that lists them. */
    logGroupsArn: arn("logs", "log-group:*"),
    /** Every flow log there is: their ids are AWS's. */
    flowLogsArn: arn("ec2", "vpc-flow-log/*"),
    /** Everything of EC2 with an ARN: what Lambda demands to be allowed to delete a network interface, whose id is AWS's. */
    networkArn: arn("ec2", "*/*"),
    /** Name prefix of the connector's network: security groups, VPC, rules. */
    network: (what: string): string => `${prefix}-${what}`,
    /** Index of the control table over work that is due. */
    dueIndexArn: arn("dynamodb", `table/${prefix}-control/index/${DUE_INDEX}`),
    /** Host name of a service's regional endpoint, as `kms:ViaService` and service principals of the region write it. */
    serviceHost: (service: string): string => `${service}.${region}.${domain}`,
    /** ARN of every request to an API, whatever its stage, method and path. */
    apiRequestsArn: (apiId: string): string => arn("execute-api", `${apiId}/*`),
    /** ARN of one request to the field gateway; `path` without a leading slash. */
    gatewayRequestArn: (apiId: string, path: string): string =>
      arn("execute-api", `${apiId}/${GATEWAY_STAGE}/${GATEWAY_METHOD}/${path}`),
    /** URL of the field gateway's stage, without a trailing slash. */
    gatewayUrl: (apiId: string): string => `https://${apiId}.execute-api.${region}.${domain}/${GATEWAY_STAGE}`,
    /**
     * Host name of a private API at one VPC endpoint. Public DNS answers it with the endpoint's private addresses, whether or not the
     * endpoint has private DNS; it exists for endpoints that the API names.
     * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-api-test-invoke-url.html (read 2026-11-23)
     */
    privateGatewayHost,
    /** URL of a private field gateway's stage, without a trailing slash. */
    privateGatewayUrl: (apiId: string, endpointId: string): string =>
      `https://${privateGatewayHost(apiId, endpointId)}/${GATEWAY_STAGE}`,
    /** Name of the service that a VPC endpoint for API Gateway connects to. */
    apiEndpointService: `${partition === "aws-cn" ? "cn." : ""}com.amazonaws.${region}.execute-api`,
  };
}
