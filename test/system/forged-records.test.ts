import { LEDGER, PRINCIPALS } from "../../src/core";
import { AccessDenied, LocalIam, text } from "../../src/local/iam";
import type { Stack } from "../../src/local/stack";
import { exampleStack } from "./story";

/** Whose each kind of record is to make: a record that another role could put is one that it could forge. */
const MAKERS: Readonly<Record<keyof typeof LEDGER, readonly string[]>> = {
  requestPrefix: ["intake"],
  decisionPrefix: ["decide"],
  inspectionPrefix: ["inspect"],
  approvalPrefix: ["approvals"],
  attemptPrefix: ["broker"],
  outcomePrefix: ["announce", "broker", "gateway", "sweeper"],
  secondLookPrefix: ["sweeper"],
  grantPrefix: ["broker"],
  intentPrefix: ["gateway"],
  grantOutcomePrefix: ["gateway", "sweeper"],
  grantEndPrefix: ["broker", "gateway", "sweeper"],
  refusalPrefix: ["approvals"],
  acknowledgedPrefix: ["approvals"],
  findingPrefix: ["reconciler"],
  observedPrefix: ["reconciler"],
  reconciliationPrefix: ["reconciler"],
  systemResume: ["approvals"],
  systemStop: ["kill-switch"],
  systemDrill: ["kill-switch"],
  systemTrip: ["gateway", "sweeper"],
  reversalPrefix: ["reversal"],
  drillLookPrefix: ["sweeper"],
};

/** Principals of options that the example does not take: a network of its own, and Security Hub. */
const NOT_IN_ACME: readonly string[] = ["flow-logs", "findings", "findings-starter"];

/** A partition of a kind: most have one for each request or grant. */
const partitionOf = (kind: string): string => (kind.endsWith("#") ? `${kind}r-1#0` : kind);

let stack: Stack;
let iam: LocalIam;

beforeAll(async () => {
  ({ stack } = await exampleStack("acme"));
  iam = new LocalIam(stack, () => Date.parse("2026-11-23T09:00:00Z"));
}, 120_000);

/** Who may do something with an item of a partition, by the synthesized policies. */
function whoMay(action: string, table: string, leadingKeys: readonly string[]): string[] {
  const name = stack
    .resources("aws_dynamodb_table")
    .map(({ body }) => text(body["name"]))
    .find((each) => each.endsWith(`-${table}`));
  const arn = `arn:aws:dynamodb:${stack.region}:${stack.accountId}:table/${name ?? ""}`;
  return PRINCIPALS.filter((principal) => {
    try {
      iam.authorize(iam.principal(principal), `dynamodb:${action}`, arn, {
        context: { "dynamodb:LeadingKeys": leadingKeys },
      });
      return true;
    } catch (error) {
      if (error instanceof AccessDenied || NOT_IN_ACME.includes(principal)) return false;
      throw error;
    }
  }).sort();
}

describe("records of the ledger, by the synthesized policies", () => {
  test.each(Object.entries(MAKERS))("%s: each is put by those alone whose it is to make", (kind, makers) => {
    expect(whoMay("PutItem", "ledger", [partitionOf(LEDGER[kind as keyof typeof LEDGER])])).toEqual(makers);
  });

  test("requests that take back a written value are put by `reversal` alone, which puts no others", () => {
    expect(whoMay("PutItem", "ledger", ["request#reversal-01JC"])).toEqual(["reversal"]);
    expect(whoMay("PutItem", "ledger", ["request#r-1", "request#reversal-01JC"])).toEqual([]);
  });

  test("nobody puts a record of no kind, or without a key, or two kinds of different makers at once", () => {
    expect(whoMay("PutItem", "ledger", ["change#r-1#0"])).toEqual([]);
    expect(whoMay("PutItem", "ledger", [])).toEqual([]);
    expect(whoMay("PutItem", "ledger", ["approval#r-1#0", "outcome#r-1#0"])).toEqual([]);
  });

  test.each(["UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLUpdate", "PartiQLDelete"])(
    "nobody has %s on any of them",
    (action) => {
      for (const prefix of Object.values(LEDGER)) expect(whoMay(action, "ledger", [`${prefix}r-1`])).toEqual([]);
    },
  );
});
