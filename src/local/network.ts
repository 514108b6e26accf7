import type { PolicyDocument } from "../iam";
import { documentOf, text } from "./iam";
import type { Resource, ResourceBody, Stack } from "./stack";

/** Where a request comes from: the internet, or a VPC endpoint of whomever. */
export type Origin = { readonly kind: "internet" } | { readonly kind: "endpoint"; readonly endpointId: string };

export const INTERNET: Origin = { kind: "internet" };

/** What became of a connection that a function tried. */
export type Connection = { readonly from: Origin } | { readonly refused: string };

const HTTPS = 443;

/** A private API's name at one endpoint, which leads to that endpoint's addresses. */
const ENDPOINT_NAME = /^[a-z0-9]+-(vpce-[0-9a-f]+)\.execute-api\./;

/**
 * The network as the synthesized resources declare it: which names a function can resolve, and what its routes and security groups
 * let it reach. A function outside any VPC reaches the internet, as Lambda has it.
 */
export class LocalNetwork {
  constructor(private readonly stack: Stack) {}

  /** Whether the field gateway can be called through VPC endpoints alone. */
  get isPrivate(): boolean {
    const types = blockOf(this.stack.only("aws_api_gateway_rest_api").body["endpoint_configuration"])?.["types"];
    return textsOf(types).includes("PRIVATE");
  }

  /** What becomes of a connection over TLS from a function, of which `body` is the resource. */
  connect(body: ResourceBody, hostName: string): Connection {
    const place = blockOf(body["vpc_config"]);
    const endpointId = ENDPOINT_NAME.exec(hostName)?.[1];
    if (place === undefined) {
      // The name has an answer everywhere: private addresses, which lead nowhere from here.
      return endpointId === undefined
        ? { from: INTERNET }
        : { refused: "network: no route to the endpoint's addresses" };
    }
    const groups = textsOf(place["security_group_ids"]);
    const subnets = textsOf(place["subnet_ids"]);
    const vpcId = this.#vpcOf(groups);
    const blocked = this.#blockedName(vpcId, hostName);
    if (blocked !== undefined) return { refused: `DNS firewall: ${blocked}` };
    if (endpointId === undefined) return this.#connectOut(groups, subnets);

    const endpoint = this.#endpoint(endpointId);
    if (endpoint === undefined || endpoint.body["vpc_id"] !== vpcId) {
      return { refused: "network: the endpoint is not in the function's VPC" };
    }
    const there = textsOf(endpoint.body["security_group_ids"]);
    if (!this.#lets("egress", groups, there)) return { refused: "security group of the connector: not let out" };
    if (!this.#lets("ingress", there, groups)) return { refused: "security group of the endpoint: not let in" };
    return { from: { kind: "endpoint", endpointId } };
  }

  /** Policy of an endpoint of the stack; none is known of another's. */
  endpointPolicy(endpointId: string): PolicyDocument | undefined {
    const endpoint = this.#endpoint(endpointId);
    if (endpoint === undefined) return undefined;
    const own = this.stack
      .resources("aws_vpc_endpoint_policy")
      .find(({ body }) => body["vpc_endpoint_id"] === endpointId);
    return documentOf((own ?? endpoint).body["policy"]);
  }

  /** VPC of an endpoint of the stack. */
  vpcOfEndpoint(endpointId: string): string | undefined {
    const vpcId = this.#endpoint(endpointId)?.body["vpc_id"];
    return vpcId === undefined ? undefined : text(vpcId);
  }

  #endpoint(endpointId: string): Resource | undefined {
    return this.stack.resources("aws_vpc_endpoint").find(({ id }) => id === endpointId);
  }

  #vpcOf(groups: readonly string[]): string | undefined {
    const group = this.stack.resources("aws_security_group").find(({ id }) => groups.includes(id));
    if (group === undefined) throw new Error("a function runs in a VPC with no security group of the stack");
    return text(group.body["vpc_id"]);
  }

  /** A place that is no endpoint's needs a rule that lets out to any address, and a route that leads there. */
  #connectOut(groups: readonly string[], subnets: readonly string[]): Connection {
    if (!this.#lets("egress", groups, [])) return { refused: "security group of the connector: not let out" };
    const tables = this.stack
      .resources("aws_route_table_association")
      .filter(({ body }) => subnets.includes(text(body["subnet_id"])))
      .map(({ body }) => text(body["route_table_id"]));
    const routed =
      this.stack.resources("aws_route").some(({ body }) => tables.includes(text(body["route_table_id"]))) ||
      this.stack
        .resources("aws_route_table")
        .some(({ id, body }) => tables.includes(id) && blocksOf(body["route"]).length > 0);
    return routed ? { from: INTERNET } : { refused: "network: no route out of the VPC" };
  }

  /** Whether a rule of one of `own` groups lets HTTPS through to or from one of `others`, or any address. */
  #lets(direction: "egress" | "ingress", own: readonly string[], others: readonly string[]): boolean {
    return this.stack.resources(`aws_vpc_security_group_${direction}_rule`).some(({ body }) => {
      const protocol = text(body["ip_protocol"]);
      const ports =
        protocol === "-1" ||
        (protocol === "tcp" && Number(body["from_port"]) <= HTTPS && HTTPS <= Number(body["to_port"]));
      const peer = body["referenced_security_group_id"];
      return (
        own.includes(text(body["security_group_id"])) &&
        ports &&
        (body["cidr_ipv4"] === "0.0.0.0/0" || (typeof peer === "string" && others.includes(peer)))
      );
    });
  }

  /** The rule that blocks a name in a VPC: of all rules of its firewalls whose list holds the name, the first decides. */
  #blockedName(vpcId: string | undefined, hostName: string): string | undefined {
    const groups = this.stack
      .resources("aws_route53_resolver_firewall_rule_group_association")
      .filter(({ body }) => body["vpc_id"] === vpcId)
      .map(({ body }) => body["firewall_rule_group_id"]);
    const [first] = this.stack
      .resources("aws_route53_resolver_firewall_rule")
      .filter(
        ({ body }) =>
          groups.includes(body["firewall_rule_group_id"]) &&
          this.#listed(text(body["firewall_domain_list_id"]), hostName),
      )
      .sort((a, b) => Number(a.body["priority"]) - Number(b.body["priority"]));
    return first?.body["action"] === "BLOCK" ? text(first.body["name"]) : undefined;
  }

  #listed(listId: string, hostName: string): boolean {
    const list = this.stack.resources("aws_route53_resolver_firewall_domain_list").find(({ id }) => id === listId);
    return textsOf(list?.body["domains"]).some((domain) => domain === "*." || domain === `${hostName}.`);
  }
}

/** A block of a resource, which Terraform's JSON may hold as an object or in a list. */
function blockOf(value: unknown): ResourceBody | undefined {
  return blocksOf(value)[0];
}

function blocksOf(value: unknown): readonly ResourceBody[] {
  return value === undefined ? [] : ([value].flat() as ResourceBody[]);
}

function textsOf(value: unknown): readonly string[] {
  return value === undefined ? [] : (value as readonly unknown[]).map(text);
}
