import { createHash } from "node:crypto";

import { Sha256 } from "@aws-crypto/sha256-js";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";

import { AccessDenied, ServiceUnavailable } from "../errors";
import type { SessionCredentials } from "../ports";

/** Objects below one prefix of one bucket, by the rest of their names. */
export interface Objects {
  /** Puts an object where there is none of this name; whether it did. */
  putIfAbsent(name: string, body: string): Promise<"kept" | "exists">;
  /** The whole of an object. */
  get(name: string): Promise<string>;
  /** An object's bytes as they come. */
  open(name: string): AsyncIterable<Uint8Array>;
  /** Names of all objects below the prefix, in the order of their bytes. */
  list(): AsyncIterable<string>;
}

export interface ObjectsOptions {
  /** `https://<bucket>.s3.<region>.amazonaws.com/<prefix>`, without a trailing slash. */
  readonly url: string;
  readonly region: string;
  readonly credentials: () => Promise<
    Partial<SessionCredentials> & Pick<SessionCredentials, "accessKeyId" | "secretAccessKey">
  >;
  /** An endpoint in S3's place, as AWS's own clients take it from `AWS_ENDPOINT_URL`. */
  readonly endpoint?: string;
  readonly send?: typeof fetch;
}

/** How long one exchange may take, in milliseconds. */
const EXCHANGE_MS = 20_000;

/** A conflict of two puts at once: S3 says to try again. @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html (read 2026-11-28) */
const ATTEMPTS = 4;
const PAUSE_MS = 150;

/**
 * The few calls of S3 that the evidence takes, over plain HTTPS, signed (Signature Version 4): a client of a hundred operations would weigh more
 * in the function than all that it does. Throws `AccessDenied` and `ServiceUnavailable` as every port does.
 */
export function createObjects(options: ObjectsOptions): Objects {
  const { region, credentials, send = fetch } = options;
  const { base, bucket, folder } = placeOf(options);
  const pathOf = (name: string): string => `${bucket}/${folder}${name}`;

  const exchange = async (
    method: "GET" | "PUT",
    path: string,
    { query = {}, headers = {}, body = "" }: Partial<Pick<HttpRequest, "query" | "headers">> & { body?: string } = {},
  ): Promise<Response> => {
    const signer = new SignatureV4({
      service: "s3",
      region,
      credentials: await credentials(),
      sha256: Sha256,
      uriEscapePath: false,
    });
    const { protocol, hostname, port, host, pathname } = new URL(`${base}${path}`);
    const signed = await signer.sign(
      new HttpRequest({
        method,
        protocol,
        hostname,
        ...(port === "" ? {} : { port: Number(port) }),
        path: pathname,
        query,
        headers: { host, ...headers, "x-amz-content-sha256": createHash("sha256").update(body, "utf8").digest("hex") },
        body,
      }),
    );
    const search = new URLSearchParams(query as Record<string, string>).toString().replaceAll("+", "%20");
    try {
      return await send(`${base}${path}${search === "" ? "" : `?${search}`}`, {
        method,
        headers: Object.fromEntries(Object.entries(signed.headers).filter(([name]) => name !== "host")),
        ...(method === "PUT" ? { body } : {}),
        redirect: "manual",
        signal: AbortSignal.timeout(EXCHANGE_MS),
      });
    } catch (cause) {
      throw new ServiceUnavailable("S3 did not answer", { cause });
    }
  };

  const got = async (name: string): Promise<Response> => {
    const response = await exchange("GET", pathOf(name));
    if (response.status !== 200) throw await refusal("get", name, response);
    return response;
  };

  return {
    async putIfAbsent(name, body) {
      const headers = {
        "content-type": "application/x-ndjson",
        "if-none-match": "*",
        // A bucket with a default retention takes nothing without a checksum.
        "x-amz-checksum-sha256": createHash("sha256").update(body, "utf8").digest("base64"),
        "x-amz-sdk-checksum-algorithm": "SHA256",
      };
      for (let attempt = 1; ; attempt += 1) {
        const response = await exchange("PUT", pathOf(name), { headers, body });
        if (response.status === 200) return "kept";
        if (response.status === 412) return "exists";
        const isPassing = response.status === 409 || response.status >= 500;
        if (!isPassing || attempt === ATTEMPTS) throw await refusal("put", name, response);
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * attempt));
      }
    },

    async get(name) {
      return (await got(name)).text();
    },

    async *open(name) {
      const { body } = await got(name);
      if (body !== null) yield* body as unknown as AsyncIterable<Uint8Array>;
    },

    async *list() {
      let token: string | undefined;
      do {
        const query = {
          "list-type": "2",
          prefix: folder,
          ...(token === undefined ? {} : { "continuation-token": token }),
        };
        const response = await exchange("GET", `${bucket}/`, { query });
        if (response.status !== 200) throw await refusal("list", folder, response);
        const xml = await response.text();
        for (const key of elementsOf(xml, "Key")) yield key.slice(folder.length);
        token = elementsOf(xml, "IsTruncated")[0] === "true" ? elementsOf(xml, "NextContinuationToken")[0] : undefined;
      } while (token !== undefined);
    },
  };
}

/** Where requests go, the bucket's part of a path, and the part of every name that is the prefix. With an endpoint in S3's place the bucket is in the path. */
function placeOf({ url, endpoint }: ObjectsOptions): {
  readonly base: string;
  readonly bucket: string;
  readonly folder: string;
} {
  const { origin, hostname, pathname } = new URL(url);
  const folder = pathname === "/" ? "" : `${pathname.slice(1)}/`;
  if (endpoint === undefined) return { base: origin, bucket: "", folder };
  return { base: endpoint.replace(/\/$/, ""), bucket: `/${hostname.split(".s3.")[0] ?? ""}`, folder };
}

async function refusal(what: string, name: string, response: Response): Promise<Error> {
  const [code = String(response.status)] = elementsOf(await response.text(), "Code");
  const message = `S3 refused to ${what} \`${name}\`: ${code}`;
  if (response.status === 401 || response.status === 403) return new AccessDenied(message);
  return response.status >= 500 || response.status === 409 || response.status === 429
    ? new ServiceUnavailable(message)
    : new Error(message);
}

/** Contents of the elements of a name in what S3 answers. Names here hold no entities but these. */
function elementsOf(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, "g"))].map(([, content = ""]) =>
    content.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&"),
  );
}
