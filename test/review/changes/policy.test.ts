import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import fc from "fast-check";

import { FIELD_CLASSES, type FieldClass } from "../../../src/policy";
import { synthExample } from "../../helpers/examples";
import { smallExample } from "../stacks";
import { noticed, ofCode, policyWith, reviewOf, reviewOfPolicy, stackOf, type Edit } from "./stacks";

interface Case {
  readonly name: string;
  readonly edit: Edit;
  /** All that must be said besides what is neutral, and nothing else. */
  readonly said: readonly string[];
  /** Who must agree. */
  readonly who: readonly string[];
  /** What is said the other way round, where that is not the same narrowed. */
  readonly back?: readonly string[];
}

const MANAGER_APPROVAL = "approval: { groups: [{ group: hr-approvers, count: 2 }], expires: PT24H }";

const WIDER: readonly Case[] = [
  {
    name: "a field is written without an approval",
    edit: [
      ["    class: conditional\n", "    class: safe\n"],
      [`    ${MANAGER_APPROVAL}\n`, ""],
    ],
    said: ["widens FieldClassChanged"],
    who: ["hr"],
  },
  {
    name: "a field that was never written is written after an approval",
    edit: [
      [
        "base_salary: { class: never, owner: payroll, sourceOfTruth: hris }",
        "base_salary: { class: conditional, owner: payroll, sourceOfTruth: hris, check: none, events: [mover.changed],\n" +
          "    approval: { groups: [{ group: payroll-approvers, count: 1 }], expires: PT1H } }",
      ],
    ],
    said: ["widens FieldClassChanged"],
    who: ["payroll"],
  },
  {
    name: "a field is listed",
    edit: [
      [
        "  manager:\n",
        "  nickname: { class: safe, owner: identity, sourceOfTruth: directory, events: [joiner.provisioned] }\n  manager:\n",
      ],
    ],
    said: ["widens FieldAdded"],
    who: ["identity"],
    back: ["narrows FieldRemoved"],
  },
  {
    name: "a field is written elsewhere",
    edit: [["hrisField: workEmail", "hrisField: homeEmail"]],
    said: ["widens FieldTargetChanged"],
    who: ["identity"],
    back: ["widens FieldTargetChanged"],
  },
  {
    name: "a check is weaker",
    edit: [["check: exists-in-source", "check: none"]],
    said: ["widens FieldCheckChanged"],
    who: ["hr"],
  },
  {
    name: "a format is gone",
    edit: [[", format: email", ""]],
    said: ["widens FieldValueChanged"],
    who: ["identity"],
  },
  {
    name: "a longer value is fine",
    edit: [["maxLength: 64", "maxLength: 128"]],
    said: ["widens FieldValueChanged"],
    who: ["identity"],
  },
  {
    name: "one more value is fine",
    edit: [["[london, berlin]", "[paris, london, berlin]"]],
    said: ["widens FieldValueChanged"],
    who: ["identity"],
  },
  {
    name: "a value may be overwritten",
    edit: [["writeOnce: true", "writeOnce: false"]],
    said: ["widens FieldWriteOnceChanged"],
    who: ["identity"],
  },
  {
    name: "another event authorises",
    edit: [
      ["    events: [joiner.provisioned]\n    check", "    events: [joiner.provisioned, mover.changed]\n    check"],
    ],
    said: ["widens FieldEventsChanged"],
    who: ["hr", "identity"],
  },
  {
    name: "fewer people must agree",
    edit: [["count: 2", "count: 1"]],
    said: ["widens ApprovalQuorumChanged"],
    who: ["hr", "hr-approvers"],
  },
  {
    name: "one of two groups is asked no more",
    edit: [["groups: [{ group: hr-approvers, count: 2 }]", "groups: [{ group: payroll-approvers, count: 1 }]"]],
    said: ["widens ApprovalGroupChanged"],
    who: ["hr", "hr-approvers", "payroll-approvers"],
    back: ["look ApprovalGroupChanged"],
  },
  {
    name: "an approval may be given later",
    edit: [["count: 2 }], expires: PT24H", "count: 2 }], expires: P3D"]],
    said: ["widens ApprovalTimeChanged"],
    who: ["hr", "hr-approvers"],
  },
  {
    name: "a field is reconciled less often",
    edit: [["enum: [london", "reconcile: { every: P7D, log: ledger }, enum: [london"]],
    said: ["widens ReconciliationChanged"],
    who: ["identity"],
  },
  {
    name: "an event is new",
    edit: [["  mover.changed:", "  leaver.left: { source: [identity.joiner], window: PT1H }\n  mover.changed:"]],
    said: ["widens EventAdded"],
    who: ["identity"],
    back: ["narrows EventRemoved"],
  },
  {
    name: "an event may come from an agent too",
    edit: [["source: [identity.joiner], window: PT72H", "source: [identity.joiner, agents.onboarding], window: PT72H"]],
    said: ["widens EventSourceChanged"],
    who: ["hr", "identity"],
  },
  {
    name: "an event authorises for longer",
    edit: [["window: PT72H", "window: P30D"]],
    said: ["widens EventWindowChanged"],
    who: ["hr", "identity"],
  },
  {
    name: "a publisher is new",
    edit: [["  agents.onboarding:", "  another: { initiator: automation }\n  agents.onboarding:"]],
    said: ["widens PublisherAdded"],
    who: ["identity", "security"],
    back: ["narrows PublisherRemoved"],
  },
  {
    name: "an agent counts as automation",
    edit: [["agents.onboarding: { initiator: agent }", "agents.onboarding: { initiator: automation }"]],
    said: ["widens PublisherKindChanged"],
    who: ["identity", "security"],
    back: ["look PublisherKindChanged"],
  },
  {
    name: "agents need say no reason",
    edit: [["requireIntent: true", "requireIntent: false"]],
    said: ["widens InitiatorRuleChanged"],
    who: ["identity", "security"],
  },
  {
    name: "a segment is gone",
    edit: [["  contractors: { when: { worker_type: [contingent] }, mode: notify }\n", ""]],
    said: ["widens SegmentChanged", "widens SegmentChanged"],
    who: ["hr", "identity"],
  },
  {
    name: "a segment is smaller",
    edit: [["worker_type: [contingent] }", "worker_type: [contingent], legal_entity: [acme-de] }"]],
    said: ["widens SegmentChanged", "widens SegmentChanged"],
    who: ["hr", "identity"],
  },
  {
    name: "a segment is stricter",
    edit: [["fields: { manager: never }", "fields: { work_email: conditional, manager: never }"]],
    said: ["narrows SegmentChanged"],
    who: [],
    back: ["widens SegmentChanged"],
  },
  {
    name: "an exception is new",
    edit: [
      [
        "exceptions:\n",
        "exceptions:\n  - { id: EX-2, field: work_email, segment: contractors, allow: safe, reason: r, approvedOn: 2026-11-01,\n" +
          "      approvedBy: { identity: u-1, hr: u-2 }, expires: 2026-12-31 }\n",
      ],
    ],
    said: ["widens ExceptionAdded"],
    who: ["hr", "identity"],
    back: ["narrows ExceptionRemoved"],
  },
  {
    name: "an exception ends later",
    edit: [["expires: 2026-12-31", "expires: 2027-01-15"]],
    said: ["widens ExceptionChanged"],
    who: ["hr", "identity"],
  },
  {
    name: "a delegation is new",
    edit: [
      [
        "delegations:\n",
        "delegations:\n  - { id: DG-2, group: payroll-approvers, to: { subject: s-2, name: Grace }, reason: r, from: 2026-11-01,\n" +
          "      approvedBy: { identity: u-1, payroll: u-3 }, until: 2026-11-14 }\n",
      ],
    ],
    said: ["widens DelegationAdded"],
    who: ["identity", "payroll", "payroll-approvers"],
    back: ["narrows DelegationRemoved"],
  },
  {
    name: "a delegation ends later",
    edit: [["until: 2026-11-14", "until: 2026-11-20"]],
    said: ["widens DelegationChanged"],
    who: ["hr", "hr-approvers", "identity"],
  },
  {
    name: "a delegation is for another owner's group",
    edit: [
      ["id: DG-1, group: hr-approvers", "id: DG-1, group: payroll-approvers"],
      [
        "reason: leave, approvedBy: { identity: u-1, hr: u-2 }",
        "reason: leave, approvedBy: { identity: u-1, payroll: u-2 }",
      ],
    ],
    said: ["widens DelegationAdded"],
    who: ["identity", "payroll", "payroll-approvers"],
    back: ["widens DelegationAdded"],
  },
  {
    name: "an exception is for a segment that says something else",
    edit: [["segment: merged", "segment: contractors"]],
    said: ["widens ExceptionAdded"],
    who: ["hr", "identity"],
    back: ["widens ExceptionAdded"],
  },
  {
    name: "a delegation is for somebody else",
    edit: [["subject: s-1, name: Ada", "subject: s-9, name: Eve"]],
    said: ["widens DelegationAdded"],
    who: ["hr", "hr-approvers", "identity"],
    back: ["widens DelegationAdded"],
  },
  {
    name: "the breaker trips later",
    edit: [["maxWritesPerHour: 200", "maxWritesPerHour: 300"]],
    said: ["widens BreakerChanged"],
    who: ["identity", "security"],
  },
];

