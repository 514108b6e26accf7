import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { plain, UsageError } from "../../core";
import { isLink, type ChainHead } from "../../runtime/evidence/chain";
import { LedgerImage, type LedgerDifference } from "../../runtime/evidence/compare";
import { evidenceHeadKey, headOf } from "../../runtime/evidence/head";
import { verifyChain, type SegmentSource } from "../../runtime/evidence/verify";
import type { Item, LedgerPages } from "../../runtime/ports";
import { oneWord, readArguments, readFormat } from "../arguments";
import {
  renderEvidenceJson,
  renderEvidenceMarkdown,
  renderEvidenceText,
  type VerifiedEvidence,
} from "../evidence-output";
import { EXIT, type Command, type Io } from "../io";

/** What the command asks of the world beside files. */
export interface EvidencePorts {
  readonly bucket: (place: URL) => Promise<AsyncIterable<SegmentSource>>;
  readonly head: (controlTable: string) => Promise<Item | undefined>;
  readonly ledger: (table: string) => Promise<AsyncIterable<Item>>;
}

/** S3 and DynamoDB, by whatever credentials and region the environment gives. Loaded when asked for only. */
const AWS: EvidencePorts = {
  bucket: async (place) => {
    const { objectsOfEnvironment } = await import("../../runtime/aws/own-objects.js");
    const objects = await objectsOfEnvironment(place.hostname, place.pathname.replace(/^\/|\/$/g, ""));
    return sourcesOf(objects.list(), (name) => objects.open(name));
  },
  head: async (table) => {
    const { createStore } = await import("../../runtime/aws/store.js");
    return createStore({ control: table }).get("control", evidenceHeadKey);
  },
  ledger: async (table) => everyRecord((await import("../../runtime/aws/pages.js")).createLedgerPages(table)),
};

/** Differences that are shown; how many there are is told in any case. */
const MAX_SHOWN = 100;

/** `verify-evidence PLACE`: whether the chain of evidence holds, and where it first does not. */
export const verifyEvidence: Command = {
  name: "verify-evidence",
  summary: "check the chain of evidence, and name the first link that is broken",
  help: `Usage: hris-writeback verify-evidence DIR|s3://BUCKET/PREFIX [--head NUMBER:LINK] [--control TABLE] [--ledger TABLE]
                                      [--format text|markdown|json]

Reads the ledger's evidence, \`evidence/v1/\` of the audit's bucket or a copy of it in a folder, from the first record to the last, and computes every
link anew: nothing is asked of whoever wrote it. It names the first place that does not hold: a record that was altered, is missing, was moved or stands
there twice, or an end that was cut off. Memory does not grow with the evidence.

Nothing after the last record points at it, so whole records cut off the end are seen only against a head that is known from elsewhere:

  --head NUMBER:LINK  one that was noted down: each run prints it, and the function \`evidence\` logs it with each segment that it keeps. The segments
                      that were ever put are also in CloudTrail's records of the bucket, each named by the number of its first record
  --control TABLE     the one that the stack keeps: the output \`control-table\`. Who could cut the bucket and set this item too is not found out by it
  --ledger TABLE      hold the ledger itself against the evidence: the output \`ledger-table\`. Keeps a digest of each record in memory
  --format FORMAT     text (default), markdown, or json: { "evidence": { "holds", "records", "segments", "head", "break": { "code", "sequence", "segment",
                      "line", "message" } }, "differences": { "count", "shown": [ { "code", "pk", "sk", "sequence" } ] } }

For a bucket or a table, AWS credentials and region come from the environment, as for every AWS tool; reading suffices.

Exit code 0: everything that was checked holds. 1: it cannot be read. 2: the chain is broken. 3: it holds, and the ledger says something else, or the
evidence saw somebody replace or remove a record of the ledger.
`,
  run: (args, io) => runVerifyEvidence(args, io, AWS),
};

