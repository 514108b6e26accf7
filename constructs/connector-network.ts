import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { DefaultSecurityGroup } from "@cdktf/provider-aws/lib/default-security-group";
import { FlowLog } from "@cdktf/provider-aws/lib/flow-log";
import { RouteTable } from "@cdktf/provider-aws/lib/route-table";
import { RouteTableAssociation } from "@cdktf/provider-aws/lib/route-table-association";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { Subnet } from "@cdktf/provider-aws/lib/subnet";
import { Vpc } from "@cdktf/provider-aws/lib/vpc";
import { VpcEndpoint } from "@cdktf/provider-aws/lib/vpc-endpoint";
import { VpcEndpointPolicy } from "@cdktf/provider-aws/lib/vpc-endpoint-policy";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

import { closedEndpointPolicy, type RoleDocuments } from "../src/compile/iam";
import { zoneSubnets } from "../src/compile/network";
import type { PolicyDocument } from "../src/iam/document";
import { DnsFirewall } from "./dns-firewall";
import { idOfName, readable } from "./logical-id";
import { networkOf, type ExistingPerimeter, type NetworkPerimeter, type PerimeterToCreate } from "./perimeter";
import { PrincipalRole } from "./principal-role";
import { logLifetime, type FunctionPartProps } from "./settings";
import { addTerraformCheck } from "./terraform-check";
import { terraformJson } from "./terraform-json";

export interface ConnectorNetworkProps extends Omit<FunctionPartProps, "handlersDir"> {
  readonly perimeter: NetworkPerimeter;
  readonly documents: {
    /** Documents of the principal `flow-logs`. */
    readonly flowLogs: RoleDocuments;
  };
}

const HTTPS = 443;

/** The shorter of the two that AWS offers. */
const FLOW_LOG_SECONDS = 60;

/**
 * The network of the connector: subnets without a way out, and the one endpoint through which the field gateway can be called. What
 * the connector may reach is decided three times: no route leads out, its security group lets it connect to the endpoint and
 * nothing else, and the endpoint lets one role make one kind of request to one API. Names are a fourth way, which the DNS
 * firewall closes.
 *
 * The endpoint has no private DNS: that would take over every `execute-api` name in the VPC, public APIs' too. The gateway is called by
 * its name at this endpoint, which works either way.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-api-test-invoke-url.html (read 2026-11-23)
 */
export class ConnectorNetwork extends Construct {
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  readonly endpointId: string;
  /** The VPC, where it is made here. */
  readonly vpc?: Vpc;
  /** The endpoint, where it is made here. */
  readonly endpoint?: VpcEndpoint;
  /** The connector's: it lets out to the endpoint, and nothing in. */
  readonly connectorSecurityGroup: SecurityGroup;
  private readonly props: ConnectorNetworkProps;
  private readonly guards: ITerraformDependable[] = [];

  constructor(scope: Construct, id: string, props: ConnectorNetworkProps) {
    super(scope, id);
    this.props = props;
    const { perimeter } = props;
    if (perimeter.kind === "create") {
      this.vpc = this.makeVpc(perimeter);
      this.vpcId = this.vpc.id;
      this.subnetIds = this.makeSubnets(perimeter, this.vpc);
      if (perimeter.flowLogs !== "off") this.makeFlowLog(this.vpc);
    } else {
      this.vpcId = perimeter.vpcId;
      this.subnetIds = perimeter.subnetIds;
      this.checkExisting(perimeter);
    }
    this.connectorSecurityGroup = this.makeSecurityGroup("connector", "The connector: out to the endpoint alone");
    const given = perimeter.kind === "existing" ? perimeter.endpoint : undefined;
    if (given?.kind === "existing") {
      this.endpointId = given.endpointId;
      this.letOutTo(given.securityGroupId);
    } else {
      const group = this.makeSecurityGroup("endpoint", "The endpoint: in from the connector alone");
      this.letOutTo(group.id);
      this.letIn(group.id);
      this.endpoint = this.makeEndpoint(group.id);
      this.endpointId = this.endpoint.id;
    }
  }

