import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { renderRules } from "../scripts/generate-rules";
import { checkPolicyText } from "../src/policy";

const root = resolve(__dirname, "..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const loader = pathToFileURL(require.resolve("tsx")).href;

function block(language: string, containing: string): string {
  const blocks = [...readme.matchAll(/```(\w+)\n([\s\S]*?)```/g)].filter((match) => match[1] === language);
  const found = blocks.map((match) => match[2] ?? "").find((text) => text.includes(containing));
  if (found === undefined) throw new Error(`the README has no ${language} block with ${containing}`);
  return found;
}

const policy = block("yaml", "version: 1");

describe("the README", () => {
  test("shows a policy without findings, in less than 30 lines", () => {
    expect(checkPolicyText(policy, { now: "2026-11-23T09:00:00Z" }).findings).toEqual([]);
    expect(policy.trim().split("\n").length).toBeLessThan(30);
  });

  test("shows a stack that synthesizes with that policy", () => {
    const folder = mkdtempSync(join(tmpdir(), "writeback-readme-"));
    writeFileSync(join(folder, "write-back.policy.yaml"), policy);
    const source = block("ts", "new HrisWriteBack")
      .replace('"cdktf-hris-writeback"', JSON.stringify(join(root, "index.ts")))
      .replace('"cdktf"', JSON.stringify(require.resolve("cdktf")))
      .replace(
        '"@cdktf/provider-aws/lib/provider"',
        JSON.stringify(require.resolve("@cdktf/provider-aws/lib/provider")),
      );
    writeFileSync(join(folder, "main.ts"), source);
    execFileSync(process.execPath, ["--import", loader, "main.ts"], { cwd: folder, stdio: "pipe" });
    const synthesized = readFileSync(join(folder, "cdktf.out/stacks/write-back/cdk.tf.json"), "utf8");
    expect(synthesized).toContain("acme-writeback-connector-boundary");
  }, 60_000);

  test("shows commands that run and find nothing wrong", () => {
    const commands = block("sh", "cli -- check").trim().split("\n");
    expect(commands).toHaveLength(2);
    for (const command of commands) {
      const args = command.replace("npm run --silent cli -- ", "").split(" ");
      const { status, stderr } = spawnSync(process.execPath, ["--import", loader, "src/cli/main.ts", ...args], {
        cwd: root,
        encoding: "utf8",
      });
      expect([command, status, stderr]).toEqual([command, 0, ""]);
    }
  }, 60_000);

  test("points to a catalogue of rules that is the code's", () => {
    expect(readFileSync(join(root, "docs/rules.md"), "utf8")).toBe(renderRules());
  });

  test("links only to files that exist", () => {
    const links = [...readme.matchAll(/\]\((?!https?:|#)([^)]+)\)/g)].map((match) => match[1] ?? "");
    expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([]);
    expect(links.length).toBeGreaterThan(3);
  });

  test("names only scripts that package.json has", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    const named = [...readme.matchAll(/npm run (?:--silent )?([a-z:-]+)/g)].map((match) => match[1] ?? "");
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });
});
