import type { Statement } from "../../../src/iam";
import { stackOfConfiguration } from "../../../src/review";
import type { Text } from "../../../src/review/report/content";
import { lexiconOf, type Lexicon } from "../../../src/review/report/lexicon";
import { durationInWords } from "../../../src/review/report/numbers";
import { explainStatement } from "../../../src/review/report/words";
import { readSystem } from "../../../src/review/system";
import { smallExample } from "../stacks";

let lexicon: Lexicon;

beforeAll(() => {
  lexicon = lexiconOf(readSystem(stackOfConfiguration(smallExample())));
});

function plainText(text: Text): string {
  return text
    .map((part) => (typeof part === "string" ? part : "code" in part ? part.code : JSON.stringify(part)))
    .join("");
}

/** A statement in words: the sentence, then its points. */
function words(statement: object): string[] {
  const { says, points } = explainStatement(statement as Statement, lexicon);
  return [says, ...points].map(plainText);
}

const TABLES = "arn:aws:dynamodb:eu-west-1:111122223333:table/acme-writeback-";

describe("a statement in words", () => {
  test.each<[object, string[]]>([
    [
      { Effect: "Allow", Action: ["dynamodb:GetItem", "dynamodb:BatchGetItem"], Resource: `${TABLES}ledger` },
      ["Allows to get item and batch get item (DynamoDB) on the ledger."],
    ],
    [
      {
        Effect: "Allow",
        Action: "dynamodb:Query",
        Resource: [`${TABLES}control/index/due`, `${TABLES}ledger/index/*`],
      },
      ["Allows to query (DynamoDB) on the index due of the control table and every index of the ledger."],
    ],
    [{ Effect: "Allow", Action: "*", Resource: "*" }, ["Allows to do everything on everything."]],
    [
      { Effect: "Deny", Action: ["sts:*", "execute-api:*"], Resource: "*" },
      ["Denies, whatever else allows it, to do everything (STS) and do everything (API Gateway) on everything."],
    ],
    [
      { Effect: "Allow", NotAction: "iam:PassRole", NotResource: "arn:aws:s3:::bucket" },
      ["Allows to do everything but hand on roles (IAM) on everything but arn:aws:s3:::bucket."],
    ],
    [
      { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
      ["Allows the service lambda.amazonaws.com to open a session (STS) as this role."],
    ],
    [
      {
        Effect: "Deny",
        NotPrincipal: { AWS: "arn:aws:iam::111122223333:role/acme-writeback-gateway" },
        Action: "kms:Decrypt",
        Resource: "*",
      },
      ["Denies everybody but the role of gateway, whatever else allows it, to decrypt (KMS) on everything."],
    ],
    [
      { Effect: "Allow", Principal: { AWS: ["arn:aws:iam::111122223333:root", "*"] }, Action: "kms:*", Resource: "*" },
      [
        "Allows everybody in the account 111122223333 whose own policies allow it and everybody to do everything (KMS) on everything.",
      ],
    ],
    [
      {
        Effect: "Allow",
        Action: "execute-api:Invoke",
        Resource:
          "arn:aws:execute-api:eu-west-1:111122223333:abc/live/PATCH/grants/${aws:PrincipalTag/grantId}/fields/*",
      },
      [
        "Allows to call (API Gateway) on requests PATCH /grants/${aws:PrincipalTag/grantId}/fields/* to stage live of the API abc.",
        "${aws:PrincipalTag/grantId} stands for the caller's own tag grantId.",
      ],
    ],
    [
      {
        Effect: "Allow",
        Action: "unknown:DoXYZThing",
        Resource: "arn:x",
        Condition: {
          StringNotEquals: { "aws:SourceVpce": "vpce-1" },
          Bool: { "aws:SecureTransport": "false" },
          Null: { "aws:TagKeys": "false" },
        },
      },
      [
        "Allows to do XYZ thing (unknown) on arn:x, only if:",
        "The VPC endpoint that the request came through (aws:SourceVpce) is not vpce-1, or is not given at all, and",
        "That the request comes over TLS (aws:SecureTransport) does not hold, and",
        "The names of the tags given (aws:TagKeys) is given.",
      ],
    ],
    [
      {
        Effect: "Deny",
        Action: "dynamodb:PutItem",
        Resource: "*",
        Condition: {
          "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["a#*", "b"] },
          "ForAnyValue:StringEquals": { "aws:TagKeys": "x" },
          StringEqualsIfExists: { "aws:PrincipalTag/team": "hr" },
          Vague: { "x:y": "z" },
        },
      },
      [
        "Denies, whatever else allows it, to put item (DynamoDB) on everything, if:",
        "Each value of the partition key touched (dynamodb:LeadingKeys) fits one of a#* or b, also where there is none, and",
        "At least one value of the names of the tags given (aws:TagKeys) is x, and",
        "The caller's tag team (aws:PrincipalTag) is hr, or is not given at all, and",
        "x:y fits Vague: z.",
      ],
    ],
    [
      { Effect: "Perhaps", Action: "*", Resource: "*" },
      ["Neither allows nor denies: its effect is none that IAM knows."],
    ],
    [
      { Effect: "Allow", Principal: null, Action: 5, Resource: { a: 1 }, Condition: "x" },
      ['Allows null to 5 (5) on {"a":1}.'],
    ],
  ])("%j", (statement, expected) => {
    expect(words(statement)).toEqual(expected);
  });

  test("counts what it does not write out: the document beside it has all", () => {
    const values = Array.from({ length: 200 }, (_, index) => `field_${index}`);
    const [, point = ""] = words({
      Effect: "Deny",
      Action: "execute-api:*",
      Resource: "*",
      Condition: { StringNotEquals: { "aws:PrincipalTag/field": values } },
    });
    expect(point).toContain("is none of 200 values: field_0, ");
    expect(point).toContain("or 192 more");
  });

  test("says something else for every other statement of the example", () => {
    const { resource } = smallExample() as { resource: Record<string, Record<string, { policy: string }>> };
    const statements = Object.values(resource["aws_iam_role_policy"] ?? {}).flatMap(
      ({ policy }) => (JSON.parse(policy) as { Statement: Statement[] }).Statement,
    );
    const bySaying = new Map<string, Set<string>>();
    for (const statement of statements) {
      const rest = Object.fromEntries(Object.entries(statement).filter(([element]) => element !== "Sid"));
      const said = words(rest).join("\n");
      bySaying.set(said, (bySaying.get(said) ?? new Set()).add(JSON.stringify(rest)));
    }
    expect(bySaying.size).toBeGreaterThan(50);
    expect([...bySaying].filter(([, alike]) => alike.size > 1)).toEqual([]);
  });
});

test.each([
  ["PT72H", "3 days"],
  ["PT24H", "1 day"],
  ["P1W", "1 week"],
  ["PT90M", "90 minutes"],
  ["PT1S", "1 second"],
  ["often", "often"],
])("the duration %s is %s", (text, expected) => {
  expect(durationInWords(text)).toBe(expected);
});
