import type { Io } from "../../src/cli/io";
import { nodeIo } from "../../src/cli/node-io";
import { run } from "../../src/cli/run";
import type { DeployedCloud } from "../../src/local/aws/deployed-cloud";

/** Runs a command with the environment of a person who has access to the local AWS; its exit code and outputs. */
export async function withAws(
  cloud: DeployedCloud,
  args: readonly string[],
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const before = { ...process.env };
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: cloud.front.url,
    AWS_REGION: cloud.stack.region,
    AWS_ACCESS_KEY_ID: "auditor",
    AWS_SECRET_ACCESS_KEY: "auditor",
  });
  let out = "";
  let err = "";
  const io: Io = { ...nodeIo, out: (text) => (out += text), err: (text) => (err += text) };
  try {
    return { code: await run(args, io), out, err };
  } finally {
    process.env = before;
  }
}