  /** What must stand before code runs in the network; all of it once `admitOnly` was called. */
  get closed(): readonly ITerraformDependable[] {
    return this.guards;
  }

  /** Where a function runs that is to call the gateway. */
  get functionPlace(): { readonly subnetIds: readonly string[]; readonly securityGroupIds: readonly string[] } {
    return { subnetIds: this.subnetIds, securityGroupIds: [this.connectorSecurityGroup.id] };
  }

  /**
   * Closes the network to everything but one API, once that is known: the endpoint's policy, where the endpoint is made here, and the
   * name that is answered, where the VPC is. `after` is what the policy names, which must exist before it.
   */
  admitOnly(api: {
    readonly policy: PolicyDocument;
    readonly hostName: string;
    readonly after?: readonly ITerraformDependable[];
  }): void {
    const { names, tags, perimeter } = this.props;
    if (this.endpoint !== undefined) {
      this.guards.push(
        readable(
          new VpcEndpointPolicy(this, "endpoint-policy", {
            vpcEndpointId: this.endpoint.id,
            policy: terraformJson(api.policy),
            dependsOn: [...(api.after ?? [])],
          }),
        ),
      );
    }
    if (perimeter.kind === "create" && perimeter.dnsFirewall !== "off") {
      const { vpcId } = this;
      const firewall = new DnsFirewall(this, "dns-firewall", { names, tags, vpcId, hostName: api.hostName });
      this.guards.push(firewall.association);
    }
  }

  private makeVpc(perimeter: PerimeterToCreate): Vpc {
    const { names } = this.props;
    const vpc = readable(
      new Vpc(this, "vpc", {
        cidrBlock: networkOf(perimeter, names.region).cidr,
        // The resolver is what finds the endpoint. Nothing in here has a name of its own.
        enableDnsSupport: true,
        enableDnsHostnames: false,
        tags: this.named("connector"),
      }),
    );
    // The group that is taken where none is named: it lets nothing in or out, and Terraform takes away what is added.
    this.guards.push(
      emptied(
        readable(new DefaultSecurityGroup(this, "default-security-group", { vpcId: vpc.id, tags: this.props.tags })),
        "ingress",
        "egress",
      ),
    );
    return vpc;
  }

  private makeSubnets(perimeter: PerimeterToCreate, vpc: Vpc): readonly string[] {
    const { cidr, zones } = networkOf(perimeter, this.props.names.region);
    // Every VPC has the route to itself. There is no other, and Terraform takes away what is added.
    const routeTable = emptied(
      readable(new RouteTable(this, "route-table", { vpcId: vpc.id, tags: this.named("connector") })),
      "route",
    );
    return zoneSubnets(cidr, zones).map((part) => {
      const subnet = readable(
        new Subnet(this, `subnet-${idOfName(part.zone)}`, {
          vpcId: vpc.id,
          availabilityZone: part.zone,
          cidrBlock: part.cidr,
          mapPublicIpOnLaunch: false,
          tags: this.named(`connector-${part.zone}`),
        }),
      );
      const association = new RouteTableAssociation(this, `route-table-of-${idOfName(part.zone)}`, {
        subnetId: subnet.id,
        routeTableId: routeTable.id,
      });
      this.guards.push(readable(association));
      return subnet.id;
    });
  }

  private makeFlowLog(vpc: Vpc): void {
    const { names, tags } = this.props;
    const role = new PrincipalRole(this, "flow-logs", {
      names,
      tags,
      principal: "flow-logs",
      description: "Writes the flow log of the connector's network",
      documents: this.props.documents.flowLogs,
    });
    const group = readable(
      new CloudwatchLogGroup(this, "flow-log-group", {
        name: names.flowLogGroup.name,
        ...logLifetime(this.props),
        kmsKeyId: this.props.logKeyArn,
        tags,
      }),
    );
    readable(
      new FlowLog(this, "flow-log", {
        vpcId: vpc.id,
        trafficType: "ALL",
        logDestinationType: "cloud-watch-logs",
        logDestination: group.arn,
        iamRoleArn: role.role.arn,
        maxAggregationInterval: FLOW_LOG_SECONDS,
        tags: this.named("connector"),
        dependsOn: [role.policy],
      }),
    );
  }

