import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
} from "yaml";

import type { Locate, Path, Position, Problem } from "./problem";
import { shown } from "./problem";
import { syntaxProblems } from "./yaml-syntax";

/** A policy as plain JSON-like data, with what was wrong on the way there and where everything stands. */
export interface PolicySource {
  /** The data, or `undefined` where there is none to judge (syntax errors). What could not be read in it is `undefined`. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  readonly locate: Locate;
}

/** Longest policy text, in UTF-16 code units: a thousand fields fit several times. */
const MAX_TEXT_LENGTH = 2_000_000;

/** Nodes after aliases are followed, and depth: beyond them a text is a bomb rather than a policy. */
const MAX_NODES = 200_000;
const MAX_DEPTH = 24;

/** The key that sets an object's prototype instead of a member. Other names that every object has are names like any. */
const RESERVED_KEY = "__proto__";

/** Reads YAML 1.2. Never throws: whatever is wrong with the text is a problem with its place. */
export function readPolicyText(text: string): PolicySource {
  const lines = new LineCounter();
  const end = text.trimEnd().length;
  const positionOf = (offset: number): Position => {
    // What is missing at the end of the text is missing after its last word, not on a line that does not exist.
    const { line, col } = lines.linePos(Math.min(offset, end));
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const refused = (problems: readonly Problem[]): PolicySource => ({
    value: undefined,
    problems,
    locate: () => ({ line: 1, column: 1 }),
  });
  if (text.length > MAX_TEXT_LENGTH) {
    const message = `the text is longer than ${String(MAX_TEXT_LENGTH)} characters`;
    return refused([{ code: "UnsupportedYaml", path: [], message, hint: "split the policy" }]);
  }
  let document: Document.Parsed;
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      version: "1.2",
      schema: "core",
      merge: false,
      uniqueKeys: false,
      strict: true,
      prettyErrors: false,
      // "silent" would also silence the error about a second document.
      logLevel: "error",
    });
  } catch (error) {
    // The parser recurses: text nested thousands of levels deep exhausts the stack.
    if (!(error instanceof RangeError)) throw error;
    return refused([{ code: "UnsupportedYaml", path: [], message: "the text is nested too deeply" }]);
  }
  const { problems, isReadable } = syntaxProblems(document, text, positionOf);
  return isReadable ? new YamlReader(document, positionOf, problems).read() : refused(problems);
}

interface Place {
  readonly key?: number;
  readonly value?: number;
}

class YamlReader {
  private readonly problems: Problem[];
  private readonly places = new Map<string, Place>();
  /** What each alias stands for: the node that carried its anchor last before it. */
  private readonly targets: ReadonlyMap<Node, Node | undefined>;
  /** The nodes around the one that is being read, through aliases: one of them again would contain itself. */
  private readonly around = new Set<Node>();
  private nodes = 0;
  private exhausted = false;

  constructor(
    private readonly document: Document.Parsed,
    private readonly positionOf: (offset: number) => Position,
    problems: readonly Problem[],
  ) {
    this.problems = [...problems];
    this.targets = aliasTargets(document);
  }

  read(): PolicySource {
    const value = this.convert(this.document.contents, []);
    return {
      value: this.exhausted ? undefined : value,
      problems: this.problems,
      locate: (path, at) => this.locate(path, at),
    };
  }

  /** The place of a path; for what is not there, the key of the nearest mapping that is. */
  private locate(path: Path, at: "key" | "value"): Position {
    const own = this.places.get(JSON.stringify(path));
    if (own !== undefined) {
      const offset = at === "key" ? (own.key ?? own.value) : (own.value ?? own.key);
      if (offset !== undefined) return this.positionOf(offset);
    }
    return path.length === 0 ? { line: 1, column: 1 } : this.locate(path.slice(0, -1), "key");
  }

  private place(path: Path, place: Place): void {
    const key = JSON.stringify(path);
    this.places.set(key, { ...this.places.get(key), ...place });
  }

  private convert(node: Node | null, path: Path): unknown {
    if (node === null || this.exhausted) return null;
    this.nodes++;
    if (this.nodes > MAX_NODES || path.length > MAX_DEPTH) {
      this.exhausted = true;
      const message =
        path.length > MAX_DEPTH
          ? "the text is nested too deeply"
          : "the text grows too large when its aliases are followed";
      this.problems.push({ code: "UnsupportedYaml", path, message });
      return null;
    }
    if (node.range) this.place(path, { value: node.range[0] });
    if (isAlias(node)) return this.follow(this.targets.get(node), path, node.source);
    this.around.add(node);
    const value = this.contents(node, path);
    this.around.delete(node);
    if (node.tag !== undefined) this.problems.push({ ...foundTag(node.tag), path, unread: value === undefined });
    return value;
  }

  private contents(node: Node, path: Path): unknown {
    if (isMap(node)) return this.convertMap(node.items, path);
    if (isSeq(node)) {
      return node.items.map((item, index) =>
        isPair(item) ? this.convertMap([item], [...path, index]) : this.convert(item as Node | null, [...path, index]),
      );
    }
    if (!isScalar(node)) return undefined;
    const { value, source, tag } = node;
    if (tag === undefined) this.checkSpelling(value, source, path);
    // A tag can make anything of a text, as a day or bytes.
    return typeof value === "object" && value !== null ? undefined : value;
  }

