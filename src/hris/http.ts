import { HttpError, type HttpClient } from "./contract";

/** Longest answer that is read, after decompression. No field of a worker is near it. */
export const MAX_RESPONSE_BYTES = 1_048_576;

/**
 * Error codes that rise before the request line can have left this machine: the name did not resolve, nobody accepted the
 * connection, or the other side could not show that it is who it should be. With any other code the request may have arrived.
 *
 * @see https://nodejs.org/api/errors.html#common-system-errors and https://nodejs.org/api/tls.html#x509-certificate-error-codes (read 2026-11-23)
 */
const NOT_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/**
 * Sends one request with Node's fetch: one connection of its own, no redirect followed (an answer 3xx is handed back as it is),
 * one deadline over the whole exchange, an answer of at most `MAX_RESPONSE_BYTES` that is UTF-8. Rejects with `HttpError`.
 *
 * The connection is not kept: after a Lambda was frozen, a kept one is often dead, and a write that meets a dead connection
 * ends as unknown.
 */
export const fetchHttp: HttpClient = async (request) => {
  const signal = AbortSignal.timeout(request.timeoutMs);
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers: { ...request.headers, connection: "close" },
      ...(request.body === undefined ? {} : { body: request.body }),
      redirect: "manual",
      signal,
    });
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await textOf(response),
    };
  } catch (error) {
    if (error instanceof HttpError) throw error;
    if (signal.aborted) {
      throw new HttpError(`no answer within ${String(request.timeoutMs)} ms`, true, { cause: error });
    }
    const code = codeOf(error);
    throw new HttpError(
      code === undefined ? "the exchange failed" : `the exchange failed with ${code}`,
      !NOT_SENT.has(code ?? ""),
      { cause: error },
    );
  }
};

async function textOf(response: Response): Promise<string> {
  if (response.body === null) return "";
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let sizeBytes = 0;
  let text = "";
  try {
    for await (const chunk of response.body) {
      sizeBytes += (chunk as Uint8Array).byteLength;
      if (sizeBytes > MAX_RESPONSE_BYTES) {
        throw new HttpError(`the answer is longer than ${String(MAX_RESPONSE_BYTES)} bytes`, true);
      }
      text += decoder.decode(chunk as Uint8Array, { stream: true });
    }
    return text + decoder.decode();
  } catch (error) {
    if (codeOf(error) === "ERR_ENCODING_INVALID_ENCODED_DATA") {
      throw new HttpError("the answer is not UTF-8", true, { cause: error });
    }
    throw error;
  }
}

/** The code of an error or of what caused it, as in `ECONNREFUSED`. Errors of fetch may be of another realm: their form counts. */
function codeOf(error: unknown): string | undefined {
  let at = error;
  for (let depth = 0; depth < 4 && typeof at === "object" && at !== null; depth += 1) {
    if ("code" in at && typeof at.code === "string") return at.code;
    at = "cause" in at ? at.cause : undefined;
  }
  return undefined;
}
