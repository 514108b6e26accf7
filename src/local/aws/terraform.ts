import { spawn, spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { UsageError } from "../../core";

/** Resources at once: most of an apply is waiting, here for a provider that polls. */
const PARALLELISM = "30";

/** Whether Terraform is on the `PATH`. */
export function hasTerraform(): boolean {
  return spawnSync("terraform", ["version"], { stdio: "ignore" }).status === 0;
}

/** The last plan, in the stack's folder. */
const PLAN_FILE = "last.tfplan";

/** How far an apply or a destroy is: resources done, of those planned. */
export type OnProgress = (done: number, planned: number) => void;

/** A change that a plan shows. */
export interface PlannedChange {
  readonly address: string;
  readonly actions: readonly string[];
}

export interface TerraformOptions {
  /** Folder of the synthesized stack. */
  readonly dir: string;
  /** Where AWS is: `http://127.0.0.1:port`. */
  readonly endpoint: string;
  readonly region: string;
  readonly accountId: string;
}

/** Terraform in a stack's folder, with the real AWS provider and this machine's AWS. Every method throws `UsageError` with what Terraform said. */
export class Terraform {
  constructor(private readonly options: TerraformOptions) {}

  /**
   * Finds the provider: in the folder that `WRITEBACK_TF_PLUGIN_DIR` names, as the file in `TF_CLI_CONFIG_FILE` says, or in its registry.
   */
  async init(): Promise<void> {
    const { dir, region, accountId } = this.options;
    // The state stays in the folder, and S3 is asked by path: on loopback a bucket has no host name.
    writeFileSync(
      join(dir, "local_override.tf.json"),
      JSON.stringify({
        terraform: { backend: { local: { path: "terraform.tfstate" } } },
        provider: { aws: [{ region, allowed_account_ids: [accountId], s3_use_path_style: true }] },
      }),
    );
    const plugins = process.env["WRITEBACK_TF_PLUGIN_DIR"] ?? "";
    await this.#run(["init", "-input=false", ...(plugins === "" ? [] : [`-plugin-dir=${plugins}`])]);
  }

  async apply(onProgress: OnProgress = () => undefined): Promise<void> {
    await this.#change(["apply", "-auto-approve"], "apply_complete", onProgress);
  }

  async destroy(onProgress: OnProgress = () => undefined): Promise<void> {
    await this.#change(["destroy", "-auto-approve"], "apply_complete", onProgress);
  }

  /** What another apply would change: nothing, if what was applied is what is there. `onWarning` is told what the plan warns of. */
  async plan(onWarning: (detail: string) => void = () => undefined): Promise<readonly PlannedChange[]> {
    const changes: PlannedChange[] = [];
    await this.#json(["plan", "-input=false", `-out=${PLAN_FILE}`, `-parallelism=${PARALLELISM}`], (line) => {
      if (line.type === "diagnostic" && line.diagnostic?.severity === "warning") {
        onWarning(line.diagnostic.detail ?? line.diagnostic.summary);
      }
      if (line.type !== "planned_change" || line.change === undefined) return;
      changes.push({ address: line.change.resource.addr, actions: [line.change.action] });
    });
    return changes;
  }

  /** The state, as `terraform show -json` tells it. */
  async show(): Promise<unknown> {
    return JSON.parse(await this.#run(["show", "-json"], "json")) as unknown;
  }

  /** The last plan, as `terraform show -json` tells it. */
  async showPlan(): Promise<unknown> {
    return JSON.parse(await this.#run(["show", "-json", PLAN_FILE], "json")) as unknown;
  }

  async outputs(): Promise<Readonly<Record<string, string>>> {
    const outputs = JSON.parse(await this.#run(["output", "-json"], "json")) as Record<string, { value: string }>;
    return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]));
  }

  async #change(args: readonly string[], completed: string, onProgress: OnProgress): Promise<void> {
    let done = 0;
    let planned = 0;
    await this.#json([...args, "-input=false", `-parallelism=${PARALLELISM}`], (line) => {
      if (line.type === "change_summary" && line.changes !== undefined && planned === 0) {
        planned = line.changes.add + line.changes.change + line.changes.remove;
        onProgress(done, planned);
      }
      if (line.type !== completed) return;
      done += 1;
      onProgress(done, planned);
    });
  }

  /** Runs with `-json`, hands each line on, and throws what Terraform diagnosed. */
  #json(args: readonly string[], onLine: (line: JsonLine) => void): Promise<void> {
    const child = spawn("terraform", [...args, "-json", "-no-color"], {
      cwd: this.options.dir,
      env: this.#environment(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const problems: string[] = [];
    createInterface({ input: child.stdout }).on("line", (text) => {
      const line = parsed(text);
      if (line === undefined) return;
      if (line.type === "diagnostic" && line.diagnostic?.severity === "error") {
        problems.push(
          `${line.diagnostic.address ?? ""} ${line.diagnostic.summary}: ${line.diagnostic.detail ?? ""}`.trim(),
        );
      }
      onLine(line);
    });
    child.stderr.on("data", (chunk: Buffer) => problems.push(chunk.toString("utf8").trim()));
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => {
        if (code === 0) resolve();
        else reject(new UsageError(`terraform ${args[0] ?? ""} failed\n${problems.join("\n").slice(0, 4000)}`));
      });
    });
  }

  #run(args: readonly string[], kind: "json" | "text" = "text"): Promise<string> {
    const child = spawn("terraform", [...args, ...(kind === "json" ? [] : ["-no-color"])], {
      cwd: this.options.dir,
      env: this.#environment(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString("utf8");
    });
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString("utf8");
    });
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => {
        if (code === 0) resolve(out);
        else reject(new UsageError(`terraform ${args[0] ?? ""} failed\n${(said + out).trim().slice(-4000)}`));
      });
    });
  }

  /** No variable of the person's own AWS account, so that nothing here can reach it. */
  #environment(): NodeJS.ProcessEnv {
    const { endpoint, region } = this.options;
    const own = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !name.startsWith("AWS_") && name !== "TF_CLI_CONFIG_FILE"),
    );
    const config = process.env["TF_CLI_CONFIG_FILE"] ?? "";
    return {
      ...own,
      ...(existsSync(config) ? { TF_CLI_CONFIG_FILE: config } : {}),
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
      AWS_REGION: region,
      AWS_EC2_METADATA_DISABLED: "true",
      CHECKPOINT_DISABLE: "1",
      TF_IN_AUTOMATION: "1",
    };
  }
}

/** What is read of a line of Terraform's machine-readable output. @see https://developer.hashicorp.com/terraform/internals/machine-readable-ui (read 2026-11-25) */
interface JsonLine {
  readonly type: string;
  readonly diagnostic?: {
    readonly severity: string;
    readonly summary: string;
    readonly detail?: string;
    readonly address?: string;
  };
  readonly change?: { readonly action: string; readonly resource: { readonly addr: string } };
  readonly changes?: { readonly add: number; readonly change: number; readonly remove: number };
}

function parsed(text: string): JsonLine | undefined {
  try {
    return JSON.parse(text) as JsonLine;
  } catch {
    return undefined;
  }
}
