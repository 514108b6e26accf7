import type { IncomingMessage, ServerResponse } from "node:http";

/** Longest request that is read: a function's zip is the longest that comes. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** A call of an AWS API as it arrives over HTTP. */
export interface AwsCall {
  /** As the signature's scope names it: `dynamodb`, `sts`, `execute-api`; empty for an unsigned call. */
  readonly service: string;
  /** The operation, where the protocol names one: `PutItem`, `AssumeRole`. REST protocols name it by method and path. */
  readonly action: string;
  readonly method: string;
  /** With its query, as sent. */
  readonly url: string;
  /** Without its query, as sent. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Of the signature; absent for an unsigned call. */
  readonly accessKeyId?: string;
}

export interface AwsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** An error as the service would answer it: thrown where it is found, written in the protocol of the call. */
export class AwsError extends Error {
  override readonly name = "AwsError";

  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

const SCOPE = /Credential=([^/\s,]+)\/\d{8}\/[^/]+\/([^/]+)\/aws4_request/;

/** Reads a request. Rejects for a body beyond what any call here has. */
export async function readCall(incoming: IncomingMessage): Promise<AwsCall> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES) throw new Error("the body is too long");
    chunks.push(chunk as Buffer);
  }
  const body = Buffer.concat(chunks);
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : (value ?? ""),
    ]),
  );
  const url = incoming.url ?? "/";
  const [, accessKeyId, service = ""] = SCOPE.exec(headers["authorization"] ?? "") ?? [];
  return {
    service,
    action: actionOf(headers, body),
    method: incoming.method ?? "GET",
    url,
    path: url.split("?", 1)[0] ?? "/",
    headers,
    body,
    ...(accessKeyId === undefined ? {} : { accessKeyId }),
  };
}

function actionOf(headers: Readonly<Record<string, string>>, body: Buffer): string {
  const target = headers["x-amz-target"];
  if (target !== undefined) return target.slice(target.lastIndexOf(".") + 1);
  if (!(headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded")) return "";
  return formOf(body).get("Action") ?? "";
}

/** The parameters of the query protocol. */
export function formOf(body: Buffer): URLSearchParams {
  return new URLSearchParams(body.toString("utf8"));
}

/** The members of a JSON protocol's call. */
export function jsonOf(body: Buffer): Readonly<Record<string, unknown>> {
  return body.length === 0 ? {} : (JSON.parse(body.toString("utf8")) as Readonly<Record<string, unknown>>);
}

/** A text member, or the empty text. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function jsonAnswer(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): AwsAnswer {
  return {
    status,
    headers: { "content-type": "application/x-amz-json-1.0", ...headers },
    body: Buffer.from(JSON.stringify(value)),
  };
}

export function xmlAnswer(text: string, status = 200): AwsAnswer {
  return { status, headers: { "content-type": "text/xml" }, body: Buffer.from(text) };
}

/** Services that speak XML. */
const XML_SERVICES = new Set(["ec2", "iam", "sns", "sts"]);

/** An error in the protocol of the call's service. */
export function errorAnswer(call: AwsCall, { code, message, status }: AwsError): AwsAnswer {
  if (call.service === "s3") {
    return xmlAnswer(`<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`, status);
  }
  if (XML_SERVICES.has(call.service)) {
    return xmlAnswer(
      `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error><RequestId>local</RequestId></ErrorResponse>`,
      status,
    );
  }
  return jsonAnswer({ __type: code, message, Message: message }, status, { "x-amzn-errortype": code });
}

export function escapeXml(text: string): string {
  return text.replace(/[<>&]/g, (char) => ({ "<": "&lt;", ">": "&gt;", "&": "&amp;" })[char] ?? char);
}

/** The content of all elements of a name, in order, as text without entities. Enough for what IAM answers; no general parser. */
export function elementsOf(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, "g"))].map(([, content = ""]) =>
    content
      .replaceAll("&lt;", "<")
      .replaceAll("&gt;", ">")
      .replaceAll("&quot;", '"')
      .replaceAll("&#34;", '"')
      .replaceAll("&amp;", "&"),
  );
}

export function send(outgoing: ServerResponse, { status, headers, body }: AwsAnswer): void {
  outgoing.writeHead(status, { ...headers, "content-length": String(body.length) });
  outgoing.end(body);
}
