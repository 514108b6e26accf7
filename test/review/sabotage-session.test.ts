import { noticed } from "./notice";
import { SESSION_SABOTAGES } from "./sabotages/session";

describe("a change of what a session is held to does not go unnoticed", () => {
  test.each(SESSION_SABOTAGES)("$name", (sabotage) => {
    expect(noticed(sabotage)).toEqual({ verdict: sabotage.verdict ?? "counterexample", isFound: true, isCited: true });
  });
});
