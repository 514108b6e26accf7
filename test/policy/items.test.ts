import fc from "fast-check";

import { canonicalDigest } from "../../src/core";
import {
  manifestHash,
  policyDigest,
  policyFromItems,
  policyItems,
  PolicyItemsError,
  type PolicyItem,
} from "../../src/policy";
import { policy } from "./arbitraries";

function refusal(items: readonly object[]): string {
  try {
    policyFromItems(items as readonly PolicyItem[]);
  } catch (error) {
    if (error instanceof PolicyItemsError) return error.code;
    throw error;
  }
  return "accepted";
}

/** Items as they come back from a table: plain JSON, in any order. */
const stored = policy.chain((of) =>
  fc
    .shuffledSubarray([...policyItems(of)], { minLength: policyItems(of).length })
    .map((items) => ({ of, items: structuredClone(items) })),
);

describe("policyItems", () => {
  it("holds the whole policy, whatever the order in which it is read", () => {
    fc.assert(
      fc.property(stored, ({ of, items }) => {
        expect(policyFromItems(items)).toEqual(of);
      }),
    );
  });

  it("has one readable item per definition, each with its own hash", () => {
    fc.assert(
      fc.property(policy, (of) => {
        const items = policyItems(of);
        const keys = items.map(({ sk }) => sk);
        expect(keys).toEqual([...new Set(keys)].sort());
        for (const [name, field] of Object.entries(of.fields)) {
          expect(items.find(({ sk }) => sk === `field#${name}`)).toMatchObject({
            pk: "policy",
            kind: "field",
            name,
            class: field.class,
            owner: field.owner,
          });
        }
        for (const { hash, ...rest } of items.filter(({ kind }) => kind !== "manifest"))
          expect(hash).toBe(canonicalDigest(rest));
        expect(items.find(({ sk }) => sk === "manifest")).toMatchObject({
          version: 1,
          policyDigest: policyDigest(of),
          items: items.length - 1,
          hash: manifestHash(items),
        });
      }),
    );
  });

  it("never holds null or undefined, which a table cannot tell apart", () => {
    fc.assert(
      fc.property(policy, (of) => {
        for (const item of policyItems(of))
          for (const value of Object.values(item)) expect(value ?? "absent").not.toBe("absent");
      }),
    );
  });

  it("changes one item and the manifest when one field changes", () => {
    fc.assert(
      fc.property(policy, (of) => {
        const [name, field] = Object.entries(of.fields)[0]!;
        const changed = { ...of, fields: { ...of.fields, [name]: { ...field, description: "changed" } } };
        const before = new Map(policyItems(of).map(({ sk, hash }) => [sk, hash]));
        const different = policyItems(changed).filter(({ sk, hash }) => before.get(sk) !== hash);
        expect(different.map(({ sk }) => sk)).toEqual([`field#${name}`, "manifest"]);
      }),
    );
  });
});

describe("policyFromItems", () => {
  const items = fc.sample(policy, { seed: 7, numRuns: 1 }).flatMap((of) => structuredClone([...policyItems(of)]));
  const others = items.filter(({ sk }) => sk !== "manifest");
  const manifest = items.find(({ sk }) => sk === "manifest")!;
  const rehashed = (item: object): object => {
    const rest = Object.fromEntries(Object.entries(item).filter(([member]) => member !== "hash"));
    return { ...rest, hash: canonicalDigest(rest) };
  };

  it("accepts what was stored", () => {
    expect(refusal(items)).toBe("accepted");
  });

  it("refuses items without their manifest", () => {
    expect(refusal(others)).toBe("ManifestMissing");
  });

  it.each(others.map((item, index) => [item.sk, index] as const))(
    "refuses a change of %s that keeps its hash",
    (_, index) => {
      expect(refusal(items.map((item) => (item === others[index] ? { ...item, added: "x" } : item)))).toBe(
        "ItemHashMismatch",
      );
    },
  );

  it.each(others.map((item, index) => [item.sk, index] as const))(
    "refuses a change of %s with a hash of its own",
    (_, index) => {
      expect(refusal(items.map((item) => (item === others[index] ? rehashed({ ...item, added: "x" }) : item)))).toBe(
        "ManifestMismatch",
      );
    },
  );

  it("refuses a missing item, an added one, and one given twice", () => {
    expect(refusal([...others.slice(1), manifest])).toBe("ManifestMismatch");
    expect(
      refusal([...items, rehashed({ pk: "policy", sk: "field#zeta", kind: "field", name: "zeta", class: "safe" })]),
    ).toBe("ManifestMismatch");
    expect(refusal([...items, others[0]!])).toBe("ManifestMismatch");
  });

  it("refuses a manifest of another policy, even one that fits the items", () => {
    expect(refusal([...others, { ...manifest, policyDigest: "0".repeat(64) }])).toBe("DigestMismatch");
    expect(refusal([...others, { ...manifest, items: 1 }])).toBe("ManifestMismatch");
  });

  it("refuses what is no item", () => {
    expect(refusal([...items, { pk: "policy", sk: "x" }])).toBe("ItemMalformed");
    expect(refusal([...items, { ...others[0]!, pk: "other" }])).toBe("ItemMalformed");
    expect(refusal([...items, { ...others[0]!, kind: "role" }])).toBe("ItemMalformed");
  });
});
