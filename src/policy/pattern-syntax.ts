/**
 * The structure of a regular expression that the engine has accepted, as far as its cost depends on it: what follows what,
 * how often, and on which characters. Captures, laziness and flags do not matter to that.
 */
export type PatternNode =
  | { readonly kind: "chars"; readonly set: CharSet }
  | { readonly kind: "sequence"; readonly items: readonly PatternNode[] }
  | { readonly kind: "choice"; readonly branches: readonly PatternNode[] }
  /** `max` is `Infinity` where there is no limit. */
  | { readonly kind: "repeat"; readonly body: PatternNode; readonly min: number; readonly max: number }
  /** A look-around: consumes nothing, and costs what its body costs, read backwards where it looks behind. */
  | { readonly kind: "look"; readonly body: PatternNode; readonly behind: boolean }
  /** Assertions on edges: they consume nothing. */
  | { readonly kind: "empty" };

/** Characters as bits 0 to 127, and bit 128 for all beyond ASCII. */
export type CharSet = bigint;

/** What no bound on the steps can be given for. */
export class BackReference extends Error {}

const BEYOND_ASCII: CharSet = 1n << 128n;

/** One character's expression: an escape (a pair of surrogates is one character), or the character itself. */
const ESCAPE =
  /^\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[A-Za-z]|[pP]\{[^}]*\}|[^])/;

/** Escapes that stand for ASCII alone. */
const ASCII_ESCAPES = /\\(?:[dwnrtvf0]|x[0-7][0-9a-fA-F]|u00[0-7][0-9a-fA-F]|[^A-Za-z0-9])/g;

/** Reads an expression that the engine has accepted (flag `u`). Throws `BackReference`. */
export function parsePattern(source: string): PatternNode {
  return new Parser(source).choice();
}

class Parser {
  private at = 0;
  private readonly sets = new Map<string, CharSet>();

  constructor(private readonly source: string) {}

  choice(): PatternNode {
    const branches = [this.sequence()];
    while (this.source[this.at] === "|") {
      this.at++;
      branches.push(this.sequence());
    }
    return branches.length === 1 && branches[0] !== undefined ? branches[0] : { kind: "choice", branches };
  }

  private sequence(): PatternNode {
    const items: PatternNode[] = [];
    for (
      let char = this.source[this.at];
      char !== undefined && char !== "|" && char !== ")";
      char = this.source[this.at]
    ) {
      items.push(this.quantified(this.atom()));
    }
    return items.length === 1 && items[0] !== undefined ? items[0] : { kind: "sequence", items };
  }

  private quantified(body: PatternNode): PatternNode {
    const match = /^(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??/.exec(this.source.slice(this.at));
    if (match === null) return body;
    this.at += match[0].length;
    const [, sign, low, comma, high] = match as readonly (string | undefined)[];
    if (sign !== undefined)
      return { kind: "repeat", body, min: sign === "+" ? 1 : 0, max: sign === "?" ? 1 : Infinity };
    const min = Number(low);
    return { kind: "repeat", body, min, max: comma === undefined ? min : high === "" ? Infinity : Number(high) };
  }

  private atom(): PatternNode {
    const rest = this.source.slice(this.at);
    if (rest.startsWith("(")) return this.group(rest);
    if (rest.startsWith("[")) return this.chars(/^\[(?:[^\]\\]|\\[^])*\]/.exec(rest)?.[0] ?? rest);
    if (rest.startsWith("^") || rest.startsWith("$")) return this.skip(1);
    if (/^\\[bB]/.test(rest)) return this.skip(2);
    if (/^\\(?:[1-9]|k<)/.test(rest)) throw new BackReference("it refers back to a group");
    return this.chars(ESCAPE.exec(rest)?.[0] ?? String.fromCodePoint(rest.codePointAt(0) ?? 0));
  }

  private group(rest: string): PatternNode {
    const opening = /^\((?:\?(?::|<?[=!]|<[^>]*>))?/.exec(rest)?.[0] ?? "(";
    // Flags inside an expression, which newer engines know, would change what its characters mean.
    if (opening === "(" && rest[1] === "?") throw new BackReference("it changes flags inside");
    this.at += opening.length;
    const body = this.choice();
    this.at++;
    return /[=!]$/.test(opening) ? { kind: "look", body, behind: opening.includes("<") } : body;
  }

  private skip(length: number): PatternNode {
    this.at += length;
    return { kind: "empty" };
  }

  private chars(atom: string): PatternNode {
    this.at += atom.length;
    const known = this.sets.get(atom) ?? charsOf(atom);
    this.sets.set(atom, known);
    return { kind: "chars", set: known };
  }
}

/** The set of one character's expression, asked of the engine itself; beyond ASCII all that is not known to be inside. */
function charsOf(atom: string): CharSet {
  if (/^[^\\[.]$/.test(atom) && atom.charCodeAt(0) < 128) return 1n << BigInt(atom.charCodeAt(0));
  const one = new RegExp(`^(?:${atom})$`, "u");
  let set = 0n;
  for (let code = 0; code < 128; code++) if (one.test(String.fromCharCode(code))) set |= 1n << BigInt(code);
  const plain = atom.replace(ASCII_ESCAPES, "");
  const isAscii = atom !== "." && !plain.startsWith("[^") && !/[^ -~]|\\/.test(plain);
  return isAscii ? set : set | BEYOND_ASCII;
}
