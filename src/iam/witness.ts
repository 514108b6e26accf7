import { parsePattern } from "./pattern";

/** Texts that stand for all texts there are, as far as some patterns can tell them apart. */
export interface Witnesses {
  readonly texts: readonly string[];
  /** Whether every combination of patterns that one text can match is among them. */
  readonly complete: boolean;
}

/** Positions looked at before the search gives up: patterns of policies need some hundreds. */
const MAX_POSITIONS = 20_000;

const ANY = -1;
const ONE = -2;

/** Characters tried as one that no pattern names, in this order. */
const STRANGERS = ["x", "q", "z", "j", "k", "w", "v", "X", "Q", "Z", "7", "~"] as const;

/**
 * One text for each combination of these patterns that some text matches and the others do not: whatever is decided by matching
 * them, is decided for all texts when it is decided for these. Literal patterns come back as themselves.
 *
 * Patterns are IAM's, without policy variables: `*` and `?` are wildcards, `${*}` a literal star.
 */
export function witnessesOf(patterns: readonly string[], maxPositions = MAX_POSITIONS): Witnesses {
  const key = JSON.stringify([maxPositions, ...[...new Set(patterns)].sort()]);
  const known = KNOWN.get(key);
  if (known !== undefined) return known;
  const made = makeWitnesses(patterns, maxPositions);
  if (KNOWN.size >= MAX_KNOWN) KNOWN.clear();
  KNOWN.set(key, made);
  return made;
}

/** The same few patterns are asked about again and again. */
const KNOWN = new Map<string, Witnesses>();
const MAX_KNOWN = 1_000;

function makeWitnesses(patterns: readonly string[], maxPositions: number): Witnesses {
  const parsed = [...new Set(patterns)].sort().map((pattern) => ({ pattern, codes: codesOf(pattern) }));
  const literals = new Set(
    parsed.flatMap(({ codes }) => (codes.includes(ANY) || codes.includes(ONE) ? [] : [textOf(codes)])),
  );
  const globs = parsed.map(({ codes }) => codes).filter((codes) => codes.includes(ANY) || codes.includes(ONE));
  const found = searchMatches(globs, literals, maxPositions);
  return { texts: [...literals, ...found.texts], complete: found.complete };
}

/** Breadth first over what each pattern has left to match, so that every text found is a shortest one. */
function searchMatches(
  globs: readonly (readonly number[])[],
  literals: ReadonlySet<string>,
  maxPositions: number,
): Witnesses {
  const alphabet = alphabetOf(globs, literals);
  const found = new Map<string, string>();
  const start = globs.map((codes) => closed(codes, new Set([0])));
  const queue: [text: string, positions: ReadonlySet<number>[]][] = [["", start]];
  const seen = new Set<string>([keyOf(start, literals.has(""))]);
  for (let at = 0; at < queue.length; at += 1) {
    const [text, positions] = queue[at] ?? ["", []];
    const matched = positions.map((set, index) => (set.has(globs[index]?.length ?? -1) ? "1" : "0")).join("");
    if (!literals.has(text) && !found.has(matched)) found.set(matched, text);
    for (const character of alphabet) {
      const next = positions.map((set, index) => step(globs[index] ?? [], set, character));
      const longer = text + character;
      const key = keyOf(next, literals.has(longer));
      if (seen.has(key)) continue;
      if (seen.size >= maxPositions) return { texts: [...found.values()], complete: false };
      seen.add(key);
      queue.push([longer, next]);
    }
  }
  return { texts: [...found.values()], complete: true };
}

/** The characters that a pattern with wildcards names, and one that stands for all others. */
function alphabetOf(globs: readonly (readonly number[])[], literals: ReadonlySet<string>): string[] {
  const named = new Set(globs.flat().filter((code) => code >= 0));
  const everywhere = [...literals].join("");
  const strangers = STRANGERS.filter((character) => !named.has(character.charCodeAt(0)));
  const stranger = strangers.find((character) => !everywhere.includes(character)) ?? strangers[0] ?? "\u00ff";
  return [stranger, ...[...named].sort((a, b) => a - b).map((code) => String.fromCharCode(code))];
}

function codesOf(pattern: string): number[] {
  return parsePattern(pattern, "pattern", { wildcards: true }).flatMap((part) => {
    if (part.kind === "any") return [ANY];
    if (part.kind === "one") return [ONE];
    if (part.kind === "variable") throw new TypeError(`\`${pattern}\` holds a policy variable`);
    return Array.from(part.text, (character) => character.charCodeAt(0));
  });
}

function textOf(codes: readonly number[]): string {
  return String.fromCharCode(...codes);
}

/** Positions with those that a `*` reaches by matching nothing. */
function closed(codes: readonly number[], positions: Set<number>): ReadonlySet<number> {
  for (const position of positions) if (codes[position] === ANY) positions.add(position + 1);
  return positions;
}

function step(codes: readonly number[], positions: ReadonlySet<number>, character: string): ReadonlySet<number> {
  const next = new Set<number>();
  for (const position of positions) {
    const code = codes[position];
    if (code === ANY) next.add(position);
    else if (code === ONE || code === character.charCodeAt(0)) next.add(position + 1);
  }
  return closed(codes, next);
}

function keyOf(positions: readonly ReadonlySet<number>[], literal: boolean): string {
  return `${literal ? "=" : ""}${positions.map((set) => [...set].sort((a, b) => a - b).join(",")).join(";")}`;
}
