import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";

import { renderRules } from "../../scripts/generate-rules";
import { FAMILIES } from "../../scripts/rules";

const root = resolve(__dirname, "../..");

/** Sources whose codes are this project's: `src/local` speaks as AWS and other systems do, `src/page` as a browser. */
const FOLDERS = [
  "constructs",
  "src/cli",
  "src/compile",
  "src/core",
  "src/iam",
  "src/policy",
  "src/review",
  "src/runtime",
];

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? sources(path) : path.endsWith(".ts") ? [path] : [];
  });
}

const files = FOLDERS.flatMap((folder) => sources(join(root, folder))).map((path) => ({
  path: relative(root, path),
  text: readFileSync(path, "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, ""),
}));

const catalogued = new Set(FAMILIES.flatMap(({ rules }) => Object.keys(rules)));

/** Names in capitals and small letters that stand as texts. */
function literalsIn(text: string): string[] {
  return [...text.matchAll(/"([A-Z][a-z]+(?:[A-Z][a-z]*)*)"/g)].map((match) => match[1] ?? "");
}

/** Where codes are given: types that list them, members that carry them, and problems of the API. */
const PLACES: readonly RegExp[] = [
  /export type \w*(?:Bar|Code|Reason|Refusal) =[^;]*;/g,
  /\bcode: (?:"[A-Za-z]+"|[^,}\n]*\? "[^,}\n]*)/g,
  /\breason: (?:"[A-Za-z]+"|[^,}\n]*\? "[^,}\n]*)/g,
  /new Problem\([^)]*\)/g,
];

/** What such places hold that is no code of ours. */
const OTHERS: ReadonlySet<string> = new Set([
  // What an error is called that has no name.
  "Error",
]);

test("every code that is given is in the catalogue", () => {
  const found = files.flatMap(({ path, text }) =>
    PLACES.flatMap((place) => text.match(place) ?? [])
      .flatMap(literalsIn)
      .filter((code) => !catalogued.has(code) && !OTHERS.has(code))
      .map((code) => `${path}: ${code}`),
  );
  expect(found).toEqual([]);
  const errors = files.find(({ path }) => path === "src/runtime/errors.ts")!.text;
  const named = [...errors.matchAll(/readonly name = "(\w+)"/g)].map((match) => match[1] ?? "");
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter((name) => !catalogued.has(name))).toEqual([]);
});

test("finds codes where they are given", () => {
  const seen = new Set(
    files.flatMap(({ text }) => PLACES.flatMap((place) => text.match(place) ?? []).flatMap(literalsIn)),
  );
  for (const code of ["AlreadyDecided", "AslGrammar", "LookGivenUp", "Observed", "WorkflowEnded"])
    expect([code, seen.has(code)]).toEqual([code, true]);
  expect(seen.size).toBeGreaterThan(200);
});

test("every code of the catalogue is used", () => {
  const used = new Set(
    files.flatMap(({ text }) => [
      ...literalsIn(text),
      ...[...text.matchAll(/^\s+"?([A-Za-z-]+)"?: /gm)].map((match) => match[1] ?? ""),
      ...[...text.matchAll(/"([a-z]+(?:-[a-z]+)*)"/g)].map((match) => match[1] ?? ""),
    ]),
  );
  expect([...catalogued].filter((code) => !used.has(code))).toEqual([]);
});

test("each has a cause, an example and a mend of its own, and none is a sentence with a full stop", () => {
  const poor = FAMILIES.flatMap(({ title, rules }) =>
    Object.entries(rules).flatMap(([code, { cause, example, mend }]) =>
      [cause, example, mend].every((text) => text.length > 1 && !text.endsWith(".")) &&
      new Set([cause, example, mend]).size === 3
        ? []
        : [`${title}: ${code}`],
    ),
  );
  expect(poor).toEqual([]);
});

test("its contents lead to its sections", () => {
  const text = renderRules();
  const anchors = [...text.matchAll(/\]\(#([^)]+)\)/g)].map((match) => match[1]);
  const headings = [...text.matchAll(/^## (.+)$/gm)].map((match) =>
    (match[1] ?? "")
      .toLowerCase()
      .replace(/[^a-z0-9 -]/g, "")
      .replaceAll(" ", "-"),
  );
  expect(anchors).toEqual(headings);
});
