import { readFileSync } from "node:fs";
import { join } from "node:path";

import { UsageError } from "../../src/core";
import type { Io } from "../../src/cli/io";
import { HELP, run } from "../../src/cli/run";

const POLICY = readFileSync(join(__dirname, "../cases/policy/base.policy.yaml"), "utf8");
const EVENT = readFileSync(join(__dirname, "../cases/policy/base.event.json"), "utf8");
const EVENT_OBJECT = JSON.parse(EVENT) as { detail: object };

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line over files in memory, at a fixed time. */
async function cli(
  args: readonly string[],
  files: Readonly<Record<string, string>> = {},
  now = "2026-11-23T10:00:00Z",
): Promise<Ran> {
  let out = "";
  let err = "";
  const all: Readonly<Record<string, string>> = { "p.yaml": POLICY, "e.json": EVENT, ...files };
  const io: Io = {
    out: (text) => (out += text),
    err: (text) => (err += text),
    readFile: (path) => {
      const text = all[path];
      if (text === undefined) throw new UsageError(`cannot read \`${path}\`: there is no such file`);
      return text;
    },
    readStdin: () => Promise.resolve(all["-"] ?? ""),
    now: () => Date.parse(now),
  };
  const code = await run(args, io);
  expect(err).not.toMatch(/\n\s+at /);
  return { code, out, err };
}

describe("check", () => {
  it("says how many fields of each class there are where nothing is wrong", async () => {
    expect(await cli(["check", "p.yaml"])).toEqual({
      code: 0,
      out: "p.yaml: 4 fields (2 safe, 1 conditional, 1 never); no findings\n",
      err: "",
    });
    expect(JSON.parse((await cli(["check", "p.yaml", "--format", "json"])).out)).toEqual({ findings: [] });
  });

  it("fails with exit code 2 and the findings on standard output", async () => {
    const wrong = { "p.yaml": POLICY.replace("owner: payroll", "owner: payrol") };
    const text = await cli(["check", "p.yaml"], wrong);
    expect([text.code, text.err]).toEqual([2, ""]);
    expect(text.out).toContain("p.yaml:24:39 error UnknownOwner fields.base_salary.owner: ");
    expect(text.out).toContain("hint: did you mean `payroll`?");
    const json = await cli(["check", "p.yaml", "--format=json"], wrong);
    expect([json.code, json.err]).toEqual([2, ""]);
    const { findings } = JSON.parse(json.out) as { findings: object[] };
    expect(findings).toHaveLength(1);
    expect(Object.keys(findings[0]!)).toEqual(["code", "severity", "path", "message", "hint", "line", "column"]);
    expect(findings[0]).toMatchObject({
      code: "UnknownOwner",
      severity: "error",
      path: "fields.base_salary.owner",
      line: 24,
      column: 39,
    });
  });

  it("does not fail on warnings", async () => {
    const { code, out } = await cli(["check", "p.yaml"], {
      "p.yaml": POLICY.replace(
        "events: [joiner.provisioned], format",
        "events: [joiner.provisioned, joiner.provisioned], format",
      ),
    });
    expect(code).toBe(0);
    expect(out).toContain("warning DuplicateEntry fields.work_email.events[1]");
    expect(out).toContain("1 warning");
  });

  it("fails on YAML that cannot be read, as a finding", async () => {
    const { code, out } = await cli(["check", "p.yaml", "--format", "json"], { "p.yaml": "fields: [" });
    expect(code).toBe(2);
    expect((JSON.parse(out) as { findings: { code: string; line: number }[] }).findings[0]).toMatchObject({
      code: "InvalidYaml",
      line: 1,
    });
  });

  it("fails once an exception has ended, by --at or by the clock", async () => {
    expect((await cli(["check", "p.yaml", "--at", "2026-12-31T23:59:59Z"])).code).toBe(0);
    expect((await cli(["check", "p.yaml", "--at", "2027-01-01"])).code).toBe(2);
    expect((await cli(["check", "p.yaml"], {}, "2027-01-01T00:00:00Z")).out).toContain("ExceptionExpired");
  });

  it("reads the policy from standard input, and says so", async () => {
    const { code, out } = await cli(["check", "-"], { "-": POLICY.replace("owner: payroll", "owner: payrol") });
    expect(code).toBe(2);
    expect(out).toContain("standard input:24:39 error UnknownOwner");
  });

  it.each(["text", "markdown", "json"])("shows no control characters of a policy as %s", async (format) => {
    const { code, out } = await cli(["check", "p.yaml", "--format", format], {
      "p.yaml": `%A\u202eB c\n---\n${POLICY}`
        .replace("  base_salary:", '  "a\\e[2J\\u202Eb":')
        .replace("owner: hr-operations", "owner: payrol")
        .replace("  payroll:", '  "pay\\e[2Jroll": { name: x, contact: y }\n  payroll:'),
    });
    expect(code).toBe(2);
    expect(out).toContain("2J");
    expect(out).not.toMatch(/[^\P{C}\n]/u);
  });

  it("keeps what the policy says inside a Markdown cell", async () => {
    const { out } = await cli(["check", "p.yaml", "--format", "markdown"], {
      "p.yaml": POLICY.replace("owner: payroll", 'owner: "a|b<script>"'),
    });
    const [header, , row] = out.split("\n");
    expect(header).toBe("| Severity | Code | Place | Path | Message | Hint |");
    expect(row?.split(/(?<!\\)\|/)).toHaveLength(8);
    expect(row).toContain("`a\\|b<script>`");
  });
});

