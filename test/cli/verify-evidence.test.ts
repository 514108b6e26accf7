import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { runVerifyEvidence, type EvidencePorts } from "../../src/cli/commands/verify-evidence";
import { HELP, run } from "../../src/cli/run";
import { UsageError } from "../../src/core";
import { segmentAfter } from "../../src/runtime/evidence/chain";
import type { Item } from "../../src/runtime/ports";
import {
  chainOf,
  filesOf,
  linesOf,
  filesOfLines,
  recordNumber,
  sourcesOf,
  type Files,
} from "../runtime/evidence/support";

const { segments, head } = chainOf([3, 2]);
const whole = filesOf(segments);
const HEAD = `${String(head.sequence)}:${head.link}`;
const LEDGER = [1, 2, 3, 4, 5].map((number) => recordNumber(number).item as Item);

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "evidence-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

function inFolder(files: Files): string {
  for (const [name, bytes] of files) writeFileSync(join(dir, name), bytes);
  return dir;
}

async function verify(args: readonly string[], ports: Partial<EvidencePorts> = {}) {
  let out = "";
  const io = {
    out: (text: string) => (out += text),
    err: () => undefined,
    readFile: () => "",
    readStdin: () => Promise.resolve(""),
    now: () => 0,
  };
  const never = () => Promise.reject(new Error("not asked for"));
  const code = await runVerifyEvidence(args, io, { bucket: never, head: never, ledger: never, ...ports });
  return { code, out };
}

async function* stream<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}

describe("verify-evidence", () => {
  test("of a folder that holds says so, tells the head, and that the end was held against nothing", async () => {
    const { code, out } = await verify([inFolder(whole)]);
    expect(code).toBe(0);
    expect(out).toContain("Evidence holds");
    expect(out).toContain(HEAD);
    expect(out).toContain("whole records cut off there would not be seen");
  });

  test("against a head that was noted finds a cut tail, and exits 2", async () => {
    const cut = inFolder(filesOfLines(linesOf(whole).slice(0, 4)));
    expect(await verify([cut])).toMatchObject({ code: 0 });
    const { code, out } = await verify([cut, "--head", HEAD, "--format", "json"]);
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({
      evidence: {
        holds: false,
        records: 4,
        break: { code: "TailCut", sequence: 5, segment: "0000000000000004.jsonl" },
      },
    });
  });

  test("against the head of the control table likewise", async () => {
    const control = { head: () => Promise.resolve({ pk: "evidence-head", ...head, recent: [] }) };
    const cut = inFolder(filesOfLines(linesOf(whole).slice(0, 3)));
    expect(await verify([cut, "--control", "t-control"], control)).toMatchObject({ code: 2 });
    inFolder(whole);
    expect(await verify([dir, "--control", "t-control"], control)).toMatchObject({ code: 0 });
    await expect(verify([dir, "--control", "t"], { head: () => Promise.resolve(undefined) })).rejects.toThrow(
      UsageError,
    );
  });

  test.each(["text", "markdown", "json"])("names the broken link, its segment and line, as %s", async (format) => {
    const lines = linesOf(whole);
    lines[3] = { ...lines[3]!, text: lines[3]!.text.replace("g-4", "g-7") };
    const { code, out } = await verify([inFolder(filesOfLines(lines)), "--format", format]);
    expect(code).toBe(2);
    for (const part of ["RecordAltered", "0000000000000004.jsonl", format === "json" ? '"line": 1' : "line 1"]) {
      expect(out).toContain(part);
    }
  });

  test("of a bucket asks for that bucket and prefix", async () => {
    const asked: string[] = [];
    const bucket = (place: URL) => {
      asked.push(place.href);
      return Promise.resolve(sourcesOf(whole));
    };
    expect(await verify(["s3://some-bucket/evidence/v1", "--head", HEAD], { bucket })).toMatchObject({ code: 0 });
    expect(asked).toEqual(["s3://some-bucket/evidence/v1"]);
  });

  test("holds the ledger against it: the same is fine, a replaced, a missing and an added record exit 3", async () => {
    inFolder(whole);
    const ledger = (items: readonly Item[]) => ({ ledger: () => Promise.resolve(stream(items)) });
    expect(await verify([dir, "--ledger", "t-ledger"], ledger(LEDGER))).toMatchObject({ code: 0 });
    const other = [{ ...LEDGER[0], attempt: 2 } as Item, ...LEDGER.slice(2), { pk: "approval#r#0", sk: "a" } as Item];
    const { code, out } = await verify([dir, "--ledger", "t-ledger", "--format", "json"], ledger(other));
    expect(code).toBe(3);
    expect(JSON.parse(out)).toMatchObject({
      differences: {
        count: 3,
        shown: [
          { code: "DiffersFromEvidence", pk: "grant#g-1", sequence: 1 },
          { code: "NotInEvidence", pk: "approval#r#0" },
          { code: "NotInLedger", pk: "grant#g-2", sequence: 2 },
        ],
      },
    });
  });

  test("that saw somebody replace and remove records says so, also without the ledger, and exits 3", async () => {
    const { item } = recordNumber(2);
    const changed = [
      { ...recordNumber(2), event: "MODIFY" as const, eventId: "m", was: item },
      { event: "REMOVE" as const, eventId: "x", at: "2026-11-23T09:00:00Z", pk: "grant#g-3", sk: "open" },
    ];
    const more = segmentAfter(head, changed);
    const { code, out } = await verify([inFolder(new Map(whole).set(more.name, Buffer.from(more.body)))]);
    expect(code).toBe(3);
    expect(out).toMatch(/RecordReplaced .*grant#g-2 .*6\n/);
    expect(out).toMatch(/RecordRemoved .*grant#g-3 .*7\n/);
  });

  test.each([
    ["no place", []],
    ["two places", ["a", "b"]],
    ["a head that is none", ["a", "--head", "5"]],
    ["a head with a short link", ["a", "--head", "5:abc"]],
    ["a folder that is not there", [join(tmpdir(), "evidence-that-is-not-there")]],
    ["an unknown format", ["a", "--format", "xml"]],
  ])("fails for %s", async (_what, args) => {
    await expect(verify(args)).rejects.toThrow(UsageError);
  });

  test("fails for a folder without evidence, unless a head says that there was some", async () => {
    await expect(verify([dir])).rejects.toThrow(/there is no evidence/);
    expect(await verify([dir, "--head", HEAD])).toMatchObject({ code: 2 });
  });

  test("is among the program's commands, with help of its own", async () => {
    expect(HELP).toContain("verify-evidence");
    let out = "";
    const io = { out: (text: string) => (out += text), err: () => undefined } as unknown as Parameters<typeof run>[1];
    expect(await run(["verify-evidence", "--help"], io)).toBe(0);
    expect(out).toContain("--control TABLE");
  });
});
