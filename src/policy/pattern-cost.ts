import type { CharSet, PatternNode } from "./pattern-syntax";

/** Characters of an expression after bounded repetitions are written out; beyond them it is judged too large to run. */
const MAX_POSITIONS = 4096;

/** Most ways from one character to the next that are worth judging. */
const MAX_EDGES = 100_000;

/** Words for what no bound is given for. */
const TOO_LARGE = "its repetitions multiply";
const REPEATS_NOTHING = "it repeats what can be empty";
const AMBIGUOUS_LOOP = "a text can be cut up in several ways under one repetition";

/**
 * A bound on the steps that a backtracking engine takes with an expression, anchored at both ends, on any text of so many
 * characters; words where there is none.
 *
 * The expression becomes its position automaton: one state per character, an edge where one character may follow another, and
 * on it the number of ways in which the engine gets there. From one state the engine follows every edge whose character
 * fits: steps(state) = 1 + the most, over all characters, of the sum of steps(next). Under an unlimited repetition each
 * character must lead on in one way only; what leaves it while it could also go on is then tried at every place of the text.
 *
 * @see https://doi.org/10.1070/RM1961v016n05ABEH004112 Glushkov, the automaton (read 2026-11-23)
 */
export function stepsOf(node: PatternNode, textLength: number): number | string {
  try {
    return boundOf(node, textLength);
  } catch (error) {
    if (error instanceof Unbounded) return error.message;
    throw error;
  }
}

class Unbounded extends Error {}

function boundOf(node: PatternNode, textLength: number): number {
  // A look-around at the very beginning runs once, any other perhaps at every step.
  const items = node.kind === "sequence" ? node.items : [node];
  const first = items.findIndex(({ kind }) => kind !== "look" && kind !== "empty");
  const leading = first < 0 ? items : items.slice(0, first);
  const rest = first < 0 ? [] : items.slice(first);
  const cost = (looks: readonly PatternNode[]): number =>
    looks.reduce((sum, look) => sum + (look.kind === "look" ? lookCost(look, textLength) : 0), 0);
  const inner = cost(rest.flatMap(looksIn));
  return cost(leading) + new Automaton(textLength).steps({ kind: "sequence", items: rest }) * (1 + inner);
}

function lookCost({ body, behind }: PatternNode & { kind: "look" }, textLength: number): number {
  return boundOf(behind ? reversed(body) : body, textLength);
}

/** The expression as a look-behind reads it, from right to left. */
function reversed(node: PatternNode): PatternNode {
  switch (node.kind) {
    case "sequence":
      return { ...node, items: node.items.map(reversed).reverse() };
    case "choice":
      return { ...node, branches: node.branches.map(reversed) };
    case "repeat":
      return { ...node, body: reversed(node.body) };
    default:
      return node;
  }
}

function looksIn(node: PatternNode): readonly PatternNode[] {
  switch (node.kind) {
    case "look":
      return [node];
    case "sequence":
      return node.items.flatMap(looksIn);
    case "choice":
      return node.branches.flatMap(looksIn);
    case "repeat":
      return looksIn(node.body);
    default:
      return [];
  }
}

/** A state that is reached or left, and in how many ways. */
interface Way {
  readonly state: number;
  readonly ways: number;
}

/** A part of an expression: where it can begin and end, and in how many ways it matches nothing. */
interface Part {
  readonly first: readonly Way[];
  readonly last: readonly Way[];
  readonly empty: number;
}

interface State {
  readonly set: CharSet;
  readonly next: Way[];
  /** How often the end is tried from here. */
  ends: number;
  /** The states of the outermost unlimited repetition around it end before this one; absent outside of any. */
  loopFrom?: number;
}

const NOTHING: Part = { first: [], last: [], empty: 1 };

class Automaton {
  private readonly states: State[] = [];
  private edges = 0;

  constructor(private readonly textLength: number) {}

  steps(node: PatternNode): number {
    if (sizeOf(node) > MAX_POSITIONS) throw new Unbounded(TOO_LARGE);
    const whole = this.build(node, false);
    for (const { state, ways } of whole.last) this.state(state).ends += ways;
    const cost = new Array<number>(this.states.length).fill(0);
    // States are numbered from left to right, so that all but an unlimited repetition's edges lead to a higher number.
    for (let at = this.states.length - 1; at >= 0;) {
      const from = this.states[at]?.loopFrom ?? at;
      if (this.states[at]?.loopFrom === undefined) cost[at] = this.stepsAt(at, cost);
      else cost.fill(this.stepsInLoop(from, at, cost), from, at + 1);
      at = from - 1;
    }
    return whole.empty + this.most(whole.first, (state) => cost[state] ?? 0);
  }

  private stepsAt(at: number, cost: readonly number[]): number {
    const { next, ends } = this.state(at);
    return 1 + ends + this.most(next, (state) => cost[state] ?? 0);
  }

