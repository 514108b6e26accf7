import { STSClient } from "@aws-sdk/client-sts";

import { createObjects, type Objects } from "./objects";

/**
 * Objects by whatever credentials and region the environment gives, as AWS's own clients find them: a client that is never asked
 * anything is made for its chain of providers.
 */
export async function objectsOfEnvironment(bucket: string, folder: string): Promise<Objects> {
  const { config } = new STSClient({});
  const region = await config.region();
  const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return createObjects({
    url: `https://${bucket}.s3.${region}.${domain}${folder === "" ? "" : `/${folder}`}`,
    region,
    credentials: () => config.credentials(),
    endpoint: process.env["AWS_ENDPOINT_URL_S3"] ?? process.env["AWS_ENDPOINT_URL"],
  });
}
