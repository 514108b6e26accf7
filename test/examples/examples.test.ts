import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { checkPolicyText, decide, parsePolicy } from "../../src/policy";
import {
  exampleFile,
  EXAMPLES,
  readExample,
  runExample,
  synthExample,
  type ExampleName,
  type SynthesizedExample,
} from "../helpers/examples";
import { goldenDir, goldenFiles } from "../helpers/golden";
import { one } from "../helpers/synth";
import { findTerraform } from "../helpers/terraform";

const policyTextOf = (example: ExampleName): string =>
  readFileSync(exampleFile(example, "write-back.policy.yaml"), "utf8");
const policyText = policyTextOf("acme");

/** Each example as its program synthesizes it. */
const synthesized = new Map<ExampleName, SynthesizedExample>();
const of = (example: ExampleName): SynthesizedExample => synthesized.get(example)!;
beforeAll(() => {
  for (const example of EXAMPLES) {
    const { status, stderr, outdir } = runExample(example);
    expect([example, status, stderr]).toEqual([example, 0, ""]);
    synthesized.set(example, readExample(example, outdir));
  }
});

const fileWith = (text: string): string => {
  const file = join(mkdtempSync(join(tmpdir(), "writeback-policy-")), "policy.yaml");
  writeFileSync(file, text);
  return file;
};

/** As little as a policy can be. */
const MINIMAL_POLICY = `
version: 1
owners: { identity: { name: Identity, contact: identity@example.com, approvers: { group: approvers } } }
systems: { directory: { kind: directory } }
publishers: { joiner: { initiator: automation } }
events: { joined: { source: [joiner], window: P1D } }
defaults: { reconcile: { every: P1D, log: ledger } }
fields:
  work_email: { class: safe, owner: identity, sourceOfTruth: directory, events: [joined] }
`;

/** 300 writable fields with names of 16 characters, a third of them conditional. */
const LARGE_POLICY = `${MINIMAL_POLICY.replace("directory: { kind: directory }", "directory: { kind: directory }, hris: { kind: hris }").replace(/ {2}work_email: .*\n/, "")}${Array.from(
  { length: 300 },
  (_, index) => {
    const name = `custom_field_${String(index).padStart(3, "0")}`;
    const rest = "owner: identity, sourceOfTruth: directory, events: [joined]";
    return index % 3 === 0
      ? `  ${name}: { class: conditional, ${rest}, check: equals-source, approval: { groups: [{ group: approvers, count: 1 }], expires: PT24H } }\n`
      : `  ${name}: { class: safe, ${rest} }\n`;
  },
).join("")}`;

describe.each(EXAMPLES)("the policy of the example %s", (example) => {
  test("has no finding on the day of writing", () => {
    expect(checkPolicyText(policyTextOf(example), { now: "2026-11-23T12:00:00Z" }).findings).toEqual([]);
  });

  test("names fields that the app does not", () => {
    const main = readFileSync(exampleFile(example, "main.ts"), "utf8");
    const fields = Object.keys(parsePolicy(policyTextOf(example)).fields);
    expect(fields.length).toBeGreaterThan(3);
    for (const field of fields) expect(main).not.toMatch(new RegExp(`\\b${field}\\b`));
  });
});

describe("acme's policy", () => {
  test("has about twenty fields over all classes, and an exception in force", () => {
    const { fields, exceptions } = parsePolicy(policyText);
    const count = (wanted: string): number => Object.values(fields).filter((field) => field.class === wanted).length;
    expect([count("safe"), count("conditional"), count("never")]).toEqual([8, 7, 8]);
    expect(exceptions.map(({ approvedOn, expires }) => approvedOn < "2026-11-23" && expires > "2026-11-23")).toEqual([
      true,
    ]);
  });

  test.each([
    ["an employee's email is written at once", {}, "work_email", "write", "SafeField"],
    ["a manager needs HR", {}, "manager", "approve", "ApprovalRequired"],
    ["pay is nobody's to write", {}, "base_salary", "deny", "NeverField"],
    [
      "a contractor's record is only told about",
      { worker_type: "Contractor" },
      "work_email",
      "notify",
      "SegmentNotifyOnly",
    ],
    ["the merged entity keeps its cost centres", { legal_entity: "acme-de" }, "cost_centre", "deny", "SegmentNever"],
    ["its managers are excepted for now", { legal_entity: "acme-de" }, "manager", "approve", "ApprovalRequired"],
  ])("%s", (_, attributes, field, verdict, reason) => {
    const values: Readonly<Record<string, string>> = { work_email: "new.hire@example.com", cost_centre: "CC-1042" };
    const request = {
      source: "identity.joiner",
      event: "joiner.provisioned",
      requestId: "r-1",
      occurredAt: "2026-11-23T09:00:00Z",
      worker: { id: "WD-10293", attributes: { worker_type: "Full-Time", legal_entity: "acme-uk", ...attributes } },
      initiator: { kind: "automation", id: "joiner-flow" },
      changes: [{ field, value: values[field] ?? "1042", finalizedAt: "2026-11-23T08:59:00Z" }],
      dryRun: false,
    };
    expect(decide(parsePolicy(policyText), request, "2026-11-23T10:00:00Z")).toMatchObject([{ verdict, reason }]);
  });
});

