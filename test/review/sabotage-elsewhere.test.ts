import { noticed } from "./notice";
import { ELSEWHERE_SABOTAGES, SETTING_SABOTAGES } from "./sabotages/elsewhere";

describe("values elsewhere, and settings that make a stack another, do not go unnoticed", () => {
  test.each([...ELSEWHERE_SABOTAGES, ...SETTING_SABOTAGES])("$name", (sabotage) => {
    expect(noticed(sabotage)).toEqual({ verdict: sabotage.verdict ?? "counterexample", isFound: true, isCited: true });
  });
});
