import * as fc from "fast-check";

import { parsePolicy, policyDigest, policyFromItems, policyItems } from "../../src/policy";
import { delegationsTo, isInForce } from "../../src/policy/delegations";
import { DELEGATION, POLICY, withDelegation } from "../runtime/world";

describe("delegations", () => {
  test.each([
    ["2026-11-01T23:59:59.999Z", false],
    ["2026-11-02T00:00:00.000Z", true],
    ["2026-11-05T23:59:59.999Z", true],
    ["2026-11-06T00:00:00.000Z", false],
  ])("hold from the beginning of the first day to the end of the last: at %s %s", (at, holds) => {
    expect(isInForce(DELEGATION, Date.parse(at))).toBe(holds);
  });

  test("hold nothing on days that cannot be read", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer(), (text, now) => {
        const unread = { from: "2000-01-01", until: `${text}x` };
        return !isInForce(unread, now) && !isInForce({ from: unread.until, until: "2999-01-01" }, now);
      }),
    );
  });

  test("are those of the very subject", () => {
    const policy = parsePolicy(withDelegation());
    const now = Date.parse("2026-11-03T00:00:00Z");
    expect(delegationsTo(policy, DELEGATION.to.subject, now).map(({ id }) => id)).toEqual(["DEL-1"]);
    expect(delegationsTo(policy, DELEGATION.to.subject.toUpperCase(), now)).toEqual([]);
    expect(delegationsTo(parsePolicy(POLICY), DELEGATION.to.subject, now)).toEqual([]);
  });

  test("go into the table and come back, and a policy without any keeps its digest", () => {
    const policy = parsePolicy(withDelegation());
    expect(policyFromItems([...policyItems(policy)])).toEqual(policy);
    const none = parsePolicy(`${POLICY}delegations: []\n`);
    expect(policyDigest(none)).toBe(policyDigest(parsePolicy(POLICY)));
    expect(policyDigest(policy)).not.toBe(policyDigest(none));
  });
});
