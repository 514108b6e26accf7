import { CHAIN_START, firstOfSegment, MAX_LINE_BYTES, readLine, type ChainHead, type ChainLine } from "./chain";

/** A segment as it is read: its name, and its bytes in whatever pieces. */
export interface SegmentSource {
  readonly name: string;
  readonly open: () => AsyncIterable<Uint8Array>;
}

/** What can be wrong with a chain. Public. */
export type BreakCode =
  /** A record, or what links it, is not what was written. */
  | "RecordAltered"
  /** One record or several are gone from the middle. */
  | "RecordMissing"
  /** A record stands in another's place, which stands elsewhere. */
  | "RecordMoved"
  /** A record stands there a second time. */
  | "RecordRepeated"
  /** Whole by itself, but linked to something else than what stands before it. */
  | "LinkBroken"
  /** A segment's name says another beginning than its content. */
  | "SegmentMisnamed"
  /** Something that is no segment lies among them. */
  | "SegmentForeign"
  /** The end is missing: within a record, or up to the known head. */
  | "TailCut"
  /** At a number that somebody noted, another link stands than the noted one. */
  | "HeadDiffers";

/** The first place where a chain does not hold. */
export interface ChainBreak {
  readonly code: BreakCode;
  /** Number of the record in question, counted from 1; of a missing one, the first that is missing. */
  readonly sequence: number;
  /** Segment where it was seen; absent where nothing is left to see. */
  readonly segment?: string;
  /** Line in that segment, from 1. */
  readonly line?: number;
  readonly message: string;
}

export interface ChainReport {
  readonly holds: boolean;
  readonly segments: number;
  /** Records up to the break, or all. */
  readonly records: number;
  /** Where the chain stands, as far as it holds: what to note down for the next time. */
  readonly head: ChainHead;
  /** How many of the heads that were given were reached and found as noted. */
  readonly headsFound: number;
  readonly break?: ChainBreak;
}

export interface VerifyOptions {
  /** Heads that are known from elsewhere: what the chain had to look like at those numbers. */
  readonly heads?: readonly ChainHead[];
  /** Told of each record that holds, in order. */
  readonly onRecord?: (line: ChainLine) => void;
}

/**
 * Checks a chain from its first record to its last, in one pass and with no more than one line in memory, and names the first place where it
 * does not hold. Segments come in order of their names.
 *
 * Without a head known from elsewhere, whole records cut off the end cannot be seen: nothing after them points at them.
 */
export async function verifyChain(
  segments: AsyncIterable<SegmentSource>,
  { heads = [], onRecord }: VerifyOptions = {},
): Promise<ChainReport> {
  const noted = new Map(heads.map((head) => [head.sequence, head]));
  let head = CHAIN_START;
  let headsFound = noted.get(0)?.link === CHAIN_START.link ? 1 : 0;
  let count = 0;
  /** A break for which the rest is read to say which it is. */
  let open: { readonly at: ChainBreak; readonly wanted: number } | undefined;
  let last: { readonly name: string; readonly lines: number } | undefined;
  const report = (broken?: ChainBreak): ChainReport => ({
    holds: broken === undefined,
    segments: count,
    records: head.sequence,
    head,
    headsFound,
    ...(broken === undefined ? {} : { break: broken }),
  });

  for await (const { name, open: read } of segments) {
    const first = firstOfSegment(name);
    if (first === undefined) {
      if (open !== undefined) continue;
      return report(breakAt("SegmentForeign", head.sequence + 1, `\`${name}\` is no segment of a chain`, name));
    }
    count += 1;
    let lines = 0;
    for await (const { bytes, isComplete } of linesOf(read())) {
      lines += 1;
      const line = isComplete ? readLine(bytes) : undefined;
      if (open !== undefined) {
        if (line?.sequence === open.wanted) return report(movedTo(open.at, name, lines));
        continue;
      }
      const next = head.sequence + 1;
      if (!isComplete) {
        // What follows decides: at the very end the tail is cut, before it a record was altered.
        last = { name, lines: -1 };
        open = { at: breakAt("TailCut", next, `record ${String(next)} is cut off`, name, lines), wanted: 0 };
        continue;
      }
      if (line === undefined) {
        return report(breakAt("RecordAltered", next, `record ${String(next)} is not as it was written`, name, lines));
      }
      if (line.sequence !== next || line.previous !== head.link) {
        const broken = misplaced(line, next, name, lines);
        if (broken.code !== "RecordMissing") return report(broken);
        open = { at: broken, wanted: next };
        continue;
      }
      if (last?.lines === 0) {
        return report(breakAt("SegmentForeign", next, `\`${last.name}\` is empty`, last.name));
      }
      if (lines === 1 && first !== next) {
        const message = `the segment says that it begins with record ${String(first)} and begins with ${String(next)}`;
        return report(breakAt("SegmentMisnamed", next, message, name, lines));
      }
      const known = noted.get(next);
      if (known !== undefined && known.link !== line.link) {
        return report(
          breakAt("HeadDiffers", next, `record ${String(next)} has another link than was noted`, name, lines),
        );
      }
      if (known !== undefined) headsFound += 1;
      head = { sequence: line.sequence, link: line.link };
      onRecord?.(line);
    }
    if (open?.at.code === "TailCut" && open.at.segment !== name) {
      return report({ ...open.at, code: "RecordAltered" });
    }
    if (open === undefined) last = { name, lines };
  }
  if (open !== undefined) return report(open.at);
  if (last?.lines === 0) {
    const next = head.sequence + 1;
    return report(breakAt("TailCut", next, `the last segment is empty: record ${String(next)} is missing`, last.name));
  }
  const furthest = Math.max(0, ...noted.keys());
  if (furthest > head.sequence) {
    const next = head.sequence + 1;
    const message = `records ${String(next)} to ${String(furthest)} are missing at the end`;
    return report(breakAt("TailCut", next, message, last?.name));
  }
  return report();
}

