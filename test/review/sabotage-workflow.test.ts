import { noticed } from "./notice";
import { WORKFLOW_SABOTAGES } from "./sabotages/workflow";

describe("a change of the workflow does not go unnoticed", () => {
  test.each(WORKFLOW_SABOTAGES)("$name", (sabotage) => {
    expect(noticed(sabotage)).toEqual({ verdict: sabotage.verdict ?? "counterexample", isFound: true, isCited: true });
  });
});
