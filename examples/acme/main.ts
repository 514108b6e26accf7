import { join } from "node:path";

import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { App, LocalBackend, TerraformStack } from "cdktf";

import { allowAwsProviderVersions, Hris, HrisWriteBack, Source } from "../../index";
import { inputsOf, listOf, oneOf, run, type Inputs } from "../run";

/** The app: one stack. What differs between environments is in `env`, each with a value that synthesizes as it is. */
export function acme(env: Inputs): App {
  const input = inputsOf(env);
  const accountId = input("AWS_ACCOUNT_ID", "111122223333");
  const region = input("AWS_REGION", "eu-west-1");
  const list = listOf(input);
  // No secret is an input: secrets are named by their ARNs and read at run time.
  const secret = (name: string): string => `arn:aws:secretsmanager:${region}:${accountId}:secret:${name}`;

  const app = new App({ outdir: input("CDKTF_OUTDIR", "cdktf.out") });
  const stack = new TerraformStack(app, "acme");

  // State in a file beside the output folder, so that the example needs nothing. A team keeps it in S3, encrypted.
  new LocalBackend(stack, { path: "../../../terraform.acme.tfstate" });
  allowAwsProviderVersions(stack);
  const account = {
    allowedAccountIds: [accountId],
    defaultTags: [{ tags: { service: "hris-write-back", environment: input("WRITEBACK_ENVIRONMENT", "example") } }],
  };
  new AwsProvider(stack, "aws", { region, ...account });
  // Calls of IAM are recorded there, wherever the stack is.
  const iamRegion = new AwsProvider(stack, "aws-iam-region", { alias: "iam-region", region: "us-east-1", ...account });

  // The policy decides which fields, events and publishers there are; this file only says who and where they are.
  new HrisWriteBack(stack, "write-back", {
    policy: { file: input("WRITEBACK_POLICY", join(__dirname, "write-back.policy.yaml")) },
    placement: { prefix: input("WRITEBACK_PREFIX", "acme-writeback"), accountId, region },
    hris: Hris.bambooHr({
      company: { baseUrl: input("HRIS_URL", "https://acme.bamboohr.com") },
      // Where the HR tenant is: job information is kept by date, and its days begin there.
      timeZone: input("HRIS_TIME_ZONE", "Europe/London"),
      readerSecretArn: input("HRIS_READER_SECRET_ARN", secret("hris/bamboohr-reader-a1B2c3")),
      writerSecretArn: input("HRIS_WRITER_SECRET_ARN", secret("hris/bamboohr-writer-d4E5f6")),
    }),
    systems: {
      directory: Source.scim({
        baseUrl: input("DIRECTORY_URL", "https://directory.example.com/scim/v2"),
        secretArn: input("DIRECTORY_SECRET_ARN", secret("directory/scim-reader-g7H8i9")),
      }),
      finance: Source.rest({
        baseUrl: input("FINANCE_URL", "https://finance.example.com/api"),
        secretArn: input("FINANCE_SECRET_ARN", secret("finance/api-reader-j0K1l2")),
        options: {
          auth: { type: "bearer" },
          read: { path: "/workers/{worker}" },
          records: { "*": { path: "/{field}/{value}", active: [{ at: "/active", equals: true }] } },
        },
      }),
    },
    // By convention each publisher runs as the role of its own name; a table says otherwise where it does not.
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
      globalEvents: { provider: iamRegion },
      queries: true,
    },
    // CloudWatch takes it in an account alone that has a role for API Gateway's logs.
    gatewayAccessLog: oneOf("WRITEBACK_GATEWAY_ACCESS_LOG", input("WRITEBACK_GATEWAY_ACCESS_LOG", "off"), [
      "cloudwatch",
      "off",
    ]),
    retention: oneOf("WRITEBACK_RETENTION", input("WRITEBACK_RETENTION", "retain"), ["retain", "destroy"]),
  });
  return app;
}

if (require.main === module) run(acme);
