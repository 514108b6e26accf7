import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { parse, stringify } from "yaml";

import { PolicyError } from "../../src/core";
import {
  checkPolicy,
  checkPolicyText,
  parsePolicy,
  policyDigest,
  policyFromItems,
  policyItems,
  type PolicyInput,
} from "../../src/policy";
import { policyInput } from "./arbitraries";
import { patched } from "./patch";

const TEXT = readFileSync(join(__dirname, "../cases/policy/base.policy.yaml"), "utf8");
const NOW = "2026-11-23T00:00:00Z";
const base = (): PolicyInput => parse(TEXT) as PolicyInput;

/** Findings as `line:column Code path`. */
function placed(text: string, now?: string): string[] {
  return checkPolicyText(text, now === undefined ? {} : { now }).findings.map(
    ({ line, column, code, path }) => `${String(line)}:${String(column)} ${code} ${path}`,
  );
}

describe("checkPolicyText", () => {
  it("fills in what the design says where the file is silent", () => {
    const policy = parsePolicy(TEXT);
    expect(policy.fields["work_email"]).toEqual({
      class: "safe",
      owner: "identity",
      sourceOfTruth: "directory",
      events: ["joiner.provisioned"],
      format: "email",
      hrisField: "work_email",
      sourceField: "work_email",
      writeOnce: false,
      check: "equals-source",
      reconcile: { every: "P1D", log: "ledger" },
    });
    expect(policy.fields["base_salary"]).toEqual({
      class: "never",
      owner: "payroll",
      sourceOfTruth: "hris",
      events: [],
      hrisField: "base_salary",
      sourceField: "base_salary",
      writeOnce: false,
    });
    const silent = parsePolicy(patched(base(), { initiators: null, breaker: null }) as PolicyInput);
    expect(silent.initiators).toEqual({ agent: { minimumClass: "conditional", requireIntent: true } });
    expect(silent.breaker).toEqual({ maxWritesPerHour: 200, maxWritesPerDay: 1000 });
    const half = parsePolicy(
      patched(base(), { initiators: { agent: { minimumClass: "never" }, human: {} } }) as PolicyInput,
    );
    expect(half.initiators).toEqual({
      agent: { minimumClass: "never", requireIntent: true },
      human: { requireIntent: false },
    });
    expect(policyDigest(silent)).toBe(policyDigest(policy));
  });

  it("takes the strict limit where one is not written, and never raises it for the other", () => {
    const breaker = (written: object) =>
      parsePolicy(patched(patched(base(), { breaker: null }), { breaker: written }) as PolicyInput).breaker;
    expect(breaker({ maxWritesPerDay: 50 })).toEqual({ maxWritesPerHour: 200, maxWritesPerDay: 50 });
    expect(breaker({ maxWritesPerHour: 5000 })).toEqual({ maxWritesPerHour: 5000, maxWritesPerDay: 1000 });
  });

  it("fails with every mistake at its own line and column, in one pass", () => {
    const text = TEXT.replace("fields:\n", "fields:\n  __proto__: {}\n  Bad-Name: 3\n")
      .replace("owner: payroll, ", "ownr: payrol, ")
      .replace("owner: hr-operations", "owner: hr-operation\n    owner: x")
      .replace("check: exists-in-source", "check: equals-source\n    pattern: '(a+)+'")
      .replace("[identity.joiner, agents.onboarding]", "[identity.join]")
      .replace("expires: 2026-12-31", "expires: 2027-03-31")
      .replace("version: 1", "version: '1'\n1: x")
      .replace("mode: notify", "mode: notif")
      .replace("kind: finance", "kind:");
    expect(placed(text, "2027-11-23T00:00:00Z")).toEqual([
      '2:1 InvalidName ["1"]',
      "10:34 UnknownPublisher events.joiner.provisioned.source[0]",
      "45:16 ExceptionExpired exceptions[0].expires",
      "45:16 ExceptionTooLong exceptions[0].expires",
      "17:3 InvalidName fields.Bad-Name",
      "17:13 InvalidType fields.Bad-Name",
      "16:3 ReservedKey fields.__proto__",
      "29:32 UnknownKey fields.base_salary.ownr",
      "27:12 CheckAgainstHris fields.manager.check",
      "23:5 DuplicateKey fields.manager.owner",
      "22:12 UnknownOwner fields.manager.owner",
      "28:14 UnsafePattern fields.manager.pattern",
      "31:61 InvalidValue segments.contractors.mode",
      "7:77 MissingKey systems.finance.kind",
      "1:10 InvalidType version",
    ]);
  });

  it("points at the mapping's key where a key is missing", () => {
    const text = TEXT.replace("    check: exists-in-source\n", "");
    expect(placed(text)).toEqual(["17:3 MissingCheck fields.manager.check"]);
  });

  it("points into an alias's text where what it stands for is wrong", () => {
    const text = TEXT.replace("defaults: {", "defaults: { ").replace(
      "approval: { groups: [{ group: hr-ops-approvers, count: 1 }], expires: PT24H }",
      "approval: &std { groups: [{ group: board, count: 1 }], expires: PT24H }",
    );
    expect(placed(text)).toEqual(["22:40 UnknownGroup fields.manager.approval.groups[0].group"]);
  });

  it("reads plain aliases, and days as text", () => {
    const text = TEXT.replace(
      "work_email: { class: safe,",
      "work_email: { events: &on [joiner.provisioned], class: safe,",
    )
      .replace("directory, events: [joiner.provisioned], format", "directory, format")
      .replace("directory, events: [joiner.provisioned], writeOnce", "directory, events: *on, writeOnce");
    expect(policyDigest(parsePolicy(text))).toBe(policyDigest(parsePolicy(TEXT)));
    expect(parsePolicy(TEXT).exceptions[0]?.expires).toBe("2026-12-31");
  });

  it.each([
    ["an alias without anchor", "a: *x", "UnsupportedYaml"],
    ["an anchor inside itself", "a: &x [*x]", "UnsupportedYaml"],
    ["a tag that makes objects", "a: !!js/function 'x'", "UnsupportedYaml"],
    ["a tag that makes sets", "a: !!set {b}", "UnsupportedYaml"],
    ["a second document", "version: 1\n---\nversion: 1\n", "UnsupportedYaml"],
    ["another version of YAML", "%YAML 1.1\n---\nversion: 1\n", "UnsupportedYaml"],
    ["a merge key", "version: 1\n<<: { b: 1 }\n", "UnsupportedYaml"],
    ["a list as a key", "? [a]\n: 1\n", "UnsupportedYaml"],
    ["brackets thousands deep", "[".repeat(50_000), "UnsupportedYaml"],
    ["mappings dozens deep", "{a: ".repeat(40) + "1" + "}".repeat(40), "UnsupportedYaml"],
    ["tabs for indentation", "a:\n\t- b\n", "InvalidYaml"],
    ["an open bracket", "a: [", "InvalidYaml"],
    ["nothing at all", "", "MissingKey"],
    ["a scalar", "5", "InvalidType"],
  ])("fails on %s with a finding", (_, text, code) => {
    const { findings, policy } = checkPolicyText(text);
    expect(policy).toBeUndefined();
    expect(findings.map((finding) => finding.code)).toContain(code);
    for (const { line, column, hint } of findings)
      expect([(line ?? 0) > 0, (column ?? 0) > 0, hint !== undefined]).toEqual([true, true, true]);
  });

  it.each([
    ["a quote", TEXT.replace("name: Payroll,", 'name: "Payroll,'), "5:20"],
    ["a quote on the last line", `${TEXT}x: { a: "abc }\n`, "42:9"],
    ["a bracket", TEXT.replace("group: payroll-approvers } }", "group: payroll-approvers }"), "5:12"],
    ["a bracket on the last line", `${TEXT}x: [1, 2\n\n`, "42:4"],
    ["an indentation", TEXT.replace("    owner: hr-operations", "   owner: hr-operations"), "19:1"],
    ["a tab", TEXT.replace("    owner: hr-operations", "\towner: hr-operations"), "19:1"],
  ])("fails on %s that is wrong once, where it is mended", (_, text, place) => {
    expect(placed(text)).toEqual([`${place} InvalidYaml `]);
  });

  it("fails on each of several unreadable sections", () => {
    const text = TEXT.replace("    owner: hr-operations", "   owner: hr-operations")
      .replace("name: Payroll,", 'name: "Payroll,')
      .replace("breaker: {", "breaker: [");
    expect(placed(text)).toEqual(["19:1 InvalidYaml ", "30:10 InvalidYaml ", "5:20 InvalidYaml "]);
  });

  it("fails on a quote that is not closed beside a bracket that is not", () => {
    const text = TEXT.replace("group: hr-ops-approvers } }", "group: hr-ops-approvers }").replace(
      "name: Payroll,",
      'name: "Payroll,',
    );
    expect(placed(text)).toEqual(["4:18 InvalidYaml ", "5:20 InvalidYaml "]);
  });

  it("fails on every repetition of a key at its own place", () => {
    const text = TEXT.replace("owner: payroll, ", "owner: payroll, owner: payroll, owner: payroll, ");
    expect(placed(text)).toEqual([
      "24:48 DuplicateKey fields.base_salary.owner",
      "24:64 DuplicateKey fields.base_salary.owner",
    ]);
  });

  it("resolves an alias to the anchor that stood before it, also where the name is given again", () => {
    const rest = "class: safe, owner: identity, sourceOfTruth: directory";
    const text = TEXT.replace(
      "  base_salary:",
      `  a: { events: &e [joiner.provisioned], description: &d first, ${rest} }
  b: { events: *e, description: *d, ${rest} }
  c: { events: *e, description: &d second, ${rest} }
  d: { events: *e, description: *d, ${rest} }
  base_salary:`,
    );
    const { fields } = parsePolicy(text);
    expect(["a", "b", "c", "d"].map((name) => fields[name]?.description)).toEqual([
      "first",
      "first",
      "second",
      "second",
    ]);
  });

  it("fails within seconds on thousands of mistakes", () => {
    const many = (count: number, line: (index: number) => string): string =>
      Array.from({ length: count }, (_, index) => line(index)).join("\n");
    const never = "class: never, owner: payroll, sourceOfTruth: hris";
    const before = (lines: string): string => TEXT.replace("  base_salary:", `${lines}\n  base_salary:`);
    const aliases = checkPolicyText(`version: &v 1\n${many(4000, (index) => `k${String(index)}: *v`)}`);
    expect(aliases.findings.filter(({ code }) => code === "UnknownKey")).toHaveLength(4000);
    const same = checkPolicyText(before(many(8000, (index) => `  f_${String(index)}: { ${never}, hrisField: x }`)));
    expect(same.findings).toHaveLength(8000);
    expect(Math.max(...same.findings.map(({ message }) => message.length))).toBeLessThan(120);
    expect(same.findings[0]?.message).toBe("the HRIS field `x` is also that of `f_1`, `f_2`, `f_3` and 7996 more");
    const unknown = checkPolicyText(
      before(many(4000, (index) => `  f_${String(index)}: { ${never} }`)).replace(
        "fields: { manager: never }",
        `fields: { manager: never, ${many(4000, (index) => `    g_${String(index)}: never,`)} }`,
      ),
    );
    expect(unknown.findings).toHaveLength(4000);
  }, 15_000);

  it("shows no control characters of a key in a path", () => {
    const [finding] = checkPolicyText(TEXT.replace("  base_salary:", '  "a\\e[2J\\u202Eb":')).findings;
    expect(finding?.path).toBe('fields["a\\u001b[2J\\u202eb"]');
  });

  it("says of an empty `reconcile` whether there is another one", () => {
    const text = TEXT.replace("format: email }", "format: email, reconcile: }");
    expect(placed(text)).toEqual(["15:118 InvalidType fields.work_email.reconcile"]);
    const alone = text.replace(/^defaults: .*$/m, "# no defaults").replace("check: exists-in-source", "check: none");
    expect(placed(alone)).toContain("15:118 MissingReconcile fields.work_email.reconcile");
  });

  it("says of an empty entry what was expected there", () => {
    const { findings } = checkPolicyText(TEXT.replace("events: [joiner.provisioned], format", "events: [~], format"));
    expect(findings).toMatchObject([
      { code: "InvalidType", path: "fields.work_email.events[0]", message: "found nothing, expected text" },
    ]);
  });

  it("reads names that every object has like any other name, there and back", () => {
    const text = TEXT.replaceAll("work_email", "constructor")
      .replaceAll("contractors", "prototype")
      .replaceAll("worker_type", "toString")
      .replaceAll("joiner.provisioned", "valueof");
    const { findings, policy } = checkPolicyText(text, { now: NOW });
    expect(findings).toEqual([]);
    expect(policy?.fields["constructor"]).toMatchObject({ class: "safe", hrisField: "constructor" });
    expect(policyFromItems(policyItems(policy!))).toEqual(policy);
  });

  it("fails quickly on aliases that multiply", () => {
    const rows = ["a", "b", "c", "d", "e", "f", "g", "h"].map(
      (name, index, all) =>
        `${name}: &${name} [${Array.from({ length: 10 }, () => (index === 0 ? "x" : `*${all[index - 1] ?? ""}`)).join(", ")}]`,
    );
    expect(checkPolicyText(rows.join("\n")).findings.map(({ code }) => code)).toEqual(["UnsupportedYaml"]);
  });

  it("never throws, whatever the text, and places every finding", () => {
    const lines = TEXT.split("\n");
    const broken = fc
      .tuple(
        fc.nat(lines.length - 1),
        fc.nat(60),
        fc.nat(20),
        fc.constantFrom(
          "",
          "[",
          "}",
          ": ",
          "*a",
          "&a ",
          "!x ",
          "- ",
          "\t",
          "null",
          "? ",
          "0x1F",
          '"',
          "#",
          "__proto__: ",
        ),
      )
      .map(([line, from, length, put]) =>
        lines
          .map((each, index) => (index === line ? each.slice(0, from) + put + each.slice(from + length) : each))
          .join("\n"),
      );
    fc.assert(
      fc.property(fc.oneof(broken, fc.string({ unit: "binary" })), (text) => {
        for (const { line, column, hint } of checkPolicyText(text, { now: NOW }).findings) {
          expect([(line ?? 0) > 0, (column ?? 0) > 0, hint !== undefined]).toEqual([true, true, true]);
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe("checkPolicy", () => {
  it("finds in an object what it finds in its text", () => {
    const change = fc
      .tuple(
        fc.constantFrom(
          "owners",
          "systems",
          "events",
          "fields",
          "segments",
          "exceptions",
          "publishers",
          "initiators",
          "breaker",
        ),
        fc.nat(5),
        fc.constantFrom<unknown>(null, 5, "x", [], {}, ["x"], { x: 1 }, true),
        fc.boolean(),
      )
      .map(([section, index, put, whole]) => {
        const input = base() as unknown as Record<string, Record<string, unknown>>;
        const keys = Object.keys(input[section] ?? {});
        const key = keys[index % keys.length];
        if (whole || key === undefined) return { ...input, [section]: put };
        const inner = input[section]?.[key];
        const members = typeof inner === "object" && inner !== null ? Object.keys(inner) : [];
        const member = members[index % Math.max(1, members.length)];
        const changed = member === undefined ? put : { ...(inner as object), [member]: put };
        return { ...input, [section]: { ...input[section], [key]: changed } };
      });
    fc.assert(
      fc.property(change, (input) => {
        const bare = (findings: readonly { code: string; path: string }[]) =>
          findings.map(({ code, path }) => `${code} ${path}`);
        expect(bare(checkPolicy(input, { now: NOW }).findings)).toEqual(
          bare(checkPolicyText(stringify(input, { aliasDuplicateObjects: false }), { now: NOW }).findings),
        );
      }),
      { numRuns: 100 },
    );
  });

  it("reports no place of an object, which has no text", () => {
    const [finding] = checkPolicy(patched(base(), { fields: { work_email: { owner: "nobody" } } })).findings;
    expect(finding).toMatchObject({ code: "UnknownOwner", path: "fields.work_email.owner" });
    expect(finding).not.toHaveProperty("line");
  });

  it("never throws, whatever the object", () => {
    const circular: Record<string, unknown> = { version: 1 };
    circular["fields"] = circular;
    for (const input of [
      undefined,
      null,
      1,
      "text",
      [],
      circular,
      new Date(0),
      new Map(),
      { version: 1n },
      { fields: () => 1 },
    ]) {
      expect(checkPolicy(input).policy).toBeUndefined();
    }
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withTypedArray: true }),
        (input) => checkPolicy(input).policy === undefined,
      ),
      { numRuns: 200 },
    );
  });

  it("refuses an own `__proto__` of an object that came from JSON", () => {
    const input = patched(base(), {}) as { fields: object };
    const fields = JSON.parse(`{ "__proto__": { "class": "safe" }, ${JSON.stringify(input.fields).slice(1)}`) as object;
    expect(checkPolicy({ ...input, fields }).findings.map(({ code, path }) => `${code} ${path}`)).toEqual([
      "ReservedKey fields.__proto__",
    ]);
  });

  it("refuses objects that are not plain, rather than reading nothing from them", () => {
    const input = { ...base(), segments: new Map([["contractors", {}]]), exceptions: [] };
    expect(checkPolicy(input).findings.map(({ code, path }) => `${code} ${path}`)).toEqual(["InvalidType segments"]);
  });

  it("says nothing about time without a clock", () => {
    const input = patched(base(), {
      exceptions: [{ ...base().exceptions?.[0], approvedOn: "2020-01-01", expires: "2020-02-01" }],
    });
    expect(checkPolicy(input).findings).toEqual([]);
    expect(checkPolicy(input, { now: NOW }).findings.map(({ code }) => code)).toEqual(["ExceptionExpired"]);
  });
});

describe("parsePolicy", () => {
  it("fails with one error that holds every finding", () => {
    const text = TEXT.replaceAll("owner: identity", "owner: identty");
    expect(() => parsePolicy(text)).toThrow(PolicyError);
    try {
      parsePolicy(text);
    } catch (error) {
      expect((error as PolicyError).findings.map(({ path }) => path)).toEqual([
        "fields.account_id.owner",
        "fields.work_email.owner",
      ]);
    }
  });

  it("takes no offence at an exception that has ended", () => {
    expect(
      parsePolicy(TEXT.replace("2026-11-01", "2020-11-01").replace("2026-12-31", "2020-12-31")).exceptions,
    ).toHaveLength(1);
  });

  it("yields a policy that cannot be changed", () => {
    const policy = parsePolicy(TEXT) as { fields: Record<string, { class: string }> };
    expect(() => {
      policy.fields["base_salary"]!.class = "safe";
    }).toThrow(TypeError);
  });
});

describe("policyDigest", () => {
  /** The same input with keys and set-like lists in another order. */
  function shuffled(value: unknown, key: string, turn: number): unknown {
    if (Array.isArray(value)) {
      const items = value.map((each) => shuffled(each, "", turn));
      return ["events", "source", "enum", "groups", "exceptions", "worker_type", "legal_entity"].includes(key)
        ? [...items.slice(turn % 3), ...items.slice(0, turn % 3)].reverse()
        : items;
    }
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([name, each]) => [name, shuffled(each, name, turn)] as const);
    return Object.fromEntries(
      [...entries.slice(turn % entries.length || 0), ...entries.slice(0, turn % entries.length || 0)].reverse(),
    );
  }

  it("does not depend on the order of keys or set-like lists, on comments or on formatting", () => {
    fc.assert(
      fc.property(policyInput, fc.nat(9), fc.boolean(), fc.integer({ min: 2, max: 6 }), (input, turn, flow, indent) => {
        const yaml = stringify(shuffled(input, "", turn), {
          indent,
          defaultStringType: flow ? "QUOTE_DOUBLE" : "PLAIN",
          collectionStyle: flow ? "flow" : "block",
        });
        const text = `# a comment\n\n${yaml}\n# another\n`;
        expect(policyDigest(parsePolicy(text))).toBe(policyDigest(parsePolicy(input)));
      }),
      { numRuns: 50 },
    );
  });

  it("depends on everything that the policy says", () => {
    const digest = policyDigest(parsePolicy(TEXT));
    for (const [from, to] of [
      [
        "class: safe",
        "class: conditional, check: none, approval: { groups: [{ group: iam-approvers, count: 1 }], expires: PT1H }",
      ],
      ["PT72H", "PT71H"],
      ["contingent", "intern"],
      ["format: email", "format: phone"],
      ["count: 1", "count: 2"],
      ["Payroll,", "Payroll Team,"],
      ["2026-12-31", "2026-12-30"],
      ["200", "201"],
    ] as const) {
      expect(policyDigest(parsePolicy(TEXT.replace(from, to)))).not.toBe(digest);
    }
  });
});
