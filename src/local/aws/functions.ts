import { fork, type ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { unzipSync } from "fflate";

import type { Moto } from "./moto";
import type { Secret } from "./signature";
import { AwsError, jsonOf, textOf, type AwsCall } from "./wire";

/** A function as it is deployed. */
export interface DeployedFunction {
  readonly name: string;
  readonly arn: string;
  readonly roleArn: string;
  readonly timeoutMs: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** How an invocation ended: what the function returned, or the error that it threw as Lambda shapes it. */
export type Invocation =
  | { readonly kind: "returned"; readonly payload: string }
  | { readonly kind: "failed"; readonly errorType: string; readonly errorMessage: string };

export interface FunctionsOptions {
  readonly moto: Moto;
  /** Where bundles are unpacked; the caller removes it. */
  readonly dir: string;
  readonly region: string;
  /** `http://127.0.0.1:port` of the front: where functions find AWS. */
  readonly front: () => string;
  /** Credentials of a function's role for one process. */
  readonly credentialsOf: (roleArn: string, functionName: string) => Secret;
  /** A line that a function wrote. */
  readonly onLine: (functionName: string, line: string) => void;
}

interface Warm {
  readonly child: ChildProcess;
  isBusy: boolean;
}

/** Longest that a new process may take to load its bundle, in milliseconds. */
const INIT_MS = 10_000;

/**
 * Lambda: runs the zips that were uploaded, with the environment that was set, each function in Node processes of its own that serve one
 * invocation at a time and stay warm. The deadline of a function is enforced by ending its process.
 */
export class Functions {
  readonly #zips = new Map<string, Buffer>();
  readonly #unpacked = new Map<string, string>();
  readonly #known = new Map<string, Promise<DeployedFunction | undefined>>();
  readonly #warm = new Map<string, Warm[]>();
  readonly #concurrency = new Map<string, number>();
  #serial = 0;
  #running = 0;

  constructor(private readonly options: FunctionsOptions) {}

  /** Invocations under way. */
  get running(): number {
    return this.#running;
  }

  /** Takes note of a call that changes a function: the zip of a new one, a setting of an old one. */
  observe(call: AwsCall): void {
    const name = /^\/(?:2015-03-31|2017-10-31)\/functions\/([^/?]+)/.exec(call.path)?.[1];
    if (call.method === "POST" && /^\/2015-03-31\/functions\/?$/.test(call.path)) {
      const input = jsonOf(call.body);
      const code = input["Code"] as { readonly ZipFile?: string } | undefined;
      this.#take(textOf(input["FunctionName"]), code?.ZipFile);
      return;
    }
    if (name === undefined || call.method === "GET") return;
    const functionName = decodeURIComponent(name);
    if (call.path.endsWith("/code")) this.#take(functionName, textOf(jsonOf(call.body)["ZipFile"]));
    if (call.path.endsWith("/concurrency")) {
      const reserved = jsonOf(call.body)["ReservedConcurrentExecutions"];
      if (call.method === "DELETE") this.#concurrency.delete(functionName);
      else if (typeof reserved === "number") this.#concurrency.set(functionName, reserved);
    }
    this.#forget(functionName);
  }

  /** A function by its name or ARN. Throws `AwsError` where there is none. */
  async find(nameOrArn: string): Promise<DeployedFunction> {
    const name = nameOrArn.split(":").at(-1) ?? nameOrArn;
    const known = this.#known.get(name) ?? this.#read(name);
    this.#known.set(name, known);
    const found = await known;
    if (found === undefined) {
      this.#known.delete(name);
      throw new AwsError("ResourceNotFoundException", `Function not found: ${name}`, 404);
    }
    return found;
  }

  /** Runs a function with an event. Throws `AwsError` where no process may run it. */
  async invoke(nameOrArn: string, event: unknown): Promise<Invocation> {
    const found = await this.find(nameOrArn);
    const reserved = this.#concurrency.get(found.name);
    const own = this.#warm.get(found.name) ?? [];
    if (reserved !== undefined && own.filter(({ isBusy }) => isBusy).length >= reserved) {
      throw new AwsError("TooManyRequestsException", "Rate Exceeded.", 429);
    }
    this.#running += 1;
    try {
      const warm = own.find(({ isBusy, child }) => !isBusy && isAlive(child)) ?? (await this.#start(found));
      warm.isBusy = true;
      try {
        return await this.#call(found, warm, event);
      } finally {
        warm.isBusy = false;
      }
    } finally {
      this.#running -= 1;
    }
  }

  /** Ends every process. */
  stop(): void {
    for (const name of [...this.#warm.keys()]) this.#forget(name);
  }

  #take(name: string, zip: string | undefined): void {
    if (zip === undefined || zip === "") return;
    this.#zips.set(name, Buffer.from(zip, "base64"));
    this.#unpacked.delete(name);
    this.#forget(name);
  }

  /** What was changed is read again, and new processes run it; those at work finish. */
  #forget(name: string): void {
    this.#known.delete(name);
    for (const { child, isBusy } of this.#warm.get(name) ?? []) {
      if (!isBusy) child.kill();
    }
    this.#warm.delete(name);
  }

  async #read(name: string): Promise<DeployedFunction | undefined> {
    const found = (await this.options.moto.rest("lambda", `/2015-03-31/functions/${encodeURIComponent(name)}`)) as
      { readonly Configuration?: Readonly<Record<string, unknown>> } | undefined;
    const configuration = found?.Configuration;
    if (configuration === undefined) return undefined;
    const environment = configuration["Environment"] as { readonly Variables?: Record<string, string> } | undefined;
    return {
      name,
      arn: textOf(configuration["FunctionArn"]),
      roleArn: textOf(configuration["Role"]),
      timeoutMs: Number(configuration["Timeout"] ?? 3) * 1000,
      environment: environment?.Variables ?? {},
    };
  }

  #bundleOf(name: string): string {
    const known = this.#unpacked.get(name);
    if (known !== undefined) return known;
    const zip = this.#zips.get(name);
    if (zip === undefined) throw new AwsError("ResourceNotFoundException", `nobody uploaded the code of ${name}`, 404);
    this.#serial += 1;
    const dir = join(this.options.dir, `${name}-${this.#serial}`);
    for (const [path, content] of Object.entries(unzipSync(zip))) {
      if (path.endsWith("/")) continue;
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), content);
    }
    const bundle = join(dir, "index.js");
    this.#unpacked.set(name, bundle);
    return bundle;
  }

  async #start({ name, roleArn, environment }: DeployedFunction): Promise<Warm> {
    const { options } = this;
    const { accessKeyId, secretAccessKey, sessionToken = "" } = options.credentialsOf(roleArn, name);
    const door = options.front();
    const child = fork(join(__dirname, "lambda-runner.cjs"), [this.#bundleOf(name), door, name], {
      // Nothing of this process but what Node needs.
      env: {
        PATH: process.env["PATH"] ?? "",
        ...environment,
        AWS_REGION: options.region,
        AWS_ENDPOINT_URL: door,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_SESSION_TOKEN: sessionToken,
        AWS_LAMBDA_FUNCTION_NAME: name,
      },
      // What the SDK says of this machine's Node is not the function's log.
      execArgv: ["--no-warnings"],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    for (const stream of [child.stdout, child.stderr]) {
      let rest = "";
      stream?.on("data", (chunk: Buffer) => {
        const lines = (rest + chunk.toString("utf8")).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) if (line.trim() !== "") options.onLine(name, line);
      });
    }
    const warm: Warm = { child, isBusy: true };
    this.#warm.set(name, [...(this.#warm.get(name) ?? []), warm]);
    child.once("exit", () => {
      this.#warm.set(
        name,
        (this.#warm.get(name) ?? []).filter((other) => other !== warm),
      );
    });
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => {
        child.kill();
        reject(new Error(`the process of ${name} did not start`));
      }, INIT_MS);
      child.once("message", () => {
        clearTimeout(late);
        resolve();
      });
      child.once("exit", () => {
        clearTimeout(late);
        reject(new Error(`the process of ${name} ended at its start`));
      });
    });
    return warm;
  }

  #call({ name, timeoutMs }: DeployedFunction, { child }: Warm, event: unknown): Promise<Invocation> {
    this.#serial += 1;
    const id = `local-${this.#serial}`;
    return new Promise((resolve) => {
      const end = (invocation: Invocation): void => {
        clearTimeout(deadline);
        child.off("message", onMessage);
        child.off("exit", onExit);
        resolve(invocation);
      };
      const deadline = setTimeout(() => {
        child.kill("SIGKILL");
        end({
          kind: "failed",
          errorType: "Sandbox.Timedout",
          errorMessage: `RequestId: ${id} Error: Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`,
        });
      }, timeoutMs);
      const onMessage = (message: unknown): void => {
        const reply = message as {
          readonly id?: string;
          readonly result?: string;
          readonly error?: { readonly errorType: string; readonly errorMessage: string };
        };
        if (reply.id !== id) return;
        end(
          reply.error === undefined
            ? { kind: "returned", payload: reply.result ?? "null" }
            : { kind: "failed", errorType: reply.error.errorType, errorMessage: reply.error.errorMessage },
        );
      };
      const onExit = (): void => {
        end({ kind: "failed", errorType: "Runtime.ExitError", errorMessage: `the process of ${name} ended` });
      };
      child.on("message", onMessage);
      child.once("exit", onExit);
      // A process that ended just now takes no message; its end is told by `exit`.
      child.send({ id, event }, () => undefined);
    });
  }
}

function isAlive({ connected, exitCode, killed }: ChildProcess): boolean {
  return connected && exitCode === null && !killed;
}
