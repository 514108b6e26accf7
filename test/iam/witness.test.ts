import * as fc from "fast-check";

import { documentProblem, evaluate, witnessesOf, type PolicyDocument } from "../../src/iam";

/** Which of some patterns a text matches, by the evaluator itself. */
function matched(patterns: readonly string[], text: string): string {
  return patterns
    .map((pattern) => {
      const document: PolicyDocument = {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Action: "s3:GetObject",
            Resource: "*",
            Condition: { StringLike: { "aws:PrincipalTag/k": pattern } },
          },
        ],
      };
      const request = {
        principalArn: "arn:aws:iam::111122223333:role/app",
        action: "s3:GetObject",
        resource: "arn:aws:s3:::a",
        context: { "aws:PrincipalTag/k": text },
      };
      return evaluate(request, { identity: [document] }).decision === "allow" ? "1" : "0";
    })
    .join("");
}

describe("witnesses", () => {
  const pattern = fc.string({ unit: fc.constantFrom("a", "b", "/", "*", "?"), maxLength: 5 });
  const text = fc.string({ unit: fc.constantFrom("a", "b", "/", "c"), maxLength: 6 });

  test("stand for every text: none is told apart from all of them", () => {
    fc.assert(
      fc.property(fc.array(pattern, { minLength: 1, maxLength: 4 }), text, (patterns, any) => {
        const { texts, complete } = witnessesOf(patterns);
        expect(complete).toBe(true);
        expect(texts.map((each) => matched(patterns, each))).toContain(matched(patterns, any));
      }),
      { numRuns: 300 },
    );
  });

  test("hold literal patterns as they are, and a text that is none of them", () => {
    const { texts } = witnessesOf(["manager", "work_email"]);
    expect(texts).toEqual(expect.arrayContaining(["manager", "work_email"]));
    expect(texts.some((text) => text !== "manager" && text !== "work_email")).toBe(true);
  });

  test("take a literal star for a star", () => {
    expect(witnessesOf(["a${*}"]).texts).toContain("a*");
  });

  test("find what a wildcard covers besides the names on a list", () => {
    const { texts } = witnessesOf(["manager", "man*"]);
    expect(texts.some((text) => text.startsWith("man") && text !== "manager")).toBe(true);
  });

  test("say when there was more to look at than they did", () => {
    expect(witnessesOf(["*a*b*", "*b*a*", "??a*"], 5).complete).toBe(false);
  });

  test("fails for a pattern with a variable, which stands for no text", () => {
    expect(() => witnessesOf(["${aws:PrincipalTag/x}"])).toThrow(TypeError);
  });
});

describe("documentProblem", () => {
  const statement = { Effect: "Allow", Action: "s3:GetObject", Resource: "*" };

  test("is nothing for a document that is judged", () => {
    expect(documentProblem({ Version: "2012-10-17", Statement: [statement] }, "identity")).toBeUndefined();
  });

  test.each([
    ["no object", "text"],
    ["another version", { Version: "2008-10-17", Statement: [statement] }],
    [
      "an operator that IAM does not have",
      { Version: "2012-10-17", Statement: [{ ...statement, Condition: { StringEqualz: { "aws:SourceIp": "x" } } }] },
    ],
  ])("says where for %s", (_name, document) => {
    expect(documentProblem(document, "identity")?.path).not.toBe("");
  });
});
