import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { renderRunbook } from "../../../scripts/generate-runbook";
import { compileNames, checkEventPattern, matchesPattern } from "../../../src/compile";
import {
  auditNames,
  auditRules,
  globalNames,
  globalRules,
  type AuditInput,
  type AuditRule,
} from "../../../src/compile/audit";
import { eventOf, recordCases, type RecordCase } from "./records";

const names = compileNames({ prefix: "acme-writeback", accountId: "111122223333", region: "eu-west-1" });
const secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hris/bamboohr-writer";
const ids = {
  names,
  apiId: "a1b2c3d4e5",
  keyArns: ["data", "digest"].map((key) => `arn:aws:kms:eu-west-1:111122223333:key/${key}`),
  writerSecretIds: [`${secret}-d4E5f6`, secret, "hris/bamboohr-writer"],
  vpcEndpointId: "vpce-0a1b2c3d4e5f60718",
};
const input: AuditInput = {
  names,
  refs: {
    ...ids,
    writerSecretArn: `${secret}-d4E5f6`,
    trailIds: ["acme-writeback-audit", "arn:aws:cloudtrail:eu-west-1:111122223333:trail/acme-writeback-audit"],
  },
  deployerArns: [
    "arn:aws:iam::111122223333:role/hris-write-back-deployer",
    "arn:aws:iam::111122223333:user/hris-write-back-release",
  ],
  rotationRoleArns: ["arn:aws:iam::111122223333:role/hris-writer-rotation"],
  ownBucket: true,
};
const rules = auditRules(input);
const cases = recordCases(ids);
const casesOf = (rule: AuditRule): readonly RecordCase[] => cases.filter((each) => each.rule === rule.name);

describe.each(rules)("the rule $name", (rule) => {
  const own = casesOf(rule);
  const fires = own.filter((each) => each.fires);
  const silent = own.filter((each) => !each.fires);

  test("has records that fire it and records that do not", () => {
    expect([fires.length > 0, silent.length > 0]).toEqual([true, true]);
  });

  test.each(fires)("hears of it: $why", ({ record }) => {
    expect(matchesPattern(rule.pattern, eventOf(record))).toBe(true);
  });

  test.each(silent)("leaves alone: $why", ({ record }) => {
    expect(matchesPattern(rule.pattern, eventOf(record))).toBe(false);
  });

  test("leaves alone what somebody put on the bus themselves", () => {
    for (const each of forged(fires)) expect(matchesPattern(rule.pattern, each)).toBe(false);
  });

  test("needs every part of its pattern: without any of them some record is misjudged", () => {
    const events = [
      ...own.map(({ record, fires: expected }) => ({ event: eventOf(record), expected })),
      ...forged(fires).map((event) => ({ event, expected: false })),
    ];
    const idle = mutantsOf(rule.pattern)
      .filter(({ pattern }) => events.every(({ event, expected }) => matchesPattern(pattern, event) === expected))
      .map(({ without }) => without);
    expect(idle).toEqual([]);
  });

  test("fits EventBridge, and its name too", () => {
    expect(checkEventPattern(rule.name, rule.pattern)).toEqual([]);
    expect(rule.name).toMatch(/^[a-z][a-z-]{1,31}$/);
  });

  test("sees read events where its records are reads", () => {
    expect(rule.reads).toBe(fires.some(({ record }) => record["readOnly"] === true));
  });

  test("says what must never happen, why, and what to do, in a line each", () => {
    for (const text of [rule.never, rule.reason, rule.runbook]) expect(text).toMatch(/^[^\n|]{20,200}$/);
  });
});

test("no record is without a rule", () => {
  const known = new Set(rules.map(({ name }) => name));
  expect(cases.filter(({ rule }) => !known.has(rule))).toEqual([]);
});