describe.each(EXAMPLES)("the Terraform of the example %s", (example) => {
  test("holds no path of this machine", () => {
    expect(of(example).text).not.toContain(resolve(__dirname, "../.."));
    expect(of(example).text).not.toContain(tmpdir());
  });

  test("is a stack in the account and region that it is told", () => {
    const { text, json } = synthExample(example, {
      AWS_ACCOUNT_ID: "444455556666",
      AWS_REGION: "eu-central-1",
      WRITEBACK_PREFIX: "staging",
    });
    expect(text).not.toContain("111122223333");
    expect(text).not.toContain("eu-west-1");
    expect(one(json, "aws_sfn_state_machine", "_workflow_state-machine")["name"]).toBe("staging-workflow");
  });

  test("every asset that a function names is there", () => {
    const { dir, json } = of(example);
    for (const body of Object.values(json.resource["aws_lambda_function"]!)) {
      expect(existsSync(join(dir, String(body["filename"])))).toBe(true);
    }
  });

  test("its documents are those under test/golden; `npm run golden:update` renews them for review", () => {
    const golden = Object.fromEntries(
      readdirSync(goldenDir(example))
        .sort()
        .map((name) => [name, readFileSync(join(goldenDir(example), name), "utf8")]),
    );
    expect(goldenFiles(of(example).json)).toEqual(golden);
  });
});

describe("an example's program", () => {
  test("writes the same Terraform, byte by byte, whatever form the policy file has", () => {
    const otherForm = policyText
      .replace(/^ *#.*\n/gm, "")
      .replace("[identity.joiner, agents.onboarding]", "[agents.onboarding, identity.joiner]");
    expect(otherForm.length).toBeLessThan(policyText.length - 500);
    const { status, stderr, outdir } = runExample("acme", { WRITEBACK_POLICY: fileWith(otherForm) });
    expect([status, stderr]).toEqual([0, ""]);
    expect(readExample("acme", outdir).text).toBe(of("acme").text);
  });

  test("fails with 2 for a policy that is wrong, naming file, line and code and nothing of its own", () => {
    const file = fileWith(MINIMAL_POLICY.replace("owner: identity", "owner: nobody"));
    const { status, stderr } = runExample("acme", { WRITEBACK_POLICY: file });
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/policy\.yaml:9:\d+ error UnknownOwner fields\.work_email\.owner: /),
    ]);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test("fails with 1 for a policy file that is not there", () => {
    const { status, stderr } = runExample("acme", { WRITEBACK_POLICY: join(tmpdir(), "no-such-policy.yaml") });
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^cannot read the policy file .*no-such-policy\.yaml[^\n]*\n$/),
    ]);
  });
});

const terraform = findTerraform();
(terraform === undefined ? describe.skip : describe)("terraform validate with the real provider", () => {
  const validate = ({ dir }: SynthesizedExample): string => {
    const { ok, output } = terraform!.validate(dir);
    return ok ? "valid" : output;
  };

  test.each(EXAMPLES)("accepts the example %s", (example) => {
    expect(validate(of(example))).toBe("valid");
  });

  test("accepts a perimeter in a VPC and with an endpoint that exist", () => {
    const inputs = {
      WRITEBACK_VPC_ID: "vpc-0123456789abcdef0",
      WRITEBACK_SUBNET_IDS: "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
      WRITEBACK_ENDPOINT_ID: "vpce-0123456789abcdef0",
      WRITEBACK_ENDPOINT_SECURITY_GROUP_ID: "sg-0123456789abcdef0",
    };
    const existing = synthExample("perimeter", inputs);
    expect(existing.text).toContain('"check"');
    expect(validate(existing)).toBe("valid");
  });

  test("accepts a policy as small as can be, for a trial that can be taken down", () => {
    const inputs = {
      WRITEBACK_POLICY: fileWith(MINIMAL_POLICY),
      WRITEBACK_RETENTION: "destroy",
      WRITEBACK_GATEWAY_ACCESS_LOG: "cloudwatch",
    };
    expect(validate(synthExample("acme", inputs))).toBe("valid");
  });

  test("accepts 300 writable fields with names of 16 characters", () => {
    expect(validate(synthExample("acme", { WRITEBACK_POLICY: fileWith(LARGE_POLICY) }))).toBe("valid");
  });

  test("refuses what is not valid, so that the acceptances mean something", () => {
    const dir = mkdtempSync(join(tmpdir(), "writeback-invalid-"));
    writeFileSync(join(dir, "cdk.tf.json"), of("acme").text.replace('"AWS_IAM"', '"${aws_kms_key.not-there.arn}"'));
    const { ok, output } = terraform!.validate(dir);
    expect([ok, output]).toEqual([false, expect.stringMatching(/undeclared resource/i)]);
  });
});
