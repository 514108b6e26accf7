import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Subnet } from "@cdktf/provider-aws/lib/subnet";
import { Vpc } from "@cdktf/provider-aws/lib/vpc";
import { Testing } from "cdktf";

import { FieldGateway, HrisWriteBack, SynthError, type Perimeter } from "../../constructs";
import { stackOf } from "../../src/local/stack";
import {
  documentOf,
  newStack,
  one,
  parseSynth,
  perimeterStack,
  smallProps,
  smallStack,
  SMALL_POLICY,
  synthesize,
  writeBackWith,
  type Body,
  type SynthJson,
} from "../helpers/synth";
import { findTerraform } from "../helpers/terraform";

const VPC = "vpc-0123456789abcdef0";
const SUBNETS = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"];
const ENDPOINT = "vpce-0123456789abcdef0";
const ENDPOINT_GROUP = "sg-0123456789abcdef0";
const OWN_CONNECTOR = "arn:aws:lambda:eu-west-1:111122223333:function:our-connector";

const inOurVpc: Perimeter = { kind: "existing", vpcId: VPC, subnetIds: SUBNETS };
const throughOurEndpoint: Perimeter = {
  ...inOurVpc,
  endpoint: { kind: "existing", endpointId: ENDPOINT, securityGroupId: ENDPOINT_GROUP },
};

const existing = writeBackWith({ perimeter: inOurVpc });
const existingEndpoint = writeBackWith({ perimeter: throughOurEndpoint, connectorFunctionArn: OWN_CONNECTOR });

const group = (what: string): string => `\${aws_security_group.write-back_network_${what}-security-group.id}`;
const vpc = "${aws_vpc.write-back_network_vpc.id}";
const endpoint = "${aws_vpc_endpoint.write-back_network_endpoint.id}";
const env = (json: SynthJson, part: string): Record<string, string> =>
  (one(json, "aws_lambda_function", part)["environment"] as { variables: Record<string, string> }).variables;

