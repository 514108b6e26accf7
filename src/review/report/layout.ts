import type { DrawnEdge } from "./content";

/** What is laid out: boxes of a size, and the ways between them. */
export interface LayoutInput {
  readonly nodes: readonly { readonly id: string; readonly width: number; readonly height: number }[];
  readonly edges: readonly DrawnEdge[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Boxes with the middles that they got, and each way as the points that it goes through, in the order of the edges. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly nodes: ReadonlyMap<string, Point & { readonly width: number; readonly height: number }>;
  readonly ways: readonly (readonly Point[])[];
}

const LAYER_GAP = 46;
const NODE_GAP = 14;
const WAY_GAP = 10;
const MARGIN = 12;
const SWEEPS = 24;

/** A box, or the place where a way crosses a layer. */
interface Cell {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  layer: number;
  /** Its place within the layer, from the left. */
  place: number;
  x: number;
  readonly above: Cell[];
  readonly below: Cell[];
  readonly isWay: boolean;
}

/**
 * Lays a graph out in layers from top to bottom: ways go down but for those that close a circle, layers are ordered so that few ways
 * cross, and boxes stand below what leads to them. Pure: the same graph, the same picture. Edges to unknown boxes or back to their own are no ways.
 */
export function layOut({ nodes, edges }: LayoutInput): Layout {
  const cells = new Map(
    nodes.map((node): [string, Cell] => [node.id, newCell(node.id, node.width, node.height, false)]),
  );
  const known = edges.map((edge) => ({ from: cells.get(edge.from), to: cells.get(edge.to) }));
  const reversed = closingCircles(cells, known);
  const downward = known.map(({ from, to }, index) =>
    from === undefined || to === undefined || from === to
      ? undefined
      : reversed.has(index)
        ? { from: to, to: from }
        : { from, to },
  );
  putInLayers([...cells.values()], downward);
  const crossings = downward.map((edge, index) => (edge === undefined ? [] : throughLayers(edge.from, edge.to, index)));
  const all = [...cells.values(), ...crossings.flat()];
  const layers = layersOf(all);
  order(layers);
  place(layers);
  const tops = heights(layers);
  return drawn(cells, downward, crossings, reversed, tops, layers);
}

function newCell(id: string, width: number, height: number, isWay: boolean): Cell {
  return { id, width, height, layer: 0, place: 0, x: 0, above: [], below: [], isWay };
}

type Way = { readonly from: Cell; readonly to: Cell } | undefined;

/** Indexes of edges that lead back to a box on the way to them, in the order in which the boxes are given. */
function closingCircles(
  cells: ReadonlyMap<string, Cell>,
  edges: readonly { readonly from: Cell | undefined; readonly to: Cell | undefined }[],
): Set<number> {
  const out = new Map<Cell, number[]>();
  edges.forEach(({ from }, index) => {
    if (from !== undefined) out.set(from, [...(out.get(from) ?? []), index]);
  });
  const [closing, done, open] = [new Set<number>(), new Set<Cell>(), new Set<Cell>()];
  for (const start of cells.values()) {
    const stack: { readonly cell: Cell; next: number }[] = done.has(start) ? [] : [{ cell: start, next: 0 }];
    open.add(start);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const index = out.get(top.cell)?.[top.next++];
      if (index === undefined) {
        open.delete(top.cell);
        done.add(top.cell);
        stack.pop();
        continue;
      }
      const to = edges[index]?.to;
      if (to === undefined || done.has(to)) continue;
      if (open.has(to)) closing.add(index);
      else {
        open.add(to);
        stack.push({ cell: to, next: 0 });
      }
    }
  }
  return closing;
}

