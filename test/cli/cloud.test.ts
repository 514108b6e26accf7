import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const MAIN = join(__dirname, "..", "..", "src", "cli", "main.ts");

/** Runs the command in a process with a `PATH` on which nothing is. */
function cloud(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ["--import", pathToFileURL(require.resolve("tsx")).href, MAIN, "cloud", ...args], {
    encoding: "utf8",
    env: { PATH: "/nowhere" },
  });
}

describe("hris-writeback cloud", () => {
  test("says in one line each what is missing and how to get it", () => {
    const { status, stdout, stderr } = cloud("--story");
    expect(status).toBe(1);
    expect(stdout).toBe("");
    expect(stderr.trim().split("\n")).toEqual([
      expect.stringMatching(/^terraform is not on the PATH: install/),
      expect.stringMatching(/^moto_server is not on the PATH: pip install/),
    ]);
  });

  test("fails for options that do not go together, and for an example that is none", () => {
    expect(cloud("--json")).toMatchObject({ status: 1, stderr: expect.stringContaining("--story") });
    expect(cloud("--example", "other")).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("acme, perimeter"),
    });
  });

  test("shows its help", () => {
    expect(cloud("--help").stdout).toContain("Usage: hris-writeback cloud");
  });
});
