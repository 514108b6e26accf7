import type { Statement } from "../../../src/iam";
import { mentioning, without, withoutTest, type Hand, type Tree } from "../hand";
import { edited, noticed, permissionsOnly, reviewOf, reviewOfEdit } from "./stacks";

const OTHER_ROLE = "arn:aws:iam::111122223333:role/deploy";

const ACCOUNT = "111122223333";
const ROOT = `arn:aws:iam::${ACCOUNT}:root`;

/** A sentence of a resource's policy that lets the account say who may. */
function toAccount(account: string, action: string): Statement {
  return { Effect: "Allow", Principal: { AWS: account }, Action: action, Resource: "*" };
}

interface Case {
  readonly name: string;
  readonly edit: (hand: Hand) => unknown;
  readonly said: readonly string[];
  /** What one of the messages must say. */
  readonly words: string;
  /** What is said the other way round, where that is not the same narrowed. */
  readonly back?: readonly string[];
}

/** The one path of the connector, one field of it opened. */
function opened(statement: { Resource?: Statement["Resource"] }): void {
  statement.Resource = String(statement.Resource).replace("${aws:PrincipalTag/field}", "*");
}

const WIDER: readonly Case[] = [
  {
    name: "a principal gets an action",
    edit: (hand) =>
      hand.allow("sweeper", {
        Action: "dynamodb:DeleteItem",
        Resource: "arn:aws:dynamodb:eu-west-1:111122223333:table/acme-writeback-ledger",
      }),
    said: ["widens PermissionGained"],
    words:
      "sweeper may now `dynamodb:DeleteItem` on `arn:aws:dynamodb:eu-west-1:111122223333:table/acme-writeback-ledger`",
  },
  {
    name: "a principal gets a power of the trust model",
    edit: (hand) => hand.allow("inspect", { Action: "secretsmanager:GetSecretValue", Resource: "*" }),
    said: ["widens PermissionGained"],
    words: "read the writer credential",
  },
  {
    name: "a wildcard takes the place of a name",
    edit: (hand) =>
      hand.identity("gateway", (document) => {
        const statement = mentioning(document, "secretsmanager:GetSecretValue");
        statement.Action = "secretsmanager:*";
      }),
    said: ["widens PermissionGained"],
    words: "gateway may now `secretsmanager:",
  },
  {
    name: "everything but something is allowed",
    edit: (hand) => hand.allow("announce", { NotAction: ["iam:*", "events:*"], Resource: "*" }),
    said: ["widens PermissionGained"],
    words: "announce may now",
  },
  {
    name: "a condition is gone",
    edit: (hand) =>
      hand.identity("sweeper", (document) => {
        const statement = mentioning(document, "dynamodb:LeadingKeys", "Allow");
        delete statement.Condition;
      }),
    said: ["widens PermissionGained"],
    words: "sweeper may now `dynamodb:",
  },
  {
    name: "a denial is gone",
    edit: (hand) =>
      hand.identity("connector-execution", (document) => {
        without(document, "sts:*");
      }),
    said: ["widens PermissionGained"],
    words: "connector-execution is no longer denied `execute-api:Invoke`",
  },
  {
    name: "the connector's own policy covers more fields",
    edit: (hand) =>
      hand.identity("connector", (document) => {
        opened(mentioning(document, "execute-api:Invoke", "Allow"));
      }),
    said: ["widens PermissionGained"],
    words: "connector may now `execute-api:Invoke` on",
  },
  {
    name: "the list of writable fields names one more",
    edit: (hand) =>
      hand.identity("connector", (document) => {
        const statement = mentioning(document, "execute-api:Invoke", "Allow") as {
          Condition?: Record<string, Record<string, string[]>>;
        };
        const [keys] = Object.values(statement.Condition ?? {}).filter((each) => "aws:PrincipalTag/field" in each);
        keys?.["aws:PrincipalTag/field"]?.push("base_salary");
      }),
    said: ["widens PermissionGained"],
    words: "/fields/base_salary`",
  },
  {
    name: "the boundary is gone",
    edit: (hand) => {
      delete hand.role("connector").body["permissions_boundary"];
    },
    // Nobody has the policy any more: whoever gets it elsewhere, has what it allows.
    said: ["widens BoundaryRemoved", "widens PrincipalAdded"],
    words: "connector has no boundary any more",
    back: ["narrows BoundaryAdded", "narrows PrincipalRemoved"],
  },
  {
    name: "the boundary lets more through",
    edit: (hand) =>
      hand.boundary((document) => {
        opened(mentioning(document, "execute-api:Invoke", "Allow"));
      }),
    said: ["widens BoundaryWidened"],
    words: "the boundary of connector now lets through `execute-api:Invoke`",
  },
  {
    name: "the boundary denies less",
    edit: (hand) =>
      hand.boundary((document) => {
        document.Statement = document.Statement.filter(({ Effect }) => Effect === "Allow");
      }),
    said: ["widens BoundaryWidened"],
    words: "the boundary of connector now lets through `execute-api:Invoke`",
  },
  {
    name: "the session policy opens the path",
    edit: (hand) =>
      hand.session((document) => {
        const [statement] = document.Statement;
        if (statement !== undefined) statement.Resource = String(statement.Resource).replace("{field}", "*");
      }),
    said: ["widens SessionPolicyWidened"],
    words: "the session policy now allows `execute-api:Invoke` on",
  },
  {
    name: "the session policy never ends",
    edit: (hand) =>
      hand.session((document) => {
        for (const statement of document.Statement) delete statement.Condition;
      }),
    said: ["widens SessionPolicyWidened"],
    words: "the session policy now allows `execute-api:Invoke` on",
  },
  {
    name: "the session policy is gone",
    edit: (hand) => {
      const variables = (hand.fn("broker").body["environment"] as { variables: Tree }).variables;
      delete variables["SESSION_POLICY_TEMPLATE"];
    },
    said: ["widens SessionPolicyRemoved"],
    words: "the template of the session policy is gone",
    back: ["narrows SessionPolicyNarrowed"],
  },
  {
    name: "a role can be assumed by somebody else",
    edit: (hand) =>
      hand.trust("gateway", (document) => {
        document.Statement.push({ Effect: "Allow", Principal: { AWS: OTHER_ROLE }, Action: "sts:AssumeRole" });
      }),
    said: ["widens TrustWidened"],
    words: `the role of gateway can now be assumed by \`${OTHER_ROLE}\`: \`sts:AssumeRole\``,
  },
  {
    name: "a role can be assumed by a whole account",
    edit: (hand) =>
      hand.trust("connector", (document) => {
        document.Statement.push({
          Effect: "Allow",
          Principal: { AWS: "arn:aws:iam::444455556666:root" },
          Action: "sts:AssumeRole",
        });
      }),
    said: ["widens TrustWidened"],
    words: "the role of connector can now be assumed by `arn:aws:iam::444455556666:role/anybody`",
  },
  {
    name: "the connector's role can be assumed without a tag",
    edit: (hand) =>
      hand.trust("connector", (document) => {
        const statement = mentioning(document, "sts:AssumeRole");
        delete statement.Condition;
      }),
    said: ["widens TrustWidened"],
    words: "the role of connector can now be assumed by broker: `sts:AssumeRole`",
  },
  {
    name: "the bus takes events of anybody",
    edit: (hand) =>
      hand.bus((document) => {
        document.Statement.push({ Effect: "Allow", Principal: "*", Action: "events:PutEvents", Resource: "*" });
      }),
    said: ["widens ResourcePolicyWidened"],
    words: "the policy of bus `acme-writeback-lifecycle` now lets",
  },
  {
    name: "the API denies less",
    edit: (hand) =>
      hand.api((document) => {
        document.Statement = document.Statement.slice(1);
      }),
    said: ["widens ResourcePolicyWidened"],
    words: "no longer stops",
  },
  {
    name: "the API looks past the case of a field",
    edit: (hand) =>
      hand.api((document) => {
        const statement = mentioning(document, "work_email", "Deny");
        statement.Condition = { StringNotEqualsIgnoreCase: statement.Condition?.["StringNotEquals"] ?? {} };
      }),
    said: ["widens ResourcePolicyWidened"],
    words: "no longer stops connector: `execute-api:Invoke`",
  },
  {
    name: "the API has no policy",
    edit: (hand) => {
      hand.remove("aws_api_gateway_rest_api_policy", "");
    },
    said: ["widens ResourcePolicyRemoved"],
    words: "is gone, with",
    back: ["narrows ResourcePolicyNarrowed"],
  },
  {
    name: "the queue takes messages of others",
    edit: (hand) =>
      hand.queue((document) => {
        document.Statement.push({
          Effect: "Allow",
          Principal: { AWS: OTHER_ROLE },
          Action: "sqs:SendMessage",
          Resource: "*",
        });
      }),
    said: ["widens ResourcePolicyWidened"],
    words: OTHER_ROLE,
  },
  {
    name: "the key can be used by others",
    edit: (hand) =>
      hand.key("data", (document) => {
        document.Statement.push({
          Effect: "Allow",
          Principal: { AWS: OTHER_ROLE },
          Action: "kms:Decrypt",
          Resource: "*",
        });
      }),
    said: ["widens ResourcePolicyWidened"],
    words: OTHER_ROLE,
  },
  {
    name: "the bucket shows its records to others",
    edit: (hand) => {
      hand.document(hand.find("aws_s3_bucket_policy", "audit_archive"), "policy", (document) => {
        document.Statement.push({
          Effect: "Allow",
          Principal: { AWS: OTHER_ROLE },
          Action: "s3:GetObject",
          Resource: "*",
        });
      });
    },
    said: ["widens ResourcePolicyWidened"],
    words: OTHER_ROLE,
  },
  {
    name: "the bucket takes requests without TLS",
    edit: (hand) => {
      hand.document(hand.find("aws_s3_bucket_policy", "audit_archive"), "policy", (document) => {
        without(document, "aws:SecureTransport");
      });
    },
    said: ["widens ResourcePolicyWidened"],
    words: "the policy of bucket",
  },
  {
    name: "a topic tells others",
    edit: (hand) => {
      hand.document(hand.find("aws_sns_topic_policy", "audit_alerts"), "policy", (document) => {
        document.Statement.push({
          Effect: "Allow",
          Principal: { AWS: OTHER_ROLE },
          Action: "sns:Subscribe",
          Resource: "*",
        });
      });
    },
    said: ["widens ResourcePolicyWidened"],
    words: OTHER_ROLE,
  },
  {
    name: "the queue takes messages of whoever the account lets",
    edit: (hand) => hand.queue((document) => document.Statement.push(toAccount(ROOT, "sqs:SendMessage"))),
    said: ["widens ResourcePolicyWidened"],
    words: "the policy of queue `acme-writeback-intake` now lets the whole account `sqs:SendMessage`",
  },
  {
    name: "the bus takes events of whoever the account lets",
    edit: (hand) => hand.bus((document) => document.Statement.push(toAccount(ACCOUNT, "events:PutEvents"))),
    said: ["widens ResourcePolicyWidened"],
    words: "the policy of bus `acme-writeback-lifecycle` now lets the whole account `events:PutEvents`",
  },
  {
    name: "a topic tells whoever the account lets",
    edit: (hand) => {
      hand.document(hand.find("aws_sns_topic_policy", "audit_alerts"), "policy", (document) => {
        document.Statement.push(toAccount(ROOT, "sns:Subscribe"));
      });
    },
    said: ["widens ResourcePolicyWidened"],
    words: "the policy of topic `acme-writeback-audit` now lets the whole account `sns:Subscribe`",
  },
  {
    name: "the key can be used by whoever the account lets",
    edit: (hand) => hand.key("data", (document) => document.Statement.push(toAccount(ACCOUNT, "kms:Decrypt"))),
    said: ["widens ResourcePolicyWidened"],
    words: "no longer stops announce: `kms:Decrypt`",
  },
  {
    name: "a function may be invoked by others",
    edit: (hand) =>
      hand.add("aws_lambda_permission", "other", {
        action: "lambda:InvokeFunction",
        function_name: `\${aws_lambda_function.${hand.fn("broker").name}.function_name}`,
        principal: OTHER_ROLE,
        statement_id: "Other",
      }),
    said: ["widens ResourcePolicyWidened"],
    words: OTHER_ROLE,
    back: ["narrows ResourcePolicyNarrowed"],
  },
  {
    name: "a permission of a function holds for every API",
    edit: (hand) => {
      delete hand.find("aws_lambda_permission", "field-gateway_invoke-permission").body["source_arn"];
    },
    said: ["widens ResourcePolicyWidened"],
    words: "apigateway.amazonaws.com",
  },
  {
    name: "an endpoint lets everything through, but for a denial",
    edit: (hand) => {
      const endpoint = hand.find("aws_vpc_endpoint");
      hand.document(endpoint, "policy", (document) => {
        document.Statement.push({ Effect: "Allow", Principal: "*", Action: "execute-api:Invoke", Resource: "*" });
      });
    },
    said: ["widens ResourcePolicyWidened"],
    words: "the policy of endpoint `aws_vpc_endpoint.some` now lets",
  },
  {
    name: "a role is new",
    edit: (hand) => {
      hand.add("aws_iam_role", "other", {
        name: "other",
        assume_role_policy: hand.role("inspect").body["assume_role_policy"],
      });
      hand.add("aws_iam_role_policy", "other", {
        name: "other",
        role: "${aws_iam_role.other.name}",
        policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::a/*" }],
        }),
      });
    },
    said: ["widens PrincipalAdded"],
    words: "role other is new and may `s3:GetObject`",
    back: ["narrows PrincipalRemoved"],
  },
  {
    name: "a managed policy is attached",
    edit: (hand) =>
      hand.add("aws_iam_role_policy_attachment", "other", {
        role: `\${aws_iam_role.${hand.role("notifier").name}.name}`,
        policy_arn: "arn:aws:iam::aws:policy/AdministratorAccess",
      }),
    said: ["widens PermissionGained"],
    words: "notifier may now",
  },
  {
    name: "the kill switch may stop less",
    edit: (hand) =>
      hand.identity("kill-switch", (document) => {
        document.Statement = document.Statement.filter(
          (statement) => !JSON.stringify(statement).includes("AttachRolePolicy"),
        );
      }),
    said: ["widens KillSwitchWeakened"],
    words: "kill-switch may no longer `iam:AttachRolePolicy`",
    back: ["widens PermissionGained"],
  },
  {
    name: "the policy that stops the connector denies less",
    edit: (hand) => {
      const policy = hand.find("aws_iam_policy", "stop-policy");
      hand.document(policy, "policy", (document) => {
        for (const statement of document.Statement) statement.Action = "sts:*";
      });
    },
    said: ["widens KillSwitchWeakened"],
    words: "is no longer denied",
    back: ["narrows PermissionLost"],
  },
];

/** The small stack with an endpoint, which lets one role make one kind of request. */
function withEndpoint(): object {
  const one = { AWS: "arn:aws:iam::111122223333:role/acme-writeback-connector" };
  const policy = {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: one,
        Action: "execute-api:Invoke",
        Resource: "arn:aws:execute-api:eu-west-1:111122223333:api/*",
      },
      { Effect: "Deny", Principal: "*", Action: "*", NotResource: "arn:aws:execute-api:eu-west-1:111122223333:api/*" },
    ],
  };
  return edited((hand) => hand.add("aws_vpc_endpoint", "some", { policy: JSON.stringify(policy) }), permissionsOnly());
}

describe("a change of what IAM decides", () => {
  test.each(WIDER)("is told where $name", ({ edit, said, words }) => {
    const review = reviewOfEdit(edit, withEndpoint());
    expect(noticed(review).filter((each) => !each.startsWith("narrows"))).toEqual(said);
    expect(review.changes.map(({ message }) => message).join("\n")).toContain(words);
    expect(review.who.map(({ id }) => id)).toEqual(["identity", "security"]);
  });

  test.each(WIDER)("is told the other way round where $name, and is undone", ({ edit, said, back }) => {
    const review = reviewOf(edited(edit, withEndpoint()), withEndpoint());
    const expected =
      back ??
      said.map((each) => each.replace("widens", "narrows").replace("Gained", "Lost").replace("Widened", "Narrowed"));
    expect(noticed(review)).toEqual(expect.arrayContaining([...expected]));
  });
});

describe("a policy that names the account", () => {
  const naming = (statement: Statement): object => {
    const change = (hand: Hand): unknown => hand.queue((document) => document.Statement.push(statement));
    return edited(change, permissionsOnly());
  };
  const plain = toAccount(ROOT, "sqs:SendMessage");
  const limited = { ...plain, Condition: { StringEquals: { "aws:PrincipalOrgID": "o-1" } } };

  test("means the same by the root's ARN and by its number, and one action in two spellings", () => {
    const review = reviewOf(naming(plain), naming(toAccount(ACCOUNT, "SQS:sendmessage")));
    expect(noticed(review)).toEqual([]);
  });

  test("is narrower with a condition, and wider without", () => {
    expect(noticed(reviewOf(naming(plain), naming(limited)))).toEqual(["narrows ResourcePolicyNarrowed"]);
    expect(noticed(reviewOf(naming(limited), naming(plain)))).toEqual(["widens ResourcePolicyWidened"]);
  });
});

describe("what is told of permissions", () => {
  test("names the statement that allows, and the request", () => {
    const [change] = reviewOfEdit((hand) =>
      hand.allow("sweeper", { Sid: "Extra", Action: "s3:GetObject", Resource: "arn:aws:s3:::records/*" }),
    ).changes;
    expect(change?.statements.map(({ sid, effect }) => [sid, effect])).toEqual([["Extra", "Allow"]]);
    expect(change?.request).toMatchObject({ principal: "sweeper", action: "s3:getobject" });
  });

  test("a document that cannot be judged is for a human", () => {
    const review = reviewOfEdit((hand) => {
      hand.policy("sweeper").body["policy"] = "${data.aws_iam_policy_document.other.json}";
    });
    expect(noticed(review)).toContain("look DocumentUnread");
  });

  test("a document in a language that the evaluator does not know is for a human", () => {
    const review = reviewOfEdit((hand) =>
      hand.allow("sweeper", {
        Action: "s3:GetObject",
        Resource: "*",
        Condition: { StringMatches: { "aws:username": "x" } },
      }),
    );
    expect(noticed(review)).toContain("look DocumentUnread");
  });

  test("a condition without a certain meaning is for a human", () => {
    const review = reviewOfEdit((hand) =>
      hand.allow("sweeper", {
        Action: "s3:GetObject",
        Resource: "arn:aws:s3:::records/*",
        Condition: { StringEquals: { "aws:TagKeys": "a" }, "ForAllValues:StringEquals": { "aws:TagKeys": ["a", "b"] } },
      }),
    );
    expect(noticed(review)).toContain("look PermissionUndecided");
  });

  test("a test that is taken away, and one that is added, are told apart", () => {
    const review = reviewOfEdit((hand) =>
      hand.trust("connector", (document) => {
        withoutTest(mentioning(document, "sts:AssumeRole"), "Null");
      }),
    );
    expect(noticed(review).every((each) => /Trust/.test(each))).toBe(true);
  });
});