function breakAt(code: BreakCode, sequence: number, message: string, segment?: string, line?: number): ChainBreak {
  return {
    code,
    sequence,
    ...(segment === undefined ? {} : { segment }),
    ...(line === undefined ? {} : { line }),
    message,
  };
}

/** A line that is whole by itself, where another was expected. */
function misplaced(found: ChainLine, next: number, segment: string, line: number): ChainBreak {
  const { sequence } = found;
  if (sequence === next) {
    const message = `record ${String(next)} is linked to another record than the one before it`;
    return breakAt("LinkBroken", next, message, segment, line);
  }
  if (sequence < next) {
    const message = `record ${String(sequence)} stands a second time, where record ${String(next)} belongs`;
    return breakAt("RecordRepeated", next, message, segment, line);
  }
  const which =
    sequence === next + 1 ? `record ${String(next)} is` : `records ${String(next)} to ${String(sequence - 1)} are`;
  return breakAt("RecordMissing", next, `${which} missing before record ${String(sequence)}`, segment, line);
}

/** What was taken for missing stands further on. */
function movedTo(at: ChainBreak, segment: string, line: number): ChainBreak {
  const message = `record ${String(at.sequence)} does not stand in its place, but in \`${segment}\`, line ${String(line)}`;
  return { ...at, code: "RecordMoved", message };
}

const LINE_BREAK = 0x0a;

/** Lines of a text that comes in pieces, without their line breaks. The last one is not complete where no line break ends it. */
async function* linesOf(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ readonly bytes: Uint8Array; readonly isComplete: boolean }> {
  let rest: Uint8Array[] = [];
  let size = 0;
  const taken = (end?: Uint8Array): Uint8Array => {
    const bytes = size > MAX_LINE_BYTES ? new Uint8Array() : Buffer.concat(end === undefined ? rest : [...rest, end]);
    rest = [];
    size = 0;
    return bytes;
  };
  for await (const piece of pieces) {
    let from = 0;
    for (;;) {
      const to = piece.indexOf(LINE_BREAK, from);
      if (to < 0) break;
      size += to - from;
      yield { bytes: taken(piece.subarray(from, to)), isComplete: true };
      from = to + 1;
    }
    if (from < piece.length) {
      size += piece.length - from;
      // A line that is too long is none of ours: it is counted and not kept.
      if (size <= MAX_LINE_BYTES) rest.push(piece.subarray(from));
      else rest = [];
    }
  }
  if (size > 0) yield { bytes: taken(), isComplete: false };
}
