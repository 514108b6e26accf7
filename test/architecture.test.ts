import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const root = resolve(__dirname, "..");

/** Folder -> folders of ours that it may import, itself included. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  "src/core": [],
  "src/policy": ["src/core"],
  "src/iam": ["src/core"],
  "src/compile": ["src/core", "src/policy", "src/iam"],
  "src/hris": ["src/core", "src/policy", "src/iam"],
  "src/runtime": ["src/core", "src/policy", "src/iam", "src/hris"],
  "src/local": ["src/core", "src/policy", "src/iam", "src/compile", "src/hris", "src/runtime"],
  // Runs in a browser: what it knows of the API it is told by it.
  "src/page": [],
  "src/review": ["src/core", "src/policy", "src/iam", "src/compile"],
  "src/cli": ["src/core", "src/policy", "src/iam", "src/compile", "src/hris", "src/runtime", "src/local", "src/review"],
  constructs: ["src/core", "src/policy", "src/iam", "src/compile", "src/hris"],
  examples: ["constructs", "index", "src/policy"],
};

/** Layers that must give the same bytes for the same input. */
const PURE = ["src/core", "src/policy", "src/iam", "src/compile"];

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sources(path);
    return path.endsWith(".ts") ? [path] : [];
  });
}

function imports(file: string): string[] {
  return [...readFileSync(file, "utf8").matchAll(/(?:from|import\(|require\()\s*"([^"]+)"/g)].map(
    (match) => match[1] ?? "",
  );
}

function areaOf(path: string): string {
  const parts = relative(root, path).split("/");
  return parts[0] === "src" ? parts.slice(0, 2).join("/") : (parts[0] ?? "").replace(/\.ts$/, "");
}

const FRAMEWORK = /^(cdktf|cdktn|constructs|@cdktf\/|@cdktn\/)/;

describe("imports go one way", () => {
  for (const [folder, allowed] of Object.entries(ALLOWED)) {
    const files = sources(join(root, folder));

    test(`${folder} imports only what its layer may`, () => {
      const wrong = files.flatMap((file) =>
        imports(file)
          .filter((name) => name.startsWith("."))
          .map((name) => areaOf(resolve(dirname(file), name)))
          .filter((area) => area !== folder && !allowed.includes(area))
          .map((area) => `${relative(root, file)} imports ${area}`),
      );
      expect(wrong).toEqual([]);
    });

    if (folder !== "constructs" && folder !== "examples") {
      test(`${folder} does not import the framework or a provider`, () => {
        const wrong = files.filter((file) => imports(file).some((name) => FRAMEWORK.test(name)));
        expect(wrong.map((file) => relative(root, file))).toEqual([]);
      });
    }
  }

  test("the pure layers read no clock, no random, no environment and no file", () => {
    const impure =
      /\bDate\.now\(|new Date\(\)|Math\.random\(|process\.env|from "node:(fs|http|https|net|child_process|os)"|randomBytes|randomUUID/;
    const wrong = PURE.flatMap((folder) => sources(join(root, folder))).filter((file) =>
      impure.test(readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "")),
    );
    expect(wrong.map((file) => relative(root, file))).toEqual([]);
  });

  test("nothing imports the root of the provider, which loads every resource", () => {
    const wrong = ["constructs", "examples"]
      .flatMap((folder) => sources(join(root, folder)))
      .filter((file) => imports(file).includes("@cdktf/provider-aws"));
    expect(wrong.map((file) => relative(root, file))).toEqual([]);
  });
});
