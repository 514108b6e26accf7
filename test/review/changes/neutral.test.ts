import fc from "fast-check";

import type { Hand, Tree } from "../hand";
import { EDITS, renamed } from "../neutral-edits";
import { smallExample } from "../stacks";
import { edited, noticed, reviewOf, reviewOfEdit } from "./stacks";

/** Edits that are neutral to a proof, and of which a reader of a change must nevertheless know: workflows that go other ways, a role's new policy. */
const TOLD: ReadonlySet<string> = new Set([
  "a further way to Announce",
  "a wait before the write",
  "the approval within a branch of its own",
]);

const OWN: readonly (readonly [name: string, edit: (hand: Hand) => void])[] = [
  [
    "tags and descriptions",
    (hand) => {
      hand.role("gateway").body["description"] = "Another one";
      hand.fn("gateway").body["description"] = "Another one";
      hand.find("aws_dynamodb_table", "ledger_table").body["tags"] = { cost: "1" };
    },
  ],
  [
    "sizes of functions",
    (hand) => {
      hand.fn("gateway").body["memory_size"] = 1024;
      hand.find("aws_lambda_event_source_mapping", "intake").body["batch_size"] = 5;
    },
  ],
  [
    "a role's own policy as a managed one that the role lists",
    (hand) => {
      const { policy } = hand.policy("gateway").body;
      hand.remove("aws_iam_role_policy", hand.policy("gateway").address.replace(/^[^.]*\./, ""));
      const managed = hand.add("aws_iam_policy", "of-gateway", { name: "acme-writeback-gateway", policy });
      hand.role("gateway").body["managed_policy_arns"] = [`\${${managed}.arn}`];
    },
  ],
  [
    "the order of what has none",
    (hand) => {
      const { body } = hand.find("aws_cloudtrail");
      const selectors = body["advanced_event_selector"] as { field_selector: { equals?: string[] }[] }[];
      for (const { field_selector: fields } of selectors) for (const { equals } of fields) equals?.reverse();
      body["advanced_event_selector"] = [...selectors].reverse();
    },
  ],
  [
    "an event pattern in another order",
    (hand) => {
      const { body } = hand.find("aws_cloudwatch_event_rule", "alerts_api-changed");
      const pattern = JSON.parse(String(body["event_pattern"])) as Tree;
      body["event_pattern"] = JSON.stringify(Object.fromEntries(Object.entries(pattern).reverse()), undefined, 2);
    },
  ],
  [
    "a block as a list of one",
    (hand) => {
      const { body } = hand.find("aws_dynamodb_table", "ledger_table");
      body["server_side_encryption"] = [body["server_side_encryption"]];
      body["point_in_time_recovery"] = [body["point_in_time_recovery"]];
    },
  ],
  [
    "numbers as texts",
    (hand) => {
      hand.find("aws_cloudwatch_log_group", "gateway_logs").body["retention_in_days"] = "365";
    },
  ],
  [
    "another dashboard",
    (hand) => {
      hand.find("aws_cloudwatch_dashboard").body["dashboard_body"] = "{}";
    },
  ],
  [
    "one alarm more",
    (hand) => {
      const { body } = hand.find("aws_cloudwatch_metric_alarm", "_approvals-expiring");
      hand.add("aws_cloudwatch_metric_alarm", "more", { ...body, alarm_name: "more", threshold: 5 });
    },
  ],
  [
    "one output less",
    (hand) => {
      const outputs = hand.json["output"] as Tree;
      hand.json["output"] = Object.fromEntries(Object.entries(outputs).slice(1));
    },
  ],
  [
    "what CDKTF notes for itself",
    (hand) => {
      for (const body of Object.values(hand.ofType("aws_iam_role"))) body["//"] = { metadata: { path: "x" } };
      hand.json["//"] = { metadata: { version: "0.22.0" } };
    },
  ],
];

