import fc from "fast-check";

import { compilePattern, MAX_STEPS, patternProblem } from "../../src/policy/pattern";

describe("patternProblem", () => {
  it.each([
    "[A-Z]{2}-\\d{4,6}",
    "WD-\\d+",
    "[\\p{L}' -]{1,64}",
    "(?:[a-z0-9-]+\\.)+[a-z]{2,}",
    "[a-z]+(\\.[a-z]+)*",
    "[A-Z][a-z]+(?: [A-Z][a-z]+)*",
    "(\\d{1,3}\\.){3}\\d{1,3}",
    "(?:ab|cd)*",
    '(?:\\\\.|[^\\\\"])*',
    "\\w+\\s+\\w+\\s+\\w+",
    "(?=.*\\d)[a-z\\d]+",
    "(?<year>\\d{4})-\\d{2}",
    "[\\]x-]+|\\u{1F600}?",
    "",
    "[a-z][a-z0-9.-]{1,63}",
    "CC-[0-9]{3,6}",
    "[A-Z]{0,3}[0-9]{3,8}",
    "B-[0-9]{4,8}",
    "(?:\\+|00)[1-9][0-9]{6,14}",
    "[^@]+@example\\.com",
    "(?:ab|cd)-[0-9]+",
    "[\\w.+-]+@[\\w-]+\\.[\\w.-]+",
    "[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?",
    "\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])",
    "\\d{1,3}(?:,\\d{3})*(?:\\.\\d{2})?",
    "CN=.{1,64},OU=.{1,64}",
    "(?!.*--)[a-z-]{3,30}",
    "[a-z]+(?<!x)",
    "(?<é>a)",
    "(?<\\u{e9}t\\u{e9}>a)",
    "\\uD83D\\uDE00{3}",
    "[ -~]{1,1000}",
  ])("accepts %s", (pattern) => {
    expect(patternProblem(pattern)).toBeUndefined();
  });

  it.each([
    ["(a+)+"],
    ["([a-z]+)*"],
    ["(a*)*"],
    ["(a|a)*"],
    ["(a|ab)*"],
    ["(?:a?){30}"],
    ["(x+x+)+y"],
    ["(\\d{1,3})+"],
    ["(?:x(?:a|a))*"],
    ["(?:a*a*,)+"],
    ["(?:[a-z.]+\\.)+"],
    ["\\s*\\s*\\s*x"],
    ["[a-z]*.*[a-z.]*"],
    ["(?=(a+)+b)a"],
    ["(a)\\1"],
    ["(?<n>a)\\k<n>"],
    ["(?:é+)+"],
    ["(?:(?:ab)+)+"],
    ["(?:a|aa){9}(?:a|aa){9}(?:a|aa){9}(?:a|aa){9}"],
    ["(?:[a-z]{1,9}){9}x"],
    [`${"a?".repeat(24)}b`],
    [`${"(?:|)".repeat(60)}x`],
    [`${"(?:a?|b?)".repeat(25)}x`],
    ["(?:|){100}x"],
    ["(?:\\xE9+)+"],
    ["(?:[\\xE0-\\xE9]+)+"],
    ["(?<=(a+)+)b"],
    ["(?<=b*a*a*)c*(?<=b*a*a*)d*x"],
    ["(?<=(?:ab|cb)*)x"],
    ["[a-z]*(?=.*x.*y)[a-z]*"],
    ["a".repeat(513)],
    [Array.from({ length: 8 }).reduce<string>((inner) => `(?:${inner}){9}`, "ab?")],
    ["((((((((a{9}b){9}c){9}d){9}e){9}f){9}g){9}h){9}i){9}"],
  ])("refuses %s as unsafe", (pattern) => {
    expect(patternProblem(pattern)?.kind).toBe("unsafe");
  });

  it.each(["(", "[z-a]", "a{2,1}", "*", "\\", "(?<n", "\\p{Nonsense}", "a)|(b"])("refuses %s as invalid", (pattern) => {
    expect(patternProblem(pattern)?.kind).toBe("invalid");
  });
});

/** A backtracking matcher that counts its steps, for expressions as the property below makes them. */
type Tree =
  | { readonly kind: "chars"; readonly chars: string }
  | { readonly kind: "sequence" | "choice"; readonly parts: readonly Tree[] }
  | { readonly kind: "repeat"; readonly body: Tree; readonly min: number; readonly max: number };