/** Each box below all that lead to it; one that nothing leads to, right above what it leads to. */
function putInLayers(cells: readonly Cell[], ways: readonly Way[]): void {
  const into = new Map<Cell, number>(cells.map((cell) => [cell, 0]));
  for (const way of ways) if (way !== undefined) into.set(way.to, (into.get(way.to) ?? 0) + 1);
  const sources = cells.filter((cell) => into.get(cell) === 0);
  const ready = [...sources];
  for (let cell = ready.shift(); cell !== undefined; cell = ready.shift()) {
    for (const way of ways) {
      if (way?.from !== cell) continue;
      way.to.layer = Math.max(way.to.layer, cell.layer + 1);
      const left = (into.get(way.to) ?? 0) - 1;
      into.set(way.to, left);
      if (left === 0) ready.push(way.to);
    }
  }
  for (const source of sources) {
    const targets = ways.flatMap((way) => (way?.from === source ? [way.to.layer] : []));
    if (targets.length > 0) source.layer = Math.min(...targets) - 1;
  }
}

/** The places where a way crosses the layers between its ends. */
function throughLayers(from: Cell, to: Cell, index: number): Cell[] {
  const through: Cell[] = [];
  let last = from;
  for (let layer = from.layer + 1; layer < to.layer; layer++) {
    const cell = newCell(`way ${index} ${layer}`, 4, 0, true);
    cell.layer = layer;
    link(last, cell);
    through.push(cell);
    last = cell;
  }
  link(last, to);
  return through;
}

function link(above: Cell, below: Cell): void {
  above.below.push(below);
  below.above.push(above);
}

function layersOf(cells: readonly Cell[]): Cell[][] {
  const layers: Cell[][] = [];
  for (const cell of cells) (layers[cell.layer] ??= []).push(cell);
  // A layer may be empty where nothing stands between two parts of the graph.
  return Array.from(layers, (layer: Cell[] | undefined) => layer ?? []);
}

/** Orders each layer by the middle of its neighbours, down and up in turn; the order with the fewest crossings stays. */
function order(layers: readonly Cell[][]): void {
  const renumber = (): void => {
    for (const layer of layers) layer.forEach((cell, index) => (cell.place = index));
  };
  renumber();
  let best = layers.map((layer) => [...layer]);
  let fewest = crossingsOf(layers);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    const isDown = sweep % 2 === 0;
    for (const layer of isDown ? layers : [...layers].reverse()) {
      const middle = new Map(layer.map((cell) => [cell, middleOf(isDown ? cell.above : cell.below) ?? cell.place]));
      layer.sort((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0) || a.place - b.place);
      layer.forEach((cell, index) => (cell.place = index));
    }
    const now = crossingsOf(layers);
    if (now < fewest) {
      fewest = now;
      best = layers.map((layer) => [...layer]);
    }
  }
  layers.forEach((layer, index) => layer.splice(0, layer.length, ...(best[index] ?? [])));
  renumber();
}

function middleOf(cells: readonly Cell[]): number | undefined {
  return cells.length === 0 ? undefined : cells.reduce((sum, { place: at }) => sum + at, 0) / cells.length;
}

function crossingsOf(layers: readonly Cell[][]): number {
  let count = 0;
  for (const layer of layers) {
    const ways = layer.flatMap((cell) => cell.below.map((to): [number, number] => [cell.place, to.place]));
    ways.forEach(([a, b], index) => {
      for (const [c, d] of ways.slice(index + 1)) if ((a - c) * (b - d) < 0) count++;
    });
  }
  return count;
}

/** Moves the boxes of each layer towards their neighbours, as far as the order and the gaps allow. */
function place(layers: readonly Cell[][]): void {
  for (const layer of layers)
    settle(
      layer,
      layer.map(() => 0),
    );
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isDown = sweep % 2 === 0;
    for (const layer of isDown ? layers : [...layers].reverse()) {
      settle(
        layer,
        layer.map((cell) => {
          // A way runs straight from one neighbour to the other; a box follows one side after the other, and both in the end.
          const isBoth = cell.isWay || sweep >= SWEEPS - 4;
          const neighbours = isBoth ? [...cell.above, ...cell.below] : isDown ? cell.above : cell.below;
          return neighbours.length === 0 ? cell.x : neighbours.reduce((sum, { x }) => sum + x, 0) / neighbours.length;
        }),
      );
    }
  }
}

