import { join } from "node:path";

import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { App, LocalBackend, TerraformStack } from "cdktf";

import { allowAwsProviderVersions, Hris, HrisWriteBack, Source, type Perimeter } from "../../index";
import { inputsOf, listOf, oneOf, run, type Inputs } from "../run";

/** The app: one stack, whose field gateway can be called from one network alone. */
export function perimeter(env: Inputs): App {
  const input = inputsOf(env);
  const accountId = input("AWS_ACCOUNT_ID", "111122223333");
  const region = input("AWS_REGION", "eu-west-1");
  const list = listOf(input);
  const secret = (name: string): string => `arn:aws:secretsmanager:${region}:${accountId}:secret:${name}`;

  const app = new App({ outdir: input("CDKTF_OUTDIR", "cdktf.out") });
  const stack = new TerraformStack(app, "perimeter");
  new LocalBackend(stack, { path: "../../../terraform.perimeter.tfstate" });
  allowAwsProviderVersions(stack);
  new AwsProvider(stack, "aws", { region, allowedAccountIds: [accountId] });

  new HrisWriteBack(stack, "write-back", {
    policy: { file: input("WRITEBACK_POLICY", join(__dirname, "write-back.policy.yaml")) },
    placement: { prefix: input("WRITEBACK_PREFIX", "acme-perimeter"), accountId, region },
    perimeter: perimeterOf(input, region),
    hris: Hris.bambooHr({
      company: { baseUrl: input("HRIS_URL", "https://acme.bamboohr.com") },
      timeZone: input("HRIS_TIME_ZONE", "Europe/London"),
      readerSecretArn: input("HRIS_READER_SECRET_ARN", secret("hris/bamboohr-reader-a1B2c3")),
      writerSecretArn: input("HRIS_WRITER_SECRET_ARN", secret("hris/bamboohr-writer-d4E5f6")),
    }),
    systems: {
      directory: Source.scim({
        baseUrl: input("DIRECTORY_URL", "https://directory.example.com/scim/v2"),
        secretArn: input("DIRECTORY_SECRET_ARN", secret("directory/scim-reader-g7H8i9")),
      }),
    },
    publishers: (name) => [`arn:aws:iam::${accountId}:role/publisher-${name}`],
    approvals: {
      issuer: input("APPROVALS_ISSUER", "https://login.example.com"),
      audience: [input("APPROVALS_AUDIENCE", "hris-writeback-approvals")],
      groupClaim: "groups",
      workerIdClaim: "worker_id",
      operatorsGroup: "write-back-operators",
      page: { clientId: input("APPROVALS_CLIENT_ID", "hris-writeback-approvals-page") },
    },
    audit: {
      deployerArns: [input("WRITEBACK_DEPLOYER_ARN", `arn:aws:iam::${accountId}:role/hris-write-back-deployer`)],
      subscriptions: list("WRITEBACK_ALERTS_TO", "").map((endpoint) => ({ protocol: "email" as const, endpoint })),
      securityHub: true,
    },
    retention: oneOf("WRITEBACK_RETENTION", input("WRITEBACK_RETENTION", "retain"), ["retain", "destroy"]),
  });
  return app;
}

/** A VPC of the connector's own, unless one is named. */
function perimeterOf(input: ReturnType<typeof inputsOf>, region: string): Perimeter {
  const list = listOf(input);
  const vpcId = input("WRITEBACK_VPC_ID", "");
  if (vpcId === "") {
    return {
      kind: "create",
      cidr: input("WRITEBACK_VPC_CIDR", "10.0.0.0/24"),
      availabilityZones: list("WRITEBACK_ZONES", `${region}a,${region}b`),
      dnsFirewall: input("WRITEBACK_DNS_FIREWALL", "on") === "off" ? "off" : "on",
    };
  }
  const endpointId = input("WRITEBACK_ENDPOINT_ID", "");
  return {
    kind: "existing",
    vpcId,
    subnetIds: list("WRITEBACK_SUBNET_IDS", ""),
    endpoint:
      endpointId === ""
        ? { kind: "create" }
        : { kind: "existing", endpointId, securityGroupId: input("WRITEBACK_ENDPOINT_SECURITY_GROUP_ID", "") },
  };
}

if (require.main === module) run(perimeter);