describe("a network made for the connector", () => {
  test("has subnets in different zones whose one route table has no route of its own", () => {
    const subnets = Object.values(perimeterStack().resource["aws_subnet"]!);
    expect(
      subnets.map((body) => [body["availability_zone"], body["cidr_block"], body["map_public_ip_on_launch"]]),
    ).toEqual([
      ["eu-west-1a", "10.0.0.0/27", false],
      ["eu-west-1b", "10.0.0.32/27", false],
    ]);
    // An empty list and not an absent one: Terraform then removes a route that somebody adds.
    expect(one(perimeterStack(), "aws_route_table")["route"]).toEqual([]);
    expect(Object.keys(perimeterStack().resource["aws_route_table_association"]!)).toHaveLength(2);
  });

  test("leaves the default security group empty, and uses it nowhere", () => {
    expect(one(perimeterStack(), "aws_default_security_group")).toMatchObject({ vpc_id: vpc, ingress: [], egress: [] });
    expect(JSON.stringify(perimeterStack().resource)).not.toContain("${aws_default_security_group.");
  });

  test("has two security groups, and one rule each: from the one to the other on 443", () => {
    const rules = (direction: string): Body[] =>
      Object.values(perimeterStack().resource[`aws_vpc_security_group_${direction}_rule`]!);
    const tls = { ip_protocol: "tcp", from_port: 443, to_port: 443 };
    expect(rules("egress")).toEqual([
      expect.objectContaining({
        ...tls,
        security_group_id: group("connector"),
        referenced_security_group_id: group("endpoint"),
      }),
    ]);
    expect(rules("ingress")).toEqual([
      expect.objectContaining({
        ...tls,
        security_group_id: group("endpoint"),
        referenced_security_group_id: group("connector"),
      }),
    ]);
    for (const body of Object.values(perimeterStack().resource["aws_security_group"]!)) {
      expect([body["ingress"], body["egress"]]).toEqual([undefined, undefined]);
    }
  });

  test("has an endpoint without private DNS, closed until its policy can name the API", () => {
    const body = one(perimeterStack(), "aws_vpc_endpoint");
    expect(body).toMatchObject({
      vpc_endpoint_type: "Interface",
      service_name: "com.amazonaws.eu-west-1.execute-api",
      private_dns_enabled: false,
      security_group_ids: [group("endpoint")],
      lifecycle: { ignore_changes: ["policy"] },
    });
    expect(documentOf(body["policy"])["Statement"]).toEqual([
      { Sid: "ClosedUntilTheApiIsKnown", Effect: "Deny", Principal: "*", Action: "*", Resource: "*" },
    ]);
    expect(one(perimeterStack(), "aws_vpc_endpoint_policy")).toMatchObject({ vpc_endpoint_id: endpoint });
  });

  test("answers for the gateway's name and for no other, also where the firewall fails", () => {
    const json = perimeterStack();
    const rule = (action: string) => one(json, "aws_route53_resolver_firewall_rule", action);
    const list = (action: string) => one(json, "aws_route53_resolver_firewall_domain_list", action)["domains"];
    const host = new URL(env(json, "_broker_")["GATEWAY_URL"]!.replaceAll(/\$\{[^}]*\.([a-z_]+)\.[^}]*\}/g, "$1"));
    expect(host.pathname).toBe("/live");
    expect(`https://${(list("allow") as string[])[0]!.replace(/\.$/, "")}/live`).toBe(
      env(json, "_broker_")["GATEWAY_URL"],
    );
    expect(list("block")).toEqual(["*."]);
    expect(rule("allow")).toMatchObject({ action: "ALLOW" });
    expect(rule("block")).toMatchObject({ action: "BLOCK", block_response: "NXDOMAIN" });
    expect(Number(rule("allow")["priority"])).toBeLessThan(Number(rule("block")["priority"]));
    expect(one(json, "aws_route53_resolver_firewall_config")).toMatchObject({
      resource_id: vpc,
      firewall_fail_open: "DISABLED",
    });
    expect(one(json, "aws_route53_resolver_firewall_rule_group_association")["vpc_id"]).toBe(vpc);
  });

  test("writes a flow log of everything into an encrypted log group, by a role for that alone", () => {
    const json = perimeterStack();
    expect(one(json, "aws_flow_log")).toMatchObject({
      vpc_id: vpc,
      traffic_type: "ALL",
      log_destination: "${aws_cloudwatch_log_group.write-back_network_flow-log-group.arn}",
      iam_role_arn: "${aws_iam_role.write-back_network_flow-logs_role.arn}",
    });
    expect(one(json, "aws_cloudwatch_log_group", "flow-log-group")).toMatchObject({
      name: "/aws/vpc/test-connector",
      kms_key_id: "${aws_kms_key.write-back_keys_data-key.arn}",
      retention_in_days: 365,
    });
  });

  test("is whole before the connector's code runs in it", () => {
    const connector = one(perimeterStack(), "aws_lambda_function", "connector-execution");
    expect(connector["vpc_config"]).toEqual({
      subnet_ids: ["a", "b"].map((zone) => `\${aws_subnet.write-back_network_subnet-eu-west-1${zone}.id}`),
      security_group_ids: [group("connector")],
    });
    expect(connector["depends_on"]).toEqual(
      expect.arrayContaining([
        "aws_route_table_association.write-back_network_route-table-of-eu-west-1a",
        "aws_route_table_association.write-back_network_route-table-of-eu-west-1b",
        "aws_vpc_endpoint_policy.write-back_network_endpoint-policy",
        "aws_route53_resolver_firewall_rule_group_association.write-back_network_dns-firewall_association",
      ]),
    );
    const elsewhere = Object.entries(perimeterStack().resource["aws_lambda_function"]!).filter(
      ([name, body]) => body["vpc_config"] !== undefined && !name.includes("connector-execution"),
    );
    expect(elsewhere).toEqual([]);
  });

  test("flow log and firewall can be left out by name, and go whole", () => {
    const json = writeBackWith({ perimeter: { kind: "create", flowLogs: "off", dnsFirewall: "off" } });
    const left = Object.keys(json.resource).filter((type) => /flow_log|firewall/.test(type));
    expect(left).toEqual([]);
    expect(Object.keys(json.resource["aws_iam_role"]!).filter((name) => name.includes("flow-logs"))).toEqual([]);
  });

  test("a range and zones of one's own are taken, and a further zone changes no subnet", () => {
    const subnetsIn = (zones: readonly string[]): Readonly<Record<string, Body>> =>
      writeBackWith({
        perimeter: { kind: "create", cidr: "10.20.0.0/20", availabilityZones: zones, flowLogs: "off" },
      }).resource["aws_subnet"]!;
    const two = subnetsIn(["eu-west-1b", "eu-west-1c"]);
    const three = subnetsIn(["eu-west-1a", "eu-west-1b", "eu-west-1c"]);
    expect(three).toMatchObject(two);
    expect(Object.values(three).map((body) => body["cidr_block"])).toEqual([
      "10.20.0.0/23",
      "10.20.2.0/23",
      "10.20.4.0/23",
    ]);
  });

  test("tags reach its resources", () => {
    const json = writeBackWith({ perimeter: { kind: "create" }, tags: { team: "identity" } });
    const taggable = Object.entries(json.resource).filter(([type]) =>
      /^aws_(vpc|subnet|route_table|security_group|default_security_group|flow_log|vpc_endpoint|vpc_security_group_.*_rule|route53_resolver_firewall_(domain_list|rule_group|rule_group_association))$/.test(
        type,
      ),
    );
    expect(taggable).toHaveLength(12);
    for (const [type, bodies] of taggable) {
      for (const body of Object.values(bodies)) {
        expect([type, (body["tags"] as Record<string, string> | undefined)?.["team"]]).toEqual([type, "identity"]);
      }
    }
  });

  test("a full synth, with validations, succeeds", () => {
    const stack = newStack();
    new HrisWriteBack(stack, "write-back", smallProps({ perimeter: { kind: "create" } }));
    expect(Testing.fullSynth(stack)).toBeTruthy();
  });

  test("300 writable fields of 16 characters fit", () => {
    const fields = Array.from(
      { length: 298 },
      (_, index) =>
        `  generated_fi_${String(index).padStart(3, "0")}: { class: safe, owner: identity, sourceOfTruth: directory, events: [joiner.provisioned] }`,
    );
    const text = SMALL_POLICY.replace("fields:\n", `fields:\n${fields.join("\n")}\n`);
    expect(() => writeBackWith({ perimeter: { kind: "create" }, policy: { text } })).not.toThrow();
  });
});

