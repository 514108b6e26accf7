import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { UsageError } from "../../src/core";
import { run } from "../../src/cli/run";
import { reviewJsonSchema } from "../../src/review";
import { REVIEW_CODES } from "../../src/review/changes/codes";
import { linesOfConfiguration } from "../../src/review/changes/lines";
import { edited, policyWith, POLICY_TEXT, stackOf } from "../review/changes/stacks";

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function cli(...args: string[]): Promise<Ran> {
  let [out, err] = ["", ""];
  const code = await run(["review", ...args], {
    out: (text) => (out += text),
    err: (text) => (err += text),
    readFile: (path) => {
      throw new UsageError(`nothing reads ${path} this way`);
    },
    readStdin: () => Promise.resolve(""),
    now: () => 0,
  });
  return { code, out, err };
}

const folder = mkdtempSync(join(tmpdir(), "review-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function written(name: string, json: object): string {
  const dir = join(folder, name);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "cdk.tf.json"), JSON.stringify(json, undefined, 2));
  return dir;
}

const HEAD_POLICY = POLICY_TEXT.replace("check: exists-in-source", "check: none");
const BASE = stackOf(policyWith());
const base = written("base", BASE);
const head = written(
  "head",
  edited(
    (hand) => {
      hand.find("aws_dynamodb_table", "ledger_table").body["deletion_protection_enabled"] = false;
      hand.fn("gateway").body["description"] = "Another one";
    },
    stackOf(policyWith([["check: exists-in-source", "check: none"]])),
  ),
);
const policy = join(folder, "policy.yaml");
writeFileSync(policy, HEAD_POLICY);

