import type { DrawnNode, Drawing } from "./content";
import { layOut, type Point } from "./layout";
import { element, type Markup } from "./markup";

/** Width of a character of the monospaced font at 12 pixels, and of the smaller one. */
const CHARACTER = 7.3;
const SMALL_CHARACTER = 6.1;
const LINE = 16;
const PADDING = 10;
/** Characters of a label before it is cut; the whole stands in the table beside the drawing. */
const LONGEST = 34;

/** A graph as one `svg` with a title and a description for those who do not see it. */
export function drawGraph(drawing: Drawing, id: string): Markup {
  const { title, description, nodes, edges } = drawing;
  const sized = nodes.map((node) => ({ ...node, ...sizeOf(node) }));
  const { width, height, nodes: at, ways } = layOut({ nodes: sized, edges });
  const labels = new Labels(
    [...at.values()].map(({ x, y, width: w, height: h }) => ({ x: x - w / 2, y: y - h / 2, width: w, height: h })),
  );
  const texts = ways.flatMap((way, index) => {
    const label = edges[index]?.label;
    return label === undefined || way.length === 0 ? [] : [labels.put(way, cut(label))];
  });
  // A label may stand out beyond the boxes.
  const left = Math.floor(Math.min(0, labels.leftmost));
  const right = Math.ceil(Math.max(width, labels.rightmost));
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `${left} 0 ${right - left} ${height}`,
      width: right - left,
      height,
      role: "img",
      "aria-labelledby": `${id}-title ${id}-desc`,
    },
    element("title", { id: `${id}-title` }, title),
    element("desc", { id: `${id}-desc` }, description),
    element(
      "defs",
      {},
      element(
        "marker",
        { id: `${id}-arrow`, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" },
        element("path", { d: "M0 0L8 4L0 8Z", class: "tip" }),
      ),
    ),
    ...ways.map((way, index) => {
      const style = edges[index]?.style ?? "plain";
      return element("path", {
        d: curve(way),
        class: style === "dashed" ? "way dashed" : "way",
        "marker-end": `url(#${id}-arrow)`,
      });
    }),
    ...sized.map((node) => boxOf(node, at.get(node.id))),
    ...texts,
  );
}

function sizeOf({ label, note = "", shape }: DrawnNode): { readonly width: number; readonly height: number } {
  const text = Math.max(cut(label).length * CHARACTER, cut(note).length * SMALL_CHARACTER);
  const room = shape === "choice" ? 2 * PADDING + 14 : 2 * PADDING;
  return { width: Math.ceil(text + room), height: (note === "" ? 1 : 2) * LINE + 14 };
}

type Placed = (Point & { readonly width: number; readonly height: number }) | undefined;

function boxOf(node: DrawnNode, at: Placed): Markup[] {
  if (at === undefined) return [];
  const { x, y, width, height } = at;
  const [left, top] = [x - width / 2, y - height / 2];
  const classes = `box ${node.shape}${node.tone === undefined ? "" : ` tone-${node.tone}`}`;
  const tip = 12;
  const outline =
    node.shape === "choice"
      ? element("path", {
          class: classes,
          d: `M${left + tip} ${top}H${left + width - tip}L${left + width} ${y}L${left + width - tip} ${top + height}H${left + tip}L${left} ${y}Z`,
        })
      : element("rect", {
          class: classes,
          x: left,
          y: top,
          width,
          height,
          rx: node.shape === "end" || node.shape === "start" ? height / 2 : node.shape === "store" ? 1 : 6,
        });
  const first = node.note === undefined ? y + 4 : y - 3;
  return [
    outline,
    element("text", { x, y: first, "text-anchor": "middle", class: "name" }, cut(node.label)),
    ...(node.note === undefined
      ? []
      : [element("text", { x, y: first + LINE, "text-anchor": "middle", class: "note" }, cut(node.note))]),
  ];
}

/** A way down through its points: straight where it crosses a layer, bent between two. */
function curve(points: readonly Point[]): string {
  return points
    .map(({ x, y }, index) => {
      const before = points[index - 1];
      if (before === undefined) return `M${x} ${y}`;
      const half = Math.round((before.y + y) * 5) / 10;
      return `C${before.x} ${half} ${x} ${half} ${x} ${y}`;
    })
    .join("");
}

interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Puts labels where they cover neither a box nor another label, near the start of their way. */
class Labels {
  private readonly taken: Area[];

  constructor(boxes: readonly Area[]) {
    this.taken = [...boxes];
  }

  get leftmost(): number {
    return Math.min(...this.taken.map(({ x }) => x));
  }

  get rightmost(): number {
    return Math.max(...this.taken.map(({ x, width }) => x + width));
  }

  put(way: readonly Point[], text: string): Markup {
    const width = text.length * SMALL_CHARACTER + 6;
    // On the line, else beside it.
    const tries = [0, width / 2 + 5, -width / 2 - 5].flatMap((aside) =>
      [0.5, 0.38, 0.62, 0.28, 0.75].flatMap((share) =>
        way.slice(0, -1).map((from, index) => areaAt(from, way[index + 1] ?? from, share, width, aside)),
      ),
    );
    const area = tries.find((each) => !this.taken.some((other) => overlap(each, other))) ?? tries[0];
    if (area === undefined) throw new TypeError("a way has no points");
    this.taken.push(area);
    return element(
      "text",
      { x: round(area.x + area.width / 2), y: round(area.y + 11), "text-anchor": "middle", class: "label" },
      text,
    );
  }
}

function areaAt(from: Point, to: Point, share: number, width: number, aside: number): Area {
  // On the curve of `curve`, whose two inner points are half way down.
  const rest = 1 - share;
  const x = from.x * (rest ** 3 + 3 * rest ** 2 * share) + to.x * (3 * rest * share ** 2 + share ** 3);
  const half = (from.y + to.y) / 2;
  const y = from.y * rest ** 3 + half * (3 * rest ** 2 * share + 3 * rest * share ** 2) + to.y * share ** 3;
  return { x: x - width / 2 + aside, y: y - 8, width, height: 15 };
}

function overlap(a: Area, b: Area): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function cut(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
