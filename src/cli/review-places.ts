import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";

import { readPolicyText } from "../policy/document";
import { linesOfConfiguration, type Change, type FilePlace, type Reviewed } from "../review";

/** The files that a review's changes stand in, with their texts. */
export interface ReviewFiles {
  readonly base?: TextFile;
  readonly head?: TextFile;
  readonly policy?: TextFile;
}

interface TextFile {
  readonly name: string;
  readonly text: string;
}

/**
 * Finds changes in files: in the policy file where it is known and the change is the policy's, else at the resource in the head's stack, or in
 * the base's where only that has it. What is found nowhere stands at the start of the head.
 */
export function placesIn(files: ReviewFiles, { renamed }: Pick<Reviewed, "renamed">): (change: Change) => FilePlace[] {
  const base = stackFile(files.base);
  const head = stackFile(files.head);
  const policy =
    files.policy === undefined ? undefined : { uri: uriOf(files.policy.name), ...readPolicyText(files.policy.text) };
  const names = new Map(renamed.map(({ from, to }) => [from, to]));
  return ({ policyPath, places }) => {
    if (policy !== undefined && policyPath !== undefined) {
      const line = policy.locate(pathIn(policy.value, policyPath), "key")?.line ?? 1;
      return [{ uri: policy.uri, line }];
    }
    const found = places.flatMap(({ address, attribute, side }): FilePlace[] => {
      const file = side === "base" ? base : head;
      if (file === undefined) return [];
      const own = side === "base" ? address : (names.get(address) ?? address);
      const [argument = ""] = (attribute ?? "").split(/[.[]/);
      const line = file.lines.get(`${own}#${argument}`) ?? file.lines.get(own);
      return line === undefined ? [] : [{ uri: file.uri, line }];
    });
    const start = head ?? base;
    return found.length > 0 || start === undefined ? found : [{ uri: start.uri, line: 1 }];
  };
}

function stackFile(
  file: TextFile | undefined,
): { readonly uri: string; readonly lines: ReadonlyMap<string, number> } | undefined {
  return file === undefined ? undefined : { uri: uriOf(file.name), lines: linesOfConfiguration(file.text) };
}

/** The part of a path that the file has: names may hold dots, so the longest that fits is the name. */
function pathIn(value: unknown, path: string): string[] {
  const [steps, found]: [string[], string[]] = [path.split("."), []];
  let inner = value;
  while (steps.length > 0) {
    const lengths = steps.map((_, index) => steps.length - index);
    const length = lengths.find((each) => isMember(inner, steps.slice(0, each).join(".")));
    if (length === undefined) break;
    const name = steps.splice(0, length).join(".");
    found.push(name);
    inner = (inner as Readonly<Record<string, unknown>>)[name];
  }
  return found;
}

function isMember(value: unknown, name: string): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, name);
}

/** A file's name as a URI reference: relative where it is given so. */
function uriOf(name: string): string {
  if (isAbsolute(name)) return pathToFileURL(name).href;
  return name.replaceAll("\\", "/").replace(/^\.\//, "").split("/").map(encodeURIComponent).join("/");
}