describe("hris-writeback review", () => {
  test("says what is wider, who must agree, and ends with 3", async () => {
    const { code, out, err } = await cli("--base", base, "--head", head);
    expect([code, err]).toEqual([3, ""]);
    expect(out).toBe(`WIDENS (2)
  FieldCheckChanged: field \`manager\`: check exists-in-source → none
      must agree: HR Operations
      next: keep the stricter check, or let the owner agree that values are taken as they come
  ProtectionRemoved: table \`acme-writeback-ledger\`: \`deletion_protection_enabled\` true → false
      must agree: Identity, Security
      next: leave it on; take it off in a change of its own when the store is to go

NEUTRAL (2): ArgumentReworded 1, PolicyPinned 1; \`--all\` shows them

Result: a human must agree:
  owner HR Operations (hr), hr@example.com
  owner Identity (identity), identity@example.com
  team Security (security)
`);
  });

  test("ends with 0 where nothing is wider", async () => {
    const { code, out } = await cli("--base", head, "--head", base);
    expect(code).toBe(0);
    expect(out).toContain("NARROWS (2)");
    expect(out).toContain("Result: nothing is wider\n");
    expect(await cli("--base", base, "--head", base)).toEqual({ code: 0, out: "Result: nothing changes\n", err: "" });
  });

  test("is the same text each time, in every format", async () => {
    for (const format of ["text", "markdown", "json", "sarif"]) {
      const args = ["--base", base, "--head", head, "--all", "--format", format] as const;
      expect(await cli(...args)).toEqual(await cli(...args));
    }
  });

  test("prints the JSON that its schema describes", async () => {
    const { out } = await cli("--base", base, "--head", head, "--format", "json");
    const review = JSON.parse(out) as { verdict: string; changes: Record<string, unknown>[] };
    expect(review.verdict).toBe("look");
    const [first] = review.changes;
    expect(first).toMatchObject({
      code: "FieldCheckChanged",
      effect: "widens",
      policyPath: "fields.manager.check",
      who: [{ kind: "owner", id: "hr", name: "HR Operations", contact: "hr@example.com" }],
    });
    const schema = reviewJsonSchema() as { properties: Record<string, unknown>; required: string[] };
    expect(Object.keys(review).sort()).toEqual([...schema.required].sort());
  });

  test("fits a comment: who must agree first, what is narrower and neutral folded", async () => {
    const { out } = await cli("--base", base, "--head", head, "--format", "markdown");
    expect(out.startsWith("## Write-back review: a human must agree\n\n2 wider, 0 to look at")).toBe(true);
    expect(out.indexOf("**HR Operations**")).toBeLessThan(out.indexOf("### Widens (2)"));
    expect(out).toContain("<details><summary>Neutral (2)</summary>");
  });

  test("says how much is left out of a comment that would be too long", async () => {
    const many = edited((hand) => {
      for (let index = 0; index < 900; index += 1)
        hand.add("aws_instance", `instance_${index}`, { ami: "x".repeat(40) });
    }, BASE);
    const { out } = await cli("--base", base, "--head", written("many", many), "--format", "markdown");
    expect(out.length).toBeLessThan(65_536);
    expect(out).toMatch(/- \d+ more; `hris-writeback review` shows them all/);
  });

  test("writes what comes from a stack so that it means nothing to Markdown", async () => {
    const odd = edited((hand) => {
      hand.find("aws_dynamodb_table", "ledger_table").body["hash_key"] = "<img src=x> [a](b) | c";
    }, BASE);
    const { out } = await cli("--base", base, "--head", written("odd", odd), "--format", "markdown");
    expect(out).not.toMatch(/<img|\]\(b\)/);
  });

  describe("as SARIF", () => {
    interface Sarif {
      readonly version: string;
      readonly runs: readonly {
        readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
        readonly results: readonly {
          readonly ruleId: string;
          readonly ruleIndex: number;
          readonly level: string;
          readonly message: { readonly text: string };
          readonly locations: readonly {
            readonly physicalLocation: {
              readonly artifactLocation: { readonly uri: string };
              readonly region: { readonly startLine: number };
            };
          }[];
          readonly partialFingerprints: Readonly<Record<string, string>>;
        }[];
      }[];
    }

    async function sarif(...args: string[]): Promise<Sarif["runs"][number]> {
      const { out } = await cli(...args, "--format", "sarif");
      const log = JSON.parse(out) as Sarif;
      expect([log.version, log.runs.length]).toEqual(["2.1.0", 1]);
      return log.runs[0] as Sarif["runs"][number];
    }

    test("holds every rule of the catalogue once, and each result names its own", async () => {
      const { tool, results } = await sarif("--base", base, "--head", head);
      expect(tool.driver.rules.map(({ id }) => id)).toEqual(Object.keys(REVIEW_CODES));
      expect(results.map(({ ruleId }) => ruleId)).toEqual(["FieldCheckChanged", "ProtectionRemoved"]);
      for (const { ruleId, ruleIndex, level, partialFingerprints } of results) {
        expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
        expect(level).toBe("warning");
        expect(Object.values(partialFingerprints)).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
      }
    });

    test("points to the line of the policy, or to the resource's argument", async () => {
      const { results } = await sarif("--base", base, "--head", head, "--policy", policy);
      const [check, table] = results.map(({ locations }) => locations[0]?.physicalLocation);
      expect(check?.artifactLocation.uri).toMatch(/\/policy\.yaml$/);
      expect(HEAD_POLICY.split("\n")[(check?.region.startLine ?? 0) - 1]).toContain("check: none");
      expect(table?.artifactLocation.uri).toMatch(/\/head\/cdk\.tf\.json$/);
      const lines = JSON.stringify(JSON.parse(await fileOf(head)), undefined, 2).split("\n");
      expect(lines[(table?.region.startLine ?? 0) - 1]).toContain('"deletion_protection_enabled": false');
    });

    test("points to the base for what is gone", async () => {
      const less = edited((hand) => {
        hand.remove("aws_dynamodb_table", "ledger_table");
      }, BASE);
      const { results } = await sarif("--base", base, "--head", written("less", less));
      const [gone] = results.filter(({ ruleId }) => ruleId === "StoreDestroyed");
      expect(gone?.locations[0]?.physicalLocation.artifactLocation.uri).toMatch(/\/base\/cdk\.tf\.json$/);
    });
  });

  test("fails with 1 where it cannot read, or is asked for what there is not", async () => {
    for (const args of [
      [],
      ["--base", base],
      ["--base", base, "--head", join(folder, "absent")],
      ["--base", base, "--head", head, "--plan", "x"],
      ["--base", base, "--head", head, "--format", "html"],
      ["--plan", policy],
      [base, head],
    ]) {
      const { code, out, err } = await cli(...args);
      expect([code, out]).toEqual([1, ""]);
      expect(err).toMatch(/^hris-writeback: /);
    }
  });

  test("explains itself", async () => {
    const { code, out } = await cli("--help");
    expect(code).toBe(0);
    expect(out).toContain("--base DIR --head DIR");
  });
});

async function fileOf(dir: string): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  return readFile(join(dir, "cdk.tf.json"), "utf8");
}

describe("lines of a configuration", () => {
  test("are found whatever texts hold", () => {
    const text =
      '{\n"resource": {"a_b": {\n"one": {"x": "}{\\"[",\n"y": [{"z": 1}, {"z": 2}]},\n"two": {}}},\n"provider": {\n"aws": []}}';
    const lines = linesOfConfiguration(text);
    expect([lines.get("a_b.one"), lines.get("a_b.one#y"), lines.get("a_b.two"), lines.get("provider.aws")]).toEqual([
      3, 4, 5, 7,
    ]);
  });
});