  /** Steps from any state of an unlimited repetition, whose states are those from `from` to `to`. */
  private stepsInLoop(from: number, to: number, cost: readonly number[]): number {
    let once = 0;
    let everywhere = 1;
    for (let at = from; at <= to; at++) {
      const { next, ends } = this.state(at);
      const inside = next.filter(({ state }) => state >= from && state <= to);
      const outside = next.filter(({ state }) => state < from || state > to);
      if (this.most(inside, () => 1) > 1) throw new Unbounded(AMBIGUOUS_LOOP);
      const on = inside.reduce((all, { state }) => all | this.state(state).set, 0n);
      const costOf = (state: number): number => cost[state] ?? 0;
      everywhere = Math.max(everywhere, 1 + ends + this.most(outside, costOf, on));
      once = Math.max(once, this.most(outside, costOf));
    }
    return this.textLength * everywhere + once;
  }

  /** The most, over all characters (of a set, where one is given), of what the ways that take it cost together. */
  private most(ways: readonly Way[], costOf: (state: number) => number, within?: CharSet): number {
    const [only, second] = ways;
    if (only !== undefined && second === undefined && within === undefined) {
      return this.state(only.state).set === 0n ? 0 : only.ways * costOf(only.state);
    }
    const taken = ways
      .map(({ state, ways: times }) => {
        const { set } = this.state(state);
        return { set: within === undefined ? set : set & within, cost: times * costOf(state) };
      })
      .filter(({ set }) => set !== 0n);
    let seen = 0n;
    let shared = 0n;
    let most = 0;
    for (const { set, cost } of taken) {
      shared |= seen & set;
      seen |= set;
      most = Math.max(most, cost);
    }
    for (let code = 0n; shared >> code !== 0n; code++) {
      const bit = 1n << code;
      if ((shared & bit) === 0n) continue;
      most = Math.max(
        most,
        taken.reduce((sum, { set, cost }) => sum + ((set & bit) === 0n ? 0 : cost), 0),
      );
    }
    return most;
  }

  private build(node: PatternNode, looped: boolean): Part {
    switch (node.kind) {
      case "empty":
      case "look":
        return NOTHING;
      case "chars": {
        const way = { state: this.states.length, ways: 1 };
        this.states.push({ set: node.set, next: [], ends: 0 });
        return { first: [way], last: [way], empty: 0 };
      }
      case "sequence":
        return node.items.reduce<Part>((before, item) => this.follow(before, this.build(item, looped)), NOTHING);
      case "choice": {
        const parts = node.branches.map((branch) => this.build(branch, looped));
        return {
          first: parts.flatMap(({ first }) => first),
          last: parts.flatMap(({ last }) => last),
          empty: parts.reduce((sum, { empty }) => sum + empty, 0),
        };
      }
      case "repeat":
        return this.repeat(node.body, node.min, node.max, looped);
    }
  }

  private repeat(body: PatternNode, min: number, max: number, looped: boolean): Part {
    if (max === 0) return NOTHING;
    const isEndless = max === Infinity;
    const copies = isEndless ? Math.max(min, 1) : max;
    let from = this.states.length;
    let part = this.build(body, looped || (isEndless && copies === 1));
    if (copies === 1 && !isEndless) return min === 0 ? { ...part, empty: part.empty + 1 } : part;
    if (part.empty > 0) throw new Unbounded(REPEATS_NOTHING);
    const { first } = part;
    const last: Way[] = min <= 1 ? [...part.last] : [];
    for (let copy = 2; copy <= copies; copy++) {
      from = this.states.length;
      const next = this.build(body, looped || (isEndless && copy === copies));
      this.connect(part.last, next.first);
      if (copy >= min) last.push(...next.last);
      part = next;
    }
    if (isEndless) {
      this.connect(part.last, part.first);
      if (!looped) for (let at = from; at < this.states.length; at++) this.state(at).loopFrom = from;
    }
    return { first, last, empty: min === 0 ? 1 : 0 };
  }

  private follow(before: Part, after: Part): Part {
    this.connect(before.last, after.first);
    return {
      first: before.empty === 0 ? before.first : [...before.first, ...times(after.first, before.empty)],
      last: after.empty === 0 ? after.last : [...times(before.last, after.empty), ...after.last],
      empty: before.empty * after.empty,
    };
  }

  private connect(from: readonly Way[], to: readonly Way[]): void {
    this.edges += from.length * to.length;
    if (this.edges > MAX_EDGES) throw new Unbounded(TOO_LARGE);
    for (const { state, ways } of from)
      for (const target of to) this.state(state).next.push({ state: target.state, ways: ways * target.ways });
  }

  private state(at: number): State {
    const state = this.states[at];
    if (state === undefined) throw new RangeError(`there is no state ${String(at)}`);
    return state;
  }
}

function times(ways: readonly Way[], factor: number): readonly Way[] {
  return factor === 1 ? ways : ways.map(({ state, ways: own }) => ({ state, ways: own * factor }));
}

/** How many characters an expression has once its repetitions are written out. */
function sizeOf(node: PatternNode): number {
  switch (node.kind) {
    case "chars":
      return 1;
    case "sequence":
      return node.items.reduce((sum, item) => sum + sizeOf(item), 0);
    case "choice":
      return node.branches.reduce((sum, branch) => sum + sizeOf(branch), 0);
    case "repeat": {
      const size = sizeOf(node.body);
      return size === 0 ? 0 : size * (node.max === Infinity ? Math.max(node.min, 1) : node.max);
    }
    default:
      return 0;
  }
}
