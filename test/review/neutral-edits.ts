import type { Hand } from "./hand";
import { type Tree } from "./hand";

/** A statement that has no name. */
function withoutSid(statement: Statement): Statement {
  return Object.fromEntries(Object.entries(statement).filter(([member]) => member !== "Sid"));
}

interface Statement {
  [element: string]: unknown;
}

const POLICIES: Readonly<Record<string, string>> = {
  aws_api_gateway_rest_api_policy: "policy",
  aws_cloudwatch_event_bus_policy: "policy",
  aws_iam_policy: "policy",
  aws_iam_role: "assume_role_policy",
  aws_iam_role_policy: "policy",
  aws_kms_key_policy: "policy",
  aws_sqs_queue_policy: "policy",
};

/** Changes every statement list of a stack. */
function eachDocument(hand: Hand, change: (statements: Statement[]) => Statement[]): void {
  for (const [type, attribute] of Object.entries(POLICIES)) {
    for (const body of Object.values(hand.ofType(type))) {
      const document = JSON.parse(String(body[attribute])) as { Statement: Statement[] };
      body[attribute] = JSON.stringify({ ...document, Statement: change(document.Statement) });
    }
  }
}

const asList = (value: unknown): unknown => (Array.isArray(value) || typeof value === "object" ? value : [value]);
const asOne = (value: unknown): unknown =>
  Array.isArray(value) && value.length === 1 ? (value as unknown[])[0] : value;

/** The same elements, their values by another spelling. */
function respelt(change: (value: unknown) => unknown): (statement: Statement) => Statement {
  const conditions = (condition: Tree): Tree =>
    Object.fromEntries(
      Object.entries(condition).map(([operator, keys]) => [
        operator,
        Object.fromEntries(Object.entries(keys as Tree).map(([key, value]) => [key, change(value)])),
      ]),
    );
  return (statement) =>
    Object.fromEntries(
      Object.entries(statement).map(([element, value]) => {
        if (/^(?:Not)?(?:Action|Resource)$/.test(element)) return [element, change(value)];
        if (element === "Condition") return [element, conditions(value as Tree)];
        if (element === "Principal" && typeof value === "object") {
          return [
            element,
            Object.fromEntries(Object.entries(value as Tree).map(([kind, names]) => [kind, change(names)])),
          ];
        }
        return [element, value];
      }),
    );
}

function shouted(value: unknown): unknown {
  return Array.isArray(value) ? value.map(shouted) : String(value).toUpperCase().replace(":", ":");
}

/** A text of a stack with every logical name of some types changed, and all that refers to it. */
export function renamed(json: object): object {
  const resources = (json as { resource: Record<string, Record<string, object>> }).resource;
  const names = Object.entries(resources).flatMap(([type, named]) =>
    Object.keys(named).map((name) => ({ type, name })),
  );
  let text = JSON.stringify(json);
  // The longest first: one name may begin another.
  for (const { type, name } of names.sort((a, b) => b.name.length - a.name.length)) {
    text = text
      .replaceAll(`${type}.${name}.`, `${type}.r_${name}_2.`)
      .replaceAll(`"${type}.${name}"`, `"${type}.r_${name}_2"`);
  }
  const changed = JSON.parse(text) as typeof json & { resource: Record<string, Record<string, object>> };
  changed.resource = Object.fromEntries(
    Object.entries(changed.resource).map(([type, named]) => [
      type,
      Object.fromEntries(Object.entries(named).map(([name, body]) => [`r_${name}_2`, body])),
    ]),
  );
  return changed;
}

