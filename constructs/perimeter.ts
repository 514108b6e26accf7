import { Token } from "cdktf";

import type { Names } from "../src/compile/names";
import { checkNetwork, defaultZones } from "../src/compile/network";
import { sortFindings, type Finding } from "../src/core";

/**
 * Where the field gateway can be called from.
 *
 * `none`: from anywhere, by a session of the connector role. `create`: through one VPC endpoint alone, by a connector in a network
 * that is made for it and has no way out. `existing`: the same in a VPC of yours.
 */
export type Perimeter = { readonly kind: "none" } | PerimeterToCreate | ExistingPerimeter;

/** A perimeter of whatever kind that has an endpoint. */
export type NetworkPerimeter = PerimeterToCreate | ExistingPerimeter;

/** A VPC of the connector's own: nothing else is in it, and nothing leads out of it. */
export interface PerimeterToCreate {
  readonly kind: "create";
  /**
   * Its range of IPv4 addresses, with a prefix of 16 to 25. Nothing routes to it from outside, so it may be one that you use elsewhere.
   * @default "10.0.0.0/24"
   */
  readonly cidr?: string;
  /**
   * Its zones, two or more. Another one later replaces nothing.
   * @default - the Region's zones `a` and `b`; some accounts do not have both
   */
  readonly availabilityZones?: readonly string[];
  /**
   * A flow log of everything the network carries, into an encrypted log group.
   * @default "on"
   */
  readonly flowLogs?: "on" | "off";
  /**
   * A DNS firewall that answers for the gateway's own name and for no other. Without it names are a way out: a query for a made-up
   * name reaches whoever answers for its domain, whatever routes and security groups say.
   * @default "on"
   */
  readonly dnsFirewall?: "on" | "off";
}

/**
 * A VPC of yours. What is in it is left as it is: its routes, its name resolution and its own flow log are yours to close. The plan
 * warns where a subnet's route table leads out.
 */
export interface ExistingPerimeter {
  readonly kind: "existing";
  readonly vpcId: string;
  /** Subnets of the connector, two or more, in different zones, without a way out. */
  readonly subnetIds: readonly string[];
  /**
   * The interface endpoint for `execute-api`.
   * @default { kind: "create" }
   */
  readonly endpoint?: EndpointToCreate | ExistingEndpoint;
}

/** An endpoint in the connector's subnets, which lets through this gateway's requests alone. */
export interface EndpointToCreate {
  readonly kind: "create";
}

/**
 * An endpoint of yours, left as it is. Its security group must let the connector's in, on 443; its policy should be the one that the
 * output `vpc-endpoint-policy` shows, if the endpoint serves nothing else.
 */
export interface ExistingEndpoint {
  readonly kind: "existing";
  readonly endpointId: string;
  /** A security group of the endpoint: where the connector may connect to. */
  readonly securityGroupId: string;
}

/** Range and zones of a network to be made, defaults filled in. */
export function networkOf(
  perimeter: PerimeterToCreate,
  region: string,
): { readonly cidr: string; readonly zones: readonly string[] } {
  return { cidr: perimeter.cidr ?? "10.0.0.0/24", zones: perimeter.availabilityZones ?? defaultZones(region) };
}

/** Subnets of one function at most. @see https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html (read 2026-11-23) */
const MAX_SUBNETS = 16;

/** Whether a perimeter can be made, or is one. Ids that are references are not looked into. Paths are `perimeter.<member>`. */
export function checkPerimeter(perimeter: Perimeter, names: Names): Finding<"PerimeterInvalid">[] {
  return [...checkGroupNames(perimeter, names), ...checkKind(perimeter, names.region)];
}

/** A security group is named by the prefix, and AWS keeps names that begin as its ids do. */
function checkGroupNames(perimeter: Perimeter, { prefix }: Names): Finding<"PerimeterInvalid">[] {
  if (perimeter.kind === "none" || !/^sg(?:-|$)/.test(prefix)) return [];
  const message = `found \`${prefix}\`, expected a prefix that does not begin with \`sg-\`: a perimeter's security groups are named by it`;
  return [{ code: "PerimeterInvalid", severity: "error", path: "placement.prefix", message }];
}

function checkKind(perimeter: Perimeter, region: string): Finding<"PerimeterInvalid">[] {
  switch (perimeter.kind) {
    case "none":
      return [];
    case "create":
      return checkNetwork(networkOf(perimeter, region), region, "perimeter");
    case "existing":
      return checkExisting(perimeter);
  }
}

function checkExisting({ vpcId, subnetIds, endpoint }: ExistingPerimeter): Finding<"PerimeterInvalid">[] {
  const findings: Finding<"PerimeterInvalid">[] = [];
  const wrong = (path: string, message: string): void => {
    findings.push({ code: "PerimeterInvalid", severity: "error", path: `perimeter.${path}`, message });
  };
  const expectId = (path: string, id: string, prefix: string): void => {
    if (!Token.isUnresolved(id) && !new RegExp(`^${prefix}-[0-9a-f]{8,17}$`).test(id)) {
      wrong(path, `found \`${id}\`, expected an id that begins with \`${prefix}-\``);
    }
  };
  expectId("vpcId", vpcId, "vpc");
  subnetIds.forEach((id, index) => {
    expectId(`subnetIds[${index}]`, id, "subnet");
  });
  if (new Set(subnetIds).size < Math.max(2, subnetIds.length)) {
    const found = subnetIds.length < 2 ? `${subnetIds.length}` : "one of them twice";
    wrong("subnetIds", `found ${found}, expected two or more different subnets`);
  }
  if (subnetIds.length > MAX_SUBNETS) {
    wrong("subnetIds", `found ${subnetIds.length}, expected ${MAX_SUBNETS} at most`);
  }
  if (endpoint?.kind === "existing") {
    expectId("endpoint.endpointId", endpoint.endpointId, "vpce");
    expectId("endpoint.securityGroupId", endpoint.securityGroupId, "sg");
  }
  return sortFindings(findings);
}
