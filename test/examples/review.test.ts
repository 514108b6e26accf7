import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { parse } from "yaml";

import { HELP } from "../../src/cli/run";
import { review } from "../../src/cli/commands/review";

const FOLDER = resolve(__dirname, "../../examples/review");
const read = (name: string): string => readFileSync(join(FOLDER, name), "utf8");

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly if?: string;
  readonly environment?: string;
  readonly steps: readonly Step[];
}

const TEXT = read("write-back-review.yml");
const WORKFLOW = parse(TEXT) as {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: object;
  readonly jobs: Readonly<Record<string, Job>>;
};
const GITLAB_TEXT = read("write-back-review.gitlab-ci.yml");
const GITLAB = parse(GITLAB_TEXT) as Readonly<
  Record<string, { readonly script?: readonly string[]; readonly before_script?: readonly string[] }>
>;

/** Options of every `hris-writeback` command that a text gives. */
function commandsIn(text: string): { readonly name: string; readonly options: readonly string[] }[] {
  return [...text.matchAll(/npx (?:--no-install )?hris-writeback ([a-z]+)([^\n>]*)/g)].map(
    ([, name = "", rest = ""]) => ({
      name,
      options: [...rest.matchAll(/--[a-z]+/g)].map(([option]) => option),
    }),
  );
}

describe("the ready jobs for a review", () => {
  test("give commands and options that there are", () => {
    const commands = [TEXT, GITLAB_TEXT, read("README.md")].flatMap(commandsIn);
    expect(commands.length).toBeGreaterThanOrEqual(3);
    for (const { name, options } of commands) {
      expect(name).toBe("review");
      expect(HELP).toContain(`  ${name} `);
      for (const option of options) expect(review.help).toContain(option);
    }
    const scripts = JSON.parse(readFileSync(resolve(FOLDER, "../../package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    for (const [, script = ""] of `${TEXT}${GITLAB_TEXT}`.matchAll(/npm run (?:--silent )?([a-z:]+)/g)) {
      expect(Object.keys(scripts.scripts)).toContain(script);
    }
  });

  test("are shell that a shell understands", () => {
    const scripts = [
      ...Object.values(WORKFLOW.jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? [])),
      ...Object.values(GITLAB).flatMap(({ script = [], before_script: before = [] }) => [...before, ...script]),
    ];
    expect(scripts.length).toBeGreaterThan(10);
    for (const script of scripts)
      expect(spawnSync("bash", ["-n"], { input: script, encoding: "utf8" }).stderr).toBe("");
  });
});

describe("the workflow of GitHub Actions", () => {
  const jobs = Object.entries(WORKFLOW.jobs);
  const steps = jobs.flatMap(([, job]) => job.steps);

  test("runs for pull requests as their own code may, without a secret", () => {
    expect(Object.keys(WORKFLOW.on)).toEqual(["pull_request"]);
    const code = TEXT.replace(/#.*/g, "");
    expect(code).not.toMatch(/pull_request_target|secrets\.|workflow_run/);
  });

  test("pins every action by its commit", () => {
    const uses = steps.flatMap(({ uses: action }) => action ?? []);
    expect(uses.length).toBeGreaterThan(5);
    for (const action of uses) expect(action).toMatch(/^actions\/[a-z-]+@[0-9a-f]{40}$/);
  });

  test("gives each job the least, and writing to one that runs no code of the repository", () => {
    expect(WORKFLOW.permissions).toEqual({});
    const granted = Object.fromEntries(jobs.map(([name, { permissions }]) => [name, permissions]));
    expect(granted).toEqual({
      "synth-head": { contents: "read" },
      review: { contents: "read" },
      comment: { "pull-requests": "write" },
      agree: {},
      agreed: {},
    });
    const comment = WORKFLOW.jobs["comment"];
    expect(JSON.stringify(comment?.steps)).not.toMatch(/checkout|npm|npx|node/);
    expect(comment?.if).toBe("github.event.pull_request.head.repo.full_name == github.repository");
  });

  test("keeps the token out of what it checks out, and judges with the code of the base", () => {
    const checkouts = steps.filter(({ uses }) => uses?.startsWith("actions/checkout@"));
    for (const { with: given } of checkouts) expect(given?.["persist-credentials"]).toBe(false);
    const judge = WORKFLOW.jobs["review"]?.steps.find(({ uses }) => uses?.startsWith("actions/checkout@"));
    expect(judge?.with?.["ref"]).toBe("${{ github.event.pull_request.base.sha }}");
  });

  test("writes no expression into a shell, where a title or a branch could be code", () => {
    for (const { run } of steps) expect(run ?? "").not.toContain("${{");
  });

  test.each([
    [0, "0", 0, false],
    [3, "3", 0, true],
    [1, "1", 1, false],
    [2, "2", 2, false],
  ])("takes the tool's exit code %i for what it is", (code, result, ends, warns) => {
    const dir = mkdtempSync(join(tmpdir(), "review-job-"));
    const npx = join(dir, "npx");
    writeFileSync(npx, `#!/bin/sh\necho "## the review"\nexit ${code}\n`);
    chmodSync(npx, 0o755);
    const step = WORKFLOW.jobs["review"]?.steps.find(({ run }) => run?.includes("hris-writeback"));
    const [summary, output] = [join(dir, "summary"), join(dir, "output")];
    const ran = spawnSync("bash", ["-e", "-o", "pipefail", "-c", step?.run ?? "false"], {
      encoding: "utf8",
      env: {
        PATH: `${dir}:${process.env["PATH"] ?? ""}`,
        BASE: join(dir, "base"),
        HEAD: join(dir, "head"),
        OUT: join(dir, "review.md"),
        GITHUB_STEP_SUMMARY: summary,
        GITHUB_OUTPUT: output,
      },
    });
    expect(ran.status).toBe(ends);
    expect(readFileSync(summary, "utf8")).toBe("## the review\n");
    expect(readFileSync(output, "utf8")).toBe(`result=${result}\n`);
    expect(ran.stdout.includes("::warning::")).toBe(warns);
  });

  test.each([
    ["0", "skipped", 0],
    ["3", "success", 0],
    ["3", "skipped", 1],
    ["3", "failure", 1],
    ["", "skipped", 1],
    ["1", "success", 1],
  ])("is agreed by result %s and agreement %s: %i", (result, agreed, ends) => {
    const [step] = WORKFLOW.jobs["agreed"]?.steps ?? [];
    const { PATH = "" } = process.env;
    const ran = spawnSync("bash", ["-e", "-c", step?.run ?? "false"], {
      env: { PATH, RESULT: result, AGREED: agreed },
    });
    expect(ran.status).toBe(ends);
  });
});

describe("the jobs of GitLab", () => {
  test("give a job to each step, the judge's from the target branch, and let 3 pass as a warning", () => {
    expect(Object.keys(GITLAB)).toEqual([".write-back", "write-back-head", "write-back-review", "write-back-agree"]);
    expect(GITLAB["write-back-review"]).toMatchObject({
      allow_failure: { exit_codes: [3] },
      needs: ["write-back-head"],
    });
    expect(JSON.stringify(GITLAB["write-back-review"]?.before_script)).toContain("$CI_MERGE_REQUEST_DIFF_BASE_SHA");
  });
});