/** Edits of a stack by hand that change nothing of what it means to AWS, or nothing that must be proved. */
export const EDITS: readonly (readonly [string, (hand: Hand) => void])[] = [
  [
    "statements in another order",
    (hand) => {
      eachDocument(hand, (statements) => [...statements].reverse());
    },
  ],
  [
    "elements in another order",
    (hand) => {
      eachDocument(hand, (statements) =>
        statements.map((statement) => Object.fromEntries(Object.entries(statement).reverse())),
      );
    },
  ],
  [
    "other Sids",
    (hand) => {
      eachDocument(hand, (statements) =>
        statements.map((statement, index) => ({ ...statement, Sid: `Renamed${index}` })),
      );
    },
  ],
  [
    "no Sids",
    (hand) => {
      eachDocument(hand, (statements) => statements.map(withoutSid));
    },
  ],
  [
    "lists in the place of single texts",
    (hand) => {
      eachDocument(hand, (statements) => statements.map(respelt(asList)));
    },
  ],
  [
    "single texts in the place of lists of one",
    (hand) => {
      eachDocument(hand, (statements) => statements.map(respelt(asOne)));
    },
  ],
  [
    "actions in another case",
    (hand) => {
      eachDocument(hand, (statements) =>
        statements.map((statement) =>
          "Action" in statement ? { ...statement, Action: shouted(statement["Action"]) } : statement,
        ),
      );
    },
  ],
  [
    "condition keys in another case",
    (hand) => {
      eachDocument(hand, (statements) =>
        statements.map((statement) =>
          statement["Condition"] === undefined
            ? statement
            : {
                ...statement,
                Condition: Object.fromEntries(
                  Object.entries(statement["Condition"] as Tree).map(([operator, keys]) => [
                    operator,
                    Object.fromEntries(Object.entries(keys as Tree).map(([key, value]) => [key.toLowerCase(), value])),
                  ]),
                ),
              },
        ),
      );
    },
  ],
  [
    "each action and each resource in a statement of its own",
    (hand) => {
      eachDocument(hand, (statements) =>
        statements.flatMap((statement) => {
          // A denial of all but several things is no sum of denials of all but one; a list of resources is.
          const actions = [statement["Action"]].flat();
          const split = actions.map((action) => ({ ...statement, Action: action, Sid: undefined }));
          return split.flatMap((each) =>
            Array.isArray(each["Resource" as never])
              ? (each["Resource" as never] as string[]).map((resource) => ({ ...each, Resource: resource }))
              : [each],
          );
        }),
      );
    },
  ],
  [
    "equal statements merged",
    (hand) => {
      eachDocument(hand, (statements) => {
        const merged = new Map<string, Statement>();
        for (const { Action: action, ...rest } of statements.map(withoutSid)) {
          const key = JSON.stringify(rest);
          const known = merged.get(key);
          merged.set(key, { ...rest, Action: [...new Set([known?.["Action"] ?? [], action].flat(2))] });
        }
        return [...merged.values()];
      });
    },
  ],
  [
    "an element `Id` and white space in documents",
    (hand) => {
      for (const [type, attribute] of Object.entries(POLICIES)) {
        for (const body of Object.values(hand.ofType(type))) {
          body[attribute] = JSON.stringify(
            { Id: "any", ...(JSON.parse(String(body[attribute])) as object) },
            undefined,
            2,
          );
        }
      }
    },
  ],
  [
    "one statement instead of a list of one",
    (hand) => {
      for (const [type, attribute] of Object.entries(POLICIES)) {
        for (const body of Object.values(hand.ofType(type))) {
          const document = JSON.parse(String(body[attribute])) as { Statement: Statement[] };
          if (document.Statement.length === 1)
            body[attribute] = JSON.stringify({ ...document, Statement: document.Statement[0] });
        }
      }
    },
  ],
  [
    "a role's policy in two resources",
    (hand) => {
      const policy = hand.policy("gateway");
      const document = JSON.parse(String(policy.body["policy"])) as { Statement: Statement[] };
      const [first, ...rest] = document.Statement;
      policy.body["policy"] = JSON.stringify({ ...document, Statement: rest });
      hand.add("aws_iam_role_policy", "gateway_more", {
        ...policy.body,
        policy: JSON.stringify({ ...document, Statement: [first] }),
      });
    },
  ],
  [
    "a managed policy in the place of an inline one",
    (hand) => {
      const policy = hand.policy("decide");
      hand.add("aws_iam_policy", "decide", { name: "decide", policy: policy.body["policy"] });
      hand.add("aws_iam_role_policy_attachment", "decide", {
        role: policy.body["role"],
        policy_arn: "${aws_iam_policy.decide.arn}",
      });
      hand.remove("aws_iam_role_policy", policy.address.replace("aws_iam_role_policy.", ""));
    },
  ],
  [
    "a name in the place of a reference",
    (hand) => {
      const policy = hand.policy("decide");
      policy.body["role"] = hand.role("decide").body["name"];
    },
  ],
  [
    "states of the workflow in another order, with comments",
    (hand) => {
      hand.workflow((scope, machine) => {
        for (const [name, state] of Object.entries(scope).reverse()) {
          Reflect.deleteProperty(scope, name);
          scope[name] = { Comment: "any", ...state };
        }
        machine["Comment"] = "any";
      });
    },
  ],
  [
    "a further way to Announce",
    (hand) => {
      hand.workflow((scope) => {
        (scope["Route"]!["Choices"] as Tree[]).unshift({
          Variable: "$.inspection.route",
          StringEquals: "deny",
          Next: "Announce",
        });
      });
    },
  ],
  [
    "a wait before the write",
    (hand) => {
      hand.workflow((scope) => {
        scope["Pause"] = { Type: "Wait", Seconds: 5, Next: "Write" };
        (scope["RouteAgain"]!["Choices"] as Tree[])[0]!["Next"] = "Pause";
      });
    },
  ],
  [
    "the approval within a branch of its own",
    (hand) => {
      hand.workflow((scope) => {
        const ask = { ...scope["RequestApproval"]!, End: true };
        Reflect.deleteProperty(ask, "Next");
        Reflect.deleteProperty(ask, "Catch");
        scope["RequestApproval"] = {
          Type: "Parallel",
          Branches: [{ StartAt: "Ask", States: { Ask: ask } }],
          ResultPath: null,
          Catch: [{ ErrorEquals: ["States.ALL"], ResultPath: "$.failure", Next: "Announce" }],
          Next: "InspectAgain",
        };
      });
    },
  ],
];