  private makeSecurityGroup(what: "connector" | "endpoint", description: string): SecurityGroup {
    const { names } = this.props;
    return readable(
      new SecurityGroup(this, `${what}-security-group`, {
        name: names.network(what),
        description,
        vpcId: this.vpcId,
        // Rules are resources of their own. Terraform takes away the one to everywhere that AWS starts with.
        tags: this.named(what),
      }),
    );
  }

  private letOutTo(securityGroupId: string): void {
    const rule = {
      description: "HTTPS to the endpoint",
      securityGroupId: this.connectorSecurityGroup.id,
      referencedSecurityGroupId: securityGroupId,
      ...TLS,
      tags: this.props.tags,
    };
    readable(new VpcSecurityGroupEgressRule(this, "connector-to-endpoint", rule));
  }

  private letIn(securityGroupId: string): void {
    const rule = {
      description: "HTTPS from the connector",
      securityGroupId,
      referencedSecurityGroupId: this.connectorSecurityGroup.id,
      ...TLS,
      tags: this.props.tags,
    };
    readable(new VpcSecurityGroupIngressRule(this, "endpoint-from-connector", rule));
  }

  private makeEndpoint(securityGroupId: string): VpcEndpoint {
    return readable(
      new VpcEndpoint(this, "endpoint", {
        vpcId: this.vpcId,
        serviceName: this.props.names.apiEndpointService,
        vpcEndpointType: "Interface",
        subnetIds: [...this.subnetIds],
        securityGroupIds: [securityGroupId],
        privateDnsEnabled: false,
        // The API names the endpoint and the endpoint's policy names the API: that policy comes as a resource of its own, and until
        // then the endpoint is closed, where AWS would have it open.
        policy: terraformJson(closedEndpointPolicy()),
        lifecycle: { ignoreChanges: ["policy"] },
        tags: this.named("endpoint"),
      }),
    );
  }

  private checkExisting({ vpcId, subnetIds, endpoint }: ExistingPerimeter): void {
    subnetIds.forEach((subnetId, index) => {
      addTerraformCheck(this, `subnet-${String(index + 1)}-has-no-way-out`, {
        type: "aws_route_table",
        arguments: { subnet_id: subnetId },
        assert: [
          {
            condition: (found) => `alltrue([for route in ${found}.routes : route.gateway_id == "local"])`,
            message: `A route of the connector's subnet ${subnetId} leads out of its VPC. Give the connector subnets whose route table holds the local route alone.`,
          },
        ],
      });
    });
    if (endpoint?.kind !== "existing") return;
    addTerraformCheck(this, "endpoint-serves-the-api", {
      type: "aws_vpc_endpoint",
      arguments: { id: endpoint.endpointId },
      assert: [
        {
          condition: (found) =>
            `${found}.service_name == "${this.props.names.apiEndpointService}" && ${found}.vpc_endpoint_type == "Interface"`,
          message: `The endpoint ${endpoint.endpointId} is not an interface endpoint for ${this.props.names.apiEndpointService}. The gateway cannot be called through it.`,
        },
        {
          condition: (found) => `${found}.vpc_id == "${vpcId}"`,
          message: `The endpoint ${endpoint.endpointId} is not in the VPC ${vpcId}. The connector cannot reach it.`,
        },
        {
          condition: (found) => `contains(${found}.security_group_ids, "${endpoint.securityGroupId}")`,
          message: `The endpoint ${endpoint.endpointId} does not have the security group ${endpoint.securityGroupId}. The connector may connect to that group alone.`,
        },
      ],
    });
  }

  private named(what: string): Record<string, string> {
    return { ...this.props.tags, Name: this.props.names.network(what) };
  }
}

const TLS = { ipProtocol: "tcp", fromPort: HTTPS, toPort: HTTPS } as const;

/** Sets arguments to empty lists, which cdktf would leave out: Terraform then leaves alone what it finds, instead of removing it. */
function emptied<R extends { addOverride(path: string, value: unknown): void }>(
  resource: R,
  ...names: readonly string[]
): R {
  for (const name of names) resource.addOverride(name, []);
  return resource;
}
