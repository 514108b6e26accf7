import fc from "fast-check";

import { Hand } from "./hand";
import { EDITS, renamed } from "./neutral-edits";
import { objections, proofOf, smallExample } from "./stacks";

describe("an edit that changes nothing stays proved", () => {
  test.each(EDITS)("%s", (_name, change) => {
    const hand = new Hand(smallExample());
    change(hand);
    expect(JSON.stringify(hand.json)).not.toBe(JSON.stringify(smallExample()));
    expect(objections(proofOf(hand.json))).toEqual([]);
  });

  test("other logical names", () => {
    const json = renamed(smallExample());
    const names = Object.values((json as { resource: object }).resource).flatMap((named) =>
      Object.keys(named as object),
    );
    expect(names.filter((name) => !/^r_.*_2$/.test(name))).toEqual([]);
    expect(objections(proofOf(json))).toEqual([]);
  });

  test("several of them at once, in any order", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...EDITS.slice(0, 8)], { minLength: 2, maxLength: 4 }), (edits) => {
        const hand = new Hand(smallExample());
        for (const [, change] of edits) change(hand);
        expect(objections(proofOf(hand.json))).toEqual([]);
      }),
      { numRuns: 8 },
    );
  });
});

describe("the proof", () => {
  test("is the same for the same stack, whatever the order of its resources", () => {
    const json = smallExample() as { resource: Record<string, Record<string, object>> };
    const reversed = {
      ...json,
      resource: Object.fromEntries(
        Object.entries(json.resource)
          .reverse()
          .map(([type, named]) => [type, Object.fromEntries(Object.entries(named).reverse())]),
      ),
    };
    expect(proofOf(reversed)).toEqual(proofOf(json));
  });
});