describe("a change of the policy", () => {
  test.each(WIDER)("is told where $name", ({ edit, said, who }) => {
    const review = reviewOfPolicy(edit);
    expect(noticed(review)).toEqual(said);
    expect(review.verdict).toBe(who.length > 0 ? "look" : "fine");
    expect(review.who.map(({ id }) => id).sort()).toEqual(who);
  });

  test.each(WIDER)("is told the other way round where $name, and is undone", ({ edit, said, back }) => {
    const review = reviewOf(stackOf(policyWith(edit)), stackOf(policyWith()));
    expect(noticed(review)).toEqual(back ?? said.map((each) => each.replace("widens", "narrows")));
  });
});

/** Changes that could be either: a human must look. */
const EITHER: readonly Case[] = [
  {
    name: "another group approves",
    edit: [["groups: [{ group: hr-approvers, count: 2 }]", "groups: [{ group: payroll-approvers, count: 2 }]"]],
    said: ["look ApprovalGroupChanged"],
    who: ["hr", "hr-approvers", "payroll-approvers"],
  },
  {
    // The owner's own group approves what is raised to conditional.
    name: "another owner answers",
    edit: [["office: { class: safe, owner: identity", "office: { class: safe, owner: hr"]],
    said: ["look ApprovalGroupChanged", "look FieldOwnerChanged"],
    who: ["hr", "hr-approvers", "iam-approvers", "identity"],
  },
  {
    name: "an owner's group is called otherwise wherever it stands",
    edit: [
      [
        "contact: hr@example.com, approvers: { group: hr-approvers }",
        "contact: hr@example.com, approvers: { group: people }",
      ],
      ["groups: [{ group: hr-approvers, count: 2 }]", "groups: [{ group: people, count: 2 }]"],
      ["id: DG-1, group: hr-approvers", "id: DG-1, group: people"],
    ],
    said: ["look ApprovalGroupChanged", "look DelegationChanged", "look OwnerGroupChanged"],
    who: ["hr", "hr-approvers", "identity", "people"],
  },
  {
    name: "an owner has another group",
    edit: [["group: payroll-approvers }", "group: pay-people }"]],
    said: ["look OwnerGroupChanged"],
    who: ["pay-people", "payroll", "payroll-approvers"],
  },
  {
    name: "another system holds the truth",
    edit: [
      [
        "sourceOfTruth: directory, events: [joiner.provisioned], hris",
        "sourceOfTruth: finance, events: [joiner.provisioned], hris",
      ],
    ],
    said: ["look FieldSourceChanged"],
    who: ["identity"],
  },
  {
    name: "a field of the source is another",
    edit: [["hrisField: workEmail", "sourceField: mail, hrisField: workEmail"]],
    said: ["look FieldSourceChanged"],
    who: ["identity"],
  },
  {
    name: "an attribute of segments is read elsewhere",
    edit: [["worker_type: { system: hris", "worker_type: { system: finance"]],
    said: ["look SegmentSourceChanged"],
    who: ["hr", "identity", "payroll"],
  },
  {
    name: "an exception bears other signatures",
    edit: [["hr: u-2 }, expires", "hr: u-9 }, expires"]],
    said: ["look ExceptionChanged"],
    who: ["hr", "identity"],
  },
  {
    name: "a delegation bears other signatures",
    edit: [["reason: leave, approvedBy: { identity: u-1", "reason: leave, approvedBy: { identity: u-8"]],
    said: ["look DelegationChanged"],
    who: ["hr", "hr-approvers", "identity"],
  },
  {
    name: "a system is of another kind",
    edit: [["directory: { kind: directory }", "directory: { kind: other }"]],
    said: ["look SystemChanged"],
    who: ["identity"],
  },
];