/** The command over ports of a test's, or the real ones. */
export async function runVerifyEvidence(args: readonly string[], io: Io, ports: EvidencePorts): Promise<number> {
  const { words, values, flags } = readArguments(args, {
    head: "value",
    control: "value",
    ledger: "value",
    format: "value",
  });
  if (flags.has("help")) {
    io.out(verifyEvidence.help);
    return EXIT.ok;
  }
  const place = oneWord(words, "DIR or s3://BUCKET/PREFIX, where the evidence is,");
  const format = readFormat(values["format"]);
  const { head: noted, control, ledger } = values;
  const heads = [
    ...(noted === undefined ? [] : [readHead(noted)]),
    ...(control === undefined ? [] : [await keptHead(control, ports)]),
  ];
  const segments = place.startsWith("s3://") ? await ports.bucket(new URL(place)) : folder(place);
  const image = new LedgerImage(ledger !== undefined);
  const report = await verifyChain(segments, {
    heads,
    onRecord: (line) => {
      image.take(line);
    },
  });
  if (report.segments === 0 && report.holds && heads.length === 0) {
    throw new UsageError(`there is no evidence in \`${plain(place)}\`: expected files as \`0000000000000001.jsonl\``);
  }
  const shown: LedgerDifference[] = [];
  let count = 0;
  const tell = (difference: LedgerDifference): void => {
    count += 1;
    if (shown.length < MAX_SHOWN) shown.push(difference);
  };
  image.changes.forEach(tell);
  const isCompared = ledger !== undefined && report.holds;
  if (isCompared) for await (const difference of image.compare(await ports.ledger(ledger))) tell(difference);
  const verified: VerifiedEvidence = {
    place,
    evidence: report,
    heads: heads.length,
    isCompared,
    differences: { count, shown },
  };
  io.out(RENDER[format](verified));
  return report.holds ? (count === 0 ? EXIT.ok : EXIT.human) : EXIT.wrong;
}

const RENDER = { text: renderEvidenceText, markdown: renderEvidenceMarkdown, json: renderEvidenceJson } as const;

function readHead(text: string): ChainHead {
  const [number = "", link = "", ...rest] = text.split(":");
  const sequence = /^\d{1,15}$/.test(number) ? Number(number) : 0;
  if (sequence === 0 || !isLink(link) || rest.length > 0) {
    throw new UsageError(`\`--head ${plain(text)}\` is no head; expected a number, \`:\` and 64 hexadecimal digits`);
  }
  return { sequence, link };
}

async function keptHead(table: string, ports: EvidencePorts): Promise<ChainHead> {
  const item = await ports.head(table);
  if (item === undefined) {
    throw new UsageError(`the control table \`${plain(table)}\` says nothing of evidence: nothing was kept yet`);
  }
  const { sequence, link } = headOf(item);
  return { sequence, link };
}

/** Records of the ledger that are asked for at once. */
const PAGE = 500;

async function* everyRecord(pages: LedgerPages): AsyncGenerator<Item> {
  let after: Parameters<LedgerPages["page"]>[0]["after"];
  do {
    const { items, last } = await pages.page({
      part: 0,
      of: 1,
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    yield* items;
    after = last;
  } while (after !== undefined);
}

/** The files of a folder, but for hidden ones, which copying programs leave. */
async function* folder(dir: string): AsyncGenerator<SegmentSource> {
  let names: string[];
  try {
    names = await readdir(dir);
  } catch (cause) {
    throw new UsageError(`cannot read the folder \`${plain(dir)}\``, { cause });
  }
  const files = names.filter((name) => !name.startsWith(".")).sort();
  yield* sourcesOf(files, (name) => createReadStream(join(dir, name)));
}

async function* sourcesOf(
  names: Iterable<string> | AsyncIterable<string>,
  open: (name: string) => AsyncIterable<Uint8Array>,
): AsyncGenerator<SegmentSource> {
  for await (const name of names) yield { name, open: () => open(name) };
}
