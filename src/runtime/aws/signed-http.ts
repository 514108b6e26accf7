import { Sha256 } from "@aws-crypto/sha256-js";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";

import type { SignedHttp } from "../ports";

const SERVICE = "execute-api";

/** Longest answer that is read, in UTF-16 code units. */
const MAX_ANSWER = 65_536;

/**
 * Requests to the field gateway, signed with a session's credentials (Signature Version 4), sent once, no redirect followed:
 * a signature for one place is not carried to another.
 */
export function createSignedHttp(send: typeof fetch = fetch): SignedHttp {
  return {
    async send({ method, url, body, credentials, region, timeoutMs }) {
      const { protocol, hostname, port, host, pathname } = new URL(url);
      const signer = new SignatureV4({ service: SERVICE, region, credentials: { ...credentials }, sha256: Sha256 });
      const signed = await signer.sign(
        new HttpRequest({
          method,
          protocol,
          hostname,
          ...(port === "" ? {} : { port: Number(port) }),
          path: pathname,
          headers: { host, "content-type": "application/json" },
          body,
        }),
      );
      // Fetch sets `host` itself, from the same URL.
      const headers = Object.fromEntries(Object.entries(signed.headers).filter(([name]) => name !== "host"));
      const response = await send(url, {
        method,
        headers,
        body,
        redirect: "manual",
        signal: AbortSignal.timeout(timeoutMs),
      });
      return { status: response.status, body: (await response.text()).slice(0, MAX_ANSWER) };
    },
  };
}