describe("a private field gateway", () => {
  const trigger = (json: SynthJson): unknown =>
    (one(json, "aws_api_gateway_deployment")["triggers"] as { redeployment: string }).redeployment;

  test("names the one endpoint, and is called by its name there", () => {
    expect(one(perimeterStack(), "aws_api_gateway_rest_api")["endpoint_configuration"]).toEqual({
      types: ["PRIVATE"],
      vpc_endpoint_ids: [endpoint],
    });
    const stack = stackOf(perimeterStack());
    const [broker] = stack.resources("aws_lambda_function").filter(({ name }) => name.includes("_broker_"));
    const { variables } = broker!.body["environment"] as { variables: Record<string, string> };
    expect(variables["GATEWAY_URL"]).toMatch(
      /^https:\/\/[a-z0-9]{10}-vpce-[0-9a-f]{17}\.execute-api\.eu-west-1\.amazonaws\.com\/live$/,
    );
  });

  test("tells its function which endpoint that is; one without a perimeter, that there is none", () => {
    expect(env(perimeterStack(), "_field-gateway_")["VPC_ENDPOINT_ID"]).toBe(endpoint);
    expect(env(smallStack(), "_field-gateway_")["VPC_ENDPOINT_ID"]).toBe("none");
  });

  test("logs through which endpoint each call came", () => {
    const props = smallProps({ perimeter: { kind: "create" }, gatewayAccessLog: "cloudwatch" });
    const json = synthesize((stack) => new HrisWriteBack(stack, "wb", props));
    const settings = one(json, "aws_api_gateway_stage")["access_log_settings"] as { format: string };
    expect(documentOf(settings.format)).toMatchObject({ vpceId: "$context.identity.vpceId" });
  });

  test("is deployed again when its endpoint changes", () => {
    const other = writeBackWith({
      perimeter: {
        ...inOurVpc,
        endpoint: { kind: "existing", endpointId: "vpce-0fedcba9876543210", securityGroupId: ENDPOINT_GROUP },
      },
      connectorFunctionArn: OWN_CONNECTOR,
    });
    expect(new Set([smallStack(), perimeterStack(), existingEndpoint, other].map(trigger)).size).toBe(4);
    expect(trigger(writeBackWith({ perimeter: { kind: "create" } }))).toBe(trigger(perimeterStack()));
  });

  test("the policies that name the connector's role wait for it: AWS refuses a principal that does not exist", () => {
    const role = "aws_iam_role.write-back_connector_identity_role";
    for (const type of ["aws_api_gateway_rest_api_policy", "aws_vpc_endpoint_policy"]) {
      expect(one(perimeterStack(), type)["depends_on"]).toContain(role);
    }
  });

  describe("used alone", () => {
    const nothing = { Version: "2012-10-17" as const, Statement: [] };
    const alone = (networks: readonly ("its" | "none")[]) => {
      const stack = newStack();
      const whole = new HrisWriteBack(stack, "write-back", smallProps({ perimeter: { kind: "create" } }));
      const { classification, ledger, names, network } = whole;
      const gateways = networks.map(
        (which, index) =>
          new FieldGateway(stack, `alone-${index}`, {
            names,
            classification,
            ledger,
            network: which === "its" ? network : undefined,
            digestKeyArn: whole.keys.digestKeyArn,
            hris: {
              system: "hris",
              writer: { kind: "bamboohr", baseUrl: "https://x.bamboohr.com", secretArn: "arn:aws:x" },
            },
            documents: () => ({ role: { identity: nothing, trust: nothing }, resourcePolicy: nothing }),
            handlersDir: smallProps().handlersDir,
          }),
      );
      return { stack, whole, gateways };
    };

    test("is deployed again when it becomes private, whatever its policy says", () => {
      const { stack } = alone(["none", "its", "its"]);
      const json = parseSynth(Testing.synth(stack));
      const [open, closed, same] = ["alone-0", "alone-1", "alone-2"].map(
        (name) => (one(json, "aws_api_gateway_deployment", name)["triggers"] as { redeployment: string }).redeployment,
      );
      expect([open === closed, closed === same]).toEqual([false, true]);
    });

    test("fails where nobody says what the endpoint lets through", () => {
      const { whole, gateways } = alone(["its"]);
      expect(() => {
        gateways[0]!.admit(whole.connectorRole.identity);
      }).toThrow(/test\/alone-0: the gateway has a network and no policy for its endpoint/);
    });
  });

  test("without a perimeter nothing of a network is there", () => {
    expect(
      Object.keys(smallStack().resource).filter((type) => /vpc|subnet|security_group|firewall|flow/.test(type)),
    ).toEqual([]);
    expect(one(smallStack(), "aws_lambda_function", "connector-execution")["vpc_config"]).toBeUndefined();
    expect(writeBackWith({ perimeter: { kind: "none" } }).resource).toEqual(smallStack().resource);
  });
});