test("what a rule hears of IAM, or of the connector role at the global endpoint of STS, the rules of that Region hear too, and nothing else", () => {
  const there = globalNames(names);
  const keyThere = "arn:aws:kms:us-east-1:111122223333:key/alerts";
  const own = ["key-policy-changed", "watch-stopped"];
  const global = globalRules(input, there, keyThere);
  const ofCalls = global.filter(({ name }) => !own.includes(name));
  const isGlobal = ({ record }: RecordCase): boolean =>
    /^(iam|sts)\.amazonaws\.com$/.test(String(record["eventSource"]));
  const heard = cases.filter(isGlobal);
  expect(new Set(heard.filter(({ fires }) => fires).map(({ rule }) => rule))).toEqual(
    new Set(ofCalls.map(({ name }) => name)),
  );
  expect(ofCalls.map(({ name }) => name)).toEqual(expect.arrayContaining(["boundary-changed", "trust-changed"]));
  for (const { rule, fires, record } of heard) {
    const own = ofCalls.find(({ name }) => name === rule);
    expect([rule, own !== undefined && matchesPattern(own.pattern, eventOf(record))]).toEqual([rule, fires]);
  }
  for (const { record } of cases.filter((each) => !isGlobal(each))) {
    expect(ofCalls.filter(({ pattern }) => matchesPattern(pattern, eventOf(record)))).toEqual([]);
  }
  // The longest prefix there is, and the longest of these rules, fit EventBridge's 64 characters.
  const longest = globalNames(compileNames({ prefix: "p".repeat(25), accountId: "111122223333", region: "eu-west-1" }));
  for (const { name } of global) expect(auditNames(longest).rule(name).name.length).toBeLessThanOrEqual(64);
  // The rules there are watched there, under their own Region's names.
  expect(global.map(({ name }) => name)).toEqual(expect.arrayContaining(own));
  expect(JSON.stringify(global.find(({ name }) => name === "key-policy-changed"))).toContain(keyThere);
  const watch = JSON.stringify(global.find(({ name }) => name === "watch-stopped"));
  expect([watch.includes(auditNames(there).topic.arn), watch.includes(auditNames(names).topic.arn)]).toEqual([
    true,
    false,
  ]);
});

test("without a deployer everybody's change is heard of, and without an endpoint or a bucket there are no rules for them", () => {
  const refs = { ...input.refs, vpcEndpointId: undefined };
  const fewer = auditRules({ ...input, refs, deployerArns: [], ownBucket: false });
  const byName = (name: string) => fewer.find((rule) => rule.name === name);
  expect([byName("endpoint-changed"), byName("bucket-changed"), byName("evidence-touched")]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  const byDeployer = cases.find(({ rule, fires }) => rule === "classification-changed" && !fires)!;
  expect(matchesPattern(byName("classification-changed")!.pattern, eventOf(byDeployer.record))).toBe(true);
});

test("the runbook has a line for each; `npm run runbook:update` renews it", () => {
  expect(readFileSync(resolve(__dirname, "../../../docs/runbook.md"), "utf8")).toBe(renderRunbook());
});

/** The same as events that are not CloudTrail's: EventBridge lets nobody but AWS use a source of `aws.`. */
function forged(fires: readonly RecordCase[]): { [member: string]: unknown }[] {
  return fires.flatMap(({ record }) => [
    { ...eventOf(record), source: "com.example.forger" },
    { ...eventOf(record), "detail-type": "AWS Service Event via CloudTrail" },
  ]);
}

type Node = { [key: string]: unknown };

/** Patterns that lack one leaf, one alternative of a leaf, one excluded value, or one of several patterns. */
function mutantsOf(pattern: object): { readonly without: string; readonly pattern: object }[] {
  const found: { readonly without: string; readonly pattern: object }[] = [];
  const change = (path: readonly (string | number)[], edit: (parent: Node, key: string | number) => unknown): void => {
    const copy = structuredClone(pattern) as Node;
    const parents: Node[] = [copy];
    for (const key of path.slice(0, -1)) parents.push(parents.at(-1)![key] as Node);
    edit(parents.at(-1)!, path.at(-1)!);
    // A node that nothing is left in asks nothing; as one of several patterns it makes the others idle.
    for (let depth = parents.length - 1; depth > 0; depth -= 1) {
      if (Object.keys(parents[depth]!).length > 0) continue;
      if (path[depth - 2] === "$or") delete parents[depth - 2]!["$or"];
      else Reflect.deleteProperty(parents[depth - 1]!, path[depth - 1]!);
    }
    found.push({ without: path.join("."), pattern: copy });
  };
  const visit = (node: unknown, path: readonly (string | number)[]): void => {
    if (Array.isArray(node)) {
      if (path.at(-1) === "$or") {
        node.forEach((alternative, index) => {
          change([...path, index], (parent, at) => {
            const rest = (parent as unknown as unknown[]).filter((_, position) => position !== at);
            // EventBridge wants two at least.
            (parent as unknown as unknown[]).splice(0, node.length, ...rest, rest[0]);
          });
          visit(alternative, [...path, index]);
        });
        return;
      }
      change(path, (parent, key) => Reflect.deleteProperty(parent, key));
      node.forEach((alternative: unknown, index) => {
        if (node.length > 1)
          change([...path, index], (parent, at) => (parent as unknown as unknown[]).splice(Number(at), 1));
        const excluded = (alternative as { "anything-but"?: unknown } | null)?.["anything-but"];
        if (!Array.isArray(excluded) || excluded.length < 2) return;
        excluded.forEach((_, at) => {
          change([...path, index, "anything-but", at], (parent) => (parent as unknown as unknown[]).splice(at, 1));
        });
      });
      return;
    }
    for (const [key, child] of Object.entries(node as object)) visit(child, [...path, key]);
  };
  visit(pattern, []);
  return found;
}
