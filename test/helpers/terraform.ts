import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

/** What a run of terraform showed. */
export interface TerraformRun {
  readonly ok: boolean;
  /** Both streams, without colours. */
  readonly output: string;
}

export interface Terraform {
  /** Folder of the provider's local copy, where it is one. */
  readonly pluginDir?: string;
  /**
   * `terraform validate` in a synthesized stack's folder. Providers are initialised once and shared by every folder that this
   * object sees, so that each further validation costs seconds.
   */
  validate(dir: string): TerraformRun;
  /** Plans what is in a folder, against the state that lies there, without asking AWS for anything; the plan as JSON. */
  plan(dir: string): unknown;
  /** Applies a configuration that needs no provider, with its state in its own folder, and returns its outputs. */
  outputs(dir: string): Readonly<Record<string, unknown>>;
}

const ROOT = resolve(__dirname, "../..");

/**
 * Terraform, with the AWS provider from a local mirror where a test needs that, or `undefined` after one line on the console that says what is missing.
 * Throws instead where `WRITEBACK_REQUIRE_TERRAFORM=1` promised that it is there.
 *
 * The mirror is `WRITEBACK_TF_PLUGIN_DIR`, or what the file `TF_CLI_CONFIG_FILE` names, or what
 * `../shared/tools/terraform-mirror` finds.
 */
export function findTerraform(needs: "program" | "provider" = "provider"): Terraform | undefined {
  const missing = (what: string): void => {
    if (process.env["WRITEBACK_REQUIRE_TERRAFORM"] === "1") {
      throw new Error(`WRITEBACK_REQUIRE_TERRAFORM=1, but there is ${what}`);
    }
    process.stderr.write(`SKIP tests with terraform: there is ${what}\n`);
  };
  const version = spawnSync("terraform", ["version"], { encoding: "utf8", env: environment() });
  if (version.status !== 0) {
    missing("no terraform on the PATH");
    return undefined;
  }
  const plugins = needs === "program" ? { args: [] } : findPlugins();
  if (plugins === undefined) {
    missing("no local mirror of hashicorp/aws; name its folder in WRITEBACK_TF_PLUGIN_DIR");
    return undefined;
  }
  const pluginDir = plugins.args[0]?.replace("-plugin-dir=", "");
  return { ...terraformWith(plugins.args), ...(pluginDir === undefined ? {} : { pluginDir }) };
}

/** Arguments of `terraform init` that make it find the provider without a network. */
function findPlugins(): { readonly args: readonly string[] } | undefined {
  const named = process.env["WRITEBACK_TF_PLUGIN_DIR"];
  if (named !== undefined && named !== "") return { args: [`-plugin-dir=${named}`] };
  const config = process.env["TF_CLI_CONFIG_FILE"];
  if (config !== undefined && existsSync(config)) return { args: [] };
  const finder = join(dirname(ROOT), "shared/tools/terraform-mirror");
  if (!existsSync(finder)) return undefined;
  const found = spawnSync(finder, { encoding: "utf8" });
  return found.status === 0 ? { args: [`-plugin-dir=${found.stdout.trim()}`] } : undefined;
}

/** Without a CLI configuration that names a missing file, and without calls home. */
function environment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { TF_CLI_CONFIG_FILE: config, ...rest } = process.env;
  const keep = config !== undefined && existsSync(config) ? { TF_CLI_CONFIG_FILE: config } : {};
  return { ...rest, ...keep, CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1", ...extra };
}

function terraformWith(initArgs: readonly string[]): Terraform {
  const dataDir = mkdtempSync(join(tmpdir(), "writeback-terraform-"));
  let lockFile: string | undefined;
  const run = (dir: string, args: readonly string[], env: Readonly<Record<string, string>>): TerraformRun => {
    const { status, stdout, stderr } = spawnSync("terraform", [...args, "-no-color"], {
      cwd: dir,
      encoding: "utf8",
      env: environment(env),
    });
    return { ok: status === 0, output: `${stdout}${stderr}` };
  };
  const env = { TF_DATA_DIR: dataDir };
  const initialise = (dir: string): void => {
    const own = join(dir, ".terraform.lock.hcl");
    if (lockFile === undefined) {
      const init = run(dir, ["init", "-backend=false", "-input=false", ...initArgs], env);
      if (!init.ok) throw new Error(`terraform init failed:\n${init.output}`);
      lockFile = own;
    } else if (!existsSync(own)) {
      copyFileSync(lockFile, own);
    }
  };
  return {
    validate(dir) {
      initialise(dir);
      return run(dir, ["validate"], env);
    },
    plan(dir) {
      initialise(dir);
      const planned = run(dir, ["plan", "-refresh=false", "-input=false", "-lock=false", "-out=tfplan"], env);
      if (!planned.ok) throw new Error(`terraform plan failed:\n${planned.output}`);
      const { status, stdout, stderr } = spawnSync("terraform", ["show", "-json", "tfplan"], {
        cwd: dir,
        encoding: "utf8",
        env: environment(env),
        maxBuffer: 256 * 1024 * 1024,
      });
      if (status !== 0) throw new Error(`terraform show failed:\n${stderr}`);
      return JSON.parse(stdout) as unknown;
    },
    outputs(dir) {
      for (const args of [
        ["init", "-input=false"],
        ["apply", "-auto-approve", "-input=false"],
      ]) {
        const result = run(dir, args, {});
        if (!result.ok) throw new Error(`terraform ${args.join(" ")} failed:\n${result.output}`);
      }
      const text = execFileSync("terraform", ["output", "-json"], { cwd: dir, encoding: "utf8", env: environment() });
      const outputs = JSON.parse(text) as Record<string, { value: unknown }>;
      return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]));
    },
  };
}
