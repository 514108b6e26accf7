import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { strToU8, zipSync } from "fflate";

import { review, type Review } from "../../../src/review";
import { loadFolders } from "../../../src/review/changes/load";
import type { Hand } from "../hand";
import { edited, noticed, ofCode } from "./stacks";

const CODE = { "index.js": "exports.handler = 1", "worker.js": "2" };
const MORNING = new Date("2026-11-01T08:00:00Z");
const EVENING = new Date("2026-11-02T20:00:00Z");

/** An archive of files that were written at a time. */
function archive(files: Readonly<Record<string, string>>, mtime = MORNING): Uint8Array {
  return zipSync(
    Object.fromEntries(Object.entries(files).map(([name, text]) => [name, [strToU8(text), { mtime }] as const])),
  );
}

/** A folder with the small stack, in which the gateway's function is in an archive of its own. */
function folder(path: string, content: Uint8Array | undefined, also?: (hand: Hand) => void): string {
  const dir = mkdtempSync(join(tmpdir(), "review-bundles-"));
  const json = edited((hand) => {
    hand.fn("gateway").body["filename"] = path;
    also?.(hand);
  });
  writeFileSync(join(dir, "cdk.tf.json"), JSON.stringify(json));
  if (content !== undefined) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
  }
  return dir;
}

const compared = (base: string, head: string): Review => review(loadFolders(base, head));

const OLD = "assets/old/archive.zip";
const NEW = "assets/new/archive.zip";

describe("the code of a function, by what is in its archive", () => {
  test("is the same where it lies elsewhere, and was archived at another time in another order", () => {
    const { "index.js": first, ...rest } = CODE;
    const head = folder(NEW, archive({ ...rest, "index.js": first }, EVENING), (hand) => {
      hand.fn("gateway").body["source_code_hash"] = "another";
    });
    const result = compared(folder(OLD, archive(CODE)), head);
    expect(noticed(result)).toEqual([]);
    expect(ofCode(result, "ArgumentReworded")[0]?.message).toContain("`filename`, `source_code_hash` changed");
  });

  test("says nothing of the same archive in the same place", () => {
    expect(compared(folder(OLD, archive(CODE)), folder(OLD, archive(CODE, EVENING))).changes).toEqual([]);
  });

  const changed = archive({ ...CODE, "index.js": "exports.handler = 2" });
  const twice = archive({ "index.jx": "evil", ...CODE });
  // Two files of one name: their checksums are of what they hold.
  for (let at = 0; at < twice.length - 8; at += 1) {
    if (Buffer.from(twice.subarray(at, at + 8)).toString("latin1") === "index.jx") twice[at + 7] = "s".charCodeAt(0);
  }

  test.each([
    ["another file lies where the old one lay", OLD, archive(CODE), changed],
    ["another file lies elsewhere", NEW, archive(CODE), changed],
    ["a file is called otherwise", OLD, archive(CODE), archive({ "main.js": CODE["index.js"], "worker.js": "2" })],
    ["one file more is in it", OLD, archive(CODE), archive({ ...CODE, "more.js": "3" })],
    ["a file stands in it twice", OLD, archive(CODE), twice],
    ["it is no archive", OLD, archive(CODE), strToU8("no archive")],
    ["it is not there to be looked at", NEW, archive(CODE), undefined],
  ])("is for a person to judge where %s", (_name, path, before, after) => {
    const result = compared(folder(OLD, before), folder(path, after));
    expect(noticed(result)).toEqual(["look CodeChanged"]);
    expect(result.changes[0]?.message).toContain("the code of function `acme-writeback-gateway` changes");
  });
});
