// Runs `cdktf deploy` and `cdktf destroy` of the real CLI, which is no dependency of ours, against the local cloud: copies the checkout, installs
// the CLI in a folder of its own, deploys examples/acme, destroys it. Needs the npm registry, Terraform, the AWS provider and moto; run by hand.
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { DeployedCloud } from "../src/local/aws/deployed-cloud";

const CLI = "cdktf-cli@0.21.0";

const root = dirname(__dirname);

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Runs a program to its end, which must be a good one; its output is shown. */
function run(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "inherit", "inherit"] });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ${args.join(" ")} ended with ${String(code)}`));
    });
  });
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "writeback-cdktf-"));
  const checkout = join(folder, "checkout");
  const cli = join(folder, "cli");
  const cloud = await DeployedCloud.start({ example: "acme", tell: say });
  try {
    for (const name of execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).trim().split("\n"))
      cpSync(join(root, name), join(checkout, name));
    symlinkSync(join(root, "node_modules"), join(checkout, "node_modules"));
    mkdirSync(cli);
    say(`installing ${CLI} …`);
    await run("npm", ["install", "--no-audit", "--no-fund", "--silent", "--prefix", cli, CLI], folder, process.env);

    // A folder of providers is named by a file, which the CLI hands on to Terraform.
    const plugins = process.env["WRITEBACK_TF_PLUGIN_DIR"] ?? "";
    const config = join(folder, "terraform.rc");
    writeFileSync(config, `provider_installation {\n  filesystem_mirror {\n    path = "${plugins}"\n  }\n}\n`);
    const env = {
      ...process.env,
      ...(await cloud.inputs()),
      ...(plugins === "" ? {} : { TF_CLI_CONFIG_FILE: config }),
      AWS_ENDPOINT_URL: cloud.front.url,
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
      CHECKPOINT_DISABLE: "1",
      CI: "true",
    };
    const cdktf = join(cli, "node_modules", ".bin", "cdktf");
    say("cdktf deploy …");
    await run(cdktf, ["deploy", "acme", "--auto-approve", "--skip-provider-lock"], checkout, env);
    say("cdktf destroy …");
    await run(cdktf, ["destroy", "acme", "--auto-approve", "--skip-provider-lock"], checkout, env);
    const left = await cloud.leftovers();
    say(left.length === 0 ? "deployed and destroyed; nothing is left" : `left: ${left.join(", ")}`);
    process.exitCode = left.length === 0 ? 0 : 1;
  } finally {
    await cloud.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

void main();
