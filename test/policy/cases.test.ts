import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

import {
  checkPolicy,
  checkPolicyText,
  decide,
  lifecycleEventSchema,
  parsePolicy,
  POLICY_CODES,
  REASONS,
  requestOfEvent,
  type PolicyInput,
} from "../../src/policy";
import { patched } from "./patch";

const FOLDER = join(__dirname, "../cases/policy");
const DEFAULT_AT = "2026-11-23T00:00:00Z";

interface Subject {
  readonly patch?: unknown;
  readonly text?: readonly string[];
}

interface FindingsCase {
  readonly name: string;
  readonly why: string;
  readonly refused: Subject;
  readonly findings: readonly string[];
  readonly accepted: Subject;
  readonly remains?: readonly string[];
  readonly at?: string;
}

interface VerdictsCase {
  readonly name: string;
  readonly why: string;
  readonly policy?: unknown;
  readonly event?: unknown;
  readonly at: string;
  readonly verdicts: readonly string[];
}

function read(file: string): string {
  return readFileSync(join(FOLDER, file), "utf8");
}

function tables<Case>(ending: string): [string, readonly Case[]][] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(ending))
    .map((file) => [file.slice(0, -ending.length), JSON.parse(read(file)) as readonly Case[]]);
}

const baseText = read("base.policy.yaml");
const basePolicy: unknown = parse(baseText);
const baseEvent: unknown = JSON.parse(read("base.event.json"));

function findingsOf({ patch, text }: Subject, at: string): string[] {
  const { findings } =
    text === undefined
      ? checkPolicy(patched(basePolicy, patch), { now: at })
      : checkPolicyText(`${text.join("\n")}\n`, { now: at });
  return findings.map(({ code, path }) => `${code} ${path}`);
}

const findingsTables = tables<FindingsCase>(".findings.json");
const verdictsTables = tables<VerdictsCase>(".verdicts.json");

describe.each(findingsTables)("findings about %s", (_, cases) => {
  it.each(cases.map((each) => [each.name, each] as const))("fails on %s, and accepts its twin", (_name, each) => {
    const at = each.at ?? DEFAULT_AT;
    expect(findingsOf(each.refused, at).sort()).toEqual([...each.findings].sort());
    expect(findingsOf(each.accepted, at).sort()).toEqual([...(each.remains ?? [])].sort());
  });
});

describe.each(verdictsTables)("verdicts of %s", (_, cases) => {
  it.each(cases.map((each) => [each.name, each] as const))("judges %s", (_name, each) => {
    const policy = parsePolicy(patched(basePolicy, each.policy ?? {}) as PolicyInput);
    const request = requestOfEvent(lifecycleEventSchema.parse(patched(baseEvent, each.event ?? {})));
    const verdicts = decide(policy, request, each.at).map(
      ({ field, verdict, reason }) => `${field} ${verdict} ${reason}`,
    );
    expect(verdicts).toEqual(each.verdicts);
  });
});

describe("the tables", () => {
  it("have a failing and a passing twin for every code", () => {
    const covered = new Set(
      findingsTables.flatMap(([, cases]) =>
        cases.flatMap(({ findings }) => findings.map((each) => each.split(" ")[0])),
      ),
    );
    expect([...covered].sort()).toEqual(Object.keys(POLICY_CODES).sort());
  });

  it("have a verdict for every reason", () => {
    const covered = new Set(
      verdictsTables.flatMap(([, cases]) =>
        cases.flatMap(({ verdicts }) => verdicts.map((each) => each.split(" ")[2])),
      ),
    );
    expect([...covered].sort()).toEqual([...REASONS].sort());
  });

  it("start from the policy of the design, which has no findings on 2026-11-23", () => {
    expect(checkPolicyText(baseText, { now: "2026-11-23T12:00:00Z" }).findings).toEqual([]);
  });
});
