import { createHash } from "node:crypto";

import * as z from "zod";

import { canonicalJson } from "../../core";
import type { EvidenceRecord } from "./record";

/** Where a chain stands: its last record's number and link. */
export interface ChainHead {
  /** Records so far; the first one's number is 1. */
  readonly sequence: number;
  /** 64 lower-case hexadecimal digits. */
  readonly link: string;
}

/** Before the first record. */
export const CHAIN_START: ChainHead = { sequence: 0, link: "0".repeat(64) };

/** One line of a segment: a record, its number, its link and the one before. */
export interface ChainLine extends ChainHead {
  readonly previous: string;
  readonly record: unknown;
}

/** Records in a row, as one object of the bucket. */
export interface Segment {
  /** Names sort as the chain runs. */
  readonly name: string;
  readonly body: string;
  readonly head: ChainHead;
}

/** The longest line that is read, in bytes: a record holds two items of a table at most. */
export const MAX_LINE_BYTES = 2 * 1024 * 1024;

const DIGITS = 16;
const SEGMENT_NAME = new RegExp(`^(\\d{${String(DIGITS)}})\\.jsonl$`);
const LINK = /^[0-9a-f]{64}$/;

const lineSchema = z.strictObject({
  link: z.string().regex(LINK),
  previous: z.string().regex(LINK),
  record: z.unknown(),
  sequence: z.number().int().min(1),
});

/** Name of the segment that begins with a record's number. */
export function segmentName(first: number): string {
  return `${String(first).padStart(DIGITS, "0")}.jsonl`;
}

/** The number that a segment's name says it begins with; `undefined` for what is no segment. */
export function firstOfSegment(name: string): number | undefined {
  const digits = SEGMENT_NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Whether a text can be a link. */
export function isLink(text: string): boolean {
  return LINK.test(text);
}

/**
 * The link of a record: SHA-256 over `<previous link>\n<number>\n<SHA-256 of the record's canonical JSON>`, digests as lower-case
 * hexadecimal. So the last link binds every record, its content and its place.
 */
function linkOf(previous: string, sequence: number, recordText: string): string {
  return sha256(`${previous}\n${String(sequence)}\n${sha256(recordText)}`);
}

/** The segment that goes on from a head with records, at least one. */
export function segmentAfter(head: ChainHead, records: readonly EvidenceRecord[]): Segment {
  let { sequence, link } = head;
  const lines = records.map((record) => {
    const previous = link;
    sequence += 1;
    link = linkOf(previous, sequence, canonicalJson(record));
    return `${canonicalJson({ link, previous, record, sequence } satisfies ChainLine)}\n`;
  });
  return { name: segmentName(head.sequence + 1), body: lines.join(""), head: { sequence, link } };
}

/**
 * One line of a segment, without its line break, if it is whole: in canonical JSON and with the link that its own number, record and
 * previous link give. No byte of it can be another without that being seen. `undefined` where it is not.
 */
export function readLine(bytes: Uint8Array): ChainLine | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const line = lineSchema.safeParse(JSON.parse(text)).data;
    if (line === undefined || canonicalJson(line) !== text) return undefined;
    return line.link === linkOf(line.previous, line.sequence, canonicalJson(line.record)) ? line : undefined;
  } catch {
    return undefined;
  }
}

function sha256(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}
