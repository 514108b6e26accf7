import { spawn, spawnSync } from "node:child_process";
import { request } from "node:http";
import { createServer, type AddressInfo } from "node:net";

import { UsageError } from "../../core";
import type { AwsAnswer, AwsCall } from "./wire";

/** moto, the stand-in that stores what Terraform creates. */
export interface Moto {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** Hands a call on as it came. */
  forward(call: Pick<AwsCall, "method" | "url" | "headers" | "body">): Promise<AwsAnswer>;
  /** A call of a JSON protocol in our own name: `AWSStepFunctions.DescribeStateMachine`. Throws for an error. */
  json(service: string, target: string, input: object): Promise<Readonly<Record<string, unknown>>>;
  /** A call of the query protocol in our own name; the XML that came. Throws for an error. */
  query(service: string, parameters: Readonly<Record<string, string>>): Promise<string>;
  /** A call of a REST protocol in our own name; the JSON that came, `undefined` for 404. */
  rest(service: string, path: string): Promise<unknown>;
  stop(): Promise<void>;
}

const PROGRAM = "moto_server";

/** How long moto may take to answer for the first time, in milliseconds. */
const START_MS = 30_000;

/** Whether moto is on the `PATH`. */
export function hasMoto(): boolean {
  return spawnSync(PROGRAM, ["--help"], { stdio: "ignore" }).status === 0;
}

/** Starts moto on a free port of the loopback address. Throws `UsageError` where it is missing or does not come up. */
export async function startMoto(): Promise<Moto> {
  const port = await freePort();
  const child = spawn(PROGRAM, ["-H", "127.0.0.1", "-p", String(port)], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString("utf8")).slice(-2000);
  });
  const exited = new Promise<number | null>((resolve) => {
    child.once("error", () => {
      resolve(null);
    });
    child.once("exit", resolve);
  });
  const url = `http://127.0.0.1:${port}`;
  const until = Date.now() + START_MS;
  for (;;) {
    if (child.pid === undefined || child.exitCode !== null)
      throw new UsageError(`${PROGRAM} did not start\n${said.trim()}`);
    if (await answers(url)) break;
    if (Date.now() > until) {
      child.kill();
      throw new UsageError(`${PROGRAM} did not answer within ${START_MS / 1000} s`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const forward = (call: Parameters<Moto["forward"]>[0]): Promise<AwsAnswer> => exchange(port, call);
  return {
    url,
    forward,
    async json(service, target, input) {
      const answer = await forward({
        method: "POST",
        url: "/",
        headers: { ...ownHeaders(service), "content-type": "application/x-amz-json-1.1", "x-amz-target": target },
        body: Buffer.from(JSON.stringify(input)),
      });
      return JSON.parse(succeeded(answer, target)) as Readonly<Record<string, unknown>>;
    },
    async query(service, parameters) {
      const answer = await forward({
        method: "POST",
        url: "/",
        headers: { ...ownHeaders(service), "content-type": "application/x-www-form-urlencoded" },
        body: Buffer.from(new URLSearchParams(parameters).toString()),
      });
      return succeeded(answer, parameters["Action"] ?? service);
    },
    async rest(service, path) {
      const answer = await forward({ method: "GET", url: path, headers: ownHeaders(service), body: Buffer.alloc(0) });
      return answer.status === 404 ? undefined : (JSON.parse(succeeded(answer, path)) as unknown);
    },
    async stop() {
      child.kill();
      await exited;
    },
  };
}

/** moto reads service and region out of the signature's scope and does not verify it. */
function ownHeaders(service: string): Record<string, string> {
  const region = process.env["AWS_REGION"] ?? "eu-west-1";
  return {
    host: `${service}.${region}.amazonaws.com`,
    authorization: `AWS4-HMAC-SHA256 Credential=local/20261101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
  };
}

function succeeded({ status, body }: AwsAnswer, what: string): string {
  const text = body.toString("utf8");
  if (status >= 300) throw new Error(`moto answered ${status} to ${what}: ${text.slice(0, 300)}`);
  return text;
}

function exchange(port: number, call: Parameters<Moto["forward"]>[0]): Promise<AwsAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: "127.0.0.1", port, path: call.url, method: call.method, headers: { ...call.headers } },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const headers = Object.fromEntries(
            Object.entries(incoming.headers)
              .filter(([name]) => name !== "transfer-encoding" && name !== "connection")
              .map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : (value ?? "")]),
          );
          resolve({ status: incoming.statusCode ?? 502, headers, body: Buffer.concat(chunks) });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(call.body);
  });
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/moto-api/data.json`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
