import fc from "fast-check";

import { approvalSatisfied, type ApprovalDecision } from "../../src/policy";

const ISSUER = "https://idp.example.com";
const says = (
  subject: string,
  groups: readonly string[],
  decision: "approve" | "deny" = "approve",
): ApprovalDecision => ({
  decision,
  approver: { issuer: ISSUER, subject },
  groups,
});
const asks = (...groups: readonly (readonly [string, number])[]) => ({
  groups: groups.map(([group, count]) => ({ group, count })),
  expires: "PT24H",
});

describe("approvalSatisfied", () => {
  it("waits until everyone has agreed", () => {
    const approval = asks(["hr", 1], ["iam", 1]);
    expect(approvalSatisfied(approval, [], [])).toBe("waiting");
    expect(approvalSatisfied(approval, [says("a", ["hr"])], [])).toBe("waiting");
    expect(approvalSatisfied(approval, [says("a", ["hr"]), says("b", ["iam"])], [])).toBe("approved");
  });

  it("counts a person once, even with two groups or two decisions", () => {
    expect(approvalSatisfied(asks(["hr", 1], ["iam", 1]), [says("a", ["hr", "iam"])], [])).toBe("waiting");
    expect(approvalSatisfied(asks(["hr", 2]), [says("a", ["hr"]), says("a", ["hr"])], [])).toBe("waiting");
  });

  it("tells people apart by issuer and subject together", () => {
    const other = { ...says("a", ["hr"]), approver: { issuer: "https://other.example.com", subject: "a" } };
    expect(approvalSatisfied(asks(["hr", 2]), [says("a", ["hr"]), other], [])).toBe("approved");
  });

  it("counts accounts that share a worker id once, however it is spelled, and over a chain of them", () => {
    const asked = asks(["hr", 1], ["iam", 1]);
    const of = (subject: string, group: string, workerId?: string) => ({ ...says(subject, [group]), workerId });
    expect(approvalSatisfied(asked, [of("a", "hr", "WD-1"), of("b", "iam", " wd-1 ")], [])).toBe("waiting");
    for (const spelled of ["WD\u20111", "wd\u22121", "W\u200bD-1", "WD-1\ufe0f", "\uff37D\u00ad-1"])
      expect(approvalSatisfied(asked, [of("a", "hr", "WD-1"), of("b", "iam", spelled)], [])).toBe("waiting");
    expect(approvalSatisfied(asked, [of("a", "hr", "WD-1"), of("b", "iam", "WD-2")], [])).toBe("approved");
    expect(approvalSatisfied(asked, [of("a", "hr", " "), of("b", "iam", "")], [])).toBe("approved");
    const chain = [of("a", "hr", "WD-1"), of("c", "iam", "WD-2"), of("a", "sales", "WD-2")];
    expect(approvalSatisfied(asked, chain, [])).toBe("waiting");
  });

  it("gives no seat to another account of an excluded person", () => {
    const accounts = [
      { ...says("a", ["hr"]), workerId: "WD-1" },
      { ...says("b", ["hr"]), workerId: "wd-1" },
    ];
    expect(approvalSatisfied(asks(["hr", 1]), accounts, [{ issuer: ISSUER, subject: "a" }])).toBe("waiting");
    expect(approvalSatisfied(asks(["hr", 1]), accounts, [])).toBe("approved");
  });

  it("finds an assignment whatever the order", () => {
    const both = says("a", ["hr", "iam"]);
    const one = says("b", ["hr"]);
    for (const decisions of [
      [both, one],
      [one, both],
    ]) {
      expect(approvalSatisfied(asks(["hr", 1], ["iam", 1]), decisions, [])).toBe("approved");
      expect(approvalSatisfied(asks(["iam", 1], ["hr", 1]), decisions, [])).toBe("approved");
    }
  });

  it("fails on any denial, also after enough agreed, and by the same person", () => {
    expect(approvalSatisfied(asks(["hr", 1]), [says("a", ["hr"]), says("b", ["hr"], "deny")], [])).toBe("denied");
    expect(approvalSatisfied(asks(["hr", 1]), [says("a", ["hr"]), says("a", ["hr"], "deny")], [])).toBe("denied");
  });

  it("does not hear excluded people", () => {
    const excluded = [{ issuer: ISSUER, subject: "a" }];
    expect(approvalSatisfied(asks(["hr", 1]), [says("a", ["hr"])], excluded)).toBe("waiting");
    expect(approvalSatisfied(asks(["hr", 1]), [says("b", ["hr"]), says("a", ["hr"], "deny")], excluded)).toBe(
      "approved",
    );
  });

  it("refuses to be satisfied by nobody", () => {
    expect(approvalSatisfied(asks(), [says("a", ["hr"])], [])).toBe("waiting");
    expect(approvalSatisfied(asks(["hr", 0]), [], [])).toBe("waiting");
    expect(approvalSatisfied(asks(["hr", 1]), [says("a", ["sales"])], [])).toBe("waiting");
  });

  it("agrees with trying every assignment", () => {
    const groups = ["g1", "g2", "g3"] as const;
    const people = fc.array(fc.uniqueArray(fc.constantFrom(...groups)), { maxLength: 5 });
    const seats = fc.uniqueArray(fc.tuple(fc.constantFrom(...groups), fc.integer({ min: 1, max: 2 })), {
      minLength: 1,
      selector: ([group]) => group,
    });
    fc.assert(
      fc.property(people, seats, (groupsOfPeople, asked) => {
        const decisions = groupsOfPeople.map((own, index) => says(`p${String(index)}`, own));
        const wanted = asked.flatMap(([group, count]) => Array.from({ length: count }, () => group));
        const fill = (open: readonly string[], free: readonly number[]): boolean => {
          const [first, ...rest] = open;
          return (
            first === undefined ||
            free.some(
              (person) =>
                groupsOfPeople[person]?.includes(first as never) === true &&
                fill(
                  rest,
                  free.filter((each) => each !== person),
                ),
            )
          );
        };
        const possible = fill(
          wanted,
          groupsOfPeople.map((_, index) => index),
        );
        expect(approvalSatisfied(asks(...asked), decisions, [])).toBe(possible ? "approved" : "waiting");
      }),
      { numRuns: 1000 },
    );
  });
});