describe("a policy of which a human must judge", () => {
  test.each(EITHER)("is one where $name", ({ edit, said, who }) => {
    const review = reviewOfPolicy(edit);
    expect(noticed(review)).toEqual(said);
    expect(review.verdict).toBe("look");
    expect(review.who.map(({ id }) => id).sort()).toEqual(who);
  });
});

const NEUTRAL: readonly (readonly [name: string, edit: Edit])[] = [
  ["a field is described", [["maxLength: 64", "maxLength: 64, description: For good"]]],
  ["an owner is called otherwise", [["name: HR Operations", "name: People Operations"]]],
  [
    "a field that is never written is listed",
    [["  base_salary:", "  iban: { class: never, owner: payroll, sourceOfTruth: hris }\n  base_salary:"]],
  ],
  [
    "what is never written says more",
    [["class: never, owner: payroll", "class: never, sourceField: pay, owner: payroll"]],
  ],
  ["a segment is called otherwise", [["  contractors:", "  temps:"]]],
  [
    "a segment says what another says already",
    [
      [
        "  merged:",
        "  temps: { when: { worker_type: [contingent], legal_entity: [acme-uk] }, mode: notify }\n  merged:",
      ],
    ],
  ],
  ["a day is written as hours", [["count: 2 }], expires: PT24H", "count: 2 }], expires: P1D"]]],
  [
    "a segment is called otherwise, and its exception with it",
    [
      ["  merged:", "  acquired:"],
      ["segment: merged", "segment: acquired"],
    ],
  ],
  ["an exception says why in other words", [["reason: merger", "reason: the merger"]]],
  ["an exception has another id", [["id: EX-1", "id: EX-7"]]],
  ["a person is called otherwise", [["name: Ada", "name: Ada L"]]],
  ["what is accepted is written twice over", [["enum: [london, berlin]", "enum: [london, berlin], maxLength: 6"]]],
];