describe("a VPC that exists", () => {
  test("gets an endpoint and security groups, and nothing of its own is touched", () => {
    const network = Object.entries(existing.resource).flatMap(([type, bodies]) =>
      Object.keys(bodies)
        .filter((name) => name.startsWith("write-back_network_"))
        .map((name) => `${type} ${name.replace("write-back_network_", "")}`),
    );
    expect(network.sort()).toEqual([
      "aws_security_group connector-security-group",
      "aws_security_group endpoint-security-group",
      "aws_vpc_endpoint endpoint",
      "aws_vpc_endpoint_policy endpoint-policy",
      "aws_vpc_security_group_egress_rule connector-to-endpoint",
      "aws_vpc_security_group_ingress_rule endpoint-from-connector",
    ]);
    expect(one(existing, "aws_vpc_endpoint")).toMatchObject({ vpc_id: VPC, subnet_ids: SUBNETS });
    expect(one(existing, "aws_lambda_function", "connector-execution")["vpc_config"]).toMatchObject({
      subnet_ids: SUBNETS,
    });
  });

  test("with an endpoint that exists gets the connector's security group alone, and its owner the policy to set", () => {
    const network = Object.entries(existingEndpoint.resource).flatMap(([type, bodies]) =>
      Object.keys(bodies)
        .filter((name) => name.startsWith("write-back_network_"))
        .map(() => type),
    );
    expect(network.sort()).toEqual(["aws_security_group", "aws_vpc_security_group_egress_rule"]);
    expect(one(existingEndpoint, "aws_vpc_security_group_egress_rule")).toMatchObject({
      referenced_security_group_id: ENDPOINT_GROUP,
    });
    expect(one(existingEndpoint, "aws_api_gateway_rest_api")["endpoint_configuration"]).toMatchObject({
      vpc_endpoint_ids: [ENDPOINT],
    });
    const policy = existingEndpoint.output["write-back_vpc-endpoint-policy"]!.value;
    expect(documentOf(policy)).toEqual(documentOf(one(existing, "aws_vpc_endpoint_policy")["policy"]));
    expect(existing.output["write-back_vpc-endpoint-policy"]).toBeUndefined();
  });

  test("outputs say where a connector runs and what lets it in", () => {
    expect(existing.output["write-back_connector-security-group-id"]!.value).toBe(group("connector"));
    expect(existing.output["write-back_vpc-endpoint-id"]!.value).toBe(endpoint);
    expect(existing.output["write-back_connector-subnet-ids"]!.value).toBe(
      `\${join(",", ["${SUBNETS.join('", "')}"])}`,
    );
    expect(Object.keys(smallStack().output).filter((name) => /subnet|security-group|endpoint-id/.test(name))).toEqual(
      [],
    );
  });
});

