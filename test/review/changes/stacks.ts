import { ENV } from "../../../src/core";
import { marshallItem } from "../../../src/compile/table-items";
import { parsePolicy, policyItems, type Policy } from "../../../src/policy";
import { review, type Change, type Review } from "../../../src/review";
import { pairConfigurations } from "../../../src/review/changes/pairing";
import { Hand, type Tree } from "../hand";
import { smallExample } from "../stacks";

/** What a change from one configuration to another comes to. */
export function reviewOf(base: unknown, head: unknown): Review {
  return review(pairConfigurations(base, head));
}

/** The stack changed as one would in an editor. */
export function edited(change: (hand: Hand) => unknown, of: unknown = smallExample()): object {
  const hand = new Hand(of);
  change(hand);
  return hand.json;
}

/** Types that say nothing of who may what. */
const WATCHING =
  /^aws_(?:cloudwatch_(?:dashboard|event_rule|event_target|log_group|log_metric_filter|metric_alarm)|apigatewayv2_route|cloudtrail)$/;

let permissions: object | undefined;

/** The small stack without what watches: documents and what they are the documents of. */
export function permissionsOnly(): object {
  return (permissions ??= edited((hand) => {
    const resources = Object.entries(hand.json["resource"] as Tree).filter(([type]) => !WATCHING.test(type));
    hand.json["resource"] = Object.fromEntries(resources);
  }));
}

/** What an edit of the small stack comes to. */
export function reviewOfEdit(change: (hand: Hand) => unknown, of: object = smallExample()): Review {
  return reviewOf(of, edited(change, of));
}

/** A policy with something of everything that may change. */
export const POLICY_TEXT = `
version: 1
owners:
  identity: { name: Identity, contact: identity@example.com, approvers: { group: iam-approvers } }
  hr: { name: HR Operations, contact: hr@example.com, approvers: { group: hr-approvers } }
  payroll: { name: Payroll, contact: payroll@example.com, approvers: { group: payroll-approvers } }
systems: { directory: { kind: directory }, hris: { kind: hris }, finance: { kind: finance } }
publishers:
  identity.joiner: { initiator: automation }
  agents.onboarding: { initiator: agent }
events:
  joiner.provisioned: { source: [identity.joiner], window: PT72H }
  mover.changed: { source: [identity.joiner], window: PT24H }
defaults: { reconcile: { every: P1D, log: ledger } }
attributes:
  worker_type: { system: hris, field: employmentType }
  legal_entity: { system: hris, field: legalEntity }
fields:
  work_email:
    { class: safe, owner: identity, sourceOfTruth: directory, events: [joiner.provisioned], hrisField: workEmail, format: email }
  account_id:
    { class: safe, owner: identity, sourceOfTruth: directory, events: [joiner.provisioned], writeOnce: true, maxLength: 64 }
  office: { class: safe, owner: identity, sourceOfTruth: directory, events: [joiner.provisioned], enum: [london, berlin] }
  manager:
    class: conditional
    owner: hr
    sourceOfTruth: hris
    events: [joiner.provisioned]
    check: exists-in-source
    approval: { groups: [{ group: hr-approvers, count: 2 }], expires: PT24H }
  base_salary: { class: never, owner: payroll, sourceOfTruth: hris }
segments:
  contractors: { when: { worker_type: [contingent] }, mode: notify }
  merged: { when: { legal_entity: [acme-de] }, fields: { manager: never } }
initiators:
  agent: { minimumClass: conditional, requireIntent: true }
breaker: { maxWritesPerHour: 200, maxWritesPerDay: 1000 }
exceptions:
  - { id: EX-1, field: manager, segment: merged, allow: conditional, reason: merger, approvedOn: 2026-11-01,
      approvedBy: { identity: u-1, hr: u-2 }, expires: 2026-12-31 }
delegations:
  - { id: DG-1, group: hr-approvers, to: { subject: s-1, name: Ada }, reason: leave, approvedBy: { identity: u-1, hr: u-2 },
      from: 2026-11-01, until: 2026-11-14 }
`;

/** Pairs of what stands in `POLICY_TEXT` and what is to stand there instead. */
export type Edit = readonly (readonly [from: string, to: string])[];

/** The policy of `POLICY_TEXT`, with some of its text changed. Throws for a text that is not there, or no policy any more. */
export function policyWith(edit: Edit = []): Policy {
  let text = POLICY_TEXT;
  for (const [from, to] of edit) {
    if (!text.includes(from)) throw new Error(`the policy does not say ${from}`);
    text = text.replace(from, () => to);
  }
  return parsePolicy(text);
}

/** The small stack's tables, functions and roles: what a policy is read from, and little else to compare. */
function tablesOnly(): object {
  return edited((hand) => {
    const resources = hand.json["resource"] as Tree;
    const kept = ["aws_dynamodb_table", "aws_dynamodb_table_item", "aws_lambda_function", "aws_iam_role"];
    hand.json["resource"] = Object.fromEntries(kept.map((type) => [type, resources[type]]));
  });
}

let tables: object | undefined;

/** The same with another policy in its table, and in what its functions pin. */
export function stackOf(policy: Policy): object {
  const items = policyItems(policy);
  const manifest = items.find(({ kind }) => kind === "manifest");
  return edited(
    (hand) => {
      const table = hand.ofType("aws_dynamodb_table_item");
      const [some] = Object.values(table).filter(({ item }) => String(item).includes('"policy"'));
      const others = Object.entries(table).filter(([, { item }]) => !String(item).includes('{"S":"policy"}'));
      const own = items.map((item): [string, Tree] => [
        `item_${item.sk.replace(/[^a-z0-9_-]/gi, "_")}`,
        { ...some, "//": undefined, item: JSON.stringify(marshallItem(item)) },
      ]);
      (hand.json["resource"] as Tree)["aws_dynamodb_table_item"] = Object.fromEntries([...others, ...own]);
      for (const body of Object.values(hand.ofType("aws_lambda_function"))) {
        const variables = (body["environment"] as { variables?: Tree } | undefined)?.variables;
        if (variables?.[ENV.manifestHash] !== undefined) variables[ENV.manifestHash] = manifest?.hash;
      }
    },
    (tables ??= tablesOnly()),
  );
}

/** What a change of the policy comes to. */
export function reviewOfPolicy(edit: Edit): Review {
  return reviewOf(stackOf(policyWith()), stackOf(policyWith(edit)));
}

/** The changes that a reader must not overlook: all but what is neutral. */
export function noticed({ changes }: Review): string[] {
  return changes.filter(({ effect }) => effect !== "neutral").map(({ code, effect }) => `${effect} ${code}`);
}

export function ofCode({ changes }: Review, code: Change["code"]): Change[] {
  return changes.filter((change) => change.code === code);
}