describe("a policy that means the same", () => {
  test.each(NEUTRAL)("is neutral where %s", (_name, edit) => {
    const review = reviewOfPolicy(edit);
    expect(noticed(review)).toEqual([]);
    expect(review.changes.length).toBeGreaterThan(0);
    expect(review.verdict).toBe("fine");
  });

  test("is silent where nothing changes, or only the order of what has none", () => {
    expect(reviewOfPolicy([]).changes).toEqual([]);
    expect(reviewOfPolicy([["[london, berlin]", "[berlin, london]"]]).changes).toEqual([]);
  });
});

describe("what is said of a policy", () => {
  test("names the field, both classes and how it is written then", () => {
    const [change] = ofCode(reviewOfPolicy(WIDER[0]?.edit ?? []), "FieldClassChanged");
    expect(change?.message).toBe(
      "field `manager`: conditional → safe; it is written without an approval, after `joiner.provisioned`",
    );
    expect(change?.policyPath).toBe("fields.manager.class");
    expect(change?.places).toEqual([
      { address: "aws_dynamodb_table_item.item_field_manager", attribute: "item", side: "head" },
    ]);
  });

  test("tells for which workers a segment is milder, and for which fields", () => {
    const review = reviewOfPolicy([["  contractors: { when: { worker_type: [contingent] }, mode: notify }\n", ""]]);
    expect(ofCode(review, "SegmentChanged").map(({ message }) => message)).toEqual([
      "segment `contractors` is gone: for workers with `legal_entity` acme-de and `worker_type` contingent, `account_id`, `office`, `work_email` are written at once, not only notified any more",
      "segment `contractors` is gone: for workers with `legal_entity` another and `worker_type` contingent, `manager` is written after approval, not only notified any more",
    ]);
  });

  test("says until when an exception holds, and why", () => {
    const edit = WIDER.find(({ name }) => name === "an exception is new")?.edit ?? [];
    const [change] = ofCode(reviewOfPolicy(edit), "ExceptionAdded");
    expect(change?.message).toContain("until 2026-12-31");
    expect(change?.details).toContain("reason: r");
  });

  test("asks the owners that the base names, whatever the head says", () => {
    const review = reviewOfPolicy([
      ["  payroll: { name", "  friend: { name: Friend, contact: friend@example.com }\n  payroll: { name"],
      ["    owner: hr\n", "    owner: friend\n"],
      ["check: exists-in-source", "check: none"],
      ["approvedBy: { identity: u-1, hr: u-2 }, expires", "approvedBy: { identity: u-1, friend: u-2 }, expires"],
    ]);
    expect(ofCode(review, "FieldCheckChanged")[0]?.who.map(({ id }) => id)).toEqual(["hr", "friend"]);
  });
});

