/** A piece of a text: as it is, or a character that cannot be seen, by its name. */
export type Piece = { readonly text: string } | { readonly mark: string };

/** What cannot be seen, or turns the direction of what can: controls, format characters, odd spaces. */
const UNSEEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u115f\u1160\u2800\u3164\uffa0]/u;

const NAMES: Readonly<Record<string, string>> = {
  "\n": "line break",
  "\r": "line break",
  "\t": "tab",
  "\u00a0": "no-break space",
};

/**
 * A text in pieces, so that two texts that differ look different: what cannot be seen is named, and so are spaces where nobody looks for
 * them, at the ends and in a row.
 */
export function visiblePieces(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let plain = "";
  const mark = (name: string): void => {
    if (plain !== "") pieces.push({ text: plain });
    plain = "";
    pieces.push({ mark: name });
  };
  // By code point: a mark has a code point of its own, also where it joins what is before it.
  const characters = Array.from(text);
  for (const [at, character] of characters.entries()) {
    const before = characters[at - 1];
    if (UNSEEN.test(character)) mark(NAMES[character] ?? codeOf(character));
    else if (character === " " && (before === undefined || before === " " || at === characters.length - 1))
      mark("space");
    else plain += character;
  }
  if (plain !== "") pieces.push({ text: plain });
  return pieces;
}

/** Alphabets whose letters are taken for each other. */
const ALPHABETS: readonly (readonly [name: string, letters: RegExp])[] = [
  ["Latin", /\p{Script=Latin}/u],
  ["Cyrillic", /\p{Script=Cyrillic}/u],
  ["Greek", /\p{Script=Greek}/u],
  ["Armenian", /\p{Script=Armenian}/u],
  ["Cherokee", /\p{Script=Cherokee}/u],
  ["full-width", /[\uff01-\uff5e]/u],
];

/** The alphabets that one word of a text mixes, whose letters look alike; nothing where no word does. */
export function mixedAlphabets(text: string): readonly string[] {
  for (const word of text.split(/[\s@.,;:/_-]+/)) {
    const used = ALPHABETS.filter(([, letters]) => letters.test(word)).map(([name]) => name);
    if (used.length > 1) return used;
  }
  return [];
}

function codeOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
