import fc from "fast-check";

import { drawGraph } from "../../../src/review/report/draw";
import { layOut, type LayoutInput } from "../../../src/review/report/layout";

const graph: fc.Arbitrary<LayoutInput> = fc.integer({ min: 1, max: 14 }).chain((count) =>
  fc.record({
    nodes: fc
      .array(fc.integer({ min: 20, max: 200 }), { minLength: count, maxLength: count })
      .map((widths) => widths.map((width, index) => ({ id: `n${index}`, width, height: 30 }))),
    edges: fc.array(
      fc.record({
        from: fc.integer({ min: 0, max: count }).map((index) => `n${index}`),
        to: fc.integer({ min: 0, max: count }).map((index) => `n${index}`),
      }),
      { maxLength: 30 },
    ),
  }),
);

describe("a graph in layers", () => {
  test("is one in which no box covers another, every way has its ends at its boxes, and all lies within", () => {
    fc.assert(
      fc.property(graph, (input) => {
        const { width, height, nodes, ways } = layOut(input);
        const boxes = [...nodes.values()];
        expect(nodes.size).toBe(input.nodes.length);
        boxes.forEach((a, index) => {
          expect([a.x - a.width / 2 >= 0, a.x + a.width / 2 <= width, a.y + a.height / 2 <= height]).toEqual([
            true,
            true,
            true,
          ]);
          for (const b of boxes.slice(index + 1)) {
            const isApart =
              Math.abs(a.x - b.x) >= (a.width + b.width) / 2 || Math.abs(a.y - b.y) >= (a.height + b.height) / 2;
            expect(isApart).toBe(true);
          }
        });
        input.edges.forEach(({ from, to }, index) => {
          const way = ways[index] ?? [];
          const [start, end] = [nodes.get(from), nodes.get(to)];
          if (start === undefined || end === undefined || from === to) {
            expect(way).toEqual([]);
            return;
          }
          for (const [point, box] of [
            [way[0]!, start],
            [way.at(-1)!, end],
          ] as const) {
            expect(Math.abs(point.x - box.x)).toBeLessThanOrEqual(box.width / 2);
            expect(Math.abs(point.y - box.y)).toBeCloseTo(box.height / 2, 1);
          }
        });
      }),
      { numRuns: 150 },
    );
  });

  test("is no wider than what stands in it", () => {
    fc.assert(
      fc.property(graph, (input) => {
        const { width, nodes, ways } = layOut(input);
        const right = Math.max(
          ...[...nodes.values()].map((box) => box.x + box.width / 2),
          ...ways.flat().map(({ x }) => x),
        );
        expect(width - right).toBeLessThanOrEqual(20);
      }),
      { numRuns: 50 },
    );
  });

  test("goes down where there is no circle, and is the same each time", () => {
    const input: LayoutInput = {
      nodes: ["a", "b", "c", "d"].map((id) => ({ id, width: 50, height: 30 })),
      edges: [
        { from: "a", to: "b" },
        { from: "b", to: "c" },
        { from: "a", to: "c" },
        { from: "c", to: "a" },
      ],
    };
    const layout = layOut(input);
    const y = (id: string): number => layout.nodes.get(id)!.y;
    expect([y("a") < y("b"), y("b") < y("c")]).toEqual([true, true]);
    expect(layout.ways[2]).toHaveLength(3);
    expect(layout.ways[3]![0]!.y).toBeGreaterThan(layout.ways[3]!.at(-1)!.y);
    expect(layOut(structuredClone(input))).toEqual(layout);
  });

  test("is drawn with its title, its description and every name", () => {
    const { html } = drawGraph(
      {
        title: "A <title>",
        description: "Words",
        nodes: [
          { id: "1", label: "One & only", shape: "start" },
          { id: "2", label: "Two", note: "a note", shape: "choice" },
        ],
        edges: [{ from: "1", to: "2", label: "leads to", style: "dashed" }],
      },
      "drawing",
    );
    expect(html).toContain('role="img" aria-labelledby="drawing-title drawing-desc"');
    expect(html).toContain('<title id="drawing-title">A &lt;title&gt;</title><desc id="drawing-desc">Words</desc>');
    for (const text of ["One &amp; only", "Two", "a note", "leads to"]) expect(html).toContain(`>${text}</text>`);
    expect(html.match(/class="way dashed"/g)).toHaveLength(1);
  });
});