const RULES: Readonly<Record<FieldClass, string>> = {
  safe: "class: safe, events: [joiner.provisioned], check: none",
  conditional:
    "class: conditional, events: [joiner.provisioned], check: none, approval: { groups: [{ group: hr-approvers, count: 1 }], expires: PT1H }",
  never: "class: never",
};

/** The policy with four further fields of these classes. */
function withClasses(classes: readonly FieldClass[]): object {
  const fields = classes.map((each, index) => `  field_${index}: { owner: hr, sourceOfTruth: hris, ${RULES[each]} }\n`);
  return stackOf(policyWith([["segments:\n", `${fields.join("")}segments:\n`]]));
}

describe("classes", () => {
  test("that widen one way narrow the other, field by field", () => {
    const classes = fc.array(fc.constantFrom(...FIELD_CLASSES), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(classes, classes, (before, after) => {
        const moved = (from: readonly FieldClass[], to: readonly FieldClass[], effect: string): string[] =>
          ofCode(reviewOf(withClasses(from), withClasses(to)), "FieldClassChanged")
            .filter((change) => change.effect === effect)
            .map(({ policyPath }) => policyPath ?? "");
        const looser = before.flatMap((each, index) =>
          FIELD_CLASSES.indexOf(after[index] ?? each) < FIELD_CLASSES.indexOf(each)
            ? [`fields.field_${index}.class`]
            : [],
        );
        expect(moved(before, after, "widens")).toEqual(looser);
        expect(moved(after, before, "narrows")).toEqual(looser);
      }),
      { numRuns: 12 },
    );
  });
});

describe("a policy that is synthesized anew", () => {
  const text = readFileSync(join(__dirname, "..", "small.policy.yaml"), "utf8");

  function synthesized(from: string, to: string): object {
    const file = join(mkdtempSync(join(tmpdir(), "review-")), "policy.yaml");
    writeFileSync(
      file,
      text.replace(from, () => to),
    );
    return synthExample("acme", { WRITEBACK_POLICY: file }).json;
  }

  test("is told by the policy's change and by what IAM then allows, and by nothing that only follows", () => {
    const head = synthesized(
      "  bank_account: { class: never, owner: hr, sourceOfTruth: hris }",
      "  bank_account: { class: conditional, owner: hr, sourceOfTruth: hris, events: [joiner.provisioned], check: none,\n" +
        "    hrisField: customBank, approval: { groups: [{ group: hr-approvers, count: 1 }], expires: PT24H } }",
    );
    const review = reviewOf(smallExample(), head);
    expect(noticed(review)).toEqual([
      "widens BoundaryWidened",
      "widens FieldClassChanged",
      "widens PermissionGained",
      "widens ResourcePolicyWidened",
    ]);
    expect(ofCode(review, "PermissionGained")[0]?.message).toMatch(
      /^connector may now `execute-api:Invoke` on `[^`]*\/fields\/bank_account`/,
    );
    const back = reviewOf(head, smallExample());
    expect(back.verdict).toBe("fine");
    expect(back.counts.narrows).toBe(4);
  });
});

describe("a classification that is changed by hand", () => {
  const items = (json: object): Record<string, { item: string }> =>
    (json as { resource: Record<string, Record<string, { item: string }>> }).resource["aws_dynamodb_table_item"] ?? {};

  test("is compared all the same, and told to be no policy", () => {
    const head = structuredClone(stackOf(policyWith()));
    const item = items(head)["item_field_manager"];
    if (item !== undefined) item.item = item.item.replace('"class":{"S":"conditional"}', '"class":{"S":"safe"}');
    const review = reviewOf(stackOf(policyWith()), head);
    expect(noticed(review)).toEqual(["widens FieldClassChanged", "look PolicyInconsistent"]);
  });

  test("that cannot be read is for a human", () => {
    const head = structuredClone(stackOf(policyWith()));
    const item = items(head)["item_field_manager"];
    if (item !== undefined) item.item = '${file("item.json")}';
    expect(noticed(reviewOf(stackOf(policyWith()), head))).toContain("look PolicyUnread");
  });
});