function render(tree: Tree): string {
  switch (tree.kind) {
    case "chars":
      return tree.chars.length === 1 ? tree.chars : `[${tree.chars}]`;
    case "sequence":
      return tree.parts.map(render).join("");
    case "choice":
      return `(?:${tree.parts.map(render).join("|")})`;
    case "repeat":
      return `(?:${render(tree.body)}){${String(tree.min)},${tree.max === Infinity ? "" : String(tree.max)}}`;
  }
}

/** Steps of a whole match of a text, in the order in which an engine tries; stops at the limit. */
function countSteps(tree: Tree, text: string, limit: number): number {
  let steps = 0;
  const match = (node: Tree, at: number, then: (at: number) => boolean): boolean => {
    if (++steps > limit) return true;
    switch (node.kind) {
      case "chars":
        return at < text.length && node.chars.includes(text[at] ?? "") && then(at + 1);
      case "choice":
        return node.parts.some((part) => match(part, at, then));
      case "sequence": {
        const from = (index: number, here: number): boolean => {
          const part = node.parts[index];
          return part === undefined ? then(here) : match(part, here, (next) => from(index + 1, next));
        };
        return from(0, at);
      }
      case "repeat": {
        const from = (count: number, here: number): boolean =>
          (count < node.max &&
            match(node.body, here, (next) => (next > here || count < node.min) && from(count + 1, next))) ||
          (count >= node.min && then(here));
        return from(0, at);
      }
    }
  };
  match(tree, 0, (at) => at === text.length);
  return steps;
}

const trees = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    {
      weight: 3,
      arbitrary: fc.constantFrom("a", "b", "ab", "bc", "c").map((chars): Tree => ({ kind: "chars", chars })),
    },
    {
      weight: 3,
      arbitrary: fc
        .array(tie("tree"), { minLength: 1, maxLength: 4 })
        .map((parts): Tree => ({ kind: "sequence", parts })),
    },
    {
      weight: 2,
      arbitrary: fc
        .array(tie("tree"), { minLength: 2, maxLength: 3 })
        .map((parts): Tree => ({ kind: "choice", parts })),
    },
    {
      weight: 4,
      arbitrary: fc
        .record({
          body: tie("tree"),
          range: fc.constantFrom<readonly [number, number]>(
            [0, 1],
            [0, Infinity],
            [1, Infinity],
            [1, 9],
            [3, 3],
            [0, 20],
            [9, 9],
          ),
        })
        .map(({ body, range: [min, max] }): Tree => ({ kind: "repeat", body, min, max })),
    },
  ),
})).tree;

describe("patternProblem, held against a backtracking matcher", () => {
  // The matcher counts groups and ends besides characters.
  const LIMIT = 10 * MAX_STEPS;
  const texts = ["a", "b", "ab", "aab", "abc", "bc"].flatMap((piece) =>
    ["", "x", "b"].map((end) => piece.repeat(150 / piece.length) + end),
  );

  it("calls nothing safe that a crafted text can hang", () => {
    let accepted = 0;
    fc.assert(
      fc.property(trees, (tree) => {
        if (patternProblem(render(tree)) !== undefined) return;
        accepted++;
        for (const text of texts) expect(countSteps(tree, text, LIMIT)).toBeLessThan(LIMIT);
      }),
      { numRuns: 1500 },
    );
    expect(accepted).toBeGreaterThan(200);
  }, 60_000);

  it("knows a text that hangs each of a few unsafe expressions", () => {
    const a: Tree = { kind: "chars", chars: "a" };
    const repeat = (body: Tree, min: number, max: number): Tree => ({ kind: "repeat", body, min, max });
    const either: Tree = { kind: "choice", parts: [a, { kind: "sequence", parts: [a, a] }] };
    const four: Tree = { kind: "sequence", parts: Array.from({ length: 4 }, () => repeat(either, 9, 9)) };
    for (const [tree, text] of [
      [four, `${"a".repeat(54)}b`],
      [repeat(repeat(a, 1, Infinity), 1, Infinity), `${"a".repeat(40)}b`],
      [{ kind: "sequence", parts: Array.from({ length: 24 }, () => repeat(a, 0, 1)) }, `${"a".repeat(24)}b`],
    ] as const) {
      expect(countSteps(tree, text, LIMIT)).toBeGreaterThan(LIMIT);
      expect(patternProblem(render(tree))?.kind).toBe("unsafe");
    }
  });
});

describe("compilePattern", () => {
  it("matches whole values, also with alternatives", () => {
    const pattern = compilePattern("a|b");
    expect(["a", "b", "ab", "xa", "bx"].map((text) => pattern.test(text))).toEqual([true, true, false, false, false]);
  });

  it("does not take a line's end for the value's", () => {
    expect(compilePattern("a").test("a\nb")).toBe(false);
  });
});
