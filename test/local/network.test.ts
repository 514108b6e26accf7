import { LocalNetwork } from "../../src/local/network";
import { stackOf } from "../../src/local/stack";
import { perimeterStack, smallStack, type Body, type SynthJson } from "../helpers/synth";

/** What the connector of a stack can reach, by what its resources declare. */

type Resources = Record<string, Record<string, Record<string, unknown>>>;

/** The stack with its resources changed. */
function changed(change: (resources: Resources) => Resources): SynthJson {
  const json = structuredClone(perimeterStack());
  return { ...json, resource: change(json.resource) };
}

function reach(json: SynthJson) {
  const stack = stackOf(json);
  const [connector] = stack
    .resources("aws_lambda_function")
    .filter(({ body }) => String(body["function_name"]).endsWith("-connector"));
  const network = new LocalNetwork(stack);
  const apiId = stack.only("aws_api_gateway_rest_api").id;
  const endpointId = stack.resources("aws_vpc_endpoint")[0]?.id ?? "vpce-0fedcba9876543210";
  const to = (hostName: string) => network.connect(connector!.body, hostName);
  return {
    endpointId,
    gateway: to(`${apiId}-${endpointId}.execute-api.eu-west-1.amazonaws.com`),
    internet: to("attacker.example.com"),
    otherEndpoint: to(`${apiId}-vpce-0fedcba9876543210.execute-api.eu-west-1.amazonaws.com`),
  };
}

/** Changes the only resource of a type whose name holds `part`. */
const set =
  (type: string, part: string, change: object) =>
  (resources: Resources): Resources => {
    const found = Object.entries(resources[type] ?? {}).filter(([name]) => name.includes(part));
    expect(found).toHaveLength(1);
    Object.assign(found[0]![1], change);
    return resources;
  };

const without =
  (type: string) =>
  (resources: Resources): Resources => {
    expect(Object.keys(resources[type] ?? {})).not.toEqual([]);
    return { ...resources, [type]: {} };
  };

const noFirewall = without("aws_route53_resolver_firewall_rule_group_association");
const EGRESS = "aws_vpc_security_group_egress_rule";
const outToAnywhere = set(EGRESS, "", { cidr_ipv4: "0.0.0.0/0", referenced_security_group_id: undefined });
const routeOut = set("aws_route_table", "", { route: [{ cidr_block: "0.0.0.0/0", nat_gateway_id: "nat-1" }] });

describe("the connector in its network", () => {
  test("reaches the gateway through the endpoint, and nothing else", () => {
    const { endpointId, gateway, internet, otherEndpoint } = reach(perimeterStack());
    expect(gateway).toEqual({ from: { kind: "endpoint", endpointId } });
    expect(internet).toEqual({ refused: "DNS firewall: test-names-block" });
    expect(otherEndpoint).toEqual({ refused: "DNS firewall: test-names-block" });
  });

  test.each<[name: string, lost: (resources: Resources) => Resources, by: string]>([
    ["a name", noFirewall, "security group of the connector: not let out"],
    [
      "a name and the connector's security group",
      (resources) => outToAnywhere(noFirewall(resources)),
      "network: no route out of the VPC",
    ],
  ])("without the guard over %s, the next one holds", (_name, lost, by) => {
    expect(reach(changed(lost)).internet).toEqual({ refused: by });
  });

  test("with all three guards lost, it reaches the internet: the search sees ways out", () => {
    const open = reach(changed((resources) => routeOut(outToAnywhere(noFirewall(resources)))));
    expect(open.internet).toEqual({ from: { kind: "internet" } });
  });

  test.each<[name: string, lost: (resources: Resources) => Resources, by: string]>([
    ["the connector's rule", without(EGRESS), "security group of the connector: not let out"],
    [
      "the endpoint's rule",
      without("aws_vpc_security_group_ingress_rule"),
      "security group of the endpoint: not let in",
    ],
    ["the port", set(EGRESS, "", { from_port: 80, to_port: 80 }), "security group of the connector: not let out"],
    [
      "the name that is answered",
      set("aws_route53_resolver_firewall_domain_list", "allow", { domains: ["x.example"] }),
      "DNS firewall: test-names-block",
    ],
    [
      "the endpoint's place in the VPC",
      set("aws_vpc_endpoint", "", { vpc_id: "vpc-0123456789abcdef0" }),
      "network: the endpoint is not in the function's VPC",
    ],
    [
      "the connector's place in the VPC",
      set("aws_lambda_function", "connector-execution", { vpc_config: undefined }),
      "network: no route to the endpoint's addresses",
    ],
  ])("fails to reach the gateway without %s", (_name, lost, by) => {
    expect(reach(changed(lost)).gateway).toEqual({ refused: by });
  });

  test("the endpoint's policy is its own once it has one, and closed before", () => {
    const sids = (json: SynthJson): (string | undefined)[] => {
      const { endpointId } = reach(json);
      return new LocalNetwork(stackOf(json)).endpointPolicy(endpointId)!.Statement.map(({ Sid }) => Sid);
    };
    expect(sids(perimeterStack())).toContain("InvokeTheGateway");
    expect(sids(changed(without("aws_vpc_endpoint_policy")))).toEqual(["ClosedUntilTheApiIsKnown"]);
  });
});

test("a connector without a network reaches the internet, and no private address", () => {
  const { internet, gateway } = reach(smallStack());
  expect(internet).toEqual({ from: { kind: "internet" } });
  expect(gateway).toEqual({ refused: "network: no route to the endpoint's addresses" });
});

test("nothing in the network's declaration leads out of it, of all that AWS has for that", () => {
  const types = Object.keys(perimeterStack().resource);
  expect(
    types.filter((type) =>
      /internet_gateway|nat_gateway|^aws_route$|peering|transit_gateway|vpn|carrier_gateway|network_interface|_eip|prefix_list/.test(
        type,
      ),
    ),
  ).toEqual([]);
  const endpoints: readonly Body[] = Object.values(perimeterStack().resource["aws_vpc_endpoint"]!);
  expect(endpoints.map((body) => body["service_name"])).toEqual(["com.amazonaws.eu-west-1.execute-api"]);
});
