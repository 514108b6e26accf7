import { createHash } from "node:crypto";

import * as fc from "fast-check";

import { CHAIN_START, segmentAfter, segmentName } from "../../../src/runtime/evidence/chain";
import { verifyChain } from "../../../src/runtime/evidence/verify";
import { chainOf, filesOf, filesOfLines, linesOf, recordNumber, sourcesOf, type Files } from "./support";

const SIZES = [3, 1, 4, 2];
const TOTAL = 10;
const { segments, head } = chainOf(SIZES);
const whole = filesOf(segments);

const verify = (files: Files, heads = [head], pieceBytes?: number) =>
  verifyChain(sourcesOf(files, pieceBytes), { heads });

const codeAt = async (files: Files, heads = [head]) => {
  const { break: broken } = await verify(files, heads);
  return broken === undefined ? undefined : [broken.code, broken.sequence];
};

const recordIndex = fc.integer({ min: 1, max: TOTAL });

describe("a chain that nobody touched", () => {
  test("holds, and tells where it stands", async () => {
    expect(await verify(whole)).toEqual({ holds: true, segments: 4, records: TOTAL, head, headsFound: 1 });
  });

  test("holds in whatever pieces it is read", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 600 }), async (pieceBytes) => {
        expect((await verify(whole, [head], pieceBytes)).holds).toBe(true);
      }),
      { numRuns: 15 },
    );
  });

  test("holds however its records are cut into segments, with one and the same end", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 }), async (sizes) => {
        const total = sizes.reduce((sum, size) => sum + size, 0);
        const one = chainOf([total]);
        expect(chainOf(sizes).head).toEqual(one.head);
        expect((await verify(filesOf(chainOf(sizes).segments), [one.head])).holds).toBe(true);
      }),
      { numRuns: 15 },
    );
  });

  test("can be recomputed by hand: SHA-256 over previous link, number and digest of the record, a line each", () => {
    const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
    const [first] = chainOf([1]).segments;
    const record =
      '{"at":"2026-11-23T09:00:00Z","event":"INSERT","eventId":"event-1","item":{"attempt":1,"grantId":"g-1","note":"näher","pk":"grant#g-1","sk":"open"},"pk":"grant#g-1","sk":"open"}';
    const link = sha(`${CHAIN_START.link}\n1\n${sha(record)}`);
    expect(first).toEqual({
      name: "0000000000000001.jsonl",
      body: `{"link":"${link}","previous":"${"0".repeat(64)}","record":${record},"sequence":1}\n`,
      head: { sequence: 1, link },
    });
  });
});