/** As near to what is wanted as the gaps allow: the mean of what is right when pushed to the right and to the left. */
function settle(layer: readonly Cell[], wanted: readonly number[]): void {
  const right: number[] = [];
  layer.forEach((cell, index) => {
    const before = layer[index - 1];
    const least = before === undefined ? -Infinity : (right[index - 1] ?? 0) + apart(before, cell);
    right.push(Math.max(wanted[index] ?? 0, least));
  });
  const left: number[] = [];
  for (let index = layer.length - 1; index >= 0; index--) {
    const [cell, after] = [layer[index], layer[index + 1]];
    const most = after === undefined || cell === undefined ? Infinity : (left[index + 1] ?? 0) - apart(cell, after);
    left[index] = Math.min(wanted[index] ?? 0, most);
  }
  layer.forEach((cell, index) => (cell.x = ((right[index] ?? 0) + (left[index] ?? 0)) / 2));
}

function apart(a: Cell, b: Cell): number {
  return a.width / 2 + b.width / 2 + (a.isWay && b.isWay ? WAY_GAP : NODE_GAP);
}

/** The middle of each layer, from the top. */
function heights(layers: readonly Cell[][]): number[] {
  let y = MARGIN;
  return layers.map((layer) => {
    const height = Math.max(0, ...layer.map((cell) => cell.height));
    const middle = y + height / 2;
    y += height + LAYER_GAP;
    return middle;
  });
}

function drawn(
  cells: ReadonlyMap<string, Cell>,
  ways: readonly Way[],
  crossings: readonly (readonly Cell[])[],
  reversed: ReadonlySet<number>,
  middles: readonly number[],
  layers: readonly Cell[][],
): Layout {
  const all = layers.flat();
  const leftmost = Math.min(...all.map(({ x, width }) => x - width / 2));
  const shift = all.length === 0 ? 0 : MARGIN - leftmost;
  const yOf = ({ layer }: Cell): number => middles[layer] ?? 0;
  const points = ways.map((way, index): Point[] => {
    if (way === undefined) return [];
    const through = crossings[index] ?? [];
    const { from, to } = way;
    const start: Point = { x: port(from, from.below, through[0] ?? to), y: yOf(from) + from.height / 2 };
    const end: Point = { x: port(to, to.above, through.at(-1) ?? from), y: yOf(to) - to.height / 2 };
    const down = [start, ...through.map((cell): Point => ({ x: cell.x, y: yOf(cell) })), end];
    return reversed.has(index) ? down.reverse() : down;
  });
  const rounded = ({ x, y }: Point): Point => ({ x: round(x + shift), y: round(y) });
  const rightmost = Math.max(...all.map(({ x, width }) => x + width / 2));
  return {
    width: all.length === 0 ? 2 * MARGIN : round(rightmost + shift + MARGIN),
    height: round(Math.max(0, ...[...cells.values()].map((cell) => yOf(cell) + cell.height / 2)) + MARGIN),
    nodes: new Map(
      [...cells].map(([id, cell]) => [
        id,
        { ...rounded({ x: cell.x, y: yOf(cell) }), width: cell.width, height: cell.height },
      ]),
    ),
    ways: points.map((way) => way.map(rounded)),
  };
}

/** Where a way meets a box: side by side with the box's other ways, in the order of where they lead. */
function port(cell: Cell, neighbours: readonly Cell[], to: Cell): number {
  const sorted = [...neighbours].sort((a, b) => a.x - b.x || a.place - b.place);
  const step = Math.min(18, (cell.width - 24) / Math.max(1, sorted.length));
  return cell.x + (sorted.indexOf(to) - (sorted.length - 1) / 2) * step;
}

/** To a tenth: more is not seen, and engines may differ in the last digit of a sum. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}