describe("an edit that means the same", () => {
  test.each(EDITS)("is called no widening: %s", (name, change) => {
    const review = reviewOfEdit(change);
    expect(review.counts.widens).toBe(0);
    if (!TOLD.has(name)) expect(noticed(review)).toEqual([]);
    else expect(review.counts.look).toBeGreaterThan(0);
  });

  test.each(OWN)("is neutral: %s", (_name, change) => {
    const review = reviewOfEdit(change);
    expect(noticed(review)).toEqual([]);
    expect(review.verdict).toBe("fine");
  });

  test("other logical names are neutral but for stores, which Terraform would make anew", () => {
    const review = reviewOf(smallExample(), renamed(smallExample()));
    expect(review.counts.widens).toBe(0);
    expect(new Set(noticed(review))).toEqual(new Set(["look StoreReplaced"]));
    const stores = review.changes.filter(({ code }) => code === "StoreReplaced").map(({ message }) => message);
    expect(stores.join("\n")).toContain("table `acme-writeback-ledger` is destroyed and made anew");
  });

  test("other logical names of stores are neutral where `moved` blocks say so", () => {
    const head = renamed(smallExample()) as { resource: Record<string, Record<string, object>> };
    const moved = Object.entries(head.resource).flatMap(([type, named]) =>
      Object.keys(named).map((name) => ({ from: `${type}.${name.slice(2, -2)}`, to: `${type}.${name}` })),
    );
    const review = reviewOf(smallExample(), { ...head, moved });
    expect(noticed(review)).toEqual([]);
  });

  test("a construct that is called otherwise is neutral where `moved` blocks say so: its data sources, checks and deployment too", () => {
    const condition = '${data.aws_dynamodb_table_item.write-back_ledger_runs.item == "running"}';
    const table = "${aws_dynamodb_table.write-back_ledger_control-table.name}";
    const base = {
      ...smallExample(),
      data: { aws_dynamodb_table_item: { "write-back_ledger_runs": { key: "{}", table_name: table } } },
      check: { "write-back_ledger_runs": { assert: [{ condition, error_message: "It is stopped." }] } },
    };
    const text = JSON.stringify(base).replaceAll("write-back_", "governed_");
    const head = edited(
      (hand) => {
        hand.find("aws_api_gateway_deployment").body["triggers"] = { redeployment: "of other names" };
        // Where a bundle lies is not what is in it: that is compared where both are there.
        for (const body of Object.values(hand.ofType("aws_lambda_function")))
          body["filename"] = String(body["filename"]).replace("governed_", "write-back_");
      },
      JSON.parse(text) as object,
    ) as { resource: Record<string, Record<string, object>>; check: Record<string, unknown> };
    const moved = Object.entries(head.resource).flatMap(([type, named]) =>
      Object.keys(named).map((name) => ({
        from: `${type}.${name.replace("governed_", "write-back_")}`,
        to: `${type}.${name}`,
      })),
    );
    expect(noticed(reviewOf(base, { ...head, moved }))).toEqual([]);
    const unmoved = moved.filter(({ to }) => !to.startsWith("aws_api_gateway_deployment"));
    expect(noticed(reviewOf(base, { ...head, moved: unmoved }))).toEqual([]);
    expect(noticed(reviewOf(base, { ...head, moved, check: {} }))).toEqual(["widens GuardRemoved"]);
    const other = { governed_ledger_runs: { assert: [{ condition: "${true}", error_message: "It is stopped." }] } };
    expect(noticed(reviewOf(base, { ...head, moved, check: other }))).toEqual(["widens GuardRemoved"]);
  });

  test("a widening is told under other logical names all the same", () => {
    const head = renamed(
      edited((hand) => hand.allow("sweeper", { Action: "s3:GetObject", Resource: "arn:aws:s3:::records/*" })),
    );
    expect(noticed(reviewOf(smallExample(), head))).toContain("widens PermissionGained");
  });
});

describe("a review", () => {
  test("says nothing where nothing changes", () => {
    expect(reviewOf(smallExample(), smallExample())).toMatchObject({ verdict: "fine", changes: [], who: [] });
  });

  test("is the same whatever the order of resources", () => {
    const changed = edited((hand) => {
      hand.allow("sweeper", { Action: "dynamodb:*", Resource: "*" });
      hand.find("aws_dynamodb_table", "ledger_table").body["deletion_protection_enabled"] = false;
    }) as { resource: Record<string, Record<string, object>> };
    const reversed = {
      ...changed,
      resource: Object.fromEntries(
        Object.entries(changed.resource)
          .reverse()
          .map(([type, named]) => [type, Object.fromEntries(Object.entries(named).reverse())]),
      ),
    };
    expect(reviewOf(smallExample(), reversed)).toEqual(reviewOf(smallExample(), changed));
  });

  test("of several neutral edits at once is neutral", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...EDITS.slice(0, 8), ...OWN], { minLength: 2, maxLength: 4 }), (edits) => {
        const review = reviewOfEdit((hand) => {
          for (const [, change] of edits) change(hand);
        });
        expect(noticed(review)).toEqual([]);
      }),
      { numRuns: 6 },
    );
  });
});