describe("a chain that somebody touched is located exactly", () => {
  test("any one byte that is another", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...whole.keys()),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (name, at, other) => {
          const bytes = Buffer.from(whole.get(name) ?? "");
          const position = at % bytes.length;
          const before = linesOf(whole).findIndex((line) => line.name === name);
          const sequence = before + 1 + bytes.subarray(0, position).filter((byte) => byte === 0x0a).length;
          bytes[position] = (bytes[position] ?? 0) ^ other;
          const isLastByte = sequence === TOTAL && position === bytes.length - 1;
          const code = isLastByte ? "TailCut" : "RecordAltered";
          expect(await codeAt(new Map(whole).set(name, bytes))).toEqual([code, sequence]);
        },
      ),
      { numRuns: 400 },
    );
  });

  test("any records dropped from the middle, within segments and whole ones", async () => {
    await fc.assert(
      fc.asyncProperty(recordIndex, fc.integer({ min: 1, max: TOTAL }), async (from, count) => {
        fc.pre(from + count <= TOTAL);
        const lines = linesOf(whole);
        lines.splice(from - 1, count);
        expect(await codeAt(filesOfLines(lines))).toEqual(["RecordMissing", from]);
      }),
      { numRuns: 40 },
    );
  });

  test("any two records swapped", async () => {
    await fc.assert(
      fc.asyncProperty(recordIndex, recordIndex, async (one, other) => {
        const [a, b] = [Math.min(one, other), Math.max(one, other)];
        fc.pre(a < b);
        const lines = linesOf(whole);
        const [first, second] = [lines[a - 1]!, lines[b - 1]!];
        lines[a - 1] = { name: first.name, text: second.text };
        lines[b - 1] = { name: second.name, text: first.text };
        const { break: broken } = await verify(filesOfLines(lines));
        expect(broken).toMatchObject({ code: "RecordMoved", sequence: a, segment: first.name });
        expect(broken?.message).toContain(second.name);
      }),
      { numRuns: 40 },
    );
  });

  test("any two segments swapped", async () => {
    const [one, two] = [segments[0]!, segments[2]!];
    const files = new Map(whole).set(one.name, Buffer.from(two.body)).set(two.name, Buffer.from(one.body));
    expect(await codeAt(files)).toEqual(["RecordMoved", 1]);
  });

  test("any tail cut, at the end of a record or within one, against the head", async () => {
    const all = Buffer.concat([...whole.values()]);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: all.length - 1 }), async (length) => {
        const files = new Map<string, Buffer>();
        let left = length;
        for (const [name, bytes] of whole) {
          if (left > 0) files.set(name, bytes.subarray(0, left));
          left -= bytes.length;
        }
        const records = all.subarray(0, length).filter((byte) => byte === 0x0a).length;
        expect(await codeAt(files)).toEqual(["TailCut", records + 1]);
      }),
      { numRuns: 120 },
    );
  });

  test("a record that stands there a second time", async () => {
    const lines = linesOf(whole);
    lines.splice(5, 0, { name: lines[5]!.name, text: lines[2]!.text });
    expect(await codeAt(filesOfLines(lines))).toEqual(["RecordRepeated", 6]);
  });

  test("a record that was replaced together with its own link", async () => {
    const lines = linesOf(whole);
    lines[3] = { name: lines[3]!.name, text: segmentForged(4) };
    expect(await codeAt(filesOfLines(lines))).toEqual(["LinkBroken", 5]);
  });

  test("a chain that was written anew from some record on, against the head", async () => {
    const lines = linesOf(whole).slice(0, 3);
    const { link } = JSON.parse(lines[2]!.text) as { readonly link: string };
    const anew = segmentAfter({ sequence: 3, link }, [11, 12, 13, 14, 15, 16, 17].map(recordNumber));
    const files = new Map(filesOfLines(lines)).set(anew.name, Buffer.from(anew.body));
    expect(await codeAt(files)).toEqual(["HeadDiffers", TOTAL]);
    expect(await codeAt(files, [])).toBeUndefined();
  });

  test("a segment that was renamed, a file that is no segment, an empty one", async () => {
    const renamed = new Map(whole);
    renamed.delete(segmentName(4));
    renamed.set(segmentName(3), segments[1] === undefined ? Buffer.alloc(0) : Buffer.from(segments[1].body));
    expect(await codeAt(renamed)).toEqual(["SegmentMisnamed", 4]);
    expect(await codeAt(new Map(whole).set("notes.txt", Buffer.from("x")))).toEqual(["SegmentForeign", TOTAL + 1]);
    expect(await codeAt(new Map(whole).set(segmentName(6), Buffer.alloc(0)))).toEqual(["SegmentForeign", 9]);
    expect(await codeAt(new Map(whole).set(segmentName(TOTAL + 1), Buffer.alloc(0)))).toEqual(["TailCut", TOTAL + 1]);
  });

  test("whole records cut off the end cannot be seen without a head: the report says against how many it was held", async () => {
    const files = filesOfLines(linesOf(whole).slice(0, 7));
    expect(await verify(files, [])).toMatchObject({ holds: true, records: 7, headsFound: 0 });
  });

  test("a line longer than any record is not kept in memory, and is no record", async () => {
    const long = Buffer.concat([Buffer.alloc(3 * 1024 * 1024, 0x61), Buffer.from("\n")]);
    expect(await codeAt(new Map([[segmentName(1), long]]), [])).toEqual(["RecordAltered", 1]);
  });
});

/** Another record in a place of the chain, linked to the one before it as it should be. */
function segmentForged(place: number): string {
  const before = chainOf([place - 1]).head;
  return segmentAfter(before, [recordNumber(99)]).body.trimEnd();
}
