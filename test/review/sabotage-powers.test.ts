import { noticed } from "./notice";
import { POWER_SABOTAGES } from "./sabotages/powers";

describe("a change of who may do what does not go unnoticed", () => {
  test.each(POWER_SABOTAGES)("$name", (sabotage) => {
    expect(noticed(sabotage)).toEqual({ verdict: sabotage.verdict ?? "counterexample", isFound: true, isCited: true });
  });
});
