import fc from "fast-check";

import { markdownCode, markdownMessage, markdownText } from "../../src/core";

/** Markdown without code spans, as CommonMark finds them: a run of backticks up to the next run of the same length. */
function withoutCode(markdown: string): string {
  return markdown.replace(/(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, "");
}

const nasty = fc.string({ unit: fc.constantFrom("`", "``", "<b>", "|", "a", " ", "\\", "\n", "]", "&lt;") });

describe("texts from outside in Markdown", () => {
  test("are no markup, whatever they hold, as text, as code and as a message", () => {
    fc.assert(
      fc.property(nasty, (text) => {
        for (const written of [
          markdownText(text),
          markdownCode(text),
          markdownMessage(text),
          markdownMessage(text, { inTable: true }),
        ]) {
          expect(withoutCode(written)).not.toMatch(/(?<!\\)</);
          expect(written).not.toContain("\n");
        }
        expect(markdownMessage(text, { inTable: true })).not.toMatch(/(?<!\\)\|/);
      }),
    );
  });

  test.each([
    ["a `name` in it", "a `name` in it"],
    ["one ` alone", "one &#96; alone"],
    ["```<script>`", "&#96;&#96;`<script>`"],
    ["`a``b`", "`a` `b`"],
    ["a*b_c", "a\\*b\\_c"],
  ])("the message %j is %j", (text, expected) => {
    expect(markdownMessage(text)).toBe(expected);
  });
});
