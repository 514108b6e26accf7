import { createHash } from "node:crypto";

import { Sha256 } from "@aws-crypto/sha256-js";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";

import type { AwsCall } from "./wire";

/** What a signature is made with. */
export interface Secret {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;

/** How far a signature's time may be from ours. @see https://docs.aws.amazon.com/IAM/latest/UserGuide/signing-elements.html (read 2026-11-25) */
const SKEW_MS = 15 * 60_000;

/** Why a signature does not hold, in API Gateway's words; `undefined` where it does: made anew over what arrived, with the secret. */
export async function signatureProblem(call: AwsCall, host: string, secret: Secret): Promise<string | undefined> {
  const match = AUTHORIZATION.exec(call.headers["authorization"] ?? "");
  const date = call.headers["x-amz-date"] ?? "";
  const signedAt = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (match === null || Number.isNaN(signedAt)) return "the request is not signed";
  if (Math.abs(Date.now() - signedAt) > SKEW_MS) return "the signature has expired";
  if (call.headers["x-amz-security-token"] !== secret.sessionToken) return "the security token is invalid";
  const hash = call.headers["x-amz-content-sha256"];
  if (hash !== undefined && hash !== createHash("sha256").update(call.body).digest("hex")) {
    return "the signature does not match";
  }
  const [, region = "", service = "", names = "", given] = match;
  const url = new URL(call.url, `https://${host}`);
  const headers = Object.fromEntries(
    names.split(";").map((name) => [name, name === "host" ? host : (call.headers[name] ?? "")]),
  );
  const signer = new SignatureV4({
    service,
    region,
    sha256: Sha256,
    credentials: {
      accessKeyId: secret.accessKeyId,
      secretAccessKey: secret.secretAccessKey,
      ...(secret.sessionToken === undefined ? {} : { sessionToken: secret.sessionToken }),
    },
  });
  const signed = await signer.sign(
    new HttpRequest({
      method: call.method,
      protocol: "https:",
      hostname: host,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers,
      body: call.body,
    }),
    { signingDate: new Date(signedAt), signableHeaders: new Set(names.split(";")) },
  );
  return AUTHORIZATION.exec(signed.headers["authorization"] ?? "")?.[4] === given
    ? undefined
    : "the signature does not match";
}