describe("what Terraform checks of what is not the stack's", () => {
  interface Check {
    readonly data: Readonly<Record<string, Readonly<Record<string, object>>>>;
    readonly assert: readonly { readonly condition: string; readonly error_message: string }[];
  }
  const checksOf = (perimeter: Perimeter, connectorFunctionArn?: string): Readonly<Record<string, Check>> => {
    const stack = newStack();
    new HrisWriteBack(stack, "write-back", smallProps({ perimeter, connectorFunctionArn }));
    const { check = {} } = JSON.parse(Testing.synth(stack)) as { check?: Record<string, Check> };
    return Object.fromEntries(Object.entries(check).filter(([name]) => !name.startsWith("write-back_ledger_")));
  };
  const checks = checksOf(throughOurEndpoint, OWN_CONNECTOR);

  test("is each subnet's route table, the endpoint, and a connector of one's own", () => {
    expect(
      Object.values(checks).map(({ data }) => Object.values(data).flatMap((found) => Object.values(found))),
    ).toEqual([
      [{ id: ENDPOINT }],
      [{ subnet_id: SUBNETS[0] }],
      [{ subnet_id: SUBNETS[1] }],
      [{ function_name: OWN_CONNECTOR }],
    ]);
    for (const { assert } of Object.values(checks)) {
      for (const { error_message } of assert) expect(error_message).toMatch(/^[A-Z].*\.$/);
    }
  });

  test("is nothing where everything is made here", () => {
    expect(checksOf({ kind: "create" })).toEqual({});
    expect(checksOf({ kind: "none" }, OWN_CONNECTOR)).toEqual({});
  });

  const OPEN = { cidr_block: "0.0.0.0/0", gateway_id: "igw-1" };
  const LOCAL = { cidr_block: "10.0.0.0/24", gateway_id: "local" };
  const ENDPOINT_FOUND = {
    service_name: "com.amazonaws.eu-west-1.execute-api",
    vpc_endpoint_type: "Interface",
    vpc_id: VPC,
    security_group_ids: [ENDPOINT_GROUP],
  };
  const PLACE = { subnet_ids: [SUBNETS[1]], security_group_ids: ["sg-connector"] };

  const CASES: readonly [name: string, check: string, found: object, holds: readonly boolean[]][] = [
    ["the local route alone", "subnet-1", { routes: [LOCAL] }, [true]],
    ["no route at all", "subnet-1", { routes: [] }, [true]],
    ["a route to the internet", "subnet-1", { routes: [LOCAL, OPEN] }, [false]],
    [
      "a route to a NAT gateway",
      "subnet-2",
      { routes: [{ ...LOCAL, gateway_id: "", nat_gateway_id: "nat-1" }] },
      [false],
    ],
    ["a gateway endpoint", "subnet-2", { routes: [{ ...LOCAL, gateway_id: "vpce-1" }] }, [false]],
    ["the right endpoint", "endpoint", ENDPOINT_FOUND, [true, true, true]],
    [
      "another service's endpoint",
      "endpoint",
      { ...ENDPOINT_FOUND, service_name: "com.amazonaws.eu-west-1.s3" },
      [false, true, true],
    ],
    ["another VPC's endpoint", "endpoint", { ...ENDPOINT_FOUND, vpc_id: "vpc-2" }, [true, false, true]],
    ["an endpoint without the group", "endpoint", { ...ENDPOINT_FOUND, security_group_ids: [] }, [true, true, false]],
    ["a connector in its place", "connector", { vpc_config: [PLACE] }, [true, true]],
    ["a connector in no VPC", "connector", { vpc_config: [] }, [false, true]],
    [
      "a connector in other subnets",
      "connector",
      { vpc_config: [{ ...PLACE, subnet_ids: [SUBNETS[0], "subnet-9"] }] },
      [false, true],
    ],
    [
      "a connector with a group that lets it out",
      "connector",
      { vpc_config: [{ ...PLACE, security_group_ids: ["sg-connector", "sg-open"] }] },
      [true, false],
    ],
  ];

  // Terraform itself judges each condition, over what a data source could have found.
  const terraform = findTerraform("program");
  (terraform === undefined ? test.skip : test)("holds and fails as it should", () => {
    const dir = mkdtempSync(join(tmpdir(), "writeback-checks-"));
    const locals: Record<string, object> = {};
    const output: Record<string, { value: string }> = {};
    CASES.forEach(([, part, found], index) => {
      const [name, check] = Object.entries(checks).find(([id]) => id.includes(part))!;
      locals[`found${index}`] = found;
      const type = Object.keys(check.data)[0]!;
      check.assert.forEach(({ condition }, place) => {
        const value = condition
          .replaceAll(`data.${type}.${name}`, `local.found${index}`)
          .replaceAll(group("connector"), "sg-connector");
        output[`o${index}_${place}`] = { value };
      });
    });
    writeFileSync(join(dir, "cdk.tf.json"), JSON.stringify({ locals, output }));
    const outputs = terraform!.outputs(dir);
    expect(
      CASES.map(([name, , , holds], index) => [name, holds.map((_, place) => outputs[`o${index}_${place}`])]),
    ).toEqual(CASES.map(([name, , , holds]) => [name, holds]));
  });
});

