import { noticed } from "./notice";
import { DOOR_SABOTAGES } from "./sabotages/doors";

describe("a change of ways in and trust does not go unnoticed", () => {
  test.each(DOOR_SABOTAGES)("$name", (sabotage) => {
    expect(noticed(sabotage)).toEqual({ verdict: sabotage.verdict ?? "counterexample", isFound: true, isCited: true });
  });
});
