import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const root = resolve(__dirname, "../..");

test("`demo --json` prints one JSON object on stdout and nothing else, and exits 0", () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", pathToFileURL(require.resolve("tsx")).href, join(root, "src/cli/main.ts"), "demo", "--json"],
    // From another folder, and with inputs of the example set: neither may change the story.
    {
      cwd: "/",
      encoding: "utf8",
      env: { ...process.env, WRITEBACK_POLICY: "/nowhere.yaml", AWS_ACCOUNT_ID: "999999999999" },
    },
  );
  expect([status, stderr]).toEqual([0, expect.stringContaining("synthesizing examples/acme")]);
  const told = JSON.parse(stdout) as { changes: object[]; attacks: object[]; hris: object };
  expect(Object.keys(told)).toEqual(["changes", "attacks", "hris"]);
  for (const change of told.changes) {
    expect(Object.keys(change)).toEqual(["requestId", "workerId", "field", "class", "verdict", "reason", "outcome"]);
  }
  for (const attack of told.attacks)
    expect(attack).toEqual({ name: expect.any(String), refused: true, by: expect.any(String) });
  expect(told.attacks.length).toBeGreaterThan(6);
}, 120_000);