describe("explain", () => {
  it("prints exactly the members that were promised", async () => {
    const changes = ["work_email", "manager", "favourite_colour"].map((field) => ({
      field,
      value: "new.hire@example.com",
      finalizedAt: "2026-11-23T09:00:00Z",
    }));
    const event = JSON.stringify({ ...EVENT_OBJECT, detail: { ...EVENT_OBJECT.detail, changes } });
    const { code, out, err } = await cli(["explain", "p.yaml", "--event", "e.json", "--format", "json"], {
      "e.json": event,
    });
    expect([code, err]).toEqual([0, ""]);
    expect(JSON.parse(out)).toEqual({
      verdicts: [
        { field: "work_email", verdict: "write", reason: "SafeField", class: "safe", owner: "identity" },
        {
          field: "manager",
          verdict: "approve",
          reason: "ApprovalRequired",
          class: "conditional",
          owner: "hr-operations",
        },
        { field: "favourite_colour", verdict: "deny", reason: "UnclassifiedField", class: "never", owner: null },
      ],
    });
  });

  it("says what happens next, and to whom it falls", async () => {
    const event = EVENT.replace("work_email", "manager");
    const { out } = await cli(["explain", "p.yaml", "--event", "e.json"], { "e.json": event });
    expect(out).toMatch(
      /manager +approve +ApprovalRequired +conditional +hr-operations .*waits for approval by 1 of hr-ops-approvers within PT24H/,
    );
    expect((await cli(["explain", "p.yaml", "--event", "e.json", "--format", "markdown"])).out).toMatch(
      /^\| Field \| Verdict \|/,
    );
  });

  it("has no clock but --at, where it is given", async () => {
    const args = ["explain", "p.yaml", "--event", "e.json", "--at", "2026-11-23T10:00:00Z", "--format", "json"];
    expect((await cli(args, {}, "2031-01-01T00:00:00Z")).out).toBe((await cli(args)).out);
    expect((await cli(args.slice(0, 4), {}, "2031-01-01T00:00:00Z")).out).toContain("OutsideWindow");
  });

  it("reads the event from standard input", async () => {
    expect((await cli(["explain", "p.yaml", "--event", "-"], { "-": EVENT })).out).toContain("SafeField");
  });

  it("reads the policy from standard input instead", async () => {
    expect((await cli(["explain", "-", "--event", "e.json"], { "-": POLICY })).out).toContain("SafeField");
  });

  it("takes an event whose times have no seconds", async () => {
    const event = EVENT.replace("T09:00:00Z", "T09:00Z").replace("T08:59:40Z", "T08:59Z");
    const { code, out } = await cli(["explain", "p.yaml", "--event", "e.json"], { "e.json": event });
    expect([code, out]).toEqual([0, expect.stringContaining("SafeField")]);
  });

  it("counts an ended exception as absent instead of failing", async () => {
    const at = "2027-06-01T10:00:00Z";
    const event = EVENT.replaceAll("2026-11-23T", "2027-06-01T")
      .replace("acme-uk", "acme-de")
      .replace("work_email", "manager");
    const { code, out } = await cli(["explain", "p.yaml", "--event", "e.json", "--at", at], { "e.json": event });
    expect(code).toBe(0);
    expect(out).toContain("SegmentNever");
  });

  it("fails with exit code 2 and the findings on standard error where the policy is wrong", async () => {
    const { code, out, err } = await cli(["explain", "p.yaml", "--event", "e.json"], {
      "p.yaml": POLICY.replace("owner: payroll", "owner: payrol"),
    });
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain("UnknownOwner");
  });

  it.each([
    ["no JSON", "{ nonsense secret-value"],
    ["no event", '{ "source": "identity.joiner", "detail": "secret-value" }'],
    ["an event without changes", JSON.stringify({ ...EVENT_OBJECT, detail: { ...EVENT_OBJECT.detail, changes: [] } })],
    [
      "an event with a member nobody knows",
      JSON.stringify({ ...EVENT_OBJECT, detail: { ...EVENT_OBJECT.detail, extra: "secret-value" } }),
    ],
    ["a number that reading alters", EVENT.replace(/"value":\s*"[^"]*"/, '"value":12345678901234567890')],
  ])("fails with exit code 1 on %s, without showing a value", async (_, event) => {
    const { code, out, err } = await cli(["explain", "p.yaml", "--event", "e.json"], { "e.json": event });
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain("`e.json` is ");
    expect(err).not.toContain("secret-value");
  });

  it("shows no control characters of an event in a terminal", async () => {
    const event = EVENT.replace("work_email", "\\u001b[2Jx");
    expect((await cli(["explain", "p.yaml", "--event", "e.json"], { "e.json": event })).out).toContain("\\u{1b}[2Jx");
  });
});

describe("the program", () => {
  it("helps, for itself and for each command", async () => {
    expect(await cli(["--help"])).toEqual({ code: 0, out: HELP, err: "" });
    expect((await cli(["help", "check"])).out).toBe((await cli(["check", "--help"])).out);
    for (const command of ["check", "explain", "demo"]) {
      expect(HELP).toContain(command);
      expect((await cli([command, "-h"])).out).toMatch(new RegExp(`^Usage: hris-writeback ${command}`));
    }
  });

  it("tells its version", async () => {
    expect((await cli(["--version"])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    [[], "a command is missing"],
    [["chek"], "unknown command `chek`; did you mean `check`?"],
    [["check"], "POLICY, the policy file, is missing"],
    [["check", "p.yaml", "q.yaml"], "unexpected argument `q.yaml`"],
    [["check", "nowhere.yaml"], "cannot read `nowhere.yaml`"],
    [["check", "p.yaml", "--fromat", "json"], "unknown option `--fromat`; did you mean `--format`?"],
    [["check", "p.yaml", "--format", "xml"], "unknown format `xml`"],
    [["check", "p.yaml", "--format"], "the option `--format` needs a value"],
    [["check", "p.yaml", "--at", "2026-11-01", "--at", "2026-11-02"], "the option `--at` is given twice"],
    [["check", "p.yaml", "--at", "yesterday"], "`--at yesterday` is no time"],
    [["check", "p.yaml", "--at", "2026-11-23T10:00:00"], "is no time"],
    [["explain", "p.yaml"], "the option `--event`, the event's file, is missing"],
    [["explain", "--event", "e.json"], "POLICY, the policy file, is missing"],
    [["explain", "-", "--event", "-"], "POLICY and EVENT cannot both be read from standard input"],
    [["demo", "now"], "unexpected argument `now`"],
    [["demo", "--json=1"], "the option `--json` takes no value"],
  ] as const)("fails with exit code 1 on %j", async (args, message) => {
    const { code, out, err } = await cli(args);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain(message);
    expect(err).toContain("--help");
  });
});