describe("a perimeter that cannot be made is refused", () => {
  const refusal = (perimeter: Perimeter): string[] => {
    try {
      new HrisWriteBack(newStack(), "write-back", smallProps({ perimeter }));
    } catch (error) {
      if (!(error instanceof SynthError)) throw error;
      return error.findings.map(({ code, path }) => `${code} ${path}`);
    }
    throw new Error("it was not refused");
  };

  test.each<[string, Perimeter, string[]]>([
    ["a range that is none", { kind: "create", cidr: "10.0.0.0" }, ["cidr"]],
    ["one zone", { kind: "create", availabilityZones: ["eu-west-1a"] }, ["availabilityZones"]],
    [
      "zones of another Region",
      { kind: "create", availabilityZones: ["us-east-1a", "us-east-1b"] },
      ["availabilityZones", "availabilityZones"],
    ],
    ["one subnet", { ...inOurVpc, subnetIds: [SUBNETS[0]!] }, ["subnetIds"]],
    ["the same subnet twice", { ...inOurVpc, subnetIds: [SUBNETS[0]!, SUBNETS[0]!] }, ["subnetIds"]],
    [
      "more subnets than a function can have",
      {
        ...inOurVpc,
        subnetIds: Array.from({ length: 17 }, (_, index) => `subnet-${String(index).padStart(8, "0")}`),
      },
      ["subnetIds"],
    ],
    ["a VPC by its name", { ...inOurVpc, vpcId: "main" }, ["vpcId"]],
    ["a subnet by its name", { ...inOurVpc, subnetIds: [SUBNETS[0]!, "private"] }, ["subnetIds[1]"]],
    [
      "an endpoint by its ARN",
      {
        ...inOurVpc,
        endpoint: {
          kind: "existing",
          endpointId: `arn:aws:ec2:eu-west-1:111122223333:vpc-endpoint/${ENDPOINT}`,
          securityGroupId: "default",
        },
      },
      ["endpoint.endpointId", "endpoint.securityGroupId"],
    ],
  ])("fails for %s", (_name, perimeter, paths) => {
    expect(refusal(perimeter)).toEqual(paths.map((path) => `PerimeterInvalid perimeter.${path}`));
  });

  test("ids may be references, which are not looked into", () => {
    const json = synthesize((stack) => {
      const vpc = new Vpc(stack, "vpc", { cidrBlock: "10.1.0.0/16" });
      const subnetIds = ["10.1.0.0/24", "10.1.1.0/24"].map(
        (cidrBlock, index) => new Subnet(stack, `subnet-${index}`, { vpcId: vpc.id, cidrBlock }).id,
      );
      const perimeter: Perimeter = { kind: "existing", vpcId: vpc.id, subnetIds };
      new HrisWriteBack(stack, "write-back", smallProps({ perimeter }));
    });
    expect(one(json, "aws_vpc_endpoint")).toMatchObject({
      vpc_id: "${aws_vpc.vpc.id}",
      subnet_ids: ["${aws_subnet.subnet-0.id}", "${aws_subnet.subnet-1.id}"],
    });
  });
});
