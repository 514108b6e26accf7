import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(__dirname, "../..");
const POLICY = join(ROOT, "test/cases/policy/base.policy.yaml");
const EVENT = join(ROOT, "test/cases/policy/base.event.json");

/** Runs the program in a process of its own, as a user would. */
function program(args: readonly string[], input = ""): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", "tsx", join(ROOT, "src/cli/main.ts"), ...args],
    {
      cwd: ROOT,
      input,
      encoding: "utf8",
      timeout: 50_000,
    },
  );
  return { code: status, out: stdout, err: stderr };
}

describe("hris-writeback as a process", () => {
  const folder = mkdtempSync(join(tmpdir(), "cli-"));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it("explains an event from standard input and ends", () => {
    const event = JSON.stringify({ source: "identity.joiner", "detail-type": "x", detail: {} });
    expect(program(["explain", POLICY, "--event", "-"], event).code).toBe(1);
    const { code, out } = program([
      "explain",
      POLICY,
      "--event",
      EVENT,
      "--at",
      "2026-11-23T10:00:00Z",
      "--format",
      "json",
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      verdicts: [{ field: "work_email", verdict: "write", reason: "SafeField", class: "safe", owner: "identity" }],
    });
  });

  it("fails with one line and exit code 1 on what it cannot read", () => {
    const binary = join(folder, "binary");
    writeFileSync(binary, Buffer.from([0xff, 0xfe, 0x00]));
    for (const file of [join(folder, "absent"), folder, binary]) {
      const { code, out, err } = program(["check", file]);
      expect([code, out]).toEqual([1, ""]);
      expect(err).toContain("hris-writeback: cannot read");
      expect(err).not.toMatch(/\n\s+at /);
    }
  });

  it("fails with exit code 2 on a policy that is wrong", () => {
    const file = join(folder, "wrong.yaml");
    writeFileSync(file, "version: 2\n");
    expect(program(["check", file]).code).toBe(2);
  });

  it.each([
    ["standard output", "stdout", ["check"], 2],
    ["standard error", "stderr", ["explain", "--event", EVENT], 2],
    ["standard output, of a policy that is fine", "stdout", ["check", "--at", "2026-11-23"], 0],
  ] as const)("keeps its exit code where nobody reads %s", async (_, stream, [command, ...options], expected) => {
    const wrong = join(folder, "unread.yaml");
    writeFileSync(wrong, "version: 2\n");
    const file = expected === 0 ? POLICY : wrong;
    const child = spawn(
      process.execPath,
      ["--import", "tsx", join(ROOT, "src/cli/main.ts"), command, file, ...options],
      {
        cwd: ROOT,
      },
    );
    child.stdin.end();
    child[stream].destroy();
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(code).toBe(expected);
  });
});
