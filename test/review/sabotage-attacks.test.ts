import { noticed } from "./notice";
import { ATTACKS } from "./sabotages/attacks";
import { ATTACKS_ON_PARTS } from "./sabotages/attacks-on-parts";

describe("what nobody of the trust model does, does not go unnoticed", () => {
  test.each([...ATTACKS, ...ATTACKS_ON_PARTS])("$name", (sabotage) => {
    expect(noticed(sabotage)).toEqual({ verdict: sabotage.verdict ?? "counterexample", isFound: true, isCited: true });
  });
});
