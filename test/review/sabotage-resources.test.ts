import { noticed } from "./notice";
import { RESOURCE_SABOTAGES } from "./sabotages/resources";

describe("a change of policies and settings of resources does not go unnoticed", () => {
  test.each(RESOURCE_SABOTAGES)("$name", (sabotage) => {
    expect(noticed(sabotage)).toEqual({ verdict: sabotage.verdict ?? "counterexample", isFound: true, isCited: true });
  });
});
