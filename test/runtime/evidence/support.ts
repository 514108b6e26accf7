import { CHAIN_START, segmentAfter, type ChainHead, type Segment } from "../../../src/runtime/evidence/chain";
import type { EvidenceRecord } from "../../../src/runtime/evidence/record";
import type { SegmentSource } from "../../../src/runtime/evidence/verify";

/** The record of the `number`th put into a ledger. */
export function recordNumber(number: number): EvidenceRecord {
  return {
    event: "INSERT",
    eventId: `event-${String(number)}`,
    at: "2026-11-23T09:00:00Z",
    pk: `grant#g-${String(number)}`,
    sk: "open",
    item: { pk: `grant#g-${String(number)}`, sk: "open", grantId: `g-${String(number)}`, attempt: 1, note: "näher" },
  };
}

/** A chain of segments with so many records each. */
export function chainOf(sizes: readonly number[]): { readonly segments: readonly Segment[]; readonly head: ChainHead } {
  let head = CHAIN_START;
  const segments = sizes.map((size) => {
    const from = head.sequence;
    const segment = segmentAfter(
      head,
      Array.from({ length: size }, (_, index) => recordNumber(from + index + 1)),
    );
    head = segment.head;
    return segment;
  });
  return { segments, head };
}

/** Files by their names, as they would lie in a folder. */
export type Files = ReadonlyMap<string, Buffer>;

export function filesOf(segments: readonly Segment[]): Map<string, Buffer> {
  return new Map(segments.map(({ name, body }) => [name, Buffer.from(body, "utf8")]));
}

/** The files as sources, in order of their names and in pieces of some bytes. */
export async function* sourcesOf(files: Files, pieceBytes = 97): AsyncGenerator<SegmentSource> {
  for (const [name, bytes] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    yield { name, open: () => piecesOf(bytes, pieceBytes) };
  }
  await Promise.resolve();
}

async function* piecesOf(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
  await Promise.resolve();
}

/** A line of the files: its segment and text. Record `n` is line `n - 1`. */
export function linesOf(files: Files): { readonly name: string; readonly text: string }[] {
  return [...files].flatMap(([name, bytes]) =>
    bytes
      .toString("utf8")
      .split("\n")
      .slice(0, -1)
      .map((text) => ({ name, text })),
  );
}

/** Lines as files again; a file without lines is gone. */
export function filesOfLines(lines: readonly { readonly name: string; readonly text: string }[]): Files {
  const files = new Map<string, Buffer>();
  for (const { name, text } of lines) {
    files.set(name, Buffer.concat([files.get(name) ?? Buffer.alloc(0), Buffer.from(`${text}\n`, "utf8")]));
  }
  return files;
}
