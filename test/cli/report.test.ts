import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { run } from "../../src/cli/run";
import { writeFiles } from "../../src/cli/write-files";
import { synthExample, type SynthesizedExample } from "../helpers/examples";

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function report(...args: readonly string[]): Promise<Ran> {
  let [out, err] = ["", ""];
  const code = await run(["report", ...args], {
    out: (text) => (out += text),
    err: (text) => (err += text),
    readFile: () => "",
    readStdin: () => Promise.resolve(""),
    now: () => {
      throw new Error("a report reads no clock");
    },
  });
  return { code, out, err };
}

function folder(): string {
  return mkdtempSync(join(tmpdir(), "writeback-report-"));
}

let stack: SynthesizedExample;

beforeAll(() => {
  stack = synthExample("acme", { WRITEBACK_POLICY: join(__dirname, "../review/small.policy.yaml") });
});

describe("report", () => {
  test("writes its files into a folder that it makes, says which stack they are of, and leaves nothing else there", async () => {
    const out = join(folder(), "a", "b");
    expect(await report(stack.dir, "--out", out, "--at", "2026-12-01")).toEqual({
      code: 0,
      out: FILES.map((name) => `${join(out, name)}\n`).join(""),
      err: "",
    });
    expect(readdirSync(out).sort()).toEqual([...FILES].sort());
    const sha256 = createHash("sha256").update(stack.text).digest("hex");
    const texts = FILES.map((name) => readFileSync(join(out, name), "utf8"));
    expect(texts.filter((text) => !text.includes(sha256))).toEqual([]);
    const again = join(folder(), "again");
    await report(stack.dir, "--out", again, "--at", "2026-12-01");
    expect(FILES.map((name) => readFileSync(join(again, name), "utf8"))).toEqual(texts);
  });

  test.each([
    [["--out", "x"], /STACK_DIR, the folder with the synthesized stack, is missing/],
    [["there"], /`--out DIR`, the folder to write into, is missing/],
    [["there", "--out", ""], /`--out DIR`, the folder to write into, is missing/],
    [["there", "--out", "x", "--at", "tomorrow"], /`--at tomorrow` is no time/],
    [["there", "more", "--out", "x"], /unexpected argument `more`/],
    [["there", "--out", "x"], /there is no cdk.tf.json in `there`/],
  ])("fails with exit code 1 for %j", async (args, message) => {
    const { code, out, err } = await report(...args);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(message);
  });

  test("fails where it cannot write, with the place and the reason", async () => {
    const file = join(folder(), "file");
    writeFileSync(file, "");
    const { code, out, err } = await report(stack.dir, "--out", join(file, "below"));
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain(`cannot write \`${join(file, "below")}\`: a part of the path is no folder`);
    expect((await report(stack.dir, "--out", file)).err).toContain(`cannot write \`${file}\`: a file is in the way`);
  });

  test("writes the report on a stack that is not proved, too, with the exit code of `prove`", async () => {
    const wrong = folder();
    writeFileSync(
      join(wrong, "cdk.tf.json"),
      stack.text
        .replace('"authorization":"AWS_IAM"', '"authorization":"NONE"')
        .replace('"authorization": "AWS_IAM"', '"authorization": "NONE"'),
    );
    const { code, err } = await report(wrong, "--out", join(wrong, "out"));
    expect([code, err]).toEqual([2, `The stack is not proved; \`hris-writeback prove ${wrong}\` tells why.\n`]);
    expect(readFileSync(join(wrong, "out", "report.md"), "utf8")).toContain("**MethodNotIam**");
    const more = folder();
    writeFileSync(join(more, "cdk.tf.json"), stack.text);
    writeFileSync(join(more, "more.tf"), "");
    expect((await report(more, "--out", join(more, "out"))).code).toBe(3);
    expect(readFileSync(join(more, "out", "report.md"), "utf8")).toContain("`more.tf`: Terraform applies it together");
  });
});

const FILES = ["report.html", "report.md", "oscal-component-definition.json"];

describe("files are written", () => {
  test("all or none: what was there stays where one of them cannot be written", () => {
    const dir = folder();
    writeFileSync(join(dir, "one"), "before");
    mkdirSync(join(dir, "two"));
    writeFileSync(join(dir, "two", "within"), "");
    const files = [
      { name: "one", text: "after" },
      { name: "n".repeat(300), text: "" },
    ];
    expect(() => {
      writeFiles(dir, files);
    }).toThrow(/the path is too long/);
    expect(readFileSync(join(dir, "one"), "utf8")).toBe("before");
    expect(() => {
      writeFiles(dir, [{ name: "two", text: "" }]);
    }).toThrow(/a folder is in the way/);
    expect(readdirSync(dir).sort()).toEqual(["one", "two"]);
  });
});