  /** Where text is compared, `0042` must not silently become `42`, nor `True` become `true`. */
  private checkSpelling(value: unknown, source: string | undefined, path: Path): void {
    const isAttribute = path[0] === "segments" && path[2] === "when";
    if (typeof value !== "number" && !(typeof value === "boolean" && isAttribute)) return;
    if (source === undefined || source === String(value)) return;
    this.problems.push({
      code: "UnsupportedYaml",
      path,
      message: `found ${shown(source)}, which YAML reads as the ${typeof value} ${shown(value)}`,
      hint: "write it in quotes where text is meant, or as the number that is meant",
      unread: true,
    });
  }

  private follow(target: Node | undefined, path: Path, name: string): unknown {
    if (target === undefined || this.around.has(target)) {
      const message =
        target === undefined ? `no anchor of the name ${shown(name)}` : `the anchor ${shown(name)} contains itself`;
      this.problems.push({ code: "UnsupportedYaml", path, message, unread: true });
      return undefined;
    }
    const place = this.places.get(JSON.stringify(path));
    const value = this.convert(target, path);
    if (place !== undefined) this.place(path, place);
    return value;
  }

  private convertMap(pairs: readonly { readonly key: unknown; readonly value: unknown }[], path: Path): object {
    const result: Record<string, unknown> = {};
    for (const { key, value } of pairs) {
      const keyNode = key as Node | null;
      const offset = keyNode?.range?.[0];
      const position = offset === undefined ? undefined : this.positionOf(offset);
      if (!isScalar(keyNode)) {
        const message = "found a key that is not text, expected a name";
        this.problems.push({ code: "UnsupportedYaml", path, at: "key", message, hint: "write the name out", position });
        continue;
      }
      const name = typeof keyNode.value === "number" && keyNode.source ? keyNode.source : String(keyNode.value);
      const here = [...path, name];
      const problem = this.keyProblem(
        keyNode.value,
        name,
        Object.hasOwn(result, name) ? this.places.get(JSON.stringify(here)) : undefined,
      );
      if (problem !== undefined) {
        this.problems.push({ ...problem, path: here, at: "key", position });
        continue;
      }
      if (keyNode.tag !== undefined) this.problems.push({ ...foundTag(keyNode.tag), path: here, at: "key", position });
      this.place(here, { key: offset });
      result[name] = this.convert(value as Node | null, here);
    }
    return result;
  }

  private keyProblem(
    key: unknown,
    name: string,
    earlier: Place | undefined,
  ): Pick<Problem, "code" | "message" | "hint"> | undefined {
    if (name === RESERVED_KEY) return reservedKey(name);
    if (name === "<<")
      return { code: "UnsupportedYaml", message: "found a merge key `<<`, expected every key written out" };
    if (typeof key !== "string") {
      return {
        code: "InvalidName",
        message: `found the key ${shown(name)}, which YAML reads as ${key === null ? "nothing" : `a ${typeof key}`}, expected text`,
        hint: "write it in quotes, or choose another name",
      };
    }
    if (earlier === undefined) return undefined;
    const line = earlier.key === undefined ? "" : ` first on line ${String(this.positionOf(earlier.key).line)}`;
    return {
      code: "DuplicateKey",
      message: `the key ${shown(name)} is given again,${line === "" ? " as before" : line}`,
    };
  }
}

/** One walk through the text in its order, so that thousands of aliases cost no more than as many nodes. */
function aliasTargets(document: Document.Parsed): ReadonlyMap<Node, Node | undefined> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Node, Node | undefined>();
  visit(document, {
    Node: (_, node) => {
      if (isAlias(node)) targets.set(node, anchors.get(node.source));
      else if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

function foundTag(tag: string): Pick<Problem, "code" | "message"> {
  return { code: "UnsupportedYaml", message: `found the tag ${shown(tag)}, expected a plain value` };
}

/** Reads a typed object: own enumerable members with text keys. Never throws on its content. */
export function readPolicyObject(input: unknown): PolicySource {
  const problems: Problem[] = [];
  let nodes = 0;
  const convert = (value: unknown, path: Path, parents: readonly object[]): unknown => {
    nodes++;
    if (typeof value !== "object" || value === null) return value;
    if (parents.includes(value) || path.length > MAX_DEPTH || nodes > MAX_NODES) {
      problems.push({
        code: "InvalidValue",
        path,
        message: "the object contains itself or is too large, expected plain data",
      });
      return null;
    }
    const inside = [...parents, value];
    if (Array.isArray(value)) return value.map((item, index) => convert(item, [...path, index], inside));
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return value;
    const result: Record<string, unknown> = {};
    for (const [key, member] of Object.entries(value)) {
      if (key === RESERVED_KEY) problems.push({ ...reservedKey(key), path: [...path, key], at: "key" });
      else if (member !== undefined) result[key] = convert(member, [...path, key], inside);
    }
    return result;
  };
  return { value: convert(input ?? null, [], []), problems, locate: () => undefined };
}

function reservedKey(name: string): Pick<Problem, "code" | "message"> {
  return { code: "ReservedKey", message: `the key ${shown(name)} is reserved` };
}
